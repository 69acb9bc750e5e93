//! What a connection begins with, and what a client sends to prove who it is.
//!
//! Owns: the untagged first packets (SSLRequest, GSSENCRequest, CancelRequest, StartupMessage: PostgreSQL manual, 55.7),
//! the settings inside a startup packet's `options`, and the client's messages during authentication.
//! Refuses: protocols other than version 3, names and values that are not UTF-8, and command-line switches in `options`
//! other than settings.

use crate::WireError;
use crate::cursor::Cursor;

use super::frame::{put_string, write, write_untagged};
use super::opaque_debug;
use super::tag::client;

/// The high half of the codes that are in place of a version number, to be none that ever exists.
const REQUEST: u32 = 1234 << 16;
const CANCEL: u32 = REQUEST | 5678;
const SSL: u32 = REQUEST | 5679;
const GSSENC: u32 = REQUEST | 5680;

/// How long the secret of a cancel request may be: 4 in protocol 3.0, up to 256 from 3.2 on.
pub(crate) const SECRET_BYTES: std::ops::RangeInclusive<usize> = 4..=256;

/// The first packet of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Opening<'a> {
    /// TLS, please.
    Ssl,
    /// GSSAPI encryption, please.
    GssEnc,
    /// Cancel what another session runs.
    Cancel {
        /// Which session.
        process_id: u32,
        /// What only its client knows.
        secret: &'a [u8],
    },
    /// Open a session.
    Startup(Startup<'a>),
}

/// A request for a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Startup<'a> {
    /// The minor version asked for; the major one is 3.
    pub minor: u16,
    /// Names and values, each with its NUL, without the last NUL of the packet.
    pairs: &'a str,
}

/// Names of options of the protocol itself, not of the session, begin with this.
const PROTOCOL_OPTION: &str = "_pq_.";

/// Reads the body of a packet that [`super::frame::startup_frame`] has found.
///
/// # Errors
/// Anything malformed; [`WireError::UnsupportedProtocol`] for a major version other than 3.
pub fn opening(frame_body: &[u8]) -> Result<Opening<'_>, WireError> {
    let mut cursor = Cursor::new(frame_body);
    match cursor.u32()? {
        SSL => cursor.end().map(|()| Opening::Ssl),
        GSSENC => cursor.end().map(|()| Opening::GssEnc),
        CANCEL => {
            let process_id = cursor.u32()?;
            let secret = cursor.rest();
            if !SECRET_BYTES.contains(&secret.len()) {
                return Err(WireError::BadLength);
            }
            Ok(Opening::Cancel { process_id, secret })
        }
        version if version >> 16 == 3 => {
            let minor =
                u16::try_from(version & 0xffff).map_err(|_| WireError::UnsupportedProtocol)?;
            Startup::read(minor, cursor).map(Opening::Startup)
        }
        _ => Err(WireError::UnsupportedProtocol),
    }
}

/// Major and minor version that a startup packet's body asks for, to be named in a refusal.
pub fn version(frame_body: &[u8]) -> Option<(u16, u16)> {
    let mut cursor = Cursor::new(frame_body);
    Some((cursor.u16().ok()?, cursor.u16().ok()?))
}

impl<'a> Startup<'a> {
    fn read(minor: u16, cursor: Cursor<'a>) -> Result<Self, WireError> {
        let text = std::str::from_utf8(cursor.rest()).map_err(|_| WireError::NotUtf8)?;
        let mut cursor = Cursor::new(text.as_bytes());
        // An empty name ends the list, and the packet has to end there too (`ProcessStartupPacket`).
        while !cursor.string()?.is_empty() {
            cursor.string()?;
        }
        cursor.end()?;
        let pairs = text
            .get(..text.len().saturating_sub(1))
            .ok_or(WireError::Unterminated)?;
        Ok(Startup { minor, pairs })
    }

    fn pairs(&self) -> Pairs<'a> {
        Pairs { rest: self.pairs }
    }

    /// Names and values in the order they came, without options of the protocol itself.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.pairs()
            .filter(|(name, _)| !name.starts_with(PROTOCOL_OPTION))
    }

    /// The value of a parameter. Where a name comes twice the last one counts, as it does in the server.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.parameters()
            .filter(|(given, _)| *given == name)
            .last()
            .map(|(_, value)| value)
    }

    /// Names of the options of the protocol itself (`_pq_.…`) that were asked for. None is known here, so a server has
    /// to name them all in NegotiateProtocolVersion.
    pub fn unknown_options(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.pairs()
            .map(|(name, _)| name)
            .filter(|name| name.starts_with(PROTOCOL_OPTION))
    }
}

struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.rest.split_once('\0')?;
        let (value, rest) = rest.split_once('\0')?;
        self.rest = rest;
        Some((name, value))
    }
}

opaque_debug!(Opening, Startup);

/// Takes a startup packet's `options` apart into names and values, in order, the way the server does: words at white
/// space, a backslash takes the next character as it is (`pg_split_opts`), `-c name=value`, `-cname=value` and
/// `--name=value`, and in the name a `-` is a `_` (`ParseLongOption`).
///
/// What goes to a server has to be made from the pairs. Sending the string instead would have it read a second time.
///
/// # Errors
/// [`WireError::BadOption`] for any other switch, a setting without value or without name, or a word that is no switch.
pub fn split_options(options: &str) -> Result<Vec<(String, String)>, WireError> {
    let mut words = words(options).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = if word == "-c" {
            words.next().ok_or(WireError::BadOption)?
        } else {
            let attached = word.strip_prefix("-c").or_else(|| word.strip_prefix("--"));
            attached.ok_or(WireError::BadOption)?.to_owned()
        };
        let (name, value) = setting.split_once('=').ok_or(WireError::BadOption)?;
        if name.is_empty() {
            return Err(WireError::BadOption);
        }
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

/// `isspace` of the C locale, which has one character more than Rust's.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

fn words(options: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = options.chars().peekable();
    loop {
        while chars.next_if(|c| is_space(*c)).is_some() {}
        if chars.peek().is_none() {
            return words;
        }
        let mut word = String::new();
        while let Some(c) = chars.next_if(|c| !is_space(*c)) {
            match c {
                // A backslash at the very end stands for nothing.
                '\\' => word.extend(chars.next()),
                c => word.push(c),
            }
        }
        words.push(word);
    }
}

/// Appends a StartupMessage for protocol 3.`minor`.
pub fn write_startup(out: &mut Vec<u8>, minor: u16, params: &[(&str, &str)]) {
    write_untagged(out, |out| {
        out.extend_from_slice(&3u16.to_be_bytes());
        out.extend_from_slice(&minor.to_be_bytes());
        // An empty name would end the list before its time.
        for (name, value) in params.iter().filter(|(name, _)| !name.is_empty()) {
            put_string(out, name.as_bytes());
            put_string(out, value.as_bytes());
        }
        out.push(0);
    });
}

/// Appends an SSLRequest.
pub fn write_ssl_request(out: &mut Vec<u8>) {
    write_untagged(out, |out| out.extend_from_slice(&SSL.to_be_bytes()));
}

/// Appends a GSSENCRequest.
pub fn write_gssenc_request(out: &mut Vec<u8>) {
    write_untagged(out, |out| out.extend_from_slice(&GSSENC.to_be_bytes()));
}

/// Appends a CancelRequest.
pub fn write_cancel(out: &mut Vec<u8>, pid: u32, secret: &[u8]) {
    write_untagged(out, |out| {
        out.extend_from_slice(&CANCEL.to_be_bytes());
        out.extend_from_slice(&pid.to_be_bytes());
        out.extend_from_slice(secret);
    });
}

/// Appends a PasswordMessage: a password, or its md5 form. The NUL at the end is put there.
pub fn write_password(out: &mut Vec<u8>, password: &[u8]) {
    write(out, client::AUTHENTICATION, |out| put_string(out, password));
}

/// Appends a SASLInitialResponse.
pub fn write_sasl_initial(out: &mut Vec<u8>, mechanism: &str, data: &[u8]) {
    write(out, client::AUTHENTICATION, |out| {
        put_string(out, mechanism.as_bytes());
        super::frame::put_value(out, Some(data));
    });
}

/// Appends a SASLResponse.
pub fn write_sasl_response(out: &mut Vec<u8>, data: &[u8]) {
    write(out, client::AUTHENTICATION, |out| {
        out.extend_from_slice(data)
    });
}
