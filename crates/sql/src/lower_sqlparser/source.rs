//! The text of one statement, and what sqlparser made of its tokens.
//!
//! Owns: [`Source`], which holds our own tokens against sqlparser's, remembers which names the lowering has claimed,
//! and knows where statements within statements begin. Refuses: a statement that the two tokenizers cut differently.

use std::cell::RefCell;
use std::ops::Range;

use sqlparser::tokenizer::{Location, Token as SqlToken, TokenWithSpan};

use super::{Lowered, keywords, refuse};
use crate::scan::{Kind, Lexer, Token};

/// One of our tokens, blanks left out, and where it is in sqlparser's terms.
#[derive(Debug)]
struct Mark {
    token: Token,
    begin: Location,
    end: Location,
}

/// A statement's text and tokens.
pub(super) struct Source<'a> {
    text: &'a str,
    /// Where `text` begins in the whole text.
    pub(super) offset: usize,
    marks: Vec<Mark>,
    claimed: RefCell<Vec<bool>>,
}

impl<'a> Source<'a> {
    /// Our tokens of the text; an error if sqlparser's are others.
    pub(super) fn new(text: &'a str, offset: usize, tokens: &[TokenWithSpan]) -> Lowered<Self> {
        let marks = marks(text)?;
        let claimed = RefCell::new(vec![false; marks.len()]);
        let source = Source {
            text,
            offset,
            marks,
            claimed,
        };
        source.same_tokens(tokens)?;
        Ok(source)
    }

    /// Every token of ours but operators and punctuation is exactly one of sqlparser's, and each of sqlparser's begins
    /// within one of ours.
    fn same_tokens(&self, tokens: &[TokenWithSpan]) -> Lowered<()> {
        let mut theirs = tokens
            .iter()
            .filter(|t| !matches!(t.token, SqlToken::Whitespace(_) | SqlToken::EOF))
            .peekable();
        let mut ours = self.marks.iter();
        while let Some(mark) = ours.next() {
            let kind = mark.token.kind;
            // `==` is an operator like any other to PostgreSQL, and `=` to sqlparser.
            if kind == Kind::Operator && self.text_of(mark) == "==" {
                return refuse("the operator ==");
            }
            let Some(first) = theirs.next() else {
                return refuse("tokens differ");
            };
            if first.span.start != mark.begin || !same_class(kind, &first.token) {
                return refuse("tokens differ");
            }
            let mut end = first.span.end;
            while kind == Kind::Operator && end < mark.end {
                let Some(next) = theirs.next_if(|t| t.span.start == end) else {
                    return refuse("tokens differ");
                };
                end = next.span.end;
            }
            // One token there, two here.
            let last = if matches!(first.token, SqlToken::DoubleColon | SqlToken::Assignment) {
                ours.next()
            } else {
                Some(mark)
            };
            if last.is_none_or(|last| last.end != end) {
                return refuse("tokens differ");
            }
        }
        if theirs.next().is_some() {
            refuse("tokens differ")
        } else {
            Ok(())
        }
    }

