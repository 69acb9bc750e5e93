//! Names: folded as the server does, and claimed.
//!
//! Owns: names, paths and types as names. Refuses: a name node that holds anything but one name.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use super::{Read, Reader};
use crate::form::{self, Path, ReaderError};

/// A child that the grammar has, and the tree must.
pub(super) fn need<T>(part: Option<T>) -> Read<T> {
    part.ok_or_else(|| ReaderError::new("an incomplete node"))
}

/// A node that is not read.
pub(super) fn refuse<T>(what: &'static str) -> Read<T> {
    Err(ReaderError::new(what))
}

/// The tokens of a node itself, blanks left out.
pub(super) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.children_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia())
}

impl Reader {
    /// The name that a name node is.
    pub(super) fn name(&mut self, node: &SyntaxNode) -> Read<String> {
        let mut all = tokens(node);
        let token = need(all.next())?;
        let folded = match token.text().as_bytes() {
            [b'"', ..] => {
                let inner = token.text().trim_start_matches('"');
                let inner =
                    need(token.text().get(1..token.text().len().max(2) - 1)).unwrap_or(inner);
                form::clip(&inner.replace("\"\"", "\""))
            }
            // With UESCAPE squawk, unlike the server, takes the name of a call for a table with an alias.
            [b'u' | b'U', b'&', ..] => {
                if all.next().is_some() {
                    return refuse("a name with UESCAPE");
                }
                form::clip(&ast::normalize_name_node(node))
            }
            _ => form::fold(token.text()),
        };
        self.ledger.claim(&token);
        if all.next().is_some() || node.first_child().is_some() {
            return refuse("a name of several tokens");
        }
        Ok(folded)
    }

    /// The path below a node that holds nothing but one (`TABLE_NAME_REF`, `INDEX_REF` …).
    pub(super) fn path_in(&mut self, node: &SyntaxNode) -> Read<Path> {
        let mut children = node.children();
        let path = match (children.next(), children.next()) {
            (Some(path), None) => path,
            _ => return refuse("a name without a path"),
        };
        self.path(&path)
    }

    /// A path: `s.t`. (`OPERATOR(s.+)` holds one whose last segment is empty; see `operators`.)
    pub(super) fn path(&mut self, node: &SyntaxNode) -> Read<Path> {
        if !matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF) {
            return refuse("a name without a path");
        }
        let mut parts = Vec::new();
        let mut at = Some(node.clone());
        while let Some(path) = at.take() {
            for child in path.children() {
                match child.kind() {
                    SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF => {
                        if tokens(&child).next().is_some() {
                            parts.push(self.name(&child)?);
                        }
                    }
                    SyntaxKind::PATH | SyntaxKind::PATH_REF if at.is_none() => at = Some(child),
                    _ => return refuse("a path of an unknown shape"),
                }
            }
        }
        parts.reverse();
        match parts.is_empty() {
            true => refuse("an empty name"),
            false => Ok(parts),
        }
    }

    /// A type by its first word or path; modifiers, brackets and further words are syntax.
    pub(super) fn type_name(&mut self, ty: &ast::Type) -> Read<Path> {
        match ty {
            ast::Type::ArrayType(array) => {
                for bound in array.array_bounds() {
                    self.modifier(bound.syntax())?;
                }
                let inner = need(array.ty())?;
                self.type_name(&inner)
            }
            ast::Type::PathType(path) => {
                if let Some(args) = path.arg_list() {
                    self.modifier(args.syntax())?;
                }
                let path = need(path.path_ref())?;
                self.path(path.syntax())
            }
            ast::Type::VarcharType(_)
            | ast::Type::CharacterType(_)
            | ast::Type::BitType(_)
            | ast::Type::BitVaryingType(_)
            | ast::Type::DoubleType(_)
            | ast::Type::TimeType(_)
            | ast::Type::TimestampType(_)
            | ast::Type::IntervalType(_) => {
                for child in ty.syntax().children() {
                    self.modifier(&child)?;
                }
                let word = tokens(ty.syntax()).find(|token| token.kind() != SyntaxKind::SETOF_KW);
                Ok(vec![form::fold(need(word)?.text())])
            }
        }
    }

    /// A type's modifiers are constants and words ("type modifiers must be simple constants or identifiers").
    pub(super) fn modifier(&mut self, node: &SyntaxNode) -> Read<()> {
        let odd = node.descendants().skip(1).any(|inner| {
            ast::SelectVariant::can_cast(inner.kind())
                || ast::Expr::can_cast(inner.kind())
                    && !matches!(
                        inner.kind(),
                        SyntaxKind::LITERAL | SyntaxKind::NAME_REF | SyntaxKind::PREFIX_EXPR
                    )
        });
        match odd {
            true => refuse("a type modifier that is an expression"),
            false => {
                self.ledger.syntax(node);
                Ok(())
            }
        }
    }
}
