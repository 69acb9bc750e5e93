//! The chain of hashes. Owns how a record's hash follows from the one before it; a record changed, taken out, added or
//! moved changes every hash after it. Unsigned: it shows tampering to whoever kept a later hash.

use sha2::{Digest, Sha256};

/// A record's place in the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hash(pub(crate) [u8; 32]);

/// The first bytes of a record's hash, kept beside it so that a break can be pinned to one record.
pub(crate) const TAG_BYTES: usize = 8;

impl Hash {
    /// What the first record follows.
    pub(crate) fn genesis() -> Hash {
        Hash(Sha256::digest(b"tollgate journal 1").into())
    }

    /// The hash of record `seq`. The fields before `body` have a fixed length, so no two records share an input.
    pub(crate) fn after(&self, seq: u64, body: &[u8]) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(seq.to_be_bytes());
        hasher.update(body);
        Hash(hasher.finalize().into())
    }

    pub(crate) fn tag(&self) -> [u8; TAG_BYTES] {
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&self.0[..TAG_BYTES]);
        tag
    }

    pub(crate) fn hex(&self) -> String {
        hex::encode(self.0)
    }

    pub(crate) fn from_hex(text: &str) -> Option<Hash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Hash(bytes))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}
