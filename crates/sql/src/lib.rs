//! Text and catalog in, [`Facts`] out.
//!
//! Owns: everything that knows what SQL means. It is the only crate that knows a SQL parser.
//! Refuses: I/O of any kind. A statement it does not understand to the last token is never reported as
//! milder than the worst it could be.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod catalog;
pub mod facts;
#[allow(dead_code)]
mod form;
#[allow(dead_code)]
mod scan;
pub mod settings;

pub use catalog::{Catalog, CatalogBuilder};
pub use facts::{Action, Class, Coverage, Facts};
pub use scan::{Fingerprint, fingerprint};
pub use settings::Settings;
