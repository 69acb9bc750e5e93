//! Sockets, TLS and clocks: accepts agents, relays their sessions, and enforces what was decided.
//!
//! Owns: the only road between an agent and a database. Refuses: to know SQL, to hold an opinion on policy, and to
//! send anything that can run or define SQL without a [`judge::permit::Permit`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cancel;
pub mod catalog_loader;
pub mod config;
pub mod database;
pub mod expect;
pub mod gateway;
pub mod handshake;
pub mod hold;
pub mod inject;
pub mod judge;
pub mod label_map;
pub mod listener;
pub mod masking;
pub mod refusal;
pub mod scrub;
pub mod session;
pub mod stream;
pub mod tls;
pub mod upstream;

pub use config::{DatabaseConfig, SslMode, UpstreamConfig};
pub use gateway::Gateway;
pub use listener::{Listener, serve};
