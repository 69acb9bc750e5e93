//! One database behind the gateway: what all its sessions share.
//!
//! Owns: the rules in force, the catalog as last loaded, the labels on it, and the facts of texts seen before.
//! Refuses: to judge by definitions that are known to be stale.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use sql::{Analysis, Catalog, Fingerprint, Settings};
use tracing::{info, warn};

use crate::catalog_loader::{Found, Loader};
use crate::config::{DatabaseConfig, Rules};
use crate::label_map::{LabelMap, Sticky, Worn};
use crate::upstream::UpstreamError;

/// What a statement is judged against: it changes as a whole.
#[derive(Debug)]
pub struct Known {
    /// Counts every change of anything below.
    pub generation: u64,
    /// Counts changes of schemas and of who may use them.
    pub schemas: u64,
    /// Definitions.
    pub catalog: Arc<Catalog>,
    /// Labels on them.
    pub labels: LabelMap,
    /// Policies.
    pub rules: Rules,
    /// Counts loads of the rules.
    pub policy_generation: u64,
    facts: FactsCache,
}

type Cache<K> = Mutex<Remembered<K>>;

/// Facts by something, and how many names they hold together.
#[derive(Debug)]
struct Remembered<K> {
    facts: HashMap<K, Arc<Analysis>>,
    names: usize,
}

impl<K> Default for Remembered<K> {
    fn default() -> Self {
        Remembered {
            facts: HashMap::new(),
            names: 0,
        }
    }
}

/// Facts by text (with the settings it was read under) and by shape.
#[derive(Debug, Default)]
struct FactsCache {
    exact: Cache<(Settings, Box<[u8]>)>,
    shapes: Cache<(Settings, Fingerprint)>,
}

/// How often definitions are looked at, at most.
const WATCH_EVERY: Duration = Duration::from_secs(1);
/// And for how many times as long as a look takes there is none, for a server whose catalogue is large.
const WATCH_PAUSE: u32 = 20;

/// Texts and shapes remembered; at the limit all are forgotten, which costs a parse each and no bookkeeping on a hit.
const MAX_REMEMBERED: usize = 4096;
/// The most names in all facts of a cache, some 60 MB: a short text can have facts of any size, up to a limit of its own.
const MAX_REMEMBERED_NAMES: usize = 400_000;
/// Longer texts are not remembered.
const MAX_REMEMBERED_BYTES: usize = 16 * 1024;

impl Known {
    /// Adds what is labelled here and not in `newer`. Of a view that cannot be told right now, what was known before stays.
    pub fn wear(&self, newer: &Known, worn: &mut Worn) {
        let untold = |known: &Known, oid: u32| {
            let relation = known.catalog.relation_by_oid(oid);
            relation.is_some_and(sql::catalog::Relation::is_untold)
        };
        for (table, column, origin) in self.labels.origins() {
            if newer.labels.origin(table, column).is_some() && !untold(newer, table) {
                continue;
            }
            let entry = worn.entry((table, column));
            if untold(self, table) {
                entry.or_insert_with(|| origin.clone());
            } else {
                entry.insert_entry(origin.clone());
            }
        }
    }

    /// The facts of a text.
    pub fn analyze(&self, text: &[u8], settings: &Settings) -> Arc<Analysis> {
        let shape = sql::fingerprint(text);
        if let Some(shape) = shape
            && let Some(found) = lock(&self.facts.shapes)
                .facts
                .get(&(settings.clone(), shape))
        {
            return Arc::clone(found);
        }
        let small = text.len() <= MAX_REMEMBERED_BYTES;
        if small
            && let Some(found) = lock(&self.facts.exact)
                .facts
                .get(&(settings.clone(), text.into()))
        {
            return Arc::clone(found);
        }
        let analysis = Arc::new(sql::analyze(text, settings, &self.catalog));
        match shape {
            Some(shape) if is_blind(&analysis) => {
                remember(&self.facts.shapes, (settings.clone(), shape), &analysis);
            }
            _ if small => remember(
                &self.facts.exact,
                (settings.clone(), text.into()),
                &analysis,
            ),
            _ => {}
        }
        analysis
    }
}

