//! Reads a server's definitions.
//!
//! Owns: the one connection that they are asked on, read-only and with an empty search_path, and the pulse. Refuses: to know
//! what the answers mean ([`sql::catalog_rows`] does).

use std::sync::Arc;
use std::time::Duration;

use sql::Catalog;
use sql::catalog_changes::{Asker, Changes, Pulse, SNAPSHOT, query_since};
use sql::catalog_rows::{self, Row};

use crate::config::UpstreamConfig;
use crate::upstream::{self, Upstream, UpstreamError};

/// The loader of one database.
#[derive(Debug, Default)]
pub struct Loader {
    session: Option<Upstream>,
    generation: u64,
    last: Option<Found>,
}

/// What a look found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The snapshot that it was made in.
    pub snapshot: String,
    /// The row versions that were new then.
    pub pulse: Pulse,
    /// The definitions.
    pub catalog: Arc<Catalog>,
}

/// Somebody locked, dropped or renamed something between the snapshot and a question that the server answers by what is there
/// now: not available, internal error, no such table, no such object (PostgreSQL manual, appendix A). The next look sees it.
const OVERTAKEN: &[&str] = &["55P03", "XX000", "42P01", "42704"];
/// How often a look is begun again, and after which pause.
const MAX_OVERTAKEN: u32 = 8;
const PAUSE: Duration = Duration::from_millis(30);

/// How long a look may take: nobody is judged meanwhile.
const MAX_LOOK: Duration = Duration::from_secs(60);

impl Loader {
    /// What the last look found.
    pub fn found(&self) -> Option<&Found> {
        self.last.as_ref()
    }

    /// Loads what has changed since the last time; None where nothing has.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as expected.
    pub async fn load(
        &mut self,
        config: &UpstreamConfig,
    ) -> Result<Option<Arc<Catalog>>, UpstreamError> {
        let mut overtaken = 0;
        loop {
            let kept = self.session.take();
            let reused = kept.is_some();
            let mut session = match kept {
                Some(session) => session,
                None => connect(config).await?,
            };
            let look = self.look(&mut session, overtaken > MAX_OVERTAKEN / 2);
            let Ok(found) = tokio::time::timeout(MAX_LOOK, look).await else {
                return Err(UpstreamError::Io(std::io::ErrorKind::TimedOut.into()));
            };
            match found {
                Ok(found) => {
                    self.session = Some(session);
                    return Ok(found);
                }
                Err(UpstreamError::Refused { sqlstate })
                    if OVERTAKEN.contains(&sqlstate.as_str()) && overtaken < MAX_OVERTAKEN =>
                {
                    overtaken += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                // A connection that was lost since is opened again once.
                Err(_) if reused => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// `blindly` leaves all views untold whose text would have to be asked for.
    async fn look(
        &mut self,
        session: &mut Upstream,
        blindly: bool,
    ) -> Result<Option<Arc<Catalog>>, UpstreamError> {
        // One snapshot for all of it, so that it fits together and the next look knows from where on.
        upstream::rows(session, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        let snapshot = word(session, SNAPSHOT).await?;
        let (known, since, complete) = match &self.last {
            Some(last) => (
                Arc::clone(&last.catalog),
                last.snapshot.as_str(),
                !last.catalog.is_incomplete(),
            ),
            None => (Arc::default(), snapshot.as_str(), false),
        };
        if complete && since == snapshot {
            upstream::rows(session, "COMMIT").await?;
            return Ok(None);
        }
        let query = query_since(since, Asker::Reader).ok_or(UpstreamError::Protocol)?;
        let pulse = Pulse::read(upstream::rows(session, &query).await?);
        let pulse = pulse.ok_or(UpstreamError::Protocol)?;
        let changes = match &self.last {
            None => Some(Changes::all()),
            Some(last) => pulse
                .changes_since(&last.pulse)
                .or_else(|| (!complete).then(Changes::only_untold)),
        };
        let new = match changes {
            None => None,
            Some(changes) => {
                let generation = self.generation + 1;
                let queries = catalog_rows::queries_since(&known, &changes, blindly);
                let answers = answers(session, queries).await?;
                let catalog = catalog_rows::build_since(&known, &changes, generation, answers);
                let catalog = catalog.ok_or(UpstreamError::Protocol)?;
                // An old transaction keeps what was loaded long ago looking new.
                let new = self.last.is_none()
                    || !catalog.is_same(&known)
                    || catalog.schema_generation() != known.schema_generation();
                new.then(|| Arc::new(catalog))
            }
        };
        upstream::rows(session, "COMMIT").await?;
        if let Some(catalog) = &new {
            self.generation = catalog.generation();
        }
        self.last = Some(Found {
            snapshot,
            pulse,
            catalog: new.clone().unwrap_or(known),
        });
        Ok(new)
    }
}

/// Asks what is to be asked.
async fn answers(
    session: &mut Upstream,
    queries: Vec<Option<String>>,
) -> Result<Vec<Option<Vec<Row>>>, UpstreamError> {
    let mut answers = Vec::new();
    for query in queries {
        answers.push(match query {
            Some(query) => Some(upstream::rows(session, &query).await?),
            None => None,
        });
    }
    Ok(answers)
}

/// The one word of an answer.
async fn word(session: &mut Upstream, text: &str) -> Result<String, UpstreamError> {
    let rows = upstream::rows(session, text).await?;
    let mut cells = rows.into_iter().flatten();
    cells.next().flatten().ok_or(UpstreamError::Protocol)
}

async fn connect(config: &UpstreamConfig) -> Result<Upstream, UpstreamError> {
    let parameters = [
        ("application_name", "tollgate catalog"),
        ("search_path", ""),
        ("client_encoding", "UTF8"),
        ("default_transaction_read_only", "on"),
        ("statement_timeout", "60000"),
        // Nobody is waited for: a session that holds a lock may be waiting for us.
        ("lock_timeout", "2000"),
    ];
    let parameters = parameters.map(|(k, v)| (k.to_owned(), v.to_owned()));
    upstream::connect(config, &parameters).await
}
