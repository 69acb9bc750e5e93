//! What the analysis of one statement carries along and collects.
//!
//! Owns: [`Analyzer`] and the recording of needs, uses, functions, flags. Refuses: to know any syntax.

use std::rc::Rc;

use crate::budget;
use crate::catalog::Catalog;
use crate::facts::{Action, Column, ColumnUse, Flag, FunctionUse, Need, Object, Output, Place};
use crate::names::{Col, Columns, Key, Value};
use crate::operands::Making;
use crate::scope::Level;
use crate::settings::{SettingChange, Settings};
use crate::types::Sides;

/// The state of the analysis of one statement.
pub(crate) struct Analyzer<'a> {
    /// The definitions.
    pub catalog: &'a Catalog,
    /// The settings in force.
    pub settings: &'a Settings,
    /// Columns that no catalog entry stands for; [`Key::Named`] counts here.
    pub named: Vec<Column>,
    /// Scopes of column names, outermost first.
    pub levels: Vec<Level<'a>>,
    /// Scopes of common tables, outermost first.
    pub commons: Vec<Vec<(String, Rc<Columns>)>>,
    /// What the WINDOW clause of the query in hand depends on: any call may name one of its windows.
    pub windows: Vec<Key>,
    /// Columns that the WHERE of the query in hand holds to one string each: `name = 'work_mem'`.
    pub pinned: Vec<(Vec<String>, String)>,
    /// How deep in queries whose columns nobody need ask for (in FROM, WITH, EXISTS).
    pub nested: usize,
    /// The statement is a SELECT that runs its select list once and in full.
    pub certain: bool,
    /// The functions whose bodies this is a statement of, outermost first.
    pub inside: Vec<u32>,
    /// Names in the types of the variables that the innermost has.
    pub variables: Vec<String>,
    /// How deep in views.
    pub depth: usize,
    /// What was collected, in the order met.
    pub needs: Vec<Need>,
    /// Uses of columns.
    pub uses: Vec<(Key, Place)>,
    /// Columns written.
    pub writes: Vec<Key>,
    /// Functions called.
    pub functions: Vec<FunctionUse>,
    /// Flags.
    pub flags: Vec<Flag>,
    /// Why the facts do not cover everything.
    pub opaque: Option<String>,
    /// Changes of settings.
    pub changes: Vec<SettingChange>,
    /// No value of a literal was looked at so far, nor one met that could matter.
    pub blind: bool,
    /// The result is kept (SELECT INTO), not shown.
    pub kept: bool,
    /// Operators without a schema that share their name with one of the users', and what stood beside them.
    pub operators: Vec<(String, Sides)>,
    /// Types cast to, by `pg_type.typname`.
    pub cast_types: Vec<String>,
    /// What the statement makes of types, where the form tells.
    pub making: Making,
    /// There are parameters: their types may have been declared with them.
    pub parameters: bool,
    /// Something may be of any type that a text can name.
    pub untyped: bool,
    /// Nobody asks whether writes are bounded.
    pub bounded: bool,
    /// The body of a function was looked into, or could not be: what it does hangs on the caller's search path.
    pub ran_bodies: bool,
}

/// Where a statement of a function's body is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Within<'w> {
    /// The functions it is in, outermost first.
    pub above: &'w [u32],
    /// Names in the types of the innermost one's variables.
    pub variables: &'w [String],
}

impl<'a> Analyzer<'a> {
    /// Nothing collected yet.
    pub fn new(catalog: &'a Catalog, settings: &'a Settings) -> Self {
        Analyzer {
            catalog,
            settings,
            named: vec![],
            levels: vec![],
            commons: vec![],
            windows: vec![],
            pinned: vec![],
            nested: 0,
            certain: false,
            inside: vec![],
            variables: vec![],
            depth: 0,
            needs: vec![],
            uses: vec![],
            writes: vec![],
            functions: vec![],
            flags: vec![],
            opaque: None,
            changes: vec![],
            blind: true,
            kept: false,
            operators: vec![],
            cast_types: vec![],
            making: Making::default(),
            parameters: false,
            untyped: false,
            bounded: false,
            ran_bodies: false,
        }
    }

    /// Records a need.
    pub fn need(&mut self, action: Action, object: Object) {
        budget::spend(4);
        let need = Need { action, object };
        if self.needs.last() != Some(&need) {
            self.needs.push(need);
        }
    }