/// Whether the facts hold for every text of the same shape.
pub fn is_blind(analysis: &Analysis) -> bool {
    matches!(analysis.statements.as_slice(), [one] if one.has(sql::facts::Flag::LiteralBlind))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember<K: std::hash::Hash + Eq>(cache: &Cache<K>, key: K, analysis: &Arc<Analysis>) {
    let names = analysis.names();
    if names > MAX_REMEMBERED_NAMES {
        return;
    }
    let mut cache = lock(cache);
    if cache.facts.len() >= MAX_REMEMBERED || cache.names + names > MAX_REMEMBERED_NAMES {
        *cache = Remembered::default();
    }
    cache.names += names;
    cache.facts.insert(key, Arc::clone(analysis));
}

/// What is known, and how it was found: a session with definitions of its own goes on from here.
#[derive(Debug)]
pub struct Basis {
    /// What is known.
    pub known: Arc<Known>,
    /// What the look found that it stands on.
    pub found: Found,
    sticky: Sticky,
}

impl Basis {
    /// The same with definitions that only one session can see.
    pub fn with(mut self, catalog: Arc<Catalog>) -> Arc<Known> {
        /// Apart from the generations that all sessions share.
        static GENERATION: AtomicU64 = AtomicU64::new(1 << 63);
        let generation = GENERATION.fetch_add(1, Ordering::SeqCst);
        let labels = LabelMap::build(&catalog, &self.known.rules.labels, &mut self.sticky);
        Arc::new(Known {
            generation,
            schemas: match catalog.schema_generation() == self.known.catalog.schema_generation() {
                true => self.known.schemas,
                false => generation,
            },
            catalog,
            labels,
            rules: self.known.rules.clone(),
            policy_generation: self.known.policy_generation,
            facts: FactsCache::default(),
        })
    }
}

/// A database.
#[derive(Debug)]
pub struct Database {
    /// Name, server and waits. Its `rules` are those of the start; [`Known::rules`] are those in force.
    pub config: DatabaseConfig,
    known: RwLock<Arc<Known>>,
    /// Moves when a definition may have changed.
    wanted: AtomicU64,
    loader: tokio::sync::Mutex<LoaderState>,
}

#[derive(Debug, Default)]
struct LoaderState {
    loader: Loader,
    /// The value of `wanted` that the last load satisfied.
    satisfied: u64,
    sticky: Sticky,
}

impl Database {
    /// Connects and loads the catalog for the first time.
    ///
    /// # Errors
    /// The server cannot be reached or does not let the gateway in.
    pub async fn open(config: DatabaseConfig) -> Result<Database, UpstreamError> {
        let mut state = LoaderState::default();
        let catalog = state.loader.load(&config.upstream).await?;
        let catalog = catalog.unwrap_or_default();
        let labels = LabelMap::build(&catalog, &config.rules.labels, &mut state.sticky);
        let known = Known {
            generation: 1,
            schemas: catalog.schema_generation(),
            catalog,
            labels,
            rules: config.rules.clone(),
            policy_generation: 1,
            facts: FactsCache::default(),
        };
        Ok(Database {
            config,
            known: RwLock::new(Arc::new(known)),
            wanted: AtomicU64::new(0),
            loader: tokio::sync::Mutex::new(state),
        })
    }

    /// What is known now, perhaps stale.
    pub fn latest(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says that definitions may have changed.
    pub fn mark_stale(&self) {
        self.wanted.fetch_add(1, Ordering::SeqCst);
    }

    /// What is known, after any load that is due.
    ///
    /// # Errors
    /// The server cannot be asked: nothing can be judged then.
    pub async fn fresh(&self) -> Result<Arc<Known>, UpstreamError> {
        let wanted = self.wanted.load(Ordering::SeqCst);
        if wanted == 0 {
            return Ok(self.latest());
        }
        let mut state = self.loader.lock().await;
        // Whoever held the lock may have loaded already what we need.
        let wanted = self.wanted.load(Ordering::SeqCst);
        if state.satisfied < wanted {
            self.load(&mut state).await?;
            state.satisfied = wanted;
        }
        // Nothing new since: the fast way is open again. A mark set in between fails the exchange, and stays.
        if self
            .wanted
            .compare_exchange(wanted, 0, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
        {
            state.satisfied = 0;
        }
        Ok(self.latest())
    }

    /// What is known now, for a session to go on from; None where it does not stand on a look.
    pub async fn basis(&self) -> Option<Basis> {
        let state = self.loader.lock().await;
        let (known, found) = (self.latest(), state.loader.found()?.clone());
        Arc::ptr_eq(&known.catalog, &found.catalog).then(|| Basis {
            known,
            found,
            sticky: state.sticky.clone(),
        })
    }

    async fn load(&self, state: &mut LoaderState) -> Result<(), UpstreamError> {
        if let Some(catalog) = state.loader.load(&self.config.upstream).await? {
            let before = self.latest();
            self.replace(
                catalog,
                before.rules.clone(),
                before.policy_generation,
                &mut state.sticky,
            );
        }
        Ok(())
    }

    fn replace(
        &self,
        catalog: Arc<Catalog>,
        rules: Rules,
        policy_generation: u64,
        sticky: &mut Sticky,
    ) {
        let labels = LabelMap::build(&catalog, &rules.labels, sticky);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let generation = known.generation + 1;
        *known = Arc::new(Known {
            generation,
            schemas: catalog.schema_generation(),
            catalog,
            labels,
            rules,
            policy_generation,
            facts: FactsCache::default(),
        });
    }

    /// Puts new rules in force; sessions judge by them from their next statement on.
    pub async fn set_rules(&self, rules: Rules) {
        let mut state = self.loader.lock().await;
        let before = self.latest();
        if before.rules.labels != rules.labels {
            // What one column has from another is found anew.
            state.sticky.retain(|_, stuck| !stuck.spread);
        }
        self.replace(
            Arc::clone(&before.catalog),
            rules,
            before.policy_generation + 1,
            &mut state.sticky,
        );
    }

    /// Looks whether definitions were changed past the gateway, and loads what was.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn check(&self) -> Result<(), UpstreamError> {
        let mut state = self.loader.lock().await;
        self.load(&mut state).await
    }

    /// Watches for definitions that are changed past the gateway. Runs until it is dropped.
    pub async fn watch(&self) {
        let mut reachable = true;
        let mut pause = WATCH_EVERY;
        loop {
            tokio::time::sleep(pause).await;
            let begin = Instant::now();
            let checked = self.check().await;
            pause = WATCH_EVERY.max(begin.elapsed() * WATCH_PAUSE);
            match checked {
                Ok(()) => {
                    if !reachable {
                        reachable = true;
                        info!(database = self.config.name, "reachable again");
                    }
                }
                Err(e) => {
                    if reachable {
                        reachable = false;
                        warn!(
                            database = self.config.name,
                            "cannot be asked for its definitions: {e}"
                        );
                    }
                    // Whatever changed while nobody could look must be looked at before the next statement is judged.
                    self.mark_stale();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sql::CatalogBuilder;
    use sql::catalog::Catalog;

    use super::*;

    #[test]
    fn short_texts_of_large_facts_do_not_fill_the_memory() {
        let catalog: Catalog = CatalogBuilder::new(1).build();
        let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
        let cache: Cache<usize> = Cache::default();
        // Each of these names what is in no catalog: forty relations and what could be their columns.
        let tables: Vec<String> = (0..40).map(|i| format!("t{i}")).collect();
        let columns: Vec<String> = (0..40).map(|i| format!("a{i}")).collect();
        let text = format!("SELECT {} FROM {}", columns.join(","), tables.join(","));
        let analysis = Arc::new(sql::analyze(text.as_bytes(), &settings, &catalog));
        assert!(text.len() < MAX_REMEMBERED_BYTES && analysis.names() > 3_000);
        for key in 0..1_000 {
            remember(&cache, key, &analysis);
            let cache = lock(&cache);
            assert!(cache.facts.contains_key(&key));
            assert!(cache.facts.len() * analysis.names() <= MAX_REMEMBERED_NAMES);
        }
    }
}
