//! Reads a server's definitions.
//!
//! Owns: the one connection that they are asked on, read-only and with an empty search_path, and the pulse. Refuses: to know
//! what the answers mean ([`sql::catalog_rows`] does).

use std::hash::{DefaultHasher, Hash, Hasher};

use sql::{Catalog, catalog_rows};

use crate::config::UpstreamConfig;
use crate::upstream::{self, Upstream, UpstreamError};

/// Differs whenever a definition was committed: each leaves row versions of a new transaction (PostgreSQL manual, 5.5,
/// `xmin`). A scan of some thousand rows of the catalogue.
const PULSE: &str = "SELECT pg_catalog.string_agg(x, ' ') FROM ( \
     SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) AS x FROM pg_catalog.pg_class \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_attribute \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_proc \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_rewrite \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_inherits \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_trigger \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_operator \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_cast \
     UNION ALL SELECT pg_catalog.concat(count(*), ':', sum(xmin::pg_catalog.text::pg_catalog.int8)) FROM pg_catalog.pg_namespace) AS p";

/// The loader of one database.
#[derive(Debug, Default)]
pub struct Loader {
    session: Option<Upstream>,
    generation: u64,
    digest: Option<u64>,
}

impl Loader {
    /// Loads everything; None where nothing has changed since the last time.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as expected.
    pub async fn load(
        &mut self,
        config: &UpstreamConfig,
    ) -> Result<Option<Catalog>, UpstreamError> {
        let mut hasher = DefaultHasher::new();
        let mut answers = Vec::with_capacity(catalog_rows::QUERIES.len());
        for (_, text) in catalog_rows::QUERIES {
            let rows = self.rows(config, text).await?;
            rows.hash(&mut hasher);
            answers.push(rows);
        }
        let digest = hasher.finish();
        if self.digest == Some(digest) {
            return Ok(None);
        }
        let catalog =
            catalog_rows::build(self.generation + 1, answers).ok_or(UpstreamError::Protocol)?;
        self.generation += 1;
        self.digest = Some(digest);
        Ok(Some(catalog))
    }

    /// A number that differs when a definition may have changed.
    ///
    /// # Errors
    /// As for [`Loader::load`].
    pub async fn pulse(&mut self, config: &UpstreamConfig) -> Result<String, UpstreamError> {
        let rows = self.rows(config, PULSE).await?;
        rows.into_iter()
            .next()
            .and_then(|row| row.into_iter().next().flatten())
            .ok_or(UpstreamError::Protocol)
    }

    /// A lost connection is opened again once.
    async fn rows(
        &mut self,
        config: &UpstreamConfig,
        text: &str,
    ) -> Result<Vec<Vec<Option<String>>>, UpstreamError> {
        if let Some(session) = &mut self.session {
            match upstream::rows(session, text).await {
                Ok(rows) => return Ok(rows),
                Err(_) => self.session = None,
            }
        }
        let parameters = [
            ("application_name", "tollgate catalog"),
            ("search_path", ""),
            ("client_encoding", "UTF8"),
            ("default_transaction_read_only", "on"),
            ("statement_timeout", "60000"),
        ];
        let parameters: Vec<(String, String)> = parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let mut session = upstream::connect(config, &parameters).await?;
        let rows = upstream::rows(&mut session, text).await?;
        self.session = Some(session);
        Ok(rows)
    }
}
