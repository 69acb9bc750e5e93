//! CREATE.
//!
//! Owns: the forms of everything that is created. A routine's body and a rule's actions are not looked into. Refuses: a
//! statement without the name that it must have.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::gather::Gathered;
use super::name::{need, refuse};
use super::{Read, Reader};
use crate::form::{
    Body, Common, Define, Expr, FromItem, Kind, ObjectKind, Query, Select, Target, Verb, With,
};

impl Reader {
    /// CREATE of any kind.
    pub(super) fn create(&mut self, statement: &ast::Stmt, what: ObjectKind) -> Read<Kind> {
        let mut define = Define::new(Verb::Create, what, vec![]);
        let mut found = Gathered::default();
        for child in statement.syntax().children() {
            self.part_of_create(statement, &child, &mut define, &mut found)?;
        }
        if let ast::Stmt::CreateView(view) = statement
            && view.recursive_token().is_some()
        {
            recursive_view(&mut define, found.columns.clone())?;
        }
        let nameless = matches!(
            statement,
            ast::Stmt::CreateIndex(_)
                | ast::Stmt::CreateStatistics(_)
                | ast::Stmt::CreateCast(_)
                | ast::Stmt::CreateTransform(_)
                | ast::Stmt::CreateUserMapping(_)
                | ast::Stmt::CreateOperator(_)
        );
        if define.names.is_empty() && !nameless {
            return refuse("CREATE without a name");
        }
        Ok(Kind::Define(found.into_define(define)))
    }

    fn part_of_create(
        &mut self,
        statement: &ast::Stmt,
        child: &SyntaxNode,
        define: &mut Define,
        found: &mut Gathered,
    ) -> Read<()> {
        match child.kind() {
            kind if is_created_name(kind) && define.names.is_empty() => {
                define.names.push(self.object_name(child)?);
            }
            SyntaxKind::TEMP => define.temporary = true,
            SyntaxKind::ON_RELATION | SyntaxKind::ON_TABLE | SyntaxKind::TABLE_RELATION_NAME => {
                define.on = Some(self.only_relation(child)?);
            }
            SyntaxKind::FROM_TABLE if define.what == ObjectKind::Statistics => {
                define.on = Some(self.only_relation(child)?);
            }
            SyntaxKind::RULE_ON => self.rule_on(child, define, found)?,
            SyntaxKind::RULE_DO => self.body(child, found)?,
            SyntaxKind::CALL_EXPR
                if matches!(define.what, ObjectKind::Trigger | ObjectKind::EventTrigger) =>
            {
                self.trigger_function(child, found)?;
            }
            SyntaxKind::NAMED_SCHEMA | SyntaxKind::AUTHORIZATION_SCHEMA => {
                for part in child.children() {
                    match part.kind() {
                        SyntaxKind::SCHEMA => define.names.push(self.object_name(&part)?),
                        SyntaxKind::ROLE => {
                            define.ownership = true;
                            define.names.push(self.object_name(&part)?);
                        }
                        _ => {
                            define.ownership = true;
                            self.ledger.syntax(&part);
                        }
                    }
                }
            }
            SyntaxKind::OP => self.ledger.syntax(child),
            SyntaxKind::LITERAL => self.ledger.syntax(child),
            SyntaxKind::USER_MAPPING_ROLE => match child.first_child() {
                Some(role) => self.object_names(&role, &mut define.names)?,
                None => define.names.push(vec!["user".to_owned()]),
            },
            SyntaxKind::SERVER_CLAUSE if matches!(statement, ast::Stmt::ImportForeignSchema(_)) => {
                let server = need(child.first_child())?;
                define.names.push(self.object_name(&server)?);
            }
            SyntaxKind::EXECUTE => {
                let execute = need(ast::Execute::cast(child.clone()))?;
                define.execute = Some(self.execute(&execute)?);
            }
            // The elements of CREATE SCHEMA.
            _ if matches!(statement, ast::Stmt::CreateSchema(_))
                && ast::SchemaElement::can_cast(child.kind()) =>
            {
                define.ownership |= child.kind() == SyntaxKind::GRANT;
                self.body(child, found)?;
            }
            _ => match ast::SelectVariant::cast(child.clone()) {
                Some(query) => define.query = Some(Box::new(self.query(&query)?)),
                None => self.gather_child(child, found)?,
            },
        }
        Ok(())
    }

