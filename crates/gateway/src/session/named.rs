//! Prepared statements and portals, by name and place in time.
//!
//! Owns: [`Names`], which knows everything that a name can stand for on the server while replies are still under way, and
//! [`Prepared`] and [`Portal`]. In a pipeline a Parse may fail, or be skipped, after later messages that use its name
//! were judged; so a name keeps every candidate until the server confirms one.
//! Refuses: to pick one candidate where the server could pick another.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
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
    /// The Bind message's parameter part, as it came: part of the identity of a held statement.
    pub parameter_bytes: Box<[u8]>,
    /// Format codes of the result columns, as in Bind: none, one for all, or one each.
    pub formats: Vec<i16>,
    /// How its rows are masked, once the server has described it.
    pub plan: Mutex<Option<Arc<Plan>>>,
    /// Whether its execution has begun.
    pub started: AtomicBool,
    /// The approval it runs by.
    pub spent: Mutex<Option<Spent>>,
}

/// Locks, whatever happened to another holder: these values are whole at any time.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Candidates by name, oldest first.
#[derive(Debug)]
pub struct Names<T> {
    by_name: HashMap<Box<[u8]>, Vec<(u64, Arc<T>)>>,
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
    /// Adds a candidate.
    pub fn add(&mut self, name: &[u8], item: Arc<T>) {
        let at = self.next;
        self.next += 1;
        match self.by_name.get_mut(name) {
            Some(list) => list.push((at, item)),
            None => {
                self.by_name.insert(name.into(), vec![(at, item)]);
            }
        }
    }

    /// All candidates.
    pub fn get(&self, name: &[u8]) -> impl Iterator<Item = &Arc<T>> {
        self.by_name
            .get(name)
            .into_iter()
            .flatten()
            .map(|(_, item)| item)
    }

    /// Names in use.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// This moment: everything added so far is before it.
    pub fn now(&self) -> u64 {
        self.next
    }

    /// The server has made it: older candidates are gone.
    pub fn confirm(&mut self, name: &[u8], item: &Arc<T>) {
        if let Some(list) = self.by_name.get_mut(name) {
            if let [only] = list.as_slice() {
                if Arc::ptr_eq(&only.1, item) {
                    return;
                }
            }
            if let Some(at) = list.iter().position(|(_, i)| Arc::ptr_eq(i, item)) {
                list.drain(..at);
            }
        }
    }

    /// The server has not made it.
    pub fn fail(&mut self, name: &[u8], item: &Arc<T>) {
        self.retain_of(name, |_, i| !Arc::ptr_eq(i, item));
    }

    /// Everything of this name made before a moment is gone.
    pub fn drop_before(&mut self, name: &[u8], before: u64) {
        self.retain_of(name, |at, _| at >= before);
    }

    /// Everything of any name made before a moment is gone.
    pub fn clear_before(&mut self, before: u64) {
        if self.by_name.is_empty() {
            return;
        }
        self.by_name.retain(|_, list| {
            list.retain(|(at, _)| *at >= before);
            !list.is_empty()
        });
    }

    fn retain_of(&mut self, name: &[u8], keep: impl Fn(u64, &Arc<T>) -> bool) {
        if let Some(list) = self.by_name.get_mut(name) {
            list.retain(|(at, item)| keep(*at, item));
            if list.is_empty() {
                self.by_name.remove(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_all_it_could_be_until_the_server_confirms_one() {
        let mut names = Names::default();
        let (old, new) = (Arc::new("old"), Arc::new("new"));
        names.add(b"p", Arc::clone(&old));
        names.confirm(b"p", &old);
        names.add(b"p", Arc::clone(&new));
        assert_eq!(
            names.get(b"p").map(|i| **i).collect::<Vec<_>>(),
            ["old", "new"]
        );
        names.fail(b"p", &new);
        assert_eq!(names.get(b"p").map(|i| **i).collect::<Vec<_>>(), ["old"]);
        names.add(b"p", Arc::clone(&new));
        names.confirm(b"p", &new);
        assert_eq!(names.get(b"p").map(|i| **i).collect::<Vec<_>>(), ["new"]);
    }

    #[test]
    fn closing_takes_only_what_was_there_before() {
        let mut names = Names::default();
        names.add(b"p", Arc::new(1));
        let close = names.now();
        names.add(b"p", Arc::new(2));
        names.drop_before(b"p", close);
        assert_eq!(names.get(b"p").map(|i| **i).collect::<Vec<_>>(), [2]);
        let end = names.now();
        names.clear_before(end);
        assert_eq!(names.len(), 0);
    }
}
