//! PostgreSQL's system catalogue, as far as psql and drivers ask for it: rows, and the names behind OIDs.
//!
//! Owns: what `\d`, `\l`, `\du`, `\df` see. Refuses: to invent. What the console does not have (indexes, triggers,
//! extensions) is an empty catalogue, as in a PostgreSQL without them.

use crate::cell::{Cell, TYPE_NAMES, TYPES, Ty};
use crate::name::{REPLAY_FUNCTION, shown};
use crate::relation::{self, Relation, Schema};

/// OID of the role that owns everything.
pub const OWNER: u32 = 10;
const FIRST_ROLE: u32 = 20_000;
const FIRST_DATABASE: u32 = 30_000;

/// What the catalogue shows that is not the same on every gateway.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Databases of the config.
    pub databases: Vec<String>,
    /// Accounts of the console, with their roles.
    pub accounts: Vec<(String, Vec<String>)>,
    /// Settings of the session, as SHOW gives them.
    pub settings: Vec<(String, String)>,
}

/// A row from named values; the rest are false, 0, '' or NULL by type.
fn row(relation: &Relation, values: &[(&str, Cell)]) -> Vec<Cell> {
    relation
        .columns
        .iter()
        .map(|column| {
            values
                .iter()
                .find(|(name, _)| *name == column.name)
                .map(|(_, cell)| cell.clone())
                .unwrap_or_else(|| match column.ty {
                    Ty::Bool | Ty::Int2 | Ty::Int4 | Ty::Oid | Ty::Regproc => Cell::Int(0),
                    Ty::Char => Cell::from(""),
                    _ => Cell::Null,
                })
        })
        .collect()
}

fn oid(value: u32) -> Cell {
    Cell::Int(i64::from(value))
}

fn position(index: usize) -> Cell {
    Cell::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

pub fn nth(first: u32, index: usize) -> u32 {
    first.saturating_add(u32::try_from(index).unwrap_or(0))
}

/// Rows of a relation of `pg_catalog` or `information_schema`.
pub fn rows(relation: &Relation, around: &Surroundings) -> Vec<Vec<Cell>> {
    let of = |values: Vec<Vec<(&str, Cell)>>| values.iter().map(|v| row(relation, v)).collect();
    match (relation.schema, relation.name) {
        (Schema::Catalog, "pg_class") => of(relation::all().iter().map(class_row).collect()),
        (Schema::Catalog, "pg_attribute") => {
            of(relation::all().iter().flat_map(attribute_rows).collect())
        }
        (Schema::Catalog, "pg_namespace") => {
            of([Schema::Catalog, Schema::Public, Schema::Information]
                .into_iter()
                .map(|s| {
                    vec![
                        ("oid", oid(s.oid())),
                        ("nspname", s.name().into()),
                        ("nspowner", oid(OWNER)),
                    ]
                })
                .collect())
        }
        (Schema::Catalog, "pg_type") => of(TYPES.iter().map(|(ty, ..)| type_row(*ty)).collect()),
        (Schema::Catalog, "pg_proc") => of(function_rows()),
        (Schema::Catalog, "pg_database") => of(database_rows(around)),
        (Schema::Catalog, "pg_roles") => of(role_rows(around)),
        (Schema::Catalog, "pg_auth_members") => of(member_rows(around)),
        (Schema::Catalog, "pg_description") => of(description_rows()),
        (Schema::Catalog, "pg_am") => of(vec![vec![
            ("oid", oid(2)),
            ("amname", "memory".into()),
            ("amtype", "t".into()),
        ]]),
        (Schema::Catalog, "pg_tablespace") => of(vec![vec![
            ("oid", oid(1663)),
            ("spcname", "pg_default".into()),
            ("spcowner", oid(OWNER)),
        ]]),
        (Schema::Catalog, "pg_language") => of(vec![vec![
            ("oid", oid(12)),
            ("lanname", "internal".into()),
            ("lanowner", oid(OWNER)),
        ]]),
        (Schema::Catalog, "pg_collation") => of(vec![vec![
            ("oid", oid(100)),
            ("collname", "default".into()),
            ("collnamespace", oid(Schema::Catalog.oid())),
            ("collprovider", "d".into()),
        ]]),
        (Schema::Catalog, "pg_settings") => of(around
            .settings
            .iter()
            .map(|(name, value)| {
                vec![
                    ("name", Cell::from(name.as_str())),
                    ("setting", value.as_str().into()),
                    ("context", "user".into()),
                    ("vartype", "string".into()),
                    ("source", "session".into()),
                ]
            })
            .collect()),
        (Schema::Information, "tables") => of(relation::all()
            .iter()
            .map(|r| {
                vec![
                    ("table_catalog", "tollgate".into()),
                    ("table_schema", r.schema.name().into()),
                    ("table_name", r.name.into()),
                    ("table_type", "BASE TABLE".into()),
                    ("is_insertable_into", "NO".into()),
                ]
            })
            .collect()),
        (Schema::Information, "columns") => of(relation::all()
            .iter()
            .flat_map(information_columns)
            .collect()),
        (Schema::Information, "schemata") => {
            of([Schema::Catalog, Schema::Public, Schema::Information]
                .into_iter()
                .map(|s| {
                    vec![
                        ("catalog_name", "tollgate".into()),
                        ("schema_name", s.name().into()),
                        ("schema_owner", "tollgate".into()),
                    ]
                })
                .collect())
        }
        // The rest are empty here: see the top of this file.
        (Schema::Catalog | Schema::Information | Schema::Public, _) => Vec::new(),
    }
}

type Named = Vec<(&'static str, Cell)>;

fn class_row(r: &Relation) -> Named {
    vec![
        ("oid", oid(r.oid)),
        ("relname", r.name.into()),
        ("relnamespace", oid(r.schema.oid())),
        ("relowner", oid(OWNER)),
        ("relam", oid(2)),
        ("relpersistence", "p".into()),
        ("relkind", "r".into()),
        ("relnatts", position(r.columns.len())),
        ("relispopulated", true.into()),
        (
            "relreplident",
            (if r.schema == Schema::Public { "d" } else { "n" }).into(),
        ),
        ("reltuples", Cell::Real(-1.0)),
    ]
}

fn attribute_rows(r: &Relation) -> Vec<Named> {
    r.columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            vec![
                ("attrelid", oid(r.oid)),
                ("attname", column.name.into()),
                ("atttypid", oid(column.ty.oid())),
                ("attstattarget", Cell::Int(-1)),
                ("attlen", Cell::Int(i64::from(column.ty.size()))),
                ("attnum", position(i + 1)),
                ("atttypmod", Cell::Int(-1)),
                (
                    "attstorage",
                    (if column.ty.size() < 0 { "x" } else { "p" }).into(),
                ),
                ("attislocal", true.into()),
                ("attcollation", oid(collation(column.ty))),
            ]
        })
        .collect()
}

