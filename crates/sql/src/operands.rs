//! Operands and arguments side by side: which of them has no type of its own, and what it can become beside the others.
//!
//! Owns: [`Making`], the types that values come to be of without a cast that is written, and how an operator's operands are known.
//! Refuses: to work out the type of an expression. A column's is known; whatever is computed can be of the types of all columns it
//! depends on.

use std::cell::RefCell;

use crate::analyzer::Analyzer;
use crate::catalog::Function;
use crate::form::{Body, Call, Expr, Literal, Target};
use crate::functions;
use crate::names::{Columns, Key, Rel, RelBody, Value};
use crate::types::{AtHand, FIRST_NORMAL_OID, Sides, is_any};

/// What a statement makes of types, where the form tells.
#[derive(Debug, Default)]
pub(crate) struct Making {
    /// Types that constants become beside values of them.
    pub made: AtHand,
    /// Types of columns that are cast; none where nothing but constants is.
    pub cast: Option<AtHand>,
    /// Something is defined, of types that the form does not keep.
    pub defines: bool,
    /// A prepared statement is given its parameters.
    pub executes: bool,
    /// There is syntax that takes texts: that of XML and JSON.
    pub texts: bool,
    /// The types at hand when they were last asked for, and how much of the statement was known then.
    pub known: RefCell<Option<([usize; 5], AtHand)>>,
}

/// Functions that make a row of the type of an argument from something else.
const FROM_SOMETHING_ELSE: &str = "populate";

/// Polymorphic types that only arrays and ranges are of.
const CONTAINERS: [u32; 5] = [2277, 3831, 4537, 5078, 5080];

/// Syntax whose arguments come to one type.
const TO_ONE_TYPE: &[&str] = &["coalesce", "greatest", "least", "nullif"];

