//! Statements that wait for a person.
//!
//! Owns: [`HoldDesk`], where sessions ask and DBAs decide, and [`Spent`], the proof that an approval was used up for one
//! statement of one session. Refuses: to let one approval run anything twice: the store decides, atomically and on disk,
//! before the proof exists.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use journal::{Event, Hold, HoldState, Journal, Store};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::judge::now_us;

/// Why a decision, or the use of one, did not happen.
#[derive(Debug, thiserror::Error)]
pub enum HoldDeskError {
    /// The store says no: unknown, decided already, expired …
    #[error("{0}")]
    Hold(#[from] journal::HoldError),
    /// The store cannot write.
    #[error("{0}")]
    Store(#[from] journal::StoreError),
    /// The journal cannot write.
    #[error("{0}")]
    Journal(#[from] journal::JournalError),
    /// The worker thread is gone.
    #[error("shutting down")]
    Gone,
}

/// An approval used up, for one session.
#[derive(Debug)]
pub struct Spent {
    session: u64,
    hold: Box<Hold>,
}

impl Spent {
    /// The session it was spent for.
    pub fn session(&self) -> u64 {
        self.session
    }
    /// The hold.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }
}

/// The identity of a held statement: what must be the same for an approval to be used.
#[derive(Debug, Clone)]
pub struct Identity<'a> {
    /// Database as in the config.
    pub database: &'a str,
    /// Grant's name.
    pub grant: &'a str,
    /// Exact text.
    pub text: &'a [u8],
    /// Bytes of the Bind message's parameters, formats and types, as they came.
    pub parameters: &'a [u8],
    /// Settings that change its meaning, spelled out.
    pub settings: &'a str,
}

impl Identity<'_> {
    /// SHA-256, hex. Each part goes in with its length, so that no two identities share an input.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.database.as_bytes(),
            self.grant.as_bytes(),
            self.text,
            self.parameters,
            self.settings.as_bytes(),
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

type Waiters = HashMap<u64, Vec<oneshot::Sender<Hold>>>;

/// Where sessions ask and DBAs decide.
pub struct HoldDesk {
    store: Store,
    journal: Journal,
    waiters: Mutex<Waiters>,
}

impl std::fmt::Debug for HoldDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HoldDesk")
    }
}

impl HoldDesk {
    /// A desk over a store.
    pub fn new(store: Store, journal: Journal) -> HoldDesk {
        HoldDesk {
            store,
            journal,
            waiters: Mutex::new(HashMap::new()),
        }
    }

