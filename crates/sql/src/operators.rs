//! Operators and casts: which of them run a function of the user's.
//!
//! Owns: the question whether an operator as written, or as implied by a keyword, can be one of those in the catalog's
//! list; the same for casts, written or not, and for domains. Refuses: to resolve an operator by the types of its operands:
//! where a user's could apply to types that are at hand in the statement, it does.

use crate::analyzer::Analyzer;
use crate::bodies::Body;
use crate::facts::{Action, Flag, FunctionKind, FunctionUse, Object, Place, Volatility};
use crate::form::{Expr, Literal};
use crate::names::Value;
use crate::types::{AtHand, is_any};

/// Operators that the grammar puts in for keywords: LIKE, ILIKE, SIMILAR TO, BETWEEN, IS DISTINCT FROM, rows side by side
/// (PostgreSQL's gram.y). The form keeps no trace of the keyword.
const IMPLIED: &[&str] = &[
    "~~", "!~~", "~~*", "!~~*", "~", "!~", "=", "<>", "<", ">", "<=", ">=",
];

impl Analyzer<'_> {
    /// An operator by name. One that is written with a schema of the user's is a function of the user's; so can be a bare
    /// one, wherever an operator of that name exists.
    pub fn operator(&mut self, path: &[String]) {
        if let [.., schema, name] = path
            && schema != "pg_catalog"
        {
            self.user_operator(&schema.clone(), &name.clone());
        } else if let Some(name) = path.last() {
            self.bare_operator(&name.clone());
        }
    }

    /// An operator without a schema, written or implied. Whether it can be the user's is asked at the end, when the types are
    /// known that its operands can be of.
    pub fn bare_operator(&mut self, name: &str) {
        if !self.catalog.types().operators(name).is_empty()
            && !self.operators.iter().any(|known| known == name)
        {
            self.operators.push(name.to_owned());
        }
    }

    /// What keywords between operands could stand for.
    pub fn implied_operators(&mut self) {
        if !self.catalog.types().has_operators() {
            return;
        }
        for name in IMPLIED {
            self.bare_operator(name);
        }
    }

    /// The types that values in the statement can be of: those of the columns of each relation it names, of what it calls,
    /// and those it casts to.
    pub fn types_at_hand(&self) -> AtHand {
        let types = self.catalog.types();
        let mut at_hand = AtHand::default();
        let unknown = self.flags.contains(&Flag::UnresolvedName);
        if self.untyped || unknown && self.inside.is_empty() {
            at_hand.add_all();
            return at_hand;
        }
        if unknown || self.parameters {
            self.add_arguments(&mut at_hand);
        }
        for need in &self.needs {
            self.add_columns(&need.object, &mut at_hand);
        }
        self.add_made(&mut at_hand);
        types.spread(&mut at_hand);
        at_hand
    }

    /// Adds the types of the arguments of the function whose body this is: there they are what an unknown name stands for.
    /// Outside of any, a parameter's type is what is around it.
    fn add_arguments(&self, at_hand: &mut AtHand) {
        let Some(oid) = self.inside.last() else {
            return;
        };
        let plain = self
            .catalog
            .inside(*oid)
            .is_some_and(|i| matches!(i.body, Body::Sql(_) | Body::Parsed(_)));
        match self.catalog.function(*oid).filter(|_| plain) {
            Some(function) if !function.arguments.iter().any(|oid| is_any(*oid)) => {
                function.arguments.iter().for_each(|oid| at_hand.add(*oid));
            }
            _ => at_hand.add_all(),
        }
    }

    /// Adds the types of a relation's columns.
    fn add_columns(&self, object: &Object, at_hand: &mut AtHand) {
        if let Object::Table(schema, name) = object {
            match self.catalog.relation(schema, name) {
                Some(relation) => relation
                    .columns
                    .iter()
                    .for_each(|c| at_hand.add(c.type_oid)),
                None => at_hand.add_all(),
            }
        }
    }

    /// Adds the types of values that come to be in the statement: by casts and calls.
    fn add_made(&self, at_hand: &mut AtHand) {
        for name in &self.cast_types {
            for oid in self.catalog.types().named(name) {
                at_hand.add(*oid);
            }
            for relation in self.catalog.relations_named(name) {
                for column in relation.columns.iter() {
                    at_hand.add(column.type_oid);
                }
            }
        }
        for used in &self.functions {
            for function in self.catalog.functions(&used.name) {
                if function.schema == used.schema && !function.builtin {
                    at_hand.add(function.result);
                    function.arguments.iter().for_each(|oid| at_hand.add(*oid));
                }
            }
        }
    }

    /// Whether anything that was not called by its name can run a function that cannot be looked into: operators, casts that
    /// nobody wrote, checks of domains.
    pub fn settle_types(&mut self) {
        let types = self.catalog.types();
        if !types.opaque {
            return;
        }
        let mut at_hand = self.types_at_hand();
        if let Some(name) = types.opaque_operator(&self.operators, self.parameters, &mut at_hand) {
            let name = name.to_owned();
            self.user_operator("", &name);
        }
        let mut made = AtHand::default();
        if self.untyped {
            made.add_all();
        }
        self.add_made(&mut made);
        let mut stores = false;
        for need in &self.needs {
            if matches!(
                need.action,
                Action::Insert | Action::Update | Action::Merge | Action::CopyIn
            ) {
                stores = true;
                self.add_columns(&need.object, &mut made);
            }
        }
        let unasked = types
            .opaque_cast(stores, &at_hand)
            .or_else(|| types.opaque_domain(&made));
        if let Some(name) = unasked {
            self.opaque(|| format!("making a value a {name} cannot be looked into"));
            self.opaque_call("", name);
            let given: Vec<_> = self.uses.iter().map(|(key, _)| *key).collect();
            self.record_keys(&given, Place::Stored);
        }
    }

    /// A call of the function behind an operator, which is not known.
    fn user_operator(&mut self, schema: &str, name: &str) {
        self.opaque(|| match schema {
            "" => format!("operator {name} may be one that cannot be looked into"),
            _ => format!("operator {schema}.{name} cannot be looked into"),
        });
        self.opaque_call(schema, name);
    }

    /// Records a call that may do anything.
    fn opaque_call(&mut self, schema: &str, name: &str) {
        let (schema, name) = (schema.to_owned(), name.to_owned());
        self.need(Action::Call, Object::Function(schema.clone(), name.clone()));
        self.functions.push(FunctionUse {
            schema,
            name,
            volatility: Volatility::Unknown,
            kind: FunctionKind::Opaque,
        });
        self.may_change_settings();
        self.blind = false;
    }

    /// A cast to a type to which there is a cast by a function of the user's. A string literal has no type to cast
    /// from: the type's own input reads it.
    pub fn user_cast(&mut self, inner: &Expr, target: &[String], value: &Value) {
        let name = canonical(target.last().map_or("", |n| n.as_str()));
        if !self.cast_types.iter().any(|known| known == name) {
            self.cast_types.push(name.to_owned());
        }
        let types = self.catalog.types();
        let written = matches!(inner, Expr::Literal(Literal::String(_) | Literal::Null));
        if written || !types.casts_to(name).any(|c| c.opaque) {
            return;
        }
        let at_hand = self.types_at_hand();
        if types
            .casts_to(name)
            .any(|c| c.opaque && types.can_be(c.source, &at_hand))
        {
            self.opaque(|| format!("a cast to {name} cannot be looked into"));
            self.opaque_call("", name);
            self.record(value, Place::Stored);
        }
    }
}

/// A type's name in `pg_type` for the name the grammar has for it, by its first word.
pub(crate) fn canonical(name: &str) -> &str {
    match name {
        "int" | "integer" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "real" => "float4",
        "float" | "double" => "float8",
        "boolean" => "bool",
        "decimal" | "dec" => "numeric",
        "character" => "bpchar",
        other => other,
    }
}
