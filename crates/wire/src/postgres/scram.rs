//! SCRAM-SHA-256, the server's half (RFC 5802, RFC 7677, PostgreSQL manual, 55.3).
//!
//! Owns: [`ScramVerifier`], what a server keeps in place of a password, and the exchange as two steps: [`begin`] takes the
//! client's first message, [`AwaitFinal::finish`] its last. The type of each step is the only way to the next.
//! Refuses: randomness (salt and nonce are arguments), authorization identities, extensions, channel bindings other than
//! `tls-server-end-point`, and to show a key: `Debug` of everything here says nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::saslprep::prepared;

/// The mechanism without channel binding.
pub const SCRAM_SHA_256: &str = "SCRAM-SHA-256";
/// The mechanism with channel binding.
pub const SCRAM_SHA_256_PLUS: &str = "SCRAM-SHA-256-PLUS";
/// How often PostgreSQL hashes a password unless told otherwise.
pub const DEFAULT_ITERATIONS: u32 = 4096;

const END_POINT: &str = "tls-server-end-point";

type Key = [u8; 32];

/// Why an exchange ended. For the log: a client is to be told the same whatever it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ScramError {
    /// A stored verifier that is none.
    #[error("not a SCRAM-SHA-256 verifier")]
    BadVerifier,
    /// The caller's own nonce is empty, or has characters that a nonce cannot have.
    #[error("not a nonce")]
    BadServerNonce,
    /// A mechanism that was not offered.
    #[error("a mechanism that was not offered")]
    UnknownMechanism,
    /// A message that does not follow the grammar of RFC 5802, section 7.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// The client asks to act as somebody else.
    #[error("authorization identities are not supported")]
    AuthorizationIdentity,
    /// The client could bind the channel and thinks that the server cannot, but the server has offered it: somebody in
    /// between has taken the offer away.
    #[error("the offer of channel binding did not reach the client")]
    Downgrade,
    /// The mechanism with channel binding, and a message without.
    #[error("channel binding chosen and not used")]
    BindingMissing,
    /// The mechanism without channel binding, and a message with.
    #[error("channel binding used and not chosen")]
    BindingUnexpected,
    /// A channel binding of another type.
    #[error("unsupported type of channel binding")]
    BindingType,
    /// The client is connected to another certificate than the server is.
    #[error("channel binding does not match")]
    BindingMismatch,
    /// An answer to another exchange.
    #[error("nonce does not match")]
    NonceMismatch,
    /// The client does not know the password, or there is no such user.
    #[error("wrong proof")]
    WrongProof,
}

/// What a server keeps in place of a password: enough to check a proof, not to make one.
#[derive(Clone)]
pub struct ScramVerifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Key,
    server_key: Key,
    /// There is no such user, and whatever proof comes is wrong.
    mock: bool,
}

impl ScramVerifier {
    /// Reads the form that PostgreSQL keeps in `pg_authid`: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
    ///
    /// # Errors
    /// [`ScramError::BadVerifier`].
    pub fn parse(text: &str) -> Result<Self, ScramError> {
        Self::parts(text).ok_or(ScramError::BadVerifier)
    }

