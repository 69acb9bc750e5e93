//! Opening a sled directory, whatever the last process left in it. Owns the quirks of sled 0.34 at open and what makes
//! a flush durable. Refuses to judge the content: that is for the chain of hashes.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::JournalError;

/// One open sled directory.
pub(crate) struct Sled {
    pub(crate) db: sled::Db,
    /// Our own handle on sled's data file. sled's flush ends in `sync_file_range`, which does not make the disk write
    /// its cache out (sync_file_range(2), "Warning"); `fdatasync` after it does.
    file: File,
}

impl Sled {
    /// Opens or creates it.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Sled, JournalError> {
        remove_unfinished_snapshots(path).map_err(|error| JournalError::directory(path, error))?;
        let fresh = !path.join("db").exists();
        let db = match open_patiently(path, cache_bytes) {
            Ok(db) => db,
            Err(sled::Error::Io(error)) if is_final(&error) => {
                return Err(JournalError::directory(path, error));
            }
            // A damaged snapshot keeps sled from opening although the log is whole. Without it sled reads the log.
            Err(_) => {
                set_snapshots_aside(path).map_err(|error| JournalError::directory(path, error))?;
                open_patiently(path, cache_bytes)
                    .map_err(|error| JournalError::directory(path, error))?
            }
        };
        let file =
            File::open(path.join("db")).map_err(|error| JournalError::directory(path, error))?;
        let sled = Sled { db, file };
        if fresh {
            sled.sync()?;
            crate::directory::sync_tree(path)
                .map_err(|error| JournalError::directory(path, error))?;
        }
        Ok(sled)
    }

    /// When this returns Ok, everything written before is on disk. A panic of sled, which it throws at some failed
    /// writes, counts as a failed write.
    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        guarded(|| {
            self.db.flush().map_err(JournalError::write)?;
            self.file.sync_data().map_err(JournalError::write)
        })
    }
}

/// Runs something of sled's that writes; its panics become errors.
pub(crate) fn guarded<T>(
    work: impl FnOnce() -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(JournalError::write("the store panicked")))
}

fn open_patiently(path: &Path, cache_bytes: u64) -> Result<sled::Db, sled::Error> {
    // sled's background threads let go of the file's lock a moment after the last handle is gone. Nobody else can
    // hold it: the directory is claimed.
    let mut attempt = 0;
    loop {
        match open_once(path, cache_bytes) {
            Err(error) if attempt < 200 && error.to_string().contains("WouldBlock") => {
                attempt += 1;
                std::thread::sleep(Duration::from_millis(15));
            }
            other => return other,
        }
    }
}

fn open_once(path: &Path, cache_bytes: u64) -> Result<sled::Db, sled::Error> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(cache_bytes)
        // sled collects its garbage only on this thread. Durability does not rest on it.
        .flush_every_ms(Some(500));
    catch_unwind(AssertUnwindSafe(|| config.open()))
        .unwrap_or_else(|_| Err(sled::Error::Unsupported("its files are damaged".to_owned())))
}

/// Errors that a snapshot has nothing to do with.
fn is_final(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
    )
}

/// A kill while sled writes a snapshot leaves `snap.*.generating`, and every later open fails on it.
fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for file in snapshots(path)? {
        if file
            .extension()
            .is_some_and(|extension| extension == "generating")
        {
            std::fs::remove_file(file)?;
        }
    }
    Ok(())
}

fn set_snapshots_aside(path: &Path) -> io::Result<()> {
    for file in snapshots(path)? {
        if let Some(name) = file.file_name() {
            let mut aside = std::ffi::OsString::from("aside.");
            aside.push(name);
            std::fs::rename(&file, path.join(aside))?;
        }
    }
    Ok(())
}

fn snapshots(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b"snap.") {
            found.push(entry.path());
        }
    }
    Ok(found)
}
