//! A statement that waits for a person.

use serde::{Deserialize, Serialize};

/// Where a hold is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldState {
    /// Undecided.
    Held,
    /// Approved and not used yet.
    Approved,
    /// Rejected.
    Rejected,
    /// The approved statement was sent. Nothing leads out of it.
    Spent,
    /// Its time ran out, undecided or unused.
    Expired,
    /// The agent cancelled it while it waited.
    Withdrawn,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Number, from 1.
    pub id: u64,
    /// State.
    pub state: HoldState,
    /// The session that asked.
    pub session: u64,
    /// Grant's name; only the same grant may use the approval.
    pub grant: String,
    /// Who for.
    pub user: String,
    /// Which agent.
    pub agent: String,
    /// Database.
    pub database: String,
    /// The exact text (lossy only for display; `fingerprint` decides identity).
    pub text: String,
    /// Parameters as in the journal's Statement.
    pub parameters: Vec<Option<String>>,
    /// SHA-256, hex: of database, grant, text bytes, parameters with their formats and types, settings that change its meaning.
    pub fingerprint: String,
    /// `search_path` it was judged under, for the DBA's eye.
    pub search_path: String,
    /// Class and command words.
    pub class: String,
    /// (action, object) pairs as text.
    pub needs: Vec<String>,
    /// Role that may decide.
    pub approver: String,
    /// Policy that holds it.
    pub policy: String,
    /// Its reason.
    pub reason: String,
    /// Controls.
    pub controls: Vec<String>,
    /// Microseconds since the epoch.
    pub created_us: u64,
    /// An undecided hold, or an unused approval, ends then.
    pub expires_us: u64,
    /// When it was decided.
    pub decided_us: Option<u64>,
    /// By whom.
    pub decided_by: Option<String>,
    /// Why.
    pub why: Option<String>,
}

/// What can happen to a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// A DBA approves.
    Approve,
    /// A DBA rejects.
    Reject,
    /// The approved statement is about to be sent.
    Spend,
    /// Its time runs out.
    Expire,
    /// The agent cancels while it waits.
    Withdraw,
}

impl HoldState {
    /// The whole life of a hold. None: the step is not possible, and nothing changes.
    #[must_use]
    pub fn after(self, step: Step) -> Option<HoldState> {
        match (self, step) {
            (HoldState::Held, Step::Approve) => Some(HoldState::Approved),
            (HoldState::Held, Step::Reject) => Some(HoldState::Rejected),
            (HoldState::Held, Step::Withdraw) => Some(HoldState::Withdrawn),
            (HoldState::Held | HoldState::Approved, Step::Expire) => Some(HoldState::Expired),
            (HoldState::Approved, Step::Spend) => Some(HoldState::Spent),
            // A wait that was cancelled in the moment of approval leaves the approval as it is: the identical
            // statement may still use it.
            (HoldState::Held, Step::Spend)
            | (HoldState::Approved, Step::Approve | Step::Reject | Step::Withdraw)
            | (
                HoldState::Rejected | HoldState::Spent | HoldState::Expired | HoldState::Withdrawn,
                Step::Approve | Step::Reject | Step::Spend | Step::Expire | Step::Withdraw,
            ) => None,
        }
    }

    /// Whether something can still happen to it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, HoldState::Held | HoldState::Approved)
    }

    /// The state as it is stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            HoldState::Held => "held",
            HoldState::Approved => "approved",
            HoldState::Rejected => "rejected",
            HoldState::Spent => "spent",
            HoldState::Expired => "expired",
            HoldState::Withdrawn => "withdrawn",
        }
    }
}
