//! What must outlive a restart and changes in place: grants, DBAs' accounts, holds, and two random keys. Owns their
//! durability: when a change returns Ok it is on disk. Refuses opinions: who may do what is for its callers.
//!
//! Every change is made under one lock, and the directory is claimed by one process, so that a look and the change
//! that rests on it are one step. The functions block for a write to disk: not for an async task.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::directory::Claim;
use crate::error::{JournalError, StoreError};
use crate::grant::{Dba, Grant};
use crate::hold::Hold;
use crate::recovery::{Sled, guarded};
use crate::table::Table;

/// The store. A handle; clones share one store. The directory is released when the last one is gone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    sled: Sled,
    grants: Table,
    dbas: Table,
    pub(crate) holds: Table,
    state: Mutex<State>,
    mask_key: [u8; 32],
    mock_key: [u8; 32],
    // Last, so that sled is gone when it is released.
    _claim: Claim,
}

/// What is known in memory of the store.
pub(crate) struct State {
    /// Holds with something before them: undecided, or approved and unused. Every held statement looks here.
    pub(crate) open: BTreeMap<u64, Hold>,
    /// The number of the last hold.
    pub(crate) last_hold: u64,
    /// After a failed write it is not known what is on disk. Nothing changes any more until a restart looks.
    broken: Option<JournalError>,
}

impl Store {
    /// Opens the store in `state_dir/store`, creating both, and its keys, where they are missing.
    ///
    /// # Errors
    /// The directory is in use, cannot be used, or is damaged.
    pub fn open(state_dir: &Path) -> Result<Store, JournalError> {
        let claim = Claim::take(state_dir, "store")?;
        let path = claim.path().join("sled");
        let failed = |error: sled::Error| JournalError::directory(&path, error);
        let sled = Sled::open(&path, 8 << 20)?;
        let tree = |name: &str| sled.db.open_tree(name).map_err(failed);
        let (grants, dbas, holds) = (tree("grants")?, tree("dbas")?, tree("holds")?);
        let keys = tree("keys")?;
        let mask_key = key_of_its_own(&keys, "mask", &path)?;
        let mock_key = key_of_its_own(&keys, "mock", &path)?;
        sled.sync()?;
        let holds = Table::new(holds, "hold");
        let mut state = State {
            open: BTreeMap::new(),
            last_hold: 0,
            broken: None,
        };
        for hold in holds.all::<Hold>()? {
            state.last_hold = state.last_hold.max(hold.id);
            if hold.state.is_open() {
                state.open.insert(hold.id, hold);
            }
        }
        Ok(Store {
            inner: Arc::new(Inner {
                grants: Table::new(grants, "grant"),
                dbas: Table::new(dbas, "account"),
                holds,
                sled,
                state: Mutex::new(state),
                mask_key,
                mock_key,
                _claim: claim,
            }),
        })
    }

    /// Makes a grant.
    ///
    /// # Errors
    /// Its name is taken, by a revoked or expired one too: a name means one access, for ever.
    pub fn create_grant(&self, grant: &Grant) -> Result<(), StoreError> {
        let key = name_key(&grant.name)?;
        self.inner.change(|inner, _| {
            if inner.grants.get::<Grant>(&key)?.is_some() {
                return Err(StoreError::NameTaken(format!("a grant {}", grant.name)));
            }
            inner.grants.put(&key, grant)?;
            Ok(())
        })
    }

