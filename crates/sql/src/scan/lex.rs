//! PostgreSQL's lexical rules, over bytes.
//!
//! Owns: [`Lexer`], which cuts a text into [`Token`]s the way the server's `scan.l` does (PostgreSQL manual, 4.1
//! "Lexical Structure"). Refuses: to guess. What the rules have no place for, or have a place for in some server
//! versions only (`0x1F`, `1_000`, `1a`), is an error.

use super::ScanError;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// White space.
    Space,
    /// `-- …` or `/* … */`.
    Comment,
    /// A key word or an identifier without quotes.
    Word,
    /// `"…"`.
    QuotedName,
    /// `U&"…"`.
    UnicodeName,
    /// `'…'`.
    String,
    /// `E'…'`.
    EscapeString,
    /// `U&'…'`.
    UnicodeString,
    /// `N'…'`.
    NationalString,
    /// `B'…'`.
    BitString,
    /// `X'…'`.
    HexString,
    /// `$tag$…$tag$`.
    DollarString,
    /// Digits alone.
    Integer,
    /// Digits with a point or an exponent.
    Decimal,
    /// `$1`.
    Param,
    /// A run of operator characters: one operator, or one with a sign after it.
    Operator,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenSquare,
    /// `]`
    CloseSquare,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `.`
    Dot,
    /// `:`, also as a half of `::` and `:=`.
    Colon,
}

impl Kind {
    /// Whether it separates tokens only.
    pub(crate) fn is_blank(self) -> bool {
        matches!(self, Kind::Space | Kind::Comment)
    }

    /// Whether it is a string constant of any notation.
    pub(crate) fn is_string(self) -> bool {
        matches!(
            self,
            Kind::String
                | Kind::EscapeString
                | Kind::UnicodeString
                | Kind::NationalString
                | Kind::BitString
                | Kind::HexString
                | Kind::DollarString
        )
    }
}

/// One token; its bytes are `text[start..end]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// It has a backslash, a byte above 127, or is a string put together from several lines: its value depends on
    /// settings or on more than plain copying.
    pub odd: bool,
}

// Classes of a token's first byte.
const BAD: u8 = 0;
const SPACE: u8 = 1;
const LETTER: u8 = 2;
const DIGIT: u8 = 3;
const OPERATOR: u8 = 4;
const PUNCTUATION: u8 = 5;
const QUOTE: u8 = 6;
const DOUBLE_QUOTE: u8 = 7;
const DOLLAR: u8 = 8;

/// Whether a byte continues a word.
static WORD_PART: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = matches!(class_of(byte as u8), LETTER | DIGIT | DOLLAR);
        byte += 1;
    }
    table
};

const fn class_of(byte: u8) -> u8 {
    match byte {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0c => SPACE,
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => LETTER,
        b'0'..=b'9' => DIGIT,
        b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' => OPERATOR,
        b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' => OPERATOR,
        b'(' | b')' | b'[' | b']' | b',' | b';' | b'.' | b':' => PUNCTUATION,
        b'\'' => QUOTE,
        b'"' => DOUBLE_QUOTE,
        b'$' => DOLLAR,
        _ => BAD,
    }
}

static CLASS: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8);
        byte += 1;
    }
    table
};

/// Cuts a text into tokens, blanks included: the tokens' ranges cover the text without gaps.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    standard_conforming_strings: bool,
}

impl<'a> Lexer<'a> {
    /// From the beginning of the text.
    pub(crate) fn new(text: &'a [u8], standard_conforming_strings: bool) -> Self {
        Lexer {
            text,
            at: 0,
            standard_conforming_strings,
        }
    }

    /// The next token, or None at the end of the text.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Result<Option<Token>, ScanError> {
        let start = self.at;
        let Some(&first) = self.text.get(start) else {
            return Ok(None);
        };
        let mut odd = false;
        let (kind, end) = match CLASS[first as usize] {
            SPACE => (Kind::Space, self.run(start + 1, SPACE)),
            LETTER => self.word(start, first, &mut odd)?,
            DIGIT => self.number(start)?,
            OPERATOR => self.operator(start)?,
            PUNCTUATION => self.punctuation(start, first)?,
            QUOTE => (
                Kind::String,
                self.quoted(start + 1, !self.standard_conforming_strings, &mut odd)?,
            ),
            DOUBLE_QUOTE => (Kind::QuotedName, self.quoted_name(start + 1, &mut odd)?),
            DOLLAR => self.dollar(start, &mut odd)?,
            _ => return Err(ScanError::Character),
        };
        self.at = end;
        Ok(Some(Token {
            kind,
            start,
            end,
            odd,
        }))
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn run(&self, mut at: usize, class: u8) -> usize {
        while let Some(&byte) = self.text.get(at) {
            if CLASS[byte as usize] != class {
                break;
            }
            at += 1;
        }
        at
    }

