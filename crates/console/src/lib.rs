//! The DBA's virtual database `tollgate`, spoken to from psql or any PostgreSQL driver.
//!
//! Owns: the server's side of one console connection after log-in, the relations and verbs a DBA has, and the SQL over
//! them. Refuses: to decide anything. What a person asks for is put to the [`Desk`], which the running gateway
//! implements; and what the desk says is what she is told.
//!
//! A statement's way: bytes → `serve` → `token` (where statements end) → `command` (its own words) or `translate`
//! (PostgreSQL's SQL to SQLite's) → `engine` (rows, from `fill`) → verbs, once a row → `portal` → bytes.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod array;
mod bench;
mod catalog;
mod cell;
mod command;
mod control;
mod conversation;
mod desk;
mod engine;
mod fill;
mod function;
mod log;
mod macros;
mod moment;
mod name;
mod prepared;
mod reader;
mod relation;
mod serve;
mod session;
mod settings;
mod sheet;
mod to_char;
mod token;
mod translate;
mod ty;
mod verb;

pub use desk::{
    BoxFuture, DatabaseRow, Desk, GrantRequest, LabelRow, LiveSession, Operator, PolicyRow,
    Refusal, SharedDesk,
};
pub use serve::serve;
