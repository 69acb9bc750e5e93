//! The catalog as a server tells it: what to ask, and what the answers come to.
//!
//! Owns: the queries over `pg_catalog` and the reading of their rows. Whoever has a connection asks [`QUERIES`], in order and
//! in one snapshot, on a session prepared by [`SESSION`], and hands the rows to [`build`]; or, where an earlier catalog is at
//! hand, asks for what has [changed](Changes) since. Refuses: to ask a server itself, to touch a row of the users' tables, and to
//! wait for anybody's lock.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::bodies::{Body, Inside};
use crate::catalog::{
    Catalog, CatalogBuilder, CatalogColumn, Function, Relation, RelationKind, RoutineKind,
};
use crate::catalog_changes::Changes;
use crate::facts::Volatility;
use crate::functions::{self, Effect};
use crate::types::{Cast, CastContext, FIRST_NORMAL_OID, Operator, Type};

/// A row of an answer, each cell as text; None for NULL.
pub type Row = Vec<Option<String>>;

/// What the session that asks must have run: with an empty search_path, definitions come with every name spelled out.
pub const SESSION: &str = "SET search_path = ''";

/// What is asked: a name for the answer, and the query.
pub const QUERIES: [(&str, &str); 9] = [
    ("relations", RELATIONS),
    ("columns", COLUMNS),
    ("definitions", DEFINITIONS),
    ("functions", FUNCTIONS),
    ("types", TYPES),
    ("operators", OPERATORS),
    ("casts", CASTS),
    ("generated", GENERATED),
    ("bodies", BODIES),
];

/// The same, but only what may be otherwise than in `before`; None where its part of `before` still holds.
/// `blindly` asks for no view's text, and leaves those untold that it would ask for.
pub fn queries_since(before: &Catalog, changes: &Changes, blindly: bool) -> Vec<Option<String>> {
    let narrowed = QUERIES.iter().map(|(name, text)| {
        let only = match *name {
            "columns" => changes.among("a.attrelid"),
            "definitions" => changes.views(before),
            "functions" if !changes.functions => return None,
            "generated" if !changes.generated => return None,
            "types" | "operators" | "casts" if !changes.types(before) => return None,
            _ => String::new(),
        };
        let text = text.replace(ONLY, &only);
        Some(match blindly {
            true => text.replace("pg_catalog.pg_get_viewdef(c.oid)", "NULL"),
            false => text,
        })
    });
    narrowed.collect()
}

/// Where a query takes a further condition: a comment to the server.
const ONLY: &str = "/* only */";

/// Relations that somebody else has locked against everyone, or waits to (PostgreSQL manual, 13.3.1). To tell a query that it has
/// parsed, the server locks what that reads, and so waits behind them until a transaction ends; whose owner may be waiting for
/// this very answer.
macro_rules! locked {
    () => {
        "WITH locked AS MATERIALIZED (SELECT l.relation AS oid FROM pg_catalog.pg_locks l \
         WHERE l.mode = 'AccessExclusiveLock' AND l.relation IS NOT NULL AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
         AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())) "
    };
}

const RELATIONS: &str = "SELECT c.oid, n.nspname, c.relname, c.relkind, i.parents, \
     (c.relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)) \
     OR (c.relhasrules AND c.relkind NOT IN ('v','m')), c.reltype \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN (SELECT inhrelid, pg_catalog.string_agg(inhparent::pg_catalog.text, ',') AS parents FROM pg_catalog.pg_inherits GROUP BY inhrelid) i \
     ON i.inhrelid = c.oid WHERE c.relkind <> 't' ORDER BY c.oid";
