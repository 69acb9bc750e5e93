//! From bytes to statements both readers agree on, on a stack large enough for either.
//!
//! Owns: what is checked before a text is read at all (encoding, backslashes, the scanner's limits), and the stack. Refuses:
//! texts whose meaning hangs on a setting that the readers do not follow.

use crate::agree::{self, Agreement, Reading};
use crate::form::Statement;
use crate::scan;
use crate::settings::Settings;

/// The stack that a parser may use. The scanner's limits keep it below (see `scan::limits`); frames of builds without
/// optimisation are several times larger.
const STACK: usize = if cfg!(debug_assertions) {
    256 << 20
} else {
    64 << 20
};

/// A text no longer than this fits on a thread's own stack, or in what is left of it.
const SHORT: usize = 512;

/// Runs `f` with room enough for a text of any length that the scanner lets through.
pub(crate) fn on_a_large_stack<T>(f: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(STACK / 2, STACK, f)
}

/// Runs `f` with room enough for a text of this length. Each level of nesting takes at least a byte or two of text, and no
/// reader more than some kilobytes of stack.
pub(crate) fn with_room_for<T>(length: usize, f: impl FnOnce() -> T) -> T {
    if length > SHORT {
        return on_a_large_stack(f);
    }
    let each = if cfg!(debug_assertions) {
        64 << 10
    } else {
        8 << 10
    };
    stacker::maybe_grow((256 << 10) + length * each, STACK, f)
}

/// Encodings that only a client can have, in which the second byte of a character can be an ASCII byte (PostgreSQL manual
/// 24.3.1): what looks like a quote may be none.
const UNSAFE_ENCODINGS: &[&str] = &[
    "BIG5",
    "GB18030",
    "GBK",
    "JOHAB",
    "SHIFT_JIS_2004",
    "SHIFTJIS2004",
    "SJIS",
    "MSKANJI",
    "UHC",
    "WIN949",
    "WIN950",
];

/// The text as the server will read it, if that is certain.
pub(crate) fn decode<'t>(text: &'t [u8], settings: &Settings) -> Result<&'t str, &'static str> {
    if !settings.standard_conforming_strings && memchr::memchr(b'\\', text).is_some() {
        return Err("a backslash while standard_conforming_strings is off");
    }
    let decoded = std::str::from_utf8(text).map_err(|_| "the text is not UTF-8")?;
    if decoded.is_ascii() {
        return Ok(decoded);
    }
    let encoding = settings.client_encoding.to_ascii_uppercase();
    match encoding.as_str() {
        "UTF8" | "UTF-8" | "UNICODE" | "SQL_ASCII" => Ok(decoded),
        other if UNSAFE_ENCODINGS.contains(&other) => {
            Err("the client encoding hides ASCII bytes inside characters")
        }
        _ => Err("characters beyond ASCII in a client encoding other than UTF8"),
    }
}

/// Reads a text that was decoded.
pub(crate) fn read(text: &str, standard_conforming_strings: bool) -> Result<Vec<Reading>, String> {
    let scan =
        scan::scan(text.as_bytes(), standard_conforming_strings).map_err(|e| e.to_string())?;
    Ok(agree::read(text, &scan))
}

/// The one statement of a definition from the catalog, if it is understood. The server itself printed it: one reader is
/// enough.
pub(crate) fn agreed(definition: &str) -> Option<Statement> {
    let mut readings = read(definition, true).ok()?;
    if readings.len() > 1 {
        return None;
    }
    let reading = readings.pop()?;
    match reading.agreement {
        Agreement::Both | Agreement::SquawkOnly => Some(reading.statement),
        Agreement::Disagree(_) | Agreement::Neither(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SearchPath;

    fn settings(conforming: bool, encoding: &str) -> Settings {
        Settings {
            search_path: SearchPath::Unknown,
            standard_conforming_strings: conforming,
            client_encoding: encoding.into(),
            user: "app".into(),
            temporary: vec![],
            inner_path: None,
            declared: vec![],
        }
    }

    #[test]
    fn what_hangs_on_a_setting_is_refused() {
        assert!(decode(b"select '\\'", &settings(true, "UTF8")).is_ok());
        assert!(decode(b"select '\\'", &settings(false, "UTF8")).is_err());
        assert!(decode("select 'ä'".as_bytes(), &settings(true, "UTF8")).is_ok());
        assert!(decode("select 'ä'".as_bytes(), &settings(true, "SJIS")).is_err());
        assert!(decode("select 'ä'".as_bytes(), &settings(true, "LATIN1")).is_err());
        assert!(decode(b"select 1", &settings(true, "SJIS")).is_ok());
        assert!(decode(b"select '\xff'", &settings(true, "UTF8")).is_err());
    }
}
