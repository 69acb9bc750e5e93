//! What a statement is: a query, one of the console's own commands, or what drivers say about their session.
//!
//! Owns: the grammar of the console's commands (docs/CONSOLE.md). Refuses:
//! anything that would change a relation, and COPY.

use crate::cell::Cell;
use crate::control::{self, Control};
use crate::desk::Refusal;
use crate::reader::{Reader, syntax};
use crate::token::{Kind, Statement};
use crate::verb::Verb;

/// An argument of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A constant.
    Value(Cell),
    /// A parameter, counted from 0.
    Parameter(usize),
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
            control::transaction(&mut r, word).map(Command::Control)
        }
        "set" | "reset" | "show" | "deallocate" | "discard" | "unlisten" | "close" => {
            control::session(&mut r, word).map(Command::Control)
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
