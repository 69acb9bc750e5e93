//! From PostgreSQL's SQL to the query engine's: every name resolved, every expression with a type.
//!
//! Owns: what the console understands of SQL. Reads a statement with sqlparser, resolves names against
//! [`crate::relation`], and writes SQLite's SQL from scratch: no byte of what the person typed reaches the engine but
//! as a quoted literal. Refuses: any node it does not name, and a verb that acts anywhere but where it is evaluated
//! exactly once for each row that comes back (see [`Plan::columns`] and `select.rs`).

mod aggregate;
mod call;
mod expr;
mod from;
mod operator;
mod plain;
mod predicate;
mod query;
mod scope;
mod select;
mod syntax;

use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};

use crate::cell::{Cell, Ty};
use crate::desk::Refusal;
use crate::verb::Verb;
pub(crate) use scope::Scope;

/// A column of the result.
#[derive(Debug, Clone)]
pub struct Output {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Ty,
    /// OID of the relation it comes from unchanged, and its position there; zeros for none.
    pub origin: (u32, i16),
    /// Where its value comes from.
    pub source: Source,
}

/// Where a value of the result comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The engine's column of this number.
    Engine(usize),
    /// A verb, asked once a row, after the engine has returned all rows. Its arguments are these columns of the engine's.
    Act(Verb, Vec<usize>),
}

/// A relation that must be filled before the engine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A relation of [`crate::relation`], by OID.
    Relation(u32),
    /// The records of a session, in the engine's table of this name.
    Replay(String, ReplayOf),
}

/// Which session is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayOf {
    /// This one.
    Session(u64),
    /// The one that this parameter names, counted from 0.
    Parameter(usize),
}

/// A translated query.
#[derive(Debug, Clone)]
pub struct Plan {
    /// For SQLite.
    pub sql: String,
    /// Columns of the result.
    pub columns: Vec<Output>,
    /// Types of the parameters.
    pub parameters: Vec<Ty>,
    /// What must be filled.
    pub wanted: Vec<Wanted>,
}

impl Plan {
    /// Whether it acts.
    pub fn acts(&self) -> bool {
        self.columns
            .iter()
            .any(|c| matches!(c.source, Source::Act(..)))
    }
}

/// What translation needs to know of the session.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Who asks.
    pub user: String,
    /// Settings, as SHOW gives them.
    pub settings: Vec<(String, String)>,
}

/// An expression, translated.
#[derive(Debug, Clone)]
pub(crate) struct Ex {
    /// For SQLite; never needs parentheses around it.
    sql: String,
    ty: Ty,
    /// The name of a column that is this expression.
    name: String,
    /// A bare string or NULL that takes its type from where it stands.
    literal: Option<Cell>,
    /// A bare parameter that takes its type from where it stands, counted from 0.
    parameter: Option<usize>,
    /// Relation and position that it comes from unchanged.
    origin: (u32, i16),
}

impl Ex {
    fn new(sql: impl Into<String>, ty: Ty, name: &str) -> Ex {
        Ex {
            sql: sql.into(),
            ty,
            name: name.to_owned(),
            literal: None,
            parameter: None,
            origin: (0, 0),
        }
    }
}

/// Reads one query and translates it. `declared` are the types a driver gave for the parameters; Unknown for none.
pub fn translate(text: &str, declared: &[Ty], setting: &Setting) -> Result<Plan, Refusal> {
    let dialect = PostgreSqlDialect {};
    let mut parser = Parser::new(&dialect)
        .try_with_sql(text)
        .map_err(|e| not_read(&e))?;
    let query = parser.parse_query().map_err(|e| not_read(&e))?;
    let rest = parser.peek_token();
    if rest.token != sqlparser::tokenizer::Token::EOF {
        return Err(Refusal::new(
            "42601",
            format!("syntax error at or near \"{}\"", rest.token),
        ));
    }
    let mut translator = Translator {
        setting,
        parameters: declared.to_vec(),
        wanted: Vec::new(),
        ctes: Vec::new(),
        depth: 0,
        replays: 0,
    };
    let (sql, columns) = translator.top(&query)?;
    Ok(Plan {
        sql,
        columns,
        parameters: translator
            .parameters
            .iter()
            .map(|ty| if *ty == Ty::Unknown { Ty::Text } else { *ty })
            .collect(),
        wanted: translator.wanted,
    })
}

fn not_read(error: &ParserError) -> Refusal {
    match error {
        ParserError::RecursionLimitExceeded => {
            Refusal::new("54001", "statement is too deeply nested for the console")
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            Refusal::new("42601", format!("syntax error: {message}"))
        }
    }
}

/// What the console does not do, in the words PostgreSQL has for it.
fn unsupported(what: impl std::fmt::Display) -> Refusal {
    Refusal::new("0A000", format!("the console does not support {what}"))
}

const MAX_DEPTH: usize = 1_500;

pub(crate) struct Translator<'s> {
    setting: &'s Setting,
    parameters: Vec<Ty>,
    wanted: Vec<Wanted>,
    ctes: Vec<Cte>,
    depth: usize,
    replays: usize,
}

/// A common table expression in sight.
struct Cte {
    name: String,
    columns: Vec<(String, Ty)>,
}

impl Translator<'_> {
    fn want(&mut self, wanted: Wanted) {
        if !self.wanted.contains(&wanted) {
            self.wanted.push(wanted);
        }
    }

    /// Runs `f` one level deeper.
    fn deeper<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if self.depth >= MAX_DEPTH {
            return Err(Refusal::new(
                "54001",
                "statement is too deeply nested for the console",
            ));
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// The type of a parameter becomes known.
    fn settle(&mut self, parameter: usize, ty: Ty) {
        if let Some(slot) = self.parameters.get_mut(parameter)
            && *slot == Ty::Unknown
        {
            *slot = ty;
        }
    }
}

/// An identifier as PostgreSQL folds it.
pub(crate) fn fold(ident: &ast::Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// The parts of a qualified name.
fn parts(name: &ast::ObjectName) -> Result<Vec<String>, Refusal> {
    name.0
        .iter()
        .map(|part| match part {
            ast::ObjectNamePart::Identifier(ident) => Ok(fold(ident)),
            ast::ObjectNamePart::Function(_) => Err(unsupported("computed names")),
        })
        .collect()
}

/// An identifier for SQLite.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string for SQLite.
fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value for SQLite.
fn literal(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Int(v) => format!("({v})"),
        Cell::Real(v) if v.is_finite() => format!("({v:e})"),
        Cell::Real(_) => "NULL".to_owned(),
        Cell::Text(s) => string(s),
    }
}
