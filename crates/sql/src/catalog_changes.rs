//! What may have changed in a server's definitions since they were read.
//!
//! Owns: the query that looks for row versions of the catalogue that are newer than a snapshot, and what they come to.
//! Refuses: to take silence for sameness: what it cannot tell has changed.
//!
//! Each definition that is committed leaves row versions whose `xmin` was not visible before, so it is no older than the oldest
//! transaction that ran then (PostgreSQL manual, 5.5 and 9.27.10); or, where rows are only deleted, fewer rows.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, RelationKind};
use crate::catalog_rows::Row;

/// A snapshot, as text: equal ones see the same rows. A standby does not tell which transactions were running, so there no two
/// are equal.
pub const SNAPSHOT: &str = "SELECT pg_catalog.concat(pg_catalog.pg_current_snapshot(), ':', \
     CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.clock_timestamp() END)";

/// What is looked at: a name for it, the table, the column that says whose row it is, and which rows count.
const PARTS: [(&str, &str, &str, &str); 20] = [
    ("relations", "pg_class", "oid", "true"),
    ("columns", "pg_attribute", "attrelid", "true"),
    ("parents", "pg_inherits", "inhrelid", "true"),
    ("triggers", "pg_trigger", "tgrelid", "true"),
    ("rules", "pg_rewrite", "ev_class", "true"),
    ("defaults", "pg_attrdef", "adrelid", "true"),
    ("schemas", "pg_namespace", "oid", "true"),
    ("functions", "pg_proc", "oid", "true"),
    (
        "aggregates",
        "pg_aggregate",
        "aggfnoid::pg_catalog.oid",
        "true",
    ),
    ("languages", "pg_language", "oid", "true"),
    ("composites", "pg_class", "oid", "relkind = 'c'"),
    // The row types of tables, and arrays of anything, come and go with what they are of.
    (
        "types",
        "pg_type",
        "oid",
        "typtype <> 'c' AND typcategory <> 'A'",
    ),
    // What views speak of by name, row types and arrays too.
    ("all types", "pg_type", "oid", "true"),
    ("collations", "pg_collation", "oid", "true"),
    ("text searches", "pg_ts_config", "oid", "true"),
    // Who may use a schema decides what names mean.
    ("members", "pg_auth_members", "member", "true"),
    ("ranges", "pg_range", "rngtypid", "true"),
    ("checks", "pg_constraint", "contypid", "contypid <> 0"),
    ("operators", "pg_operator", "oid", "true"),
    ("casts", "pg_cast", "oid", "true"),
];

/// More changed relations than this, and all of them are asked for.
const MAX_NAMED: usize = 2_000;

/// Who asks for what is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A transaction that has changed nothing itself.
    Reader,
    /// One that may have. What its subtransactions wrote has numbers beyond its own, to which `age` counts.
    Writer,
}

/// The query for what is newer than what a snapshot saw: a row for each table of the catalogue. None is a snapshot's text
/// that is none.
pub fn query_since(snapshot: &str, asker: Asker) -> Option<String> {
    let oldest: u64 = snapshot.split(':').next()?.parse().ok()?;
    // As `xmin` has it; the first numbers are none of transactions, and older than any.
    let oldest = (oldest % (1 << 32)).max(3);
    // What was frozen long ago can seem to be of the future: of ages below zero only those count that can be true.
    let future = match asker {
        Asker::Reader => 0,
        Asker::Writer => -(1 << 30),
    };
    let newer = format!(
        "pg_catalog.age(xmin) BETWEEN {future} AND (SELECT pg_catalog.age('{oldest}'::pg_catalog.xid))"
    );
    let parts = PARTS.map(|(name, table, key, which)| {
        // Columns are counted with their relations.
        let count = match name {
            "columns" => "0".to_owned(),
            _ => format!("(SELECT pg_catalog.count(*) FROM pg_catalog.{table} WHERE {which})"),
        };
        format!(
            "SELECT '{name}', {count}, pg_catalog.string_agg(DISTINCT ({key})::pg_catalog.text, ' '), \
             pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat(ctid, ':', xmin), ' ' ORDER BY ctid)) \
             FROM pg_catalog.{table} WHERE {which} AND {newer}"
        )
    });
    Some(parts.join(" UNION ALL "))
}

/// An answer to [`query_since`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse(Vec<Row>);

/// What has to be asked again.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Relations whose columns may be others; None is all.
    pub(crate) relations: Option<BTreeSet<u32>>,
    /// What views that may be others are made of, or the views themselves; None is everything.
    touched: Option<BTreeSet<u32>>,
    /// Schemas, or who may use them.
    pub(crate) schemas: bool,
    /// Any types.
    row_types: bool,
    /// Generated columns.
    pub(crate) generated: bool,
    /// Functions.
    pub(crate) functions: bool,
    /// Types, operators, casts.
    types: bool,
}

