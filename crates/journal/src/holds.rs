//! Holds in the store. Owns that each step of a hold's life happens once, to one caller, and is on disk when it does.
//! Refuses to know why: who may approve, and whether a statement may still run, is decided before it is asked.

use crate::error::{HoldError, JournalError, StoreError};
use crate::hold::{Hold, HoldState, Step};
use crate::store::{Failure, Inner, State, Store};

impl Store {
    /// Makes a hold; its number and state are set here, whatever they were.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn create_hold(&self, hold: Hold) -> Result<Hold, StoreError> {
        self.inner.change(|inner, state| inner.create(state, hold))
    }

    /// The hold of its grant for its statement that is open, an approved one before one that waits, or else this one, made
    /// as `create_hold` makes it; and whether it was made. Of those who ask at once, one makes it.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn find_or_create_hold(&self, hold: Hold) -> Result<(Hold, bool), StoreError> {
        self.inner.change(|inner, state| {
            for wanted in [HoldState::Approved, HoldState::Held] {
                if let Some(open) = state.find_open(wanted, &hold.grant, &hold.fingerprint) {
                    return Ok((open, false));
                }
            }
            Ok((inner.create(state, hold)?, true))
        })
    }

    /// A hold by its number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn hold(&self, id: u64) -> Result<Option<Hold>, StoreError> {
        Ok(self.inner.holds.get(&id.to_be_bytes())?)
    }

    /// All holds that ever were, by number.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        Ok(self.inner.holds.all()?)
    }

    /// Holds that are undecided, or approved and unused. Cheap.
    #[must_use]
    pub fn open_holds(&self) -> Vec<Hold> {
        self.inner.state().open.values().cloned().collect()
    }

    /// Approves or rejects. One of several callers wins, and only before the hold's time runs out.
    ///
    /// # Errors
    /// Somebody was faster, it has expired, there is none, or the store cannot be written.
    pub fn decide_hold(
        &self,
        id: u64,
        approve: bool,
        by: &str,
        why: &str,
        now_us: u64,
    ) -> Result<Hold, HoldError> {
        let step = if approve { Step::Approve } else { Step::Reject };
        self.inner.change(|inner, state| {
            let hold = inner.find(state, id)?;
            let next = in_time(&hold, step, now_us)?;
            inner.store(
                state,
                Hold {
                    state: next,
                    decided_us: Some(now_us),
                    decided_by: Some(by.to_owned()),
                    why: Some(why.to_owned()),
                    ..hold
                },
            )
        })
    }

    /// Uses an approval up: after Ok the statement may be sent, once, and nobody else gets an Ok for this hold, ever. A
    /// crash between this and the sending spends it all the same: never twice is promised, not surely once.
    ///
    /// # Errors
    /// It is not approved, is spent, has expired, is another statement's, or the store cannot be written.
    pub fn spend_hold(&self, id: u64, fingerprint: &str, now_us: u64) -> Result<Hold, HoldError> {
        self.inner.change(|inner, state| {
            let hold = inner.find(state, id)?;
            let next = in_time(&hold, Step::Spend, now_us)?;
            if hold.fingerprint != fingerprint {
                return Err(HoldError::OtherStatement);
            }
            inner.store(
                state,
                Hold {
                    state: next,
                    ..hold
                },
            )
        })
    }

    /// The agent cancelled while it waited. An approval that came first stays.
    ///
    /// # Errors
    /// It is decided already, there is none, or the store cannot be written.
    pub fn withdraw_hold(&self, id: u64) -> Result<Hold, HoldError> {
        self.inner.change(|inner, state| {
            let hold = inner.find(state, id)?;
            let next = step(&hold, Step::Withdraw)?;
            inner.store(
                state,
                Hold {
                    state: next,
                    ..hold
                },
            )
        })
    }

    /// Ends the holds whose time has run out, and returns them. All of them or, on an error, none that counts.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn expire_holds(&self, now_us: u64) -> Result<Vec<Hold>, StoreError> {
        let due = |hold: &&Hold| now_us >= hold.expires_us;
        if !self.inner.state().open.values().any(|hold| due(&hold)) {
            return Ok(Vec::new());
        }
        let expired = self.inner.change(|inner, state| {
            let holds: Vec<Hold> = state.open.values().filter(due).cloned().collect();
            let mut expired = Vec::with_capacity(holds.len());
            for hold in holds {
                let next = step(&hold, Step::Expire)?;
                expired.push(inner.store(
                    state,
                    Hold {
                        state: next,
                        ..hold
                    },
                )?);
            }
            Ok::<_, HoldError>(expired)
        });
        expired.map_err(|error| match error.of_the_store() {
            Some(failure) => StoreError::Failed(failure),
            // Open holds can always expire.
            None => StoreError::Failed(JournalError::write(error)),
        })
    }

    /// An approval that this grant may use for this statement; where there are several, the one that lasts longest.
    /// Using it is `spend_hold`, which may still refuse.
    #[must_use]
    pub fn approved_hold(&self, grant: &str, fingerprint: &str) -> Option<Hold> {
        let state = self.inner.state();
        state.find_open(HoldState::Approved, grant, fingerprint)
    }

    /// A hold of this grant for this statement that waits for a decision.
    #[must_use]
    pub fn undecided_hold(&self, grant: &str, fingerprint: &str) -> Option<Hold> {
        let state = self.inner.state();
        state.find_open(HoldState::Held, grant, fingerprint)
    }
}

