//! Understanding a text: total, whatever the bytes, under either meaning of a backslash, and never without an answer.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sql::catalog::{CatalogColumn, Relation, RelationKind};
use sql::settings::SearchPath;
use sql::{Catalog, CatalogBuilder, Settings, analyze, fingerprint};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let relation = |oid, name: &str, definition: Option<&str>| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: if definition.is_some() {
            RelationKind::View
        } else {
            RelationKind::Table
        },
        columns: (1..)
            .zip(["id", "email"])
            .map(|(number, name)| CatalogColumn {
                name: name.to_owned(),
                number,
                type_oid: 25,
            })
            .collect(),
        definition: definition.map(Into::into),
        parents: Vec::new(),
        has_triggers: false,
        row_type: 0,
    };
    let mut builder = CatalogBuilder::new(1);
    builder.relation(relation(16_384, "t", None));
    builder.relation(relation(
        16_385,
        "v",
        Some(" SELECT t.id, t.email FROM public.t;"),
    ));
    builder.build()
});

fuzz_target!(|input: (bool, bool, &[u8])| {
    let (standard_conforming_strings, latin1, text) = input;
    let settings = Settings {
        temporary: vec![],
        inner_path: None,
        declared: vec![],
        search_path: SearchPath::Known(vec!["pg_catalog".to_owned(), "public".to_owned()]),
        standard_conforming_strings,
        client_encoding: if latin1 { "LATIN1" } else { "UTF8" }.to_owned(),
        user: "app".to_owned(),
    };
    let analysis = analyze(text, &settings, &CATALOG);
    assert!(!analysis.statements.is_empty());
    let _ = fingerprint(text);
});
