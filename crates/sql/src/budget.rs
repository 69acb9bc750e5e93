//! How much work one text may cost.
//!
//! Owns: the count of steps, and [`MAX_STEPS`]. Names multiply: a few hundred bytes of NATURAL JOIN, of `SELECT *, *` or of
//! common tables that each read the one before twice stand for millions of columns. Each function that goes over columns
//! or copies them counts what it does; the analysis stops asking once all is spent, and the statement is not understood.
//! Refuses: clocks. The same text costs the same steps on every machine. (But for views, which are looked into once.)
//!
//! The count is the thread's: an analysis runs on one thread from end to end, and what counts (the lookup of a name, the
//! union of two sets) knows of no analysis. So new code cannot forget to hand it on.

use std::cell::Cell;

/// Steps that a text may cost. A step is about 16 bytes copied, or ten nanoseconds.
pub(crate) const MAX_STEPS: u64 = 4_000_000;

/// What a query costs by itself.
pub(crate) const QUERY: usize = 400;

/// What it costs to copy a column with its name.
pub(crate) const COLUMN: usize = 8;

/// What a column costs that facts name in full: three names.
pub(crate) const NAMED: usize = 24;

thread_local! {
    static SPENT: Cell<u64> = const { Cell::new(0) };
}

/// Begins with a new text.
pub(crate) fn begin() {
    SPENT.set(0);
}

/// Counts work.
pub(crate) fn spend(steps: usize) {
    let steps = u64::try_from(steps).unwrap_or(u64::MAX);
    SPENT.set(SPENT.get().saturating_add(steps));
}

/// Ends it: whatever is asked from now on is too much.
pub(crate) fn exhaust() {
    SPENT.set(u64::MAX);
}

/// Whether nothing is left.
pub(crate) fn is_spent() -> bool {
    SPENT.get() > MAX_STEPS
}
