//! A text made as small as it can be while it still disagrees.
//!
//! Owns: [`minimised`]. Refuses: to go on for long; a text that is not the smallest is good enough.

use crate::words::pieces;

/// The smallest text found for which `still` holds.
pub fn minimised(text: &str, still: impl Fn(&str) -> bool) -> String {
    let mut parts: Vec<String> = pieces(text).into_iter().map(str::to_owned).collect();
    let mut tries = 3000;
    let mut size = parts.len().div_ceil(2).max(1);
    while size >= 1 {
        let mut at = 0;
        let mut smaller = false;
        while at < parts.len() && tries > 0 {
            let end = (at + size).min(parts.len());
            let mut fewer = parts.clone();
            fewer.drain(at..end);
            tries -= 1;
            if still(&fewer.concat()) {
                parts = fewer;
                smaller = true;
            } else {
                at += 1;
            }
        }
        if size > 1 {
            size /= 2;
        } else if !smaller || tries == 0 {
            break;
        }
    }
    parts.concat()
}
