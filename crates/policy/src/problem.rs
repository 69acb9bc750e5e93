//! What is wrong with a policy or label file.
//!
//! Owns: [`PolicyProblem`]. Refuses: problems without a place.

use std::fmt;

use crate::position::Position;

/// One thing to put right, with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyProblem {
    /// The file, as it was named to us.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl PolicyProblem {
    pub(crate) fn new(
        file: &str,
        position: Position,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PolicyProblem {
        PolicyProblem {
            file: file.to_owned(),
            line: position.line,
            column: position.column,
            message: one_line(&message.into()),
            help: Some(one_line(&help.into())).filter(|h| !h.is_empty()),
        }
    }
}

/// A problem is one line of a log or a terminal, whatever was quoted in it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for PolicyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file, self.line, self.column, self.message
        )?;
        match &self.help {
            Some(help) => write!(f, ": {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyProblem {}
