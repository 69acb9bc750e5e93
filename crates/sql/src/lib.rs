//! Text and catalog in, [`Facts`] out.
//!
//! Owns: everything that knows what SQL means. It is the only crate that knows a SQL parser.
//! Refuses: I/O of any kind. A statement it does not understand to the last token is never reported as
//! milder than the worst it could be.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agree;
mod alone;
mod analyze;
mod analyzer;
pub mod bodies;
mod bounds;
mod budget;
mod calls;
pub mod catalog;
pub mod catalog_changes;
pub mod catalog_rows;
mod classify;
mod columns;
mod commands;
mod commons;
mod conclude;
mod expressions;
pub mod facts;
mod form;
mod from;
mod function_table;
mod functions;
mod lineage;
mod lower_sqlparser;
mod lower_squawk;
mod moved;
mod names;
mod naming;
mod operands;
mod operators;
mod parameters;
mod predicates;
mod read;
mod relations;
mod revealing;
mod scan;
mod scope;
pub mod settings;
mod sorting;
mod syntax;
mod targets;
pub mod types;
mod views;
mod witness;
mod writes;

pub use alone::analyze_alone;
pub use analyze::{Analysis, analyze};
pub use catalog::{Catalog, CatalogBuilder};
pub use facts::{Action, Class, Coverage, Facts};
pub use scan::{Fingerprint, fingerprint};
pub use settings::Settings;
pub use syntax::syntax_error;
pub use views::view_columns;
