//! What becomes of permits, forbids, holds and errors.

#![allow(clippy::unwrap_used)]

mod support;

use policy::{PolicyRef, Verdict, strictest};
use sql::facts::{Action, Column, Flag, Object};
use support::{context, facts, load, session, shown, table};

type Needs = Vec<(Action, Object)>;

/// Permits for `reader`, with whatever else the case adds.
fn decide(more: &str, needs: &[(Action, Object)], flags: &[Flag], lifted: Option<&str>) -> String {
    let text = format!(
        r#"
        @id("reads") permit (principal in Tollgate::Role::"reader", action == Tollgate::Action::"read", resource);
        @id("asks") permit (principal in Tollgate::Role::"reader", action in Tollgate::Action::"ddl", resource);
        {more}
        "#
    );
    let set = load(&text);
    shown(&session(&set, &["reader"]).decide(
        &context(),
        "shop",
        &facts(needs, flags),
        &["email".to_owned()],
        lifted,
    ))
}

const DBA: &str =
    r#"@id("wait") @hold("dba") forbid (principal, action in Tollgate::Action::"ddl", resource);"#;

fn read(name: &str) -> Needs {
    vec![(Action::Read, table(name))]
}

fn create(name: &str) -> Needs {
    vec![(Action::Create, table(name))]
}

#[test]
fn the_strictest_answer_wins() {
    let both = [read("public.t"), create("public.n")].concat();
    let cases: Vec<(&str, Needs, &str)> = vec![
        ("", read("public.t"), "allow reads"),
        (
            "",
            vec![(Action::Delete, table("public.t"))],
            "deny default",
        ),
        (
            "",
            [read("public.t"), vec![(Action::Delete, table("public.t"))]].concat(),
            "deny default",
        ),
        ("", vec![], "deny evaluation-error"),
        (DBA, create("public.t"), "hold dba wait"),
        (DBA, both.clone(), "hold dba wait"),
        (
            r#"@id("wait") @hold("dba") forbid (principal, action in Tollgate::Action::"ddl", resource);
               @id("never") forbid (principal, action in Tollgate::Action::"statement", resource)
               when { context.labels.contains("email") };"#,
            create("public.t"),
            "deny never",
        ),
        (
            r#"@id("no") forbid (principal, action == Tollgate::Action::"read", resource == Tollgate::Table::"public.t");"#,
            both,
            "deny no",
        ),
    ];
    for (more, needs, expected) in cases {
        assert_eq!(
            decide(more, &needs, &[], None),
            expected,
            "{more} {needs:?}"
        );
    }
}

#[test]
fn an_approval_lifts_the_holds_of_its_role_and_no_more() {
    let security = r#"@id("careful") @hold("security") forbid (principal, action == Tollgate::Action::"create", resource);"#;
    let never = r#"@id("never") forbid (principal, action == Tollgate::Action::"drop", resource);"#;
    let two = &format!("{DBA}{security}");
    let hard = &format!("{DBA}{never}");
    let drop = vec![(Action::Drop, table("public.t"))];
    let truncate = vec![(Action::Truncate, table("public.t"))];
    let cases: Vec<(&str, &Needs, Option<&str>, &str)> = vec![
        (DBA, &drop, Some("dba"), "allow asks"),
        (DBA, &drop, Some("security"), "hold dba wait"),
        (DBA, &drop, Some(""), "hold dba wait"),
        (hard, &drop, None, "deny never"),
        (hard, &drop, Some("dba"), "deny never"),
    ];
    for (more, needs, lifted, expected) in cases {
        assert_eq!(
            decide(more, needs, &[], lifted),
            expected,
            "{more} {lifted:?}"
        );
    }
    // Two roles: one approval is not enough, and a hold has one approver.
    let create = create("public.t");
    assert_eq!(
        decide(two, &create, &[], None),
        "deny two-approvers,careful,wait"
    );
    assert_eq!(
        decide(two, &create, &[], Some("dba")),
        "hold security careful"
    );
    assert_eq!(decide(two, &drop, &[], None), "hold dba wait");
    assert_eq!(
        decide(two, &[drop, create].concat(), &[], None),
        "deny two-approvers,careful,wait"
    );
    // A hold whose approval could never pass is a deny.
    let held = r#"@id("wait") @hold("dba") forbid (principal, action == Tollgate::Action::"truncate", resource);"#;
    assert_eq!(decide(held, &truncate, &[], None), "deny default");
    assert_eq!(decide(held, &truncate, &[], Some("dba")), "deny default");
}