    /// A grant by its name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn grant(&self, name: &str) -> Result<Option<Grant>, StoreError> {
        // A name that cannot be stored names nothing: the agent chose it.
        match name_key(name) {
            Ok(key) => Ok(self.inner.grants.get(&key)?),
            Err(_) => Ok(None),
        }
    }

    /// All grants, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn grants(&self) -> Result<Vec<Grant>, StoreError> {
        Ok(self.inner.grants.all()?)
    }

    /// Revokes a grant. One that is revoked already stays as it was.
    ///
    /// # Errors
    /// There is none of that name, or the store cannot be written.
    pub fn revoke_grant(&self, name: &str, now_us: u64) -> Result<Grant, StoreError> {
        let key = name_key(name)?;
        self.inner.change(|inner, _| {
            let mut grant: Grant = inner
                .grants
                .get(&key)?
                .ok_or_else(|| StoreError::NotFound(format!("grant {name}")))?;
            if grant.revoked_us.is_none() {
                grant.revoked_us = Some(now_us);
                inner.grants.put(&key, &grant)?;
            }
            Ok(grant)
        })
    }

    /// Makes or replaces a DBA's account. Says whether it replaced one.
    ///
    /// # Errors
    /// The name is none, or the store cannot be written.
    pub fn put_dba(&self, dba: &Dba) -> Result<bool, StoreError> {
        let key = name_key(&dba.name)?;
        self.inner.change(|inner, _| {
            let replaced = inner.dbas.get::<Dba>(&key)?.is_some();
            inner.dbas.put(&key, dba)?;
            Ok(replaced)
        })
    }

    /// A DBA's account by its name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dba(&self, name: &str) -> Result<Option<Dba>, StoreError> {
        match name_key(name) {
            Ok(key) => Ok(self.inner.dbas.get(&key)?),
            Err(_) => Ok(None),
        }
    }

    /// All accounts, by name.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn dbas(&self) -> Result<Vec<Dba>, StoreError> {
        Ok(self.inner.dbas.all()?)
    }

    /// Removes an account.
    ///
    /// # Errors
    /// There is none of that name, or the store cannot be written.
    pub fn remove_dba(&self, name: &str) -> Result<(), StoreError> {
        let key = name_key(name)?;
        self.inner
            .change(|inner, _| match inner.dbas.remove(&key)? {
                true => Ok(()),
                false => Err(StoreError::NotFound(format!("account {name}"))),
            })
    }

    /// The key of `hash` masks: random, made once, so that a value keeps its pseudonym over restarts.
    #[must_use]
    pub fn mask_key(&self) -> [u8; 32] {
        self.inner.mask_key
    }

    /// The key behind the SCRAM answers to names that do not exist (RFC 5802 wants them to look like any other; they
    /// must also stay the same over restarts).
    #[must_use]
    pub fn mock_key(&self) -> [u8; 32] {
        self.inner.mock_key
    }
}

impl Inner {
    /// One change, alone and durable. A change that fails without having written must say so with an error of its own
    /// (`E`); after an error of the store itself nothing is changed any more.
    pub(crate) fn change<T, E>(
        &self,
        work: impl FnOnce(&Inner, &mut State) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<JournalError> + Failure,
    {
        let mut state = self.state();
        if let Some(error) = &state.broken {
            return Err(error.clone().into());
        }
        let mut refused = None;
        let done = guarded(|| match work(self, &mut state) {
            Ok(value) => {
                self.sled.sync()?;
                Ok(Some(value))
            }
            Err(error) => match error.of_the_store() {
                Some(failure) => Err(failure),
                None => {
                    refused = Some(error);
                    Ok(None)
                }
            },
        });
        match (done, refused) {
            (Ok(Some(value)), _) => Ok(value),
            (Ok(None), Some(refused)) => Err(refused),
            (Ok(None), None) => Err(JournalError::write("nothing was done").into()),
            (Err(failure), _) => {
                state.broken = Some(failure.clone());
                Err(failure.into())
            }
        }
    }

    // A change that panicked has set `broken`, so the state behind a poisoned lock is not used for changes.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells an error of the store from a refusal.
pub(crate) trait Failure {
    fn of_the_store(&self) -> Option<JournalError>;
}

impl Failure for StoreError {
    fn of_the_store(&self) -> Option<JournalError> {
        match self {
            StoreError::Failed(error) => Some(error.clone()),
            StoreError::NameTaken(_) | StoreError::NotFound(_) | StoreError::BadName => None,
        }
    }
}

fn name_key(name: &str) -> Result<Vec<u8>, StoreError> {
    if name.is_empty() || name.len() > 255 || name.contains('\0') {
        return Err(StoreError::BadName);
    }
    Ok([name.as_bytes(), b"\0"].concat())
}

fn key_of_its_own(keys: &sled::Tree, name: &str, path: &Path) -> Result<[u8; 32], JournalError> {
    let failed = |error: sled::Error| JournalError::directory(path, error);
    if let Some(found) = keys.get(name).map_err(failed)? {
        return <[u8; 32]>::try_from(found.as_ref())
            .map_err(|_| JournalError::directory(path, format!("its {name} key is damaged")));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| JournalError::directory(path, error))?;
    keys.insert(name, &key[..]).map_err(failed)?;
    Ok(key)
}
