//! The checkpoint: a small synced file outside sled that names one record and its hash. Owns its form. sled opens a
//! file that was cut short without a word; this file notices.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::chain::Hash;
use crate::directory::replace_file;
use crate::error::JournalError;

/// What the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// A record that is on disk, with everything before it; 0 before the first.
    pub(crate) seq: u64,
    /// Its hash.
    pub(crate) hash: Hash,
    /// No session has a number above this one.
    pub(crate) sessions: u64,
}

const FIRST_LINE: &str = "tollgate checkpoint 1";

impl Checkpoint {
    pub(crate) fn path(journal: &Path) -> PathBuf {
        journal.join("checkpoint")
    }

    /// None: there is no such file.
    pub(crate) fn read(journal: &Path) -> Result<Option<Checkpoint>, JournalError> {
        let path = Checkpoint::path(journal);
        match std::fs::read_to_string(&path) {
            Ok(text) => match Checkpoint::parse(&text) {
                Some(checkpoint) => Ok(Some(checkpoint)),
                None => Err(JournalError::Checkpoint {
                    path,
                    what: "is damaged".into(),
                }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(JournalError::Checkpoint {
                    path,
                    what: "is damaged".into(),
                })
            }
            Err(error) => Err(JournalError::directory(journal, error)),
        }
    }

    pub(crate) fn write(&self, journal: &Path) -> Result<(), JournalError> {
        replace_file(&Checkpoint::path(journal), self.text().as_bytes())
            .map_err(JournalError::write)
    }

    fn text(&self) -> String {
        let body = format!(
            "{FIRST_LINE}\nseq {}\nhash {}\nsessions {}\n",
            self.seq,
            self.hash.hex(),
            self.sessions
        );
        let check = hex::encode(Sha256::digest(body.as_bytes()));
        format!("{body}check {check}\n")
    }

    fn parse(text: &str) -> Option<Checkpoint> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        field("tollgate")?;
        let checkpoint = Checkpoint {
            seq: field("seq")?.parse().ok()?,
            hash: Hash::from_hex(field("hash")?)?,
            sessions: field("sessions")?.parse().ok()?,
        };
        // Written again it must be the same text, to the last byte; that covers the check line too.
        (checkpoint.text() == text).then_some(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_is_noticed() {
        let checkpoint = Checkpoint {
            seq: 7,
            hash: Hash::genesis(),
            sessions: 64,
        };
        let text = checkpoint.text();
        assert_eq!(Checkpoint::parse(&text), Some(checkpoint));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert_eq!(Checkpoint::parse(&changed), None, "byte {at}");
            }
            assert_eq!(Checkpoint::parse(&text[..at]), None, "cut at {at}");
        }
    }
}