impl State {
    fn find_open(&self, wanted: HoldState, grant: &str, fingerprint: &str) -> Option<Hold> {
        let fitting = self.open.values().filter(|hold| {
            hold.state == wanted && hold.grant == grant && hold.fingerprint == fingerprint
        });
        fitting.max_by_key(|hold| hold.expires_us).cloned()
    }
}

impl Inner {
    fn create(&self, state: &mut State, hold: Hold) -> Result<Hold, StoreError> {
        let hold = Hold {
            id: state.last_hold + 1,
            state: HoldState::Held,
            decided_us: None,
            decided_by: None,
            why: None,
            ..hold
        };
        self.holds.put(&hold.id.to_be_bytes(), &hold)?;
        state.last_hold = hold.id;
        state.open.insert(hold.id, hold.clone());
        Ok(hold)
    }

    fn find(&self, state: &State, id: u64) -> Result<Hold, HoldError> {
        if let Some(hold) = state.open.get(&id) {
            return Ok(hold.clone());
        }
        self.holds
            .get(&id.to_be_bytes())?
            .ok_or(HoldError::NotFound)
    }

    /// Writes a hold's new state. Memory follows at once: should the sync after it fail, nothing is handed out any more.
    fn store(&self, state: &mut State, hold: Hold) -> Result<Hold, HoldError> {
        self.holds.put(&hold.id.to_be_bytes(), &hold)?;
        if hold.state.is_open() {
            state.open.insert(hold.id, hold.clone());
        } else {
            state.open.remove(&hold.id);
        }
        Ok(hold)
    }
}

fn step(hold: &Hold, step: Step) -> Result<HoldState, HoldError> {
    hold.state.after(step).ok_or(match hold.state {
        HoldState::Expired => HoldError::Expired,
        state => HoldError::Already(state),
    })
}

fn in_time(hold: &Hold, wanted: Step, now_us: u64) -> Result<HoldState, HoldError> {
    let next = step(hold, wanted)?;
    if now_us >= hold.expires_us {
        return Err(HoldError::Expired);
    }
    Ok(next)
}

impl Failure for HoldError {
    fn of_the_store(&self) -> Option<JournalError> {
        match self {
            HoldError::Failed(error) => Some(error.clone()),
            HoldError::NotFound
            | HoldError::Already(_)
            | HoldError::Expired
            | HoldError::OtherStatement => None,
        }
    }
}
