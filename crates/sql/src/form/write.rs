//! Statements that write rows, and COPY.
//!
//! Owns: [`Insert`], [`Update`], [`Delete`], [`Merge`], [`CopyRows`]. Refuses: nothing; it is data.

use super::{Expr, FromItem, Path, Query, Statement, Target, With};

/// INSERT.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// The WITH before INSERT. (One inside the source belongs to the source.)
    pub with: With,
    /// The table.
    pub table: Path,
    /// Its alias.
    pub alias: Option<String>,
    /// The columns named, by their first part (`a[1]` and `a.b` are `a`). OVERRIDING is left out.
    pub columns: Vec<String>,
    /// VALUES or a query; `None` for DEFAULT VALUES.
    pub source: Option<Box<Query>>,
    /// ON CONFLICT.
    pub conflict: Option<Conflict>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// ON CONFLICT.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The expressions and the WHERE that name the index, in text order. A constraint's name is left out.
    pub target: Vec<Expr>,
    /// DO UPDATE SET; empty for DO NOTHING.
    pub sets: Vec<Assignment>,
    /// The WHERE of DO UPDATE.
    pub filter: Option<Expr>,
}

/// `a = x`, `(a, b) = …`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The columns by their first part (`a[1]` and `a.b` are `a`).
    pub columns: Vec<String>,
    /// Expressions in subscripts of the columns.
    pub subscripts: Vec<Expr>,
    /// The value. `(a, b) = (x, y)` and `= ROW(x, y)` have a `Row`, `= (SELECT …)` a `Subquery`; `(a) = (x)` is `x`.
    pub value: Expr,
}

/// UPDATE.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// WITH.
    pub with: With,
    /// The table.
    pub table: Path,
    /// Its alias.
    pub alias: Option<String>,
    /// SET.
    pub sets: Vec<Assignment>,
    /// FROM.
    pub from: Vec<FromItem>,
    /// WHERE; `None` too for WHERE CURRENT OF.
    pub filter: Option<Expr>,
    /// WHERE CURRENT OF this cursor.
    pub current_of: Option<String>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// DELETE.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// WITH.
    pub with: With,
    /// The table.
    pub table: Path,
    /// Its alias.
    pub alias: Option<String>,
    /// USING.
    pub using: Vec<FromItem>,
    /// WHERE; `None` too for WHERE CURRENT OF.
    pub filter: Option<Expr>,
    /// WHERE CURRENT OF this cursor.
    pub current_of: Option<String>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// MERGE.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// WITH.
    pub with: With,
    /// The target table.
    pub table: Path,
    /// Its alias.
    pub alias: Option<String>,
    /// USING: a relation or a query.
    pub source: FromItem,
    /// ON.
    pub on: Expr,
    /// WHEN … THEN.
    pub branches: Vec<Branch>,
    /// RETURNING.
    pub returning: Vec<Target>,
}

/// WHEN [NOT] MATCHED [AND condition] THEN action.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// NOT MATCHED BY SOURCE: it is for rows of the target that ON does not pick.
    pub by_source: bool,
    /// AND condition.
    pub condition: Option<Expr>,
    /// The action.
    pub action: BranchAction,
}

/// What a branch of MERGE does.
#[derive(Debug, Clone, PartialEq)]
pub enum BranchAction {
    /// DO NOTHING.
    Nothing,
    /// DELETE.
    Delete,
    /// UPDATE SET.
    Update(Vec<Assignment>),
    /// INSERT (columns) VALUES (values); no values for DEFAULT VALUES.
    Insert(Vec<String>, Vec<Expr>),
}

/// COPY. Options are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct CopyRows {
    /// What is copied.
    pub subject: CopySubject,
    /// FROM (into the table), else TO.
    pub from: bool,
    /// The other end.
    pub endpoint: Endpoint,
    /// WHERE of COPY FROM.
    pub filter: Option<Expr>,
}

/// What COPY copies.
#[derive(Debug, Clone, PartialEq)]
pub enum CopySubject {
    /// A table, and the columns named, if any.
    Table(Path, Vec<String>),
    /// A statement in parentheses: a query or a write with RETURNING.
    Statement(Box<Statement>),
}

/// The other end of a COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// STDIN, STDOUT (the keywords are interchangeable, PostgreSQL's grammar takes both).
    Client,
    /// A file on the server's host.
    File,
    /// A program on the server's host.
    Program,
}
