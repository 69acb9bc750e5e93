//! The small tree of our own that both readers' trees are lowered into, and that is compared with `==`.
//!
//! Owns: [`Statement`] and all it is made of, and the few constructors that keep a form normal, so that two
//! lowerings of one text give one value. Refuses: to keep what no judgement needs (types' modifiers, collations,
//! hints, comments, frame modes …), and to keep a literal's value where it could be printed.
//!
//! The rules of the form, for whoever writes a lowering:
//! - **Names** are as the server folds them: [`fold`] for a name without quotes, [`clip`] for one with (quotes off,
//!   `""` halved). A qualified name is a [`Path`], parts in the order they are written.
//! - **Parentheses** leave no trace around expressions. Around queries see [`Query::normal`] and [`Body::operand`].
//! - **Expressions** are built with [`Expr::and`], [`Expr::or`], [`Expr::mix`], which flatten what is nested. What has no
//!   variant of its own is a *mix*: its parts in the order of the text, operators among them. So it does not matter
//!   how a reader nests `a + b * c`.
//! - **Text order** is the order whenever a list gathers things from several clauses.
//! - **A word that is syntax** (`EXTRACT(year FROM …)`'s year, `TRIM(BOTH …)`, `NULLS FIRST`, `DESC`, collations,
//!   `FOR UPDATE`'s strength, types' modifiers) is left out.
//! - What a lowering cannot say in the form, it answers with a [`ReaderError`]; it never leaves it out.
//! - **Statements**: empty ones (`;;`) are left out. `range` goes from the first to the last token of the statement,
//!   without the semicolon and the space or comments around it.

mod definition;
mod expression;
mod query;
mod write;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub use definition::*;
pub use expression::*;
pub use query::*;
pub use write::*;

/// A name, possibly qualified: `[schema, table]`. Never empty.
pub type Path = Vec<String>;

/// One statement of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the whole text: first token to last token.
    pub range: Range<usize>,
}

/// What a statement is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// SELECT, VALUES, TABLE, with or without WITH; also SELECT … INTO (`Select::into`).
    Query(Query),
    /// INSERT.
    Insert(Insert),
    /// UPDATE.
    Update(Update),
    /// DELETE.
    Delete(Delete),
    /// MERGE.
    Merge(Merge),
    /// COPY.
    Copy(CopyRows),
    /// CREATE, ALTER, DROP, COMMENT and other definitions of objects.
    Define(Define),
    /// GRANT, REVOKE, ALTER DEFAULT PRIVILEGES, REASSIGN OWNED, DROP OWNED.
    Privileges(Privileges),
    /// VACUUM, ANALYZE, CLUSTER, REINDEX, CHECKPOINT, LOAD, ALTER SYSTEM …
    Maintenance(Maintenance),
    /// TRUNCATE of these tables.
    Truncate(Vec<Path>),
    /// LOCK TABLE of these.
    Lock(Vec<Path>),
    /// REFRESH MATERIALIZED VIEW.
    Refresh(Path),
    /// SET of a parameter.
    Set(Set),
    /// SET TRANSACTION, SET SESSION CHARACTERISTICS AS TRANSACTION.
    SetTransaction {
        /// READ WRITE is among the modes.
        read_write: bool,
        /// SESSION CHARACTERISTICS.
        session: bool,
        /// SET TRANSACTION SNAPSHOT.
        snapshot: bool,
    },
    /// SET CONSTRAINTS.
    SetConstraints,
    /// RESET of a parameter, or of all. SESSION AUTHORIZATION is `session_authorization`, TIME ZONE is `timezone`.
    Reset(Option<String>),
    /// SHOW of a parameter (`all` for ALL), names as for [`Set`].
    Show(String),
    /// Transaction control.
    Transaction(Control),
    /// PREPARE: the inner statement carries its own range in the whole text.
    Prepare {
        /// The prepared statement's name.
        name: String,
        /// The types of its parameters, as in [`Expr::Cast`].
        types: Vec<Path>,
        /// What is prepared.
        inner: Box<Statement>,
    },
    /// EXECUTE.
    Execute(Execute),
    /// DEALLOCATE one, or all.
    Deallocate(Option<String>),
    /// DECLARE … CURSOR FOR.
    Declare {
        /// The cursor's name.
        name: String,
        /// Its query.
        query: Box<Query>,
    },
    /// FETCH or MOVE. The count and direction are left out.
    Fetch(String),
    /// CLOSE one, or all.
    Close(Option<String>),
    /// EXPLAIN.
    Explain {
        /// ANALYZE is on. An option whose value is not a plain on/true/1 or off/false/0 counts as on.
        analyze: bool,
        /// What is explained.
        inner: Box<Statement>,
    },
    /// CALL.
    Call(Call),
    /// DO.
    Do,
    /// LISTEN.
    Listen(String),
    /// UNLISTEN one, or all.
    Unlisten(Option<String>),
    /// NOTIFY; the payload is left out.
    Notify(String),
    /// DISCARD ALL, PLANS, SEQUENCES, TEMP: the word in lower case (`temporary` is `temp`).
    Discard(String),
}

