//! Lists inside messages.
//!
//! Owns: [`Values`] (a row's cells, a statement's parameters, a function's arguments are all the same list), [`Formats`]
//! and [`Oids`]. Each is checked whole when the message is read, so that going through it afterwards cannot fail.
//! Refuses: to collect; they are iterators over the message's own bytes.

use crate::WireError;
use crate::cursor::Cursor;

use super::opaque_debug;

/// The format code of text.
pub const TEXT: i16 = 0;
/// The format code of binary.
pub const BINARY: i16 = 1;
/// What is given for a format that a message does not determine. No format code has this value.
pub const UNKNOWN_FORMAT: i16 = -1;

/// Whether a format code is one that the protocol knows: text or binary.
pub const fn is_format(code: i16) -> bool {
    matches!(code, TEXT | BINARY)
}

/// Values with their lengths, None for NULL.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Values<'a> {
    bytes: &'a [u8],
    left: u16,
}

impl<'a> Values<'a> {
    /// Reads a count and that many values, and leaves the cursor behind them.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let count = cursor.u16()?;
        let bytes = cursor.rest();
        for _ in 0..count {
            cursor.value()?;
        }
        let used = bytes.len() - cursor.rest().len();
        Ok(Values {
            bytes: bytes.get(..used).unwrap_or_default(),
            left: count,
        })
    }

    /// The values still to come, as they are on the wire, without their count.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = Option<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let mut cursor = Cursor::new(self.bytes);
        // Read before, see `read`.
        let value = cursor.value().ok()?;
        self.bytes = cursor.rest();
        Some(value)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for Values<'_> {}

/// Format codes as a message lists them: none for "all text", one for "all like this", or one each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Formats<'a> {
    bytes: &'a [u8],
}

impl<'a> Formats<'a> {
    /// Reads a count and that many codes.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let count = cursor.u16()?;
        Ok(Formats {
            bytes: cursor.take(usize::from(count) * 2)?,
        })
    }

    /// The format of the `index`th value (PostgreSQL manual, 55.7, "Bind"). [`UNKNOWN_FORMAT`] where several codes are
    /// listed and none is for this one: the server refuses such a list.
    pub fn of(&self, index: usize) -> i16 {
        match self.len() {
            0 => TEXT,
            1 => self.at(0),
            _ => self.at(index),
        }
    }

    fn at(&self, index: usize) -> i16 {
        let code = index
            .checked_mul(2)
            .and_then(|at| self.bytes.get(at..)?.first_chunk::<2>());
        code.map_or(UNKNOWN_FORMAT, |code| i16::from_be_bytes(*code))
    }

    /// The list as it is on the wire, without its count.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl Iterator for Formats<'_> {
    type Item = i16;

    #[inline]
    fn next(&mut self) -> Option<i16> {
        let (code, rest) = self.bytes.split_first_chunk::<2>()?;
        self.bytes = rest;
        Some(i16::from_be_bytes(*code))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.bytes.len() / 2;
        (len, Some(len))
    }
}

impl ExactSizeIterator for Formats<'_> {}

/// OIDs of types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Oids<'a> {
    bytes: &'a [u8],
}

impl<'a> Oids<'a> {
    /// Reads a count and that many OIDs.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        let count = cursor.u16()?;
        Ok(Oids {
            bytes: cursor.take(usize::from(count) * 4)?,
        })
    }
}

impl Iterator for Oids<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (oid, rest) = self.bytes.split_first_chunk::<4>()?;
        self.bytes = rest;
        Some(u32::from_be_bytes(*oid))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.bytes.len() / 4;
        (len, Some(len))
    }
}

impl ExactSizeIterator for Oids<'_> {}

opaque_debug!(Values, Formats, Oids);
