//! Prepared statements and portals, by name and place in time.
//!
//! Owns: [`Names`], which knows everything that a name can stand for on the server while replies are still under way, and
//! [`Prepared`] and [`Portal`]. In a pipeline a Parse may fail, or be skipped, after later messages that use its name
//! were judged; so a name keeps every candidate until the server confirms one.
//! Refuses: to pick one candidate where the server could pick another.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};

use crate::hold::Spent;
use crate::judge::Judged;
use crate::masking::{Columns, Plan};

/// Most names of one kind a session may have.
pub const MAX_NAMES: usize = 20_000;

/// A prepared statement.
#[derive(Debug)]
pub struct Prepared {
    /// Its name; empty for the unnamed one.
    pub name: Box<[u8]>,
    /// Its text.
    pub text: Arc<[u8]>,
    /// The type OIDs that Parse named, as they came.
    pub types: Box<[u8]>,
    /// The last judgement, and the judge's epoch it is of.
    pub judged: Mutex<Option<(u64, Arc<Judged>)>>,
    /// What the server said of its columns, and the judge's epoch it is of.
    pub columns: Mutex<Option<(u64, Arc<Columns>)>>,
}

impl Prepared {
    /// A new one.
    pub fn new(name: &[u8], text: Arc<[u8]>) -> Prepared {
        Prepared {
            name: name.into(),
            text,
            types: Box::default(),
            judged: Mutex::new(None),
            columns: Mutex::new(None),
        }
    }
}

/// A portal.
#[derive(Debug)]
pub struct Portal {
    /// Its name; empty for the unnamed one.
    pub name: Box<[u8]>,
    /// What it can be of: one statement, but for a pipeline in doubt.
    pub statements: Vec<Arc<Prepared>>,
    /// Parameters for the journal and for a DBA's eye.
    pub parameters: Vec<Option<String>>,
    /// SHA-256 of the Bind message's parameter part as it came, where it has any: part of a held statement's identity.
    pub parameter_digest: Option<[u8; 32]>,
    /// Format codes of the result columns, as in Bind: none, one for all, or one each.
    pub formats: Vec<i16>,
    /// How its rows are masked, once the server has described it.
    pub plan: Mutex<Option<Arc<Plan>>>,
    /// Whether it is a cursor of DECLARE: what it is of is described anew before each Execute.
    pub cursor: bool,
    /// The judge's epoch when it was bound.
    pub bound: AtomicU64,
    /// Whether it would have been held, or worse, when it was bound.
    pub held: AtomicBool,
    /// [`super::shared::Shared::names`] when it was bound.
    pub names: u64,
    /// Whether its execution has begun.
    pub started: AtomicBool,
    /// The approval it runs by.
    pub spent: Mutex<Option<Spent>>,
}

impl Portal {
    /// A cursor: a portal that was declared, not bound. To execute it is to FETCH from it.
    pub fn cursor(name: &[u8]) -> Portal {
        let quoted = String::from_utf8_lossy(name).replace('"', "\"\"");
        let text = format!("FETCH ALL FROM \"{quoted}\"");
        let fetch = Prepared::new(b"", text.into_bytes().into());
        Portal {
            name: name.into(),
            statements: if name.is_empty() {
                Vec::new()
            } else {
                vec![Arc::new(fetch)]
            },
            parameters: Vec::new(),
            parameter_digest: None,
            formats: Vec::new(),
            plan: Mutex::new(None),
            cursor: true,
            bound: AtomicU64::new(0),
            held: AtomicBool::new(false),
            names: 0,
            started: AtomicBool::new(false),
            spent: Mutex::new(None),
        }
    }
}

/// Locks, whatever happened to another holder: these values are whole at any time.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something a name can stand for.
#[derive(Debug)]
struct Candidate<T> {
    /// Its place in time.
    at: u64,
    /// The batch (the messages up to a Sync) that made it.
    batch: u64,
    item: Arc<T>,
}

/// Candidates by name, oldest first.
#[derive(Debug)]
pub struct Names<T> {
    by_name: HashMap<Box<[u8]>, Vec<Candidate<T>>>,
    next: u64,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Names {
            by_name: HashMap::new(),
            next: 1,
        }
    }
}

