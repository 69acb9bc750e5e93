//! What a statement does: the noun every other part of Tollgate reads.
//!
//! Owns: [`Facts`] and what it is made of. Refuses: to hold any literal of the statement, or its text.

use std::fmt;

use crate::settings::SettingChange;

/// An action that a policy can speak of. The names are the Cedar action names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Rows of a relation are read.
    Read,
    /// Rows are added.
    Insert,
    /// Rows are changed.
    Update,
    /// Rows are deleted.
    Delete,
    /// A table is emptied.
    Truncate,
    /// MERGE, in addition to the actions of its branches.
    Merge,
    /// A function or procedure with an effect, or that cannot be looked into, is run.
    Call,
    /// LOCK TABLE, or row locks (`FOR UPDATE` and family).
    Lock,
    /// COPY … FROM.
    CopyIn,
    /// COPY … TO.
    CopyOut,
    /// An object is created (below `ddl`).
    Create,
    /// An object is altered (below `ddl`).
    Alter,
    /// An object is dropped (below `ddl`).
    Drop,
    /// Data definition that is none of the three above (`COMMENT`, `REINDEX` …, below nothing but itself).
    Ddl,
    /// Grants, roles, ownership.
    Dcl,
    /// SET and SHOW of what is harmless, transaction control, LISTEN, DEALLOCATE, DISCARD.
    Session,
    /// VACUUM, ANALYZE, CHECKPOINT, ALTER SYSTEM, LOAD, and functions of that kind.
    Admin,
    /// Not understood.
    Unknown,
}

impl Action {
    /// The Cedar name: `read`, `copy-in`, `ddl` …
    pub fn name(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Insert => "insert",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Truncate => "truncate",
            Action::Merge => "merge",
            Action::Call => "call",
            Action::Lock => "lock",
            Action::CopyIn => "copy-in",
            Action::CopyOut => "copy-out",
            Action::Create => "create",
            Action::Alter => "alter",
            Action::Drop => "drop",
            Action::Ddl => "ddl",
            Action::Dcl => "dcl",
            Action::Session => "session",
            Action::Admin => "admin",
            Action::Unknown => "unknown",
        }
    }

    /// Whether doing it can leave a trace in the database or on its host. Such a statement is durable in the
    /// journal before it is sent.
    pub fn has_effect(self) -> bool {
        !matches!(
            self,
            Action::Read | Action::Session | Action::Lock | Action::CopyOut
        )
    }
}

/// The statement's class, the word of `explain`'s `class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Transaction control, SET, SHOW, LISTEN …; also the empty statement.
    Session,
    /// Reads only.
    Read,
    /// Inserts, updates, deletes, merges, truncates, locks, COPY FROM, calls with effects.
    Write,
    /// Changes definitions.
    Ddl,
    /// Changes privileges or roles.
    Dcl,
    /// Administration.
    Admin,
    /// Not understood.
    Unknown,
}

/// The thing an action is done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Object {
    /// The database as a whole (session commands, objects without a better name).
    Database,
    /// A schema.
    Schema(String),
    /// A table, view, sequence, index: by schema and name, names as the server folds them.
    /// The schema of a name that resolves to nothing is where it would be created or looked up first;
    /// empty where the search path is not known.
    Table(String, String),
    /// A function or procedure: schema and name, overloads together.
    Function(String, String),
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Database => f.write_str("*"),
            Object::Schema(s) => f.write_str(s),
            Object::Table(s, n) | Object::Function(s, n) => write!(f, "{s}.{n}"),
        }
    }
}

/// One question to the policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Need {
    /// What is done.
    pub action: Action,
    /// To what.
    pub object: Object,
}

/// A column of a base table, resolved: views are seen through.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column {
    /// Schema of the table.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.schema, self.table, self.column)
    }
}

/// Where a column's value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// It is an output column as it is: `SELECT email`, through aliases, joins, subqueries, common tables, plain views.
    /// The server names its origin in RowDescription, so it can be masked.
    OutputPlain,
    /// An output column's value is computed from it, or comes through a road whose origin the server does not name
    /// (a set operation, VALUES, a function, a whole row, RETURNING of an expression).
    OutputComputed,
    /// Compared for equality and nothing else: with a constant or parameter, in an IN list, in a join, in GROUP BY,
    /// DISTINCT, UNION and its kin. The column as it is; a computed value compared is [`Place::Filter`].
    Equality,
    /// Any other way to influence which rows come back or in which order, or whether there is an error that tells
    /// (a computed column of a subquery that nobody asks for).
    Filter,
    /// Copied or computed into a place it may leave from unmasked: INSERT … SELECT, SET x = email, CREATE TABLE AS,
    /// COPY TO, an argument of a function with an effect, NOTIFY, a view's definition …
    Stored,
}

/// One use of one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnUse {
    /// Which column.
    pub column: Column,
    /// How.
    pub place: Place,
}

/// How a function is described by the server (`pg_proc.provolatile`), or that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Volatility {
    /// Same arguments, same result.
    Immutable,
    /// Same within a statement.
    Stable,
    /// Anything.
    Volatile,
    /// Not in the catalog.
    Unknown,
}

/// Whether a function's result, or its running, can show more than its arguments do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FunctionKind {
    /// A built-in known to show and do nothing beyond its arguments.
    Harmless,
    /// Has an effect or could reveal stored data (query_to_xml, pg_read_file, dblink, a user's own function …).
    Opaque,
}

/// A function that the statement calls.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionUse {
    /// Schema, empty where it could not be resolved.
    pub schema: String,
    /// Name.
    pub name: String,
    /// The most volatile of the overloads it can be.
    pub volatility: Volatility,
    /// Harmless or not.
    pub kind: FunctionKind,
}

