//! All else that a server says.
//!
//! Owns: errors and notices, ReadyForQuery, CommandComplete, ParameterStatus, BackendKeyData, the acknowledgements of
//! the extended protocol, notifications and the beginnings of COPY (PostgreSQL manual, 55.7), to read and to write.
//! Refuses: to decide what a client may be told; the fields of an error are the caller's.

use crate::WireError;
use crate::cursor::Cursor;

use super::frame::{put_count, put_string, write};
use super::opaque_debug;
use super::startup::SECRET_BYTES;
use super::tag::server;
use super::values::{Formats, Oids};

/// ReadyForQuery: outside a transaction.
pub const IDLE: u8 = b'I';
/// ReadyForQuery: in a transaction.
pub const IN_TRANSACTION: u8 = b'T';
/// ReadyForQuery: in a transaction that has failed.
pub const IN_FAILED_TRANSACTION: u8 = b'E';

/// The fields of an ErrorResponse or a NoticeResponse (PostgreSQL manual, 55.8): `S` severity, `C` SQLSTATE, `M` message …
///
/// Iterating gives the fields that are still to come; [`ErrorFields::get`] looks among those.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ErrorFields<'a> {
    rest: &'a [u8],
}

impl<'a> ErrorFields<'a> {
    /// Reads the body of an `E` or `N` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        while cursor.u8()? != 0 {
            cursor.string()?;
        }
        cursor.end()?;
        Ok(ErrorFields { rest: body })
    }

    /// The first field of this kind.
    pub fn get(&self, kind: u8) -> Option<&'a [u8]> {
        self.into_iter()
            .find(|(found, _)| *found == kind)
            .map(|(_, text)| text)
    }
}

impl<'a> Iterator for ErrorFields<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut cursor = Cursor::new(self.rest);
        match cursor.u8() {
            Ok(0) | Err(_) => None,
            Ok(kind) => {
                // Read before, see `read`.
                let text = cursor.string().ok()?;
                self.rest = cursor.rest();
                Some((kind, text))
            }
        }
    }
}

/// What to speak instead of the version that was asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Negotiation<'a> {
    /// Major version in the high half, newest minor version in the low half.
    pub version: u32,
    options: &'a [u8],
}

impl<'a> Negotiation<'a> {
    /// Reads the body of a `v` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let version = cursor.u32()?;
        let count = cursor.u32()?;
        let options = cursor.rest();
        // Each has a byte at least, so a count without the bytes ends this soon.
        for _ in 0..count {
            cursor.string()?;
        }
        cursor.end()?;
        Ok(Negotiation { version, options })
    }

    /// Names of the protocol options that the server does not know.
    pub fn unknown_options(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut cursor = Cursor::new(self.options);
        std::iter::from_fn(move || cursor.string().ok())
    }
}

/// The beginning of a COPY stream, in either direction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CopyResponse<'a> {
    /// 0 for text and CSV, 1 for binary.
    pub format: u8,
    columns: Formats<'a>,
}

impl<'a> CopyResponse<'a> {
    /// Reads the body of a `G`, `H` or `W` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let format = match cursor.u8()? {
            format @ (0 | 1) => format,
            _ => return Err(WireError::BadValue("copy format")),
        };
        let columns = Formats::read(&mut cursor)?;
        cursor.end()?;
        Ok(CopyResponse { format, columns })
    }

    /// One format a column.
    pub fn columns(&self) -> Formats<'a> {
        self.columns
    }
}

/// From NOTIFY.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Notification<'a> {
    /// The process that notified.
    pub process_id: u32,
    /// Where.
    pub channel: &'a [u8],
    /// With what.
    pub payload: &'a [u8],
}

impl<'a> Notification<'a> {
    /// Reads the body of an `A` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let process_id = cursor.u32()?;
        let channel = cursor.string()?;
        Ok(Notification {
            process_id,
            channel,
            payload: cursor.last_string()?,
        })
    }
}

opaque_debug!(ErrorFields, Negotiation, CopyResponse, Notification);

/// Reads ReadyForQuery: one of [`IDLE`], [`IN_TRANSACTION`], [`IN_FAILED_TRANSACTION`].
///
/// # Errors
/// Anything else.
#[inline]
pub fn ready_status(body: &[u8]) -> Result<u8, WireError> {
    match body {
        [status @ (b'I' | b'T' | b'E')] => Ok(*status),
        [_] => Err(WireError::BadValue("transaction status")),
        [] => Err(WireError::Truncated),
        [_, ..] => Err(WireError::TrailingBytes),
    }
}

/// Reads CommandComplete: `SELECT 3`, without its NUL.
///
/// # Errors
/// Anything malformed.
#[inline]
pub fn command_tag(body: &[u8]) -> Result<&[u8], WireError> {
    Cursor::new(body).last_string()
}

/// Reads ParameterStatus: name and value.
///
/// # Errors
/// Anything malformed.
pub fn parameter_status(body: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let mut cursor = Cursor::new(body);
    let name = cursor.string()?;
    Ok((name, cursor.last_string()?))
}

