//! What a statement is: a query, one of the console's own commands, or what drivers say about their session.
//!
//! Owns: the grammar of the console's commands (docs/CONSOLE.md) and of transaction and session control. Refuses:
//! anything that would change a relation, and COPY.

use crate::cell::Cell;
use crate::desk::Refusal;
use crate::token::{Kind, Statement, Token};
use crate::verb::Verb;

/// An argument of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A constant.
    Value(Cell),
    /// A parameter, counted from 0.
    Parameter(usize),
}

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

/// A statement's kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// SQL to be translated.
    Query(String),
    /// A verb.
    Act(Verb, Vec<Argument>),
    /// Control.
    Control(Control),
}

/// Reads along the tokens of one statement.
struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
}

fn syntax(message: impl Into<String>) -> Refusal {
    Refusal::new("42601", message)
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    /// Takes this word if it comes next.
    fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.is(word));
        self.at += usize::from(found);
        found
    }

    fn near(&self) -> Refusal {
        match self.peek() {
            Some(token) => syntax(format!(
                "syntax error at or near \"{}\"",
                self.text.get(token.start..token.end).unwrap_or("")
            )),
            None => syntax("syntax error at end of input"),
        }
    }

    fn expect(&mut self, word: &str) -> Result<(), Refusal> {
        if self.eat(word) {
            Ok(())
        } else {
            Err(self.near())
        }
    }

    fn end(&self) -> Result<(), Refusal> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(self.near())
        }
    }

    /// A number, a string that is one, or a parameter.
    fn number(&mut self) -> Result<Argument, Refusal> {
        let argument = match self.peek().map(|t| &t.kind) {
            Some(Kind::Number(n) | Kind::Text(n)) => {
                n.trim().parse().ok().map(|v| Argument::Value(Cell::Int(v)))
            }
            Some(Kind::Parameter(n)) => parameter(*n),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Sign(_)) | None => None,
        };
        let argument = argument.ok_or_else(|| self.near())?;
        self.at += 1;
        Ok(argument)
    }

    /// A string or a parameter.
    fn string(&mut self) -> Result<Argument, Refusal> {
        let argument = match self.peek().map(|t| &t.kind) {
            Some(Kind::Text(s)) => Some(Argument::Value(Cell::Text(s.clone()))),
            Some(Kind::Parameter(n)) => parameter(*n),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Sign(_) | Kind::Number(_)) | None => None,
        };
        let argument = argument.ok_or_else(|| self.near())?;
        self.at += 1;
        Ok(argument)
    }

    /// A name, bare, quoted or as a string; or a parameter. Bare names may have `-` and `.` in them: `claude-code.k7f3q2`.
    fn name(&mut self) -> Result<Argument, Refusal> {
        match self.peek().map(|t| &t.kind) {
            Some(Kind::Quoted(s)) => {
                self.at += 1;
                Ok(Argument::Value(Cell::Text(s.clone())))
            }
            Some(Kind::Word(_)) => {
                let first = self.at;
                self.at += 1;
                while self.continues_name() {
                    self.at += 1;
                }
                let start = self.tokens.get(first).map_or(0, |t| t.start);
                let end = self.tokens.get(self.at - 1).map_or(start, |t| t.end);
                Ok(Argument::Value(Cell::from(
                    self.text.get(start..end).unwrap_or(""),
                )))
            }
            _ => self.string(),
        }
    }

    /// Whether the next token belongs to the bare name before it: nothing stands between them.
    fn continues_name(&self) -> bool {
        let (Some(token), Some(before)) = (
            self.peek(),
            self.at.checked_sub(1).and_then(|i| self.tokens.get(i)),
        ) else {
            return false;
        };
        token.start == before.end
            && matches!(
                &token.kind,
                Kind::Word(_) | Kind::Number(_) | Kind::Sign('-' | '.' | '@')
            )
    }

    /// An identifier, folded.
    fn identifier(&mut self) -> Result<String, Refusal> {
        match self.peek().map(|t| &t.kind) {
            Some(Kind::Word(w) | Kind::Quoted(w)) => {
                self.at += 1;
                Ok(w.clone())
            }
            _ => Err(self.near()),
        }
    }
}

fn parameter(number: u16) -> Option<Argument> {
    usize::from(number).checked_sub(1).map(Argument::Parameter)
}

