//! The second reader: squawk-syntax's tree, lowered into the [form](crate::form).
//!
//! Owns: everything that knows squawk. It is the complete reader: each statement that PostgreSQL has gets at least its kind
//! and its objects. Refuses: what the parser reports an error in, a node without a place in the form, and a
//! statement with a name or a constant that no part of the form has claimed (see [`ledger`]).
//!
//! What squawk gets wrong is put right here, each with a test by name: it knows no precedence of IS, BETWEEN and ISNULL
//! ([`operators`]), nests chains of joins without a condition to the right ([`from`]), hangs WITH on the left operand of a
//! UNION ([`query`]), takes `current_date` in FROM for a table ([`from`]).

mod alter;
mod call;
mod create;
mod details;
mod drop;
mod expression;
mod from;
mod gather;
mod ledger;
mod name;
mod operators;
pub(crate) mod plpgsql;
mod privileges;
mod query;
mod session;
mod setting;
mod statement;
mod tokens;
mod write;

use std::ops::Range;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};

use crate::form::{ReaderError, Statement};
use ledger::Ledger;

/// What a part of the lowering gives.
type Read<T> = Result<T, ReaderError>;

/// Reads a text: its statements in order, empty ones left out.
pub(crate) fn lower(text: &str) -> Result<Vec<Statement>, ReaderError> {
    if let Some(statement) = setting::set_names(text) {
        return Ok(vec![statement]);
    }
    let parse = SourceFile::parse(text);
    check(&parse)?;
    tokens::same(text, parse.tree().syntax())?;
    let mut statements = Vec::new();
    for statement in parse.tree().stmts() {
        if matches!(statement, ast::Stmt::EmptyStmt(_)) {
            continue;
        }
        let mut reader = Reader::default();
        let lowered = reader.statement(&statement)?;
        reader.ledger.settle(statement.syntax())?;
        statements.push(lowered);
    }
    Ok(statements)
}

/// The byte ranges of a text's statements as squawk sees them, empty ones left out. Errors inside a statement are left
/// to the reading of that statement; what is not part of any statement is an error here.
pub(crate) fn ranges(text: &str) -> Result<Vec<Range<usize>>, ReaderError> {
    let parse = SourceFile::parse(text);
    let mut found = Vec::new();
    for element in parse.tree().syntax().children_with_tokens() {
        match element {
            SyntaxElement::Token(token)
                if token.kind().is_trivia() || token.kind() == SyntaxKind::SEMICOLON => {}
            SyntaxElement::Token(_) => return Err(ReaderError::new("a syntax error")),
            SyntaxElement::Node(node) => match ast::Stmt::cast(node) {
                None => return Err(ReaderError::new("a syntax error")),
                Some(ast::Stmt::EmptyStmt(_)) => {}
                Some(statement) => found.push(range(statement.syntax())),
            },
        }
    }
    Ok(found)
}

/// Goes over one statement's tree.
#[derive(Default)]
struct Reader {
    ledger: Ledger,
}

/// Without its errors, squawk accepts anything. An error inside a routine's body is left aside: what such a body does
/// is not looked into, and the statement that holds it is never harmless.
fn check(parse: &Parse<SourceFile>) -> Read<()> {
    let errors = parse.errors();
    if errors.is_empty() {
        return Ok(());
    }
    let bodies: Vec<Range<usize>> = parse
        .tree()
        .syntax()
        .descendants()
        .filter(|node| {
            ast::Literal::can_cast(node.kind())
                && node.parent().is_some_and(|parent| {
                    ast::Do::can_cast(parent.kind()) || ast::AsDefinition::can_cast(parent.kind())
                })
        })
        .map(|node| span(&node))
        .collect();
    let in_a_body = |error: Range<usize>| {
        bodies
            .iter()
            .any(|body| body.start < error.start && error.end < body.end)
    };
    match errors
        .iter()
        .all(|e| in_a_body(e.range().start().into()..e.range().end().into()))
    {
        true => Ok(()),
        false => Err(ReaderError::new("a syntax error")),
    }
}

/// The first error of a text, and where it begins.
pub(crate) fn first_error(text: &str) -> Option<(usize, String)> {
    let errors = SourceFile::parse(text).errors();
    let first = errors.iter().min_by_key(|e| e.range().start())?;
    Some((first.range().start().into(), first.message().to_owned()))
}

/// A node's bytes.
fn span(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    range.start().into()..range.end().into()
}

/// A statement's bytes: first to last token, without the semicolon, wherever in the tree that hangs.
fn range(node: &SyntaxNode) -> Range<usize> {
    let whole = span(node);
    let idle =
        |token: &SyntaxToken| token.kind().is_trivia() || token.kind() == SyntaxKind::SEMICOLON;
    let mut first = node.first_token();
    while first.as_ref().is_some_and(idle) {
        first = first.and_then(|token| token.next_token());
    }
    let mut last = node.last_token();
    while last.as_ref().is_some_and(idle) {
        last = last.and_then(|token| token.prev_token());
    }
    let start = first.map_or(whole.start, |token| token.text_range().start().into());
    let end = last.map_or(whole.end, |token| token.text_range().end().into());
    start..end.max(start)
}

#[cfg(test)]
mod tests;
