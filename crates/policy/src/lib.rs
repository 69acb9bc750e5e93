//! Principal, facts and context in, [`Verdict`] out. Cedar decides.
//!
//! Owns: the Cedar schema, policy files, label files, and the rule that the strictest answer wins.
//! Refuses: I/O. An error while a policy is evaluated is a deny.
//!
//! The way through: `load` reads and checks files into `rule`s; [`PolicySet::narrow`] picks those that can match a
//! grant; [`SessionPolicies::decide`] asks Cedar once for each need of a statement, with the entities of `model` and the
//! attributes of `context` that those rules mention.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod context;
mod decide;
pub mod labels;
mod load;
mod mention;
mod model;
mod position;
pub mod problem;
mod rule;
mod set;
mod validate;
pub mod verdict;

#[cfg(test)]
mod narrow_test;

pub use context::{Context, Principal};
pub use decide::SessionPolicies;
pub use labels::{Filter, Label, Labels, Pattern};
pub use problem::PolicyProblem;
pub use set::{Effect, PolicySet, PolicySummary};
pub use verdict::{PolicyRef, Verdict, strictest};

/// The Cedar schema that every policy is checked against.
pub const SCHEMA: &str = include_str!("tollgate.cedarschema");
