//! Functions on texts: matching, cutting, joining.
//!
//! Owns: what they compute, and the patterns compiled so far. Refuses: patterns that take a megabyte to compile.

use std::sync::{Arc, PoisonError};

use regex::Regex;
use rusqlite::Connection;

use super::{MAX_PATTERNS, Shared, add, at, text, whole};
use crate::cell::Cell;
use crate::desk::Refusal;

pub(super) fn register(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let patterns = Arc::clone(shared);
    add(db, "tg_match", 3, true, move |c| {
        let op = text(at(c, 0));
        let (negated, op) = match op.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, op.as_str()),
        };
        let pattern = text(at(c, 2));
        let mut pattern = if op.starts_with("~~") {
            like(&pattern)
        } else {
            pattern
        };
        if op.ends_with('*') {
            pattern = format!("(?i){pattern}");
        }
        Ok(Cell::from(
            patterns.matches(&pattern, &text(at(c, 1)))? != negated,
        ))
    })?;
    add(db, "tg_left", 2, true, |c| {
        let (s, n) = (text(at(c, 0)), whole(at(c, 1)));
        let length = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
        let keep = if n < 0 { length.saturating_add(n) } else { n };
        Ok(Cell::Text(
            s.chars().take(usize::try_from(keep).unwrap_or(0)).collect(),
        ))
    })?;
    add(db, "tg_right", 2, true, |c| {
        let (s, n) = (text(at(c, 0)), whole(at(c, 1)));
        let length = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
        let skip = if n < 0 {
            n.saturating_neg()
        } else {
            length.saturating_sub(n)
        };
        Ok(Cell::Text(
            s.chars().skip(usize::try_from(skip).unwrap_or(0)).collect(),
        ))
    })?;
    add(db, "tg_split_part", 3, true, |c| {
        let (s, by, n) = (text(at(c, 0)), text(at(c, 1)), whole(at(c, 2)));
        let wanted = usize::try_from(n - 1)
            .map_err(|_| Refusal::new("22023", "field position must be from 1"))?;
        let part = if by.is_empty() {
            Some(s.as_str()).filter(|_| wanted == 0)
        } else {
            s.split(by.as_str()).nth(wanted)
        };
        Ok(part.unwrap_or("").into())
    })?;
    add(db, "tg_regexp_replace", -1, true, |c| {
        let (s, pattern, with, flags) = (
            text(at(c, 0)),
            text(at(c, 1)),
            text(at(c, 2)),
            text(at(c, 3)),
        );
        let pattern = if flags.contains('i') {
            format!("(?i){pattern}")
        } else {
            pattern
        };
        let regex = compile(&pattern)?;
        // PostgreSQL writes \1 where the crate writes ${1}.
        let with = compile(r"\\([0-9&])")?
            .replace_all(&with.replace('$', "$$"), |m: &regex::Captures<'_>| match m
                .get(1)
                .map_or("", |g| g.as_str())
            {
                "&" => "${0}".to_owned(),
                digit => format!("${{{digit}}}"),
            })
            .into_owned();
        let times = if flags.contains('g') { 0 } else { 1 };
        Ok(Cell::Text(
            regex.replacen(&s, times, with.as_str()).into_owned(),
        ))
    })?;
    add(db, "tg_quote_ident", 1, true, |c| {
        Ok(Cell::Text(quote_ident(&text(at(c, 0)))))
    })?;
    add(db, "tg_quote_literal", 1, true, |c| {
        Ok(Cell::Text(quote_literal(&text(at(c, 0)))))
    })?;
    add(db, "tg_concat", -1, false, |c| {
        Ok(Cell::Text(c.iter().map(text).collect()))
    })?;
    add(db, "tg_concat_ws", -1, false, |c| match c.split_first() {
        Some((by, rest)) if *by != Cell::Null => {
            let parts: Vec<String> = rest
                .iter()
                .filter(|c| **c != Cell::Null)
                .map(text)
                .collect();
            Ok(Cell::Text(parts.join(&text(by))))
        }
        _ => Ok(Cell::Null),
    })?;
    add(db, "tg_format", -1, false, |c| match c.split_first() {
        Some((Cell::Null, _)) | None => Ok(Cell::Null),
        Some((pattern, rest)) => format(&text(pattern), rest).map(Cell::Text),
    })
}

fn quote_ident(s: &str) -> String {
    let plain = s.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && s.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain {
        s.to_owned()
    } else {
        format!("\"{}\"", s.replace('"', "\"\""))
    }
}

fn quote_literal(s: &str) -> String {
    let doubled = s.replace('\'', "''");
    if s.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// `format('%s %I %L', …)`, which `\gexec` lives on.
fn format(pattern: &str, arguments: &[Cell]) -> Result<String, Refusal> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    let mut next = arguments.iter();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let kind = chars.next();
        if kind == Some('%') {
            out.push('%');
            continue;
        }
        let argument = next
            .next()
            .ok_or_else(|| Refusal::new("22023", "too few arguments for format()"))?;
        match kind {
            Some('s') => out.push_str(&text(argument)),
            Some('I') if *argument != Cell::Null => out.push_str(&quote_ident(&text(argument))),
            Some('L') if *argument == Cell::Null => out.push_str("NULL"),
            Some('L') => out.push_str(&quote_literal(&text(argument))),
            _ => {
                return Err(Refusal::new(
                    "22023",
                    "unrecognized format() type specifier",
                ));
            }
        }
    }
    Ok(out)
}

impl Shared {
    /// Whether a text matches a pattern, compiled once.
    fn matches(&self, pattern: &str, text: &str) -> Result<bool, Refusal> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = patterns.get(pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = compile(pattern)?;
        let answer = regex.is_match(text);
        if patterns.len() >= MAX_PATTERNS {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), regex);
        Ok(answer)
    }
}

fn compile(pattern: &str) -> Result<Regex, Refusal> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| Refusal::new("2201B", "invalid regular expression"))
}

/// LIKE as a regular expression: `%`, `_`, and a backslash that takes the next character as it is.
fn like(pattern: &str) -> String {
    let mut out = String::from("(?s)^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '\\' => out.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push('$');
    out
}
