//! What the real grammar's tree demands of the facts.
//!
//! Owns: [`Demand`] and whether facts meet one. Refuses: to be met by less than what is asked for; facts that say
//! `unknown` have said no already and are not asked.

use sql::facts::{Action, Class, Coverage, Facts, Flag, Named, Object, Transaction};

/// One thing that must be in the facts of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// One of these actions, on a relation of this name (and schema, if it is written).
    On(&'static [Action], Name),
    /// Some need of a relation of this name.
    Relation(Name),
    /// One of these actions, on whatever.
    Does(&'static [Action]),
    /// At least this class.
    Class(Class),
    /// This function among the functions.
    Function(Name),
    /// A column of this name among uses or writes.
    Column(String),
    /// A column of this name among the writes.
    Writes(String),
    /// This flag.
    Flag(Flag),
    /// This effect on the transaction.
    Transaction(Transaction),
    /// A statement or cursor of this name: the word is `Prepare`, `Execute` …
    Named(&'static str, String),
    /// A change of the settings, or a class that is no session command's.
    Setting(String),
    /// Not `Complete`.
    Opaque,
    /// The referee has no rule for this node.
    Rule(String),
}

/// A name as written, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub schema: String,
    pub name: String,
}

impl Name {
    fn is(&self, schema: &str, name: &str) -> bool {
        self.name == name && (self.schema.is_empty() || schema.is_empty() || self.schema == schema)
    }

    fn is_object(&self, object: &Object) -> bool {
        match object {
            Object::Table(schema, name) => self.is(schema, name),
            Object::Database | Object::Schema(_) | Object::Function(..) => false,
        }
    }
}

impl Demand {
    /// Whether these facts meet it.
    pub fn is_met(&self, facts: &Facts) -> bool {
        match self {
            Demand::On(actions, name) => facts
                .needs
                .iter()
                .any(|n| actions.contains(&n.action) && name.is_object(&n.object)),
            Demand::Relation(name) => facts.needs.iter().any(|n| name.is_object(&n.object)),
            Demand::Does(actions) => facts.needs.iter().any(|n| actions.contains(&n.action)),
            Demand::Class(class) => facts.class >= *class,
            Demand::Function(name) => {
                facts.functions.iter().any(|f| name.is(&f.schema, &f.name))
                    || facts.needs.iter().any(|n| match &n.object {
                        Object::Function(schema, function) => name.is(schema, function),
                        Object::Database | Object::Schema(_) | Object::Table(..) => false,
                    })
            }
            Demand::Column(column) => {
                facts
                    .uses
                    .iter()
                    .any(|u| u.column.column == *column || u.column.column == "*")
                    || facts.writes.iter().any(|w| w.column == *column)
            }
            Demand::Writes(column) => facts.writes.iter().any(|w| w.column == *column),
            Demand::Flag(flag) => facts.has(*flag),
            Demand::Transaction(transaction) => facts.transaction == Some(*transaction),
            Demand::Named(kind, name) => facts
                .named
                .as_ref()
                .is_some_and(|named| is_named(named, kind, name)),
            Demand::Setting(_) => !facts.settings.is_empty() || facts.class > Class::Session,
            Demand::Opaque => facts.coverage != Coverage::Complete,
            Demand::Rule(_) => false,
        }
    }

    /// What kind of demand it is: a disagreement may change its names while it is made smaller, but not its kind.
    pub fn kind(&self) -> String {
        match self {
            Demand::On(actions, _) => format!("On {actions:?}"),
            Demand::Relation(_) => "Relation".to_owned(),
            Demand::Function(_) => "Function".to_owned(),
            Demand::Column(_) => "Column".to_owned(),
            Demand::Writes(_) => "Writes".to_owned(),
            Demand::Named(kind, _) => format!("Named {kind}"),
            other => format!("{other:?}"),
        }
    }
}

/// Whether it is the one of this kind and name; an empty name is any.
fn is_named(named: &Named, kind: &str, wanted: &str) -> bool {
    let (found, name) = match named {
        Named::Prepare { name, .. } => ("Prepare", name.as_str()),
        Named::Execute { name, .. } => ("Execute", name.as_str()),
        Named::Deallocate(name) => ("Deallocate", name.as_deref().unwrap_or("")),
        Named::Declare { name } => ("Declare", name.as_str()),
        Named::Fetch { name } => ("Fetch", name.as_str()),
        Named::Close(name) => ("Close", name.as_deref().unwrap_or("")),
    };
    found == kind && name == wanted
}
