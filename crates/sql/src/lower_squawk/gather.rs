//! What a clause names, whatever its shape.
//!
//! Owns: [`Gathered`] and [`Reader::gathered`], for the many clauses of which a judgement needs only the expressions, relations
//! and functions in text order. It goes down through nodes it does not know, and takes what it knows; a name below that
//! no list here has is left unclaimed, and the ledger refuses the statement. Refuses: to guess what a name is.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::details::{in_bounds, is_detail, is_listed_column, is_numbered, names_a_function};
use super::name::{need, refuse, tokens};
use super::{Read, Reader};
use crate::form::{Expr, Path};

/// What was found, each in text order.
#[derive(Default)]
pub(super) struct Gathered {
    pub expressions: Vec<Expr>,
    pub relations: Vec<Path>,
    pub functions: Vec<Path>,
    /// Columns that are declared: COLUMNS of XMLTABLE.
    pub columns: Vec<String>,
    /// OWNER TO, AUTHORIZATION.
    pub ownership: bool,
}

impl Reader {
    /// Everything below a node.
    pub(super) fn gathered(&mut self, node: &SyntaxNode) -> Read<Gathered> {
        let mut found = Gathered::default();
        self.gather(node, &mut found)?;
        Ok(found)
    }

    /// The expressions below a node that names no relation and no function otherwise.
    pub(super) fn expressions_in(&mut self, node: &SyntaxNode) -> Read<Vec<Expr>> {
        let found = self.gathered(node)?;
        match found.relations.is_empty() && found.functions.is_empty() {
            true => Ok(found.expressions),
            false => refuse("a relation where none is expected"),
        }
    }

    /// Everything below a node, into `found`.
    pub(super) fn gather(&mut self, node: &SyntaxNode, found: &mut Gathered) -> Read<()> {
        for child in node.children() {
            self.gather_child(&child, found)?;
        }
        Ok(())
    }

    /// One child of a node that is gathered.
    pub(super) fn gather_child(&mut self, child: &SyntaxNode, found: &mut Gathered) -> Read<()> {
        match child.kind() {
            SyntaxKind::TABLE_NAME_REF
            | SyntaxKind::RELATION_NAME_REF
            | SyntaxKind::VIEW_REF
            | SyntaxKind::SEQUENCE_REF => found.relations.push(self.path_in(child)?),
            // ALTER INDEX … ATTACH PARTITION: the other index.
            SyntaxKind::ATTACH_INDEX_PARTITION => {
                for index in child.children() {
                    found.relations.push(self.path_in(&index)?);
                }
            }
            SyntaxKind::QUALIFIED_COLUMN_NAME_REF => {
                let mut path = self.path_in(child)?;
                path.pop();
                if path.is_empty() {
                    return refuse("a column without its table");
                }
                found.relations.push(path);
            }
            SyntaxKind::FUNCTION_NAME_REF
            | SyntaxKind::PROCEDURE_NAME_REF
            | SyntaxKind::ROUTINE_NAME_REF => found.functions.push(self.path_in(child)?),
            SyntaxKind::COLUMN_NAME => found.columns.push(self.name(child)?),
            SyntaxKind::ATTRIBUTE_LIST => self.attributes(child, found)?,
            // Only of the same table, or of no relation at all.
            kind if is_detail(kind) => self.ledger.syntax(child),
            // `t.a%TYPE`.
            SyntaxKind::PERCENT_TYPE => {
                for part in child.children() {
                    match part.kind() {
                        SyntaxKind::PATH_REF => {
                            let mut path = self.path(&part)?;
                            path.pop();
                            if !path.is_empty() {
                                found.relations.push(path);
                            }
                        }
                        _ => self.ledger.syntax(&part),
                    }
                }
            }
            SyntaxKind::ATOMIC_BODY | SyntaxKind::RETURN_STMT => {
                self.body(child, found)?;
            }
            // MINVALUE and MAXVALUE, which squawk keeps as names.
            SyntaxKind::NAME_REF
                if in_bounds(child)
                    && tokens(child).all(|token| {
                        matches!(
                            token.kind(),
                            SyntaxKind::MINVALUE_KW | SyntaxKind::MAXVALUE_KW
                        )
                    }) =>
            {
                self.ledger.syntax(child);
            }
            // A column of the table itself, as it is: of an index, of EXCLUDE, of PARTITION BY.
            SyntaxKind::NAME_REF if is_listed_column(child) => self.ledger.syntax(child),
            // Numbers of strategies and supports, labels of an ENUM, versions.
            SyntaxKind::LITERAL if is_numbered(child) => self.ledger.syntax(child),
            SyntaxKind::OWNER_TO | SyntaxKind::TABLESPACE_OWNER => {
                found.ownership = true;
                self.ledger.syntax(child);
            }
            SyntaxKind::ORDER_BY_CLAUSE => {
                let clause = need(ast::OrderByClause::cast(child.clone()))?;
                found.expressions.extend(self.order_by(&clause)?);
            }
            _ => {
                if let Some(ty) = ast::Type::cast(child.clone()) {
                    self.type_name(&ty)?;
                } else if let Some(expr) = ast::Expr::cast(child.clone()) {
                    // A COLLATE clause looks like an expression without one.
                    let bare = |expr: &ast::Expr| matches!(expr, ast::Expr::Collate(collate) if collate.expr().is_none());
                    match bare(&expr) {
                        true => self.ledger.syntax(child),
                        false => found.expressions.push(self.expr(&expr)?),
                    }
                } else if let Some(query) = ast::SelectVariant::cast(child.clone()) {
                    let query = self.query(&query)?;
                    found.expressions.push(Expr::Subquery(Box::new(query)));
                } else {
                    self.gather(child, found)?;
                }
            }
        }
        Ok(())
    }

    /// `(sfunc = f, stype = int)`: names of functions where they are, and words. As in `WITH (fillfactor = 70)`, where
    /// there are none.
    fn attributes(&mut self, list: &SyntaxNode, found: &mut Gathered) -> Read<()> {
        for option in list.children() {
            let Some(attribute) = ast::AttributeOption::cast(option.clone()) else {
                return refuse("an option of an unknown shape");
            };
            let name = attribute
                .name()
                .map(|name| name.syntax().text().to_string());
            let value = attribute.attribute_value().and_then(|value| value.ty());
            match (name, value) {
                (Some(name), Some(ast::Type::PathType(value)))
                    if names_a_function(&name) && value.arg_list().is_none() =>
                {
                    for token in tokens(need(attribute.name())?.syntax()) {
                        self.ledger.claim(&token);
                    }
                    let path = need(value.path_ref())?;
                    found.functions.push(self.path(path.syntax())?);
                }
                _ => self.ledger.syntax(&option),
            }
        }
        Ok(())
    }

    /// Statements inside a definition (the body of a rule or a routine): the relations they name. What they do is not
    /// looked into; the definition is never harmless.
    pub(super) fn body(&mut self, node: &SyntaxNode, found: &mut Gathered) -> Read<()> {
        for inner in node.descendants() {
            if matches!(
                inner.kind(),
                SyntaxKind::TABLE_NAME_REF
                    | SyntaxKind::RELATION_NAME_REF
                    | SyntaxKind::TABLE_NAME
                    | SyntaxKind::VIEW
            ) {
                // Claimed below, with the rest.
                found.relations.push(Reader::default().path_in(&inner)?);
            }
        }
        self.ledger.syntax(node);
        Ok(())
    }
}
