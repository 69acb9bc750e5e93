//! The bytes of what a client asks.
//!
//! Owns: one function for each message that [`super::query`] reads, for when the gateway is itself the client.
//! Refuses: to send a text with a NUL in it. The server would read the text only up to there, and what was meant to
//! follow might be the WHERE: such a text is sent as an empty one, which does nothing.

use super::frame::{put_count, put_string, put_value, write};
use super::query::Target;
use super::tag::client;

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_string(
        out,
        if memchr::memchr(0, text).is_some() {
            b""
        } else {
            text
        },
    );
}

fn put_formats(out: &mut Vec<u8>, formats: &[i16]) {
    let count = put_count(out, formats.len());
    for format in formats.iter().take(count) {
        out.extend_from_slice(&format.to_be_bytes());
    }
}

fn put_values(out: &mut Vec<u8>, values: &[Option<&[u8]>]) {
    let count = put_count(out, values.len());
    for value in values.iter().take(count) {
        put_value(out, *value);
    }
}

/// Appends a Query.
pub fn write_query(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    write(out, client::QUERY, |out| put_text(out, text.as_ref()));
}

/// Appends a Parse.
pub fn write_parse(
    out: &mut Vec<u8>,
    name: impl AsRef<[u8]>,
    text: impl AsRef<[u8]>,
    types: &[u32],
) {
    write(out, client::PARSE, |out| {
        put_string(out, name.as_ref());
        put_text(out, text.as_ref());
        let count = put_count(out, types.len());
        for oid in types.iter().take(count) {
            out.extend_from_slice(&oid.to_be_bytes());
        }
    });
}

/// Appends a Bind.
pub fn write_bind(
    out: &mut Vec<u8>,
    portal: impl AsRef<[u8]>,
    statement: impl AsRef<[u8]>,
    parameter_formats: &[i16],
    parameters: &[Option<&[u8]>],
    result_formats: &[i16],
) {
    write(out, client::BIND, |out| {
        put_string(out, portal.as_ref());
        put_string(out, statement.as_ref());
        put_formats(out, parameter_formats);
        put_values(out, parameters);
        put_formats(out, result_formats);
    });
}

/// Appends a Describe.
pub fn write_describe(out: &mut Vec<u8>, target: Target, name: impl AsRef<[u8]>) {
    write(out, client::DESCRIBE, |out| {
        out.push(target.byte());
        put_string(out, name.as_ref());
    });
}

/// Appends an Execute; 0 rows for no limit.
pub fn write_execute(out: &mut Vec<u8>, portal: impl AsRef<[u8]>, max_rows: u32) {
    write(out, client::EXECUTE, |out| {
        put_string(out, portal.as_ref());
        out.extend_from_slice(&max_rows.to_be_bytes());
    });
}

/// Appends a Close.
pub fn write_close(out: &mut Vec<u8>, target: Target, name: impl AsRef<[u8]>) {
    write(out, client::CLOSE, |out| {
        out.push(target.byte());
        put_string(out, name.as_ref());
    });
}

/// Appends a FunctionCall.
pub fn write_function_call(
    out: &mut Vec<u8>,
    oid: u32,
    formats: &[i16],
    arguments: &[Option<&[u8]>],
    result_format: i16,
) {
    write(out, client::FUNCTION_CALL, |out| {
        out.extend_from_slice(&oid.to_be_bytes());
        put_formats(out, formats);
        put_values(out, arguments);
        out.extend_from_slice(&result_format.to_be_bytes());
    });
}

/// Appends a CopyData, which is the same in both directions.
pub fn write_copy_data(out: &mut Vec<u8>, data: &[u8]) {
    write(out, client::COPY_DATA, |out| out.extend_from_slice(data));
}

/// Appends a CopyDone, which is the same in both directions.
pub fn write_copy_done(out: &mut Vec<u8>) {
    write(out, client::COPY_DONE, |_| {});
}

/// Appends a CopyFail.
pub fn write_copy_fail(out: &mut Vec<u8>, message: impl AsRef<[u8]>) {
    write(out, client::COPY_FAIL, |out| {
        put_string(out, message.as_ref())
    });
}

/// Appends a Flush.
pub fn write_flush(out: &mut Vec<u8>) {
    write(out, client::FLUSH, |_| {});
}

/// Appends a Sync.
pub fn write_sync(out: &mut Vec<u8>) {
    write(out, client::SYNC, |_| {});
}

/// Appends a Terminate.
pub fn write_terminate(out: &mut Vec<u8>) {
    write(out, client::TERMINATE, |_| {});
}
