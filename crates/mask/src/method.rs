//! What can be done to a value, and the key of the pseudonyms.
//!
//! Owns: [`Method`], its words in a label file, and [`Key`]. Refuses: words and values it does not know, and to print a key.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A mask method. docs/POLICIES has the table of what each does to which type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Method {
    /// The whole value is replaced by `[redacted]`.
    Redact,
    /// NULL.
    Null,
    /// `j***@e***.com`.
    Email,
    /// `****` and the last four characters.
    Last4,
    /// The first character and `***`.
    First1,
    /// A keyed pseudonym: the same value gives the same one.
    Hash,
    /// The first instant of the year.
    Year,
    /// Rounded towards zero: to a multiple of the width where one is given, else to the leading digit and to tens at least.
    Bucket(Option<u64>),
    /// Always this.
    Constant(String),
}

/// A mask word that is not one, or a value that does not go with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    /// Not a method.
    #[error(
        "unknown mask method `{0}`: write one of redact, null, email, last4, first1, hash, year, bucket, constant"
    )]
    UnknownMethod(String),
    /// `constant` without a value.
    #[error("mask `constant` needs a value: add value = \"…\"")]
    ConstantWithoutValue,
    /// A value that no server could hold.
    #[error(
        "the value of mask `constant` has a NUL byte, which no text in PostgreSQL can hold: take it out"
    )]
    ConstantWithNul,
    /// A value that is not a width.
    #[error(
        "the value of mask `bucket` is the width of a bucket: write a whole number from 2 up, as in value = \"1000\""
    )]
    BadWidth,
    /// A value where none is used.
    #[error("mask `{0}` takes no value: take `value` out, or use mask = \"constant\"")]
    UnusedValue(&'static str),
}

impl Method {
    /// Reads a label's `mask` and `value`.
    pub fn parse(word: &str, value: Option<&str>) -> Result<Method, MaskError> {
        let method = match word {
            "redact" => Method::Redact,
            "null" => Method::Null,
            "email" => Method::Email,
            "last4" => Method::Last4,
            "first1" => Method::First1,
            "hash" => Method::Hash,
            "year" => Method::Year,
            "bucket" => return Ok(Method::Bucket(value.map(width).transpose()?)),
            "constant" => {
                return match value {
                    None => Err(MaskError::ConstantWithoutValue),
                    Some(text) if text.contains('\0') => Err(MaskError::ConstantWithNul),
                    Some(text) => Ok(Method::Constant(text.to_owned())),
                };
            }
            _ => return Err(MaskError::UnknownMethod(word.to_owned())),
        };
        match value {
            None => Ok(method),
            Some(_) => Err(MaskError::UnusedValue(method.word())),
        }
    }

    /// The word it has in a label file.
    pub fn word(&self) -> &'static str {
        match self {
            Method::Redact => "redact",
            Method::Null => "null",
            Method::Email => "email",
            Method::Last4 => "last4",
            Method::First1 => "first1",
            Method::Hash => "hash",
            Method::Year => "year",
            Method::Bucket(_) => "bucket",
            Method::Constant(_) => "constant",
        }
    }
}

/// A bucket of width one would show the value.
fn width(text: &str) -> Result<u64, MaskError> {
    match text.trim().parse::<u64>() {
        Ok(width) if width >= 2 => Ok(width),
        Ok(_) | Err(_) => Err(MaskError::BadWidth),
    }
}

/// The key of `hash`. Whoever has it can test guesses against pseudonyms, so it is never printed.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl Key {
    /// From 32 secret bytes.
    pub fn new(secret: [u8; 32]) -> Key {
        // HMAC takes keys of any length (RFC 2104, section 2); the key schedule is kept, so that a value costs two
        // compressions less.
        match Hmac::<Sha256>::new_from_slice(&secret) {
            Ok(keyed) => Key(keyed),
            Err(_) => unreachable!("HMAC takes keys of any length"),
        }
    }

    /// A fresh HMAC under this key.
    pub(crate) fn hmac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }
}

impl From<[u8; 32]> for Key {
    fn from(secret: [u8; 32]) -> Key {
        Key::new(secret)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
