//! The state directory. Owns its creation, its lock and what makes a file in it last. Refuses to share it: one process
//! at a time, because sled and the chain of hashes both need one writer.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::JournalError;

/// A part of the state directory, held by this process as long as the value lives. The kernel gives the lock back when
/// the process dies in whatever way, so there is no stale lock to clean up.
#[derive(Debug)]
pub(crate) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Claim {
    /// Creates `state/part` where it is missing (0700: it holds keys and statement texts) and locks it.
    pub(crate) fn take(state: &Path, part: &str) -> Result<Claim, JournalError> {
        let path = state.join(part);
        let failed = |error: io::Error| JournalError::directory(state, error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)
            .map_err(failed)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("LOCK"))
            .map_err(failed)?;
        // A child process that is between fork and exec holds the lock of a journal just closed for a moment longer.
        for attempt in 0.. {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < 10 => {
                    std::thread::sleep(Duration::from_millis(20))
                }
                Err(TryLockError::WouldBlock) => return Err(JournalError::InUse(state.to_owned())),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
        sync_directory(&path).map_err(failed)?;
        sync_directory(state).map_err(failed)?;
        Ok(Claim { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes names in a directory last (fsync(2): syncing a file does not sync the entry that names it).
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Syncs every file directly in a directory, its directories' entries, and the directory.
pub(crate) fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        File::open(entry.path())?.sync_all()?;
    }
    sync_directory(path)
}

/// Replaces a small file so that after a power loss there is either the old one or the new one, whole.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let staging = path.with_extension("new");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&staging)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&staging, path)?;
    match path.parent() {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}