const COLUMNS: &str = "SELECT a.attrelid, a.attname, a.attnum, a.atttypid \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind NOT IN ('i','I','t') /* only */ ORDER BY a.attrelid, a.attnum";
/// What views are (one that is gone by now is not visible, nor invisible); nothing of one that nobody can be told of right now.
const DEFINITIONS: &str = concat!(
    locked!(),
    "SELECT c.oid, CASE WHEN pg_catalog.pg_table_is_visible(c.oid) IS NOT NULL AND c.oid NOT IN (SELECT oid FROM locked) \
     AND c.oid NOT IN (SELECT r.ev_class FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid \
     WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass \
     AND d.refobjid IN (SELECT oid FROM locked)) THEN pg_catalog.pg_get_viewdef(c.oid) END FROM pg_catalog.pg_class c \
     WHERE c.relkind IN ('v','m') AND c.oid >= 16384 /* only */ ORDER BY c.oid"
);
const FUNCTIONS: &str = "SELECT p.oid, n.nspname, p.proname, p.provolatile, p.prokind, p.proargtypes, p.pronargdefaults, \
     p.provariadic <> 0, p.prorettype, p.prosecdef, CASE WHEN p.oid >= 16384 THEN pg_catalog.pg_get_userbyid(p.proowner) END, \
     CASE WHEN p.oid >= 16384 THEN pg_catalog.array_to_string(p.proallargtypes, ' ') END, p.proretset \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace ORDER BY p.oid";
/// Types of the users', but the row types of tables, and of arrays of these only such as others are made of. What a check runs is read off the tree that the server keeps of it, which
/// names each function by its OID, also those of the server's own that leave no dependency; a check that makes a value of another
/// type may run that one's.
const TYPES: &str = "SELECT t.oid, t.typname, t.typtype, t.typelem, t.typbasetype, \
     (SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid), \
     (SELECT pg_catalog.string_agg(a.atttypid::pg_catalog.text, ' ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), \
     EXISTS (SELECT FROM pg_catalog.pg_constraint k CROSS JOIN LATERAL \
     pg_catalog.regexp_matches(k.conbin::pg_catalog.text, ':(?:op)?funcid ([0-9]+)', 'g') AS m(part) \
     JOIN pg_catalog.pg_proc p ON p.oid = m.part[1]::pg_catalog.oid WHERE k.contypid = t.oid AND p.oid >= 16384 \
     AND NOT (p.provolatile = 'i' AND p.prolang IN (12, 13) OR p.provolatile = 's' AND p.prolang = 13)) \
     OR EXISTS (SELECT FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_depend d ON d.objid = k.oid \
     AND d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass \
     JOIN pg_catalog.pg_type u ON u.oid = d.refobjid WHERE k.contypid = t.oid AND u.oid <> t.oid \
     AND (u.typtype IN ('c', 'd') OR u.typcategory = 'A')), \
     (SELECT pg_catalog.string_agg(DISTINCT m.part[1], ' ') FROM pg_catalog.pg_constraint k CROSS JOIN LATERAL \
     pg_catalog.regexp_matches(k.conbin::pg_catalog.text, ':(?:op)?funcid ([0-9]+)', 'g') AS m(part) \
     WHERE k.contypid = t.oid AND m.part[1]::pg_catalog.oid < 16384) \
     FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem LEFT JOIN pg_catalog.pg_class ec ON ec.oid = e.typrelid \
     WHERE t.oid >= 16384 AND (c.oid IS NULL OR c.relkind = 'c') AND (ec.oid IS NULL OR ec.relkind = 'c' \
     OR t.oid IN (SELECT u.typbasetype FROM pg_catalog.pg_type u) OR t.oid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute a \
     JOIN pg_catalog.pg_class ac ON ac.oid = a.attrelid WHERE ac.relkind = 'c')) ORDER BY t.oid";
/// Operators of the users', and whether they run a function that could do anything. What is written in C, or names one of the
/// server's own functions, only a superuser can have made: extensions; with the server's word that it looks at no table (immutable;
/// stable only in C) it counts as the server's own.
const OPERATORS: &str = "SELECT o.oprname, o.oprleft, o.oprright, o.oprresult, \
     NOT (p.provolatile = 'i' AND p.prolang IN (12, 13) OR p.provolatile = 's' AND p.prolang = 13) \
     FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode WHERE o.oid >= 16384 ORDER BY o.oid";
