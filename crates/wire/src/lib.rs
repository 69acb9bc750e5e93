//! Bytes to messages and messages to bytes, for the protocols that databases speak.
//!
//! Owns: where one message ends and the next begins; borrowed views of each message a gateway has to read; the bytes of
//! each message it has to write, in the server's role towards an agent and in the client's role towards a database; and
//! the server's half of SCRAM, as a function from message to message.
//!
//! Refuses: I/O, clocks and randomness (nonces and salts come in as arguments); to know what SQL means; and to repair.
//! A reader takes the bytes it was given and either accounts for every one of them or returns a [`WireError`]: a string
//! that does not end, a count that the bytes do not bear out, or anything left over is an error, because two readers of
//! such a message need not agree on what it says, and what is judged here must be exactly what the server will run.
//!
//! What holds throughout:
//! - Views borrow. Finding a frame and reading a message neither copies nor allocates.
//! - Nothing is ever reserved for a length or a count that a peer announced.
//! - Nothing panics, whatever the bytes.
//! - Errors and `Debug` output hold no byte of a message beyond its tag.
//! - Writers append to a buffer of the caller's and cannot be made to write a frame that is read as anything but what
//!   was asked for. A string of the protocol ends at its NUL, so a NUL inside one cannot be sent: in a statement's text
//!   it makes the whole text empty, which does nothing, and anywhere else it becomes `?`.
//!
//! A second protocol gets a folder beside [`postgres`] with the same nouns in it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod postgres;

mod cursor;
mod error;

pub use error::WireError;
