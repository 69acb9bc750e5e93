//! What docs/POLICIES says is so: its examples load, and it speaks of everything there is.

#![allow(clippy::unwrap_used)]

use policy::{Labels, PolicySet};

const DOCS: &str = include_str!("../../../docs/POLICIES.md");

fn blocks(language: &str) -> impl Iterator<Item = &'static str> {
    DOCS.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(move |block| block.strip_prefix(language))
}

#[test]
fn the_examples_load() {
    let policies: Vec<_> = blocks("cedar\n").collect();
    assert!(!policies.is_empty());
    for text in policies {
        let file = ("docs".to_owned(), text.to_owned());
        PolicySet::load(&[file], &["shop"]).unwrap_or_else(|problems| panic!("{problems:#?}"));
    }
    let labels: Vec<_> = blocks("toml\n")
        .filter(|text| text.contains("[labels."))
        .collect();
    assert!(!labels.is_empty());
    for text in labels {
        Labels::parse("docs", text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    }
}

#[test]
fn every_name_of_the_schema_is_explained() {
    for line in policy::SCHEMA
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
    {
        let names = match (
            line.strip_prefix("action "),
            line.strip_prefix("entity "),
            line.split_once(": "),
        ) {
            (Some(actions), ..) => actions.trim_end_matches(';').split(',').collect(),
            (_, Some(entity), _) => vec![entity.split([' ', ';']).next().unwrap()],
            (.., Some((attribute, kind))) if kind.ends_with(',') => vec![attribute],
            _ => continue,
        };
        for name in names
            .into_iter()
            .map(|name| name.trim().trim_matches('"'))
            .filter(|name| !name.is_empty())
        {
            let shown = [
                format!("`{name}`"),
                format!("Tollgate::{name}`"),
                format!("Tollgate::{name}::\""),
                format!("principal.{name}`"),
            ];
            assert!(shown.iter().any(|s| DOCS.contains(s)), "{name}");
        }
    }
}
