//! Where one message ends and the next begins.
//!
//! Owns: [`head`], [`frame`] and [`Frames`], which find messages in a buffer, the limits on their size, and the one
//! place where a length word is written.
//! Refuses: to look inside a body, to copy, and to believe a length: a frame exists once all of its bytes do, and a
//! length that is over the caller's limit is an error as soon as its four bytes are there, before anybody waits for or
//! makes room for the rest (PostgreSQL manual, 55.7; `pq_getmessage` in the server).

use std::fmt;

use crate::WireError;

/// The longest message, tag and length word included: PostgreSQL's `MaxAllocSize`, one byte short of 1 GiB.
pub const MAX_FRAME_BYTES: usize = 0x3fff_ffff;
/// The longest startup packet, without its length word: the server's `MAX_STARTUP_PACKET_LENGTH`.
pub const MAX_STARTUP_BYTES: usize = 10_000;
/// The longest message during authentication: the server's `PG_MAX_AUTH_TOKEN_LENGTH`.
pub const MAX_AUTH_BYTES: usize = 65_535;

/// Bytes of a tag and its length word.
pub const HEAD_BYTES: usize = 5;

/// The beginning of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its type, see [`super::tag`].
    pub tag: u8,
    /// Bytes of the whole message, with tag and length word.
    pub len: usize,
}

/// Reads the beginning of the message at the front of `buf`; None while fewer than five bytes are there.
///
/// # Errors
/// A length below 4, or a message of more than `max` bytes in all.
#[inline]
pub fn head(buf: &[u8], max: usize) -> Result<Option<Head>, WireError> {
    let Some((&tag, rest)) = buf.split_first() else {
        return Ok(None);
    };
    let Some(word) = rest.first_chunk::<4>() else {
        return Ok(None);
    };
    let counted = length(*word)?;
    // The length word does not count the tag.
    if counted >= max {
        return Err(WireError::TooLong { limit: max });
    }
    Ok(Some(Head {
        tag,
        len: counted + 1,
    }))
}

/// The message at the front of `buf`; None while not all of it is there.
///
/// # Errors
/// As for [`head`].
#[inline]
pub fn frame(buf: &[u8], max: usize) -> Result<Option<Frame<'_>>, WireError> {
    Ok(head(buf, max)?.and_then(|head| {
        buf.get(..head.len).map(|bytes| Frame {
            bytes,
            tag: head.tag,
            body: HEAD_BYTES,
        })
    }))
}

/// The untagged packet that a connection begins with; its [`Frame::tag`] is 0. None while not all of it is there.
///
/// # Errors
/// A length below 4, or a body of more than [`MAX_STARTUP_BYTES`].
pub fn startup_frame(buf: &[u8]) -> Result<Option<Frame<'_>>, WireError> {
    let Some(word) = buf.first_chunk::<4>() else {
        return Ok(None);
    };
    let counted = length(*word)?;
    if counted - 4 > MAX_STARTUP_BYTES {
        return Err(WireError::TooLong {
            limit: MAX_STARTUP_BYTES,
        });
    }
    Ok(buf.get(..counted).map(|bytes| Frame {
        bytes,
        tag: 0,
        body: 4,
    }))
}

/// A length word counts itself, and never the tag.
fn length(word: [u8; 4]) -> Result<usize, WireError> {
    match usize::try_from(u32::from_be_bytes(word)) {
        Ok(length) if length >= 4 => Ok(length),
        _ => Err(WireError::BadLength),
    }
}

/// One whole message, borrowed from the buffer that it was read into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    bytes: &'a [u8],
    tag: u8,
    /// Where the body begins.
    body: usize,
}

impl<'a> Frame<'a> {
    /// Its type, see [`super::tag`]; 0 for a startup packet.
    #[inline]
    pub fn tag(&self) -> u8 {
        self.tag
    }

    /// What follows the length word.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.get(self.body..).unwrap_or_default()
    }

    /// The whole message as it came, to be sent on as it is.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes the whole message has. There is no empty one.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("tag", &char::from(self.tag))
            .field("len", &self.bytes.len())
            .finish()
    }
}

/// The whole messages at the front of a buffer, one after the other. Ends at the first that is not all there, and after
/// an error, since nothing says where the message after a bad length begins.
#[derive(Clone)]
pub struct Frames<'a> {
    buf: &'a [u8],
    at: usize,
    max: usize,
    broken: bool,
}

impl<'a> Frames<'a> {
    /// Over `buf`, each message of at most `max` bytes.
    pub fn new(buf: &'a [u8], max: usize) -> Self {
        Frames {
            buf,
            at: 0,
            max,
            broken: false,
        }
    }

    /// How many bytes the messages given so far have together: what may be taken out of the buffer.
    pub fn consumed(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, WireError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.broken {
            return None;
        }
        match frame(self.buf.get(self.at..)?, self.max) {
            Ok(Some(found)) => {
                self.at += found.len();
                Some(Ok(found))
            }
            Ok(None) => None,
            Err(error) => {
                self.broken = true;
                Some(Err(error))
            }
        }
    }
}

impl fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Appends a message: the tag, the length of what `body` appends, and that.
#[inline]
pub(crate) fn write(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    write_untagged(out, body);
}

/// Appends a packet without tag, as a connection begins with.
#[inline]
pub(crate) fn write_untagged(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    body(out);
    end(out, start);
}

/// Fills in the length word at `start`. A length that does not fit is written as the largest there is: every reader
/// refuses that one, so what is too long is never mistaken for something short.
#[inline]
pub(crate) fn end(out: &mut [u8], start: usize) {
    let counted = out.len().saturating_sub(start);
    let word = i32::try_from(counted).unwrap_or(i32::MAX).to_be_bytes();
    if let Some(place) = out.get_mut(start..start.saturating_add(4)) {
        place.copy_from_slice(&word);
    }
}

/// Appends a string and its NUL. A NUL inside becomes `?`, so that no field can spill into the next.
#[inline]
pub(crate) fn put_string(out: &mut Vec<u8>, string: &[u8]) {
    let start = out.len();
    out.extend_from_slice(string);
    if memchr::memchr(0, string).is_some() {
        for byte in out.iter_mut().skip(start).filter(|byte| **byte == 0) {
            *byte = b'?';
        }
    }
    out.push(0);
}

/// Appends a count of two bytes, and gives how many that lets through.
#[inline]
pub(crate) fn put_count(out: &mut Vec<u8>, count: usize) -> usize {
    let written = u16::try_from(count).unwrap_or(u16::MAX);
    out.extend_from_slice(&written.to_be_bytes());
    usize::from(written)
}

/// Appends a value with its length, or -1 for NULL. One that no length can describe becomes NULL.
#[inline]
pub(crate) fn put_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value.and_then(|bytes| i32::try_from(bytes.len()).ok().map(|len| (len, bytes))) {
        Some((len, bytes)) => {
            out.extend_from_slice(&len.to_be_bytes());
            out.extend_from_slice(bytes);
        }
        None => out.extend_from_slice(&(-1i32).to_be_bytes()),
    }
}
