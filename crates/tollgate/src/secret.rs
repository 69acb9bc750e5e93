//! Secrets and names that nobody can guess.

use wire::postgres::scram::{DEFAULT_ITERATIONS, ScramVerifier};

/// Letters and digits without a special meaning in a URL, in a shell, or to the eye (no l, 1, o, 0).
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// `length` characters of 5 bits each, from the operating system.
pub fn word(length: usize) -> String {
    let mut bytes = vec![0u8; length];
    gateway::handshake::random(&mut bytes);
    // 32 letters: the low five bits of a byte choose one without bias.
    bytes
        .iter()
        .map(|b| char::from(ALPHABET[usize::from(b & 31)]))
        .collect()
}

/// The SCRAM verifier of a password; the password itself is kept nowhere.
pub fn verifier(password: &str) -> journal::Verifier {
    let mut salt = [0u8; 16];
    gateway::handshake::random(&mut salt);
    journal::Verifier(ScramVerifier::make(password, &salt, DEFAULT_ITERATIONS).to_text())
}