/// Reads BackendKeyData: process and secret, of 4 bytes in protocol 3.0 and up to 256 from 3.2 on.
///
/// # Errors
/// Anything malformed.
pub fn backend_key(body: &[u8]) -> Result<(u32, &[u8]), WireError> {
    let mut cursor = Cursor::new(body);
    let process_id = cursor.u32()?;
    let secret = cursor.rest();
    if SECRET_BYTES.contains(&secret.len()) {
        Ok((process_id, secret))
    } else {
        Err(WireError::BadLength)
    }
}

/// Reads ParameterDescription: the types of a statement's parameters.
///
/// # Errors
/// Anything malformed.
pub fn parameter_description(body: &[u8]) -> Result<Oids<'_>, WireError> {
    let mut cursor = Cursor::new(body);
    let types = Oids::read(&mut cursor)?;
    cursor.end()?;
    Ok(types)
}

/// Reads FunctionCallResponse: the result, None for NULL.
///
/// # Errors
/// Anything malformed.
pub fn function_result(body: &[u8]) -> Result<Option<&[u8]>, WireError> {
    let mut cursor = Cursor::new(body);
    let value = cursor.value()?;
    cursor.end()?;
    Ok(value)
}

fn fields(out: &mut Vec<u8>, tag: u8, fields: &[(u8, &str)]) {
    write(out, tag, |out| {
        // Kind 0 would end the list before its time.
        for (kind, text) in fields.iter().filter(|(kind, _)| *kind != 0) {
            out.push(*kind);
            put_string(out, text.as_bytes());
        }
        out.push(0);
    });
}

/// Appends an ErrorResponse with these fields.
pub fn write_error(out: &mut Vec<u8>, error: &[(u8, &str)]) {
    fields(out, server::ERROR_RESPONSE, error);
}

/// Appends a NoticeResponse with these fields.
pub fn write_notice(out: &mut Vec<u8>, notice: &[(u8, &str)]) {
    fields(out, server::NOTICE_RESPONSE, notice);
}

/// Appends ReadyForQuery.
pub fn write_ready(out: &mut Vec<u8>, status: u8) {
    write(out, server::READY_FOR_QUERY, |out| out.push(status));
}

/// Appends CommandComplete.
pub fn write_command_complete(out: &mut Vec<u8>, tag: impl AsRef<[u8]>) {
    write(out, server::COMMAND_COMPLETE, |out| {
        put_string(out, tag.as_ref())
    });
}

/// Appends ParameterStatus.
pub fn write_parameter_status(out: &mut Vec<u8>, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    write(out, server::PARAMETER_STATUS, |out| {
        put_string(out, name.as_ref());
        put_string(out, value.as_ref());
    });
}

/// Appends BackendKeyData.
pub fn write_backend_key(out: &mut Vec<u8>, pid: u32, secret: &[u8]) {
    write(out, server::BACKEND_KEY_DATA, |out| {
        out.extend_from_slice(&pid.to_be_bytes());
        out.extend_from_slice(secret);
    });
}

/// Appends NegotiateProtocolVersion: the newest minor version of protocol 3, and the options that are not known.
///
/// The manual speaks of the minor version alone; servers and libpq have always put the whole version number there
/// (`SendNegotiateProtocolVersion`, `pqGetNegotiateProtocolVersion3`), and so does this.
pub fn write_negotiate(out: &mut Vec<u8>, newest_minor: u32, unknown_options: &[&str]) {
    write(out, server::NEGOTIATE_PROTOCOL_VERSION, |out| {
        out.extend_from_slice(&(3 << 16 | newest_minor & 0xffff).to_be_bytes());
        let count = u32::try_from(unknown_options.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&count.to_be_bytes());
        for option in unknown_options {
            put_string(out, option.as_bytes());
        }
    });
}

/// Appends EmptyQueryResponse.
pub fn write_empty_query(out: &mut Vec<u8>) {
    write(out, server::EMPTY_QUERY_RESPONSE, |_| {});
}

/// Appends ParseComplete.
pub fn write_parse_complete(out: &mut Vec<u8>) {
    write(out, server::PARSE_COMPLETE, |_| {});
}

/// Appends BindComplete.
pub fn write_bind_complete(out: &mut Vec<u8>) {
    write(out, server::BIND_COMPLETE, |_| {});
}

/// Appends CloseComplete.
pub fn write_close_complete(out: &mut Vec<u8>) {
    write(out, server::CLOSE_COMPLETE, |_| {});
}

/// Appends NoData.
pub fn write_no_data(out: &mut Vec<u8>) {
    write(out, server::NO_DATA, |_| {});
}

/// Appends PortalSuspended.
pub fn write_portal_suspended(out: &mut Vec<u8>) {
    write(out, server::PORTAL_SUSPENDED, |_| {});
}

/// Appends ParameterDescription.
pub fn write_parameter_description(out: &mut Vec<u8>, types: &[u32]) {
    write(out, server::PARAMETER_DESCRIPTION, |out| {
        let count = put_count(out, types.len());
        for oid in types.iter().take(count) {
            out.extend_from_slice(&oid.to_be_bytes());
        }
    });
}
