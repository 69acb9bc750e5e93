//! What is sensitive: the label file.

/// May a predicate, join, sort or group look at the column?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Yes.
    Allow,
    /// Only for equality.
    Equality,
    /// No.
    Deny,
}

/// One `[labels.…]` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// The mask method's word (`email`, `last4` …), as the mask crate knows it.
    pub mask: String,
    /// Predicates. Default `deny`.
    pub filter: Filter,
    /// The detectors' words (used by a later step; kept and validated as strings).
    pub detect: Vec<String>,
    /// `constant`'s value, where given.
    pub value: Option<String>,
}

/// A whole label file.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// In order of name.
    pub labels: Vec<Label>,
    /// `[columns]`: pattern (`schema.table.column`, each part may be `*`) and the label's name, in the file's order.
    pub columns: Vec<(Pattern, String)>,
}

/// `schema.table.column`, each part a name or `*` (None).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// Schema.
    pub schema: Option<String>,
    /// Table.
    pub table: Option<String>,
    /// Column.
    pub column: Option<String>,
}
