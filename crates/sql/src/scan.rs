//! One pass over the bytes of a message, before any parser sees them.
//!
//! Owns: what a text may be at most ([`limits`]), where its statements begin and end, which of them are folded
//! before they are read, and the [`Fingerprint`] for the cache. Refuses: to know what a statement means, and to pass
//! on what could make a parser abort the process: that is an error, and the text is not understood.

mod fingerprint;
mod fold;
mod lex;
pub(crate) mod limits;
mod split;

use std::borrow::Cow;
use std::ops::Range;

pub use fingerprint::{Fingerprint, fingerprint};
pub(crate) use fold::Folded;
#[allow(unused_imports)]
pub(crate) use lex::{Kind, Lexer, Token};

/// Why a text goes no further. Shown to clients: key words and figures, nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScanError {
    /// Longer than a message may be.
    #[error("the text is longer than {} MiB", limits::MAX_TEXT_BYTES >> 20)]
    TextTooLong,
    /// Longer than a parser is given.
    #[error("a statement is longer than {} KiB", limits::MAX_PARSED_BYTES >> 10)]
    StatementTooLong,
    /// More than a parser is given.
    #[error(
        "a long statement of more than {} words and signs",
        limits::MAX_PARSED_TOKENS
    )]
    Tokens,
    /// Too many statements.
    #[error("more than {} statements in one text", limits::MAX_STATEMENTS)]
    Statements,
    /// Too many brackets.
    #[error("brackets nested deeper than {}", limits::MAX_BRACKETS)]
    Brackets,
    /// Too many CASE.
    #[error("CASE nested deeper than {}", limits::MAX_CASE)]
    Case,
    /// Too long an expression.
    #[error("an expression of more than {} operators", limits::MAX_LINKS)]
    Links,
    /// Too long a condition.
    #[error("a condition of more than {} terms", limits::MAX_CONDITIONS)]
    Conditions,
    /// Too many joins.
    #[error("more than {} joins", limits::MAX_JOINS)]
    Joins,
    /// Too many set operations.
    #[error("more than {} set operations", limits::MAX_SET_OPERATIONS)]
    SetOperations,
    /// Too many EXPLAIN.
    #[error("more than {} EXPLAIN in one statement", limits::MAX_EXPLAINS)]
    Explains,
    /// Too many NESTED.
    #[error("more than {} NESTED paths", limits::MAX_NESTED)]
    Nested,
    /// The text ends within something.
    #[error("unterminated {0}")]
    Unterminated(&'static str),
    /// A byte, or a `$`, that SQL has no use for.
    #[error("a character that SQL has no use for")]
    Character,
    /// `1a`, `1..2`, `0x1F`, `1_000`: an error to some server versions, several things to others.
    #[error("a number that runs into what follows it")]
    Number,
    /// `""`.
    #[error("a quoted identifier without a character")]
    EmptyName,
    /// `U&'…'` while standard_conforming_strings is off.
    #[error("a constant with Unicode escapes while standard_conforming_strings is off")]
    UnsafeUnicode,
}

/// What the pass found.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Byte ranges of the statements, from the first to the last token, without `;`, blanks and comments around them.
    /// Every other byte of the text is a `;`, a blank or in a comment.
    pub statements: Vec<Range<usize>>,
    /// Where a statement ends is not certain: a body of BEGIN ATOMIC … END, `;` in brackets, or brackets that do not
    /// match. The parsers must agree that each range is exactly one statement.
    pub split_uncertain: bool,
    /// What is given to the parsers instead of long statements, in order of `statements`.
    folded: Vec<(usize, Folded)>,
}

impl Scan {
    /// What a parser is to read for a statement: the statement's own text, or a shorter one with the same meaning to
    /// us. None if there is no such statement or `text` is not the scanned one.
    pub(crate) fn reading<'a>(&'a self, text: &'a str, statement: usize) -> Option<&'a str> {
        match self.fold_of(statement) {
            Some(folded) => Some(folded.text()),
            None => text.get(self.statements.get(statement)?.clone()),
        }
    }

    /// Where, in the scanned text, an offset into [`Scan::reading`] lies.
    pub(crate) fn original_offset(&self, statement: usize, offset: usize) -> Option<usize> {
        let begin = self.statements.get(statement)?.start;
        Some(
            begin
                + self
                    .fold_of(statement)
                    .map_or(offset, |folded| folded.original_offset(offset)),
        )
    }

    /// The whole text as the parsers read it: each statement as [`Scan::reading`] has it, and where it lies in that.
    /// None if `text` is not the scanned one.
    pub(crate) fn readings<'a>(
        &'a self,
        text: &'a str,
    ) -> Option<(Cow<'a, str>, Vec<Range<usize>>)> {
        if self.folded.is_empty() {
            return Some((Cow::Borrowed(text), self.statements.clone()));
        }
        let (mut all, mut ranges, mut end) = (String::new(), vec![], 0);
        for (index, range) in self.statements.iter().enumerate() {
            all.push_str(text.get(end..range.start)?);
            let begin = all.len();
            all.push_str(self.reading(text, index)?);
            ranges.push(begin..all.len());
            end = range.end;
        }
        all.push_str(text.get(end..)?);
        Some((Cow::Owned(all), ranges))
    }

    fn fold_of(&self, statement: usize) -> Option<&Folded> {
        let at = self
            .folded
            .binary_search_by_key(&statement, |(index, _)| *index);
        Some(&self.folded.get(at.ok()?)?.1)
    }
}

/// Goes over a text once.
pub(crate) fn scan(text: &[u8], standard_conforming_strings: bool) -> Result<Scan, ScanError> {
    if text.len() > limits::MAX_TEXT_BYTES {
        return Err(ScanError::TextTooLong);
    }
    let split::Split {
        statements,
        uncertain,
    } = split::split(text, standard_conforming_strings)?;
    let mut folded = Vec::new();
    for (index, range) in statements.iter().enumerate() {
        let statement = text.get(range.clone()).unwrap_or_default();
        if statement.len() < fold::MIN_BYTES {
            continue;
        }
        let shorter = fold::fold(statement, standard_conforming_strings)?;
        let reading = shorter.as_ref().map_or(statement, |f| f.text().as_bytes());
        if reading.len() > limits::MAX_PARSED_BYTES {
            return Err(ScanError::StatementTooLong);
        }
        if reading.len() > limits::MAX_DENSE_BYTES
            && tokens_of(reading, standard_conforming_strings)? > limits::MAX_PARSED_TOKENS
        {
            return Err(ScanError::Tokens);
        }
        folded.extend(shorter.map(|f| (index, f)));
    }
    Ok(Scan {
        statements,
        split_uncertain: uncertain,
        folded,
    })
}

/// How many tokens a parser will see.
fn tokens_of(text: &[u8], standard_conforming_strings: bool) -> Result<usize, ScanError> {
    let mut lexer = Lexer::new(text, standard_conforming_strings);
    let mut count = 0;
    while let Some(token) = lexer.next()? {
        count += usize::from(!token.kind.is_blank());
    }
    Ok(count)
}

/// The statements of a text that is read with standard_conforming_strings on, and whether their ends are uncertain:
/// see [`Scan`].
pub(crate) fn statement_ranges(text: &[u8]) -> Result<(Vec<Range<usize>>, bool), ScanError> {
    let split::Split {
        statements,
        uncertain,
    } = split::split(text, true)?;
    Ok((statements, uncertain))
}

#[cfg(test)]
mod tests;
