//! Operators and casts: which of them run a function of the user's.
//!
//! Owns: the question whether an operator as written, or as implied by a keyword, can be one of those in the catalog's
//! list; the same for casts. Refuses: to resolve an operator by the types of its operands. What could be the user's, is.

use crate::analyzer::Analyzer;
use crate::facts::{Action, FunctionKind, FunctionUse, Object, Place, Volatility};
use crate::form::{Expr, Literal};
use crate::names::Value;

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

    /// An operator without a schema, written or implied.
    pub fn bare_operator(&mut self, name: &str) {
        if self.catalog.has_user_operator(name) {
            self.user_operator("", name);
        }
    }

    /// What keywords between operands could stand for.
    pub fn implied_operators(&mut self) {
        if !self.catalog.has_user_operators() {
            return;
        }
        for name in IMPLIED {
            self.bare_operator(name);
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
        let name = target.last().map_or("", |n| n.as_str());
        if matches!(inner, Expr::Literal(Literal::String(_) | Literal::Null))
            || !self.catalog.has_user_cast(canonical(name))
        {
            return;
        }
        self.opaque(|| format!("a cast to {name} cannot be looked into"));
        self.opaque_call("", name);
        self.record(value, Place::Stored);
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