fn collation(ty: Ty) -> u32 {
    if ty.is_text() && ty != Ty::Json {
        100
    } else {
        0
    }
}

fn information_columns(r: &Relation) -> Vec<Named> {
    r.columns
        .iter()
        .enumerate()
        .map(|(i, column)| {
            vec![
                ("table_catalog", "tollgate".into()),
                ("table_schema", r.schema.name().into()),
                ("table_name", r.name.into()),
                ("column_name", column.name.into()),
                ("ordinal_position", position(i + 1)),
                ("is_nullable", "YES".into()),
                (
                    "data_type",
                    (if column.ty.is_array() {
                        "ARRAY"
                    } else {
                        column.ty.name()
                    })
                    .into(),
                ),
                ("udt_name", short_name(column.ty).into()),
            ]
        })
        .collect()
}

fn short_name(ty: Ty) -> &'static str {
    match ty {
        Ty::Varchar => "varchar",
        _ => TYPE_NAMES
            .iter()
            .find(|(t, _)| *t == ty)
            .map_or(ty.name(), |(_, name)| name),
    }
}

fn type_row(ty: Ty) -> Named {
    let (element, category) = match ty {
        Ty::TextArray => (Ty::Text.oid(), "A"),
        Ty::Int8Array => (Ty::Int8.oid(), "A"),
        Ty::Bool => (0, "B"),
        Ty::Timestamptz | Ty::Date => (0, "D"),
        Ty::Interval => (0, "T"),
        ty if ty.is_number() || ty.is_reg() => (0, "N"),
        _ => (0, "S"),
    };
    let array = match ty {
        Ty::Text => Ty::TextArray.oid(),
        Ty::Int8 => Ty::Int8Array.oid(),
        _ => 0,
    };
    vec![
        ("oid", oid(ty.oid())),
        ("typname", short_name(ty).into()),
        ("typnamespace", oid(Schema::Catalog.oid())),
        ("typowner", oid(OWNER)),
        ("typlen", Cell::Int(i64::from(ty.size()))),
        ("typtype", "b".into()),
        ("typcategory", category.into()),
        ("typisdefined", true.into()),
        ("typdelim", ",".into()),
        ("typelem", oid(element)),
        ("typarray", oid(array)),
        ("typtypmod", Cell::Int(-1)),
        ("typcollation", oid(collation(ty))),
    ]
}

