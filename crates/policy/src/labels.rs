//! What is sensitive: the label file.
//!
//! Owns: reading it, and which label a column has. Refuses: keys and words it does not know, a column under a label that
//! does not exist, and to judge mask words, which the mask crate knows.

use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Part, part, parts};
use crate::position::Position;
use crate::problem::PolicyProblem;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// What can be looked for in values.
const DETECTORS: [&str; 3] = ["jwt", "aws-access-key", "private-key"];

impl Pattern {
    /// How many parts are names.
    fn exact_parts(&self) -> usize {
        [&self.schema, &self.table, &self.column]
            .into_iter()
            .flatten()
            .count()
    }

    fn matches(&self, schema: &str, table: &str, column: &str) -> bool {
        let fits = |part: &Option<String>, name: &str| part.as_deref().is_none_or(|p| p == name);
        fits(&self.schema, schema) && fits(&self.table, table) && fits(&self.column, column)
    }

    /// `schema.table.column`; a part in double quotes is a name whatever is in it.
    fn parse(text: &str) -> Option<Pattern> {
        let mut parts = parts(text)?.into_iter();
        let mut next = || match parts.next()? {
            Part {
                name,
                quoted: false,
            } if name == "*" => Some(None),
            Part {
                name,
                quoted: false,
            } if name.contains('*') => None,
            Part { name, .. } => Some(Some(name)),
        };
        let pattern = Pattern {
            schema: next()?,
            table: next()?,
            column: next()?,
        };
        parts.next().is_none().then_some(pattern)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &Option<String>| match name.as_deref() {
            None => "*".to_owned(),
            Some(name) if name.contains('*') => format!("\"{}\"", name.replace('"', "\"\"")),
            Some(name) => part(name).into_owned(),
        };
        write!(
            f,
            "{}.{}.{}",
            shown(&self.schema),
            shown(&self.table),
            shown(&self.column)
        )
    }
}

impl Labels {
    /// Reads a label file. `path` is for messages.
    pub fn parse(path: &str, text: &str) -> Result<Labels, Vec<PolicyProblem>> {
        let mut reader = Reader {
            path,
            text,
            problems: Vec::new(),
        };
        let labels = reader.file();
        if reader.problems.is_empty() {
            Ok(labels)
        } else {
            reader.problems.sort();
            Err(reader.problems)
        }
    }

    /// The label of a column. The most specific pattern wins: the one with more names in it, then the earlier one.
    pub fn label_of(&self, schema: &str, table: &str, column: &str) -> Option<&Label> {
        let matching = self
            .columns
            .iter()
            .filter(|(pattern, _)| pattern.matches(schema, table, column));
        // max_by_key takes the last of equals: so from the end.
        let (_, name) = matching
            .rev()
            .max_by_key(|(pattern, _)| pattern.exact_parts())?;
        self.label(name)
    }

    /// A label by its name.
    pub fn label(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name == name)
    }

    /// The patterns without `*`: each should name a column that exists.
    pub fn exact_columns(&self) -> impl Iterator<Item = &Pattern> {
        self.columns
            .iter()
            .map(|(pattern, _)| pattern)
            .filter(|pattern| pattern.exact_parts() == 3)
    }
}

struct Reader<'a> {
    path: &'a str,
    text: &'a str,
    problems: Vec<PolicyProblem>,
}