/// One column of the result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Output {
    /// The name PostgreSQL gives it.
    pub name: String,
    /// Base columns that its value can depend on, sorted, without repetition.
    pub depends_on: Vec<Column>,
    /// Whether it is one column as it is (then `depends_on` has one entry).
    pub plain: bool,
}

/// A property worth a policy's or a reader's notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// UPDATE or DELETE whose WHERE is absent or true for every row as written (`true`, `1=1`).
    NoWhere,
    /// Row or table locks are asked for.
    Locks,
    /// Part of a text of several statements.
    Multi,
    /// Reads a system relation that shows stored data or others' statements (pg_stats, pg_statistic, pg_stat_activity, pg_largeobject …).
    RevealsData,
    /// Only one of the two grammars read it.
    SingleReader,
    /// The two grammars read it differently; the facts are the union.
    Disagree,
    /// Reads or writes files or programs on the server's host.
    ServerFile,
    /// EXPLAIN with ANALYZE: what it explains is run.
    Analyze,
    /// Names something that the catalog does not know.
    UnresolvedName,
    /// The plan may be shown: EXPLAIN.
    Explain,
    /// Nothing in the facts depends on the literals' values: a text with the same [`crate::fingerprint`] has the same
    /// facts (but for `range`, see there). Only of a text of one statement.
    LiteralBlind,
}

/// How much of the statement the facts cover.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// All of it.
    Complete,
    /// Something in it cannot be looked into; the reason is safe to show (names and keywords, never literals).
    Opaque(String),
}

/// What the statement does to the session's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transaction {
    /// BEGIN, START TRANSACTION.
    Begin,
    /// COMMIT, END, PREPARE TRANSACTION.
    Commit,
    /// ROLLBACK, ABORT.
    Rollback,
    /// SAVEPOINT, RELEASE, ROLLBACK TO and what else leaves the transaction open.
    Savepoint,
}

/// What a statement runs, or sets up to be run, by name in the session.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Named {
    /// `PREPARE name AS …`: the needs, uses … of the facts are those of the inner statement.
    Prepare {
        /// The prepared statement's name.
        name: String,
        /// The byte range of the inner statement in the analysed text, to be analysed again when it is executed.
        inner: std::ops::Range<usize>,
        /// The types of the users' that it declares for its parameters; where one is not known, a number that no type has.
        declared: Vec<u32>,
    },
    /// `EXECUTE name(…)`: the facts are those of the arguments only; what was prepared must be added.
    /// With a wrapper (EXPLAIN ANALYZE EXECUTE, CREATE TABLE AS EXECUTE) the facts have the wrapper's needs too.
    Execute {
        /// The prepared statement's name.
        name: String,
        /// Whether the result is kept rather than shown.
        stored: bool,
    },
    /// `DEALLOCATE name`, or all.
    Deallocate(Option<String>),
    /// `DECLARE name CURSOR … FOR query`: the facts are those of the query.
    Declare {
        /// The cursor's name.
        name: String,
    },
    /// `FETCH`/`MOVE` from a cursor: no more than what its DECLARE was.
    Fetch {
        /// The cursor's name.
        name: String,
    },
    /// `CLOSE name`, or all.
    Close(Option<String>),
}

/// All that is known of one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Its class: the strictest of what it does.
    pub class: Class,
    /// The command's word for display and the journal (`SELECT`, `CREATE TABLE` …), never from a literal.
    pub command: String,
    /// The byte range of this statement in the text (without the separating semicolon). Where the text holds one
    /// statement, it is all of the text: facts found by fingerprint take the length of the text at hand.
    pub range: std::ops::Range<usize>,
    /// Every (action, object) pair that must be allowed. Sorted, without repetition, never empty.
    pub needs: Vec<Need>,
    /// Every use of a base column, sorted, without repetition. Where a value comes through a view, or from a partition, the
    /// view's own column, or the parent's, is used too: a label on either counts. A column of the name `*` stands for
    /// all columns of a relation that the catalog does not have.
    pub uses: Vec<ColumnUse>,
    /// Base columns that are written (INSERT targets, SET targets).
    pub writes: Vec<Column>,
    /// Functions called.
    pub functions: Vec<FunctionUse>,
    /// Output columns, where the statement gives rows (now or, for PREPARE and DECLARE, later) and all of them are known;
    /// else none, and `uses` says what they can depend on.
    pub outputs: Vec<Output>,
    /// Flags, sorted, without repetition.
    pub flags: Vec<Flag>,
    /// Coverage.
    pub coverage: Coverage,
    /// Effects on the settings, in order.
    pub settings: Vec<SettingChange>,
    /// Effect on the transaction.
    pub transaction: Option<Transaction>,
    /// Named statements and cursors.
    pub named: Option<Named>,
    /// Every name in a statement by which relations, columns or schemas may come to be called otherwise, or to hold the rows
    /// of others: until that is known, these mean nothing certain. `*` is any.
    pub moves: Vec<String>,
}

impl Facts {
    /// Whether a flag is set.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// The distinct base columns read, in order.
    pub fn reads(&self) -> Vec<&Column> {
        let mut all: Vec<&Column> = self.uses.iter().map(|u| &u.column).collect();
        all.dedup();
        all
    }

    /// How many names they hold, of objects, columns and functions: what it takes to keep them.
    pub fn names(&self) -> usize {
        let outputs: usize = self.outputs.iter().map(|o| 1 + o.depends_on.len()).sum();
        self.needs.len() + self.uses.len() + self.writes.len() + self.functions.len() + outputs
    }

    /// Whether it must be durable in the journal before it is sent.
    pub fn has_effect(&self) -> bool {
        self.needs.iter().any(|n| n.action.has_effect())
    }
}