    /// The one relation below a node.
    pub(super) fn only_relation(&mut self, node: &SyntaxNode) -> Read<Vec<String>> {
        let mut found = self.gathered(node)?;
        match (found.relations.pop(), found.relations.is_empty()) {
            (Some(relation), true) if found.expressions.is_empty() => Ok(relation),
            _ => refuse("not one table where one is expected"),
        }
    }

    fn rule_on(
        &mut self,
        node: &SyntaxNode,
        define: &mut Define,
        found: &mut Gathered,
    ) -> Read<()> {
        for child in node.children() {
            match child.kind() {
                SyntaxKind::RULE_EVENT => self.ledger.syntax(&child),
                SyntaxKind::RELATION_NAME_REF => define.on = Some(self.path_in(&child)?),
                _ => self.gather_child(&child, found)?,
            }
        }
        Ok(())
    }

    /// `EXECUTE FUNCTION f('a', b)`: the arguments are words.
    fn trigger_function(&mut self, node: &SyntaxNode, found: &mut Gathered) -> Read<()> {
        for child in node.children() {
            match child.kind() {
                SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR => {
                    match self.expr(&need(ast::Expr::cast(child))?)? {
                        Expr::Column(path) => found.functions.push(path),
                        _ => return refuse("a trigger's function that is none"),
                    }
                }
                _ => self.modifier(&child)?,
            }
        }
        Ok(())
    }
}

impl Gathered {
    /// Into the form.
    pub(super) fn into_define(self, mut define: Define) -> Define {
        define.expressions = self.expressions;
        define.relations = self.relations;
        define.functions = self.functions;
        define.ownership |= self.ownership;
        define
    }
}

/// `CREATE RECURSIVE VIEW v (a) AS q` is `CREATE VIEW v (a) AS WITH RECURSIVE v (a) AS (q) SELECT a FROM v` (PostgreSQL
/// manual, CREATE VIEW).
fn recursive_view(define: &mut Define, columns: Vec<String>) -> Read<()> {
    let path = need(define.names.first())?.clone();
    let name = need(path.last())?.clone();
    let query = need(define.query.take())?;
    let targets = columns
        .iter()
        .map(|column| Target::Expr(Expr::Column(vec![column.clone()]), None))
        .collect();
    let select = Select {
        targets,
        from: vec![FromItem::Relation {
            name: vec![name.clone()],
            alias: None,
            sample: vec![],
        }],
        ..Select::default()
    };
    let mut whole = Query::of(Body::Select(Box::new(select)));
    whole.with = With {
        recursive: true,
        tables: vec![Common {
            name,
            columns,
            body: Box::new(Kind::Query(*query)),
            added: vec![],
        }],
    };
    define.query = Some(Box::new(whole));
    Ok(())
}

fn is_created_name(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::TABLE_NAME
            | SyntaxKind::VIEW
            | SyntaxKind::INDEX
            | SyntaxKind::SEQUENCE
            | SyntaxKind::FUNCTION_NAME
            | SyntaxKind::PROCEDURE_NAME
            | SyntaxKind::AGGREGATE_NAME
            | SyntaxKind::TYPE_NAME
            | SyntaxKind::DOMAIN
            | SyntaxKind::EXTENSION
            | SyntaxKind::TRIGGER
            | SyntaxKind::EVENT_TRIGGER
            | SyntaxKind::RULE
            | SyntaxKind::POLICY
            | SyntaxKind::ROLE
            | SyntaxKind::DATABASE
            | SyntaxKind::TABLESPACE
            | SyntaxKind::STATISTICS
            | SyntaxKind::PUBLICATION
            | SyntaxKind::SUBSCRIPTION
            | SyntaxKind::SERVER
            | SyntaxKind::FOREIGN_DATA_WRAPPER
            | SyntaxKind::ACCESS_METHOD
            | SyntaxKind::COLLATION
            | SyntaxKind::CONVERSION
            | SyntaxKind::LANGUAGE
            | SyntaxKind::OP_CLASS_NAME
            | SyntaxKind::OP_FAMILY_NAME
            | SyntaxKind::TEXT_SEARCH_CONFIGURATION
            | SyntaxKind::TEXT_SEARCH_DICTIONARY
            | SyntaxKind::TEXT_SEARCH_PARSER
            | SyntaxKind::TEXT_SEARCH_TEMPLATE
    )
}