impl Pulse {
    /// The rows of an answer.
    pub fn read(rows: Vec<Row>) -> Option<Pulse> {
        let whole = rows.len() == PARTS.len() && rows.iter().all(|row| row.len() == 4);
        whole.then_some(Pulse(rows))
    }

    fn part(&self, name: &str) -> Option<&Row> {
        let at = PARTS.iter().position(|(part, ..)| *part == name)?;
        self.0.get(at)
    }

    /// What is newer in a part: None where that is not said.
    fn newer(&self, name: &str) -> Option<Vec<u32>> {
        let oids = self.part(name)?.get(2)?.as_deref().unwrap_or_default();
        let all = oids.split_ascii_whitespace();
        all.map(|oid| oid.parse().ok()).collect()
    }

    /// Whether a part has newer rows, or fewer or more.
    fn moved(&self, before: &Pulse, name: &str) -> bool {
        let count = |pulse: &Pulse| pulse.part(name).and_then(|row| row.get(1).cloned());
        count(self) != count(before) || self.newer(name).is_none_or(|newer| !newer.is_empty())
    }

    /// What may have changed since `before` was answered; None where nothing has.
    pub fn changes_since(&self, before: &Pulse) -> Option<Changes> {
        if self == before || !PARTS.iter().any(|(name, ..)| self.moved(before, name)) {
            return None;
        }
        let moved = |names: &[&str]| names.iter().any(|name| self.moved(before, name));
        // A schema's name is in every text that speaks of what is in it.
        let renamed = moved(&["schemas"]);
        let union = |names: &[&str]| {
            let mut all = BTreeSet::new();
            for name in names {
                all.extend(self.newer(name)?);
            }
            (!renamed && all.len() <= MAX_NAMED).then_some(all)
        };
        Some(Changes {
            relations: union(&["relations", "columns"]),
            // The server keeps no note of every type that an expression names.
            touched: match moved(&["types", "composites"]) {
                true => None,
                false => union(&[
                    "relations",
                    "columns",
                    "rules",
                    "functions",
                    "all types",
                    "operators",
                    "collations",
                    "text searches",
                ]),
            },
            schemas: moved(&["schemas", "members"]),
            row_types: moved(&["all types"]),
            generated: moved(&["defaults"]),
            functions: renamed || moved(&["functions", "aggregates", "languages"]),
            types: moved(&[
                "schemas",
                "functions",
                "composites",
                "types",
                "ranges",
                "checks",
                "operators",
                "casts",
            ]),
        })
    }
}

impl Changes {
    /// Everything.
    pub fn all() -> Changes {
        Changes {
            relations: None,
            touched: None,
            schemas: true,
            row_types: true,
            generated: true,
            functions: true,
            types: true,
        }
    }

    /// Nothing but what could not be told before.
    pub fn only_untold() -> Changes {
        Changes {
            relations: Some(BTreeSet::new()),
            touched: Some(BTreeSet::new()),
            schemas: false,
            row_types: false,
            generated: false,
            functions: false,
            types: false,
        }
    }

    /// Whether types may be others: composite types have columns, too.
    pub(crate) fn types(&self, before: &Catalog) -> bool {
        let composite = |oid: &u32| {
            let known = before.relation_by_oid(*oid);
            known.is_some_and(|r| r.kind == RelationKind::Composite)
        };
        let changed = self.relations.as_ref();
        let cast = self.row_types && before.has_casts();
        self.types || cast || changed.is_none_or(|changed| changed.iter().any(composite))
    }

    /// The condition on a relation `c` for being a view whose text may be another; empty where all may be.
    pub(crate) fn views(&self, before: &Catalog) -> String {
        let Some(touched) = &self.touched else {
            return String::new();
        };
        let untold = before.relations().iter().filter(|r| r.is_untold());
        let own = array(untold.map(|r| r.oid).chain(touched.iter().copied()));
        let below = array(touched.iter().copied());
        format!(
            "AND (c.oid = ANY ({own}) OR c.oid IN (SELECT r.ev_class FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
             AND d.refobjid = ANY ({below})))"
        )
    }

    /// The condition on a column of a relation for having perhaps changed; empty where any may have.
    pub(crate) fn among(&self, column: &str) -> String {
        match &self.relations {
            None => String::new(),
            Some(oids) => format!("AND {column} = ANY ({})", array(oids.iter().copied())),
        }
    }
}

/// OIDs as an array.
fn array(oids: impl Iterator<Item = u32>) -> String {
    let all: Vec<String> = oids.map(|oid| oid.to_string()).collect();
    format!("'{{{}}}'::pg_catalog.oid[]", all.join(","))
}