    fn parts(text: &str) -> Option<Self> {
        let (iterations_salt, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = iterations_salt.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        if !iterations.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(ScramVerifier {
            iterations: iterations.parse().ok().filter(|n| *n > 0)?,
            salt: BASE64.decode(salt).ok().filter(|salt| !salt.is_empty())?,
            stored_key: BASE64.decode(stored).ok()?.try_into().ok()?,
            server_key: BASE64.decode(server).ok()?.try_into().ok()?,
            mock: false,
        })
    }

    /// Makes one from a password. The salt has to be random and used once.
    pub fn make(password: &str, salt: &[u8; 16], iterations: u32) -> Self {
        let iterations = iterations.max(1);
        let mut salted = Key::default();
        pbkdf2::pbkdf2_hmac::<Sha256>(&prepared(password), salt, iterations, &mut salted);
        let client_key = hmac(&salted, &[b"Client Key"]);
        ScramVerifier {
            iterations,
            salt: salt.to_vec(),
            stored_key: Sha256::digest(client_key).into(),
            server_key: hmac(&salted, &[b"Server Key"]),
            mock: false,
        }
    }

    /// One for a user that does not exist: an exchange with it goes the same way as with a real one, and fails where a
    /// wrong password does. The salt follows from the name and a key that only this server knows and that does not
    /// change, so that asking twice tells nothing either (`mock_scram_secret` in the server does the same).
    pub fn mock(user: &str, server_key: &[u8]) -> Self {
        let derive = |what: &[u8]| hmac(server_key, &[what, user.as_bytes()]);
        ScramVerifier {
            iterations: DEFAULT_ITERATIONS,
            salt: derive(b"salt:").iter().copied().take(16).collect(),
            stored_key: derive(b"stored key:"),
            server_key: derive(b"server key:"),
            mock: true,
        }
    }

    /// The form that [`ScramVerifier::parse`] reads. As good as a password hash: not for logs, which is why this is not
    /// `Display`.
    pub fn to_text(&self) -> String {
        format!(
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(self.stored_key),
            BASE64.encode(self.server_key)
        )
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// What ties an exchange to the TLS connection that it runs in.
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelBinding(Vec<u8>);

impl ChannelBinding {
    /// The hash of the server's certificate (RFC 5929, section 4.1).
    pub fn tls_server_end_point(hash: &[u8]) -> Self {
        ChannelBinding(hash.to_vec())
    }
}

/// The server's first message has gone out; the client's last is to come.
#[must_use = "the client has proved nothing yet"]
pub struct AwaitFinal {
    verifier: ScramVerifier,
    /// `client-first-message-bare` and `server-first-message`, with a comma after each.
    transcript: String,
    /// Client's and server's together.
    nonce: String,
    /// What `c=` has to be: GS2 header and channel binding, in base64.
    binding: String,
}

/// Takes the client's first message; gives the state to finish from, and the server's first message.
///
/// `server_nonce` has to be random and used once. `binding` is the channel binding of the connection, and says that
/// SCRAM-SHA-256-PLUS has been offered: it is what a downgrade is recognised by.
///
/// # Errors
/// See [`ScramError`].
pub fn begin(
    verifier: ScramVerifier,
    mechanism: &str,
    client_first: &[u8],
    server_nonce: &str,
    binding: Option<&ChannelBinding>,
) -> Result<(AwaitFinal, Vec<u8>), ScramError> {
    if !is_nonce(server_nonce) {
        return Err(ScramError::BadServerNonce);
    }
    let text = text(client_first)?;
    let (flag, rest) = text
        .split_once(',')
        .ok_or(ScramError::Malformed("GS2 header"))?;
    let (identity, bare) = rest
        .split_once(',')
        .ok_or(ScramError::Malformed("GS2 header"))?;
    let bound = bound(mechanism, flag, binding)?;
    if !identity.is_empty() {
        return Err(ScramError::AuthorizationIdentity);
    }
    let mut attributes = bare.split(',');
    // The name is in the startup packet; this one is not looked at (PostgreSQL manual, 55.3.1).
    attribute(attributes.next(), "n=", "user name")?;
    let client_nonce = attribute(attributes.next(), "r=", "nonce")?;
    if !is_nonce(client_nonce) {
        return Err(ScramError::Malformed("nonce"));
    }
    extensions(attributes)?;

    let nonce = format!("{client_nonce}{server_nonce}");
    let salt = BASE64.encode(&verifier.salt);
    let server_first = format!("r={nonce},s={salt},i={}", verifier.iterations);
    let mut header = format!("{flag},,").into_bytes();
    header.extend_from_slice(bound);
    let state = AwaitFinal {
        transcript: format!("{bare},{server_first},"),
        nonce,
        binding: BASE64.encode(header),
        verifier,
    };
    Ok((state, server_first.into_bytes()))
}

/// The data that the client has to have bound, by its flag: `p=` it binds, `n` it cannot, `y` it could and believes that
/// the server cannot (RFC 5802, section 6).
fn bound<'b>(
    mechanism: &str,
    flag: &str,
    binding: Option<&'b ChannelBinding>,
) -> Result<&'b [u8], ScramError> {
    let wanted = match mechanism {
        SCRAM_SHA_256 => None,
        SCRAM_SHA_256_PLUS => Some(binding.ok_or(ScramError::UnknownMechanism)?),
        _ => return Err(ScramError::UnknownMechanism),
    };
    match (flag.strip_prefix("p="), flag, wanted) {
        (Some(END_POINT), _, Some(binding)) => Ok(&binding.0),
        (Some(_), _, Some(_)) => Err(ScramError::BindingType),
        (Some(_), _, None) => Err(ScramError::BindingUnexpected),
        (None, "n" | "y", Some(_)) => Err(ScramError::BindingMissing),
        (None, "y", None) if binding.is_some() => Err(ScramError::Downgrade),
        (None, "n" | "y", None) => Ok(&[]),
        (None, _, _) => Err(ScramError::Malformed("GS2 header")),
    }
}

impl AwaitFinal {
    /// Takes the client's last message; gives the server's last, which proves to the client that the server knows the
    /// verifier.
    ///
    /// # Errors
    /// See [`ScramError`]. The exchange is over either way.
    pub fn finish(self, client_final: &[u8]) -> Result<Vec<u8>, ScramError> {
        let text = text(client_final)?;
        let (unproved, proof) = text
            .rsplit_once(",p=")
            .ok_or(ScramError::Malformed("no proof"))?;
        let mut attributes = unproved.split(',');
        let binding = attribute(attributes.next(), "c=", "channel binding")?;
        let nonce = attribute(attributes.next(), "r=", "nonce")?;
        extensions(attributes)?;
        let proof: Key = BASE64
            .decode(proof)
            .ok()
            .and_then(|proof| proof.try_into().ok())
            .ok_or(ScramError::Malformed("proof"))?;
        if binding != self.binding {
            return Err(ScramError::BindingMismatch);
        }
        if nonce != self.nonce {
            return Err(ScramError::NonceMismatch);
        }

        let message = [self.transcript.as_bytes(), unproved.as_bytes()];
        let mut client_key = hmac(&self.verifier.stored_key, &message);
        for (byte, proof) in client_key.iter_mut().zip(proof) {
            *byte ^= proof;
        }
        let stored_key: Key = Sha256::digest(client_key).into();
        let proved = bool::from(stored_key.ct_eq(&self.verifier.stored_key));
        let signature = hmac(&self.verifier.server_key, &message);
        if !proved || self.verifier.mock {
            return Err(ScramError::WrongProof);
        }
        Ok(format!("v={}", BASE64.encode(signature)).into_bytes())
    }
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    match std::str::from_utf8(message) {
        Ok(text) if !text.contains('\0') => Ok(text),
        Ok(_) | Err(_) => Err(ScramError::Malformed("text")),
    }
}

fn attribute<'m>(
    attribute: Option<&'m str>,
    name: &str,
    what: &'static str,
) -> Result<&'m str, ScramError> {
    attribute
        .and_then(|a| a.strip_prefix(name))
        .ok_or(ScramError::Malformed(what))
}

/// Optional extensions are passed over, as RFC 5802, section 5.1 wants it; a mandatory one (`m=`) is not known here, and
/// a second proof is none.
fn extensions<'m>(attributes: impl Iterator<Item = &'m str>) -> Result<(), ScramError> {
    for attribute in attributes {
        match attribute.as_bytes() {
            [b'm' | b'p', ..] => return Err(ScramError::Malformed("extension")),
            [name, b'=', ..] if name.is_ascii_alphabetic() => {}
            _ => return Err(ScramError::Malformed("attribute")),
        }
    }
    Ok(())
}

/// Printable ASCII without comma.
fn is_nonce(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

macro_rules! secret_debug {
    ($($name:ident),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
secret_debug!(ScramVerifier, ChannelBinding, AwaitFinal);
