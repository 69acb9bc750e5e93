//! Reading a message's body from front to back.
//!
//! Owns: [`Cursor`], a slice that gets shorter; every decoder of this crate is written with it.
//! Refuses: to look past the end, and to end early: [`Cursor::end`] is how a decoder says that it has seen everything.

use crate::WireError;

/// What is left of a body.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Cursor { rest: body }
    }

    /// The next `n` bytes.
    #[inline]
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(WireError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i16(&mut self) -> Result<i16, WireError> {
        self.array().map(i16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn i32(&mut self) -> Result<i32, WireError> {
        self.array().map(i32::from_be_bytes)
    }

    /// A string up to its NUL, without it. A NUL inside a string is not to be seen here: it ends the string, and what
    /// follows is then read as the next field, as the server reads it.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<&'a [u8], WireError> {
        let end = memchr::memchr(0, self.rest).ok_or(WireError::Unterminated)?;
        let string = self.rest.get(..end).ok_or(WireError::Unterminated)?;
        self.rest = self.rest.get(end + 1..).ok_or(WireError::Unterminated)?;
        Ok(string)
    }

    /// A string that is the last field: it has to end with the body.
    #[inline]
    pub(crate) fn last_string(self) -> Result<&'a [u8], WireError> {
        let (last, string) = self.rest.split_last().ok_or(WireError::Unterminated)?;
        match memchr::memchr(0, string) {
            Some(_) => Err(WireError::EmbeddedNul),
            None if *last == 0 => Ok(string),
            None => Err(WireError::Unterminated),
        }
    }

    /// A value: its length in four bytes, -1 for NULL, then its bytes (PostgreSQL manual, 55.7, "Bind", "DataRow").
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Option<&'a [u8]>, WireError> {
        match self.i32()? {
            -1 => Ok(None),
            // Any other negative length is more than there can be.
            len => self
                .take(usize::try_from(len).map_err(|_| WireError::BadLength)?)
                .map(Some),
        }
    }

    /// All that is left.
    #[inline]
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }

    /// That nothing is left.
    #[inline]
    pub(crate) fn end(self) -> Result<(), WireError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(WireError::TrailingBytes)
        }
    }
}
