//! How records lie in a sled tree. Owns keys, chunks and their parts; nobody else knows a byte of it.
//!
//! A key costs 33 bytes of memory however small its value, so records share one: a chunk, under the number of its first
//! record, of up to about 3 kB. A value that sled would have to keep in a file of its own is never synced by sled, so a
//! long record goes over several keys instead. All numbers are big-endian; keys then sort by record.
//!
//! ```text
//! key   first seq u64                      a chunk:       1, hash before 32, then per record: length u32, tag 8, body
//! key   seq u64                            a long record: 2, hash before 32, tag 8, body length u64
//! key   seq u64, part u32 (from 1)         its body, cut in pieces
//! body  time u64, session u64, the event as JSON
//! ```

use sled::{Batch, IVec, Tree};

use crate::chain::{Hash, TAG_BYTES};
use crate::error::JournalError;
use crate::record::{Event, Record};

/// A chunk is closed when the next record would make it longer.
const CHUNK_BYTES: usize = 3072;
/// The longest body that lies in a chunk, and the length of a long record's parts.
const PART_BYTES: usize = 4096;

const KIND_CHUNK: u8 = 1;
const KIND_LONG: u8 = 2;
const BODY_HEAD_BYTES: usize = 16;

/// Turns events into keys and values, and carries the chain forward.
pub(crate) struct Packer {
    seq: u64,
    hash: Hash,
    batch: Batch,
    bytes: usize,
    chunk: Vec<u8>,
    chunk_first: u64,
    body: Vec<u8>,
}

impl Packer {
    /// `seq` and `hash` are those of the last record written.
    pub(crate) fn new(seq: u64, hash: Hash) -> Packer {
        Packer {
            seq,
            hash,
            batch: Batch::default(),
            bytes: 0,
            chunk: Vec::new(),
            chunk_first: 0,
            body: Vec::new(),
        }
    }

    /// Adds a record and returns its number.
    pub(crate) fn push(
        &mut self,
        time_us: u64,
        session: u64,
        event: &Event,
    ) -> Result<u64, JournalError> {
        self.body.clear();
        self.body.extend_from_slice(&time_us.to_be_bytes());
        self.body.extend_from_slice(&session.to_be_bytes());
        serde_json::to_writer(&mut self.body, event).map_err(JournalError::write)?;
        let seq = self.seq + 1;
        let hash = self.hash.after(seq, &self.body);
        if self.body.len() > PART_BYTES {
            self.close_chunk();
            self.push_long(seq, hash);
        } else {
            if self.chunk.len() + self.body.len() > CHUNK_BYTES {
                self.close_chunk();
            }
            if self.chunk.is_empty() {
                self.chunk_first = seq;
                self.chunk.push(KIND_CHUNK);
                self.chunk.extend_from_slice(&self.hash.0);
            }
            // At most PART_BYTES, so it fits.
            self.chunk
                .extend_from_slice(&(self.body.len() as u32).to_be_bytes());
            self.chunk.extend_from_slice(&hash.tag());
            self.chunk.extend_from_slice(&self.body);
        }
        self.seq = seq;
        self.hash = hash;
        Ok(seq)
    }

    /// What is to be written, and its size; the chain goes on from here.
    pub(crate) fn take(&mut self) -> (Batch, usize) {
        self.close_chunk();
        if self.body.capacity() > 1 << 20 {
            self.body = Vec::new();
        }
        (
            std::mem::take(&mut self.batch),
            std::mem::take(&mut self.bytes),
        )
    }

    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    pub(crate) fn hash(&self) -> Hash {
        self.hash
    }