    /// Records a flag.
    pub fn flag(&mut self, flag: Flag) {
        if !self.flags.contains(&flag) {
            self.flags.push(flag);
        }
    }

    /// Records why the facts do not cover everything; the first reason stays.
    pub fn opaque(&mut self, reason: impl FnOnce() -> String) {
        if self.opaque.is_none() {
            self.opaque = Some(reason());
        }
    }

    /// Records a use of all that a value depends on, and of the views it came through.
    pub fn record(&mut self, value: &Value, place: Place) {
        budget::spend(value.deps.len() + value.via.len());
        if budget::is_spent() {
            return;
        }
        self.uses
            .extend(value.deps.iter().chain(&value.via).map(|key| (*key, place)));
    }

    /// Records a use of these columns.
    pub fn record_keys(&mut self, keys: &[Key], place: Place) {
        budget::spend(keys.len());
        if budget::is_spent() {
            return;
        }
        self.uses.extend(keys.iter().map(|key| (*key, place)));
    }

    /// Records that values are compared for equality with each other: a column as it is, or something computed.
    pub fn record_equality(&mut self, value: &Value) {
        self.record(
            value,
            if value.plain {
                Place::Equality
            } else {
                Place::Filter
            },
        );
    }

    /// The key of a column that the catalog does not have.
    pub fn name(&mut self, schema: &str, table: &str, column: &str) -> Key {
        let wanted = Column {
            schema: schema.to_owned(),
            table: table.to_owned(),
            column: column.to_owned(),
        };
        budget::spend(budget::COLUMN + self.named.len() / 2);
        let at = match self.named.iter().position(|c| *c == wanted) {
            Some(at) => at,
            None => {
                self.named.push(wanted);
                self.named.len() - 1
            }
        };
        Key::Named(u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// Records that a name means nothing to the catalog.
    pub fn unresolved(&mut self) {
        self.flag(Flag::UnresolvedName);
        self.blind = false;
    }

    /// The column a key stands for.
    pub fn column_of(&self, key: Key) -> Option<Column> {
        match key {
            Key::Base { oid, index } => {
                let relation = self.catalog.relation_by_oid(oid)?;
                let column = relation.columns.get(usize::from(index))?;
                Some(Column {
                    schema: relation.schema.clone(),
                    table: relation.name.clone(),
                    column: column.name.clone(),
                })
            }
            Key::Named(at) => self.named.get(usize::try_from(at).ok()?).cloned(),
        }
    }

    /// Columns of a set of keys, sorted.
    pub fn columns_of(&self, keys: &[Key]) -> Vec<Column> {
        budget::spend(keys.len() * budget::NAMED);
        if budget::is_spent() {
            return vec![];
        }
        let mut columns: Vec<Column> = keys.iter().filter_map(|k| self.column_of(*k)).collect();
        columns.sort();
        columns.dedup();
        columns
    }

    /// The uses, as facts have them.
    pub fn column_uses(&mut self) -> Vec<ColumnUse> {
        self.uses.sort_unstable();
        self.uses.dedup();
        let mut uses: Vec<ColumnUse> = self
            .uses
            .iter()
            .filter_map(|(key, place)| {
                Some(ColumnUse {
                    column: self.column_of(*key)?,
                    place: *place,
                })
            })
            .collect();
        uses.sort();
        uses.dedup();
        uses
    }

    /// An output column, as facts have it.
    pub fn output(&self, col: &Col) -> Output {
        let value = if col.value.plain {
            col.value.clone()
        } else {
            col.value.clone().computed()
        };
        Output {
            name: col.name.clone(),
            depends_on: self.columns_of(&value.deps),
            plain: value.plain,
        }
    }

    /// Records outputs that are shown or kept, and gives them as facts have them; none if not all are known.
    pub fn outputs(&mut self, columns: &Columns) -> Vec<Output> {
        let kept = self.kept;
        for col in &columns.cols {
            let place = match (kept, col.value.plain) {
                (true, _) => Place::Stored,
                (false, true) => Place::OutputPlain,
                (false, false) => Place::OutputComputed,
            };
            self.record(&col.value, place);
        }
        if let Some(open) = &columns.open {
            self.record_keys(
                open,
                if kept {
                    Place::Stored
                } else {
                    Place::OutputComputed
                },
            );
        }
        match columns.open {
            None if !kept => columns.cols.iter().map(|c| self.output(c)).collect(),
            _ => vec![],
        }
    }
}
