//! Label files.

#![allow(clippy::unwrap_used)]

use policy::{Filter, Labels};

const GOOD: &str = r#"
[labels.email]
mask = "email"
filter = "equality"
[labels.card]
mask = "last4"
[labels.secret]
mask = "constant"
value = "hidden"
filter = "allow"
detect = ["jwt", "private-key"]

[columns]
"*.*.token" = "secret"
"public.*.email" = "email"
"public.customers.card_number" = "card"
"*.customers.*" = "secret"
'hr."odd.table"."*"' = "card"
"#;

#[test]
fn a_file_is_read() {
    let labels = Labels::parse("l.toml", GOOD).unwrap();
    let shown: Vec<_> = labels
        .labels
        .iter()
        .map(|l| {
            (
                l.name.as_str(),
                l.mask.as_str(),
                l.filter,
                l.value.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("card", "last4", Filter::Deny, None),
            ("email", "email", Filter::Equality, None),
            ("secret", "constant", Filter::Allow, Some("hidden")),
        ]
    );
    assert_eq!(labels.labels[2].detect, ["jwt", "private-key"]);
    let patterns: Vec<String> = labels
        .columns
        .iter()
        .map(|(pattern, _)| pattern.to_string())
        .collect();
    assert_eq!(
        patterns,
        [
            "*.*.token",
            "public.*.email",
            "public.customers.card_number",
            "*.customers.*",
            "hr.\"odd.table\".\"*\""
        ]
    );
    let exact: Vec<String> = labels.exact_columns().map(ToString::to_string).collect();
    assert_eq!(
        exact,
        ["public.customers.card_number", "hr.\"odd.table\".\"*\""]
    );
}

#[test]
fn the_most_specific_pattern_wins_then_the_first() {
    let labels = Labels::parse("l.toml", GOOD).unwrap();
    let label = |s: &str, t: &str, c: &str| labels.label_of(s, t, c).map(|l| l.name.clone());
    let cases = [
        (("public", "orders", "email"), Some("email")),
        (("public", "customers", "email"), Some("email")),
        (("public", "customers", "card_number"), Some("card")),
        (("public", "customers", "token"), Some("secret")),
        (("hr", "customers", "anything"), Some("secret")),
        (("hr", "odd.table", "*"), Some("card")),
        (("hr", "odd.table", "x"), None),
        (("hr", "people", "Token"), None),
        (("hr", "people", "email"), None),
    ];
    for ((s, t, c), expected) in cases {
        assert_eq!(label(s, t, c).as_deref(), expected, "{s}.{t}.{c}");
    }
    // As many names in each: the first of the file.
    let text = "[labels.a]\nmask=\"redact\"\n[labels.b]\nmask=\"null\"\n[columns]\n\"z.*.*\"=\"b\"\n\"*.*.c\"=\"a\"\n";
    let labels = Labels::parse("l.toml", text).unwrap();
    assert_eq!(labels.label_of("z", "t", "c").unwrap().name, "b");
}

#[test]
fn mistakes_have_a_place_and_a_remedy() {
    let a = "[labels.a]\nmask = \"redact\"\n";
    let cases = [
        (
            "[labels.a]\nmaks = \"redact\"",
            vec![
                "l:1:9: label `a` has no mask: add",
                "l:2:1: unknown key `maks`: write mask, filter, detect or value",
            ],
        ),
        (
            "[labels.a]\nmask = 4",
            vec!["l:2:8: `mask` is not a text: put it in double quotes"],
        ),
        (
            "[label.a]",
            vec!["l:1:2: unknown key `label`: write [labels.a-name] or [columns]"],
        ),
        ("labels = 3", vec!["l:1:1: `labels` is not a table"]),
        (
            "[labels]\na = \"redact\"",
            vec!["l:2:1: label `a` is not a table: write [labels.a] with mask"],
        ),
        (
            &format!("{a}filter = \"maybe\""),
            vec!["l:3:10: unknown filter: write \"allow\", \"equality\" or \"deny\""],
        ),
        (
            &format!("{a}detect = [\"jwt\", \"pgp\"]"),
            vec![
                "l:3:18: unknown detector \"pgp\": write a list of jwt, aws-access-key, private-key",
            ],
        ),
        (
            &format!("{a}detect = \"jwt\""),
            vec!["l:3:10: `detect` is not a list"],
        ),
        (
            &format!("{a}[columns]\n\"a.b\" = \"a\""),
            vec!["l:4:1: `a.b` names no columns: write \"schema.table.column\""],
        ),
        (
            &format!("{a}[columns]\n\"a.b.c*\" = \"a\""),
            vec!["l:4:1: `a.b.c*` names no columns"],
        ),
        (
            &format!("{a}[columns]\n\"a.b.c.d\" = \"a\""),
            vec!["l:4:1: `a.b.c.d` names no columns"],
        ),
        (
            &format!("{a}[columns]\na.b.c = \"a\""),
            vec!["l:4:1: `a` names no columns"],
        ),
        (
            &format!("{a}[columns]\n\"a.b.c\" = \"b\""),
            vec!["l:4:11: there is no label \"b\": add [labels.b]"],
        ),
        (
            &format!("{a}[columns]\n\"a.b.c\" = \"a\"\n'a.\"b\".c' = \"a\""),
            vec!["l:5:1: `a.\"b\".c` is there twice"],
        ),
        ("[labels.a", vec!["l:1:10: "]),
        (
            "[labels.\"a b\"]\nmask=\"null\"",
            vec!["l:1:9: a label's name is one word"],
        ),
    ];
    for (text, expected) in cases {
        let found: Vec<String> = Labels::parse("l", text)
            .map(|_| vec![])
            .unwrap_or_else(|p| p.iter().map(ToString::to_string).collect());
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{text}\n{found}\n{expected}");
        }
    }
}
