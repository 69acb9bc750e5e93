//! Principal, facts and context in, [`Verdict`] out. Cedar decides.
//!
//! Owns: the Cedar schema, policy files, label files, and the rule that the strictest answer wins.
//! Refuses: I/O. An error while a policy is evaluated is a deny.

pub mod labels;
pub mod verdict;

pub use labels::{Filter, Label, Labels};
pub use verdict::{PolicyRef, Verdict};
