//! Catalogues that are larger than a shop's: wide tables and views that double, and a database of ten thousand tables.
#![allow(dead_code)]

use sql::catalog::{CatalogBuilder, CatalogColumn, Function, Relation, RelationKind};
use sql::facts::Volatility;

/// OIDs of their own.
const FIRST_OID: u32 = 500_000;

fn relation(
    oid: u32,
    name: &str,
    kind: RelationKind,
    columns: &[String],
    query: Option<String>,
) -> Relation {
    Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind,
        columns: (1..)
            .zip(columns)
            .map(|(number, name)| CatalogColumn {
                name: name.clone(),
                number,
                type_oid: 25,
            })
            .collect(),
        definition: query.map(Into::into),
        parents: vec![],
        has_triggers: false,
        row_type: 0,
    }
}

/// A view of columns of text.
pub fn view(name: &str, columns: &[&str], query: &str) -> Relation {
    let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
    let oid = name.bytes().fold(900_000, |oid, b| oid * 3 + u32::from(b));
    relation(
        oid,
        name,
        RelationKind::View,
        &columns,
        Some(query.to_owned()),
    )
}

fn numbered(count: usize) -> Vec<String> {
    (1..=count).map(|i| format!("c{i}")).collect()
}

/// Adds tables `w1` … `w8` of 1,600 columns (as many as a table can have), views `dv0` … `dv50`, each of which reads the
/// one before twice, and `vw`, a view of all of `w1`.
pub fn add(builder: &mut CatalogBuilder) {
    let mut oid = FIRST_OID;
    let mut next = || {
        oid += 1;
        oid
    };
    let columns = numbered(1_600);
    for i in 1..=8 {
        let name = format!("w{i}");
        builder.relation(relation(next(), &name, RelationKind::Table, &columns, None));
    }
    let all: Vec<String> = columns.iter().map(|c| format!("w1.{c}")).collect();
    let query = format!("SELECT {} FROM public.w1;", all.join(", "));
    builder.relation(relation(
        next(),
        "vw",
        RelationKind::View,
        &columns,
        Some(query),
    ));
    let columns = ["id".to_owned(), "email".to_owned()];
    for i in 0..=50 {
        let query = match i {
            0 => "SELECT id, email FROM public.customers;".to_owned(),
            _ => format!(
                "SELECT a.id, (a.email || b.email) AS email FROM public.dv{p} a, public.dv{p} b;",
                p = i - 1
            ),
        };
        let name = format!("dv{i}");
        builder.relation(relation(
            next(),
            &name,
            RelationKind::View,
            &columns,
            Some(query),
        ));
    }
}

/// Adds ten thousand tables of twenty columns, a hundred views over pairs of them, and a thousand functions.
pub fn add_many(builder: &mut CatalogBuilder) {
    let columns = numbered(20);
    let mut oid = FIRST_OID + 10_000;
    for i in 0..10_000 {
        oid += 1;
        let name = format!("table_{i}");
        builder.relation(relation(oid, &name, RelationKind::Table, &columns, None));
    }
    for i in 0..100 {
        oid += 1;
        let query = format!(
            "SELECT a.c1, a.c2, b.c3 AS c3 FROM public.table_{i} a JOIN public.table_{} b ON a.c1 = b.c1 WHERE b.c4 IS NOT NULL;",
            i + 1
        );
        let name = format!("view_{i}");
        builder.relation(relation(
            oid,
            &name,
            RelationKind::View,
            &numbered(3),
            Some(query),
        ));
    }
    for i in 0..1_000 {
        oid += 1;
        let name = format!("function_{i}");
        builder.function(Function::new(oid, "public", &name, Volatility::Stable));
    }
}
