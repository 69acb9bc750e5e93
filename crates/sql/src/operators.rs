//! Operators and casts: which of them run a function of the user's.
//!
//! Owns: the question whether an operator as written, or as implied by a keyword, can be one of those in the catalog's
//! list; the same for casts, written or not, and for domains. Refuses: to resolve an operator by the types of its operands:
//! where a user's could apply to types that are at hand in the statement, it does.

use crate::analyzer::Analyzer;
use crate::bodies::Body;
use crate::budget;
use crate::facts::{Action, Flag, FunctionKind, FunctionUse, Object, Place, Volatility};
use crate::form::Expr;
use crate::names::Value;
use crate::types::{Asks, AtHand, FIRST_NORMAL_OID, Sides, is_any};

/// The type record, and what a variable is declared that is one.
const RECORD: u32 = 2249;
pub(crate) const RECORDS: &str = "record";

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
        self.met(name, Sides::Typed);
    }

    /// The same, with what is known of its operands.
    pub fn met(&mut self, name: &str, sides: Sides) {
        if self.catalog.types().operators(name).is_empty() {
            return;
        }
        match self.operators.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = (*known).max(sides),
            None => self.operators.push((name.to_owned(), sides)),
        }
    }

    /// What keywords between operands could stand for.
    pub fn implied_operators(&mut self, sides: Sides) {
        if !self.catalog.types().has_operators() {
            return;
        }
        for name in IMPLIED {
            self.met(name, sides);
        }
    }

    /// The types that values in the statement can be of: those of the columns of each relation it names, of what it calls,
    /// and those it casts to.
    pub fn gathered_types(&self) -> AtHand {
        let mut at_hand = self.asked_types();
        self.catalog.types().spread(&mut at_hand);
        at_hand
    }

    /// Those among them that the statement itself brings along.
    fn asked_types(&self) -> AtHand {
        budget::spend(self.needs.len() + self.functions.len() + self.cast_types.len());
        let mut at_hand = AtHand::default();
        let unknown = self.flags.contains(&Flag::UnresolvedName);
        if self.untyped || unknown && self.inside.is_empty() {
            at_hand.add_all();
            return at_hand;
        }
        if unknown || self.parameters {
            self.add_arguments(&mut at_hand);
        }
        // What is created is not yet what has the name now.
        for need in self.needs.iter().filter(|n| n.action != Action::Create) {
            self.add_columns(&need.object, &mut at_hand);
        }
        self.add_made(&mut at_hand);
        at_hand
    }

    /// The types that values are asked to be of: those that the statement brings along, and what operators of the names in it
    /// take and give.
    fn wanted_types(&self, made: &AtHand) -> AtHand {
        let types = self.catalog.types();
        let mut wanted = self.asked_types();
        wanted.add_these(made);
        if self.making.defines {
            wanted.add_all();
        }
        for (name, _) in &self.operators {
            for one in types.operators(name) {
                let around = [one.operands[0], one.operands[1], one.result];
                around.iter().for_each(|oid| wanted.add(*oid));
            }
        }
        types.gather(&mut wanted);
        wanted
    }

    /// Adds the types of the arguments and variables of the function whose body this is: there they are what an unknown name
    /// stands for. Outside of any, a parameter's type is what is around it.
    pub fn add_arguments(&self, at_hand: &mut AtHand) {
        let Some(oid) = self.inside.last() else {
            return;
        };
        let mut body = self.catalog.inside(*oid).map(|i| &i.body).into_iter();
        let told = body.any(|b| matches!(b, Body::Sql(_) | Body::Parsed(_) | Body::Plpgsql(_)));
        match self.catalog.function(*oid).filter(|_| told) {
            Some(function) if !function.arguments.iter().any(|oid| is_any(*oid)) => {
                let types = function.arguments.iter().chain(&function.given);
                types.for_each(|oid| at_hand.add(*oid));
            }
            _ => at_hand.add_all(),
        }
        // A record is of whatever is put into it.
        if self.variables.iter().any(|name| name == RECORDS) {
            at_hand.add_all();
        }
        self.add_variables(at_hand);
    }

    /// Adds the types of variables, but for records: what they are of is what the body reads.
    fn add_variables(&self, at_hand: &mut AtHand) {
        for name in &self.variables {
            self.catalog.add_named(name, at_hand);
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

    /// Adds the types of values that come to be in the statement: by casts, calls and declarations.
    fn add_made(&self, at_hand: &mut AtHand) {
        for name in &self.cast_types {
            self.catalog.add_named(name, at_hand);
        }
        self.add_variables(at_hand);
        // A body's own: its last query becomes the result, a default the argument.
        let own = self.inside.last();
        if let Some(function) = own.and_then(|oid| self.catalog.function(*oid)) {
            let types = function.arguments.iter().chain(&function.given);
            types.for_each(|oid| at_hand.add(*oid));
            at_hand.add(function.result);
        }
        let declared = self.settings.declared.iter();
        declared.for_each(|oid| at_hand.add(*oid));
        for used in &self.functions {
            for function in self.catalog.functions(&used.name) {
                if function.schema == used.schema && !function.builtin {
                    let types = function.arguments.iter().chain(&function.given);
                    types.for_each(|oid| at_hand.add(*oid));
                    at_hand.add(function.result);
                    let own = function.oid >= FIRST_NORMAL_OID;
                    if own && function.result == RECORD && function.given.is_empty() {
                        // The text says beside the call of what types the columns are; the form does not keep them.
                        at_hand.add_all();
                    }
                }
            }
        }
    }

    /// Whether anything that was not called by its name can run a function that cannot be looked into: operators, casts that
    /// nobody wrote, casts under whatever name, checks of domains.
    pub fn settle_types(&mut self) {
        let types = self.catalog.types();
        if self.settings.declared.iter().any(|oid| !types.has(*oid)) {
            // A type that nobody has heard of yet.
            self.unresolved();
        }
        if !types.opaque {
            return;
        }
        let mut at_hand = self.types_at_hand();
        let mut made = std::mem::take(&mut self.making.made);
        if self.untyped {
            made.add_all();
        }
        if let Some(name) =
            types.opaque_operator(&self.operators, self.parameters, &mut at_hand, &mut made)
        {
            let name = name.to_owned();
            self.user_operator("", &name);
        }
        self.add_made(&mut made);
        // What a function gives is stored in its result, and what its body sets in a variable; EXECUTE stores in parameters, whose
        // types are those that the text with the parameters gives them. Of what is not known, it gives none.
        let mut stores = !self.inside.is_empty() || self.making.executes;
        stores |= self.parameters && !self.flags.contains(&Flag::UnresolvedName);
        for need in &self.needs {
            if matches!(
                need.action,
                Action::Insert | Action::Update | Action::Merge | Action::CopyIn
            ) {
                stores = true;
                self.add_columns(&need.object, &mut made);
            }
        }
        let asks = Asks {
            stores,
            json: self.functions.iter().any(|f| f.name.contains("json")),
            texts: self.making.texts,
        };
        let unasked = types
            .opaque_cast(asks, &at_hand, &self.wanted_types(&made))
            .or_else(|| types.opaque_domain(&made))
            .or_else(|| self.opaque_written(&made));
        if let Some(name) = unasked.map(str::to_owned) {
            self.opaque(|| format!("making a value a {name} cannot be looked into"));
            self.opaque_call("", &name);
            let given: Vec<_> = self.uses.iter().map(|(key, _)| *key).collect();
            self.record_keys(&given, Place::Stored);
        }
    }

    /// Whether a cast that is written can be one by a function of the user's.
    fn opaque_written(&self, made: &AtHand) -> Option<&str> {
        let mut from = self.making.cast.clone()?;
        let types = self.catalog.types();
        from.add_these(made);
        if self.parameters {
            self.add_arguments(&mut from);
        }
        types.spread(&mut from);
        types.opaque_written(&self.cast_types, &from, made)
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

    /// A cast that is written. Whether it can be one by a function of the user's is asked at the end.
    pub fn user_cast(&mut self, inner: &Expr, target: &[String], value: &Value) {
        let name = canonical(target.last().map_or("", |n| n.as_str()));
        if !self.cast_types.iter().any(|known| known == name) {
            self.cast_types.push(name.to_owned());
        }
        if self.catalog.types().opaque {
            self.casts(inner, value);
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
