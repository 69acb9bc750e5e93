//! What drivers say about their session: transactions and settings.
//!
//! Owns: their grammar (manual, "SQL Commands"). Refuses: two-phase commit, and changing roles.

use crate::desk::Refusal;
use crate::reader::{Reader, syntax};
use crate::token::Kind;

/// Transaction and session control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// BEGIN, START TRANSACTION
    Begin(&'static str),
    /// COMMIT, END
    Commit,
    /// ROLLBACK, ABORT
    Rollback,
    /// SAVEPOINT
    Savepoint(String),
    /// RELEASE
    Release(String),
    /// ROLLBACK TO
    RollbackTo(String),
    /// SET name = value; None is DEFAULT
    Set(String, Option<String>),
    /// RESET; None is ALL
    Reset(Option<String>),
    /// SHOW; None is ALL
    Show(Option<String>),
    /// DEALLOCATE; None is ALL
    Deallocate(Option<String>),
    /// DISCARD ALL
    Discard,
    /// Accepted, with nothing to do: UNLISTEN, CLOSE ALL, SET TRANSACTION
    Nothing(&'static str),
}

pub fn transaction(r: &mut Reader<'_>, word: &str) -> Result<Control, Refusal> {
    r.at += 1;
    Ok(match word {
        "begin" => Control::Begin("BEGIN"),
        "start" => {
            r.expect("transaction")?;
            Control::Begin("START TRANSACTION")
        }
        "savepoint" => {
            let name = r.identifier()?;
            r.end()?;
            Control::Savepoint(name)
        }
        "release" => {
            r.eat("savepoint");
            let name = r.identifier()?;
            r.end()?;
            Control::Release(name)
        }
        other => {
            let _noise = r.eat("work") || r.eat("transaction");
            if r.eat("prepared") {
                return Err(Refusal::new(
                    "0A000",
                    "the console does not support two-phase commit",
                ));
            }
            if other == "rollback" && r.eat("to") {
                r.eat("savepoint");
                let name = r.identifier()?;
                r.end()?;
                return Ok(Control::RollbackTo(name));
            }
            if r.eat("and") {
                r.expect("no")?;
                r.expect("chain")?;
            }
            r.end()?;
            if matches!(other, "commit" | "end") {
                Control::Commit
            } else {
                Control::Rollback
            }
        }
    })
}

pub fn session(r: &mut Reader<'_>, word: &str) -> Result<Control, Refusal> {
    r.at += 1;
    match word {
        "set" => set(r),
        "reset" => {
            if r.eat("all") {
                return Ok(Control::Reset(None));
            }
            let name = setting(r)?;
            r.end()?;
            Ok(Control::Reset(Some(name)))
        }
        "show" => {
            if r.eat("all") {
                return Ok(Control::Show(None));
            }
            let name = setting(r)?;
            r.end()?;
            Ok(Control::Show(Some(name)))
        }
        "deallocate" => {
            r.eat("prepare");
            if r.eat("all") {
                return Ok(Control::Deallocate(None));
            }
            Ok(Control::Deallocate(Some(r.identifier()?)))
        }
        "discard" => match r.take() {
            Some(t) if t.is("all") => Ok(Control::Discard),
            Some(t) if t.is("plans") => Ok(Control::Nothing("DISCARD PLANS")),
            Some(t) if t.is("temp") || t.is("temporary") => Ok(Control::Nothing("DISCARD TEMP")),
            Some(t) if t.is("sequences") => Ok(Control::Nothing("DISCARD SEQUENCES")),
            _ => Err(syntax("DISCARD wants ALL, PLANS, SEQUENCES or TEMP")),
        },
        "close" => {
            r.expect("all")
                .map_err(|_| Refusal::new("34000", "cursor does not exist"))?;
            Ok(Control::Nothing("CLOSE CURSOR ALL"))
        }
        _ => Ok(Control::Nothing("UNLISTEN")),
    }
}

/// A setting's name, also the ones of several words.
fn setting(r: &mut Reader<'_>) -> Result<String, Refusal> {
    if r.eat("time") {
        r.expect("zone")?;
        return Ok("timezone".to_owned());
    }
    if r.eat("transaction") {
        r.expect("isolation")?;
        r.expect("level")?;
        return Ok("transaction_isolation".to_owned());
    }
    if r.peek().is_some_and(|t| t.is("session"))
        && r.tokens
            .get(r.at + 1)
            .is_some_and(|t| t.is("authorization"))
    {
        r.at += 2;
        return Ok("session_authorization".to_owned());
    }
    let mut name = r.identifier()?;
    while r.peek().is_some_and(|t| t.kind == Kind::Sign('.')) {
        r.at += 1;
        name = format!("{name}.{}", r.identifier()?);
    }
    Ok(name)
}

fn set(r: &mut Reader<'_>) -> Result<Control, Refusal> {
    let scoped = r.eat("session") || r.eat("local");
    if r.eat("transaction") || (scoped && r.eat("characteristics")) {
        return Ok(Control::Nothing("SET"));
    }
    if r.eat("role") || (scoped && r.eat("authorization")) {
        return Err(Refusal::new(
            "0A000",
            "the console does not support changing roles",
        ));
    }
    if r.eat("names") {
        let value = value(r)?;
        return Ok(Control::Set("client_encoding".to_owned(), value));
    }
    let zone = r.peek().is_some_and(|t| t.is("time"));
    let name = setting(r)?;
    if !zone && !r.eat("to") {
        match r.take() {
            Some(t) if t.kind == Kind::Sign('=') => {}
            _ => {
                r.at -= 1;
                return Err(r.near());
            }
        }
    }
    let value = value(r)?;
    Ok(Control::Set(name, value))
}

/// A setting's value: DEFAULT, or words, strings and numbers with commas.
fn value(r: &mut Reader<'_>) -> Result<Option<String>, Refusal> {
    if r.eat("default") {
        r.end()?;
        return Ok(None);
    }
    let mut out = Vec::new();
    loop {
        let sign = match r.peek().map(|t| &t.kind) {
            Some(Kind::Sign(c @ ('-' | '+'))) => {
                r.at += 1;
                c.to_string()
            }
            _ => String::new(),
        };
        match r.peek().map(|t| &t.kind) {
            Some(Kind::Word(s) | Kind::Quoted(s) | Kind::Text(s) | Kind::Number(s)) => {
                out.push(format!("{sign}{s}"))
            }
            _ => return Err(r.near()),
        }
        r.at += 1;
        if r.peek().is_none() {
            return Ok(Some(out.join(", ")));
        }
        match r.take() {
            Some(t) if t.kind == Kind::Sign(',') => {}
            _ => {
                r.at -= 1;
                return Err(r.near());
            }
        }
    }
}
