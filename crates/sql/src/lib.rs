//! Text and catalog in, [`Facts`] out.
//!
//! Owns: everything that knows what SQL means. It is the only crate that knows a SQL parser.
//! Refuses: I/O of any kind. A statement it does not understand to the last token is never reported as
//! milder than the worst it could be.

pub mod catalog;
pub mod facts;
pub mod settings;

pub use catalog::{Catalog, CatalogBuilder};
pub use facts::{Action, Class, Coverage, Facts};
pub use settings::Settings;
