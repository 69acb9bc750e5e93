//! Where a text stops being SQL.
//!
//! Owns: [`syntax_error`], for a person who looks for her mistake. Refuses: to have a say in what a statement does.

use crate::lower_squawk::first_error;
use crate::{read, scan};

/// The first syntax error: the byte at which it begins, and what is wrong in a parser's words, which quote nothing of the text.
/// None for a text that has none, or that is over the limits.
pub fn syntax_error(text: &str) -> Option<(usize, String)> {
    scan::scan(text.as_bytes(), true).ok()?;
    read::on_a_large_stack(|| first_error(text))
}