    fn text_of(&self, mark: &Mark) -> &'a str {
        self.text
            .get(mark.token.start..mark.token.end)
            .unwrap_or_default()
    }

    fn mark_at(&self, begin: Location) -> Option<usize> {
        self.marks
            .binary_search_by(|mark| mark.begin.cmp(&begin))
            .ok()
    }

    /// Notes that the token at this place is a name that the form knows. Gives its text as it stands there.
    pub(super) fn claim(&self, begin: Location) -> Option<&'a str> {
        let index = self.mark_at(begin)?;
        if let Some(claimed) = self.claimed.borrow_mut().get_mut(index) {
            *claimed = true;
        }
        self.marks.get(index).map(|mark| self.text_of(mark))
    }

    /// Whether this word stands before the token at this place.
    pub(super) fn after(&self, begin: Location, word: &str) -> bool {
        self.mark_at(begin)
            .and_then(|i| i.checked_sub(1))
            .is_some_and(|i| self.is_word(i, word))
    }

    /// Words that are nobody's name must be PostgreSQL's key words; quoted names must all be somebody's.
    pub(super) fn all_words_claimed(&self) -> Lowered<()> {
        for (mark, claimed) in self.marks.iter().zip(self.claimed.borrow().iter()) {
            let known = match mark.token.kind {
                Kind::QuotedName | Kind::UnicodeName => *claimed,
                Kind::Word => {
                    *claimed || keywords::is_syntax(&self.text_of(mark).to_ascii_lowercase())
                }
                _ => true,
            };
            if !known {
                return refuse("a word that found no place");
            }
        }
        Ok(())
    }

    /// Whether the token of this number is that word.
    pub(super) fn is_word(&self, index: usize, word: &str) -> bool {
        self.marks.get(index).is_some_and(|m| {
            m.token.kind == Kind::Word && self.text_of(m).eq_ignore_ascii_case(word)
        })
    }

    /// Whether the token of this number is of that kind.
    pub(super) fn is_kind(&self, index: usize, kind: Kind) -> bool {
        self.marks.get(index).is_some_and(|m| m.token.kind == kind)
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    /// The number of the first token, from `from` on, that is this word outside of brackets.
    pub(super) fn find_word(&self, from: usize, word: &str) -> Option<usize> {
        let mut depth = 0_usize;
        (from..self.marks.len()).find(|&i| {
            match self.marks.get(i).map(|m| m.token.kind) {
                Some(Kind::Open) => depth += 1,
                Some(Kind::Close) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && self.is_word(i, word)
        })
    }

    /// The number of the bracket that closes the one of this number.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.marks.len()).find(|&i| {
            match self.marks.get(i).map(|m| m.token.kind) {
                Some(Kind::Open) => depth += 1,
                Some(Kind::Close) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// The bytes, in the whole text, of the tokens of these numbers.
    pub(super) fn bytes(&self, tokens: Range<usize>) -> Lowered<Range<usize>> {
        let first = self.marks.get(tokens.start);
        let last = tokens.end.checked_sub(1).and_then(|i| self.marks.get(i));
        match (first, last) {
            (Some(first), Some(last)) if first.token.start < last.token.end => {
                Ok(self.offset + first.token.start..self.offset + last.token.end)
            }
            _ => refuse("a statement within a statement was not found"),
        }
    }
}

/// Our tokens, with places counted as sqlparser counts them: lines by `\n`, columns by characters.
fn marks(text: &str) -> Lowered<Vec<Mark>> {
    let mut lexer = Lexer::new(text.as_bytes(), true);
    let mut marks = Vec::new();
    let mut at = Location { line: 1, column: 1 };
    loop {
        let token = match lexer.next() {
            Ok(Some(token)) => token,
            Ok(None) => return Ok(marks),
            Err(_) => return refuse("tokens differ"),
        };
        let Some(piece) = text.get(token.start..token.end) else {
            return refuse("tokens differ");
        };
        let begin = at;
        for character in piece.chars() {
            if character == '\n' {
                at = Location {
                    line: at.line + 1,
                    column: 1,
                };
            } else {
                at.column += 1;
            }
        }
        if !token.kind.is_blank() {
            marks.push(Mark {
                token,
                begin,
                end: at,
            });
        }
    }
}

/// Whether the two tokenizers see the same thing in the same place.
fn same_class(ours: Kind, theirs: &SqlToken) -> bool {
    match ours {
        Kind::Word => matches!(theirs, SqlToken::Word(w) if w.quote_style.is_none()),
        Kind::QuotedName => matches!(theirs, SqlToken::Word(w) if w.quote_style == Some('"')),
        Kind::String => matches!(theirs, SqlToken::SingleQuotedString(_)),
        Kind::EscapeString => matches!(theirs, SqlToken::EscapedStringLiteral(_)),
        Kind::UnicodeString => matches!(theirs, SqlToken::UnicodeStringLiteral(_)),
        Kind::NationalString => matches!(theirs, SqlToken::NationalStringLiteral(_)),
        Kind::BitString => matches!(theirs, SqlToken::SingleQuotedByteStringLiteral(_)),
        Kind::HexString => matches!(theirs, SqlToken::HexStringLiteral(_)),
        Kind::DollarString => matches!(theirs, SqlToken::DollarQuotedString(_)),
        Kind::Integer | Kind::Decimal => matches!(theirs, SqlToken::Number(_, false)),
        Kind::Param => matches!(theirs, SqlToken::Placeholder(_)),
        Kind::Open => matches!(theirs, SqlToken::LParen),
        Kind::Close => matches!(theirs, SqlToken::RParen),
        Kind::OpenSquare => matches!(theirs, SqlToken::LBracket),
        Kind::CloseSquare => matches!(theirs, SqlToken::RBracket),
        Kind::Comma => matches!(theirs, SqlToken::Comma),
        Kind::Dot => matches!(theirs, SqlToken::Period),
        Kind::Semicolon => matches!(theirs, SqlToken::SemiColon),
        Kind::Colon => matches!(
            theirs,
            SqlToken::Colon | SqlToken::DoubleColon | SqlToken::Assignment
        ),
        Kind::Operator => true,
        Kind::UnicodeName | Kind::Space | Kind::Comment => false,
    }
}
