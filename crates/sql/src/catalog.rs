//! The database's definitions, as far as names and lineage need them.
//!
//! Owns: [`Catalog`], an immutable snapshot, and [`CatalogBuilder`], which the gateway fills from the server's
//! `pg_catalog`. Refuses: to load anything itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::bodies::{BodyCache, Inside};
use crate::facts::{Object, Volatility};
use crate::form::NAME_BYTES;
use crate::types::{AtHand, Cast, CastContext, FIRST_NORMAL_OID, Operator, Type, Types};
use crate::views::ViewCache;

/// `pg_class.relkind`, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// Ordinary, partitioned or foreign table, TOAST table.
    Table,
    /// View: `definition` is its query.
    View,
    /// Materialized view: `definition` is its query.
    MaterializedView,
    /// Sequence.
    Sequence,
    /// Index.
    Index,
    /// Composite type.
    Composite,
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogColumn {
    /// `attname`.
    pub name: String,
    /// `attnum`; positive for the user's columns.
    pub number: i16,
    /// `atttypid`.
    pub type_oid: u32,
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// `pg_class.oid`.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: RelationKind,
    /// Columns in order of `number`, dropped ones left out.
    pub columns: Arc<[CatalogColumn]>,
    /// `pg_get_viewdef(oid)` for views and materialized views of the users', as read with an empty search_path (all names
    /// qualified). None also where the server could not say it without waiting: such a view may show anything.
    pub definition: Option<Arc<str>>,
    /// Parents in `pg_inherits`.
    pub parents: Vec<u32>,
    /// Whether user triggers, or rules other than a view's own, can run when it is written.
    pub has_triggers: bool,
    /// `reltype`: the type of its rows, 0 where it has none.
    pub row_type: u32,
}

impl Relation {
    /// Whether it is a view of the users' whose definition the server could not tell.
    pub fn is_untold(&self) -> bool {
        let view = matches!(
            self.kind,
            RelationKind::View | RelationKind::MaterializedView
        );
        view && self.oid >= FIRST_NORMAL_OID && self.definition.is_none()
    }
}

/// A function, procedure, aggregate or window function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// `pg_proc.oid`.
    pub oid: u32,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Volatility.
    pub volatility: Volatility,
    /// Whether it belongs to the server itself (its OID is below 16384 and its schema is pg_catalog).
    pub builtin: bool,
    /// What kind of routine.
    pub kind: RoutineKind,
    /// Types of the arguments that a call gives (IN, INOUT, VARIADIC), in order.
    pub arguments: Vec<u32>,
    /// How many of the last ones have defaults.
    pub defaults: usize,
    /// The last one takes any number of values.
    pub variadic: bool,
    /// Type of the result.
    pub result: u32,
    /// Where it has OUT parameters or gives a table, the types of all parameters, those of the result's columns among them
    /// (`proallargtypes`).
    pub given: Vec<u32>,
    /// It gives any number of rows (`proretset`).
    pub rows: bool,
    /// SECURITY DEFINER: it runs with its owner's rights.
    pub security_definer: bool,
    /// Its owner; empty for the server's own.
    pub owner: String,
}

/// `pg_proc.prokind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RoutineKind {
    /// Function.
    #[default]
    Function,
    /// Procedure.
    Procedure,
    /// Aggregate.
    Aggregate,
    /// Window function.
    Window,
}

impl Function {
    /// One whose arguments may be any.
    pub fn new(oid: u32, schema: &str, name: &str, volatility: Volatility) -> Function {
        Function {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            volatility,
            builtin: oid < FIRST_NORMAL_OID && schema == "pg_catalog",
            kind: RoutineKind::default(),
            arguments: vec![],
            defaults: 0,
            variadic: true,
            result: 0,
            given: vec![],
            rows: false,
            security_definer: false,
            owner: String::new(),
        }
    }

    /// Whether a call with this many arguments can mean it, when up to `more` others may belong to them (PostgreSQL manual,
    /// 10.3). A procedure's OUT arguments are given, too, and are not among its own.
    pub fn takes(&self, count: usize, more: usize) -> bool {
        let most = self.arguments.len();
        let least = most.saturating_sub(self.defaults + usize::from(self.variadic));
        self.kind == RoutineKind::Procedure
            || count + more >= least && (count <= most || self.variadic)
    }
}

/// An immutable snapshot of definitions.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    generation: u64,
    relations: Vec<Relation>,
    by_oid: HashMap<u32, usize>,
    by_name: HashMap<String, Vec<usize>>,
    functions: HashMap<String, Vec<Function>>,
    function_by_oid: HashMap<u32, (String, String)>,
    insides: HashMap<u32, Inside>,
    generated: Vec<(u32, i16, i16)>,
    schemas: HashSet<String>,
    types: Types,
    views: ViewCache,
    bodies: BodyCache,
    incomplete: bool,
    schema_generation: u64,
}

