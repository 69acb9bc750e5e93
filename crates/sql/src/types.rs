//! Types of the users', and the operators, casts and domains over them.
//!
//! Owns: [`Types`], and which types a value can be of once others are in hand. Refuses: the server's own types, which are
//! always at hand, and to resolve an operator or a cast: it says what cannot be one.

use std::collections::{BTreeSet, HashMap};

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

/// All of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Types {
    by_oid: HashMap<u32, Type>,
    by_name: HashMap<String, Vec<u32>>,
    operators: HashMap<String, Vec<Operator>>,
    casts: Vec<Cast>,
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
}

impl Types {
    pub(crate) fn add(&mut self, one: Type) {
        self.opaque |= one.checked;
        self.by_name
            .entry(one.name.clone())
            .or_default()
            .push(one.oid);
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
        self.opaque |= one.opaque && one.context != CastContext::Explicit;
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

    /// Adds the types that values of those at hand are made of, can be put together to, or become unasked.
    pub fn spread(&self, at_hand: &mut AtHand) {
        if at_hand.all {
            return;
        }
        loop {
            let before = at_hand.types.len();
            for one in self.by_oid.values() {
                if at_hand.types.contains(&one.oid) {
                    for part in &one.parts {
                        at_hand.add(*part);
                    }
                } else if one
                    .parts
                    .iter()
                    .any(|p| *p >= FIRST_NORMAL_OID && self.can_be(*p, at_hand))
                {
                    at_hand.add(one.oid);
                }
            }
            for cast in &self.casts {
                if cast.context == CastContext::Implicit && self.can_be(cast.source, at_hand) {
                    at_hand.add(cast.target);
                }
            }
            if at_hand.types.len() == before {
                // A type that is not known can hold any other.
                at_hand.all = at_hand
                    .types
                    .iter()
                    .any(|oid| !self.by_oid.contains_key(oid));
                return;
            }
        }
    }

    /// The operators met, by name, one side of which may be a parameter: whether one of them, as its operands can be, runs what cannot be looked into. What they give
    /// is at hand afterwards.
    pub fn opaque_operator<'n>(
        &self,
        names: &'n [String],
        parameters: bool,
        at_hand: &mut AtHand,
    ) -> Option<&'n str> {
        loop {
            let before = at_hand.clone();
            self.spread(at_hand);
            for name in names {
                for one in self.operators(name) {
                    let can = |oid: &u32| self.can_be(*oid, at_hand);
                    let given = parameters && one.operands.iter().any(|oid| *oid != 0 && can(oid));
                    if given || one.operands.iter().all(can) {
                        if one.opaque {
                            return Some(name);
                        }
                        at_hand.add(one.result);
                    }
                }
            }
            if at_hand.all || before.types == at_hand.types {
                return None;
            }
        }
    }

    /// A cast that may apply without being written, by its target's name.
    pub fn opaque_cast(&self, stores: bool, at_hand: &AtHand) -> Option<&str> {
        let applies = |c: &&Cast| {
            let unasked = match c.context {
                CastContext::Implicit => true,
                CastContext::Assignment => stores,
                CastContext::Explicit => false,
            };
            unasked && c.opaque && self.can_be(c.source, at_hand) && self.can_be(c.target, at_hand)
        };
        self.casts.iter().find(applies).map(|c| c.name.as_str())
    }

    /// A domain among these, or in them, with a check that cannot be looked into.
    pub fn opaque_domain(&self, made: &AtHand) -> Option<&str> {
        let mut left: Vec<u32> = made.types.iter().copied().collect();
        let mut seen = BTreeSet::new();
        while let Some(oid) = left.pop() {
            let Some(one) = self.by_oid.get(&oid).filter(|_| seen.insert(oid)) else {
                continue;
            };
            if one.checked {
                return Some(&one.name);
            }
            left.extend(&one.parts);
        }
        let any = || self.by_oid.values().find(|t| t.checked);
        made.all.then(any).flatten().map(|t| t.name.as_str())
    }
}
