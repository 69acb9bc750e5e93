//! What keeps both parsers from exhausting the stack, the memory or an afternoon.
//!
//! Owns: the thresholds and [`Limits`], which counts while the scanner goes over a statement. Refuses: to read
//! grammar. It counts words and signs where a parser could recurse or chain on them, and rather too many.

use super::ScanError;
use super::lex::{Kind, Token};

/// The longest message that is read at all, in bytes.
pub(crate) const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
/// The longest statement that a parser is given, in bytes, after folding; and all statements of a text together.
pub(crate) const MAX_PARSED_BYTES: usize = 1024 * 1024;
/// A statement no longer than this may be as dense as it likes.
pub(crate) const MAX_DENSE_BYTES: usize = 256 * 1024;
/// The most tokens of a statement that is longer: a parser's memory grows with them.
pub(crate) const MAX_PARSED_TOKENS: usize = 96 * 1024;
/// Statements a message.
pub(crate) const MAX_STATEMENTS: usize = 1_000;
/// Brackets in each other.
pub(crate) const MAX_BRACKETS: usize = 64;
/// CASE in each other.
pub(crate) const MAX_CASE: u32 = 40;
/// Operators, `::`, `.`, NOT and postfix words between two commas or brackets.
pub(crate) const MAX_LINKS: u32 = 1_000;
/// The sum of the squares of the chains' lengths: squawk's time grows with it (8,000 links in one chain take it a second).
pub(crate) const MAX_LINK_WORK: u32 = 4_000_000;
/// AND and OR between two commas or brackets.
pub(crate) const MAX_CONDITIONS: u32 = 10_000;
/// JOIN words a statement.
pub(crate) const MAX_JOINS: u32 = 128;
/// UNION, INTERSECT, EXCEPT a statement.
pub(crate) const MAX_SET_OPERATIONS: u32 = 500;
/// EXPLAIN words a statement: squawk takes 4 seconds for 4,000 of them, PostgreSQL takes one.
pub(crate) const MAX_EXPLAINS: u32 = 16;
/// NESTED (of JSON_TABLE) a statement.
pub(crate) const MAX_NESTED: u32 = 16;

/// What is counted anew within each bracket.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    links: u32,
    conditions: u32,
    case: u32,
    /// BETWEEN that wait for their AND.
    betweens: u32,
}

/// The counters of one statement.
#[derive(Debug, Default)]
pub(super) struct Limits {
    level: Level,
    outer: Vec<Level>,
    joins: u32,
    set_operations: u32,
    nested: u32,
    explains: u32,
    case_total: u32,
    /// For each open CASE, the links of the chain that it stands in: its parts lie beside each other, and each begins
    /// where the CASE did.
    case_links: Vec<u32>,
    link_work: u32,
    /// The last token makes a following word a name: `.` or AS.
    names: bool,
}

impl Limits {
    /// Forgets the statement before.
    pub(super) fn reset(&mut self) {
        let mut outer = std::mem::take(&mut self.outer);
        outer.clear();
        *self = Limits {
            outer,
            ..Limits::default()
        };
    }

    /// Brackets open now.
    pub(super) fn depth(&self) -> usize {
        self.outer.len()
    }

