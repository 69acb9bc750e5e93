//! Expressions: what their value can depend on.
//!
//! Owns: [`Analyzer::value`], calls and casts. Refuses: to record where a value goes; whoever asked for it does.

use crate::analyzer::Analyzer;
use crate::bodies;
use crate::budget;
use crate::calls::Given;
use crate::catalog::Function;
use crate::facts::{Action, Column, Flag, FunctionKind, FunctionUse, Object, Place, Volatility};
use crate::form::{Call, Expr};
use crate::functions::{self, Effect};
use crate::names::{Found, Value, add};
use crate::settings::SettingChange;
use crate::types::Sides;

/// Types whose input takes names: a literal of such a type names an object.
const NAME_TYPES: &[&str] = &[
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
];

/// Other types of the server's whose name is commonly called, and is no function's.
const CALLED_TYPES: &[&str] = &["cidr", "inet", "jsonpath", "tsquery", "tsvector", "uuid"];

/// Types whose literals are values and nothing else.
const VALUE_TYPES: &[&str] = &[
    "bigint",
    "bool",
    "boolean",
    "bpchar",
    "bytea",
    "char",
    "character",
    "date",
    "decimal",
    "double",
    "float",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
    "varchar",
];

impl Analyzer<'_> {
    /// What the value of an expression can depend on. Subqueries in it record their own predicates.
    pub fn value(&mut self, expr: &Expr) -> Value {
        budget::spend(1);
        if budget::is_spent() {
            return Value::none();
        }
        match expr {
            Expr::Column(path) => self.column(path),
            Expr::RowOf(path) => {
                let (schema, table) = match path.as_slice() {
                    [table] => (None, table.as_str()),
                    [.., schema, table] => (Some(schema.as_str()), table.as_str()),
                    [] => return Value::none(),
                };
                self.whole_row(schema, table)
                    .unwrap_or_else(|| self.column(path).computed())
            }
            Expr::Param(_) => {
                self.parameters = true;
                Value::none()
            }
            Expr::Literal(_) | Expr::Default => Value::none(),
            Expr::Call(call) => self.call(call),
            Expr::Cast(inner, target) => self.cast(inner, target),
            Expr::Equal(left, right) => {
                let sides = self.sides(left, right);
                self.met("=", sides);
                self.operands([left.as_ref(), right.as_ref()], sides != Sides::Typed)
            }
            Expr::In(left, list) => {
                let sides = self.beside_each(left, list);
                self.met("=", sides);
                let all = std::iter::once(left.as_ref()).chain(list);
                self.operands(all, sides != Sides::Typed)
            }
            Expr::InQuery(left, query) => {
                let sides = self.beside_query(left);
                self.met("=", sides);
                let mut value = self.values([left.as_ref()]);
                let columns = self.query(query);
                let shown = Value::of(columns.all());
                if sides != Sides::Typed {
                    self.makes(&Expr::Default, &shown, false);
                }
                value.absorb(&shown);
                value
            }
            Expr::And(parts) | Expr::Or(parts) => self.values(parts),
            Expr::Not(inner) => {
                if matches!(inner.as_ref(), Expr::In(..) | Expr::InQuery(..)) {
                    self.bare_operator("<>");
                }
                self.values([inner.as_ref()])
            }
            Expr::Subquery(query) | Expr::ArrayQuery(query) => {
                let columns = self.query(query);
                Value::of(columns.all())
            }
            Expr::Exists(query) => {
                self.nested += 1;
                self.query(query);
                self.nested -= 1;
                Value::none()
            }
            Expr::Row(parts) | Expr::Array(parts) => self.values(parts),
            Expr::Mix(parts) => self.mix(parts),
            Expr::Case(parts, otherwise) => {
                let sides = parts.iter().map(|p| self.known_as(p)).max();
                self.met("=", sides.unwrap_or(Sides::Typed));
                let loose = sides.is_some_and(|s| s != Sides::Typed);
                self.operands(parts.iter().chain(otherwise.as_deref()), loose)
            }
            Expr::Field(inner, name) => self.field(inner, name.as_deref()),
            Expr::Operator(path) => {
                self.operator(path);
                Value::none()
            }
        }
    }

    /// Computed from several expressions.
    pub fn values<'e>(&mut self, parts: impl IntoIterator<Item = &'e Expr>) -> Value {
        let mut value = Value::none();
        for part in parts {
            let next = self.value(part);
            value.absorb(&next);
        }
        value
    }

    /// Operators and what is between them.
    fn mix(&mut self, parts: &[Expr]) -> Value {
        let literal = parts.iter().any(|p| matches!(p, Expr::Literal(_)));
        let access = parts.iter().any(
            |p| matches!(p, Expr::Operator(path) if !matches!(path.as_slice(), [o] if functions::value_operator(o))),
        );
        if literal && access {
            self.blind = false;
        }
        let loose = self.mixed(parts);
        self.operands(parts, loose)
    }

    /// `x::t`. A cast by a function of the user's is a call of it: by custom it has the type's name.
    fn cast(&mut self, inner: &Expr, target: &[String]) -> Value {
        let name = target.last().map_or("", |n| n.as_str());
        if !matches!(inner, Expr::Column(_) | Expr::Param(_)) {
            let known = VALUE_TYPES.contains(&name) && !NAME_TYPES.contains(&name);
            self.blind &= known;
        }
        let mut value = self.value(inner).computed();
        self.user_cast(inner, target, &value);
        let own = target.len() == 1 && (VALUE_TYPES.contains(&name) || NAME_TYPES.contains(&name));
        if !own {
            let resolved = functions::resolve(target, self.catalog, &self.settings.search_path);
            if resolved.candidates.iter().any(|f| !f.builtin) {
                self.call_by_name(target, &mut value, Given::one(inner, self));
            }
        }
        value
    }

    /// `(x).name` and `(x).*`.
    fn field(&mut self, inner: &Expr, name: Option<&str>) -> Value {
        if let (Expr::Column(path), Some(name)) = (inner, name)
            && let [table] = path.as_slice()
            && self.is_row(table)
        {
            return self.column(&[table.clone(), name.to_owned()]).computed();
        }
        let mut value = self.value(inner).computed();
        if let Some(name) = name {
            self.functional(name, inner, &mut value, Given::one(inner, self));
        }
        value
    }

    /// `(x).f` and `t.f` are `f(x)` where there is no field f, whatever x is: a call of anybody's function of one argument,
    /// the server's own among them, or a cast to a type of that name (PostgreSQL manual, 8.16.5 and 10.3).
    pub fn functional(&mut self, name: &str, inner: &Expr, value: &mut Value, given: Given) {
        let path = [name.to_owned()];
        let resolved = functions::resolve(&path, self.catalog, &self.settings.search_path);
        if resolved.candidates.iter().any(|f| f.takes(1, 0)) {
            self.blind = false;
            self.call_by_name(&path, value, given);
            if functions::gives_rows(name) {
                self.ordered(value);
            }
        }
        self.user_cast(inner, &path, value);
    }

    /// Whether a bare name is a relation in scope, and no column.
    pub fn is_row(&self, name: &str) -> bool {
        for level in self.levels.iter().rev().filter(|l| !l.hidden) {
            let mut found = vec![];
            let mut rels = vec![];
            for item in &level.items {
                item.column(name, &mut found);
                item.relation(None, name, &mut rels);
            }
            if found.iter().any(|f| matches!(f, Found::Column(_))) {
                return false;
            }
            if !rels.is_empty() {
                return true;
            }
        }
        false
    }

    /// `regtype('x')`: with one argument, and the name of a type where no function is called so, it is a cast of this
    /// argument (PostgreSQL manual, 10.3 "Functions").
    fn is_cast<'e>(&self, call: &'e Call) -> Option<&'e Expr> {
        let ([argument], [], [name]) = (
            call.args.as_slice(),
            call.extra.as_slice(),
            call.name.as_slice(),
        ) else {
            return None;
        };
        let named = NAME_TYPES.contains(&name.as_str()) || CALLED_TYPES.contains(&name.as_str());
        let resolved = functions::resolve(&call.name, self.catalog, &self.settings.search_path);
        (named && resolved.candidates.is_empty()).then_some(argument)
    }

    /// A call.
    pub fn call(&mut self, call: &Call) -> Value {
        if let Some(argument) = self.is_cast(call) {
            return self.cast(argument, &call.name);
        }
        let name = call.name.last().map_or("", |n| n.as_str());
        if let Some(value) = self.field_as_call(call) {
            return value;
        }
        // What these give has a type that the form does not keep.
        if functions::names_a_type(name) {
            self.untyped = true;
            self.blind = false;
        }
        let simple = |e: &Expr| matches!(e, Expr::Column(_) | Expr::Param(_) | Expr::RowOf(_));
        if !(functions::value_only(name) || call.args.iter().all(simple))
            || call.extra.iter().any(|e| matches!(e, Expr::Literal(_)))
        {
            self.blind = false;
        }
        let mut value = self.arguments(call);
        let extra = self.values(&call.extra);
        // OVER sorts the rows by what it parts and orders them by, and they come out so (PostgreSQL manual, 7.2.5). The form
        // does not tell it from FILTER and WITHIN GROUP.
        self.ordered(&extra);
        value.absorb(&extra);
        if !self.windows.is_empty() {
            add(&mut value.deps, &self.windows);
        }
        if self.call_by_name(&call.name, &mut value, Given::of(call, self)) == Effect::Setting {
            self.set_config(&call.args);
        }
        if functions::gives_rows(name) {
            // In a select list, too, each row becomes as many as it gives.
            self.ordered(&value);
        }
        value
    }

    /// Records the call of a function by name, with what its arguments depend on. Gives the strictest effect of those it
    /// can be.
    pub fn call_by_name(&mut self, path: &[String], args: &mut Value, given: Given) -> Effect {
        let name = path.last().cloned().unwrap_or_default();
        let resolved = functions::resolve(path, self.catalog, &self.settings.search_path);
        if resolved.syntax {
            self.functions.push(FunctionUse {
                schema: "pg_catalog".to_owned(),
                name,
                volatility: Volatility::Stable,
                kind: FunctionKind::Harmless,
            });
            return Effect::Harmless;
        }
        if resolved.candidates.is_empty() {
            let schema = if let [.., schema, _] = path {
                schema.clone()
            } else {
                String::new()
            };
            self.unresolved();
            self.opaque(|| format!("function {name} is not known"));
            self.need(Action::Call, Object::Function(schema.clone(), name.clone()));
            self.functions.push(FunctionUse {
                schema,
                name,
                volatility: Volatility::Unknown,
                kind: FunctionKind::Opaque,
            });
            self.record(args, Place::Stored);
            self.may_change_settings();
            return Effect::Reveals;
        }
        let mut strictest = Effect::Harmless;
        for function in self.narrowed(resolved.candidates, given) {
            let effect = match functions::effect(function) {
                Effect::Reveals if !function.builtin => self.seen_through(function, args),
                effect => effect,
            };
            strictest = strictest.max(effect);
            if !function.builtin && (function.rows || self.nested > 0 && self.depth == 0) {
                // As many rows as it gives; and an error of its own would tell, asked for or not.
                self.ordered(args);
            }
            let kind = match effect {
                Effect::Harmless | Effect::Activity | Effect::Setting => FunctionKind::Harmless,
                Effect::Acts | Effect::Admin | Effect::Reveals | Effect::ServerFile => {
                    FunctionKind::Opaque
                }
            };
            self.note_function(FunctionUse {
                schema: function.schema.clone(),
                name: name.clone(),
                volatility: function.volatility,
                kind,
            });
            if kind == FunctionKind::Opaque {
                self.need(
                    Action::Call,
                    Object::Function(function.schema.clone(), name.clone()),
                );
            }
            if matches!(effect, Effect::Admin | Effect::ServerFile) {
                self.need(
                    Action::Admin,
                    Object::Function(function.schema.clone(), name.clone()),
                );
            }
            if matches!(effect, Effect::Reveals | Effect::ServerFile) {
                let schema = &function.schema;
                self.opaque(|| format!("function {schema}.{name} cannot be looked into"));
                if !function.builtin {
                    // Its body may set what it likes for the session, whatever its volatility says: set_config is no write.
                    self.may_change_settings();
                }
            }
        }
        match strictest {
            Effect::Harmless => {}
            Effect::Activity => self.flag(Flag::RevealsData),
            Effect::Setting | Effect::Acts | Effect::Admin | Effect::Reveals => {
                self.record(args, Place::Stored);
                self.blind = false;
            }
            Effect::ServerFile => {
                self.flag(Flag::ServerFile);
                self.record(args, Place::Stored);
                self.blind = false;
            }
        }
        strictest
    }

    /// What the body of a function of the users' does, if it can be looked into: it is recorded, and the result depends on what is
    /// read there. Volatile, it has an effect by its own account.
    fn seen_through(&mut self, function: &Function, args: &mut Value) -> Effect {
        self.ran_bodies = true;
        let Some(seen) = bodies::look(function, self.catalog, self.settings, &self.inside) else {
            return Effect::Reveals;
        };
        for need in &seen.needs {
            self.need(need.action, need.object.clone());
        }
        let key = |analyzer: &mut Self, c: &Column| analyzer.name(&c.schema, &c.table, &c.column);
        for used in &seen.uses {
            let at = key(self, &used.column);
            self.uses.push((at, used.place));
        }
        let shown = seen.shows.iter().map(|c| key(self, c)).collect();
        args.absorb(&Value::of(shown));
        self.functions.extend(seen.functions.iter().cloned());
        for flag in &seen.flags {
            self.flag(*flag);
        }
        let acts = seen.needs.iter().any(|n| n.action.has_effect());
        match function.volatility {
            Volatility::Immutable | Volatility::Stable if !acts => Effect::Harmless,
            _ if seen.harmless => Effect::Harmless,
            _ => Effect::Acts,
        }
    }

    /// Records that the search path may be another one afterwards.
    pub fn may_change_settings(&mut self) {
        if !self.changes.contains(&SettingChange::AskServer) {
            self.changes.push(SettingChange::AskServer);
        }
    }

    /// Records a function; of its overloads the most volatile and the strictest.
    fn note_function(&mut self, used: FunctionUse) {
        match self
            .functions
            .iter_mut()
            .find(|f| f.schema == used.schema && f.name == used.name)
        {
            Some(known) => {
                known.volatility = known.volatility.max(used.volatility);
                known.kind = known.kind.max(used.kind);
            }
            None => self.functions.push(used),
        }
    }
}
