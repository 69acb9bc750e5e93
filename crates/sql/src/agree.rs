//! The agreement of the two readers.
//!
//! Owns: [`read`], which has every statement read by both grammars and compares the forms; and the check that the
//! scanner, squawk and sqlparser part the text alike, so that nothing hides between statements. Refuses: to prefer one
//! reader where they differ, and to let a text through whose statements cannot be counted.
//!
//! The decision: equal is [`Agreement::Both`]; both read, unequal, is [`Agreement::Disagree`]; only squawk, the complete
//! grammar, is [`Agreement::SquawkOnly`]; only sqlparser, which reads too much, or none is [`Agreement::Neither`].

use std::ops::Range;

use crate::form::{CopySubject, Kind, ReaderError, Statement};
use crate::scan::{Scan, limits};
use crate::{lower_sqlparser, lower_squawk};

/// One statement as it was read.
#[derive(Debug)]
pub(crate) struct Reading {
    /// squawk's form. With [`Agreement::Neither`] there is none to trust, and this is [`Kind::Do`], the most that a
    /// statement can be.
    pub(crate) statement: Statement,
    /// Its bytes in the text.
    pub(crate) range: Range<usize>,
    /// How far the two agree.
    pub(crate) agreement: Agreement,
}

/// How far the two readers agree on a statement.
#[derive(Debug)]
pub(crate) enum Agreement {
    /// Both gave the same form.
    Both,
    /// sqlparser could not read it.
    SquawkOnly,
    /// Both could, and differ: this is sqlparser's.
    Disagree(Box<Statement>),
    /// squawk could not read it. The reason is safe to show.
    Neither(String),
}

/// Reads every statement of a scanned text. To be called on a large stack.
pub(crate) fn read(text: &str, scan: &Scan) -> Vec<Reading> {
    if let Err(error) = parted_alike(text, scan) {
        return vec![unread(0..text.len(), error)];
    }
    (0..scan.statements.len())
        .map(|index| read_one(text, scan, index))
        .collect()
}

/// squawk, given the whole text, must see the statements where the scanner sees them. A single statement needs no check:
/// each reader must then find exactly one in the whole of it.
fn parted_alike(text: &str, scan: &Scan) -> Result<(), ReaderError> {
    if scan.statements.len() <= 1 && !scan.split_uncertain {
        return Ok(());
    }
    let Some((text, statements)) = scan.readings(text) else {
        return Err(ReaderError::new("not the scanned text"));
    };
    if text.len() > limits::MAX_PARSED_BYTES {
        return Err(ReaderError::new("several statements in too long a text"));
    }
    match lower_squawk::ranges(&text)? == statements {
        true => Ok(()),
        false => Err(ReaderError::new("where a statement ends is not certain")),
    }
}

fn read_one(text: &str, scan: &Scan, index: usize) -> Reading {
    let range = scan.statements.get(index).cloned().unwrap_or_default();
    let Some(reading) = scan.reading(text, index) else {
        return unread(range, ReaderError::new("not the scanned text"));
    };
    let squawk = match only_one(reading, lower_squawk::lower(reading)) {
        Ok(statement) => statement,
        Err(error) => return unread(range, error),
    };
    let (statement, agreement) = match only_one(reading, lower_sqlparser::lower(reading)) {
        Ok(other) if other == squawk => (squawk, Agreement::Both),
        Ok(other) => {
            let other = moved(other, scan, index);
            (squawk, Agreement::Disagree(Box::new(other)))
        }
        Err(_) => (squawk, Agreement::SquawkOnly),
    };
    Reading {
        statement: moved(statement, scan, index),
        range,
        agreement,
    }
}

/// The one statement that a reader must find in the text of one, from its first byte to its last.
fn only_one(
    text: &str,
    read: Result<Vec<Statement>, ReaderError>,
) -> Result<Statement, ReaderError> {
    let mut statements = read?;
    match (statements.pop(), statements.is_empty()) {
        (Some(one), true) if one.range == (0..text.len()) => Ok(one),
        _ => Err(ReaderError::new("not one statement where one is expected")),
    }
}

fn unread(range: Range<usize>, error: ReaderError) -> Reading {
    Reading {
        statement: Statement {
            kind: Kind::Do,
            range: range.clone(),
        },
        range,
        agreement: Agreement::Neither(error.reason.into_owned()),
    }
}

/// A statement with its ranges, and those of statements inside it, as offsets into the whole text.
fn moved(mut statement: Statement, scan: &Scan, index: usize) -> Statement {
    let to = |offset| scan.original_offset(index, offset).unwrap_or(offset);
    statement.range = to(statement.range.start)..to(statement.range.end);
    statement.kind = match statement.kind {
        Kind::Prepare { name, types, inner } => Kind::Prepare {
            name,
            types,
            inner: Box::new(moved(*inner, scan, index)),
        },
        Kind::Explain { analyze, inner } => Kind::Explain {
            analyze,
            inner: Box::new(moved(*inner, scan, index)),
        },
        Kind::Copy(mut copy) => {
            copy.subject = match copy.subject {
                CopySubject::Statement(inner) => {
                    CopySubject::Statement(Box::new(moved(*inner, scan, index)))
                }
                table @ CopySubject::Table(..) => table,
            };
            Kind::Copy(copy)
        }
        other => other,
    };
    statement
}

#[cfg(test)]
mod tests;
