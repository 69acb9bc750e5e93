//! The session log and what must outlive a restart: records, holds, grants, accounts. On sled.
//!
//! Owns: durability and order. Refuses: the network, and any opinion on what is recorded.
//!
//! Two stores under one state directory, because they live differently: `journal/` only ever grows and is dropped
//! segment by segment; `store/` is small and changes in place.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod chain;
mod checkpoint;
mod chunk;
mod directory;
mod durable;
mod error;
pub mod grant;
pub mod hold;
mod holds;
mod journal;
mod queue;
mod reader;
pub mod record;
mod recovery;
mod segment;
mod session;
mod store;
mod table;
mod verify;
mod writer;

pub use durable::Durable;
pub use error::{HoldError, JournalError, StoreError};
pub use grant::{Dba, Grant, Verifier};
pub use hold::{Hold, HoldState, Step};
pub use journal::{Journal, JournalConfig};
pub use queue::Room;
pub use record::{Event, Record};
pub use session::SessionSummary;
pub use store::Store;
pub use verify::{Break, Verification};
