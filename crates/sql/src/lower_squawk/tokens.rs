//! squawk's tokens beside our scanner's.
//!
//! Owns: [`same`]. Both readers and the server must see the same tokens, or what is judged is not what runs: an unusual
//! white space, a name with odd characters, a string that goes on. The scanner follows the server's `scan.l`; squawk's
//! lexer must agree with it. Refuses: any difference.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::Read;
use super::name::refuse;
use crate::form::ReaderError;
use crate::scan::{Kind, Lexer};

/// Whether squawk cut the text as the scanner does.
pub(super) fn same(text: &str, root: &SyntaxNode) -> Read<()> {
    let mut theirs = root
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !token.kind().is_trivia())
        .map(|token| {
            let range = token.text_range();
            (
                token.kind(),
                usize::from(range.start()),
                usize::from(range.end()),
            )
        })
        .peekable();
    let mut lexer = Lexer::new(text.as_bytes(), true);
    // `:=` and `..` are one token to squawk and to the server, and two to the scanner.
    let mut done = 0;
    while let Some(ours) = lexer
        .next()
        .map_err(|error| ReaderError::new(error.to_string()))?
    {
        if ours.kind.is_blank() {
            continue;
        }
        // Each of ours is one of theirs, but for operators, which squawk takes character by character, and strings
        // that go on in the next line.
        let mut at = ours.start.max(done);
        let mut pieces = 0;
        while let Some((kind, start, end)) = theirs.next_if(|(_, start, _)| *start < ours.end) {
            let joined = ours.kind.is_string() && pieces > 0 && start > at;
            let fits = match ours.kind {
                Kind::Operator | Kind::Colon | Kind::Dot => start == at && !is_word(kind),
                _ if ours.kind.is_string() => (start == at || joined) && is_string(kind),
                _ => start == at && pieces == 0,
            };
            let double = matches!(
                (kind, ours.kind),
                (SyntaxKind::COLON_EQ, Kind::Colon) | (SyntaxKind::DOT_DOT, Kind::Dot)
            );
            if double && end == ours.end + 1 {
                done = end;
            } else if !fits || end > ours.end {
                return refuse("tokens that the server cuts otherwise");
            }
            pieces += 1;
            at = end;
        }
        if at != ours.end.max(done) {
            return refuse("tokens that the server cuts otherwise");
        }
    }
    match theirs.next() {
        None => Ok(()),
        Some(_) => refuse("tokens that the server cuts otherwise"),
    }
}

fn is_word(kind: SyntaxKind) -> bool {
    kind == SyntaxKind::IDENT || kind.is_keyword() || is_string(kind)
}

fn is_string(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::STRING
            | SyntaxKind::ESC_STRING
            | SyntaxKind::UNICODE_ESC_STRING
            | SyntaxKind::NATIONAL_STRING
            | SyntaxKind::DOLLAR_QUOTED_STRING
            | SyntaxKind::BIT_STRING
            | SyntaxKind::BYTE_STRING
    )
}