    /// A word; or a string or a name whose prefix looked like one.
    #[inline]
    fn word(&self, start: usize, first: u8, odd: &mut bool) -> Result<(Kind, usize), ScanError> {
        let mut at = start;
        while let Some(&byte) = self.text.get(at) {
            if !WORD_PART[byte as usize] {
                break;
            }
            *odd |= byte >= 0x80;
            at += 1;
        }
        if at != start + 1 {
            return Ok((Kind::Word, at));
        }
        // Prefixes bind only when nothing stands between them and the quote.
        let (next, after) = (self.byte(at), self.byte(at + 1));
        Ok(match (first | 0x20, next, after) {
            (b'e', b'\'', _) => (Kind::EscapeString, self.quoted(at + 1, true, odd)?),
            (b'n', b'\'', _) => (
                Kind::NationalString,
                self.quoted(at + 1, !self.standard_conforming_strings, odd)?,
            ),
            (b'b', b'\'', _) => (Kind::BitString, self.quoted(at + 1, false, odd)?),
            (b'x', b'\'', _) => (Kind::HexString, self.quoted(at + 1, false, odd)?),
            (b'u', b'&', b'"') => (Kind::UnicodeName, self.quoted_name(at + 2, odd)?),
            (b'u', b'&', b'\'') => {
                // The server refuses it then: "unsafe use of string constant with Unicode escapes".
                if !self.standard_conforming_strings {
                    return Err(ScanError::UnsafeUnicode);
                }
                (Kind::UnicodeString, self.quoted(at + 2, false, odd)?)
            }
            _ => (Kind::Word, at),
        })
    }

    /// The end of a string whose content begins at `at`, and of the lines that continue it (4.1.2.1: constants
    /// separated by white space with a newline are one).
    fn quoted(&self, mut at: usize, escapes: bool, odd: &mut bool) -> Result<usize, ScanError> {
        loop {
            match self.text.get(at) {
                None => return Err(ScanError::Unterminated("quoted string")),
                Some(b'\'') if self.byte(at + 1) == b'\'' => at += 2,
                Some(b'\'') => match self.continuation(at + 1) {
                    Some(next) => {
                        *odd = true;
                        at = next;
                    }
                    None => return Ok(at + 1),
                },
                Some(b'\\') => {
                    *odd = true;
                    at += if escapes { 2 } else { 1 };
                }
                Some(_) => at += 1,
            }
        }
    }

    /// Where the content of a continued string goes on, if it does: white space and `--` comments with at least one
    /// newline, then a quote.
    fn continuation(&self, mut at: usize) -> Option<usize> {
        let mut newline = false;
        loop {
            match self.text.get(at)? {
                b'\n' | b'\r' => newline = true,
                b'-' if self.byte(at + 1) == b'-' => {
                    at = self.line_end(at);
                    continue;
                }
                b'\'' if newline => return Some(at + 1),
                &byte if CLASS[byte as usize] == SPACE => {}
                _ => return None,
            }
            at += 1;
        }
    }

    fn quoted_name(&self, mut at: usize, odd: &mut bool) -> Result<usize, ScanError> {
        let begin = at;
        loop {
            match self.text.get(at) {
                None => return Err(ScanError::Unterminated("quoted identifier")),
                Some(b'"') if self.byte(at + 1) == b'"' => at += 2,
                Some(b'"') if at == begin => return Err(ScanError::EmptyName),
                Some(b'"') => return Ok(at + 1),
                Some(&byte) => {
                    *odd |= byte >= 0x80 || byte == b'\\';
                    at += 1;
                }
            }
        }
    }

