//! Long strings.
//!
//! Owns: how much of one is read. No analysis looks at the value of a string of more than 128 bytes (see
//! [`Literal::string`](crate::form::Literal::string)). Refuses: to cut where a value is more than a value: in SET, in
//! the body of a function, in a definition.

use std::ops::Range;

use super::Kind;

/// What is read of a string, at least.
const READ: usize = 1_024;

/// Statements whose strings are values.
const STATEMENTS: &[&str] = &[
    "select", "insert", "update", "delete", "merge", "with", "values", "prepare", "execute",
    "explain", "declare", "call",
];

/// Whether strings in a statement that begins so are values and nothing else.
pub(super) fn are_values_in(kind: Kind, word: &[u8]) -> bool {
    let known = |text: &&str| word.eq_ignore_ascii_case(text.as_bytes());
    kind == Kind::Word && STATEMENTS.iter().any(known)
}

/// The part of a string token that need not be read, from within its first piece (`'a'` newline `'b'` has two) to the
/// closing quote.
pub(super) fn rest(kind: Kind, token: &[u8]) -> Option<Range<usize>> {
    let (first, escapes) = match kind {
        Kind::String => (1, false),
        Kind::EscapeString => (2, true),
        _ => return None,
    };
    let end = token.len().checked_sub(1)?;
    if end < READ * 2 {
        return None;
    }
    let mut at = first;
    let mut last_escape = 0;
    while at < end {
        // A cut must not split a character, nor the digits of an escape.
        let whole = token.get(at).is_some_and(|b| b & 0xC0 != 0x80);
        if at > READ && whole && at - last_escape > 12 {
            return Some(at..end);
        }
        match token.get(at)? {
            b'\\' if escapes => {
                last_escape = at;
                at += 2;
            }
            b'\'' if token.get(at + 1) == Some(&b'\'') => at += 2,
            // Its first piece ends here.
            b'\'' => return None,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_string_is_read_in_part_and_stays_a_string() {
        let long = |begin: &str, piece: &str| format!("{begin}'{}'", piece.repeat(10_000));
        for (kind, token, expected) in [
            (Kind::String, long("", "x"), true),
            (Kind::String, long("", "''"), true),
            (Kind::String, long("", "ä"), true),
            (Kind::String, long("", "x\\"), true),
            (Kind::EscapeString, long("E", "x"), true),
            (
                Kind::EscapeString,
                long("E", "0123456789abcdef\\'\\x41"),
                true,
            ),
            (Kind::EscapeString, long("E", "\\'"), false),
            (Kind::String, "'short'".to_owned(), false),
            (Kind::String, long("'x'\n", "y"), false),
            (Kind::DollarString, long("", "x"), false),
        ] {
            let cut = rest(kind, token.as_bytes());
            assert_eq!(cut.is_some(), expected, "{}", &token[..7]);
            let Some(cut) = cut else { continue };
            let read = format!("{}{}", &token[..cut.start], &token[cut.end..]);
            let mut lexer = crate::scan::Lexer::new(read.as_bytes(), true);
            let token = lexer.next().unwrap().unwrap();
            assert_eq!((token.kind, token.end), (kind, read.len()));
            assert!(read.len() > READ && read.len() < READ + 32);
        }
    }
}
