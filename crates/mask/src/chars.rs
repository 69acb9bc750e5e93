//! Masks that show a little of a character value.
//!
//! Owns: `email`, `last4`, `first1`. Refuses: to show how long a value is, and to cut a character in two. A value too
//! short to hide anything shows nothing; one that is not UTF-8 (another `client_encoding`) shows nothing either.

use crate::{Method, REDACTED};

/// Fewer characters than this, and `last4` would show half of the value or more.
const LAST4_LEAST_CHARS: usize = 8;
/// The longest end of a domain that is taken for a public one. Most in use are shorter; anything could be written
/// behind the last dot of a value that only looks like an address.
const TOP_DOMAIN_MAX_CHARS: usize = 10;

/// `method` is one of the three.
pub(crate) fn put(method: &Method, value: &[u8], out: &mut Vec<u8>) {
    let text = std::str::from_utf8(value)
        .ok()
        .map(|t| t.trim_matches(is_blank));
    let put = |out: &mut Vec<u8>, s: &str| out.extend_from_slice(s.as_bytes());
    match method {
        Method::Email => match text.and_then(email) {
            None => put(out, REDACTED),
            Some(shown) => {
                put_first(shown.local, out);
                put(out, "@");
                put_first(shown.domain, out);
                if let Some(top) = shown.top {
                    put(out, ".");
                    put(out, top);
                }
            }
        },
        Method::Last4 => {
            put(out, "****");
            if let Some(text) = text
                && text.chars().count() >= LAST4_LEAST_CHARS
                && let Some((at, _)) = text.char_indices().rev().nth(3)
            {
                put(out, &text[at..]);
            }
        }
        Method::First1 => put_first(text.unwrap_or_default(), out),
        // Not masks that show characters: nothing is shown.
        Method::Redact
        | Method::Null
        | Method::Hash
        | Method::Year
        | Method::Bucket(_)
        | Method::Constant(_) => put(out, REDACTED),
    }
}

/// Blanks at the ends are padding (`bpchar`) or accidents: they are not what a mask should spend its characters on.
fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

/// The first character if it is not the only one, and three stars.
fn put_first(text: &str, out: &mut Vec<u8>) {
    let mut chars = text.chars();
    if let (Some(first), Some(_)) = (chars.next(), chars.next()) {
        out.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(b"***");
}

/// The parts of an address that a mask looks at.
struct Address<'a> {
    local: &'a str,
    /// Without the last dot and what follows.
    domain: &'a str,
    /// `com`, unless it does not look like one.
    top: Option<&'a str>,
}

/// An address as people write them, not all that RFC 5321 allows: what is left over is redacted.
fn email(text: &str) -> Option<Address<'_>> {
    let (local, host) = text.split_once('@')?;
    let (domain, top) = host.rsplit_once('.')?;
    let odd = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '@' | '"' | '<' | '>' | ',' | ';')
    };
    if local.is_empty()
        || local.contains(odd)
        || host.contains(odd)
        || domain.split('.').any(str::is_empty)
    {
        return None;
    }
    let plain = (2..=TOP_DOMAIN_MAX_CHARS).contains(&top.len())
        && top.bytes().all(|b| b.is_ascii_alphabetic());
    (!top.is_empty()).then_some(Address {
        local,
        domain,
        top: plain.then_some(top),
    })
}