    /// Counts a token that is not blank. `word` is its key word, if it is one that counts.
    pub(super) fn count(&mut self, token: &Token, word: Option<Counted>) -> Result<(), ScanError> {
        let names = std::mem::replace(&mut self.names, token.kind == Kind::Dot);
        match token.kind {
            Kind::Open => self.open()?,
            // A subscript is a link of the chain that it stands in.
            Kind::OpenSquare => {
                self.link(1)?;
                self.open()?;
            }
            Kind::Close | Kind::CloseSquare => self.close(),
            Kind::Comma => {
                self.level = Level {
                    case: self.level.case,
                    ..Level::default()
                }
            }
            Kind::Dot | Kind::Colon => self.link(1)?,
            Kind::Operator => {
                self.link(u32::try_from(token.end - token.start).unwrap_or(u32::MAX))?
            }
            Kind::Word => {
                if let Some(word) = word {
                    self.word(word, names)?;
                }
            }
            Kind::Space
            | Kind::Comment
            | Kind::QuotedName
            | Kind::UnicodeName
            | Kind::String
            | Kind::EscapeString
            | Kind::UnicodeString
            | Kind::NationalString
            | Kind::BitString
            | Kind::HexString
            | Kind::DollarString
            | Kind::Integer
            | Kind::Decimal
            | Kind::Param
            | Kind::Semicolon => {}
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), ScanError> {
        if self.outer.len() == MAX_BRACKETS {
            return Err(ScanError::Brackets);
        }
        self.outer.push(self.level);
        // An END in the bracket closes no CASE outside of it, but depth is depth.
        self.level = Level::default();
        Ok(())
    }

    fn close(&mut self) {
        // What was not closed in the bracket is closed by it.
        let unclosed = usize::try_from(self.level.case).unwrap_or(usize::MAX);
        let left = self.case_links.len().saturating_sub(unclosed);
        self.case_links.truncate(left);
        self.level = self.outer.pop().unwrap_or_default();
    }

    /// What a part of an expression goes on from: nothing, or the chain around the CASE that it is a part of.
    fn around_case(&self) -> u32 {
        match self.level.case {
            0 => 0,
            _ => self.case_links.last().copied().unwrap_or_default(),
        }
    }

    fn link(&mut self, n: u32) -> Result<(), ScanError> {
        raise(&mut self.level.links, n, MAX_LINKS, ScanError::Links)?;
        let work = self.level.links.saturating_mul(n).saturating_mul(2);
        raise(&mut self.link_work, work, MAX_LINK_WORK, ScanError::Links)
    }

    fn word(&mut self, word: Counted, names: bool) -> Result<(), ScanError> {
        match word {
            Counted::As => {
                self.names = true;
                Ok(())
            }
            // `t.end` and `AS end` close nothing.
            Counted::End if !names => {
                if self.level.case > 0 {
                    self.level.case -= 1;
                    // What follows goes on with the longest chain there was around it.
                    let around = self.case_links.pop().unwrap_or_default();
                    self.level.links = self.level.links.max(around);
                }
                Ok(())
            }
            Counted::End => Ok(()),
            Counted::Case => {
                raise(&mut self.case_total, 1, MAX_LINKS, ScanError::Case)?;
                self.level.case += 1;
                self.case_links.push(self.level.links);
                let around: u32 = self.outer.iter().map(|level| level.case).sum();
                if around + self.level.case > MAX_CASE {
                    Err(ScanError::Case)
                } else {
                    Ok(())
                }
            }
            Counted::Link => self.link(1),
            Counted::Part => {
                // `t.then` is no part of anything.
                if self.level.case > 0 && !names {
                    self.level.links = self.around_case();
                }
                Ok(())
            }
            Counted::Between => {
                self.level.betweens += 1;
                self.link(1)
            }
            // Its AND ends no chain: `a BETWEEN a AND a BETWEEN a AND a …` recurses in squawk.
            // `t.and` and `AS and` join nothing.
            Counted::And | Counted::Or if names => Ok(()),
            Counted::And if self.level.betweens > 0 => {
                self.level.betweens -= 1;
                self.link(1)
            }
            Counted::And | Counted::Or => {
                self.level.links = self.around_case();
                raise(
                    &mut self.level.conditions,
                    1,
                    MAX_CONDITIONS,
                    ScanError::Conditions,
                )
            }
            Counted::Join => raise(&mut self.joins, 1, MAX_JOINS, ScanError::Joins),
            Counted::SetOperation => raise(
                &mut self.set_operations,
                1,
                MAX_SET_OPERATIONS,
                ScanError::SetOperations,
            ),
            Counted::Explain => raise(&mut self.explains, 1, MAX_EXPLAINS, ScanError::Explains),
            Counted::Nested => raise(&mut self.nested, 1, MAX_NESTED, ScanError::Nested),
        }
    }
}

fn raise(counter: &mut u32, n: u32, max: u32, error: ScanError) -> Result<(), ScanError> {
    *counter = counter.saturating_add(n);
    if *counter > max { Err(error) } else { Ok(()) }
}

/// A key word that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// CASE.
    Case,
    /// END.
    End,
    /// AS: what follows is a name.
    As,
    /// AND.
    And,
    /// OR.
    Or,
    /// JOIN.
    Join,
    /// UNION, INTERSECT, EXCEPT.
    SetOperation,
    /// NESTED.
    Nested,
    /// EXPLAIN.
    Explain,
    /// BETWEEN.
    Between,
    /// WHEN, THEN, ELSE: parts of a CASE.
    Part,
    /// NOT, and the words that are operators or follow an expression.
    Link,
}

impl Counted {
    /// The key word that these bytes are.
    pub(super) fn of(word: &[u8]) -> Option<Counted> {
        const WORDS: &[(&str, Counted)] = &[
            ("or", Counted::Or),
            ("as", Counted::As),
            ("in", Counted::Link),
            ("is", Counted::Link),
            ("at", Counted::Link),
            ("and", Counted::And),
            ("not", Counted::Link),
            ("end", Counted::End),
            ("div", Counted::Link),
            ("mod", Counted::Link),
            ("xor", Counted::Link),
            ("case", Counted::Case),
            ("when", Counted::Part),
            ("then", Counted::Part),
            ("else", Counted::Part),
            ("join", Counted::Join),
            ("like", Counted::Link),
            ("union", Counted::SetOperation),
            ("minus", Counted::SetOperation),
            ("ilike", Counted::Link),
            ("rlike", Counted::Link),
            ("nested", Counted::Nested),
            ("except", Counted::SetOperation),
            ("isnull", Counted::Link),
            ("regexp", Counted::Link),
            ("escape", Counted::Link),
            ("notnull", Counted::Link),
            ("explain", Counted::Explain),
            ("between", Counted::Between),
            ("similar", Counted::Link),
            ("collate", Counted::Link),
            ("overlaps", Counted::Link),
            ("operator", Counted::Link),
            ("interval", Counted::Link),
            ("distinct", Counted::Link),
            ("intersect", Counted::SetOperation),
        ];
        if !(2..=9).contains(&word.len()) {
            return None;
        }
        WORDS
            .iter()
            .find(|(text, _)| {
                text.len() == word.len() && word.eq_ignore_ascii_case(text.as_bytes())
            })
            .map(|w| w.1)
    }
}
