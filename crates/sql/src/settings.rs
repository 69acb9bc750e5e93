//! The session settings that change what a statement means.
//!
//! Owns: [`Settings`] and [`SettingChange`]. Refuses: to guess. A setting whose value is not known any more is
//! [`SearchPath::Unknown`], and names are then not resolved at all.

use crate::types::FIRST_NORMAL_OID;

/// What names without a schema are looked up in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SearchPath {
    /// Schemas in the server's order, `pg_temp…` and `pg_catalog` spelled out where the server searches them
    /// (as `current_schemas(true)` lists them).
    Known(Vec<String>),
    /// A statement before changed it in a way that cannot be followed: unqualified names are unknown.
    Unknown,
}

/// The settings under which a text is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `search_path`, effective.
    pub search_path: SearchPath,
    /// `standard_conforming_strings` (PostgreSQL manual, 20.13.1): when off, backslashes escape in `'…'`.
    pub standard_conforming_strings: bool,
    /// `client_encoding`, upper case as the server reports it (`UTF8`, `SQL_ASCII`, `LATIN1`, …).
    pub client_encoding: String,
    /// The effective user on the server (for `"$user"` when a `SET search_path` is followed).
    pub user: String,
    /// The relations of the session's own temporary schema, by name: they hide others of the same name wherever
    /// `search_path` has that schema. The session alone sees those of its open transaction.
    pub temporary: Vec<String>,
    /// What names in the bodies of called functions are looked up in, where that is another path: the text of a view has its
    /// names spelled out and is read under `pg_catalog` alone, but what it calls runs under the caller's.
    pub inner_path: Option<SearchPath>,
    /// Types of the users' that a Parse message declares parameters to be of (PostgreSQL manual, 55.2.3), sorted, each once:
    /// values of them are in the statement then, whatever its text says.
    pub declared: Vec<u32>,
}

/// Whether a schema holds some session's temporary objects; `pg_temp` is the session's own, under the name that a text may
/// use for it (PostgreSQL manual, 20.11.1).
pub(crate) fn is_temporary(schema: &str) -> bool {
    schema == "pg_temp" || schema.starts_with("pg_temp_")
}

impl Settings {
    /// The settings after a change, as far as it can be followed without asking a server.
    pub fn follow(&mut self, change: &SettingChange, catalog: &crate::Catalog) {
        crate::parameters::after(self, change, catalog);
    }

    /// The path that called functions run under, unless they bring one of their own.
    pub(crate) fn path_of_bodies(&self) -> &SearchPath {
        self.inner_path.as_ref().unwrap_or(&self.search_path)
    }

    /// The settings for a text whose parameters are declared to be of these types.
    pub fn declaring(&self, types: impl IntoIterator<Item = u32>) -> Settings {
        let mut declared: Vec<u32> = types
            .into_iter()
            .filter(|oid| *oid >= FIRST_NORMAL_OID)
            .collect();
        declared.sort_unstable();
        declared.dedup();
        Settings {
            declared,
            ..self.clone()
        }
    }

    /// Whether names may mean temporary objects of the session's.
    pub(crate) fn has_temporary(&self) -> bool {
        match &self.search_path {
            SearchPath::Known(schemas) => schemas.iter().any(|s| is_temporary(s)),
            SearchPath::Unknown => true,
        }
    }
}

/// A statement's effect on the settings, when it runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SettingChange {
    /// `SET [SESSION|LOCAL] search_path = a, b` with constant names: the new list as written.
    SearchPath(Vec<String>),
    /// A change that static reading cannot follow (`set_config` with a computed value, `RESET ALL`, `SET ROLE`,
    /// `DISCARD ALL`, `ROLLBACK` after a change, …): ask the server before judging the next statement.
    AskServer,
    /// A temporary relation of this name is made.
    Temporary(String),
    /// `standard_conforming_strings` set to this.
    StandardConformingStrings(bool),
    /// `client_encoding` (also `SET NAMES`) set to this name, as written.
    ClientEncoding(String),
    /// Any other setting, by name in lower case (`datestyle`, `app.tenant`, …): does not change how text is judged.
    Other(String),
}