fn function_rows() -> Vec<Named> {
    shown()
        .into_iter()
        .map(|f| {
            vec![
                ("oid", oid(f.oid)),
                ("proname", f.name.into()),
                ("pronamespace", oid(Schema::Public.oid())),
                ("proowner", oid(OWNER)),
                ("prolang", oid(12)),
                ("prokind", "f".into()),
                ("provolatile", "v".into()),
                ("proparallel", "u".into()),
                ("proretset", Cell::from(f.oid == REPLAY_FUNCTION)),
                ("prosrc", f.name.into()),
            ]
        })
        .collect()
}

fn database_rows(around: &Surroundings) -> Vec<Named> {
    std::iter::once("tollgate")
        .chain(around.databases.iter().map(String::as_str))
        .enumerate()
        .map(|(i, name)| {
            vec![
                ("oid", oid(nth(FIRST_DATABASE, i))),
                ("datname", Cell::from(name)),
                ("datdba", oid(OWNER)),
                ("encoding", Cell::Int(6)),
                ("datlocprovider", "c".into()),
                // The console itself can be connected to from here; the others with a grant only.
                ("datallowconn", Cell::from(i == 0)),
                ("datconnlimit", Cell::Int(-1)),
                ("dattablespace", oid(1663)),
                ("datcollate", "C".into()),
                ("datctype", "C".into()),
            ]
        })
        .collect()
}

/// The owner, then accounts, then the roles they have.
fn roles(around: &Surroundings) -> Vec<(u32, String, bool)> {
    let mut list = vec![(OWNER, "tollgate".to_owned(), false)];
    for (i, (name, _)) in around.accounts.iter().enumerate() {
        list.push((nth(FIRST_ROLE, i), name.clone(), true));
    }
    let mut names: Vec<&String> = around
        .accounts
        .iter()
        .flat_map(|(_, roles)| roles)
        .collect();
    names.sort();
    names.dedup();
    let first = nth(FIRST_ROLE, around.accounts.len());
    for (i, name) in names.into_iter().enumerate() {
        list.push((nth(first, i), name.clone(), false));
    }
    list
}

fn role_rows(around: &Surroundings) -> Vec<Named> {
    roles(around)
        .into_iter()
        .map(|(id, name, login)| {
            vec![
                ("oid", oid(id)),
                ("rolname", Cell::Text(name)),
                ("rolinherit", true.into()),
                ("rolcanlogin", login.into()),
                ("rolconnlimit", Cell::Int(-1)),
            ]
        })
        .collect()
}

fn member_rows(around: &Surroundings) -> Vec<Named> {
    let list = roles(around);
    let id = |name: &str, login: bool| {
        list.iter()
            .find(|(_, n, l)| n == name && *l == login)
            .map(|(id, ..)| *id)
    };
    around
        .accounts
        .iter()
        .flat_map(|(account, roles)| roles.iter().map(move |role| (account, role)))
        .filter_map(|(account, role)| {
            Some(vec![
                ("roleid", oid(id(role, false)?)),
                ("member", oid(id(account, true)?)),
                ("grantor", oid(OWNER)),
            ])
        })
        .collect()
}

fn description_rows() -> Vec<Named> {
    let mut list = Vec::new();
    for r in relation::all().iter().filter(|r| !r.about.is_empty()) {
        let entry = |sub: usize, about: &'static str| {
            vec![
                ("objoid", oid(r.oid)),
                ("classoid", oid(relation::PG_CLASS)),
                ("objsubid", position(sub)),
                ("description", about.into()),
            ]
        };
        list.push(entry(0, r.about));
        list.extend(
            r.columns
                .iter()
                .enumerate()
                .map(|(i, c)| entry(i + 1, c.about)),
        );
    }
    list
}

/// `pg_get_userbyid`.
pub fn role_name(id: u32, around: &Surroundings) -> String {
    roles(around)
        .into_iter()
        .find(|(oid, ..)| *oid == id)
        .map_or_else(|| format!("unknown (OID={id})"), |(_, name, _)| name)
}
