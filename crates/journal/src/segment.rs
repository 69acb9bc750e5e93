//! The log's segments: one sled directory per about a million records. Owns which there are, their creation and their
//! opening on demand. sled gives no disk back for a deleted range, so a segment is what can be dropped whole.
//!
//! A directory is named for the number of its first record. It is made under another name and renamed when it is
//! complete and synced, so that a kill leaves either a whole one or rubbish that the next start removes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use crate::directory::sync_directory;
use crate::error::JournalError;
use crate::recovery::Sled;
use crate::session;

const STAGING: &str = "new-segment";
const SESSIONS_TREE: &[u8] = b"sessions";

/// One open segment.
pub(crate) struct Segment {
    /// Number of its first record.
    pub(crate) first: u64,
    pub(crate) sled: Sled,
    /// Chunks of records.
    pub(crate) records: sled::Tree,
    /// What its records say of each session; see `session`.
    pub(crate) sessions: sled::Tree,
}

/// All of them.
pub(crate) struct Segments {
    dir: PathBuf,
    cache_bytes: u64,
    firsts: RwLock<Vec<u64>>,
    open: Mutex<HashMap<u64, Weak<Segment>>>,
    /// Lowest and highest session of sealed segments that were looked at; opening one only to find nothing is dear.
    sessions: Mutex<HashMap<u64, Option<(u64, u64)>>>,
}

impl Segments {
    /// Those found in the journal's directory; none is opened.
    pub(crate) fn find(dir: &Path, cache_bytes: u64) -> Result<Segments, JournalError> {
        let failed = |error| JournalError::directory(dir, error);
        let mut firsts = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name == STAGING {
                std::fs::remove_dir_all(entry.path()).map_err(failed)?;
            } else if let Some(first) = name.strip_prefix("segment-").and_then(|n| n.parse().ok()) {
                firsts.push(first);
            }
        }
        firsts.sort_unstable();
        Ok(Segments {
            dir: dir.to_owned(),
            cache_bytes,
            firsts: RwLock::new(firsts),
            open: Mutex::new(HashMap::new()),
            sessions: Mutex::new(HashMap::new()),
        })
    }

    /// Their first records' numbers, in order.
    pub(crate) fn firsts(&self) -> Vec<u64> {
        self.firsts
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Those that can hold records of `from..=last`, in order, each with the last number that can be in it.
    pub(crate) fn covering(&self, from: u64, last: u64) -> Vec<(u64, u64)> {
        let firsts = self.firsts();
        let start = firsts
            .partition_point(|&first| first <= from)
            .saturating_sub(1);
        let ends = firsts.iter().skip(1).map(|next| next - 1);
        firsts
            .iter()
            .copied()
            .zip(ends.chain([u64::MAX]))
            .skip(start)
            .take_while(|&(first, _)| first <= last)
            .map(|(first, end)| (first, end.min(last)))
            .collect()
    }

    /// Opens one, or hands out the one that is open: sled allows one handle a directory.
    pub(crate) fn open(&self, first: u64) -> Result<Arc<Segment>, JournalError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(segment) = open.get(&first).and_then(Weak::upgrade) {
            return Ok(segment);
        }
        let segment = Arc::new(open_segment(&self.path(first), first, self.cache_bytes)?);
        open.retain(|_, held| held.strong_count() > 0);
        open.insert(first, Arc::downgrade(&segment));
        Ok(segment)
    }

    /// Whether a sealed segment can have records of a session.
    pub(crate) fn may_know(&self, first: u64, session: u64) -> Result<bool, JournalError> {
        let known = self
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&first)
            .copied();
        let range = match known {
            Some(range) => range,
            None => {
                let index = &self.open(first)?.sessions;
                let range = session::range(index)?;
                self.sessions
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(first, range);
                range
            }
        };
        Ok(range.is_some_and(|(low, high)| (low..=high).contains(&session)))
    }

    /// Makes the next one and opens it.
    pub(crate) fn create(&self, first: u64) -> Result<Arc<Segment>, JournalError> {
        let staging = self.dir.join(STAGING);
        // Both trees exist and are synced before it gets its name.
        let segment = open_segment(&staging, first, self.cache_bytes)?;
        segment.sled.sync()?;
        drop(segment);
        std::fs::rename(&staging, self.path(first)).map_err(JournalError::write)?;
        sync_directory(&self.dir).map_err(JournalError::write)?;
        let segment = self.open(first)?;
        self.firsts
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(first);
        Ok(segment)
    }

    fn path(&self, first: u64) -> PathBuf {
        self.dir.join(format!("segment-{first:020}"))
    }
}

fn open_segment(path: &Path, first: u64, cache_bytes: u64) -> Result<Segment, JournalError> {
    let failed = |error| JournalError::directory(path, error);
    let sled = Sled::open(path, cache_bytes)?;
    let sessions = sled.db.open_tree(SESSIONS_TREE).map_err(failed)?;
    let records = (*sled.db).clone();
    Ok(Segment {
        first,
        sled,
        records,
        sessions,
    })
}
