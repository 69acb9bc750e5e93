//! Functions on points in time and spans.
//!
//! Owns: their places in SQLite; what they compute is in [`crate::moment`]. Refuses: to look at the clock while a
//! statement runs: `now` is when it began.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use super::{Shared, add, at, text, whole};
use crate::cell::Cell;
use crate::desk::Refusal;
use crate::moment;

pub(super) fn register(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let clock = Arc::clone(shared);
    add(db, "tg_now", 0, false, move |_| {
        Ok(Cell::Int(clock.now.load(Ordering::Relaxed)))
    })?;
    let unknown =
        |field: &Cell| Refusal::new("22023", format!("unit \"{}\" not recognized", text(field)));
    add(db, "tg_trunc", 2, true, move |c| {
        moment::trunc(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Int)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_trunc_interval", 2, true, move |c| {
        moment::trunc_interval(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Int)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_extract", 2, true, move |c| {
        moment::extract(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Real)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_extract_interval", 2, true, move |c| {
        moment::extract_interval(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Real)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_to_char", 2, true, |c| {
        Ok(Cell::Text(crate::to_char::to_char(
            whole(at(c, 0)),
            &text(at(c, 1)),
        )))
    })
}