    /// `$1`, or `$tag$…$tag$` (4.1.2.4).
    fn dollar(&self, start: usize, odd: &mut bool) -> Result<(Kind, usize), ScanError> {
        *odd = true;
        let mut at = start + 1;
        if CLASS[self.byte(at) as usize] == DIGIT {
            *odd = false;
            at = self.run(at, DIGIT);
            return self.not_a_word(Kind::Param, at);
        }
        if CLASS[self.byte(at) as usize] == LETTER {
            while matches!(CLASS[self.byte(at) as usize], LETTER | DIGIT) {
                at += 1;
            }
        }
        if self.byte(at) != b'$' {
            return Err(ScanError::Character);
        }
        let (tag, body) = self.text.split_at(at + 1);
        let tag = &tag[start..];
        match memchr::memmem::find(body, tag) {
            Some(found) => Ok((Kind::DollarString, at + 1 + found + tag.len())),
            None => Err(ScanError::Unterminated("dollar-quoted string")),
        }
    }

    fn number(&self, start: usize) -> Result<(Kind, usize), ScanError> {
        let mut kind = Kind::Integer;
        let mut at = self.run(start, DIGIT);
        // `1..10` is a range of PL/pgSQL's: the points belong to no number (`numericfail` in `scan.l`).
        if self.byte(at) == b'.' && self.byte(at + 1) == b'.' {
            return Ok((Kind::Integer, at));
        }
        if self.byte(at) == b'.' {
            kind = Kind::Decimal;
            at = self.run(at + 1, DIGIT);
        }
        if self.byte(at) | 0x20 == b'e' {
            kind = Kind::Decimal;
            at += 1;
            if matches!(self.byte(at), b'+' | b'-') {
                at += 1;
            }
            let digits = at;
            at = self.run(at, DIGIT);
            if at == digits {
                return Err(ScanError::Number);
            }
        }
        // `1..2` is for PL/pgSQL only, `1.2.3` is nothing.
        if self.byte(at) == b'.' {
            return Err(ScanError::Number);
        }
        self.not_a_word(kind, at)
    }

    fn not_a_word(&self, kind: Kind, at: usize) -> Result<(Kind, usize), ScanError> {
        match CLASS[self.byte(at) as usize] {
            LETTER | DOLLAR => Err(ScanError::Number),
            _ => Ok((kind, at)),
        }
    }

    fn punctuation(&self, start: usize, first: u8) -> Result<(Kind, usize), ScanError> {
        let kind = match first {
            b'(' => Kind::Open,
            b')' => Kind::Close,
            b'[' => Kind::OpenSquare,
            b']' => Kind::CloseSquare,
            b',' => Kind::Comma,
            b';' => Kind::Semicolon,
            b':' => Kind::Colon,
            _ if CLASS[self.byte(start + 1) as usize] == DIGIT => return self.number(start),
            _ => Kind::Dot,
        };
        Ok((kind, start + 1))
    }

    /// A comment, or operator characters up to one (4.1.3: `--` and `/*` cannot appear in an operator).
    fn operator(&self, start: usize) -> Result<(Kind, usize), ScanError> {
        let mut at = start;
        while let Some(&byte) = self.text.get(at) {
            if CLASS[byte as usize] != OPERATOR {
                break;
            }
            let next = self.byte(at + 1);
            if (byte == b'-' && next == b'-') || (byte == b'/' && next == b'*') {
                if at > start {
                    break;
                }
                let end = if byte == b'-' {
                    self.line_end(at)
                } else {
                    self.block_end(at)?
                };
                return Ok((Kind::Comment, end));
            }
            at += 1;
        }
        Ok((Kind::Operator, at))
    }

    fn line_end(&self, at: usize) -> usize {
        self.text
            .get(at..)
            .and_then(|rest| memchr::memchr2(b'\n', b'\r', rest))
            .map_or(self.text.len(), |n| at + n)
    }

    /// Block comments nest (4.1.5).
    fn block_end(&self, start: usize) -> Result<usize, ScanError> {
        let mut at = start + 2;
        let mut depth = 1_usize;
        while let Some(rest) = self.text.get(at..) {
            let Some(found) = memchr::memchr2(b'*', b'/', rest) else {
                break;
            };
            at += found;
            match (self.byte(at), self.byte(at + 1)) {
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return Ok(at);
                    }
                }
                _ => at += 1,
            }
        }
        Err(ScanError::Unterminated("comment"))
    }
}
