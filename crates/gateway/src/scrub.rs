//! Takes values out of the server's errors and notices.
//!
//! Owns: what of an ErrorResponse or NoticeResponse may pass when the statement (or the transaction it ends) has to do
//! with labelled columns. Refuses: any text that the server, a trigger or a function may have filled from a row.

use wire::WireError;
use wire::postgres::reply::{self, ErrorFields};

/// Whether a primary message of this SQLSTATE class is made of names and numbers only (PostgreSQL manual, appendix A).
/// Class 22 (data exceptions) quotes the value, P0 is what a function raises, 00 and 01 are notices of functions too.
fn names_only(sqlstate: &[u8]) -> bool {
    const CLASSES: &[&[u8]] = &[
        b"08", b"0A", b"23", b"25", b"26", b"28", b"2B", b"34", b"3B", b"3D", b"3F", b"40", b"42",
        b"53", b"54", b"55", b"57", b"58",
    ];
    sqlstate
        .get(..2)
        .is_some_and(|class| CLASSES.contains(&class))
}

/// Appends the message without what may quote a value. `error` says which of the two messages it is.
///
/// # Errors
/// A malformed message.
pub fn scrub(error: bool, body: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    let fields = ErrorFields::read(body)?;
    let sqlstate = fields.get(b'C').unwrap_or_default();
    let keep_message = names_only(sqlstate);
    let mut kept: Vec<(u8, &str)> = Vec::new();
    for (kind, value) in fields {
        match kind {
            // Severity, SQLSTATE, position, schema, table, column, type, constraint, file, line, routine.
            b'S' | b'V' | b'C' | b'P' | b's' | b't' | b'c' | b'd' | b'n' | b'F' | b'L' | b'R' => {
                kept.push((kind, std::str::from_utf8(value).unwrap_or("?")));
            }
            b'M' if keep_message => kept.push((b'M', std::str::from_utf8(value).unwrap_or("?"))),
            b'M' => kept.push((b'M', "message withheld: it may quote a labelled value")),
            // Detail, hint, internal query and its position, where: all can quote rows. Unknown ones: so might they.
            _ => {}
        }
    }
    if error {
        reply::write_error(out, &kept)
    } else {
        reply::write_notice(out, &kept)
    }
    Ok(())
}
