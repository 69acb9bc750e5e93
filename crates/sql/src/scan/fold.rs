//! Long statements, shortened before they are read.
//!
//! Owns: [`fold`]. It leaves out members of long lists of constants ([`lists`]) and the ends of long strings
//! ([`strings`]): what is left means the same to every question we ask, for no name and no function stands in what is
//! not read. Refuses: to touch short statements. What is sent to the database stays as it came.

mod lists;
mod strings;

use std::ops::Range;

use super::ScanError;
use super::lex::{Kind, Lexer};
use lists::Lists;

/// Shorter statements are read as they are.
pub(crate) const MIN_BYTES: usize = 4 * 1024;

/// A statement with parts left out.
#[derive(Debug)]
pub(crate) struct Folded {
    text: String,
    /// What was left out, in order, as ranges of the statement.
    cuts: Vec<Range<usize>>,
}

impl Folded {
    /// The shorter text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where, in the whole statement, an offset into the shorter text lies.
    pub(crate) fn original_offset(&self, offset: usize) -> usize {
        let mut original = offset;
        for cut in &self.cuts {
            if cut.start > original {
                break;
            }
            original += cut.len();
        }
        original
    }
}

/// What is left out so far: ranges in order, none in or next to another one.
#[derive(Debug, Default)]
struct Cuts(Vec<Range<usize>>);

impl Cuts {
    /// Leaves out a range that ends behind all that were left out before. Those inside it go with it.
    fn add(&mut self, range: Range<usize>) {
        let covers = |outer: &Range<usize>| outer.start <= range.start && outer.end >= range.end;
        if self.0.last().is_some_and(covers) {
            return;
        }
        while self.0.pop_if(|cut| cut.start >= range.start).is_some() {}
        match self.0.last_mut() {
            Some(last) if last.end >= range.start => last.end = range.end,
            _ => self.0.push(range),
        }
    }
}

/// Shortens a statement; None if there is nothing to leave out, or it is not UTF-8.
pub(super) fn fold(
    statement: &[u8],
    standard_conforming_strings: bool,
) -> Result<Option<Folded>, ScanError> {
    let mut cuts = Cuts::default();
    let mut lists = Lists::default();
    let mut shortens = None;
    let mut lexer = Lexer::new(statement, standard_conforming_strings);
    while let Some(token) = lexer.next()? {
        if token.kind.is_blank() {
            continue;
        }
        let bytes = statement.get(token.start..token.end).unwrap_or_default();
        let shortens = *shortens.get_or_insert_with(|| strings::are_values_in(token.kind, bytes));
        if shortens && let Some(rest) = strings::rest(token.kind, bytes) {
            cuts.add(token.start + rest.start..token.start + rest.end);
        }
        lists.take(&token, bytes, &mut cuts);
    }
    let Cuts(cuts) = cuts;
    let Ok(statement) = std::str::from_utf8(statement) else {
        return Ok(None);
    };
    if cuts.is_empty() {
        return Ok(None);
    }
    let mut text = String::new();
    let mut kept = 0;
    for cut in &cuts {
        text.push_str(statement.get(kept..cut.start).unwrap_or_default());
        kept = cut.end;
    }
    text.push_str(statement.get(kept..).unwrap_or_default());
    Ok(Some(Folded { text, cuts }))
}