/// Casts, in the same way; those without a function change a value's type all the same.
const CASTS: &str = "SELECT c.castsource, c.casttarget, t.typname, c.castcontext, \
     coalesce(NOT (p.provolatile = 'i' AND p.prolang IN (12, 13) OR p.provolatile = 's' AND p.prolang = 13), c.castfunc <> 0) \
     FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_type t ON t.oid = c.casttarget \
     LEFT JOIN pg_catalog.pg_proc p ON p.oid = c.castfunc WHERE c.oid >= 16384 ORDER BY c.oid";
/// A generated column shows what it is computed from.
const GENERATED: &str = "SELECT d.adrelid, d.adnum, p.refobjsubid FROM pg_catalog.pg_attrdef d \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated <> '' \
     JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid \
     AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = d.adrelid \
     AND p.refobjsubid > 0 AND p.refobjsubid <> d.adnum ORDER BY 1, 2, 3";
/// What functions of the users' are made of: language, text (none where nobody can be told right now), whether it was parsed
/// when it was defined, settings; of an aggregate the functions that it runs.
const BODIES: &str = concat!(
    locked!(),
    "SELECT p.oid, CASE WHEN p.prokind = 'a' THEN 'aggregate' ELSE l.lanname END, \
     CASE WHEN p.prosqlbody IS NULL THEN CASE WHEN l.lanname IN ('sql', 'plpgsql', 'c', 'internal') THEN p.prosrc END \
     WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid \
     AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid IN (SELECT oid FROM locked)) \
     THEN pg_catalog.pg_get_function_sqlbody(p.oid) END, \
     p.prosqlbody IS NOT NULL, pg_catalog.array_to_string(p.proconfig, pg_catalog.chr(10)), \
     (SELECT pg_catalog.string_agg(f::pg_catalog.text, ',') FROM pg_catalog.unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, \
     a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::pg_catalog.oid[]) AS f WHERE f <> 0), \
     pg_catalog.pg_get_expr(p.proargdefaults, 0) \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
     LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid WHERE p.oid >= 16384 ORDER BY p.oid"
);

/// The catalog of these answers, one for each of [`QUERIES`] in its order; None where they are not what was asked for.
pub fn build(generation: u64, answers: Vec<Vec<Row>>) -> Option<Catalog> {
    builder(generation, answers).map(CatalogBuilder::build)
}

/// The same, for more to be added.
pub fn builder(generation: u64, answers: Vec<Vec<Row>>) -> Option<CatalogBuilder> {
    let answers = answers.into_iter().map(Some).collect();
    put_together(generation, answers, &Catalog::default(), &Changes::all())
}

/// The catalog of the answers to [`queries_since`], in their order, and of what has not changed since `before`.
pub fn build_since(
    before: &Catalog,
    changes: &Changes,
    generation: u64,
    answers: Vec<Option<Vec<Row>>>,
) -> Option<Catalog> {
    put_together(generation, answers, before, changes).map(CatalogBuilder::build)
}

fn put_together(
    generation: u64,
    answers: Vec<Option<Vec<Row>>>,
    before: &Catalog,
    changes: &Changes,
) -> Option<CatalogBuilder> {
    let [
        relations,
        columns,
        definitions,
        functions,
        types,
        operators,
        casts,
        generated,
        bodies,
    ] = answers.try_into().ok()?;
    let mut builder = CatalogBuilder::new(generation);
    builder.schema_generation(before.schema_generation() + u64::from(changes.schemas));
    let parts = Parts {
        columns: columns_of(columns?)?,
        definitions: definitions_of(definitions?)?,
    };
    for row in relations? {
        builder.relation(relation(row, &parts, before, changes)?);
    }
    match functions {
        Some(rows) => {
            for row in rows {
                builder.function(function(row)?);
            }
        }
        None => builder.keep_functions(before),
    }
    match (types, operators, casts) {
        (Some(types), Some(operators), Some(casts)) => {
            add_types(&mut builder, types, operators, casts)?;
        }
        _ => builder.keep_types(before),
    }
    for row in bodies? {
        add_inside(&mut builder, row)?;
    }
    match generated {
        Some(rows) => {
            for mut row in rows {
                builder.generated(
                    number(&mut row, 0)?,
                    number(&mut row, 1)?,
                    number(&mut row, 2)?,
                );
            }
        }
        None => builder.keep_generated(before),
    }
    Some(builder)
}

