//! The words of a text: where one statement ends, what its own commands say, and whether it is small enough to parse.
//!
//! Owns: PostgreSQL's lexical rules as far as that needs them (manual, "Lexical Structure"), and the limits that keep
//! a SQL parser from being made to abort the process. Refuses: to know any grammar.

use crate::desk::Refusal;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An unquoted word, folded to lower case.
    Word(String),
    /// A quoted identifier.
    Quoted(String),
    /// A string, unescaped.
    Text(String),
    /// A number as written.
    Number(String),
    /// `$1`.
    Parameter(u16),
    /// Anything else, one character.
    Sign(char),
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Token {
    /// Whether it is this unquoted word.
    pub fn is(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(w) if w == word)
    }
}

/// One statement of a text.
#[derive(Debug, Clone)]
pub struct Statement<'a> {
    /// Its text, without the semicolon.
    pub text: &'a str,
    /// Its tokens; never empty. Positions count within `text`.
    pub tokens: Vec<Token>,
}

const MAX_TOKENS: usize = 10_000;
const MAX_NESTING: usize = 60;
const MAX_JOINS: usize = 64;
const MAX_SET_OPERATIONS: usize = 100;
/// Statements in one text.
const MAX_STATEMENTS: usize = 1_000;
/// A word of a command, an identifier or a string that the console keeps is never longer than its message, 1 MiB.
const MAX_TEXT: usize = 256 * 1024;

fn syntax(message: impl Into<String>) -> Refusal {
    Refusal::new("42601", message)
}

fn too_complex() -> Refusal {
    Refusal::new(
        "54001",
        "statement is too long or too deeply nested for the console",
    )
}

/// Splits a text into its statements; empty ones are left out.
pub fn statements(text: &str) -> Result<Vec<Statement<'_>>, Refusal> {
    let mut out = Vec::new();
    let mut tokens: Vec<Token> = Vec::new();
    let mut begin = 0;
    let mut at = 0;
    let mut depth = 0usize;
    loop {
        let token = next(text, at)?;
        let last = token.is_none();
        let ends = match &token {
            None => true,
            Some(t) => t.kind == Kind::Sign(';') && depth == 0,
        };
        if ends {
            let end = token.as_ref().map_or(text.len(), |t| t.start);
            if !tokens.is_empty() {
                check(&tokens, end - begin)?;
                for token in &mut tokens {
                    token.start -= begin;
                    token.end -= begin;
                }
                out.push(Statement {
                    text: &text[begin..end],
                    tokens: std::mem::take(&mut tokens),
                });
                if out.len() > MAX_STATEMENTS {
                    return Err(too_complex());
                }
            }
            begin = token.as_ref().map_or(text.len(), |t| t.end);
        }
        if last {
            return Ok(out);
        }
        if let Some(token) = token {
            at = token.end;
            match token.kind {
                Kind::Sign('(') => depth += 1,
                Kind::Sign(')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if !ends {
                tokens.push(token);
            }
            if tokens.len() > MAX_TOKENS {
                return Err(too_complex());
            }
        }
    }
}

/// Refuses what a recursive parser could be hurt with.
fn check(tokens: &[Token], length: usize) -> Result<(), Refusal> {
    let mut depth = 0usize;
    let (mut joins, mut sets, mut cases) = (0usize, 0usize, 0usize);
    for token in tokens {
        match &token.kind {
            Kind::Sign('(' | '[') => depth += 1,
            Kind::Sign(')' | ']') => depth = depth.saturating_sub(1),
            Kind::Word(w) => match w.as_str() {
                "join" => joins += 1,
                "union" | "intersect" | "except" => sets += 1,
                "case" => cases += 1,
                _ => {}
            },
            Kind::Sign(_)
            | Kind::Quoted(_)
            | Kind::Text(_)
            | Kind::Number(_)
            | Kind::Parameter(_) => {}
        }
        if depth > MAX_NESTING
            || joins > MAX_JOINS
            || sets > MAX_SET_OPERATIONS
            || cases > MAX_NESTING
        {
            return Err(too_complex());
        }
    }
    if length > MAX_TEXT {
        return Err(too_complex());
    }
    Ok(())
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

/// Position after blanks and comments; block comments nest.
fn skip_blanks(text: &str, mut at: usize) -> Result<usize, Refusal> {
    let bytes = text.as_bytes();
    loop {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c), _) => at += 1,
            (Some(b'-'), Some(b'-')) => {
                while bytes.get(at).is_some_and(|b| *b != b'\n') {
                    at += 1;
                }
            }
            (Some(b'/'), Some(b'*')) => {
                let mut depth = 0usize;
                loop {
                    match (bytes.get(at), bytes.get(at + 1)) {
                        (Some(b'/'), Some(b'*')) => {
                            depth += 1;
                            at += 2;
                        }
                        (Some(b'*'), Some(b'/')) => {
                            depth -= 1;
                            at += 2;
                            if depth == 0 {
                                break;
                            }
                        }
                        (Some(_), _) => at += 1,
                        (None, _) => return Err(syntax("unterminated /* comment")),
                    }
                }
            }
            _ => return Ok(at),
        }
    }
}

