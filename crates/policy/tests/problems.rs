//! Policy files that are wrong: where, how, and what to write instead.

#![allow(clippy::unwrap_used)]

use policy::PolicySet;

/// The problems of these files (named `a.cedar`, `b.cedar` …), one a line.
fn problems(files: &[&str]) -> Vec<String> {
    let files: Vec<(String, String)> = ('a'..)
        .zip(files)
        .map(|(name, text)| (format!("{name}.cedar"), (*text).to_owned()))
        .collect();
    match PolicySet::load(&files, &["shop", "legacy"]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn each_mistake_has_its_place_and_its_remedy() {
    let cases = [
        (
            "permit (principal, action, resource)",
            "a.cedar:1:37: unexpected end of input: expected `;` or identifier",
        ),
        (
            "@id(\"a\")\npermit (principal, acton, resource);",
            "a.cedar:2:20: ",
        ),
        (
            "@id(\"a\") @id(\"b\") permit (principal, action, resource);",
            "a.cedar:1:10: duplicate annotation: @id",
        ),
        (
            "// one\n\n  permit (principal, action, resource);",
            "a.cedar:3:3: the policy has no @id: put @id(\"a-name-of-its-own\") in front of it",
        ),
        (
            "@id(\"default\") permit (principal, action, resource);",
            "a.cedar:1:1: @id(\"default\") means something else: take another name",
        ),
        (
            "@id(\"two words\") permit (principal, action, resource);",
            "a.cedar:1:1: @id(\"two words\") cannot be a name: use letters, digits, - _ . : and /, at most 100",
        ),
        (
            "@id(\"a\")\n@hold(\"dba\")\npermit (principal, action, resource);",
            "a.cedar:2:1: @hold is for forbid: it says who can lift it: \
             permit without @hold, and put @hold on a forbid of the same action",
        ),
        (
            "@id(\"a\")\n@hold\nforbid (principal, action, resource);",
            "a.cedar:2:1: @hold is empty: name the role that can approve, as in @hold(\"dba\")",
        ),
        (
            "@id(\"a\") @reson(\"x\")\npermit (principal, action, resource);",
            "a.cedar:1:10: unknown annotation @reson: write @id, @hold, @reason or @control",
        ),
        (
            "@id(\"a\") @reason(\"x\\ny\")\npermit (principal, action, resource);",
            "a.cedar:1:10: @reason has a line break or control character: put it on one line",
        ),
        (
            "@id(\"a\")\n@hold(\"dba\")\nforbid (principal, action == Tollgate::Action::\"connect\", resource);",
            "a.cedar:2:1: `connect` cannot wait for an approval: take @hold out, or the action",
        ),
        (
            "@id(\"a\") permit (principal, action, resource)\nwhen { action == Tollgate::Action::\"unmask\" };",
            "a.cedar:2:28: a permit for `unmask` that does not name the action in its head permits nothing: \
             write `action == Tollgate::Action::\"unmask\"` in the policy's head",
        ),
        (
            "@id(\"a\") permit (principal, action,\n  resource in Tollgate::Database::\"shpo\");",
            "a.cedar:2:33: database \"shpo\" is not configured: \
             configure it in [databases], or write one of shop, legacy",
        ),
        (
            "@id(\"a\") permit (principal, action == Tollgate::Action::\"read\",\n  resource == Tollgate::Table::\"customers\");",
            "a.cedar:2:30: \"customers\" is not the name of a table: write it as in \
             Tollgate::Table::\"public.customers\"; a part with a dot in it is quoted: \\\"a.b\\\"",
        ),
        (
            "@id(\"a\") permit (principal, action == Tollgate::Action::\"read\",\n  resource == Tollgate::Table::\"public.*\");",
            "a.cedar:2:30: \"public.*\": a name has no wildcards: for all of a schema write \
             `resource in Tollgate::Schema::\"public\"`, for a pattern `resource.name like \"audit_*\"`",
        ),
        (
            "@id(\"a\") permit (principal == ?principal, action, resource);",
            "a.cedar:1:31: templates are not used here: name the principal or resource itself",
        ),
        (
            "@id(\"a\") forbid (principal, action in Tollgate::Action::\"statement\", resource)\n\
             when { context.flags.contains(\"no_were\") };",
            "a.cedar:2:31: `context.flags` never has \"no_were\": write one of no_where, locks, multi, reveals_data, \
             single_reader, disagree, server_file, analyze, unresolved_name, explain, literal_blind",
        ),
        (
            "@id(\"a\") permit (principal, action == Tollgate::Action::\"reed\", resource);",
            "a.cedar:1:39: policy a: unrecognized action `Tollgate::Action::\"reed\"`: the actions are read, insert, ",
        ),
        (
            "@id(\"a\") permit (principal in Tollgate::Rol::\"reader\", action, resource);",
            "a.cedar:1:31: policy a: unrecognized entity type `Tollgate::Rol`: the types are ",
        ),
        (
            "@id(\"a\") forbid (principal, action == Tollgate::Action::\"update\", resource)\nunless { context.has_were };",
            "a.cedar:2:10: policy a: attribute `has_were` ",
        ),
        (
            "@id(\"a\") forbid (principal, action, resource)\nunless { context.has_where };",
            "a.cedar:2:10: policy a: attribute `has_where` in context for Tollgate::Action::\"connect\" not found: `connect` and `unmask` have now, ",
        ),
        (
            "@id(\"a\") permit (principal, action in Tollgate::Action::\"statement\", resource)\nwhen { context.purpose == \"x\" };",
            "a.cedar:2:8: policy a: unable to guarantee safety of access to optional attribute `purpose`",
        ),
        (
            "@id(\"a\") permit (principal, action == Tollgate::Action::\"unmask\", resource is Tollgate::Table);",
            "a.cedar:1:1: policy a: policy is impossible",
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.tls && !context.tls && false };",
            "a.cedar:1:1: policy a: policy is impossible",
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.application == 1 };",
            "a.cedar:1:54: policy a: the types ",
        ),
    ];
    let mut wrong = String::new();
    for (text, expected) in cases {
        let found = problems(&[text]);
        assert!(
            found
                .iter()
                .all(|p| !p.contains('\n') && !p.contains("policy0")),
            "{found:#?}"
        );
        if !found.iter().any(|p| p.starts_with(expected)) {
            wrong += &format!("{text}\nexpected {expected}\nfound {found:#?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn ids_are_unique_over_all_files_and_every_problem_is_told_in_order() {
    let one = "@id(\"a\") permit (principal, action, resource);";
    let two = "\n@id(\"b\") permit (principal, action, resource);\n@id(\"a\") forbid (principal, action, resource);";
    assert_eq!(problems(&[one]), Vec::<String>::new());
    assert_eq!(
        problems(&[one, two]),
        [
            "b.cedar:3:1: @id(\"a\") is already used in a.cedar:1: give this policy a name of its own"
        ]
    );
    let found = problems(&[
        "permit (principal, action, resource);\n@id(\"x\") @nope permit (principal, action, resource);",
        "permit (",
        "@id(\"\") permit (principal, action, resource);",
    ]);
    let places: Vec<&str> = found.iter().filter_map(|p| p.split(": ").next()).collect();
    assert_eq!(
        places,
        ["a.cedar:1:1", "a.cedar:2:10", "b.cedar:1:9", "c.cedar:1:1"]
    );
}

#[test]
fn no_text_makes_loading_panic() {
    for text in [
        "",
        "\u{feff}",
        "@",
        "@id",
        "permit",
        "\"",
        "// only a comment",
        "permit(principal,action,resource);;",
        "é",
    ] {
        let _ = problems(&[text]);
    }
    assert_eq!(problems(&[""]), Vec::<String>::new());
}
