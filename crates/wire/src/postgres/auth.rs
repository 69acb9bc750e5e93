//! Who it is: the server's messages during authentication, and the first of a client's answers.
//!
//! Owns: the forms of the `R` message (PostgreSQL manual, 55.7, "Authentication…") to read and to write, and
//! SASLInitialResponse. SCRAM itself is in [`super::scram`], whose names are found here as well.
//! Refuses: to know which method is good enough. GSSAPI, SSPI and whatever comes next are [`AuthRequest::Other`].

use crate::WireError;
use crate::cursor::Cursor;

use super::frame::{put_string, write};
use super::opaque_debug;
use super::tag::server;

pub use super::scram::{
    AwaitFinal, ChannelBinding, DEFAULT_ITERATIONS, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramError,
    ScramVerifier, begin,
};

const OK: u32 = 0;
const CLEARTEXT: u32 = 3;
const MD5: u32 = 5;
const SASL: u32 = 10;
const SASL_CONTINUE: u32 = 11;
const SASL_FINAL: u32 = 12;

/// What a server wants to see before it lets a client in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AuthRequest<'a> {
    /// Nothing more.
    Ok,
    /// The password as it is.
    Cleartext,
    /// The password hashed with the user's name and this salt.
    Md5([u8; 4]),
    /// One of these SASL mechanisms.
    Sasl(Mechanisms<'a>),
    /// The next SASL message.
    SaslContinue(&'a [u8]),
    /// The last SASL message.
    SaslFinal(&'a [u8]),
    /// A method that is not known here.
    Other(u32),
}

impl<'a> AuthRequest<'a> {
    /// Reads the body of an `R` message.
    ///
    /// # Errors
    /// Anything malformed in a method that is known here.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        match cursor.u32()? {
            OK => cursor.end().map(|()| AuthRequest::Ok),
            CLEARTEXT => cursor.end().map(|()| AuthRequest::Cleartext),
            MD5 => {
                let salt = cursor.u32()?.to_be_bytes();
                cursor.end().map(|()| AuthRequest::Md5(salt))
            }
            SASL => Mechanisms::read(cursor).map(AuthRequest::Sasl),
            SASL_CONTINUE => Ok(AuthRequest::SaslContinue(cursor.rest())),
            SASL_FINAL => Ok(AuthRequest::SaslFinal(cursor.rest())),
            other => Ok(AuthRequest::Other(other)),
        }
    }
}

/// The SASL mechanisms that a server offers, best first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mechanisms<'a> {
    rest: &'a str,
}

impl<'a> Mechanisms<'a> {
    fn read(cursor: Cursor<'a>) -> Result<Self, WireError> {
        let text = std::str::from_utf8(cursor.rest()).map_err(|_| WireError::NotUtf8)?;
        let mut cursor = Cursor::new(text.as_bytes());
        // An empty name ends the list.
        while !cursor.string()?.is_empty() {}
        cursor.end()?;
        Ok(Mechanisms {
            rest: text.get(..text.len() - 1).ok_or(WireError::Unterminated)?,
        })
    }
}

impl<'a> Iterator for Mechanisms<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (name, rest) = self.rest.split_once('\0')?;
        self.rest = rest;
        Some(name)
    }
}

opaque_debug!(AuthRequest, Mechanisms);

/// Reads a SASLInitialResponse: the mechanism and its first message, which is empty where the client sent none.
///
/// # Errors
/// Anything malformed.
pub fn read_sasl_initial(body: &[u8]) -> Result<(&str, &[u8]), WireError> {
    let mut cursor = Cursor::new(body);
    let mechanism = std::str::from_utf8(cursor.string()?).map_err(|_| WireError::NotUtf8)?;
    let data = cursor.value()?.unwrap_or_default();
    cursor.end()?;
    Ok((mechanism, data))
}

/// Reads a PasswordMessage, without its NUL.
///
/// # Errors
/// Anything malformed.
pub fn read_password(body: &[u8]) -> Result<&[u8], WireError> {
    Cursor::new(body).last_string()
}

fn request(out: &mut Vec<u8>, method: u32, body: impl FnOnce(&mut Vec<u8>)) {
    write(out, server::AUTHENTICATION, |out| {
        out.extend_from_slice(&method.to_be_bytes());
        body(out);
    });
}

/// Appends AuthenticationOk.
pub fn write_auth_ok(out: &mut Vec<u8>) {
    request(out, OK, |_| {});
}

/// Appends AuthenticationSASL with these mechanisms, best first.
pub fn write_auth_sasl(out: &mut Vec<u8>, mechanisms: &[&str]) {
    request(out, SASL, |out| {
        for name in mechanisms.iter().filter(|name| !name.is_empty()) {
            put_string(out, name.as_bytes());
        }
        out.push(0);
    });
}

/// Appends AuthenticationSASLContinue.
pub fn write_auth_sasl_continue(out: &mut Vec<u8>, data: &[u8]) {
    request(out, SASL_CONTINUE, |out| out.extend_from_slice(data));
}

/// Appends AuthenticationSASLFinal.
pub fn write_auth_sasl_final(out: &mut Vec<u8>, data: &[u8]) {
    request(out, SASL_FINAL, |out| out.extend_from_slice(data));
}
