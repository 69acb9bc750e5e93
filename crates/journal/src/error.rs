//! What can go wrong. Owns the words an operator reads; they name records and paths, never what a record says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::hold::HoldState;

/// Why the journal, or a state directory, could not do what it was asked. Cheap to clone: one failure answers many
/// waiting statements.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Another process has it open.
    #[error("state directory {} is in use", .0.display())]
    InUse(PathBuf),
    /// It cannot be created, read or written.
    #[error("state directory {} cannot be used: {what}", dir.display())]
    Directory {
        /// The state directory, or the part of it that failed.
        dir: PathBuf,
        /// The system's words.
        what: Arc<str>,
    },
    /// Records that were once acknowledged are gone.
    #[error(
        "log is shorter than its checkpoint: it ends at record {last}, the checkpoint names record {checkpoint}; put the missing files back, or move {} away to begin a new log",
        dir.display()
    )]
    ShorterThanCheckpoint {
        /// The journal's directory.
        dir: PathBuf,
        /// The last record found.
        last: u64,
        /// The record named by the checkpoint.
        checkpoint: u64,
    },
    /// The checkpoint file is missing or unreadable although there is a log.
    #[error("the log's checkpoint {} {what}; put it back, or move the log away to begin a new one", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: Arc<str>,
    },
    /// A record is not what was written.
    #[error("record {seq} of the log is damaged: {what}")]
    Damaged {
        /// The first record concerned.
        seq: u64,
        /// What is wrong with it.
        what: Arc<str>,
    },
    /// A write failed. Nothing is written any more until a restart.
    #[error("state cannot be written: {0}")]
    Write(Arc<str>),
    /// More is waiting to be written than the queue may hold.
    #[error("the log is too far behind to take another record")]
    Full,
    /// One record is larger than any may be.
    #[error("a record of {bytes} bytes is larger than the log takes ({limit})")]
    TooLong {
        /// About how long it is.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The journal was closed.
    #[error("the log is closed")]
    Closed,
}

impl JournalError {
    pub(crate) fn directory(dir: &Path, what: impl std::fmt::Display) -> Self {
        JournalError::Directory {
            dir: dir.to_owned(),
            what: what.to_string().into(),
        }
    }

    pub(crate) fn write(what: impl std::fmt::Display) -> Self {
        JournalError::Write(what.to_string().into())
    }

    pub(crate) fn damaged(seq: u64, what: impl std::fmt::Display) -> Self {
        JournalError::Damaged {
            seq,
            what: what.to_string().into(),
        }
    }
}

/// Why the store of grants, accounts and holds could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is one of that name already.
    #[error("{0} exists already")]
    NameTaken(String),
    /// There is none of that name.
    #[error("there is no {0}")]
    NotFound(String),
    /// A name is empty, too long, or has a NUL in it.
    #[error("not a name: it must have 1 to 255 bytes, none of them NUL")]
    BadName,
    /// The directory or the disk.
    #[error(transparent)]
    Failed(#[from] JournalError),
}

/// Why a hold stayed as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// No hold of that number.
    #[error("there is no such hold")]
    NotFound,
    /// Its state does not allow it; somebody was faster, or it is too early.
    #[error("the hold is {} already", .0.word())]
    Already(HoldState),
    /// Its time has run out.
    #[error("the hold has expired")]
    Expired,
    /// The statement is not the one that was approved.
    #[error("the statement is not the one the hold was made for")]
    OtherStatement,
    /// The directory or the disk. The hold must be taken as unchanged, and nothing may run on its strength.
    #[error(transparent)]
    Failed(#[from] JournalError),
}
