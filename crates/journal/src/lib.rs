//! The session log and what must outlive a restart: records, holds, grants, accounts. On sled.
//!
//! Owns: durability and order. Refuses: the network, and any opinion on what is recorded.

pub mod grant;
pub mod hold;
pub mod record;

pub use grant::{Dba, Grant, Verifier};
pub use hold::{Hold, HoldState};
pub use record::{Event, Record};
