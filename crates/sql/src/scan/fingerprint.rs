//! A statement's shape: its text with the values of its constants taken out.
//!
//! Owns: [`Fingerprint`]. Two texts have the same one only if they differ in nothing but the values of constants,
//! the letter case of words without quotes, and the amount of blank space and comments between the same tokens. The
//! class of a constant stays (it resolves other functions): integer by the width of its type, decimal, string, bit,
//! hex; NULL, TRUE and FALSE stay as the words they are, and so do signs and parameters.
//! Refuses: to understand anything. It is None for what would need a setting or a second look: backslashes, E'…',
//! U&…, N'…', $$…$$, continued strings, bytes above 127 outside of plain strings, comments that carry code or hints.
//! Bytes above 127 within a plain string are taken as they are: in none of PostgreSQL's encodings does a
//! character's second byte look like a quote. Whether the shape alone decides is not known here either.

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::sync::OnceLock;

use super::lex::{Kind, Lexer, Token};

/// The hash of a shape under a key of this process: never equal across processes, so it is not for storing.
///
/// The text is chosen by the one who is judged. Two keyed hashes (the SipHash of the standard library, keyed from
/// the system's randomness) with different endings give 128 bits that she can neither see nor predict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

/// Longer texts have no fingerprint: reading them once more costs more than it saves.
const MAX_BYTES: usize = 256 * 1024;

// Bytes that stand for a constant. They occur nowhere else: outside of quotes the lexer refuses them.
const INTEGER_4: u8 = 0x01;
const INTEGER_8: u8 = 0x02;
const INTEGER_BIG: u8 = 0x03;
const DECIMAL: u8 = 0x04;
const STRING: u8 = 0x05;
const BITS: u8 = 0x06;
const HEX: u8 = 0x07;

/// The fingerprint of a text, or None where the scanner meets something it does not know.
pub fn fingerprint(text: &[u8]) -> Option<Fingerprint> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut shape = Shape::new();
    let mut lexer = Lexer::new(text, true);
    let mut blank = false;
    let mut last_was_string = false;
    while let Some(token) = lexer.next().ok()? {
        if token.kind.is_blank() {
            if carries_code(&token, text) {
                return None;
            }
            blank = true;
            continue;
        }
        // Blank space at the ends says nothing.
        if blank && !shape.is_empty() {
            shape.push(b' ');
        }
        blank = false;
        let is_string = token.kind.is_string();
        if token.odd && token.kind != Kind::String || is_string && last_was_string {
            return None;
        }
        last_was_string = is_string;
        push_token(&mut shape, &token, text.get(token.start..token.end)?)?;
    }
    Some(shape.finish())
}

/// `/*+ … */` steers pg_hint_plan; `/*! … */` and `/*M! … */` are code to MySQL and MariaDB.
fn carries_code(token: &Token, text: &[u8]) -> bool {
    token.kind == Kind::Comment
        && text.get(token.start..).is_some_and(|c| {
            c.starts_with(b"/*")
                && matches!(
                    (c.get(2), c.get(3)),
                    (Some(b'+' | b'!'), _) | (Some(b'M'), Some(b'!'))
                )
        })
}

#[inline]
fn push_token(shape: &mut Shape, token: &Token, bytes: &[u8]) -> Option<()> {
    match token.kind {
        Kind::Word => bytes
            .iter()
            .for_each(|b| shape.push(b.to_ascii_lowercase())),
        Kind::String => {
            // A backslash escapes or not as standard_conforming_strings says; a continued string has a newline.
            if token.odd {
                return None;
            }
            shape.push(STRING);
        }
        Kind::BitString => shape.push(BITS),
        Kind::HexString => shape.push(HEX),
        Kind::Integer => shape.push(integer_class(bytes)),
        Kind::Decimal => shape.push(DECIMAL),
        Kind::QuotedName
        | Kind::Param
        | Kind::Operator
        | Kind::Open
        | Kind::Close
        | Kind::OpenSquare
        | Kind::CloseSquare
        | Kind::Comma
        | Kind::Semicolon
        | Kind::Dot
        | Kind::Colon => shape.extend(bytes, |&b| b),
        Kind::UnicodeName
        | Kind::EscapeString
        | Kind::UnicodeString
        | Kind::NationalString
        | Kind::DollarString
        | Kind::Space
        | Kind::Comment => return None,
    }
    Some(())
}

/// An integer constant is an `integer` if it fits, else a `bigint`, else a `numeric` (4.1.2.6).
fn integer_class(digits: &[u8]) -> u8 {
    let zeros = digits.iter().take_while(|&&d| d == b'0').count();
    let digits = &digits[zeros..];
    let fits = |max: &[u8]| digits.len() < max.len() || digits.len() == max.len() && digits <= max;
    if fits(b"2147483647") {
        INTEGER_4
    } else if fits(b"9223372036854775807") {
        INTEGER_8
    } else {
        INTEGER_BIG
    }
}

/// Collects the shape's bytes on the stack and hashes them a buffer at a time.
struct Shape {
    buffer: [u8; Shape::SIZE],
    used: usize,
    flushed: bool,
    hasher: DefaultHasher,
}

impl Shape {
    const SIZE: usize = 512;

    fn new() -> Self {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        let hasher = KEY.get_or_init(RandomState::new).build_hasher();
        Shape {
            buffer: [0; Self::SIZE],
            used: 0,
            flushed: false,
            hasher,
        }
    }

    fn is_empty(&self) -> bool {
        self.used == 0 && !self.flushed
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        if self.used == Self::SIZE {
            self.flush();
        }
        self.buffer[self.used] = byte;
        self.used += 1;
    }

    #[inline]
    fn extend(&mut self, mut bytes: &[u8], map: impl Fn(&u8) -> u8) {
        loop {
            let room = self.buffer.get_mut(self.used..).unwrap_or_default();
            let now = bytes.len().min(room.len());
            for (to, from) in room.iter_mut().zip(bytes) {
                *to = map(from);
            }
            self.used += now;
            bytes = bytes.get(now..).unwrap_or_default();
            if bytes.is_empty() {
                return;
            }
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.hasher
            .write(self.buffer.get(..self.used).unwrap_or_default());
        self.used = 0;
        self.flushed = true;
    }

    fn finish(mut self) -> Fingerprint {
        self.flush();
        // One key, two endings: to who does not know the key, two unrelated functions.
        let [low, high] = [0_u8, 1].map(|ending| {
            let mut hasher = self.hasher.clone();
            hasher.write_u8(ending);
            u128::from(hasher.finish())
        });
        Fingerprint(high << 64 | low)
    }
}

#[cfg(test)]
#[path = "fingerprint_tests.rs"]
mod tests;