#[test]
fn an_error_is_a_deny_whoever_made_it() {
    let missing = |effect: &str| {
        format!(
            r#"@id("broken") {effect} (principal, action == Tollgate::Action::"read", resource)
               when {{ Tollgate::Table::"public.gone".name == "x" }};"#
        )
    };
    for effect in ["permit", "forbid", "@hold(\"dba\") forbid"] {
        for lifted in [None, Some("dba")] {
            assert_eq!(
                decide(&missing(effect), &read("public.t"), &[], lifted),
                "deny evaluation-error",
                "{effect}"
            );
        }
    }
    // One of the permits that a hold is asked again by.
    let more = format!(
        r#"{DBA} @id("broken") permit (principal, action == Tollgate::Action::"create", resource)
           when {{ (if context.has_where then 9223372036854775807 else 0) + 1 > 0 }};"#
    );
    assert_eq!(
        decide(&more, &create("public.t"), &[], None),
        "deny evaluation-error"
    );
}

#[test]
fn what_is_not_understood_says_so_unless_something_else_is_denied_too() {
    let unknown = vec![(Action::Unknown, Object::Database)];
    assert_eq!(decide("", &unknown, &[], None), "not-understood default");
    let forbid =
        r#"@id("plain") forbid (principal, action == Tollgate::Action::"unknown", resource);"#;
    assert_eq!(decide(forbid, &unknown, &[], None), "not-understood plain");
    assert_eq!(
        decide("", &[unknown.clone(), read("public.t")].concat(), &[], None),
        "not-understood default"
    );
    let both = [unknown, vec![(Action::Dcl, Object::Database)]].concat();
    assert_eq!(decide(forbid, &both, &[], None), "deny plain,default");
}

