//! Names: what may be one, and how the server folds it.
//!
//! Owns: the lowering of `Ident` and `ObjectName`. Refuses: a key word where PostgreSQL's grammar takes none without
//! quotes (`ColId`, `ColLabel`, `BareColLabel` and `type_function_name` of its `gram.y`), and quotes of other dialects.

use sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, ObjectNamePartFunction, TableAlias, TableAliasColumnDef,
};

use super::keywords::{Use, is_bare_label, use_of};
use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Alias, Path, clip, fold};

/// Functions whose names are key words that are no functions' names otherwise.
const KEYWORD_FUNCTIONS: &[&str] = &[
    "coalesce",
    "greatest",
    "grouping",
    "least",
    "normalize",
    "nullif",
    "overlay",
    "position",
    "substring",
    "trim",
];

impl Source<'_> {
    /// Any name, as after AS or a point: `ColLabel`.
    pub(super) fn label(&self, ident: &Ident) -> Lowered<String> {
        let Ident {
            value,
            quote_style,
            span,
        } = ident;
        let claimed = self.claim(span.start);
        match quote_style {
            Some('"') => Ok(clip(value)),
            Some(_) => refuse("a name in quotes of another dialect"),
            // What sqlparser made up has no place in the text.
            None if claimed != Some(value.as_str()) => refuse("a name that is not in the text"),
            None if value
                .starts_with(|c: char| c.is_ascii() && !c.is_ascii_alphabetic() && c != '_') =>
            {
                refuse("a name that is none")
            }
            None => Ok(fold(value)),
        }
    }

    /// A name of a relation, a column, an alias: `ColId`.
    pub(super) fn name(&self, ident: &Ident) -> Lowered<String> {
        let name = self.label(ident)?;
        match ident.quote_style.map_or_else(|| use_of(&name), |_| None) {
            Some(Use::Reserved | Use::FunctionOrType) => {
                refuse("a key word where a name should be")
            }
            Some(Use::Column) | None => Ok(name),
        }
    }

    /// Several names.
    pub(super) fn names(&self, idents: &[Ident]) -> Lowered<Vec<String>> {
        idents.iter().map(|ident| self.name(ident)).collect()
    }

    /// An alias in a select list: any label after AS, else no key word that is reserved.
    pub(super) fn target_alias(&self, ident: &Ident) -> Lowered<String> {
        let label = self.label(ident)?;
        if ident.quote_style.is_some()
            || self.after(ident.span.start, "as")
            || is_bare_label(&label)
        {
            Ok(label)
        } else {
            refuse("a key word as an alias without AS")
        }
    }

    /// The parts of a qualified name.
    fn parts(name: &ObjectName) -> Lowered<Vec<&Ident>> {
        let ObjectName(parts) = name;
        parts
            .iter()
            .map(|part| match part {
                ObjectNamePart::Identifier(ident) => Ok(ident),
                ObjectNamePart::Function(ObjectNamePartFunction { name: _, args: _ }) => {
                    refuse("a function where a name should be")
                }
            })
            .collect()
    }

    /// A qualified name of a relation or of another object.
    pub(super) fn path(&self, name: &ObjectName) -> Lowered<Path> {
        self.path_of(&Self::parts(name)?)
    }

    /// A qualified name in pieces.
    pub(super) fn path_of(&self, parts: &[&Ident]) -> Lowered<Path> {
        let Some((first, rest)) = parts.split_first() else {
            return refuse("a name without parts");
        };
        let mut path = vec![self.name(first)?];
        for part in rest {
            path.push(self.label(part)?);
        }
        Ok(path)
    }

    /// Several qualified names.
    pub(super) fn paths(&self, names: &[ObjectName]) -> Lowered<Vec<Path>> {
        names.iter().map(|name| self.path(name)).collect()
    }

    /// A name that cannot be qualified.
    pub(super) fn single(&self, name: &ObjectName) -> Lowered<String> {
        match Self::parts(name)?.as_slice() {
            [one] => self.name(one),
            _ => refuse("a qualified name where a plain one should be"),
        }
    }

    /// The first part of a column as a target: `a` of `a.b`.
    pub(super) fn column_target(&self, name: &ObjectName) -> Lowered<String> {
        match self.path(name)?.into_iter().next() {
            Some(first) => Ok(first),
            None => refuse("a column without a name"),
        }
    }

    /// The name of a function: `func_name`, and those with a syntax of their own.
    pub(super) fn function_name(&self, name: &ObjectName) -> Lowered<Path> {
        let parts = Self::parts(name)?;
        let [one] = parts.as_slice() else {
            return self.path_of(&parts);
        };
        let label = self.label(one)?;
        match one.quote_style.map_or_else(|| use_of(&label), |_| None) {
            Some(Use::Reserved) => refuse("a reserved key word as a function"),
            Some(Use::Column) if !KEYWORD_FUNCTIONS.contains(&label.as_str()) => {
                refuse("a key word with a syntax of its own as a function")
            }
            Some(Use::Column | Use::FunctionOrType) | None => Ok(vec![label]),
        }
    }

    /// Whether this name is that word, without quotes.
    pub(super) fn is_bare_word(&self, name: &ObjectName, word: &str) -> bool {
        match name.0.as_slice() {
            [
                ObjectNamePart::Identifier(Ident {
                    value,
                    quote_style: None,
                    span: _,
                }),
            ] => value.eq_ignore_ascii_case(word),
            _ => false,
        }
    }

    /// The alias of a relation.
    pub(super) fn alias(&self, alias: Option<&TableAlias>) -> Lowered<Option<Alias>> {
        let Some(TableAlias {
            explicit: _,
            name,
            columns,
            at,
        }) = alias
        else {
            return Ok(None);
        };
        absent(at.is_none(), "an alias with AT is not PostgreSQL")?;
        let name = self.name(name)?;
        let mut names = Vec::new();
        for TableAliasColumnDef { name, data_type } in columns {
            names.push(self.name(name)?);
            if let Some(data_type) = data_type {
                self.data_type(data_type)?;
            }
        }
        Ok(Some(Alias {
            name,
            columns: names,
        }))
    }
}
