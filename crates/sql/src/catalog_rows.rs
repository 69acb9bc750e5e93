//! The catalog as a server tells it: what to ask, and what the answers come to.
//!
//! Owns: the queries over `pg_catalog` and the reading of their rows. Whoever has a connection asks [`QUERIES`], in order and
//! in one snapshot, on a session prepared by [`SESSION`], and hands the rows to [`build`]. Refuses: to ask a server itself,
//! and to touch a row of the users' tables.

use crate::bodies::{Body, Inside};
use crate::catalog::{Catalog, CatalogBuilder, CatalogColumn, Function, Relation, RelationKind};
use crate::facts::Volatility;

/// A row of an answer, each cell as text; None for NULL.
pub type Row = Vec<Option<String>>;

/// What the session that asks must have run: with an empty search_path, definitions come with every name spelled out.
pub const SESSION: &str = "SET search_path = ''";

/// What is asked: a name for the answer, and the query.
pub const QUERIES: [(&str, &str); 6] = [
    ("relations", RELATIONS),
    ("columns", COLUMNS),
    ("functions", FUNCTIONS),
    ("operators", OPERATORS),
    ("generated", GENERATED),
    ("bodies", BODIES),
];

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
/// What functions of the users' are made of: language, text, whether it was parsed when it was defined, settings; of an aggregate
/// the functions that it runs.
const BODIES: &str = "SELECT p.oid, CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE l.lanname END, \
     COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN p.prosrc END), \
     p.prosqlbody IS NOT NULL, pg_catalog.array_to_string(p.proconfig, pg_catalog.chr(10)), \
     (SELECT pg_catalog.string_agg(f::pg_catalog.text, ',') FROM pg_catalog.unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, \
     a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::pg_catalog.oid[]) AS f WHERE f <> 0), \
     pg_catalog.pg_get_expr(p.proargdefaults, 0) \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
     LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid WHERE p.oid >= 16384 ORDER BY p.oid";
/// The catalog of these answers, one for each of [`QUERIES`] in its order; None where they are not what was asked for.
pub fn build(generation: u64, answers: Vec<Vec<Row>>) -> Option<Catalog> {
    builder(generation, answers).map(CatalogBuilder::build)
}

/// The same, for more to be added.
pub fn builder(generation: u64, answers: Vec<Vec<Row>>) -> Option<CatalogBuilder> {
    let [relations, columns, functions, operators, generated, bodies] = answers.try_into().ok()?;
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
    for mut row in bodies {
        let oid = text(&mut row, 0)?.parse().ok()?;
        let language = text(&mut row, 1)?;
        let source = text(&mut row, 2);
        let parsed = text(&mut row, 3).as_deref() == Some("t");
        let settings = text(&mut row, 4).unwrap_or_default();
        let parts = text(&mut row, 5).unwrap_or_default();
        let body = match (language.as_str(), source) {
            ("sql", Some(text)) if parsed => Body::Parsed(text),
            ("sql", Some(text)) => Body::Sql(text),
            ("plpgsql", Some(text)) => Body::Plpgsql(text),
            ("c", _) => Body::C,
            ("internal", _) => Body::Internal,
            ("aggregate", _) => Body::Aggregate(
                parts
                    .split(',')
                    .map(|part| part.parse().ok())
                    .collect::<Option<_>>()?,
            ),
            _ => continue,
        };
        let settings = settings.lines().map(str::to_owned).collect();
        let defaults = text(&mut row, 6);
        builder.inside(
            oid,
            Inside {
                body,
                settings,
                defaults,
            },
        );
    }
    Some(builder)
}

fn text(row: &mut Row, at: usize) -> Option<String> {
    row.get_mut(at)?.take()
}
