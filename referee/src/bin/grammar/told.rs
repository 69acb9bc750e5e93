//! What the real grammar says that a statement does.
//!
//! Owns: the walk over every node of a statement's tree, with common tables in their scopes, and the demands that follow.
//! Refuses: to leave a node out; what has no rule of its own is walked for what is in it.

use sql::Catalog;
use sql::facts::{Action, Class, Flag, Transaction};

use crate::demand::{Demand, Name};
use crate::names::{
    Names, Visible, analyzes, has_column, has_window, is_of_type, name_of, name_of_path,
};
use crate::rules::{CALLED_TYPES, DEFINES, WATCHED, does, target};
use crate::tree::{Node, Value};

/// The demands of one statement.
pub fn demands(statement: &Node, catalog: &Catalog) -> Vec<Demand> {
    let mut names = Names::default();
    names.gather(statement);
    let mut walk = Walk {
        catalog,
        demands: vec![],
        commons: vec![],
        planned: false,
        explained: false,
        later: false,
        unasked: false,
        columns: true,
        made: names.made,
        relations: names.relations,
        levels: vec![],
    };
    if statement.name == "SelectStmt" {
        walk.demand(Demand::Class(Class::Read));
    }
    walk.node(statement);
    walk.demands
}

/// Where the walk is.
pub struct Walk<'a> {
    pub catalog: &'a Catalog,
    demands: Vec<Demand>,
    /// Names of common tables in scope.
    commons: Vec<Vec<String>>,
    /// Inside EXPLAIN without ANALYZE: nothing is done.
    planned: bool,
    /// Inside any EXPLAIN: a cursor is not declared.
    explained: bool,
    /// Inside a body that is run later, by name.
    later: bool,
    /// In a query whose columns nobody need ask for.
    unasked: bool,
    /// Columns are asked about: in queries and writes, not in definitions.
    pub columns: bool,
    /// Names that the statement itself gives to columns.
    pub made: Vec<String>,
    /// Relations named.
    pub relations: Vec<Name>,
    /// Those whose columns can be named here, outermost first.
    pub levels: Vec<Vec<Visible>>,
}