impl Analyzer<'_> {
    /// How one operand is known: typed, untyped, or a row.
    pub fn known_as(&self, expr: &Expr) -> Sides {
        match expr {
            Expr::Literal(Literal::String(_) | Literal::Null) | Expr::Param(_) | Expr::Default => {
                Sides::Untyped
            }
            Expr::Cast(_, target) if target.last().is_some_and(|t| t == "unknown") => {
                Sides::Untyped
            }
            Expr::Row(_) | Expr::Field(_, None) => Sides::Row,
            Expr::RowOf(path) => self.row_as(path),
            Expr::Column(path) => match path.as_slice() {
                [name] if self.is_row(name) => self.row_as(path),
                _ => Sides::Typed,
            },
            // COLLATE leaves what it stands behind as it is.
            Expr::Mix(parts) => match parts.as_slice() {
                [one] => self.known_as(one),
                _ => Sides::Typed,
            },
            _ => Sides::Typed,
        }
    }

    /// How the row of a relation is known: a table's is of the table's own type.
    fn row_as(&self, path: &[String]) -> Sides {
        let (schema, name) = match path {
            [.., schema, name] => (Some(schema.as_str()), name),
            [name] => (None, name),
            [] => return Sides::Row,
        };
        for level in self.levels.iter().rev().filter(|l| !l.hidden) {
            let mut rels = vec![];
            for item in &level.items {
                item.relation(schema, name, &mut rels);
            }
            if !rels.is_empty() {
                let table = |rel: &&Rel<'_>| matches!(rel.body, RelBody::Table(_));
                return match rels.iter().all(table) {
                    true => Sides::Typed,
                    false => Sides::Row,
                };
            }
        }
        Sides::Row
    }

    /// How two operands are known. Rows of one length are compared part by part.
    pub fn sides(&self, left: &Expr, right: &Expr) -> Sides {
        if let (Expr::Row(a), Expr::Row(b)) = (left, right)
            && a.len() == b.len()
        {
            let parts = a.iter().zip(b).map(|(a, b)| self.sides(a, b));
            return parts.max().unwrap_or(Sides::Typed);
        }
        match (self.known_as(left), self.known_as(right)) {
            (Sides::Untyped, Sides::Untyped) => Sides::Free,
            (a, b) => a.max(b),
        }
    }

    /// `left = each of the others`: how the sides are known.
    pub fn beside_each(&self, left: &Expr, others: &[Expr]) -> Sides {
        let each = others.iter().map(|other| self.sides(left, other));
        each.max().unwrap_or(Sides::Typed)
    }

    /// An operand before a query. A row is compared part by part with its columns, which have types.
    pub fn beside_query(&self, left: &Expr) -> Sides {
        match left {
            Expr::Row(parts) => {
                let each = parts.iter().map(|part| self.known_as(part));
                each.max().unwrap_or(Sides::Typed)
            }
            one => self.known_as(one),
        }
    }

    /// Records the operators in a mix, and those that keywords in it stand for. Gives whether anything in it has no type.
    pub fn mixed(&mut self, parts: &[Expr]) -> bool {
        if !self.catalog.types().opaque {
            return false;
        }
        for (at, part) in parts.iter().enumerate() {
            let Expr::Operator(path) = part else { continue };
            let before = at.checked_sub(1).and_then(|at| parts.get(at));
            let before = before.filter(|p| !matches!(p, Expr::Operator(_)));
            let after = parts.get(at + 1);
            let sides = match (before, after) {
                (Some(left), Some(right)) => self.sides(left, right),
                (None, Some(one)) | (Some(one), None) => match self.known_as(one) {
                    Sides::Untyped => Sides::Free,
                    other => other,
                },
                (None, None) => Sides::Typed,
            };
            if let [name] | [.., _, name] = path.as_slice()
                && path.iter().rev().nth(1).is_none_or(|s| s == "pg_catalog")
            {
                self.met(name, sides);
            }
        }
        let values = || parts.iter().filter(|p| !matches!(p, Expr::Operator(_)));
        let sides = match values().collect::<Vec<_>>().as_slice() {
            [left, right] => self.sides(left, right),
            _ => values()
                .map(|p| self.known_as(p))
                .max()
                .unwrap_or(Sides::Typed),
        };
        self.implied_operators(sides);
        sides != Sides::Typed || values().any(|p| self.known_as(p) != Sides::Typed)
    }

    /// The values of operands of which one has no type: it becomes what the others are, but for a domain, whose base type it
    /// becomes (PostgreSQL manual, 10.2).
    pub fn operands<'e>(
        &mut self,
        parts: impl IntoIterator<Item = &'e Expr>,
        loose: bool,
    ) -> Value {
        let mut all = Value::none();
        for part in parts {
            let value = self.value(part);
            if loose {
                self.makes(part, &value, true);
            }
            all.absorb(&value);
        }
        all
    }

    /// The values of a call's arguments. Where a function takes any type, a constant becomes what the others are.
    pub fn arguments(&mut self, call: &Call) -> Value {
        if !self.catalog.types().opaque {
            return self.values(&call.args);
        }
        let name = call.name.last().map_or("", |n| n.as_str());
        self.making.texts |= name.contains("xml") || name.contains("json");
        let loose = call
            .args
            .iter()
            .any(|arg| self.known_as(arg) != Sides::Typed);
        let resolved = functions::resolve(&call.name, self.catalog, &self.settings.search_path);
        let takes_any = |f: &&Function| f.arguments.iter().any(|oid| is_any(*oid)) || f.variadic;
        let any = resolved
            .candidates
            .iter()
            .any(|f| takes_any(f) && (loose || name.contains(FROM_SOMETHING_ELSE) || !f.builtin));
        let one_type = loose && TO_ONE_TYPE.contains(&name);
        if name == "nullif"
            && let [left, right] = call.args.as_slice()
        {
            let sides = self.sides(left, right);
            self.met("=", sides);
        }
        let mut all = Value::none();
        for arg in &call.args {
            let value = self.value(arg);
            if any || one_type {
                self.makes(arg, &value, !any);
            }
            all.absorb(&value);
        }
        all
    }

    /// The columns of several rows or queries come to one type each, a constant among them to that of the others.
    pub fn comes_together(&mut self, body: &Body, columns: &Columns) {
        if self.catalog.types().checks && self.is_loose(body) {
            let all = Value::of(columns.all());
            self.makes(&Expr::Default, &all, true);
        }
    }

    /// Whether a value in a query's columns has no type of its own.
    fn is_loose(&self, body: &Body) -> bool {
        let loose = |expr: &Expr| self.known_as(expr) != Sides::Typed;
        match body {
            Body::Select(select) => select.targets.iter().any(|t| match t {
                Target::Expr(expr, _) => loose(expr),
                Target::Star(_) => false,
            }),
            Body::Query(query) => self.is_loose(&query.body),
            Body::Values(rows) => rows.iter().flatten().any(loose),
            Body::Set { operands, .. } => operands.iter().any(|o| self.is_loose(o)),
        }
    }

    /// Records that something without a type becomes of the type of this, or of what is in it.
    pub fn makes(&mut self, expr: &Expr, value: &Value, of_its_base: bool) {
        let types = self.catalog.types();
        if !types.checks || self.has_known_type(expr, value) {
            return;
        }
        for key in value.deps.iter().chain(&value.via) {
            let Some(mut oid) = self.type_of(*key) else {
                if self.inside.is_empty() {
                    self.making.made.add_all();
                }
                continue;
            };
            while of_its_base
                && value.plain
                && let Some(domain) = types.get(oid).filter(|t| t.domain)
            {
                oid = domain.parts.first().copied().unwrap_or_default();
            }
            self.making.made.add(oid);
        }
    }

    /// The type of a column; None where it is not known. Inside a function that is an argument or a variable of its own: whoever
    /// calls it knows the one, and whoever reads it the other.
    fn type_of(&self, key: Key) -> Option<u32> {
        let Key::Base { oid, index } = key else {
            return None;
        };
        let columns = &self.catalog.relation_by_oid(oid)?.columns;
        Some(columns.get(usize::from(index))?.type_oid)
    }

    /// Whether an expression is of a type of the server's own whatever is in it, or of one that is written and counted as that.
    fn has_known_type(&self, expr: &Expr, value: &Value) -> bool {
        match expr {
            Expr::Call(call) => {
                let found =
                    functions::resolve(&call.name, self.catalog, &self.settings.search_path);
                // Of an array or a range comes what it holds; a domain over one of the server's own types is neither.
                let flat = |key: &Key| match self.type_of(*key) {
                    Some(oid) => self
                        .catalog
                        .types()
                        .get(oid)
                        .map_or(oid < FIRST_NORMAL_OID, |t| t.domain && t.unasked),
                    None => false,
                };
                let flat = value.deps.iter().chain(&value.via).all(flat);
                let holds = |oid: &u32| !is_any(*oid) || CONTAINERS.contains(oid);
                let plain = |f: &&Function| {
                    f.builtin
                        && f.result != 0
                        && (!is_any(f.result) || flat && f.arguments.iter().all(holds))
                };
                !found.candidates.is_empty() && found.candidates.iter().all(plain)
            }
            Expr::Cast(..)
            | Expr::Equal(..)
            | Expr::In(..)
            | Expr::InQuery(..)
            | Expr::And(_)
            | Expr::Or(_)
            | Expr::Not(_)
            | Expr::Exists(_) => true,
            _ => false,
        }
    }

    /// Records what is cast, to whatever: a constant is read by the type it is cast to.
    pub fn casts(&mut self, inner: &Expr, value: &Value) {
        if matches!(inner, Expr::Literal(Literal::String(_) | Literal::Null)) {
            return;
        }
        let mut from = self.making.cast.take().unwrap_or_default();
        for key in value.deps.iter().chain(&value.via) {
            match self.type_of(*key) {
                Some(oid) => from.add(oid),
                None if self.inside.is_empty() => from.add_all(),
                None => self.add_arguments(&mut from),
            }
        }
        self.making.cast = Some(from);
    }

    /// Counts types that PREPARE declares for parameters among those that are cast to, and gives those that matter.
    pub fn declared_types(&mut self, types: &[Vec<String>]) -> Vec<u32> {
        let mut at_hand = AtHand::default();
        for name in types.iter().filter_map(|path| path.last()) {
            self.catalog.add_named(name, &mut at_hand);
            self.cast_types.push(name.clone());
        }
        at_hand.oids()
    }

    /// The types at hand, and whether anything of the statement that they follow from has changed since they were last asked for.
    pub fn types_at_hand(&self) -> AtHand {
        let count = [
            self.needs.len(),
            self.functions.len(),
            self.cast_types.len(),
            self.flags.len(),
            usize::from(self.untyped) + 2 * usize::from(self.parameters),
        ];
        if let Some((known, at_hand)) = &*self.making.known.borrow()
            && *known == count
        {
            return at_hand.clone();
        }
        let at_hand = self.gathered_types();
        *self.making.known.borrow_mut() = Some((count, at_hand.clone()));
        at_hand
    }
}
