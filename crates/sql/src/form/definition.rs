//! Definitions, privileges and maintenance.
//!
//! Owns: [`Define`], [`Privileges`], [`Maintenance`]. Refuses: the details of a definition that do not change who must
//! agree to it.

use super::{Execute, Expr, Path, Query};

/// CREATE, ALTER, DROP and their kin.
///
/// A lowering that cannot fill in all of it gives a [`super::ReaderError`]; definitions may be read by one reader only.
#[derive(Debug, Clone, PartialEq)]
pub struct Define {
    /// CREATE, ALTER …
    pub verb: Verb,
    /// Of what kind.
    pub what: ObjectKind,
    /// The objects (argument types left out); empty where it has no name (a nameless index, a cast).
    pub names: Vec<Path>,
    /// TEMP or TEMPORARY.
    pub temporary: bool,
    /// The table that an index, trigger, rule, policy, statistics object or constraint belongs to (or the first of CREATE
    /// STATISTICS' FROM, the table of COMMENT ON COLUMN).
    pub on: Option<Path>,
    /// Other relations it names, in text order: LIKE, INHERITS, REFERENCES, PARTITION OF, ATTACH, OF a sequence's owner's table …
    pub relations: Vec<Path>,
    /// Functions it names by the way: a trigger's or event trigger's, an operator's, an aggregate's, a cast's.
    pub functions: Vec<Path>,
    /// Expressions in it: defaults, generated columns, checks, index expressions and predicates, policies, trigger
    /// conditions, USING of ALTER COLUMN TYPE, partition bounds, in text order.
    pub expressions: Vec<Expr>,
    /// The query of CREATE VIEW, MATERIALIZED VIEW, TABLE … AS.
    pub query: Option<Box<Query>>,
    /// CREATE TABLE … AS EXECUTE.
    pub execute: Option<Execute>,
    /// OWNER TO, or another change of who may do what (AUTHORIZATION of CREATE SCHEMA).
    pub ownership: bool,
}

impl Define {
    /// With these names, and nothing else.
    pub fn new(verb: Verb, what: ObjectKind, names: Vec<Path>) -> Define {
        Define {
            verb,
            what,
            names,
            temporary: false,
            on: None,
            relations: vec![],
            functions: vec![],
            expressions: vec![],
            query: None,
            execute: None,
            ownership: false,
        }
    }
}

/// What is done to a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// CREATE, CREATE OR REPLACE; IMPORT FOREIGN SCHEMA.
    Create,
    /// ALTER, RENAME.
    Alter,
    /// DROP.
    Drop,
    /// COMMENT ON.
    Comment,
    /// SECURITY LABEL.
    SecurityLabel,
}

/// What kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// Table, also foreign and partitioned ones.
    Table,
    /// View.
    View,
    /// Materialized view.
    MaterializedView,
    /// Index.
    Index,
    /// Sequence.
    Sequence,
    /// Schema.
    Schema,
    /// Function.
    Function,
    /// Procedure.
    Procedure,
    /// ROUTINE.
    Routine,
    /// Aggregate.
    Aggregate,
    /// Type.
    Type,
    /// Domain.
    Domain,
    /// Extension.
    Extension,
    /// Trigger; `on` is its table.
    Trigger,
    /// Event trigger.
    EventTrigger,
    /// Rule; `on` is its table.
    Rule,
    /// Row security policy; `on` is its table.
    Policy,
    /// ROLE, USER, GROUP, USER MAPPING.
    Role,
    /// Database.
    Database,
    /// Tablespace.
    Tablespace,
    /// Column (COMMENT); `on` is its table, `names` the whole path.
    Column,
    /// Constraint (COMMENT); `on` is its table or domain.
    Constraint,
    /// Statistics.
    Statistics,
    /// Publication, subscription.
    Replication,
    /// Foreign server, foreign data wrapper.
    Foreign,
    /// Large object.
    LargeObject,
    /// Whatever else: cast, operator and its classes, collation, conversion, language, text search, access method, transform.
    Other,
}

/// GRANT, REVOKE and their kin.
#[derive(Debug, Clone, PartialEq)]
pub struct Privileges {
    /// On what kind of object; `Role` for a membership, DROP OWNED and REASSIGN OWNED; `Schema` for ALL … IN SCHEMA
    /// and ALTER DEFAULT PRIVILEGES.
    pub what: ObjectKind,
    /// On which (none for ALTER DEFAULT PRIVILEGES without IN SCHEMA).
    pub names: Vec<Path>,
}

/// Maintenance.
#[derive(Debug, Clone, PartialEq)]
pub struct Maintenance {
    /// The command in upper case: `VACUUM`, `ANALYZE`, `CLUSTER`, `REINDEX`, `CHECKPOINT`, `LOAD`, `ALTER SYSTEM`.
    pub command: &'static str,
    /// The relations named.
    pub tables: Vec<Path>,
}