    async fn blocking<T: Send + 'static, E: Into<HoldDeskError> + Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, E> + Send + 'static,
    ) -> Result<T, HoldDeskError> {
        let store = self.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store))
            .await
            .map_err(|_| HoldDeskError::Gone)?;
        done.map_err(Into::into)
    }

    async fn record(&self, hold: &Hold) -> Result<(), HoldDeskError> {
        let event = Event::Hold {
            hold: hold.id,
            state: hold.state,
            by: hold.decided_by.clone(),
            why: hold.why.clone(),
        };
        Ok(self.journal.append_durable(hold.session, event).await?)
    }

    /// Puts a statement up for a decision, or joins an open hold of the same identity; the receiver gets the hold once it is
    /// decided.
    ///
    /// # Errors
    /// Nothing is held where the store or the journal cannot write.
    pub async fn ask(
        &self,
        wanted: Hold,
    ) -> Result<(Hold, oneshot::Receiver<Hold>), HoldDeskError> {
        let (hold, new) = self
            .blocking(move |store| store.find_or_create_hold(wanted))
            .await?;
        if new {
            self.record(&hold).await?;
        }
        let (tell, told) = oneshot::channel();
        self.waiters().entry(hold.id).or_default().push(tell);
        // It may have been decided between the store's answer and the waiter's place in the list.
        let id = hold.id;
        if let Some(now) = self.blocking(move |store| store.hold(id)).await?
            && now.state != HoldState::Held
        {
            self.tell(&now);
        }
        Ok((hold, told))
    }

    /// A DBA decides. The decision is on disk before anybody hears of it.
    ///
    /// # Errors
    /// Another decision came first, or time ran out.
    pub async fn decide(
        &self,
        id: u64,
        approve: bool,
        by: String,
        why: String,
    ) -> Result<Hold, HoldDeskError> {
        let hold = self
            .blocking(move |store| store.decide_hold(id, approve, &by, &why, now_us()))
            .await?;
        self.record(&hold).await?;
        self.tell(&hold);
        Ok(hold)
    }

    /// An approval that waits to be used by this grant for this identity.
    ///
    /// # Errors
    /// The store's.
    pub async fn approved(
        &self,
        grant: &str,
        fingerprint: &str,
    ) -> Result<Option<Hold>, HoldDeskError> {
        let (grant, fingerprint) = (grant.to_owned(), fingerprint.to_owned());
        self.blocking(move |store| {
            Ok::<_, HoldDeskError>(store.approved_hold(&grant, &fingerprint))
        })
        .await
    }

    /// Uses an approval up.
    ///
    /// # Errors
    /// It was used already, has expired, or is for something else.
    pub async fn spend(
        &self,
        session: u64,
        id: u64,
        fingerprint: &str,
    ) -> Result<Spent, HoldDeskError> {
        let fingerprint = fingerprint.to_owned();
        let hold = self
            .blocking(move |store| store.spend_hold(id, &fingerprint, now_us()))
            .await?;
        self.record(&hold).await?;
        Ok(Spent {
            session,
            hold: Box::new(hold),
        })
    }

    /// The agent does not want it any more.
    ///
    /// # Errors
    /// It was decided meanwhile.
    pub async fn withdraw(&self, id: u64) -> Result<(), HoldDeskError> {
        let hold = self.blocking(move |store| store.withdraw_hold(id)).await?;
        self.record(&hold).await?;
        self.tell(&hold);
        Ok(())
    }

    /// Ends what has outlived its `hold_ttl`.
    ///
    /// # Errors
    /// The store's.
    pub async fn expire(&self) -> Result<(), HoldDeskError> {
        for hold in self.blocking(|store| store.expire_holds(now_us())).await? {
            self.record(&hold).await?;
            self.tell(&hold);
        }
        Ok(())
    }

    fn tell(&self, hold: &Hold) {
        for waiter in self.waiters().remove(&hold.id).unwrap_or_default() {
            // A waiter that has given up is no loss.
            let _ = waiter.send(hold.clone());
        }
    }

    /// How many sessions wait.
    pub fn waiting(&self) -> usize {
        self.waiters().values().map(Vec::len).sum()
    }

    fn waiters(&self) -> std::sync::MutexGuard<'_, Waiters> {
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        waiters.retain(|_, list| {
            list.retain(|w| !w.is_closed());
            !list.is_empty()
        });
        waiters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_depends_on_every_part_and_on_where_parts_end() {
        let base = Identity {
            database: "shop",
            grant: "a.b",
            text: b"DROP TABLE t",
            parameters: b"",
            settings: "public",
        };
        let same = base.fingerprint();
        assert_eq!(same, base.clone().fingerprint());
        for other in [
            Identity {
                database: "shop2",
                ..base.clone()
            },
            Identity {
                grant: "a.c",
                ..base.clone()
            },
            Identity {
                text: b"DROP TABLE t ",
                ..base.clone()
            },
            Identity {
                parameters: b"x",
                ..base.clone()
            },
            Identity {
                settings: "public, x",
                ..base.clone()
            },
            Identity {
                database: "shopa",
                grant: ".b",
                ..base.clone()
            },
        ] {
            assert_ne!(same, other.fingerprint(), "{other:?}");
        }
    }
}