/// What a statement is.
pub fn read(statement: &Statement<'_>) -> Result<Command, Refusal> {
    let mut r = Reader {
        text: statement.text,
        tokens: &statement.tokens,
        at: 0,
    };
    let word = match r.peek().map(|t| &t.kind) {
        Some(Kind::Word(word)) => word.as_str(),
        Some(Kind::Sign('(')) => return Ok(Command::Query(statement.text.to_owned())),
        _ => return Err(r.near()),
    };
    match word {
        "select" | "with" | "values" => Ok(Command::Query(statement.text.to_owned())),
        "table" => {
            let rest = r
                .tokens
                .first()
                .and_then(|t| statement.text.get(t.end..))
                .unwrap_or("");
            Ok(Command::Query(format!("SELECT * FROM {rest}")))
        }
        "approve" | "reject" | "terminate" | "revoke" | "grant" | "reload" | "replay"
        | "explain" => act(&mut r, word),
        "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release" => {
            transaction(&mut r, word).map(Command::Control)
        }
        "set" | "reset" | "show" | "deallocate" | "discard" | "unlisten" | "close" => {
            session(&mut r, word).map(Command::Control)
        }
        "insert" | "update" | "delete" | "merge" | "truncate" | "create" | "alter" | "drop"
        | "comment" => Err(Refusal::new(
            "25006",
            "the console's relations are read-only: APPROVE, REJECT, GRANT ACCESS, REVOKE ACCESS, TERMINATE and RELOAD change things",
        )),
        "copy" => Err(Refusal::new(
            "0A000",
            "the console does not support COPY: use SELECT, or psql's \\o and --csv",
        )),
        "prepare" | "execute" | "declare" | "fetch" | "move" | "listen" | "notify" | "lock"
        | "do" | "call" | "vacuum" | "analyze" | "security" | "reassign" | "import" | "refresh"
        | "cluster" | "reindex" | "load" | "checkpoint" => Err(Refusal::new(
            "0A000",
            format!("the console does not support {}", word.to_ascii_uppercase()),
        )),
        _ => Err(r.near()),
    }
}

/// The console's own commands.
fn act(r: &mut Reader<'_>, word: &str) -> Result<Command, Refusal> {
    r.at += 1;
    let (verb, arguments) = match word {
        "approve" | "reject" => {
            if r.peek().is_some_and(|t| t.is("session")) {
                return Err(Refusal::new(
                    "0A000",
                    "APPROVE SESSION is not there yet: approve holds one by one",
                ));
            }
            let mut arguments = vec![r.number()?];
            if r.peek().is_some() {
                arguments.push(r.string()?);
            }
            let verb = if word == "approve" {
                Verb::Approve
            } else {
                Verb::Reject
            };
            (verb, arguments)
        }
        "terminate" => (Verb::Terminate, vec![r.number()?]),
        "reload" => (Verb::Reload, Vec::new()),
        "revoke" => {
            only_access(r)?;
            (Verb::RevokeAccess, vec![r.name()?])
        }
        "grant" => {
            only_access(r)?;
            (Verb::GrantAccess, grant(r)?)
        }
        "explain" => {
            if !r.eat("policy") {
                return Err(Refusal::new(
                    "0A000",
                    "the console explains policies: EXPLAIN POLICY shop reader 'select …'",
                ));
            }
            (Verb::ExplainPolicy, vec![r.name()?, r.name()?, r.string()?])
        }
        _ => {
            let query = match r.number()? {
                Argument::Value(Cell::Int(v)) => format!("SELECT * FROM replay({v})"),
                Argument::Parameter(at) => format!("SELECT * FROM replay(${})", at + 1),
                Argument::Value(_) => return Err(r.near()),
            };
            r.end()?;
            return Ok(Command::Query(query));
        }
    };
    r.end()?;
    Ok(Command::Act(verb, arguments))
}

/// GRANT and REVOKE mean access here, and nothing else.
fn only_access(r: &mut Reader<'_>) -> Result<(), Refusal> {
    if r.eat("access") {
        return Ok(());
    }
    Err(Refusal::new(
        "0A000",
        "the console grants access: GRANT ACCESS TO 'alice@example.com' AGENT 'claude-code' DATABASE shop ROLE reader FOR '8h', \
         and REVOKE ACCESS 'claude-code.k7f3q2'",
    ))
}

/// `TO user AGENT agent DATABASE database ROLE role [, role …] FOR 'span' [PURPOSE 'text']`
fn grant(r: &mut Reader<'_>) -> Result<Vec<Argument>, Refusal> {
    r.expect("to")?;
    let user = r.name()?;
    r.expect("agent")?;
    let agent = r.name()?;
    r.expect("database")?;
    let database = r.name()?;
    r.expect("role")?;
    let mut role = r.name()?;
    while r.peek().is_some_and(|t| t.kind == Kind::Sign(',')) {
        r.at += 1;
        role = match (role, r.name()?) {
            (Argument::Value(Cell::Text(a)), Argument::Value(Cell::Text(b))) => {
                Argument::Value(Cell::Text(format!("{a},{b}")))
            }
            _ => {
                return Err(syntax(
                    "several roles as a parameter are one string: 'reader,support'",
                ));
            }
        };
    }
    r.expect("for")?;
    let ttl = r.string()?;
    let mut arguments = vec![user, agent, database, role, ttl];
    if r.eat("purpose") {
        arguments.push(r.string()?);
    }
    Ok(arguments)
}

