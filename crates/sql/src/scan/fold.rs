//! Long lists of constants, shortened before they are read.
//!
//! Owns: [`fold`], which keeps the first and the last of a run of `IN (1, 2, …)` elements, or of `VALUES (1, 'a'),
//! (2, 'b'), …` rows, whose constants and parameters are of the same classes in the same places. Such a run means the
//! same to every question we ask: no name and no function stands in it. Refuses: to touch anything else, and short
//! statements. What is sent to the database stays as it came.

use std::ops::Range;

use super::ScanError;
use super::lex::{Kind, Lexer, Token};

/// Shorter statements are read as they are.
pub(crate) const MIN_BYTES: usize = 16 * 1024;

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

/// Shortens a statement; None if there is nothing to leave out, or it is not UTF-8.
pub(super) fn fold(
    statement: &[u8],
    standard_conforming_strings: bool,
) -> Result<Option<Folded>, ScanError> {
    let mut finder = Finder::default();
    let mut lexer = Lexer::new(statement, standard_conforming_strings);
    while let Some(token) = lexer.next()? {
        if !token.kind.is_blank() {
            let bytes = statement.get(token.start..token.end).unwrap_or_default();
            finder.take(&token, bytes);
        }
    }
    finder.run_ends();
    if finder.cuts.is_empty() {
        return Ok(None);
    }
    let Ok(statement) = std::str::from_utf8(statement) else {
        return Ok(None);
    };
    let mut text = String::new();
    let mut kept = 0;
    for cut in &finder.cuts {
        text.push_str(statement.get(kept..cut.start).unwrap_or_default());
        kept = cut.end;
    }
    text.push_str(statement.get(kept..).unwrap_or_default());
    Ok(Some(Folded {
        text,
        cuts: finder.cuts,
    }))
}

/// The class of a constant, as far as it can change what a statement means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Constant {
    Token(Kind),
    Negative(Kind),
    Null,
    Boolean,
    Default,
}

/// Where the finder stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    /// After IN, or VALUES.
    Keyword { rows: bool },
    /// Between two elements or rows, at the place where the next one begins.
    Before { rows: bool },
    /// In a row, or in an element after its sign.
    Inside { rows: bool },
    /// After an element or a row.
    After { rows: bool },
}

/// Finds runs of equal elements.
#[derive(Debug, Default)]
struct Finder {
    state: State,
    /// The classes of the element or row being read, and of those of the run.
    reading: Vec<Constant>,
    run: Vec<Constant>,
    /// A sign, or a constant that waits for its comma, came last.
    sign: bool,
    constant: bool,
    /// Where the run's first member, its last one so far, and the one before that end.
    first_end: usize,
    last_end: usize,
    before_last_end: usize,
    members: usize,
    cuts: Vec<Range<usize>>,
}

impl Finder {
    fn take(&mut self, token: &Token, bytes: &[u8]) {
        self.state = match (self.state, token.kind) {
            (State::Keyword { rows: false }, Kind::Open) => State::Before { rows: false },
            (State::Keyword { rows: true } | State::Before { rows: true }, Kind::Open) => {
                State::Inside { rows: true }
            }
            (State::Before { rows: false } | State::Inside { .. }, _) => self.inside(token, bytes),
            (State::After { rows }, Kind::Comma) => State::Before { rows },
            _ => State::Outside,
        };
        if self.state != State::Outside {
            return;
        }
        self.run_ends();
        if token.kind == Kind::Word {
            if bytes.eq_ignore_ascii_case(b"in") {
                self.state = State::Keyword { rows: false };
            } else if bytes.eq_ignore_ascii_case(b"values") {
                self.state = State::Keyword { rows: true };
            }
        }
    }

    /// A token of an element or a row.
    fn inside(&mut self, token: &Token, bytes: &[u8]) -> State {
        let rows = self.state == State::Inside { rows: true };
        if !self.constant {
            let sign = std::mem::take(&mut self.sign);
            if token.kind == Kind::Operator && !sign && matches!(bytes, b"-" | b"+") {
                self.sign = true;
                return State::Inside { rows };
            }
            let Some(constant) = constant(token.kind, bytes, sign) else {
                return State::Outside;
            };
            self.reading.push(constant);
            if rows {
                self.constant = true;
                return State::Inside { rows };
            }
            self.member_ends(token.end);
            return State::After { rows };
        }
        self.constant = false;
        match token.kind {
            Kind::Comma => State::Inside { rows },
            Kind::Close => {
                self.member_ends(token.end);
                State::After { rows }
            }
            _ => State::Outside,
        }
    }

    fn member_ends(&mut self, end: usize) {
        if self.members > 0 && self.reading == self.run {
            self.reading.clear();
            self.members += 1;
            self.before_last_end = self.last_end;
        } else {
            self.cut();
            self.run = std::mem::take(&mut self.reading);
            self.members = 1;
            self.first_end = end;
        }
        self.last_end = end;
    }

    /// Leaves out what is between the first and the last member of the run.
    fn cut(&mut self) {
        if self.members > 2 {
            self.cuts.push(self.first_end..self.before_last_end);
        }
        self.members = 0;
    }

    fn run_ends(&mut self) {
        self.cut();
        self.reading.clear();
        self.sign = false;
        self.constant = false;
    }
}

fn constant(kind: Kind, bytes: &[u8], sign: bool) -> Option<Constant> {
    match kind {
        Kind::Integer | Kind::Decimal if sign => Some(Constant::Negative(kind)),
        _ if sign => None,
        Kind::Integer
        | Kind::Decimal
        | Kind::Param
        | Kind::String
        | Kind::BitString
        | Kind::HexString => Some(Constant::Token(kind)),
        Kind::EscapeString | Kind::DollarString => Some(Constant::Token(kind)),
        Kind::Word => {
            const WORDS: &[(&str, Constant)] = &[
                ("null", Constant::Null),
                ("true", Constant::Boolean),
                ("false", Constant::Boolean),
                ("default", Constant::Default),
            ];
            WORDS
                .iter()
                .find(|(word, _)| bytes.eq_ignore_ascii_case(word.as_bytes()))
                .map(|w| w.1)
        }
        _ => None,
    }
}
