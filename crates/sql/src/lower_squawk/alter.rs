//! ALTER, COMMENT ON, SECURITY LABEL.
//!
//! Owns: the forms of everything that changes a definition without making or dropping one. Refuses: an object whose kind it does
//! not know.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::gather::Gathered;
use super::name::{need, refuse};
use super::{Read, Reader};
use crate::form::{Define, Kind, ObjectKind, Path, Verb};

impl Reader {
    /// ALTER of any kind.
    pub(super) fn alter(&mut self, statement: &ast::Stmt, what: ObjectKind) -> Read<Kind> {
        let mut define = Define::new(Verb::Alter, what, vec![]);
        let mut found = Gathered::default();
        let mut named = false;
        for child in statement.syntax().children() {
            match child.kind() {
                SyntaxKind::IF_EXISTS => {}
                SyntaxKind::ON_RELATION | SyntaxKind::ON_TABLE => {
                    define.on = Some(self.only_relation(&child)?);
                }
                kind if !named && is_altered_name(kind) => {
                    named = true;
                    self.object_names(&child, &mut define.names)?;
                }
                // ALTER LARGE OBJECT … OWNER TO.
                SyntaxKind::LITERAL => self.ledger.syntax(&child),
                _ => self.gather_child(&child, &mut found)?,
            }
        }
        define.ownership |= matches!(statement, ast::Stmt::AlterLargeObject(_));
        Ok(Kind::Define(found.into_define(define)))
    }

    /// COMMENT ON.
    pub(super) fn comment(&mut self, statement: &SyntaxNode) -> Read<Kind> {
        self.remark(statement, Verb::Comment)
    }

    /// SECURITY LABEL.
    pub(super) fn security_label(&mut self, statement: &SyntaxNode) -> Read<Kind> {
        self.remark(statement, Verb::SecurityLabel)
    }

    fn remark(&mut self, statement: &SyntaxNode, verb: Verb) -> Read<Kind> {
        let mut read = None;
        for child in statement.children() {
            match child.kind() {
                SyntaxKind::LITERAL | SyntaxKind::FOR_PROVIDER => self.ledger.syntax(&child),
                _ if read.is_none() => {
                    let mut define = Define::new(verb, need(kind_of(child.kind()))?, vec![]);
                    self.object(&child, &mut define)?;
                    read = Some(define);
                }
                _ => return refuse("a remark of an unknown shape"),
            }
        }
        Ok(Kind::Define(need(read)?))
    }

    /// `TABLE t`, `COLUMN t.a`, `TRIGGER x ON t` …
    fn object(&mut self, object: &SyntaxNode, define: &mut Define) -> Read<()> {
        for child in object.children() {
            match child.kind() {
                SyntaxKind::QUALIFIED_COLUMN_NAME_REF => {
                    let path = self.path_in(&child)?;
                    let table: Path = path[..path.len() - 1].to_vec();
                    define.on = (!table.is_empty()).then_some(table);
                    define.names.push(path);
                }
                SyntaxKind::TABLE_NAME_REF
                | SyntaxKind::RELATION_NAME_REF
                | SyntaxKind::DOMAIN_REF
                    if matches!(
                        define.what,
                        ObjectKind::Constraint
                            | ObjectKind::Trigger
                            | ObjectKind::Rule
                            | ObjectKind::Policy
                    ) =>
                {
                    define.on = Some(self.path_in(&child)?);
                }
                SyntaxKind::OP | SyntaxKind::CAST_SIG | SyntaxKind::LITERAL => {
                    self.ledger.syntax(&child);
                }
                _ if define.names.is_empty() && object.kind() != SyntaxKind::OBJECT_OPERATOR => {
                    self.object_names(&child, &mut define.names)?;
                }
                _ => drop(self.expressions_below(&child)?),
            }
        }
        Ok(())
    }

    /// Types and methods after an object's name.
    fn expressions_below(&mut self, node: &SyntaxNode) -> Read<()> {
        let mut found = Gathered::default();
        self.gather_child(node, &mut found)?;
        match found.relations.is_empty() && found.expressions.is_empty() {
            true => Ok(()),
            false => refuse("an object of an unknown shape"),
        }
    }
}

