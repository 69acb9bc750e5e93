//! GRANT, REVOKE and their kin.
//!
//! Owns: on what privileges are given. To whom, and which, is left out of the form: whoever may do one may do all. Refuses:
//! objects of an unknown kind.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::name::{need, refuse};
use super::{Read, Reader};
use crate::form::{Kind, ObjectKind, Path, Privileges};

impl Reader {
    /// GRANT and REVOKE.
    pub(super) fn grant(
        &mut self,
        privileges: Option<ast::Privileges>,
        on: Option<ast::OnPrivilegeObjectsClause>,
        statement: &ast::Stmt,
    ) -> Read<Kind> {
        let mut names = Vec::new();
        let what = match on {
            Some(on) => {
                let objects = need(on.privilege_objects())?;
                let what = kind_of(&objects);
                for child in objects.syntax().children() {
                    self.object_names(&child, &mut names)?;
                }
                what
            }
            // Membership: what stands where privileges would are roles.
            None => {
                if let Some(ast::Privileges::RevokeCommandList(list)) = &privileges {
                    for command in list.revoke_commands() {
                        let role = command.role_ref().ok_or(());
                        match role {
                            Ok(role) => names.push(vec![self.role(&role)?]),
                            Err(()) => return refuse("a privilege on nothing"),
                        }
                    }
                }
                ObjectKind::Role
            }
        };
        for child in statement.syntax().children() {
            let done = child.kind() == SyntaxKind::ON_PRIVILEGE_OBJECTS_CLAUSE
                || what == ObjectKind::Role && child.kind() == SyntaxKind::REVOKE_COMMAND_LIST;
            if !done {
                self.ledger.syntax(&child);
            }
        }
        Ok(Kind::Privileges(Privileges { what, names }))
    }

    /// ALTER DEFAULT PRIVILEGES.
    pub(super) fn default_privileges(&mut self, alter: &ast::AlterDefaultPrivileges) -> Read<Kind> {
        let mut names = Vec::new();
        for child in alter.syntax().children() {
            match child.kind() {
                SyntaxKind::IN_SCHEMAS => {
                    for schema in child.children() {
                        self.object_names(&schema, &mut names)?;
                    }
                }
                _ => self.ledger.syntax(&child),
            }
        }
        Ok(Kind::Privileges(Privileges {
            what: ObjectKind::Schema,
            names,
        }))
    }

    /// DROP OWNED and REASSIGN OWNED: the roles.
    pub(super) fn owned(&mut self, statement: &SyntaxNode) -> Read<Kind> {
        let mut names = Vec::new();
        for child in statement.children() {
            match child.kind() {
                SyntaxKind::ROLE_REF_LIST => {
                    for role in child.children() {
                        self.object_names(&role, &mut names)?;
                    }
                }
                _ => self.ledger.syntax(&child),
            }
        }
        Ok(Kind::Privileges(Privileges {
            what: ObjectKind::Role,
            names,
        }))
    }

    /// The names of one object, or of a list of signatures.
    pub(super) fn object_names(&mut self, node: &SyntaxNode, names: &mut Vec<Path>) -> Read<()> {
        match node.kind() {
            SyntaxKind::FUNCTION_SIG_LIST
            | SyntaxKind::PROCEDURE_SIG_LIST
            | SyntaxKind::ROUTINE_SIG_LIST
            | SyntaxKind::OP_SIG_LIST => {
                for child in node.children() {
                    self.object_names(&child, names)?;
                }
            }
            SyntaxKind::ROLE_REF => {
                let role = need(ast::RoleRef::cast(node.clone()))?;
                names.push(vec![self.role(&role)?]);
            }
            // Operators, casts, large objects: nothing that a policy could name.
            SyntaxKind::OP_SIG | SyntaxKind::CAST_SIG | SyntaxKind::LITERAL => {
                self.ledger.syntax(node);
            }
            _ => names.push(self.object_name(node)?),
        }
        Ok(())
    }

    /// The name of one object: a path, a plain name, or a signature that begins with one.
    pub(super) fn object_name(&mut self, node: &SyntaxNode) -> Read<Path> {
        let mut children = node.children();
        let Some(first) = children.next() else {
            return Ok(vec![self.name(node)?]);
        };
        let path = match first.kind() {
            SyntaxKind::PATH | SyntaxKind::PATH_REF => self.path(&first)?,
            _ => self.object_name(&first)?,
        };
        for child in children {
            match child.kind() {
                SyntaxKind::PARAM_LIST => drop(self.gathered(&child)?),
                _ => return refuse("a name of an unknown shape"),
            }
        }
        Ok(path)
    }
}

fn kind_of(objects: &ast::PrivilegeObjects) -> ObjectKind {
    use ast::PrivilegeObjects;
    match objects {
        PrivilegeObjects::PrivilegeDefault(_) | PrivilegeObjects::PrivilegeTable(_) => {
            ObjectKind::Table
        }
        PrivilegeObjects::PrivilegeSequence(_) => ObjectKind::Sequence,
        PrivilegeObjects::PrivilegeFunction(_) => ObjectKind::Function,
        PrivilegeObjects::PrivilegeProcedure(_) => ObjectKind::Procedure,
        PrivilegeObjects::PrivilegeRoutine(_) => ObjectKind::Routine,
        PrivilegeObjects::PrivilegeSchema(_)
        | PrivilegeObjects::PrivilegeAllFunctionsInSchema(_)
        | PrivilegeObjects::PrivilegeAllProceduresInSchema(_)
        | PrivilegeObjects::PrivilegeAllRoutinesInSchema(_)
        | PrivilegeObjects::PrivilegeAllSequencesInSchema(_)
        | PrivilegeObjects::PrivilegeAllTablesInSchema(_) => ObjectKind::Schema,
        PrivilegeObjects::PrivilegeDatabase(_) => ObjectKind::Database,
        PrivilegeObjects::PrivilegeTablespace(_) => ObjectKind::Tablespace,
        PrivilegeObjects::PrivilegeType(_) => ObjectKind::Type,
        PrivilegeObjects::PrivilegeDomain(_) => ObjectKind::Domain,
        PrivilegeObjects::PrivilegeForeignDataWrapper(_)
        | PrivilegeObjects::PrivilegeForeignServer(_) => ObjectKind::Foreign,
        PrivilegeObjects::PrivilegeLargeObject(_) => ObjectKind::LargeObject,
        PrivilegeObjects::PrivilegeLanguage(_)
        | PrivilegeObjects::PrivilegeParameter(_)
        | PrivilegeObjects::PrivilegePropertyGraph(_) => ObjectKind::Other,
    }
}