impl<T> Names<T> {
    /// Adds a candidate, made in this batch; 0 for a command whose failure skips nothing.
    pub fn add(&mut self, name: &[u8], batch: u64, item: Arc<T>) {
        let at = self.next;
        self.next += 1;
        let candidate = Candidate { at, batch, item };
        match self.by_name.get_mut(name) {
            Some(list) => list.push(candidate),
            None => {
                self.by_name.insert(name.into(), vec![candidate]);
            }
        }
    }

    /// All that a name can stand for in this batch. A failure skips the rest of its batch, so that within one batch it is
    /// the last that was made, or nothing runs at all; what earlier batches made may have failed or not.
    pub fn get(&self, name: &[u8], batch: u64) -> impl Iterator<Item = &Arc<T>> {
        let list = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let from = match list.last() {
            Some(last) if last.batch == batch => list.len() - 1,
            _ => 0,
        };
        list.get(from..).unwrap_or_default().iter().map(|c| &c.item)
    }

    /// Whether a name can stand for several things in this batch, of which the server has not yet said which.
    pub fn is_in_doubt(&self, name: &[u8], batch: u64) -> bool {
        self.get(name, batch).nth(1).is_some()
    }

    /// Names in use.
    pub fn count(&self) -> usize {
        self.by_name.len()
    }

    /// This moment: everything added so far is before it.
    pub fn now(&self) -> u64 {
        self.next
    }

    /// The server has made it: older candidates are gone.
    pub fn confirm(&mut self, name: &[u8], item: &Arc<T>) {
        if let Some(list) = self.by_name.get_mut(name)
            && let Some(at) = list.iter().position(|c| Arc::ptr_eq(&c.item, item))
        {
            list.drain(..at);
        }
    }

    /// The server has not made it.
    pub fn fail(&mut self, name: &[u8], item: &Arc<T>) {
        self.retain_of(name, |c| !Arc::ptr_eq(&c.item, item));
    }

    /// Everything of this name made before a moment is gone.
    pub fn drop_before(&mut self, name: &[u8], before: u64) {
        self.retain_of(name, |c| c.at >= before);
    }

    /// Everything of any name made before a moment is gone.
    pub fn clear_before(&mut self, before: u64) {
        if self.by_name.is_empty() {
            return;
        }
        self.by_name.retain(|_, list| {
            list.retain(|c| c.at >= before);
            !list.is_empty()
        });
    }

    fn retain_of(&mut self, name: &[u8], keep: impl Fn(&Candidate<T>) -> bool) {
        if let Some(list) = self.by_name.get_mut(name) {
            list.retain(keep);
            if list.is_empty() {
                self.by_name.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &Names<&'static str>, batch: u64) -> Vec<&'static str> {
        names.get(b"p", batch).map(|i| **i).collect()
    }

    #[test]
    fn a_name_stands_for_all_it_could_be_until_the_server_confirms_one() {
        let mut names = Names::default();
        let (old, new) = (Arc::new("old"), Arc::new("new"));
        names.add(b"p", 1, Arc::clone(&old));
        names.confirm(b"p", &old);
        names.add(b"p", 2, Arc::clone(&new));
        assert_eq!(
            of(&names, 2),
            ["new"],
            "in its own batch the newest counts, or the batch is skipped"
        );
        assert_eq!(
            of(&names, 3),
            ["old", "new"],
            "a later batch runs even if that one was skipped"
        );
        names.fail(b"p", &new);
        assert_eq!(of(&names, 3), ["old"]);
        names.add(b"p", 3, Arc::clone(&new));
        names.confirm(b"p", &new);
        assert_eq!(of(&names, 4), ["new"]);
    }

    #[test]
    fn closing_takes_only_what_was_there_before() {
        let mut names = Names::default();
        names.add(b"p", 1, Arc::new("1"));
        let close = names.now();
        names.add(b"p", 1, Arc::new("2"));
        names.drop_before(b"p", close);
        assert_eq!(of(&names, 2), ["2"]);
        let end = names.now();
        names.clear_before(end);
        assert_eq!(names.count(), 0);
    }
}