fn add_types(
    builder: &mut CatalogBuilder,
    types: Vec<Row>,
    operators: Vec<Row>,
    casts: Vec<Row>,
) -> Option<()> {
    for row in types {
        let one = user_type(row, builder)?;
        builder.user_type(one);
    }
    for mut row in operators {
        builder.user_operator(Operator {
            name: text(&mut row, 0)?,
            operands: [number(&mut row, 1)?, number(&mut row, 2)?],
            result: number(&mut row, 3)?,
            opaque: truth(&mut row, 4)?,
        });
    }
    for mut row in casts {
        builder.user_cast(Cast {
            source: number(&mut row, 0)?,
            target: number(&mut row, 1)?,
            name: text(&mut row, 2)?,
            context: match text(&mut row, 3)?.as_str() {
                "e" => CastContext::Explicit,
                "a" => CastContext::Assignment,
                _ => CastContext::Implicit,
            },
            opaque: truth(&mut row, 4)?,
        });
    }
    Some(())
}

/// What relations are made of, as far as it was asked for.
struct Parts {
    columns: HashMap<u32, Arc<[CatalogColumn]>>,
    definitions: HashMap<u32, Option<Arc<str>>>,
}

fn columns_of(rows: Vec<Row>) -> Option<HashMap<u32, Arc<[CatalogColumn]>>> {
    let mut columns: HashMap<u32, Vec<CatalogColumn>> = HashMap::new();
    for mut row in rows {
        let oid = number(&mut row, 0)?;
        columns.entry(oid).or_default().push(CatalogColumn {
            name: text(&mut row, 1)?,
            number: number(&mut row, 2)?,
            type_oid: number(&mut row, 3)?,
        });
    }
    Some(columns.into_iter().map(|(k, v)| (k, v.into())).collect())
}

fn definitions_of(rows: Vec<Row>) -> Option<HashMap<u32, Option<Arc<str>>>> {
    let definition = |mut row: Row| Some((number(&mut row, 0)?, text(&mut row, 1).map(Into::into)));
    rows.into_iter().map(definition).collect()
}

/// A relation, with what it was made of before where that was not asked for again.
fn relation(mut row: Row, parts: &Parts, before: &Catalog, changes: &Changes) -> Option<Relation> {
    let oid: u32 = number(&mut row, 0)?;
    let known = before.relation_by_oid(oid);
    let same = |changed: &BTreeSet<u32>| !changed.contains(&oid);
    let kept = known.filter(|_| changes.relations.as_ref().is_some_and(same));
    Some(Relation {
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
        columns: match kept {
            Some(known) => Arc::clone(&known.columns),
            None => parts.columns.get(&oid).cloned().unwrap_or_default(),
        },
        definition: match (parts.definitions.get(&oid), known) {
            (Some(told), _) => told.clone(),
            (None, known) => known.and_then(|k| k.definition.clone()),
        },
        parents: text(&mut row, 4)
            .unwrap_or_default()
            .split(',')
            .filter_map(|p| p.parse().ok())
            .collect(),
        has_triggers: truth(&mut row, 5)?,
        row_type: number(&mut row, 6)?,
    })
}

