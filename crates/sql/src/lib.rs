//! Text and catalog in, [`Facts`] out.
//!
//! Owns: everything that knows what SQL means. It is the only crate that knows a SQL parser.
//! Refuses: I/O of any kind. A statement it does not understand to the last token is never reported as
//! milder than the worst it could be.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agree;
mod analyze;
mod analyzer;
pub mod catalog;
mod classify;
mod columns;
mod commands;
mod commons;
mod expressions;
pub mod facts;
#[allow(dead_code)]
mod form;
mod from;
mod functions;
mod lineage;
#[allow(dead_code)]
mod lower_sqlparser;
#[allow(dead_code)]
mod lower_squawk;
mod names;
mod naming;
mod parameters;
mod predicates;
mod read;
mod relations;
#[allow(dead_code)]
mod scan;
pub mod settings;
mod views;
mod writes;

pub use analyze::{Analysis, analyze};
pub use catalog::{Catalog, CatalogBuilder};
pub use facts::{Action, Class, Coverage, Facts};
pub use scan::{Fingerprint, fingerprint};
pub use settings::Settings;
pub use views::view_columns;
