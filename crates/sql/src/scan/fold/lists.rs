//! Long lists of constants.
//!
//! Owns: [`Lists`], which finds `IN (1, 2, …)`, `ARRAY[1, 2, …]` and `VALUES (1, 'a'), (2, 'b'), …`, and leaves out each
//! member from the third on of the same pattern: the same classes of constants and the same words in the same places.
//! The only words in a pattern are those of a short list: NULL and its kind, types whose values are values and nothing
//! else, the time of day. Refuses: a list that holds anything else, but for VALUES, where such a row is read and the
//! others still count.

use std::collections::HashMap;

use super::Cuts;
use super::Kind;
use crate::scan::lex::Token;

/// How many members of one pattern are read.
const READ: u32 = 2;

/// How many patterns are told apart in one list. What comes after those is read.
const PATTERNS: usize = 4_096;

/// Words that may stand in a pattern.
const WORDS: &[&str] = &[
    "null",
    "true",
    "false",
    "default",
    "array",
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "gen_random_uuid",
    "bigint",
    "bool",
    "boolean",
    "bytea",
    "date",
    "decimal",
    "double",
    "float4",
    "float8",
    "inet",
    "int",
    "int2",
    "int4",
    "int8",
    "integer",
    "interval",
    "json",
    "jsonb",
    "numeric",
    "precision",
    "real",
    "smallint",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
    "varchar",
    "with",
    "without",
    "zone",
];

/// The lists that a token stands in, the outermost first.
#[derive(Debug, Default)]
pub(super) struct Lists {
    open: Vec<List>,
    begins: Begins,
    /// Where the token before ends.
    last_end: usize,
}

/// What the token before announces.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Begins {
    #[default]
    Nothing,
    In,
    Array,
    Values,
}

impl Lists {
    /// The next token that is not blank.
    pub(super) fn take(&mut self, token: &Token, bytes: &[u8], cuts: &mut Cuts) {
        if !self.open.is_empty() {
            let class = class(token.kind, bytes);
            let last_end = self.last_end;
            let ends = |list: &mut List| !list.take(token, class, last_end, cuts);
            if let Some(at) = self.open.iter_mut().position(ends) {
                self.open.truncate(at);
            }
        }
        let begun = match (self.begins, token.kind) {
            (Begins::In, Kind::Open) | (Begins::Array, Kind::OpenSquare) => Some(List::new(false)),
            (Begins::Values, Kind::Open) => Some(List::new(true)),
            _ => None,
        };
        self.open.extend(begun);
        self.begins = match token.kind {
            Kind::Word if bytes.eq_ignore_ascii_case(b"in") => Begins::In,
            Kind::Word if bytes.eq_ignore_ascii_case(b"array") => Begins::Array,
            Kind::Word if bytes.eq_ignore_ascii_case(b"values") => Begins::Values,
            _ => Begins::Nothing,
        };
        self.last_end = token.end;
    }
}

/// One list.
#[derive(Debug)]
struct List {
    /// Its members are rows in brackets.
    rows: bool,
    /// Brackets open within it.
    depth: u32,
    /// The pattern of the member so far; None where it has something else in it.
    pattern: Option<Vec<u8>>,
    /// Where what stands before the member, and its comma, ends. None for the first one.
    before: Option<usize>,
    /// A comma was the last thing between two members.
    comma: bool,
    seen: HashMap<Vec<u8>, u32>,
}

impl List {
    /// After the bracket that opens it, or its first row.
    fn new(rows: bool) -> List {
        List {
            rows,
            depth: u32::from(rows),
            pattern: Some(vec![]),
            before: None,
            comma: false,
            seen: HashMap::new(),
        }
    }

    /// Takes a token; false if the list ends with it or before it.
    fn take(&mut self, token: &Token, class: Option<u8>, last_end: usize, cuts: &mut Cuts) -> bool {
        match token.kind {
            Kind::Open | Kind::OpenSquare => {
                self.depth += 1;
                if self.rows && self.depth == 1 {
                    return std::mem::take(&mut self.comma);
                }
            }
            Kind::Close | Kind::CloseSquare if self.depth == 0 => {
                if !self.rows {
                    self.member(last_end, cuts);
                }
                return false;
            }
            Kind::Close | Kind::CloseSquare => {
                self.depth -= 1;
                if self.rows && self.depth == 0 {
                    self.member(token.end, cuts);
                    return true;
                }
            }
            Kind::Comma if self.depth == 0 => {
                if !self.rows {
                    self.member(last_end, cuts);
                }
                self.before = Some(last_end);
                self.comma = true;
                return true;
            }
            _ if self.rows && self.depth == 0 => return false,
            _ => {}
        }
        match (class, &mut self.pattern) {
            (Some(class), Some(pattern)) => pattern.push(class),
            (None, _) if !self.rows => return false,
            (None, pattern) => *pattern = None,
            (Some(_), None) => {}
        }
        true
    }

    /// A member ends here.
    fn member(&mut self, end: usize, cuts: &mut Cuts) {
        let Some(pattern) = &mut self.pattern else {
            self.pattern = Some(vec![]);
            return;
        };
        let room = self.seen.len() < PATTERNS;
        match self.seen.get_mut(pattern.as_slice()) {
            Some(count) if *count < READ => *count += 1,
            Some(_) => {
                if let Some(before) = self.before {
                    cuts.add(before..end);
                }
            }
            None if room => {
                self.seen.insert(pattern.clone(), 1);
            }
            None => {}
        }
        pattern.clear();
    }
}

/// What a token is in a pattern, if it may stand in one.
fn class(kind: Kind, bytes: &[u8]) -> Option<u8> {
    match kind {
        Kind::Integer => Some(0),
        Kind::Decimal => Some(1),
        Kind::Param => Some(2),
        Kind::String => Some(3),
        Kind::EscapeString => Some(4),
        Kind::DollarString => Some(5),
        Kind::BitString => Some(6),
        Kind::HexString => Some(7),
        Kind::Open => Some(8),
        Kind::Close => Some(9),
        Kind::OpenSquare => Some(10),
        Kind::CloseSquare => Some(11),
        Kind::Comma => Some(12),
        Kind::Colon => Some(13),
        Kind::Operator if bytes == b"-" => Some(14),
        Kind::Operator if bytes == b"+" => Some(15),
        Kind::Word => {
            let at = WORDS
                .iter()
                .position(|word| bytes.eq_ignore_ascii_case(word.as_bytes()))?;
            u8::try_from(at).ok()?.checked_add(16)
        }
        Kind::Operator
        | Kind::Space
        | Kind::Comment
        | Kind::QuotedName
        | Kind::UnicodeName
        | Kind::UnicodeString
        | Kind::NationalString
        | Kind::Semicolon
        | Kind::Dot => None,
    }
}