/// A function.
fn function(mut row: Row) -> Option<Function> {
    let oid: u32 = number(&mut row, 0)?;
    let schema = text(&mut row, 1)?;
    Some(Function {
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
        kind: match text(&mut row, 4)?.as_str() {
            "p" => RoutineKind::Procedure,
            "a" => RoutineKind::Aggregate,
            "w" => RoutineKind::Window,
            _ => RoutineKind::Function,
        },
        arguments: numbers(&text(&mut row, 5)?)?,
        defaults: number(&mut row, 6)?,
        variadic: truth(&mut row, 7)?,
        result: number(&mut row, 8)?,
        security_definer: truth(&mut row, 9)?,
        owner: text(&mut row, 10).unwrap_or_default(),
        given: numbers(&text(&mut row, 11).unwrap_or_default())?,
        rows: truth(&mut row, 12)?,
    })
}

/// What a function is made of, where anybody could look into it.
fn add_inside(builder: &mut CatalogBuilder, mut row: Row) -> Option<()> {
    let oid = text(&mut row, 0)?.parse().ok()?;
    let language = text(&mut row, 1)?;
    let source = text(&mut row, 2);
    let parsed = text(&mut row, 3).as_deref() == Some("t");
    let settings = text(&mut row, 4).unwrap_or_default();
    let parts = text(&mut row, 5).unwrap_or_default();
    if parsed && source.is_none() {
        builder.is_incomplete();
    }
    let body = match (language.as_str(), source) {
        ("sql", Some(text)) if parsed => Body::Parsed(text),
        ("sql", Some(text)) => Body::Sql(text),
        ("plpgsql", Some(text)) => Body::Plpgsql(text),
        ("c", Some(symbol)) => Body::C(symbol),
        ("internal", Some(symbol)) => Body::Internal(symbol),
        ("aggregate", _) => Body::Aggregate(
            parts
                .split(',')
                .map(|part| part.parse().ok())
                .collect::<Option<_>>()?,
        ),
        _ => return Some(()),
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
    Some(())
}

/// A type of the users'.
fn user_type(mut row: Row, builder: &CatalogBuilder) -> Option<Type> {
    let oid = number(&mut row, 0)?;
    let name = text(&mut row, 1)?;
    let kind = text(&mut row, 2)?;
    let mut parts = vec![number(&mut row, 3)?, number(&mut row, 4)?];
    parts.extend(numbers(&text(&mut row, 5).unwrap_or_default())?);
    parts.extend(numbers(&text(&mut row, 6).unwrap_or_default())?);
    parts.retain(|oid| *oid != 0);
    Some(Type {
        oid,
        name,
        unasked: match kind.as_str() {
            "d" => parts.iter().all(|oid| *oid < FIRST_NORMAL_OID),
            // Multiranges say of what range they are only to servers that have them.
            "m" => true,
            _ => false,
        },
        domain: kind == "d",
        parts,
        checked: truth(&mut row, 7)?
            || numbers(&text(&mut row, 8).unwrap_or_default())?
                .iter()
                .any(|oid| builder.known(*oid).is_none_or(acts_in_a_check)),
    })
}

/// Whether one of the server's own functions does more in a check than look at a value: what builds JSON calls casts to it.
fn acts_in_a_check(function: &Function) -> bool {
    functions::effect(function) != Effect::Harmless
        || function.volatility != Volatility::Immutable && function.name.contains("json")
}

fn text(row: &mut Row, at: usize) -> Option<String> {
    row.get_mut(at)?.take()
}

fn number<N: std::str::FromStr>(row: &mut Row, at: usize) -> Option<N> {
    text(row, at)?.parse().ok()
}

fn truth(row: &mut Row, at: usize) -> Option<bool> {
    match text(row, at).as_deref() {
        Some("t") => Some(true),
        Some("f") | None => Some(false),
        Some(_) => None,
    }
}

/// Numbers parted by spaces.
fn numbers(list: &str) -> Option<Vec<u32>> {
    list.split_ascii_whitespace()
        .map(|n| n.parse().ok())
        .collect()
}
