//! Where statements begin and end.
//!
//! Owns: [`split`], which separates at `;` as the server's grammar does, and applies the limits on the way.
//! Refuses: to decide where a `;` can be part of a statement. It follows psql's rule there (a `;` counts at bracket
//! depth 0 and outside of BEGIN ATOMIC … END in CREATE FUNCTION or PROCEDURE) and says that it is not certain.

use std::ops::Range;

use super::ScanError;
use super::lex::{Kind, Lexer, Token};
use super::limits::{Counted, Limits, MAX_STATEMENTS};

/// The statements of a text.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// See [`super::Scan::statements`].
    pub statements: Vec<Range<usize>>,
    /// See [`super::Scan::split_uncertain`].
    pub uncertain: bool,
}

/// The statement being gone over.
#[derive(Debug, Default)]
struct Current {
    /// From its first token to the last one so far.
    range: Option<Range<usize>>,
    /// It begins with CREATE.
    create: bool,
    /// The last word, if it matters for BEGIN ATOMIC and its END.
    last: Last,
    /// BEGIN ATOMIC and CASE that wait for their END.
    body: u32,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Begin,
    /// `.` or AS: a name follows.
    BeforeName,
}

/// Separates a text and holds it against the limits.
pub(super) fn split(text: &[u8], standard_conforming_strings: bool) -> Result<Split, ScanError> {
    let mut split = Split::default();
    let mut current = Current::default();
    let mut limits = Limits::default();
    let mut lexer = Lexer::new(text, standard_conforming_strings);
    while let Some(token) = lexer.next()? {
        if token.kind.is_blank() {
            continue;
        }
        if token.kind == Kind::Semicolon && limits.depth() == 0 && current.body == 0 {
            split.add(&mut current)?;
            limits.reset();
            continue;
        }
        let word = match token.kind {
            Kind::Word => text.get(token.start..token.end).unwrap_or_default(),
            _ => &[],
        };
        let counted = Counted::of(word);
        split.uncertain |= match token.kind {
            // In brackets, or in a body.
            Kind::Semicolon => true,
            Kind::Close | Kind::CloseSquare => limits.depth() == 0,
            _ => false,
        };
        limits.count(&token, counted)?;
        split.uncertain |= current.follow(&token, word, counted, limits.depth());
    }
    split.uncertain |= limits.depth() != 0 || current.body != 0;
    split.add(&mut current)?;
    Ok(split)
}

impl Split {
    fn add(&mut self, current: &mut Current) -> Result<(), ScanError> {
        if let Some(range) = std::mem::take(current).range {
            if self.statements.len() == MAX_STATEMENTS {
                return Err(ScanError::Statements);
            }
            self.statements.push(range);
        }
        Ok(())
    }
}

impl Current {
    /// Takes a token in; true if it makes the end of the statement uncertain.
    fn follow(
        &mut self,
        token: &Token,
        word: &[u8],
        counted: Option<Counted>,
        depth: usize,
    ) -> bool {
        match &mut self.range {
            Some(range) => range.end = token.end,
            None => {
                self.range = Some(token.start..token.end);
                self.create = word.eq_ignore_ascii_case(b"create");
            }
        }
        let last = std::mem::take(&mut self.last);
        match counted {
            Some(Counted::As) => self.last = Last::BeforeName,
            Some(Counted::Case) if self.body > 0 => self.body += 1,
            Some(Counted::End) if last != Last::BeforeName => {
                self.body = self.body.saturating_sub(1)
            }
            _ if token.kind == Kind::Dot => self.last = Last::BeforeName,
            _ if depth > 0 || !self.create => {}
            _ if word.eq_ignore_ascii_case(b"begin") => self.last = Last::Begin,
            _ if last == Last::Begin && word.eq_ignore_ascii_case(b"atomic") => {
                self.body += 1;
                return true;
            }
            _ => {}
        }
        false
    }
}