impl Catalog {
    /// Counts the loads: two catalogs of one database with the same generation are the same.
    pub fn generation(&self) -> u64 {
        self.generation
    }
    /// Whether there are casts of the users'.
    pub(crate) fn has_casts(&self) -> bool {
        self.types.has_casts()
    }
    /// Counts how often schemas, or the right to use them, may have changed: with them, what a search path comes to.
    pub fn schema_generation(&self) -> u64 {
        self.schema_generation
    }
    /// Whether two catalogs say the same of everything.
    pub fn is_same(&self, other: &Catalog) -> bool {
        self.relations == other.relations
            && self.functions == other.functions
            && self.insides == other.insides
            && self.generated == other.generated
            && self.types == other.types
            && self.incomplete == other.incomplete
    }
    /// By schema and name.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.by_name
            .get(name)?
            .iter()
            .map(|&i| &self.relations[i])
            .find(|r| r.schema == schema)
    }
    /// By OID.
    pub fn relation_by_oid(&self, oid: u32) -> Option<&Relation> {
        self.by_oid.get(&oid).map(|&i| &self.relations[i])
    }
    /// All relations.
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }
    /// By name, in whichever schema.
    pub fn relations_named(&self, name: &str) -> Vec<&Relation> {
        self.by_name.get(name).map_or_else(Vec::new, |all| {
            all.iter().map(|&i| &self.relations[i]).collect()
        })
    }
    /// The relations whose rows are read with a relation's: its children in `pg_inherits`, and theirs.
    pub fn descendants(&self, oid: u32) -> Vec<&Relation> {
        let mut found: Vec<&Relation> = vec![];
        let mut above = vec![oid];
        while let Some(parent) = above.pop() {
            let children = self
                .relations
                .iter()
                .filter(|r| r.parents.contains(&parent));
            for child in children {
                if !found.iter().any(|f| f.oid == child.oid) {
                    found.push(child);
                    above.push(child.oid);
                }
            }
        }
        found
    }
    /// Whether a schema holds anything.
    pub fn has_schema(&self, schema: &str) -> bool {
        self.schemas.contains(schema)
    }
    /// Whether an operator of this name, in whichever schema, over types of the server's own runs a function of the users' that
    /// cannot be looked into. Those over other types count where such a type can be.
    pub fn has_user_operator(&self, name: &str) -> bool {
        let plain = |oid: &u32| *oid < FIRST_NORMAL_OID;
        let mut all = self.types.operators(name).iter();
        all.any(|o| o.opaque && o.operands.iter().all(plain))
    }
    /// The same of a cast to the type of this name (`pg_type.typname`).
    pub fn has_user_cast(&self, name: &str) -> bool {
        let mut all = self.types.casts_to(name);
        all.any(|c| c.opaque && c.source < FIRST_NORMAL_OID)
    }
    /// Types of the users', and what there is over them.
    pub(crate) fn types(&self) -> &Types {
        &self.types
    }
    /// Adds the types that a name can mean: of that name in whichever schema, or what the rows of a relation hold.
    pub(crate) fn add_named(&self, name: &str, at_hand: &mut AtHand) {
        // The array of a type is called after it, and names are cut to their length (PostgreSQL manual, CREATE TYPE, "Array Types").
        let element = name.trim_start_matches('_');
        if element.len() + 1 >= NAME_BYTES {
            at_hand.add_all();
        }
        for name in [name, element] {
            for oid in self.types.named(name) {
                at_hand.add(*oid);
            }
            for relation in self.relations_named(name) {
                for column in relation.columns.iter() {
                    at_hand.add(column.type_oid);
                }
            }
        }
    }
    /// Whether columns of a relation are, or hold, domains whose checks cannot be looked into.
    pub(crate) fn holds_checked(&self, object: &Object) -> bool {
        let Object::Table(schema, name) = object else {
            return false;
        };
        let mut types = AtHand::default();
        let columns = self.relation(schema, name).map(|r| &r.columns);
        for column in columns.into_iter().flat_map(|columns| columns.iter()) {
            types.add(column.type_oid);
        }
        self.types.opaque_domain(&types).is_some()
    }
    /// Views already looked into.
    pub(crate) fn views(&self) -> &ViewCache {
        &self.views
    }
    /// Bodies already looked into.
    pub(crate) fn bodies(&self) -> &BodyCache {
        &self.bodies
    }
    /// What a function of the users' is made of, where that is known.
    pub fn inside(&self, oid: u32) -> Option<&Inside> {
        self.insides.get(&oid)
    }
    /// A function by OID.
    pub fn function(&self, oid: u32) -> Option<&Function> {
        let (schema, name) = self.function_by_oid(oid)?;
        let same = |f: &&Function| f.oid == oid && f.schema == schema;
        self.functions(name).iter().find(same)
    }
    /// Whether a view or a function has no text because the server could not tell it without waiting for somebody.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }
    /// Every overload of a name, in every schema.
    pub fn functions(&self, name: &str) -> &[Function] {
        self.functions.get(name).map_or(&[], |v| v.as_slice())
    }
    /// Generated columns: relation, the column's number, and the number of one that it is computed from.
    pub fn generated(&self) -> &[(u32, i16, i16)] {
        &self.generated
    }
    /// Schema and name of a function by OID.
    pub fn function_by_oid(&self, oid: u32) -> Option<(&str, &str)> {
        self.function_by_oid
            .get(&oid)
            .map(|(s, n)| (s.as_str(), n.as_str()))
    }
}

