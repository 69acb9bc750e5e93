//! Names in a tree, and small questions to a node.
//!
//! Owns: [`Names`], the names that a statement gives and uses; options of EXPLAIN. Refuses: scopes; the walk has them.

use crate::demand::Name;
use crate::tree::{Node, Value};

/// Whether it is about a type, whose name stands where a relation's does.
pub fn is_of_type(node: &Node) -> bool {
    [
        node.text("objtype"),
        node.text("rename_type"),
        node.text("relation_type"),
    ]
    .contains(&"ObjectType")
}

/// The last ANALYZE among an EXPLAIN's options decides.
pub fn analyzes(node: &Node) -> bool {
    node.nodes("options")
        .iter()
        .filter(|o| o.text("defname") == "analyze")
        .next_back()
        .is_some_and(|option| match option.node("arg") {
            None => true,
            Some(arg) => match (arg.name, arg.text("sval"), arg.text("ival")) {
                ("String", text, _) => {
                    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("on")
                }
                ("Integer", _, number) => number == "1",
                _ => false,
            },
        })
}

/// Whether an item of the select list, or of ORDER BY, has a window.
pub fn has_window(node: &Node) -> bool {
    fn windowed(node: &Node) -> bool {
        node.node("over").is_some()
            || node
                .fields
                .iter()
                .any(|(_, v)| v.nodes().into_iter().any(windowed))
    }
    ["target_list", "sort_clause"]
        .iter()
        .any(|field| node.nodes(field).into_iter().any(windowed))
}

/// Whether a condition has a column, a cursor or a query in it.
pub fn has_column(node: &Node) -> bool {
    matches!(node.name, "ColumnRef" | "CurrentOfExpr" | "SubLink")
        || node
            .fields
            .iter()
            .any(|(_, v)| v.nodes().into_iter().any(has_column))
}

impl Value<'_> {
    /// The relations in FROM, not those in its queries.
    pub fn relations(&self, found: &mut Vec<Visible>) {
        for node in self.nodes() {
            match node.name {
                "RangeVar" => {
                    let name = name_of(node);
                    let alias = node.node("alias").map(|a| a.text("aliasname"));
                    found.push((alias.unwrap_or(&name.name).to_owned(), name));
                }
                "JoinExpr" => {
                    node.field("larg").relations(found);
                    node.field("rarg").relations(found);
                }
                "RangeTableSample" => node.field("relation").relations(found),
                _ => {}
            }
        }
    }
}

pub fn name_of(node: &Node) -> Name {
    Name {
        schema: node.text("schemaname").to_owned(),
        name: node.text("relname").to_owned(),
    }
}

pub fn name_of_path(path: &[&str]) -> Name {
    let mut parts = path.iter().rev();
    Name {
        name: parts.next().map_or(String::new(), |n| (*n).to_owned()),
        schema: parts.next().map_or(String::new(), |n| (*n).to_owned()),
    }
}

/// A relation under the name it has in its query.
pub type Visible = (String, Name);

/// Names in a statement: those it gives to columns, and its relations.
#[derive(Default)]
pub struct Names {
    pub made: Vec<String>,
    pub relations: Vec<Name>,
}

impl Names {
    pub fn gather(&mut self, node: &Node) {
        let mut add = |name: &str| self.made.push(name.to_owned());
        match node.name {
            // What it names has to be in FROM.
            "LockingClause" => return,
            "RangeVar" => self.relations.push(name_of(node)),
            "Alias" => {
                add(node.text("aliasname"));
                node.strings("colnames").into_iter().for_each(add);
            }
            "CommonTableExpr" => {
                node.strings("aliascolnames").into_iter().for_each(add);
            }
            "IntoClause" => node.strings("col_names").into_iter().for_each(add),
            "ColumnDef" | "RangeTableFuncCol" => add(node.text("colname")),
            "JsonTableColumn" => add(node.text("name")),
            "FuncCall" => node.strings("funcname").into_iter().for_each(add),
            "TypeName" => node.strings("names").into_iter().for_each(add),
            "CtesearchClause" => add(node.text("search_seq_column")),
            "CtecycleClause" => {
                add(node.text("cycle_mark_column"));
                add(node.text("cycle_path_column"));
            }
            "SelectStmt" => {
                for target in node.nodes("target_list") {
                    self.made.push(target.text("name").to_owned());
                }
            }
            _ => {}
        }
        for (_, value) in &node.fields {
            for child in value.nodes() {
                self.gather(child);
            }
        }
    }
}