/// The token at or after `at`.
fn next(text: &str, at: usize) -> Result<Option<Token>, Refusal> {
    let start = skip_blanks(text, at)?;
    let rest = &text[start..];
    let Some(first) = rest.chars().next() else {
        return Ok(None);
    };
    let escaped = (first == 'e' || first == 'E') && rest.as_bytes().get(1) == Some(&b'\'');
    let (kind, length) = if escaped {
        let (value, length) = quoted(&rest[1..], '\'', true)?;
        (Kind::Text(value), length + 1)
    } else if first == '\'' {
        let (value, length) = quoted(rest, '\'', false)?;
        (Kind::Text(value), length)
    } else if first == '"' {
        let (value, length) = quoted(rest, '"', false)?;
        (Kind::Quoted(value), length)
    } else if first == '$' {
        dollar(rest)?
    } else if is_word_start(first) {
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        (Kind::Word(rest[..length].to_ascii_lowercase()), length)
    } else if first.is_ascii_digit() {
        let length = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        (Kind::Number(rest[..length].to_owned()), length)
    } else {
        (Kind::Sign(first), first.len_utf8())
    };
    Ok(Some(Token {
        kind,
        start,
        end: start + length,
    }))
}

/// A quoted piece at the start of `rest`: its value, and its length with the quotes.
fn quoted(rest: &str, quote: char, escapes: bool) -> Result<(String, usize), Refusal> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.next_if(|(_, c)| *c == quote).is_none() {
                return Ok((value, at + 1));
            }
            value.push(quote);
        } else if escapes && c == '\\' {
            match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, c)) => value.push(c),
                None => break,
            }
        } else {
            value.push(c);
        }
    }
    Err(syntax(if quote == '"' {
        "unterminated quoted identifier"
    } else {
        "unterminated quoted string"
    }))
}

/// `$1`, `$$text$$`, `$tag$text$tag$`, or a lone `$`.
fn dollar(rest: &str) -> Result<(Kind, usize), Refusal> {
    let digits = rest[1..]
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len() - 1);
    if digits > 0 {
        let number: u16 = rest[1..=digits].parse().map_err(|_| {
            Refusal::new(
                "42P02",
                format!("there is no parameter ${}", &rest[1..=digits]),
            )
        })?;
        return Ok((Kind::Parameter(number), digits + 1));
    }
    let tag = rest[1..].find(|c: char| !is_word_start(c) && !c.is_ascii_digit());
    match tag {
        Some(length) if rest.as_bytes().get(length + 1) == Some(&b'$') => {
            let open = length + 2;
            let mark = &rest[..open];
            match rest[open..].find(mark) {
                Some(inner) => Ok((
                    Kind::Text(rest[open..open + inner].to_owned()),
                    open + inner + open,
                )),
                None => Err(syntax("unterminated dollar-quoted string")),
            }
        }
        _ => Ok((Kind::Sign('$'), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn splits_where_postgresql_does() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[]),
            (" ; ;", &[]),
            ("select 1; select 2", &["select 1", "select 2"]),
            ("approve 1 'a;b'; x", &["approve 1 'a;b'", "x"]),
            ("select E'\\';' ; y", &["select E'\\';'", "y"]),
            ("select $a$;$b$;$a$;z", &["select $a$;$b$;$a$", "z"]),
            (
                "a /* ; /* ; */ ; */ b -- ;\n c; d",
                &["a /* ; /* ; */ ; */ b -- ;\n c", "d"],
            ),
            ("select \";\" ;", &["select \";\""]),
        ];
        for (text, expected) in cases {
            let got: Vec<String> = statements(text)
                .unwrap()
                .iter()
                .map(|s| s.text.trim().to_owned())
                .collect();
            assert_eq!(got, expected, "{text}");
        }
        for bad in ["'", "\"x", "$$x", "/* x", "E'\\'"] {
            assert!(statements(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_would_hurt_a_parser_is_refused() {
        for text in [
            "(".repeat(70),
            "t join ".repeat(70),
            "select 1 union ".repeat(110),
            "case ".repeat(70),
            "1+".repeat(6000),
            ";x".repeat(2000),
        ] {
            assert_eq!(statements(&text).unwrap_err().sqlstate, "54001");
        }
    }

    proptest! {
        #[test]
        fn total(text in "[\\PC'\"$;\\\\/*-]{0,60}") {
            if let Ok(list) = statements(&text) {
                for s in list {
                    prop_assert!(!s.tokens.is_empty());
                    for t in &s.tokens { prop_assert!(s.text.get(t.start..t.end).is_some()); }
                }
            }
        }
    }
}