fn kind_of(object: SyntaxKind) -> Option<ObjectKind> {
    Some(match object {
        SyntaxKind::OBJECT_TABLE | SyntaxKind::OBJECT_FOREIGN_TABLE => ObjectKind::Table,
        SyntaxKind::OBJECT_VIEW => ObjectKind::View,
        SyntaxKind::OBJECT_MATERIALIZED_VIEW => ObjectKind::MaterializedView,
        SyntaxKind::OBJECT_INDEX => ObjectKind::Index,
        SyntaxKind::OBJECT_SEQUENCE => ObjectKind::Sequence,
        SyntaxKind::OBJECT_SCHEMA => ObjectKind::Schema,
        SyntaxKind::OBJECT_FUNCTION => ObjectKind::Function,
        SyntaxKind::OBJECT_PROCEDURE => ObjectKind::Procedure,
        SyntaxKind::OBJECT_ROUTINE => ObjectKind::Routine,
        SyntaxKind::OBJECT_AGGREGATE => ObjectKind::Aggregate,
        SyntaxKind::OBJECT_TYPE => ObjectKind::Type,
        SyntaxKind::OBJECT_DOMAIN => ObjectKind::Domain,
        SyntaxKind::OBJECT_EXTENSION => ObjectKind::Extension,
        SyntaxKind::OBJECT_TRIGGER => ObjectKind::Trigger,
        SyntaxKind::OBJECT_EVENT_TRIGGER => ObjectKind::EventTrigger,
        SyntaxKind::OBJECT_RULE => ObjectKind::Rule,
        SyntaxKind::OBJECT_POLICY => ObjectKind::Policy,
        SyntaxKind::OBJECT_ROLE => ObjectKind::Role,
        SyntaxKind::OBJECT_DATABASE => ObjectKind::Database,
        SyntaxKind::OBJECT_TABLESPACE => ObjectKind::Tablespace,
        SyntaxKind::OBJECT_COLUMN => ObjectKind::Column,
        SyntaxKind::OBJECT_CONSTRAINT => ObjectKind::Constraint,
        SyntaxKind::OBJECT_STATISTICS => ObjectKind::Statistics,
        SyntaxKind::OBJECT_PUBLICATION | SyntaxKind::OBJECT_SUBSCRIPTION => ObjectKind::Replication,
        SyntaxKind::OBJECT_SERVER | SyntaxKind::OBJECT_FOREIGN_DATA_WRAPPER => ObjectKind::Foreign,
        SyntaxKind::OBJECT_LARGE_OBJECT => ObjectKind::LargeObject,
        SyntaxKind::OBJECT_ACCESS_METHOD
        | SyntaxKind::OBJECT_CAST
        | SyntaxKind::OBJECT_COLLATION
        | SyntaxKind::OBJECT_CONVERSION
        | SyntaxKind::OBJECT_LANGUAGE
        | SyntaxKind::OBJECT_OPERATOR
        | SyntaxKind::OBJECT_OPERATOR_CLASS
        | SyntaxKind::OBJECT_OPERATOR_FAMILY
        | SyntaxKind::OBJECT_TEXT_SEARCH_CONFIG
        | SyntaxKind::OBJECT_TEXT_SEARCH_DICT
        | SyntaxKind::OBJECT_TEXT_SEARCH_PARSER
        | SyntaxKind::OBJECT_TEXT_SEARCH_TEMPLATE
        | SyntaxKind::OBJECT_TRANSFORM => ObjectKind::Other,
        _ => return None,
    })
}

fn is_altered_name(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::TABLE_RELATION_NAME
            | SyntaxKind::VIEW_REF
            | SyntaxKind::INDEX_REF
            | SyntaxKind::SEQUENCE_REF
            | SyntaxKind::SCHEMA_REF
            | SyntaxKind::FUNCTION_SIG
            | SyntaxKind::PROCEDURE_SIG
            | SyntaxKind::ROUTINE_SIG
            | SyntaxKind::AGGREGATE
            | SyntaxKind::TYPE_NAME_REF
            | SyntaxKind::DOMAIN_REF
            | SyntaxKind::EXTENSION_REF
            | SyntaxKind::TRIGGER_REF
            | SyntaxKind::EVENT_TRIGGER_REF
            | SyntaxKind::RULE_REF
            | SyntaxKind::POLICY_REF
            | SyntaxKind::ROLE_REF
            | SyntaxKind::DATABASE_REF
            | SyntaxKind::TABLESPACE_REF
            | SyntaxKind::STATISTICS_REF
            | SyntaxKind::PUBLICATION_REF
            | SyntaxKind::SUBSCRIPTION_REF
            | SyntaxKind::SERVER_REF
            | SyntaxKind::FOREIGN_DATA_WRAPPER_REF
            | SyntaxKind::COLLATION_REF
            | SyntaxKind::CONVERSION_REF
            | SyntaxKind::LANGUAGE_REF
            | SyntaxKind::OP_SIG
            | SyntaxKind::OP_CLASS_REF
            | SyntaxKind::OP_FAMILY_REF
            | SyntaxKind::TEXT_SEARCH_CONFIGURATION_REF
            | SyntaxKind::TEXT_SEARCH_DICTIONARY_REF
            | SyntaxKind::TEXT_SEARCH_PARSER_REF
            | SyntaxKind::TEXT_SEARCH_TEMPLATE_REF
    )
}