#[test]
fn resources_are_in_their_schema_and_database() {
    let only = |resource: &str| {
        format!(r#"@id("no") forbid (principal, action == Tollgate::Action::"read", {resource});"#)
    };
    let cases = [
        (
            "resource in Tollgate::Database::\"shop\"",
            "public.t",
            "deny no",
        ),
        ("resource in Tollgate::Database::\"shop\"", "t", "deny no"),
        (
            "resource in Tollgate::Database::\"legacy\"",
            "public.t",
            "allow reads",
        ),
        (
            "resource in Tollgate::Schema::\"public\"",
            "public.t",
            "deny no",
        ),
        (
            "resource in Tollgate::Schema::\"hr\"",
            "public.t",
            "allow reads",
        ),
        (
            "resource == Tollgate::Table::\"public.t\"",
            "public.t",
            "deny no",
        ),
        (
            "resource == Tollgate::Table::\"public.t\"",
            "public.T",
            "allow reads",
        ),
        // What was not resolved may be in any schema that a policy names.
        ("resource == Tollgate::Table::\"public.t\"", "t", "deny no"),
        (
            "resource == Tollgate::Table::\"public.t\"",
            "u",
            "allow reads",
        ),
        ("resource in Tollgate::Schema::\"hr\"", "t", "deny no"),
        ("resource is Tollgate::Function", "public.t", "allow reads"),
    ];
    for (resource, name, expected) in cases {
        assert_eq!(
            decide(&only(resource), &read(name), &[], None),
            expected,
            "{resource} {name}"
        );
    }
    let named = r#"@id("no") forbid (principal, action in Tollgate::Action::"statement", resource)
                   when { resource.name like "secret*" };"#;
    assert_eq!(decide(named, &read("public.secrets"), &[], None), "deny no");
    assert_eq!(decide(named, &read("secrets"), &[], None), "deny no");
    assert_eq!(decide(named, &read("public.t"), &[], None), "allow reads");
}

#[test]
fn the_context_tells_of_the_statement_and_the_session() {
    let when = |condition: &str| {
        format!(
            r#"@id("no") forbid (principal, action in Tollgate::Action::"statement", resource) when {{ {condition} }};"#
        )
    };
    let yes = [
        "context.now > datetime(\"2025-10-09T08:53:19Z\") && context.now < datetime(\"2025-10-09T08:53:21Z\")",
        "context.now.toTime() < duration(\"9h\")",
        "context.client.isInRange(ip(\"10.0.0.0/8\"))",
        "context.application == \"psql\"",
        "context.tls",
        "!(context has purpose)",
        "context.expires > context.now",
        "!context.has_where",
        "!(context has estimated_rows)",
        "context.flags == [\"no_where\", \"multi\"]",
        "context.labels == [\"email\"]",
        "context.class == \"write\"",
        "context.command == \"UPDATE\"",
        "!context.opaque",
        "principal.user like \"*@example.com\" && principal.agent == \"claude-code\"",
        "principal in Tollgate::User::\"alice@example.com\" && principal in Tollgate::Agent::\"claude-code\"",
    ];
    for condition in yes {
        let flags = [Flag::NoWhere, Flag::Multi];
        assert_eq!(
            decide(&when(condition), &read("public.t"), &flags, None),
            "deny no",
            "{condition}"
        );
        let not = format!("!({condition})");
        assert_eq!(
            decide(&when(&not), &read("public.t"), &flags, None),
            "allow reads",
            "{not}"
        );
    }
    let without = decide(&when("!context.has_where"), &read("public.t"), &[], None);
    assert_eq!(without, "allow reads");
}

#[test]
fn connecting_is_allowed_until_a_policy_says_otherwise() {
    let connect = |text: &str, roles: &[&str]| {
        shown(&session(&load(text), roles).connect(&context(), "shop"))
    };
    let tls = r#"@id("tls") forbid (principal, action == Tollgate::Action::"connect", resource) unless { context.tls };"#;
    let net = r#"@id("net") forbid (principal, action == Tollgate::Action::"connect", resource)
                 when { context.client.isInRange(ip("10.0.0.0/8")) };"#;
    let named = r#"@id("in") permit (principal in Tollgate::Role::"reader", action == Tollgate::Action::"connect", resource);"#;
    let all = r#"@id("all") permit (principal, action, resource);"#;
    let held = r#"@id("held") @hold("dba") forbid (principal, action, resource);"#;
    let hard = r#"@id("hard") forbid (principal, action, resource) when { context.tls };"#;
    assert_eq!(connect("", &[]), "allow ");
    assert_eq!(connect(tls, &[]), "allow ");
    assert_eq!(connect(net, &[]), "deny net");
    assert_eq!(connect(named, &["reader"]), "allow in");
    assert_eq!(connect(named, &["writer"]), "deny default");
    assert_eq!(connect(all, &[]), "allow all");
    assert_eq!(connect(held, &[]), "allow ");
    assert_eq!(connect(hard, &[]), "deny hard");
    assert_eq!(connect(&format!("{named}{net}"), &["reader"]), "deny net");
}

#[test]
fn unmasking_takes_an_explicit_permit_and_no_doubt() {
    let column = |name: &str| Column {
        schema: "public".into(),
        table: "customers".into(),
        column: name.into(),
    };
    let unmask = |text: &str| {
        session(&load(text), &["support"]).unmask(&context(), "shop", &column("email"), "email")
    };
    let permit = |condition: &str| {
        format!(
            r#"@id("sees") permit (principal in Tollgate::Role::"support", action == Tollgate::Action::"unmask", resource)
               {condition};"#
        )
    };
    assert!(!unmask(""));
    assert!(!unmask(
        r#"@id("all") permit (principal, action, resource);"#
    ));
    assert!(unmask(&permit("")));
    assert!(unmask(&permit("when { resource.label == \"email\" }")));
    assert!(!unmask(&permit("when { resource.label == \"card\" }")));
    assert!(unmask(&permit(
        "when { resource.name == \"email\" && resource in Tollgate::Table::\"public.customers\" }"
    )));
    assert!(unmask(&permit(
        "when { resource == Tollgate::Column::\"public.customers.email\" }"
    )));
    assert!(!unmask(&permit(
        "when { resource in Tollgate::Schema::\"hr\" }"
    )));
    let forbids = [
        r#"@id("no") forbid (principal, action == Tollgate::Action::"unmask", resource) when { context.tls };"#,
        r#"@id("no") forbid (principal, action, resource);"#,
        r#"@id("no") @hold("dba") forbid (principal, action, resource);"#,
        r#"@id("no") forbid (principal, action == Tollgate::Action::"unmask", resource)
           when { Tollgate::Table::"public.gone".name == "x" };"#,
    ];
    for forbid in forbids {
        assert!(!unmask(&format!("{}{forbid}", permit(""))), "{forbid}");
    }
}

#[test]
fn verdicts_carry_reasons_and_controls() {
    let set = load(
        r#"
        @id("asks") permit (principal, action in Tollgate::Action::"ddl", resource);
        @id("wait") @hold("dba") @reason("Schema changes wait for a DBA") @control("SOC2:CC8.1, ISO:A.8 ,")
        forbid (principal, action in Tollgate::Action::"ddl", resource);
        @id("also") @hold("dba") forbid (principal, action == Tollgate::Action::"drop", resource);
        "#,
    );
    let facts = facts(&[(Action::Drop, table("public.t"))], &[]);
    let Verdict::Hold { approver, policies } =
        session(&set, &[]).decide(&context(), "shop", &facts, &[], None)
    else {
        panic!("not held");
    };
    assert_eq!(approver, "dba");
    let policy = |id: &str, reason: &str, controls: &[&str]| PolicyRef {
        id: id.to_owned(),
        reason: reason.to_owned(),
        controls: controls.iter().map(|c| (*c).to_owned()).collect(),
    };
    assert_eq!(
        policies,
        [
            policy("also", "waits for the approval of dba", &[]),
            policy(
                "wait",
                "Schema changes wait for a DBA",
                &["SOC2:CC8.1", "ISO:A.8"]
            ),
        ]
    );
    let summaries: Vec<_> = set
        .policies()
        .map(|p| (p.id.as_str(), p.line, p.hold.as_deref()))
        .collect();
    assert_eq!(
        summaries,
        [
            ("asks", 2, None),
            ("wait", 3, Some("dba")),
            ("also", 5, Some("dba"))
        ]
    );
}

#[test]
fn a_default_deny_names_the_action_and_the_object() {
    let set = load("");
    let reason = |action, object| {
        let facts = facts(&[(action, object)], &[]);
        session(&set, &[])
            .decide(&context(), "shop", &facts, &[], None)
            .policies()[0]
            .reason
            .clone()
    };
    assert_eq!(
        reason(Action::Read, table("public.t")),
        "no policy permits `read` on public.t"
    );
    assert_eq!(
        reason(Action::Create, Object::Schema("hr".into())),
        "no policy permits `create` on schema hr"
    );
    assert_eq!(
        reason(Action::Read, table("t")),
        "no policy permits `read` on t"
    );
    assert_eq!(
        reason(Action::Admin, Object::Database),
        "no policy permits `admin`"
    );
}

#[test]
fn time_and_attributes_are_mentioned_or_not() {
    let set = |condition: &str| {
        load(&format!(
            r#"@id("a") permit (principal, action in Tollgate::Action::"statement", resource) when {{ {condition} }};"#
        ))
    };
    assert!(!set("context.tls").mentions_time());
    assert!(set("context.now < context.expires").mentions_time());
    assert!(set("context == context").mentions_time());
    assert!(set("context.tls").mentions("tls") && !set("context.tls").mentions("client"));
}

#[test]
fn several_verdicts_make_the_strictest() {
    let p = |id: &str| {
        vec![PolicyRef {
            id: id.into(),
            reason: String::new(),
            controls: Vec::new(),
        }]
    };
    let allow = |id| Verdict::Allow { policies: p(id) };
    let hold = |approver: &str, id| Verdict::Hold {
        approver: approver.into(),
        policies: p(id),
    };
    let deny = |id, not_understood| Verdict::Deny {
        policies: p(id),
        not_understood,
    };
    let cases: Vec<(Vec<Verdict>, Option<&str>)> = vec![
        (vec![], None),
        (vec![allow("b"), allow("a"), allow("b")], Some("allow a,b")),
        (
            vec![allow("a"), hold("dba", "h"), allow("b")],
            Some("hold dba h"),
        ),
        (
            vec![hold("dba", "h"), hold("dba", "g")],
            Some("hold dba g,h"),
        ),
        (
            vec![hold("dba", "h"), hold("security", "g")],
            Some("deny two-approvers,g,h"),
        ),
        (vec![hold("dba", "h"), deny("d", false)], Some("deny d")),
        (
            vec![deny("default", false), deny("d", true)],
            Some("deny d,default"),
        ),
        (vec![deny("d", true), allow("a")], Some("not-understood d")),
    ];
    for (verdicts, expected) in cases {
        let shown = strictest(verdicts.clone()).map(|v| shown(&v));
        assert_eq!(shown.as_deref(), expected, "{verdicts:?}");
    }
}
