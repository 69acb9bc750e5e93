//! Which columns a name can mean at one place of a query.
//!
//! Owns: look-up of columns, from the innermost FROM outwards (manual, "Column References"). Refuses: ambiguity.

use super::{Ex, quote};
use crate::cell::Ty;
use crate::desk::Refusal;

/// A column that FROM brings.
#[derive(Debug, Clone)]
pub(crate) struct Visible {
    /// Name the person uses.
    pub name: String,
    /// For SQLite, qualified.
    pub sql: String,
    pub ty: Ty,
    pub origin: (u32, i16),
    /// Merged away by USING: reachable by its qualified name only.
    pub merged: bool,
}

/// One item of FROM.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub alias: String,
    pub columns: Vec<Visible>,
}

/// What FROM brings, and what the queries around it bring.
#[derive(Debug, Default)]
pub(crate) struct Scope<'p> {
    pub items: Vec<Item>,
    /// Columns that USING merged: they come first in `*`, and win over the parts they were made of.
    pub joined: Vec<Visible>,
    pub outer: Option<&'p Scope<'p>>,
}

impl Visible {
    pub(crate) fn ex(&self) -> Ex {
        let mut ex = Ex::new(self.sql.clone(), self.ty, &self.name);
        ex.origin = self.origin;
        ex
    }
}

impl Item {
    /// An item whose columns are the engine's columns of the same position.
    pub(crate) fn new(
        alias: &str,
        columns: impl IntoIterator<Item = (String, String, Ty, (u32, i16))>,
    ) -> Item {
        Item {
            alias: alias.to_owned(),
            columns: columns
                .into_iter()
                .map(|(name, column, ty, origin)| Visible {
                    name,
                    sql: format!("{}.{}", quote(alias), quote(&column)),
                    ty,
                    origin,
                    merged: false,
                })
                .collect(),
        }
    }
}

impl<'p> Scope<'p> {
    pub(crate) fn within(outer: Option<&'p Scope<'p>>) -> Scope<'p> {
        Scope {
            outer,
            ..Scope::default()
        }
    }

    /// Adds an item; its alias must be new.
    pub(crate) fn add(&mut self, item: Item) -> Result<(), Refusal> {
        if self.items.iter().any(|i| i.alias == item.alias) {
            return Err(Refusal::new(
                "42712",
                format!("table name \"{}\" specified more than once", item.alias),
            ));
        }
        self.items.push(item);
        Ok(())
    }

    /// The column of a bare name here, not further out.
    pub(crate) fn here(&self, name: &str) -> Result<Option<&Visible>, Refusal> {
        if let Some(found) = self.joined.iter().find(|c| c.name == name) {
            return Ok(Some(found));
        }
        let mut found = self
            .items
            .iter()
            .flat_map(|i| &i.columns)
            .filter(|c| c.name == name && !c.merged);
        let first = found.next();
        if found.next().is_some() {
            return Err(Refusal::new(
                "42702",
                format!("column reference \"{name}\" is ambiguous"),
            ));
        }
        Ok(first)
    }

    /// The column of a bare name.
    pub(crate) fn column(&self, name: &str) -> Result<Option<Ex>, Refusal> {
        match self.here(name)? {
            Some(found) => Ok(Some(found.ex())),
            None => match self.outer {
                Some(outer) => outer.column(name),
                None => Ok(None),
            },
        }
    }

    /// The item of an alias.
    pub(crate) fn item(&self, alias: &str) -> Option<&Item> {
        self.items
            .iter()
            .find(|i| i.alias == alias)
            .or_else(|| self.outer.and_then(|o| o.item(alias)))
    }

    /// The column of a qualified name.
    pub(crate) fn qualified(&self, alias: &str, name: &str) -> Result<Ex, Refusal> {
        let item = self.item(alias).ok_or_else(|| {
            Refusal::new(
                "42P01",
                format!("missing FROM-clause entry for table \"{alias}\""),
            )
        })?;
        item.columns
            .iter()
            .find(|c| c.name == name)
            .map(Visible::ex)
            .ok_or_else(|| Refusal::new("42703", format!("column {alias}.{name} does not exist")))
    }

    /// What `*` stands for.
    pub(crate) fn star(&self) -> Vec<Ex> {
        self.joined
            .iter()
            .chain(
                self.items
                    .iter()
                    .flat_map(|i| &i.columns)
                    .filter(|c| !c.merged),
            )
            .map(Visible::ex)
            .collect()
    }
}
