//! The binary: command line, config file, wiring. Nothing else.
//!
//! Owns: what a person types and what she reads. Refuses: to decide anything about a statement.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod command;
mod config;
mod control;
mod desk;
mod explain;
mod explain_command;
mod explain_text;
mod init;
mod operations;
mod replay;
mod secret;
mod serve;
mod server_url;

use std::process::ExitCode;

/// A command's end, as the shell sees it.
#[derive(Debug)]
pub enum Failure {
    /// Something was found: a policy that does not validate, a broken chain. Exit status 1.
    Finding(String),
    /// The command, its config, or what it needs is not right. Exit status 2.
    Usage(String),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Usage(format!("{error:#}"))
    }
}

fn main() -> ExitCode {
    // Whatever is created holds statements or verifiers: for its owner only.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    match command::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Finding(line)) => {
            answer::complain(&line);
            ExitCode::from(1)
        }
        Err(Failure::Usage(line)) => {
            answer::complain(&line);
            ExitCode::from(2)
        }
    }
}
