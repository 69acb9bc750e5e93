//! Whether the log is what was written. Owns following the chain of hashes. Unsigned: it shows a change to whoever does
//! not also rewrite everything after it and the checkpoint.

use std::collections::HashMap;

use crate::chain::Hash;
use crate::checkpoint::Checkpoint;
use crate::chunk::{self, Go, Stored};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::recovery::guarded;
use crate::session::{self, SessionSummary};

/// What a walk over the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Records that hold, from the first on.
    pub records: u64,
    /// The hash of the last of them, hex.
    pub hash: String,
    /// Where the log ceases to be what was written.
    pub broken: Option<Break>,
}

/// The first record that is not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// Its number.
    pub seq: u64,
    /// What is wrong with it.
    pub what: String,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "record {}: {}", self.seq, self.what)
    }
}

impl Journal {
    /// Walks the whole log: every record is there, follows the one before it, and is an event; the checkpoint names one of
    /// them; the index of sessions says what the records say. Blocks for about two seconds a million records.
    /// `open` itself refuses a log that breaks after its last checkpoint.
    ///
    /// # Errors
    /// The checkpoint cannot be read. What is wrong with the log is not an error here but the answer.
    pub fn verify(&self) -> Result<Verification, JournalError> {
        let shared = self.shared();
        // In this order, so that the checkpoint is not after the end.
        let checkpoint =
            Checkpoint::read(shared.claim.path())?.ok_or_else(|| JournalError::Checkpoint {
                path: Checkpoint::path(shared.claim.path()),
                what: "is missing".into(),
            })?;
        let tail = shared.tail();
        let mut follow = Follow::whole(&checkpoint);
        let walked = guarded(|| self.verify_segments(&mut follow, tail.seq));
        let walked = walked.and_then(|()| match follow.finish(tail.seq)? {
            hash if hash == tail.hash => Ok(()),
            _ => Err(JournalError::damaged(
                tail.seq,
                "it is not the record last written",
            )),
        });
        let broken = match walked {
            Ok(()) => None,
            Err(JournalError::Damaged { seq, what }) if seq > 0 => Some(Break {
                seq,
                what: what.to_string(),
            }),
            Err(other) => Some(Break {
                seq: follow.next,
                what: other.to_string(),
            }),
        };
        Ok(Verification {
            records: follow.next - 1,
            hash: follow.hash.unwrap_or(Hash::genesis()).hex(),
            broken,
        })
    }

    fn verify_segments(&self, follow: &mut Follow, last: u64) -> Result<(), JournalError> {
        let shared = self.shared();
        let mut wrong_index = None;
        for (first, end) in shared.segments.covering(1, last) {
            follow.enter(first)?;
            let segment = shared.segments.open(first)?;
            let mut summaries = HashMap::new();
            chunk::walk(&segment.records, first, end, &mut |stored| {
                let event = stored.event();
                follow.see(stored)?;
                session::fold_into(
                    &mut summaries,
                    stored.session(),
                    stored.seq,
                    stored.time_us(),
                    &event?,
                );
                Ok(Go::On)
            })?;
            // The writer may be ahead of `last`, but a sealed segment has nothing after its end.
            if end < last && chunk::has_after(&segment.records, end)? {
                return Err(JournalError::damaged(end + 1, "it is in two segments"));
            }
            if wrong_index.is_none() {
                wrong_index = compare(&summaries, shared.summaries_in(first)?, last);
            }
        }
        // The records come first: with them in doubt, the index says nothing.
        wrong_index.map_or(Ok(()), Err)
    }
}

/// The first session of which the index says something else than the records.
fn compare(
    walked: &HashMap<u64, SessionSummary>,
    index: impl IntoIterator<Item = (u64, SessionSummary)>,
    last: u64,
) -> Option<JournalError> {
    let differs = |id: u64, seq: u64| {
        JournalError::damaged(
            seq,
            format!("the index of sessions is wrong about session {id}"),
        )
    };
    let mut matched = 0;
    let mut wrong: Option<(u64, u64)> = None;
    let mut note =
        |id: u64, seq: u64| wrong = Some(wrong.map_or((seq, id), |first| first.min((seq, id))));
    let mut known = std::collections::HashSet::new();
    for (id, entry) in index {
        known.insert(id);
        match walked.get(&id) {
            Some(summary) if *summary == entry => matched += 1,
            // The log went on while it was walked.
            _ if entry.last_seq > last => matched += usize::from(walked.contains_key(&id)),
            Some(summary) => note(id, summary.first_seq),
            None => note(id, entry.first_seq.max(1)),
        }
    }
    if matched < walked.len() {
        for (id, summary) in walked {
            if !known.contains(id) {
                note(*id, summary.first_seq);
            }
        }
    }
    wrong.map(|(seq, id)| differs(id, seq))
}

/// Goes along the chain, record by record.
pub(crate) struct Follow {
    /// The record that must come next; 0 where the walk may begin anywhere.
    next: u64,
    /// The hash of the one before it, once it is known.
    hash: Option<Hash>,
    checkpoint: Checkpoint,
    met: bool,
}

impl Follow {
    /// From the first record on.
    fn whole(checkpoint: &Checkpoint) -> Follow {
        Follow {
            next: 1,
            hash: Some(Hash::genesis()),
            checkpoint: *checkpoint,
            met: checkpoint.seq == 0,
        }
    }

    /// From the chunk on that holds the checkpoint's record; what comes before is taken on trust.
    pub(crate) fn from(checkpoint: &Checkpoint) -> Follow {
        if checkpoint.seq == 0 {
            return Follow::whole(checkpoint);
        }
        Follow {
            next: 0,
            hash: None,
            checkpoint: *checkpoint,
            met: false,
        }
    }

    /// A segment begins.
    pub(crate) fn enter(&self, first: u64) -> Result<(), JournalError> {
        if self.next != 0 && first != self.next {
            return Err(JournalError::damaged(self.next, "it is missing"));
        }
        Ok(())
    }

    pub(crate) fn see(&mut self, stored: &Stored<'_>) -> Result<(), JournalError> {
        let seq = stored.seq;
        if self.next != 0 && seq != self.next {
            return Err(JournalError::damaged(self.next, "it is missing"));
        }
        let before = match (self.hash, stored.before) {
            (Some(hash), Some(before)) if hash != before => {
                return Err(JournalError::damaged(
                    seq,
                    "it does not follow the record before it",
                ));
            }
            (Some(hash), _) | (None, Some(hash)) => hash,
            (None, None) => return Err(JournalError::damaged(seq, "its chunk has no head")),
        };
        let hash = before.after(seq, stored.body);
        if hash.tag() != stored.tag {
            return Err(JournalError::damaged(seq, "it is not what was written"));
        }
        if seq == self.checkpoint.seq {
            if hash != self.checkpoint.hash {
                return Err(JournalError::damaged(
                    seq,
                    "it is not the record that the checkpoint names",
                ));
            }
            self.met = true;
        }
        self.next = seq + 1;
        self.hash = Some(hash);
        Ok(())
    }

    /// The chain must have come to `last` and have met the checkpoint.
    pub(crate) fn finish(&self, last: u64) -> Result<Hash, JournalError> {
        if !self.met && self.next <= self.checkpoint.seq {
            return Err(JournalError::damaged(self.next.max(1), "it is missing"));
        }
        match self.hash {
            Some(hash) if self.next == last + 1 && self.met => Ok(hash),
            _ => Err(JournalError::damaged(self.next.max(1), "it is missing")),
        }
    }
}