fn transaction(r: &mut Reader<'_>, word: &str) -> Result<Control, Refusal> {
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

fn session(r: &mut Reader<'_>, word: &str) -> Result<Control, Refusal> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::statements;

    fn one(text: &str) -> Result<Command, Refusal> {
        read(&statements(text).unwrap()[0])
    }

    fn text(s: &str) -> Argument {
        Argument::Value(Cell::from(s))
    }

    #[test]
    fn verbs() {
        let cases = [
            (
                "APPROVE 12 'looks fine';",
                Verb::Approve,
                vec![Argument::Value(Cell::Int(12)), text("looks fine")],
            ),
            (
                "approve $1 $2",
                Verb::Approve,
                vec![Argument::Parameter(0), Argument::Parameter(1)],
            ),
            (
                "Reject 3",
                Verb::Reject,
                vec![Argument::Value(Cell::Int(3))],
            ),
            (
                "TERMINATE 7",
                Verb::Terminate,
                vec![Argument::Value(Cell::Int(7))],
            ),
            ("RELOAD", Verb::Reload, vec![]),
            (
                "REVOKE ACCESS 'claude-code.k7f3q2'",
                Verb::RevokeAccess,
                vec![text("claude-code.k7f3q2")],
            ),
            (
                "REVOKE ACCESS claude-code.k7f3q2",
                Verb::RevokeAccess,
                vec![text("claude-code.k7f3q2")],
            ),
            (
                "GRANT ACCESS TO 'alice@example.com' AGENT 'claude-code' DATABASE shop ROLE reader, support FOR '8h' PURPOSE 'ticket 4'",
                Verb::GrantAccess,
                vec![
                    text("alice@example.com"),
                    text("claude-code"),
                    text("shop"),
                    text("reader,support"),
                    text("8h"),
                    text("ticket 4"),
                ],
            ),
            (
                "EXPLAIN POLICY shop reader $$select 'x'; drop$$",
                Verb::ExplainPolicy,
                vec![text("shop"), text("reader"), text("select 'x'; drop")],
            ),
        ];
        for (input, verb, arguments) in cases {
            assert_eq!(one(input), Ok(Command::Act(verb, arguments)), "{input}");
        }
    }

    #[test]
    fn what_is_no_command() {
        for (input, state) in [
            ("APPROVE", "42601"),
            ("APPROVE x 'y'", "42601"),
            ("APPROVE 12 'a' 'b'", "42601"),
            ("APPROVE 12 why", "42601"),
            ("APPROVE 1.5 'y'", "42601"),
            ("APPROVE -1 'y'", "42601"),
            ("APPROVE SESSION 7 FOR '30 minutes' 'x'", "0A000"),
            ("GRANT SELECT ON x TO y", "0A000"),
            ("GRANT ACCESS TO 'a' AGENT 'b'", "42601"),
            ("EXPLAIN SELECT 1", "0A000"),
            ("DELETE FROM holds", "25006"),
            ("COPY held TO STDOUT", "0A000"),
            ("SELEC 1", "42601"),
            ("12", "42601"),
        ] {
            assert_eq!(one(input).unwrap_err().sqlstate, state, "{input}");
        }
    }

    #[test]
    fn control() {
        let set = |n: &str, v: &str| Control::Set(n.to_owned(), Some(v.to_owned()));
        let cases = [
            (
                "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY",
                Control::Begin("BEGIN"),
            ),
            ("START TRANSACTION", Control::Begin("START TRANSACTION")),
            ("END", Control::Commit),
            (
                "ROLLBACK TO SAVEPOINT a",
                Control::RollbackTo("a".to_owned()),
            ),
            ("SET extra_float_digits = 3", set("extra_float_digits", "3")),
            ("SET SESSION x.y TO 'a', b", set("x.y", "a, b")),
            ("SET TIME ZONE 'UTC'", set("timezone", "UTC")),
            ("SET NAMES 'utf8'", set("client_encoding", "utf8")),
            (
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                Control::Nothing("SET"),
            ),
            (
                "SHOW TRANSACTION ISOLATION LEVEL",
                Control::Show(Some("transaction_isolation".to_owned())),
            ),
            ("DISCARD ALL", Control::Discard),
        ];
        for (input, control) in cases {
            assert_eq!(one(input), Ok(Command::Control(control)), "{input}");
        }
    }
}