    /// Bytes waiting to be taken.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.chunk.len()
    }

    fn close_chunk(&mut self) {
        if !self.chunk.is_empty() {
            self.bytes += self.chunk.len();
            self.batch
                .insert(&self.chunk_first.to_be_bytes()[..], self.chunk.as_slice());
            self.chunk.clear();
        }
    }

    fn push_long(&mut self, seq: u64, hash: Hash) {
        let mut head = Vec::with_capacity(1 + 32 + TAG_BYTES + 8);
        head.push(KIND_LONG);
        head.extend_from_slice(&self.hash.0);
        head.extend_from_slice(&hash.tag());
        head.extend_from_slice(&(self.body.len() as u64).to_be_bytes());
        self.batch.insert(&seq.to_be_bytes()[..], head);
        for (part, piece) in (1u32..).zip(self.body.chunks(PART_BYTES)) {
            self.batch.insert(&part_key(seq, part)[..], piece);
        }
        self.bytes += self.body.len();
    }
}

fn part_key(seq: u64, part: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&seq.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

/// A record as it lies there, not yet decoded.
pub(crate) struct Stored<'a> {
    pub(crate) seq: u64,
    /// The hash that it claims to follow; only the first record of a chunk says.
    pub(crate) before: Option<Hash>,
    pub(crate) tag: [u8; TAG_BYTES],
    pub(crate) body: &'a [u8],
}

impl Stored<'_> {
    pub(crate) fn time_us(&self) -> u64 {
        read_u64(self.body, 0).unwrap_or_default()
    }

    pub(crate) fn session(&self) -> u64 {
        read_u64(self.body, 8).unwrap_or_default()
    }

    pub(crate) fn event(&self) -> Result<Event, JournalError> {
        let json = self.body.get(BODY_HEAD_BYTES..).unwrap_or_default();
        // serde's own words could quote the record.
        serde_json::from_slice(json)
            .map_err(|_| JournalError::damaged(self.seq, "it is not an event"))
    }

    pub(crate) fn record(&self) -> Result<Record, JournalError> {
        Ok(Record {
            seq: self.seq,
            time_us: self.time_us(),
            session: self.session(),
            event: self.event()?,
        })
    }
}

