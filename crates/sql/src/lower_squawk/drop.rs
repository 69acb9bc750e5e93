//! DROP.
//!
//! Owns: the names of everything that is dropped. Refuses: nothing that squawk reads; CASCADE and IF EXISTS are left out.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::name::refuse;
use super::{Read, Reader};
use crate::form::{Define, Kind, ObjectKind, Verb};

impl Reader {
    /// DROP of objects whose names are nodes of this kind.
    pub(super) fn drop(
        &mut self,
        statement: &ast::Stmt,
        what: ObjectKind,
        names: SyntaxKind,
    ) -> Read<Kind> {
        let mut define = Define::new(Verb::Drop, what, vec![]);
        for child in statement.syntax().children() {
            match child.kind() {
                kind if kind == names => self.object_names(&child, &mut define.names)?,
                SyntaxKind::ON_RELATION | SyntaxKind::ON_TABLE => {
                    define.on = Some(self.only_relation(&child)?);
                }
                SyntaxKind::USER_MAPPING_ROLE => match child.first_child() {
                    Some(role) => self.object_names(&role, &mut define.names)?,
                    None => define.names.push(vec!["user".to_owned()]),
                },
                SyntaxKind::IF_EXISTS
                | SyntaxKind::CASCADE
                | SyntaxKind::RESTRICT
                | SyntaxKind::DROP_DATABASE_FORCE_CLAUSE
                | SyntaxKind::USING_METHOD
                | SyntaxKind::SERVER_CLAUSE
                | SyntaxKind::LANGUAGE_REF => self.ledger.syntax(&child),
                _ if ast::Type::can_cast(child.kind()) => self.ledger.syntax(&child),
                _ => return refuse("DROP of an unknown shape"),
            }
        }
        Ok(Kind::Define(define))
    }
}
