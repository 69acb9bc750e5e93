//! The answer for one statement.

/// A policy that decided, by its annotations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PolicyRef {
    /// `@id`.
    pub id: String,
    /// `@reason`, or a sentence made for a policy without one.
    pub reason: String,
    /// `@control`s.
    pub controls: Vec<String>,
}

/// deny > hold > allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow {
        /// The permits that said so, sorted.
        policies: Vec<PolicyRef>,
    },
    /// It may run once a member of `approver` has approved it.
    Hold {
        /// The role of `@hold("…")`.
        approver: String,
        /// The forbids that hold it, sorted; the first one is shown.
        policies: Vec<PolicyRef>,
    },
    /// It may not run.
    Deny {
        /// The forbids that said so, sorted; the first one is shown. `default` where no permit matched,
        /// `evaluation-error` where a policy could not be evaluated.
        policies: Vec<PolicyRef>,
        /// Whether it was denied because it asks for the action `unknown` (SQLSTATE TG003 rather than 42501).
        not_understood: bool,
    },
}
