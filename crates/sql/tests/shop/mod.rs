//! The catalogue of `fixtures/sql/postgres/shop.sql`, and the files beside it.
#![allow(dead_code)]

use std::path::PathBuf;

use sql::catalog::{Catalog, CatalogBuilder, CatalogColumn, Function, Relation, RelationKind};
use sql::facts::Volatility;

/// Where the fixtures are.
pub fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sql/postgres")
}

/// One of them.
pub fn fixture(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(name)).unwrap()
}

/// The statements of a file that parts them by `-- next`.
pub fn parted(name: &str) -> Vec<String> {
    let text = fixture(name);
    let body: Vec<&str> = text.lines().skip_while(|l| l.starts_with("--")).collect();
    body.join("\n")
        .split("-- next\n")
        .map(str::to_owned)
        .collect()
}

/// The files of cases, by name.
pub fn case_files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".cases"))
        .map(|name| (name.clone(), fixture(&name)))
        .collect();
    files.sort();
    files
}

/// The catalogue.
pub fn catalog() -> Catalog {
    builder().build()
}

/// The catalogue, for a test to add to.
pub fn builder() -> CatalogBuilder {
    let mut builder = CatalogBuilder::new(1);
    let mut oid = 100_000;
    let mut events = None;
    for line in fixture("catalog.txt").lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.as_slice() {
            [
                "relation",
                number,
                schema,
                name,
                kind,
                columns,
                triggers,
                definition,
            ] => {
                let number: u32 = number.parse().unwrap();
                if *name == "events" {
                    events = Some(number);
                }
                let kind = match *kind {
                    "r" | "p" | "f" => RelationKind::Table,
                    "v" => RelationKind::View,
                    "m" => RelationKind::MaterializedView,
                    "S" => RelationKind::Sequence,
                    "c" => RelationKind::Composite,
                    other => panic!("{other}"),
                };
                builder.relation(Relation {
                    oid: number,
                    schema: (*schema).to_owned(),
                    name: (*name).to_owned(),
                    kind,
                    columns: (1..)
                        .zip(columns.split(',').filter(|c| !c.is_empty()))
                        .map(|(number, column)| (number, column.rsplit_once(':').unwrap()))
                        .map(|(number, (name, type_oid))| CatalogColumn {
                            name: name.to_owned(),
                            number,
                            type_oid: type_oid.parse().unwrap(),
                            type_name: "text".to_owned(),
                        })
                        .collect(),
                    definition: (!definition.is_empty()).then(|| definition.replace("\\n", "\n")),
                    parents: events
                        .filter(|_| *name == "events_2024")
                        .into_iter()
                        .collect(),
                    has_triggers: *triggers == "t",
                });
            }
            ["function", schema, name, volatility, builtin] => {
                oid += 1;
                builder.function(Function {
                    oid,
                    schema: (*schema).to_owned(),
                    name: (*name).to_owned(),
                    volatility: match *volatility {
                        "i" => Volatility::Immutable,
                        "s" => Volatility::Stable,
                        _ => Volatility::Volatile,
                    },
                    builtin: *builtin == "t",
                });
            }
            ["operator", name] => builder.operator(*name),
            ["cast", name] => builder.cast_to(*name),
            other => panic!("{other:?}"),
        }
    }
    builder
}
