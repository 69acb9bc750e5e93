//! Types of the users', and the operators, casts and domains over them.
//!
//! Owns: [`Types`], and which types a value can be of once others are in hand. Refuses: the server's own types, which are
//! always at hand, and to resolve an operator or a cast: it says what cannot be one.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::budget;
use crate::catalog::CatalogColumn;

/// OIDs below this belong to the server itself (`FirstNormalObjectId`).
pub(crate) const FIRST_NORMAL_OID: u32 = 16384;

/// Whether an argument of this type takes values of others: record, the polymorphic types (PostgreSQL manual, 8.21).
pub(crate) fn is_any(oid: u32) -> bool {
    const ANY: [u32; 14] = [
        2249, 2276, 2277, 2283, 2287, 2776, 3500, 3831, 4537, 4538, 5077, 5078, 5079, 5080,
    ];
    ANY.contains(&oid)
}

/// A type of the users'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// `pg_type.oid`.
    pub oid: u32,
    /// `typname`.
    pub name: String,
    /// The types that a value of it is made of: element, base type, subtype, attributes.
    pub parts: Vec<u32>,
    /// Values of the server's own types become it unasked: a domain over one, a multirange.
    pub unasked: bool,
    /// A domain.
    pub domain: bool,
    /// A domain with a CHECK that runs a function which cannot be looked into.
    pub checked: bool,
}

/// An operator of the users'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// `oprname`.
    pub name: String,
    /// Types of its operands, 0 where it has none or where that is not known.
    pub operands: [u32; 2],
    /// Type of its result.
    pub result: u32,
    /// Its function cannot be looked into.
    pub opaque: bool,
}

/// When a cast applies (`castcontext`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CastContext {
    /// Only where it is written.
    Explicit,
    /// Also where a value is stored in a column.
    Assignment,
    /// Anywhere.
    Implicit,
}

/// A cast of the users'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// From this type.
    pub source: u32,
    /// To this one.
    pub target: u32,
    /// The target's name (`typname`).
    pub name: String,
    /// Where it applies.
    pub context: CastContext,
    /// Its function cannot be looked into.
    pub opaque: bool,
}

/// What is known of the operands of an operator, the stricter later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sides {
    /// Each has a type of its own.
    Typed,
    /// One has none, and can become any beside the other.
    Untyped,
    /// Neither has.
    Free,
    /// One is a row, which can become any composite.
    Row,
}

/// OIDs of text, and of the server's other types whose values all comparisons know among themselves.
const TEXT: u32 = 25;
const COMPARED: [u32; 23] = [
    16, 17, 18, 19, 20, 21, 23, TEXT, 26, 700, 701, 790, 829, 869, 1042, 1082, 1083, 1114, 1184,
    1186, 1266, 1700, 2950,
];
/// json and jsonb.
const JSON: [u32; 2] = [114, 3802];
/// What no syntax wants a value of but that of XML and JSON: text, its kin, xml, json.
const WRITTEN: [u32; 8] = [18, 19, TEXT, 1042, 1043, 142, 114, 3802];

/// What in a statement asks for values of types.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asks {
    /// Values are stored: in columns, variables, results, parameters.
    pub stores: bool,
    /// JSON is built.
    pub json: bool,
    /// Syntax of XML or JSON, which takes texts.
    pub texts: bool,
}

/// Types of the server's own whose names begin with the same words in one spelling or another (PostgreSQL manual, table 8.1).
const SPELLED: [&[&str]; 5] = [
    &[
        "varchar",
        "bpchar",
        "char",
        "character",
        "nchar",
        "national",
    ],
    &["timestamp", "timestamptz"],
    &["time", "timetz"],
    &["bit", "varbit"],
    &["float", "float4", "float8", "real", "double"],
];

/// Whether the type of this name can be written so, also where an array of it is.
fn is_spelled(name: &str, word: &str) -> bool {
    let word = word.trim_start_matches('_');
    let both = |group: &&[&str]| group.contains(&name) && group.contains(&word);
    name.trim_start_matches('_') == word || SPELLED.iter().any(both)
}

/// Whether the server has an operator of this name of its own between two values of this type. It takes that one for a value of
/// this type and a constant (PostgreSQL manual, 10.2, rule 2a).
fn between_its_own(name: &str, oid: u32) -> bool {
    match name {
        "=" | "<>" | "<" | ">" | "<=" | ">=" => COMPARED.contains(&oid),
        "~~" | "!~~" | "~" | "!~" | "~~*" | "!~~*" => matches!(oid, TEXT | 19 | 1042),
        "||" => oid == TEXT,
        _ => false,
    }
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Types {
    by_oid: HashMap<u32, Type>,
    by_name: HashMap<String, Vec<u32>>,
    operators: HashMap<String, Vec<Operator>>,
    casts: Vec<Cast>,
    /// The types of rows of relations, by what those are made of.
    rows: HashMap<u32, Arc<[CatalogColumn]>>,
    /// By type, those that are made of it.
    holders: HashMap<u32, Vec<u32>>,
    /// Some domain is checked by what cannot be looked into.
    pub checks: bool,
    /// Something in here can run a function that cannot be looked into without being called by its name.
    pub opaque: bool,
}

/// The types that values in a statement can be of, beside the server's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct AtHand {
    types: BTreeSet<u32>,
    /// Any type.
    all: bool,
}