/// A table's entries in the order of the file: the parser sorts them.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t str, usize, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value))
        .collect();
    entries.sort_by_key(|(_, at, _)| *at);
    entries
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let place = Position::of(self.text, at);
        self.problems
            .push(PolicyProblem::new(self.path, place, message, help));
    }

    fn file(&mut self) -> Labels {
        let mut labels = Labels::default();
        let root = match DeTable::parse(self.text) {
            Ok(root) => root,
            Err(error) => {
                self.problem(
                    error.span().map_or(0, |span| span.start),
                    error.message(),
                    "",
                );
                return labels;
            }
        };
        for (key, at, value) in in_order(root.get_ref()) {
            match (key, value.get_ref().as_table()) {
                ("labels", Some(table)) => {
                    for (name, at, value) in in_order(table) {
                        labels.labels.extend(self.label(name, at, value));
                    }
                }
                ("columns", Some(_)) => {}
                ("labels" | "columns", None) => {
                    self.problem(
                        at,
                        format!("`{key}` is not a table"),
                        format!("write [{key}] on a line of its own"),
                    );
                }
                _ => self.problem(
                    at,
                    format!("unknown key `{key}`"),
                    "write [labels.a-name] or [columns]",
                ),
            }
        }
        labels.labels.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(table) = root
            .get_ref()
            .get("columns")
            .and_then(|columns| columns.get_ref().as_table())
        {
            let named = root
                .get_ref()
                .get("labels")
                .and_then(|l| l.get_ref().as_table());
            let exists = |label: &str| named.is_some_and(|labels| labels.contains_key(label));
            for (pattern, at, value) in in_order(table) {
                self.column(pattern, at, value, &exists, &mut labels.columns);
            }
        }
        labels
    }

    fn label(&mut self, name: &str, at: usize, value: &Spanned<DeValue<'_>>) -> Option<Label> {
        let Some(table) = value.get_ref().as_table() else {
            self.problem(
                at,
                format!("label `{name}` is not a table"),
                format!("write [labels.{name}] with mask = \"…\""),
            );
            return None;
        };
        if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            self.problem(
                at,
                "a label's name is one word",
                "take the spaces out of it",
            );
        }
        let mut label = Label {
            name: name.to_owned(),
            mask: String::new(),
            filter: Filter::Deny,
            detect: Vec::new(),
            value: None,
        };
        for (key, at, value) in in_order(table) {
            let text = value.get_ref().as_str();
            match (key, text) {
                ("mask", Some(word)) => label.mask = word.to_owned(),
                ("value", Some(constant)) => label.value = Some(constant.to_owned()),
                ("filter", Some("allow")) => label.filter = Filter::Allow,
                ("filter", Some("equality")) => label.filter = Filter::Equality,
                ("filter", Some("deny")) => label.filter = Filter::Deny,
                ("filter", _) => {
                    self.problem(
                        value.span().start,
                        "unknown filter",
                        "write \"allow\", \"equality\" or \"deny\"",
                    );
                }
                ("mask" | "value", None) => {
                    self.problem(
                        value.span().start,
                        format!("`{key}` is not a text"),
                        "put it in double quotes",
                    );
                }
                ("detect", _) => label.detect = self.detectors(value),
                _ => self.problem(
                    at,
                    format!("unknown key `{key}`"),
                    "write mask, filter, detect or value",
                ),
            }
        }
        if !table.contains_key("mask") {
            self.problem(
                at,
                format!("label `{name}` has no mask"),
                "add mask = \"redact\", or another method",
            );
        }
        Some(label)
    }

    fn detectors(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let help = format!("write a list of {}", DETECTORS.join(", "));
        let Some(words) = value.get_ref().as_array() else {
            self.problem(value.span().start, "`detect` is not a list", help);
            return Vec::new();
        };
        let mut known = Vec::new();
        for word in words.iter() {
            match word.get_ref().as_str() {
                Some(text) if DETECTORS.contains(&text) => known.push(text.to_owned()),
                Some(text) => self.problem(
                    word.span().start,
                    format!("unknown detector \"{text}\""),
                    help.as_str(),
                ),
                None => self.problem(word.span().start, "a detector is a text", help.as_str()),
            }
        }
        known
    }

    fn column(
        &mut self,
        pattern: &str,
        at: usize,
        value: &Spanned<DeValue<'_>>,
        exists: &dyn Fn(&str) -> bool,
        columns: &mut Vec<(Pattern, String)>,
    ) {
        let Some(read) = Pattern::parse(pattern) else {
            let help = "write \"schema.table.column\", each a name or * alone; a name with a dot in it in double quotes";
            return self.problem(at, format!("`{pattern}` names no columns"), help);
        };
        match value.get_ref().as_str() {
            Some(label) if exists(label) => {
                if columns.iter().any(|(other, _)| *other == read) {
                    self.problem(
                        at,
                        format!("`{pattern}` is there twice"),
                        "take one of them out",
                    );
                }
                columns.push((read, label.to_owned()));
            }
            Some(label) => {
                let help = format!("add [labels.{label}], or write a label that there is");
                self.problem(
                    value.span().start,
                    format!("there is no label \"{label}\""),
                    help,
                );
            }
            None => self.problem(
                value.span().start,
                "a column's label is a text",
                "write the label's name in double quotes",
            ),
        }
    }
}