/// Whether a walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// Shows every record from the chunk that holds `from` to `last`, in order and without a gap; records of that first
/// chunk before `from` are shown too, since the chain needs them. Returns the number after the last one shown.
pub(crate) fn walk(
    tree: &Tree,
    from: u64,
    last: u64,
    see: &mut dyn FnMut(&Stored<'_>) -> Result<Go, JournalError>,
) -> Result<u64, JournalError> {
    let unreadable = |seq: u64| move |error: sled::Error| JournalError::damaged(seq, error);
    let Some(first) = chunk_of(tree, from)? else {
        return Ok(from);
    };
    let mut expected = first;
    let mut entries = tree.range(&first.to_be_bytes()[..]..);
    while expected <= last {
        let Some(entry) = entries.next() else { break };
        let (key, value) = entry.map_err(unreadable(expected))?;
        if key.as_ref() != expected.to_be_bytes() {
            return Err(JournalError::damaged(
                expected,
                "another record, or a part of one, stands in its place",
            ));
        }
        let (kind, before, rest) = head(&value, expected)?;
        if kind == KIND_CHUNK {
            match walk_chunk(expected, before, rest, last, see)? {
                (next, Go::On) => expected = next,
                (next, Go::Stop) => return Ok(next),
            }
        } else {
            let (tag, body) = long_body(expected, rest, &mut entries)?;
            let stored = Stored {
                seq: expected,
                before: Some(before),
                tag,
                body: &body,
            };
            expected += 1;
            if see(&stored)? == Go::Stop {
                return Ok(expected);
            }
        }
    }
    Ok(expected)
}

/// The number of the last record, or None in an empty tree.
pub(crate) fn last_seq(tree: &Tree) -> Result<Option<u64>, JournalError> {
    let last = tree
        .last()
        .map_err(|error| JournalError::damaged(0, error))?;
    let Some((key, _)) = last else {
        return Ok(None);
    };
    let first = read_u64(&key, 0).ok_or_else(|| JournalError::damaged(0, "a key is too short"))?;
    let next = walk(tree, first, u64::MAX, &mut |_| Ok(Go::On))?;
    Ok(Some(next.saturating_sub(1)))
}

/// Whether there is anything after record `seq`.
pub(crate) fn has_after(tree: &Tree, seq: u64) -> Result<bool, JournalError> {
    match tree.get_gt(part_key(seq, u32::MAX)) {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(JournalError::damaged(seq + 1, error)),
    }
}

/// The first record of the chunk that holds `seq` or, where it is missing, of the last chunk before it. None: there is
/// nothing at or before it.
fn chunk_of(tree: &Tree, seq: u64) -> Result<Option<u64>, JournalError> {
    let unreadable = |error| JournalError::damaged(seq, error);
    match tree.range(..=&part_key(seq, u32::MAX)[..]).next_back() {
        Some(entry) => Ok(read_u64(&entry.map_err(unreadable)?.0, 0)),
        None => Ok(None),
    }
}

/// A value's kind, the hash it follows, and the rest.
fn head(value: &[u8], seq: u64) -> Result<(u8, Hash, &[u8]), JournalError> {
    let cut = || JournalError::damaged(seq, "its chunk has no head");
    let (&kind, rest) = value.split_first().ok_or_else(cut)?;
    let (before, rest) = rest.split_first_chunk::<32>().ok_or_else(cut)?;
    if kind != KIND_CHUNK && kind != KIND_LONG {
        return Err(JournalError::damaged(
            seq,
            "its chunk is of an unknown kind",
        ));
    }
    Ok((kind, Hash(*before), rest))
}

fn walk_chunk(
    first: u64,
    before: Hash,
    mut rest: &[u8],
    last: u64,
    see: &mut dyn FnMut(&Stored<'_>) -> Result<Go, JournalError>,
) -> Result<(u64, Go), JournalError> {
    if rest.is_empty() {
        return Err(JournalError::damaged(first, "its chunk is empty"));
    }
    let mut seq = first;
    while !rest.is_empty() && seq <= last {
        let cut = || JournalError::damaged(seq, "its chunk is cut short");
        let (length, tail) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (tag, tail) = tail.split_first_chunk::<TAG_BYTES>().ok_or_else(cut)?;
        let (body, tail) = tail
            .split_at_checked(u32::from_be_bytes(*length) as usize)
            .ok_or_else(cut)?;
        if body.len() < BODY_HEAD_BYTES {
            return Err(cut());
        }
        let stored = Stored {
            seq,
            before: (seq == first).then_some(before),
            tag: *tag,
            body,
        };
        seq += 1;
        rest = tail;
        if see(&stored)? == Go::Stop {
            return Ok((seq, Go::Stop));
        }
    }
    Ok((seq, Go::On))
}

fn long_body(
    seq: u64,
    rest: &[u8],
    entries: &mut impl Iterator<Item = sled::Result<(IVec, IVec)>>,
) -> Result<([u8; TAG_BYTES], Vec<u8>), JournalError> {
    let wrong = |what: &'static str| JournalError::damaged(seq, what);
    let (tag, length) = rest
        .split_first_chunk::<TAG_BYTES>()
        .ok_or_else(|| wrong("its head is cut short"))?;
    let length = <[u8; 8]>::try_from(length).map_err(|_| wrong("its head is cut short"))?;
    let length = u64::from_be_bytes(length);
    // Grows with what is really there, not with what the head announces.
    let mut body = Vec::new();
    for part in 1u32.. {
        if body.len() as u64 >= length {
            break;
        }
        let entry = entries
            .next()
            .ok_or_else(|| wrong("a part of it is missing"))?;
        let (key, piece) = entry.map_err(|error| JournalError::damaged(seq, error))?;
        if key.as_ref() != part_key(seq, part) || piece.is_empty() {
            return Err(wrong("a part of it is missing"));
        }
        body.extend_from_slice(&piece);
    }
    if body.len() as u64 != length || body.len() < BODY_HEAD_BYTES {
        return Err(wrong("its parts do not make up its length"));
    }
    Ok((*tag, body))
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    let slice = bytes.get(at..at + 8)?;
    Some(u64::from_be_bytes(slice.try_into().ok()?))
}