/// EXECUTE.
#[derive(Debug, Clone, PartialEq)]
pub struct Execute {
    /// The prepared statement's name.
    pub name: String,
    /// Its arguments.
    pub args: Vec<Expr>,
}

/// SET, also as a clause.
///
/// The name is in lower case whatever its quotes, dotted as written (`app.tenant`). `TIME ZONE` is `timezone`, `NAMES` is
/// `client_encoding`, `ROLE` is `role`, `SESSION AUTHORIZATION` is `session_authorization`, `SCHEMA 'x'` is
/// `search_path`, `XML OPTION` is `xmloption`, `SEED` is `seed`, `CATALOG` is `catalog`.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// SET LOCAL.
    pub local: bool,
    /// The parameter.
    pub name: String,
    /// The values; `None` for DEFAULT (and for `SET ROLE NONE` it is the word `none`). A name is folded, a string is
    /// its value, a number or ON/OFF its text in lower case, with a sign if it has one. `TIME ZONE LOCAL` is `None`.
    /// An INTERVAL is the empty list. A string with E'', U&'' or dollar quotes makes the statement a [`ReaderError`].
    pub values: Option<Vec<Hidden>>,
}

/// Transaction control.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// BEGIN, START TRANSACTION.
    Begin {
        /// READ WRITE is among the modes.
        read_write: bool,
    },
    /// COMMIT, END; also AND CHAIN.
    Commit,
    /// ROLLBACK, ABORT; also AND CHAIN.
    Rollback,
    /// SAVEPOINT.
    Savepoint,
    /// RELEASE.
    Release,
    /// ROLLBACK TO.
    RollbackTo,
    /// PREPARE TRANSACTION.
    PrepareTransaction,
    /// COMMIT PREPARED.
    CommitPrepared,
    /// ROLLBACK PREPARED.
    RollbackPrepared,
}

/// Text of a literal that a judgement needs. It compares, and does not print.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Hidden(pub String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("'…'")
    }
}

/// Why a reader gives no form for a text. The reason is safe to show: keywords and kinds of nodes, never
/// literals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ReaderError {
    /// The reason, in a few words.
    pub reason: Cow<'static, str>,
}

impl ReaderError {
    /// With this reason.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        ReaderError {
            reason: reason.into(),
        }
    }
}

/// The longest name the server keeps, in bytes (`NAMEDATALEN - 1`, PostgreSQL manual 4.1.1).
pub const NAME_BYTES: usize = 63;

/// A name without quotes, as the server folds it: ASCII letters to lower case, others as they are (what
/// `downcase_identifier` does in a multi-byte encoding), cut to 63 bytes at a character.
pub fn fold(name: &str) -> String {
    clip(&name.to_ascii_lowercase())
}

/// A quoted name (quotes already off), cut to 63 bytes at a character.
pub fn clip(name: &str) -> String {
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_cut_as_the_server_does() {
        assert_eq!(fold("Customers"), "customers");
        assert_eq!(fold("ÄRGER"), "Ärger");
        assert_eq!(clip(&"x".repeat(70)).len(), 63);
        assert_eq!(clip(&"ä".repeat(32)).len(), 62);
    }

    #[test]
    fn mixes_and_chains_are_flat() {
        let a = || Expr::Column(vec!["a".into()]);
        let nested = Expr::mix([a(), Expr::mix([a(), Expr::operator("+"), a()])]);
        assert_eq!(nested, Expr::Mix(vec![a(), a(), Expr::operator("+"), a()]));
        assert_eq!(
            Expr::and([a(), Expr::and([a(), a()])]),
            Expr::And(vec![a(), a(), a()])
        );
    }

    #[test]
    fn hidden_text_does_not_print() {
        assert!(!format!("{:?}", Hidden("sesame".into())).contains("sesame"));
    }
}
