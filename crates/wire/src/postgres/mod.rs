//! PostgreSQL's protocol, version 3 (PostgreSQL manual, chapter 55), minor versions 0 and 2.
//!
//! Owns: one file a noun: [`frame`] finds messages in a stream, [`startup`] is what comes before them, [`auth`] who it
//! is, [`query`] what a client asks, [`row`] what comes back, [`reply`] all else that a server says, [`tag`] the names.
//! Refuses: replication and GSSAPI; they have names here so that they can be refused by name.

pub mod auth;
pub mod frame;
pub mod query;
pub mod reply;
pub mod request;
pub mod row;
mod saslprep;
pub mod scram;
pub mod startup;
pub mod tag;
pub mod values;

/// `Debug` that names a view and shows nothing of what it borrows: statements, values and secrets stay out of logs.
macro_rules! opaque_debug {
    ($($name:ident),+ $(,)?) => {$(
        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
use opaque_debug;
