//! Who may connect: agents' grants and DBAs' accounts.

use serde::{Deserialize, Serialize};

/// A SCRAM-SHA-256 verifier in PostgreSQL's form, `SCRAM-SHA-256$4096:salt$stored:server`. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verifier(pub String);

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(…)")
    }
}

/// An agent's access.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name, the user of the connection string: `claude-code.k7f3q2`.
    pub name: String,
    /// Who for.
    pub user: String,
    /// Which agent.
    pub agent: String,
    /// Database as in the config.
    pub database: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Purpose.
    pub purpose: Option<String>,
    /// SCRAM verifier of the secret.
    pub verifier: Verifier,
    /// Microseconds since the epoch.
    pub created_us: u64,
    /// Who made it (`cli`, or a DBA).
    pub created_by: String,
    /// When it ends by itself.
    pub expires_us: u64,
    /// When it was revoked.
    pub revoked_us: Option<u64>,
}

/// A DBA's account on the console.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dba {
    /// Name.
    pub name: String,
    /// Roles whose holds she may decide.
    pub roles: Vec<String>,
    /// SCRAM verifier.
    pub verifier: Verifier,
}
