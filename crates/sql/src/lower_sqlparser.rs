//! The first reader: sqlparser's tree, lowered into the form.
//!
//! Owns: driving sqlparser statement by statement, and the lowering of what it gives. Refuses: to trust it. The
//! statements' boundaries and the tokens come from our own scanner, and sqlparser's tokens must be the same ones; every
//! token must be consumed; a key word that PostgreSQL reserves is never a name; a word that no name claimed must be a key
//! word of PostgreSQL; every node of the tree is named here, with each of its fields, and what has no place in the
//! form is a [`ReaderError`]. Trees are never cloned, compared or asked for their span (each can exhaust the stack).
//!
//! sqlparser reads other dialects' words and its own extensions under the PostgreSQL dialect too: what is refused below
//! as "not PostgreSQL" is there for that reason.

mod access;
mod access_rights;
mod alter;
mod call;
mod comparison;
mod copy;
mod create;
mod drop;
mod expression;
mod from;
mod keywords;
mod literal;
mod maintenance;
mod names;
mod operator;
mod options;
mod query;
mod select;
mod session;
mod source;
mod statement;
mod table;
mod types;
mod write;

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use crate::form::{ReaderError, Statement};
use crate::scan::statement_ranges;
use source::Source;

/// How deep sqlparser may recurse. It reports deeper nesting as an error.
const RECURSION_LIMIT: usize = 50;

type Lowered<T> = Result<T, ReaderError>;

/// An error with a fixed reason.
fn refuse<T>(reason: &'static str) -> Lowered<T> {
    Err(ReaderError::new(reason))
}

/// An error unless a field that PostgreSQL has no syntax for is at rest.
fn absent(rest: bool, what: &'static str) -> Lowered<()> {
    if rest {
        Ok(())
    } else {
        Err(ReaderError::new(what))
    }
}

/// Reads a text. To be called on a large stack: the trees live and die in here.
pub(crate) fn lower(text: &str) -> Lowered<Vec<Statement>> {
    let (ranges, uncertain) =
        statement_ranges(text.as_bytes()).map_err(|e| ReaderError::new(e.to_string()))?;
    if uncertain {
        return refuse("where a statement ends is not certain");
    }
    ranges
        .into_iter()
        .map(|range| lower_one(text, range))
        .collect()
}

/// Reads the text of one statement.
fn lower_one(text: &str, range: std::ops::Range<usize>) -> Lowered<Statement> {
    let Some(statement) = text.get(range.clone()) else {
        return refuse("not at a character's border");
    };
    let dialect = PostgreSqlDialect {};
    let tokens = Tokenizer::new(&dialect, statement)
        .tokenize_with_location()
        .map_err(|_| ReaderError::new("sqlparser: not read as tokens"))?;
    let source = Source::new(statement, range.start, &tokens)?;
    let mut parser = Parser::new(&dialect)
        .with_recursion_limit(RECURSION_LIMIT)
        .with_tokens_with_locations(tokens);
    // Its messages quote the text, so they are not passed on.
    let tree = parser
        .parse_statement()
        .map_err(|_| ReaderError::new("sqlparser: not read"))?;
    if parser.peek_token_ref().token != Token::EOF {
        return refuse("sqlparser: stopped before the end");
    }
    let kind = source.statement(&tree, 0)?;
    source.all_words_claimed()?;
    Ok(Statement { kind, range })
}

#[cfg(test)]
mod tests;