impl AtHand {
    /// Values may be of this type.
    pub fn add(&mut self, oid: u32) {
        if oid >= FIRST_NORMAL_OID {
            self.types.insert(oid);
        }
    }
    /// Values may be of any type.
    pub fn add_all(&mut self) {
        self.all = true;
    }
    /// Their OIDs; any type is one that no type has.
    pub fn oids(&self) -> Vec<u32> {
        let all = self.all.then_some(u32::MAX);
        self.types.iter().copied().chain(all).collect()
    }
    /// Values may be of all these types.
    pub fn add_these(&mut self, more: &AtHand) {
        self.all |= more.all;
        self.types.extend(&more.types);
    }
}

impl Types {
    pub(crate) fn add(&mut self, one: Type) {
        self.opaque |= one.checked;
        self.checks |= one.checked;
        self.by_name
            .entry(one.name.clone())
            .or_default()
            .push(one.oid);
        for part in &one.parts {
            self.holders.entry(*part).or_default().push(one.oid);
        }
        self.by_oid.insert(one.oid, one);
    }

    pub(crate) fn add_operator(&mut self, one: Operator) {
        self.opaque |= one.opaque;
        self.operators
            .entry(one.name.clone())
            .or_default()
            .push(one);
    }

    pub(crate) fn add_cast(&mut self, one: Cast) {
        self.opaque |= one.opaque;
        self.casts.push(one);
    }

    /// Types of this name, in whichever schema.
    pub fn named(&self, name: &str) -> &[u32] {
        self.by_name.get(name).map_or(&[], |all| all.as_slice())
    }

    /// Operators of this name.
    pub fn operators(&self, name: &str) -> &[Operator] {
        self.operators.get(name).map_or(&[], |all| all.as_slice())
    }

    /// Whether the type of this OID is known.
    pub fn has(&self, oid: u32) -> bool {
        self.by_oid.contains_key(&oid)
    }

    /// Whether there are any casts.
    pub fn has_casts(&self) -> bool {
        !self.casts.is_empty()
    }

    /// Whether there are any operators.
    pub fn has_operators(&self) -> bool {
        !self.operators.is_empty()
    }

    /// Casts to a type of this name.
    pub fn casts_to<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Cast> {
        self.casts.iter().filter(move |c| c.name == name)
    }

    /// Whether a value can be of this type.
    pub fn can_be(&self, oid: u32, at_hand: &AtHand) -> bool {
        oid < FIRST_NORMAL_OID
            || at_hand.all
            || at_hand.types.contains(&oid)
            || self.by_oid.get(&oid).is_none_or(|t| t.unasked)
    }

    /// Says what the rows of relations are.
    pub(crate) fn set_rows(&mut self, rows: HashMap<u32, Arc<[CatalogColumn]>>) {
        self.rows = rows;
    }

    /// What values of a type are made of; None where it is not known, as of arrays of rows.
    fn parts(&self, oid: u32) -> Option<Vec<u32>> {
        match self.by_oid.get(&oid) {
            Some(one) => Some(one.parts.clone()),
            None => {
                let columns = self.rows.get(&oid)?;
                Some(columns.iter().map(|c| c.type_oid).collect())
            }
        }
    }

    /// A type that is known.
    pub fn get(&self, oid: u32) -> Option<&Type> {
        self.by_oid.get(&oid)
    }

    /// Adds the types that values of those at hand are made of, can be put together to, or become unasked.
    pub fn spread(&self, at_hand: &mut AtHand) {
        self.gather(at_hand);
        while !at_hand.all {
            let mut left = vec![];
            for cast in &self.casts {
                if cast.context == CastContext::Implicit
                    && cast.target >= FIRST_NORMAL_OID
                    && self.can_be(cast.source, at_hand)
                    && at_hand.types.insert(cast.target)
                {
                    left.push(cast.target);
                }
            }
            if left.is_empty() {
                return;
            }
            self.near(left, at_hand);
        }
    }

    /// The same without what values become by casts: the types that something asks for.
    pub fn gather(&self, at_hand: &mut AtHand) {
        budget::spend(self.by_oid.len() / 16);
        let mut left: Vec<u32> = at_hand.types.iter().copied().collect();
        // What can be unasked, or is not known, need not be at hand for another to be made of it.
        for one in self.by_oid.values() {
            let free =
                |oid: &u32| *oid >= FIRST_NORMAL_OID && self.can_be(*oid, &AtHand::default());
            if one.parts.iter().any(free) && at_hand.types.insert(one.oid) {
                left.push(one.oid);
            }
        }
        self.near(left, at_hand);
    }

