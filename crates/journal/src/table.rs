//! A sled tree of things by name or number. Owns laying a long value over several keys: sled puts a value that is too
//! long for its pages in a file of its own and never syncs that file.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::{Batch, Tree};

use crate::error::JournalError;

/// The longest piece of a value under one key.
const PIECE_BYTES: usize = 4096;

/// Key: the thing's key, then the piece's number as u32. The first piece begins with the number of pieces. Keys of one
/// table must not begin with one another: numbers have one length, names end in a NUL.
pub(crate) struct Table {
    tree: Tree,
    what: &'static str,
}

impl Table {
    pub(crate) fn new(tree: Tree, what: &'static str) -> Table {
        Table { tree, what }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, JournalError> {
        match self
            .tree
            .get(piece_key(key, 0))
            .map_err(|error| self.bad(error))?
        {
            Some(first) => self.whole(key, &first).map(Some),
            None => Ok(None),
        }
    }

    /// All of them, in the order of their keys.
    pub(crate) fn all<T: DeserializeOwned>(&self) -> Result<Vec<T>, JournalError> {
        let mut found = Vec::new();
        for entry in &self.tree {
            let (key, first) = entry.map_err(|error| self.bad(error))?;
            if let Some((key, [0, 0, 0, 0])) = key.split_last_chunk::<4>() {
                found.push(self.whole(key, &first)?);
            }
        }
        Ok(found)
    }

    /// Writes or replaces it, whole or not at all. Durable only after a sync.
    pub(crate) fn put<T: Serialize>(&self, key: &[u8], thing: &T) -> Result<(), JournalError> {
        let json = serde_json::to_vec(thing).map_err(JournalError::write)?;
        let pieces = json.chunks(PIECE_BYTES);
        let count = u32::try_from(pieces.len()).map_err(JournalError::write)?;
        let mut batch = Batch::default();
        for (number, piece) in (0u32..).zip(pieces) {
            let mut value = Vec::with_capacity(piece.len() + 4);
            if number == 0 {
                value.extend_from_slice(&count.to_be_bytes());
            }
            value.extend_from_slice(piece);
            batch.insert(piece_key(key, number), value);
        }
        for surplus in count..self.pieces(key)? {
            batch.remove(piece_key(key, surplus));
        }
        self.tree.apply_batch(batch).map_err(JournalError::write)
    }

    /// False where there was none.
    pub(crate) fn remove(&self, key: &[u8]) -> Result<bool, JournalError> {
        let pieces = self.pieces(key)?;
        let mut batch = Batch::default();
        for number in 0..pieces {
            batch.remove(piece_key(key, number));
        }
        self.tree.apply_batch(batch).map_err(JournalError::write)?;
        Ok(pieces > 0)
    }

    fn pieces(&self, key: &[u8]) -> Result<u32, JournalError> {
        match self
            .tree
            .get(piece_key(key, 0))
            .map_err(|error| self.bad(error))?
        {
            Some(first) => self.split_count(&first).map(|(count, _)| count),
            None => Ok(0),
        }
    }

    fn whole<T: DeserializeOwned>(&self, key: &[u8], first: &[u8]) -> Result<T, JournalError> {
        let (count, piece) = self.split_count(first)?;
        let mut json = piece.to_vec();
        for number in 1..count {
            let piece = self
                .tree
                .get(piece_key(key, number))
                .map_err(|error| self.bad(error))?
                .ok_or_else(|| self.bad("a piece of it is missing"))?;
            json.extend_from_slice(&piece);
        }
        // serde's own words could quote the value.
        serde_json::from_slice(&json).map_err(|_| self.bad("it cannot be read"))
    }

    fn split_count<'a>(&self, first: &'a [u8]) -> Result<(u32, &'a [u8]), JournalError> {
        let (count, piece) = first
            .split_first_chunk::<4>()
            .ok_or_else(|| self.bad("it is cut short"))?;
        Ok((u32::from_be_bytes(*count), piece))
    }

    fn bad(&self, what: impl std::fmt::Display) -> JournalError {
        JournalError::write(format!("a {} in the store is damaged: {what}", self.what))
    }
}

fn piece_key(key: &[u8], number: u32) -> Vec<u8> {
    let mut full = Vec::with_capacity(key.len() + 4);
    full.extend_from_slice(key);
    full.extend_from_slice(&number.to_be_bytes());
    full
}