/// What every server has: the functions of PostgreSQL itself, as a server told them (`just catalog`), each name by its most
/// volatile overload. For texts that are analysed without a server.
pub fn builtins() -> Catalog {
    let mut builder = CatalogBuilder::new(0);
    for (oid, (name, volatility)) in (1..).zip(listed_builtins()) {
        builder.function(Function::new(oid, "pg_catalog", name, volatility));
    }
    builder.build()
}

/// The lines of `data/functions.txt`.
pub(crate) fn listed_builtins() -> impl Iterator<Item = (&'static str, Volatility)> {
    include_str!("../data/functions.txt")
        .lines()
        .filter_map(|line| {
            Some(match line.split_once(' ')? {
                ("i", name) => (name, Volatility::Immutable),
                ("s", name) => (name, Volatility::Stable),
                ("v", name) => (name, Volatility::Volatile),
                _ => return None,
            })
        })
}

/// Builds a [`Catalog`].
#[derive(Debug, Default)]
pub struct CatalogBuilder(Catalog);

impl CatalogBuilder {
    /// An empty one of this generation.
    pub fn new(generation: u64) -> Self {
        CatalogBuilder(Catalog {
            generation,
            ..Catalog::default()
        })
    }
    /// Adds a relation.
    pub fn relation(&mut self, relation: Relation) {
        self.0.incomplete |= relation.is_untold();
        self.0.schemas.insert(relation.schema.clone());
        let at = self.0.relations.len();
        self.0.by_oid.insert(relation.oid, at);
        self.0
            .by_name
            .entry(relation.name.clone())
            .or_default()
            .push(at);
        self.0.relations.push(relation);
    }
    /// Adds a function.
    pub fn function(&mut self, function: Function) {
        self.0.schemas.insert(function.schema.clone());
        self.0.function_by_oid.insert(
            function.oid,
            (function.schema.clone(), function.name.clone()),
        );
        self.0
            .functions
            .entry(function.name.clone())
            .or_default()
            .push(function);
    }
    /// Adds what a function is made of.
    pub fn inside(&mut self, oid: u32, inside: Inside) {
        self.0.insides.insert(oid, inside);
    }
    /// Says how often schemas may have changed.
    pub(crate) fn schema_generation(&mut self, count: u64) {
        self.0.schema_generation = count;
    }
    /// Says that something has no text that has one.
    pub(crate) fn is_incomplete(&mut self) {
        self.0.incomplete = true;
    }
    /// A function that was added.
    pub(crate) fn known(&self, oid: u32) -> Option<&Function> {
        self.0.function(oid)
    }
    /// Adds the functions of another catalog.
    pub(crate) fn keep_functions(&mut self, from: &Catalog) {
        for function in from.functions.values().flatten() {
            self.function(function.clone());
        }
    }
    /// Takes over the generated columns of another catalog.
    pub(crate) fn keep_generated(&mut self, from: &Catalog) {
        self.0.generated = from.generated.clone();
    }
    /// Takes over the types, operators and casts of another catalog.
    pub(crate) fn keep_types(&mut self, from: &Catalog) {
        self.0.types = from.types.clone();
    }
    /// Adds a type of the users'.
    pub fn user_type(&mut self, one: Type) {
        self.0.types.add(one);
    }
    /// Adds an operator of the users'.
    pub fn user_operator(&mut self, one: Operator) {
        self.0.types.add_operator(one);
    }
    /// Adds a cast of the users'.
    pub fn user_cast(&mut self, one: Cast) {
        self.0.types.add_cast(one);
    }
    /// Adds an operator of which nothing is known but its name (`pg_operator.oprname`).
    pub fn operator(&mut self, name: impl Into<String>) {
        self.user_operator(Operator {
            name: name.into(),
            operands: [0, 0],
            result: 0,
            opaque: true,
        });
    }
    /// Adds an explicit cast of which nothing is known but its target's name (`pg_type.typname`).
    pub fn cast_to(&mut self, name: impl Into<String>) {
        self.user_cast(Cast {
            source: 0,
            target: 0,
            name: name.into(),
            context: CastContext::Explicit,
            opaque: true,
        });
    }
    /// Adds what a generated column is computed from (`pg_attribute.attgenerated`, `pg_depend`).
    pub fn generated(&mut self, relation: u32, column: i16, source: i16) {
        self.0.generated.push((relation, column, source));
    }
    /// The snapshot.
    pub fn build(mut self) -> Catalog {
        let rows = self.0.relations.iter().filter(|r| r.row_type != 0);
        let rows = rows.map(|r| (r.row_type, Arc::clone(&r.columns)));
        let rows = rows.collect();
        self.0.types.set_rows(rows);
        self.0
    }
}
