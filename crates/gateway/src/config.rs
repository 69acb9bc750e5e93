//! What the gateway is told to serve: plain data, already validated by the binary.
//!
//! Owns: the types. Refuses: files, environment variables, defaults that a user could see elsewhere.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use policy::{Labels, PolicySet};

/// libpq's `sslmode` (PostgreSQL manual, 34.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Never.
    Disable,
    /// Plain first, TLS where the server insists.
    Allow,
    /// TLS where the server offers it.
    Prefer,
    /// TLS; the certificate is checked only where a root is given, as libpq does.
    Require,
    /// TLS, and the chain must lead to a trusted root.
    VerifyCa,
    /// TLS, the chain, and the host's name.
    VerifyFull,
}

/// A server's secret. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How to reach and log in to a server.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Role on the server.
    pub user: String,
    /// Its password, if it has one.
    pub password: Option<Secret>,
    /// Database on the server.
    pub database: String,
    /// TLS.
    pub sslmode: SslMode,
    /// PEM file of trusted roots.
    pub sslrootcert: Option<PathBuf>,
    /// How long a connection attempt may take.
    pub connect_timeout: Duration,
}

/// The part of a database's configuration that a reload replaces.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Policies, compiled.
    pub policies: Arc<PolicySet>,
    /// Labels.
    pub labels: Arc<Labels>,
}

/// One `[databases.…]`.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The name in the agent's connection string.
    pub name: String,
    /// The server.
    pub upstream: UpstreamConfig,
    /// Policies and labels at start.
    pub rules: Rules,
    /// How long an agent's connection waits in place for a decision.
    pub hold_wait: Duration,
    /// How long an undecided hold, and an unused approval, lives.
    pub hold_ttl: Duration,
}