    /// Adds what these are made of and what is made of them.
    fn near(&self, mut left: Vec<u32>, at_hand: &mut AtHand) {
        while let Some(oid) = left.pop() {
            budget::spend(1);
            let Some(parts) = self.parts(oid) else {
                // A type that is not known can hold any other.
                at_hand.all = true;
                return;
            };
            let holders = self.holders.get(&oid).into_iter().flatten().copied();
            for near in parts.into_iter().chain(holders) {
                if near >= FIRST_NORMAL_OID && at_hand.types.insert(near) {
                    left.push(near);
                }
            }
        }
    }

    /// The operators met, by name: whether one of them, as its operands can be, runs what cannot be looked into. With parameters,
    /// one side of any may be of whatever type. What they take and give is at hand afterwards, and made.
    pub fn opaque_operator<'n>(
        &self,
        met: &'n [(String, Sides)],
        parameters: bool,
        at_hand: &mut AtHand,
        made: &mut AtHand,
    ) -> Option<&'n str> {
        loop {
            let before = at_hand.clone();
            self.spread(at_hand);
            for (name, sides) in met {
                for one in self.operators(name) {
                    if !self.fits(one, *sides, parameters, at_hand) {
                        continue;
                    }
                    if one.opaque {
                        return Some(name);
                    }
                    for oid in [one.operands[0], one.operands[1], one.result] {
                        made.add(oid);
                    }
                    at_hand.add(one.result);
                }
            }
            if at_hand.all || before.types == at_hand.types {
                return None;
            }
        }
    }

    /// Whether an operator can be meant by its name between such operands.
    fn fits(&self, one: &Operator, sides: Sides, parameters: bool, at_hand: &AtHand) -> bool {
        let can = |oid: &u32| self.can_be(*oid, at_hand);
        let mut given = one.operands.iter().filter(|oid| **oid != 0 && can(oid));
        one.operands.iter().all(can)
            || match sides {
                // Two parameters can have been declared to be anything.
                Sides::Free if parameters => true,
                Sides::Typed => parameters && given.next().is_some(),
                _ if parameters => given.next().is_some(),
                Sides::Untyped => given.any(|oid| !between_its_own(&one.name, *oid)),
                // Two constants are text wherever an operator takes text (10.2, rule 2d).
                Sides::Free => !between_its_own(&one.name, TEXT),
                Sides::Row => given.next().is_some(),
            }
    }

    /// A cast that may apply without being written, by its target's name. Values become of a type only where something asks for
    /// one of it: a column, an argument, an operand, values beside it. What builds JSON looks for casts to it by itself.
    pub fn opaque_cast(&self, asks: Asks, at_hand: &AtHand, asked: &AtHand) -> Option<&str> {
        let applies = |c: &&Cast| {
            let unasked = match c.context {
                CastContext::Implicit => true,
                // Syntax that wants a value of one type takes what could be assigned to it.
                CastContext::Assignment => {
                    let text = WRITTEN.contains(&c.target) && !asks.texts;
                    asks.stores || c.target < FIRST_NORMAL_OID && !text
                }
                CastContext::Explicit => false,
            };
            (unasked || asks.json && JSON.contains(&c.target))
                && c.opaque
                && self.can_be(c.source, at_hand)
                && self.can_be(c.target, asked)
        };
        self.casts.iter().find(applies).map(|c| c.name.as_str())
    }

    /// A cast that a written one may be, or come to within a domain or a row, by its target's name.
    pub fn opaque_written(&self, names: &[String], from: &AtHand, made: &AtHand) -> Option<&str> {
        let within = self.within(made);
        let named = |c: &Cast| names.iter().any(|name| is_spelled(&c.name, name));
        let applies = |c: &&Cast| {
            c.opaque && self.can_be(c.source, from) && (named(c) || within.contains(&c.target))
        };
        self.casts.iter().find(applies).map(|c| c.name.as_str())
    }

    /// These types and all that they are made of.
    fn within(&self, made: &AtHand) -> BTreeSet<u32> {
        let mut left: Vec<u32> = made.types.iter().copied().collect();
        let mut seen = BTreeSet::new();
        while let Some(oid) = left.pop() {
            if seen.insert(oid) {
                left.extend(self.parts(oid).unwrap_or_default());
            }
        }
        budget::spend(seen.len());
        seen
    }

    /// A domain among these, or in them, with a check that cannot be looked into. What is not known can hold any.
    pub fn opaque_domain(&self, made: &AtHand) -> Option<&str> {
        let within = self.within(made);
        let unknown = |oid: &u32| *oid >= FIRST_NORMAL_OID && self.parts(*oid).is_none();
        let all = made.all || within.iter().any(unknown);
        let mut domains = self.by_oid.values().filter(|t| t.checked);
        let found = domains.find(|t| all || within.contains(&t.oid));
        found.map(|t| t.name.as_str())
    }
}
