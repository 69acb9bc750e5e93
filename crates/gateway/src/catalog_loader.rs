//! Reads a server's definitions.
//!
//! Owns: the queries over `pg_catalog` and the one connection they run on, read-only and with an empty search_path, so
//! that view definitions come with every name spelled out. Refuses: to touch a row of the users' tables.

use std::hash::{DefaultHasher, Hash, Hasher};

use sql::catalog::{Catalog, CatalogBuilder, CatalogColumn, Function, Relation, RelationKind};
use sql::facts::Volatility;

use crate::config::UpstreamConfig;
use crate::upstream::{self, Upstream, UpstreamError};

/// OIDs below this belong to the server itself (`FirstNormalObjectId`).
const FIRST_NORMAL_OID: u32 = 16384;

const RELATIONS: &str = "SELECT c.oid, n.nspname, c.relname, c.relkind, \
     CASE WHEN c.relkind IN ('v','m') AND c.oid >= 16384 THEN pg_catalog.pg_get_viewdef(c.oid) END, \
     (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.text, ',') FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid), \
     (c.relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)) \
     OR (c.relhasrules AND c.relkind NOT IN ('v','m')) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind <> 't' ORDER BY c.oid";
const COLUMNS: &str = "SELECT a.attrelid, a.attname, a.attnum, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod) \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i','I','t') ORDER BY a.attrelid, a.attnum";
const FUNCTIONS: &str = "SELECT p.oid, n.nspname, p.proname, p.provolatile \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace ORDER BY p.oid";
/// Operators, and casts, that run a function of the user's. What is written in C, or names one of the server's own
/// functions, only a superuser can have made: extensions; with the server's word that it looks at no table (immutable; stable
/// only in C) it counts as the server's own. Anything else could do anything.
const OPERATORS: &str = "SELECT 'operator', o.oprname FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode \
     WHERE o.oid >= 16384 AND NOT (p.provolatile = 'i' AND p.prolang IN (12, 13) OR p.provolatile = 's' AND p.prolang = 13) \
     UNION SELECT 'cast', t.typname FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc \
     JOIN pg_catalog.pg_type t ON t.oid = c.casttarget \
     WHERE c.oid >= 16384 AND NOT (p.provolatile = 'i' AND p.prolang IN (12, 13) OR p.provolatile = 's' AND p.prolang = 13) ORDER BY 1, 2";
/// A generated column shows what it is computed from.
const GENERATED: &str = "SELECT d.adrelid, d.adnum, p.refobjsubid FROM pg_catalog.pg_attrdef d \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated <> '' \
     JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid \
     AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = d.adrelid \
     AND p.refobjsubid > 0 AND p.refobjsubid <> d.adnum ORDER BY 1, 2, 3";
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
        let mut answers = Vec::new();
        for text in [RELATIONS, COLUMNS, FUNCTIONS, OPERATORS, GENERATED] {
            let rows = self.rows(config, text).await?;
            rows.hash(&mut hasher);
            answers.push(rows);
        }
        let digest = hasher.finish();
        if self.digest == Some(digest) {
            return Ok(None);
        }
        let (generated, operators) = (answers.pop(), answers.pop());
        let (functions, columns, relations) = (answers.pop(), answers.pop(), answers.pop());
        let catalog = build(
            self.generation + 1,
            relations.unwrap_or_default(),
            columns.unwrap_or_default(),
            functions.unwrap_or_default(),
            operators.unwrap_or_default(),
            generated.unwrap_or_default(),
        )
        .ok_or(UpstreamError::Protocol)?;
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

type Row = Vec<Option<String>>;

fn text(row: &mut Row, at: usize) -> Option<String> {
    row.get_mut(at)?.take()
}

fn build(
    generation: u64,
    relations: Vec<Row>,
    columns: Vec<Row>,
    functions: Vec<Row>,
    operators: Vec<Row>,
    generated: Vec<Row>,
) -> Option<Catalog> {
    let mut builder = CatalogBuilder::new(generation);
    let mut columns = columns.into_iter().peekable();
    for mut row in relations {
        let oid: u32 = text(&mut row, 0)?.parse().ok()?;
        let mut own = Vec::new();
        while let Some(mut column) = columns.next_if(
            |c| matches!(c.first(), Some(Some(o)) if o.parse::<u32>().is_ok_and(|o| o <= oid)),
        ) {
            if text(&mut column, 0)?.parse::<u32>().ok()? == oid {
                own.push(CatalogColumn {
                    name: text(&mut column, 1)?,
                    number: text(&mut column, 2)?.parse().ok()?,
                    type_oid: text(&mut column, 3)?.parse().ok()?,
                    type_name: text(&mut column, 4)?,
                });
            }
        }
        builder.relation(Relation {
            oid,
            schema: text(&mut row, 1)?,
            name: text(&mut row, 2)?,
            kind: match text(&mut row, 3)?.as_str() {
                "v" => RelationKind::View,
                "m" => RelationKind::MaterializedView,
                "S" => RelationKind::Sequence,
                "i" | "I" => RelationKind::Index,
                "c" => RelationKind::Composite,
                _ => RelationKind::Table,
            },
            columns: own,
            definition: text(&mut row, 4),
            parents: text(&mut row, 5)
                .unwrap_or_default()
                .split(',')
                .filter_map(|p| p.parse().ok())
                .collect(),
            has_triggers: text(&mut row, 6).as_deref() == Some("t"),
        });
    }
    for mut row in functions {
        let oid: u32 = text(&mut row, 0)?.parse().ok()?;
        let schema = text(&mut row, 1)?;
        builder.function(Function {
            oid,
            builtin: oid < FIRST_NORMAL_OID && schema == "pg_catalog",
            schema,
            name: text(&mut row, 2)?,
            volatility: match text(&mut row, 3)?.as_str() {
                "i" => Volatility::Immutable,
                "s" => Volatility::Stable,
                "v" => Volatility::Volatile,
                _ => Volatility::Unknown,
            },
        });
    }
    for mut row in operators {
        let kind = text(&mut row, 0)?;
        let name = text(&mut row, 1)?;
        match kind.as_str() {
            "operator" => builder.operator(name),
            _ => builder.cast_to(name),
        }
    }
    for mut row in generated {
        let relation = text(&mut row, 0)?.parse().ok()?;
        builder.generated(
            relation,
            text(&mut row, 1)?.parse().ok()?,
            text(&mut row, 2)?.parse().ok()?,
        );
    }
    Some(builder.build())
}
