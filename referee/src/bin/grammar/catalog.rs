//! What only the catalog can tell: columns, functions in the clothes of columns, the user's operators and casts.
//!
//! Owns: the demands that follow from them. Refuses: to demand a column that the statement may have made itself.

use sql::catalog::{Function, Relation};
use sql::facts::{Action, Volatility};

use crate::demand::{Demand, Name};
use crate::names::{Visible, name_of_path};
use crate::told::Walk;
use crate::tree::Node;

impl Walk<'_> {
    /// A column by name, if one of the statement's relations has it and the statement gives that name to nothing else.
    pub fn column(&mut self, node: &Node) {
        let path = node.strings("fields");
        let star = node.nodes("fields").iter().any(|f| f.name == "AStar");
        let Some(last) = path.last() else { return };
        if star
            || !self.columns
            || matches!(path.as_slice(), ["excluded" | "old" | "new", _])
            || self.made.iter().any(|m| m == last)
        {
            return;
        }
        let here = |(visible, _): &&Visible| match path.as_slice() {
            [.., qualifier, _] => visible == qualifier,
            _ => true,
        };
        let visible: Vec<&Visible> = self.levels.iter().flatten().filter(here).collect();
        let has = |(_, name): &&Visible| self.has_column(name, last);
        if visible.iter().any(has) {
            self.demand(Demand::Column((*last).to_owned()));
        } else if path.len() > 1
            && visible.iter().any(|(_, n)| self.knows(n))
            && self.acts_on_one(last)
        {
            // `t.f` is `f(t)` where t has no such column.
            self.demand(Demand::Function(name_of_path(&[last])));
        }
    }

    pub fn knows(&self, relation: &Name) -> bool {
        self.known(relation).is_some()
    }

    fn known(&self, name: &Name) -> Option<&Relation> {
        let schema = match name.schema.as_str() {
            "" => self
                .catalog
                .relation("pg_catalog", &name.name)
                .map_or("public", |_| "pg_catalog"),
            schema => schema,
        };
        self.catalog.relation(schema, &name.name)
    }

    pub fn has_column(&self, relation: &Name, column: &str) -> bool {
        self.known(relation)
            .is_some_and(|r| r.columns.iter().any(|c| c.name == column))
    }

    /// `f(t)` is `t.f` where no function is called so, and t is a table known to have such a column, or a query.
    pub fn is_field(&self, path: &[&str], node: &Node) -> bool {
        let arguments = node.nodes("args");
        let ([name], [argument]) = (path, arguments.as_slice()) else {
            return false;
        };
        let fields = argument.strings("fields");
        let [table] = fields.as_slice() else {
            return false;
        };
        let mut named = self.levels.iter().flatten().filter(|(v, _)| v == table);
        argument.name == "ColumnRef"
            && self.catalog.functions(name).is_empty()
            && match named.next() {
                Some((_, relation)) => self.has_column(relation, name),
                // Outside of queries the table is the one that is defined.
                None => {
                    let own = |r: &Name| r.name == *table && self.has_column(r, name);
                    self.made.iter().any(|m| m == table) || self.relations.iter().any(own)
                }
            }
    }

    /// Whether `(x).f` can be a call that matters: of a function of the users', or of the server's own that is volatile.
    pub fn acts_on_one(&self, name: &str) -> bool {
        let volatile = |f: &Function| f.volatility == Volatility::Volatile && f.takes(1, 0);
        self.is_users_function(name) || self.catalog.functions(name).iter().any(volatile)
    }

    fn is_users_function(&self, name: &str) -> bool {
        let all = self.catalog.functions(name);
        !all.is_empty() && all.iter().all(|f| f.schema == "public")
    }

    /// An operator of the user's, by the list of names that a node gives.
    pub fn operator(&mut self, path: &[&str]) {
        let users = match path {
            [.., schema, _] if *schema == "pg_catalog" => false,
            [_, _, ..] => true,
            [name] => self.catalog.has_user_operator(name),
            [] => false,
        };
        if users {
            self.demand(Demand::Does(&[Action::Call]));
        }
    }

    /// A cast to a type for which the user has a cast of her own. What is written as a string has no type yet.
    pub fn cast(&mut self, node: &Node) {
        let name = node.node("type_name").map(|t| t.strings("names"));
        let written = node.node("arg").is_some_and(|a| {
            a.name == "AConst"
                && (a.text("isnull") == "true" || a.node("val").is_some_and(|v| v.name == "String"))
        });
        if let Some(name) = name.as_ref().and_then(|n| n.last())
            && self.catalog.has_user_cast(name)
            && !written
        {
            self.demand(Demand::Does(&[Action::Call]));
        }
    }
}