impl Walk<'_> {
    pub fn demand(&mut self, demand: Demand) {
        if !self.later && !self.demands.contains(&demand) {
            self.demands.push(demand);
        }
    }

    fn does(&mut self, actions: &'static [Action]) {
        if !self.planned && !actions.is_empty() {
            self.demand(Demand::Does(actions));
        }
    }

    fn node(&mut self, node: &Node) {
        if node.name.ends_with("Stmt") && node.name != "PlassignStmt" {
            match does(node.name) {
                None => self.demand(Demand::Rule(node.name.to_owned())),
                Some(actions) => self.does(actions),
            }
        }
        let scopes = self.commons.len();
        if let Some(with) = node.node("with_clause") {
            self.with(with);
        }
        let levels = self.levels.len();
        let kept = (self.planned, self.later, self.unasked, self.columns);
        self.own(node);
        for (field, value) in &node.fields {
            if *field != "with_clause" {
                let kept = (self.unasked, self.columns);
                self.enter(node, field);
                self.field(node, field, value);
                (self.unasked, self.columns) = kept;
                self.levels.truncate(levels);
            }
        }
        (self.planned, self.later, self.unasked, self.columns) = kept;
        self.commons.truncate(scopes);
    }

    /// WITH: each common table sees those before it, with RECURSIVE all.
    fn with(&mut self, with: &Node) {
        let names: Vec<String> = with
            .nodes("ctes")
            .iter()
            .map(|c| c.text("ctename").to_owned())
            .collect();
        let recursive = with.text("recursive") == "true";
        self.commons
            .push(if recursive { names.clone() } else { vec![] });
        let at = self.commons.len() - 1;
        for (common, name) in with.nodes("ctes").into_iter().zip(names) {
            let unasked = std::mem::replace(&mut self.unasked, true);
            let levels = std::mem::take(&mut self.levels);
            self.node(common);
            (self.unasked, self.levels) = (unasked, levels);
            self.commons[at].push(name);
        }
    }

    /// The relations whose columns can be named in a field.
    fn enter(&mut self, node: &Node, field: &str) {
        let mut level = vec![];
        match (node.name, field) {
            ("SelectStmt", "larg" | "rarg" | "from_clause") => {}
            ("SelectStmt", _) => node.field("from_clause").relations(&mut level),
            ("InsertStmt", "returning_list" | "on_conflict_clause") => {
                node.field("relation").relations(&mut level);
            }
            (
                "UpdateStmt" | "DeleteStmt" | "MergeStmt",
                "from_clause" | "using_clause" | "source_relation",
            ) => {}
            ("UpdateStmt" | "DeleteStmt" | "MergeStmt", _) => {
                for field in ["relation", "from_clause", "using_clause", "source_relation"] {
                    node.field(field).relations(&mut level);
                }
            }
            _ => {}
        }
        level.retain(|(_, n)| {
            !(n.schema.is_empty() && self.commons.iter().flatten().any(|c| *c == n.name))
        });
        self.levels.push(level);
    }

    fn field(&mut self, node: &Node, field: &str, value: &Value) {
        if let Some(actions) = target(node.name, field) {
            for relation in value.nodes() {
                let name = name_of(relation);
                match self.planned {
                    false => self.demand(Demand::On(actions, name)),
                    // A table that is not made is not there.
                    true if node.name == "IntoClause" => {}
                    true => self.demand(Demand::Relation(name)),
                }
            }
            return;
        }
        match (node.name, field) {
            // Names of relations of the statement, of another server's, of constraints.
            ("LockingClause", "locked_rels")
            | ("ImportForeignSchemaStmt", "table_list")
            | ("ConstraintsSetStmt", "constraints") => return,
            // Constants, or names that stand for themselves.
            ("TypeName", "typmods") => return,
            // The name of a type.
            ("CompositeTypeStmt", "typevar") => return,
            ("AlterTableStmt" | "RenameStmt", "relation") if is_of_type(node) => return,
            // It is the definition that is changed, not the session.
            (_, "setstmt") | ("AlterFunctionStmt", "actions") => return,
            // What is run later, by the name of what is defined here.
            ("CreateFunctionStmt", _) | ("RuleStmt", "actions") => {
                let later = std::mem::replace(&mut self.later, true);
                self.value(node, field, value);
                self.later = later;
                return;
            }
            // Facts name what is made in a schema, no more, and say so; a sequence is as harmless as the schema.
            ("CreateSchemaStmt", "schema_elts") => {
                if value.nodes().iter().any(|n| n.name != "CreateSeqStmt") {
                    self.demand(Demand::Opaque);
                    for name in &self.relations.clone() {
                        self.demand(Demand::Relation(name.clone()));
                    }
                }
                return;
            }
            ("ExplainStmt", _) | ("RangeSubselect", "subquery") => self.unasked = true,
            ("InsertStmt", "select_stmt") => self.unasked = false,
            // What no call asks for, is not computed.
            ("SelectStmt", "window_clause") => self.columns &= has_window(node) && !self.unasked,
            // "must not contain variables"
            ("SelectStmt", "limit_offset" | "limit_count") => self.columns = false,
            ("SelectStmt", "values_lists") => self.columns &= !self.unasked,
            ("SubLink", "subselect") => {
                self.unasked = node.text("sub_link_type") == "ExistsSublink";
            }
            _ => {}
        }
        self.value(node, field, value);
    }

    fn value(&mut self, parent: &Node, field: &str, value: &Value) {
        match value {
            Value::Nothing | Value::Word(_) | Value::Text(_) => {}
            Value::List(list) => list.iter().for_each(|v| self.value(parent, field, v)),
            Value::Node(child) if child.name == "RangeVar" => self.relation(parent, field, child),
            Value::Node(child) if child.name == "ResTarget" => self.target(parent, field, child),
            Value::Node(child) => self.node(child),
        }
    }

    /// A relation that is no target of a write.
    fn relation(&mut self, parent: &Node, field: &str, node: &Node) {
        let name = name_of(node);
        let reads = matches!(
            (parent.name, field),
            ("SelectStmt" | "UpdateStmt", "from_clause")
                | ("DeleteStmt", "using_clause")
                | ("MergeStmt", "source_relation")
                | ("JoinExpr", "larg" | "rarg")
                | ("RangeTableSample", "relation")
        );
        if reads {
            let common =
                name.schema.is_empty() && self.commons.iter().flatten().any(|c| *c == name.name);
            if !common {
                self.demand(Demand::On(&[Action::Read], name));
            }
        } else {
            self.demand(Demand::Relation(name));
        }
    }

    /// An item of a select list, of SET, of RETURNING, of an INSERT's columns.
    fn target(&mut self, parent: &Node, field: &str, node: &Node) {
        let written = matches!(
            (parent.name, field),
            ("InsertStmt", "cols")
                | ("UpdateStmt", "target_list")
                | ("OnConflictClause", "target_list")
        ) || (parent.name == "MergeWhenClause" && field == "target_list");
        if written && !self.planned && self.columns {
            self.demand(Demand::Writes(node.text("name").to_owned()));
        }
        let columns = self.columns;
        self.columns &= written || !self.unasked;
        self.node(node);
        self.columns = columns;
    }

    /// What a node says by itself.
    fn own(&mut self, node: &Node) {
        match node.name {
            "AExpr" => self.operator(&node.strings("name")),
            "SortBy" => self.operator(&node.strings("use_op")),
            "SubLink" => self.operator(&node.strings("oper_name")),
            "TypeCast" => self.cast(node),
            // `(x).f` is `f(x)` where x has no such column.
            "AIndirection" => {
                for name in node.strings("indirection") {
                    if self.acts_on_one(name)
                        && self.relations.iter().all(|r| self.knows(r))
                        && !self.relations.iter().any(|r| self.has_column(r, name))
                    {
                        self.demand(Demand::Function(name_of_path(&[name])));
                    }
                }
            }
            "ExplainStmt" => {
                self.demand(Demand::Flag(Flag::Explain));
                self.explained = true;
                if analyzes(node) {
                    self.demand(Demand::Flag(Flag::Analyze));
                } else {
                    self.planned = true;
                }
            }
            "FuncCall" if node.text("funcformat") != "CoerceSqlSyntax" => {
                let path = node.strings("funcname");
                // LIKE … ESCAPE.
                let escape = ["like_escape", "similar_to_escape"];
                let syntax =
                    matches!(path.as_slice(), ["pg_catalog", last] if escape.contains(last));
                // A type of the server's called by its name is a cast.
                let cast = matches!(path.as_slice(), [name] if CALLED_TYPES.contains(name)
                    && node.nodes("args").len() == 1
                    && self.catalog.functions(name).is_empty());
                if !syntax && !cast && !self.is_field(&path, node) {
                    self.demand(Demand::Function(name_of_path(&path)));
                }
            }
            "ColumnRef" => self.column(node),
            // Named after OF may be what has no rows to lock: the server refuses that.
            "LockingClause" if !node.nodes("locked_rels").is_empty() => {
                self.demand(Demand::Flag(Flag::Locks));
            }
            "LockingClause" => self.demand(Demand::Does(&[Action::Lock])),
            "UpdateStmt" | "DeleteStmt" if !self.planned => {
                if !node.node("where_clause").is_some_and(has_column) {
                    self.demand(Demand::Flag(Flag::NoWhere));
                }
            }
            "OnConflictClause" if node.text("action") == "OnconflictUpdate" && !self.planned => {
                self.demand(Demand::Does(&[Action::Update]));
            }
            "MergeWhenClause" => self.does(match node.text("command_type") {
                "CmdInsert" => &[Action::Insert],
                "CmdUpdate" => &[Action::Update],
                "CmdDelete" => &[Action::Delete],
                _ => &[],
            }),
            "CopyStmt" => self.copy(node),
            "DoStmt" | "CallStmt" if !self.planned => self.demand(Demand::Opaque),
            "VariableSetStmt" => {
                let name = node.text("name").to_ascii_lowercase();
                let all = node.text("kind") == "VarResetAll";
                if all || WATCHED.contains(&name.as_str()) {
                    self.demand(Demand::Setting(name));
                }
            }
            "TransactionStmt" => self.transaction(node),
            "PrepareStmt" => self.named("Prepare", node.text("name")),
            "ExecuteStmt" => self.named("Execute", node.text("name")),
            "DeallocateStmt" => self.named("Deallocate", node.text("name")),
            "DeclareCursorStmt" if !self.explained => {
                self.named("Declare", node.text("portalname"))
            }
            "FetchStmt" => self.named("Fetch", node.text("portalname")),
            "ClosePortalStmt" => self.named("Close", node.text("portalname")),
            "DropStmt" => self.dropped(node),
            "GrantStmt"
            | "CommentStmt"
            | "SecLabelStmt"
            | "RenameStmt"
            | "AlterObjectSchemaStmt"
            | "AlterExtensionContentsStmt" => self.object(node),
            _ => {}
        }
        if does(node.name).is_some_and(|d| d == DEFINES) {
            self.columns = node.name == "ViewStmt";
        }
    }

    fn named(&mut self, kind: &'static str, name: &str) {
        self.demand(Demand::Named(kind, name.to_owned()));
    }

    fn copy(&mut self, node: &Node) {
        let from = node.text("is_from") == "true";
        if let Some(relation) = node.node("relation") {
            let actions: &[Action] = if from {
                &[Action::CopyIn, Action::Insert]
            } else {
                &[Action::Read]
            };
            self.demand(Demand::On(actions, name_of(relation)));
        }
        self.does(if from {
            &[Action::CopyIn]
        } else {
            &[Action::CopyOut]
        });
        if node.text("is_program") == "true" || !node.text("filename").is_empty() {
            self.demand(Demand::Flag(Flag::ServerFile));
            self.demand(Demand::Class(Class::Admin));
        }
    }

    fn transaction(&mut self, node: &Node) {
        self.demand(Demand::Transaction(match node.text("kind") {
            "TransStmtBegin" | "TransStmtStart" => Transaction::Begin,
            "TransStmtCommit" | "TransStmtPrepare" => Transaction::Commit,
            "TransStmtRollback" => Transaction::Rollback,
            "TransStmtSavepoint" | "TransStmtRelease" | "TransStmtRollbackTo" => {
                Transaction::Savepoint
            }
            _ => return self.demand(Demand::Class(Class::Admin)),
        }));
    }

    /// DROP: lists of names.
    fn dropped(&mut self, node: &Node) {
        let kind = node.text("remove_type");
        for object in node.nodes("objects") {
            let path = object.strings("items");
            match kind {
                "ObjectTable" | "ObjectView" | "ObjectMatview" | "ObjectIndex"
                | "ObjectSequence" | "ObjectForeignTable" => {
                    self.demand(Demand::On(&[Action::Drop], name_of_path(&path)));
                }
                // The last word is the trigger's own name.
                "ObjectTrigger" | "ObjectRule" | "ObjectPolicy" => {
                    if let Some((_, table)) = path.split_last() {
                        self.demand(Demand::Relation(name_of_path(table)));
                    }
                }
                _ => {}
            }
        }
    }

    /// COMMENT, SECURITY LABEL and kin: one object, by a list of names.
    fn object(&mut self, node: &Node) {
        let kind = [
            node.text("objtype"),
            node.text("rename_type"),
            node.text("object_type"),
        ]
        .into_iter()
        .find(|k| k.starts_with("Object") && *k != "ObjectAccessMethod");
        let Some(path) = node
            .node("object")
            .filter(|o| o.name == "List")
            .map(|o| o.strings("items"))
        else {
            return;
        };
        match kind {
            Some(
                "ObjectTable" | "ObjectView" | "ObjectMatview" | "ObjectIndex" | "ObjectSequence"
                | "ObjectForeignTable",
            ) => {
                self.demand(Demand::Relation(name_of_path(&path)));
            }
            Some(
                "ObjectTrigger"
                | "ObjectRule"
                | "ObjectPolicy"
                | "ObjectColumn"
                | "ObjectTabconstraint",
            ) => {
                if let Some((_, table)) = path.split_last()
                    && !table.is_empty()
                {
                    self.demand(Demand::Relation(name_of_path(table)));
                }
            }
            _ => {}
        }
    }
}
