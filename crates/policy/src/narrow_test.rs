//! Narrowed sets answer as the whole set does: for random sets of policies, grants and statements.

use std::net::IpAddr;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sql::Facts;
use sql::facts::{Action, Class, Column, Coverage, Flag, Need, Object};

use crate::{Context, PolicySet, Principal};

const PRINCIPALS: [&str; 8] = [
    "principal",
    "principal == Tollgate::Grant::\"g1\"",
    "principal in Tollgate::Grant::\"g2\"",
    "principal in Tollgate::Role::\"reader\"",
    "principal in Tollgate::Role::\"writer\"",
    "principal in Tollgate::User::\"alice\"",
    "principal is Tollgate::Grant",
    "principal is Tollgate::Grant in Tollgate::Agent::\"cursor\"",
];

const ACTIONS: [&str; 9] = [
    "action",
    "action == Tollgate::Action::\"read\"",
    "action == Tollgate::Action::\"ddl\"",
    "action in Tollgate::Action::\"ddl\"",
    "action in Tollgate::Action::\"statement\"",
    "action in [Tollgate::Action::\"update\", Tollgate::Action::\"create\"]",
    "action == Tollgate::Action::\"connect\"",
    "action == Tollgate::Action::\"unmask\"",
    "action in [Tollgate::Action::\"unknown\", Tollgate::Action::\"unmask\", Tollgate::Action::\"connect\"]",
];

const RESOURCES: [&str; 5] = [
    "resource",
    "resource in Tollgate::Database::\"shop\"",
    "resource in Tollgate::Schema::\"public\"",
    "resource == Tollgate::Table::\"public.t\"",
    "resource is Tollgate::Function",
];

/// The first ones are about every question, the rest about statements only. Two can fail: an overflow, and an entity
/// that is not there.
const CONDITIONS: [&str; 13] = [
    "",
    "when { context.tls }",
    "when { context has purpose && context.purpose == \"debug\" }",
    "when { context.application like \"p*\" || principal.user == \"bob\" }",
    "unless { context.client.isLoopback() }",
    "when { context.now < context.expires }",
    "when { Tollgate::Table::\"public.elsewhere\" in Tollgate::Database::\"shop\" }",
    "unless { context.has_where }",
    "when { context.flags.contains(\"multi\") }",
    "when { context.labels.contains(\"email\") && context.class == \"read\" }",
    "when { context has estimated_rows && context.estimated_rows > 9223372036854775807 - 1 }",
    "when { (if context.opaque then 9223372036854775807 else 0) + 1 > 0 }",
    "when { Tollgate::Table::\"public.elsewhere\".name == context.command }",
];

fn policy(index: usize) -> impl Strategy<Value = String> {
    let hold = prop_oneof![
        3 => Just(""),
        1 => Just("@hold(\"dba\")\n"),
        1 => Just("@hold(\"security\")\n"),
    ];
    (any::<bool>(), hold, select(&PRINCIPALS[..]), select(&ACTIONS[..]), select(&RESOURCES[..]), select(&CONDITIONS[..]))
        .prop_map(move |(permit, hold, principal, action, resource, condition)| {
            let (effect, hold) = if permit { ("permit", "") } else { ("forbid", hold) };
            format!("@id(\"p{index}\")\n{hold}{effect} ({principal}, {action}, {resource}) {condition};\n")
        })
}

fn set() -> impl Strategy<Value = PolicySet> {
    (0usize..14)
        .prop_flat_map(|count| (0..count).map(policy).collect::<Vec<_>>())
        .prop_map(|policies| {
            // Some combinations are not valid (`has_where` of a connection, a function that connects): those are left out.
            let alone = |text: &String| {
                PolicySet::load(&[("p".to_owned(), text.clone())], &["shop"]).is_ok()
            };
            let text: String = policies.into_iter().filter(alone).collect();
            PolicySet::load(&[("p".to_owned(), text)], &["shop"]).unwrap()
        })
}

fn principal() -> impl Strategy<Value = Principal> {
    let roles = subsequence(
        vec!["reader".to_owned(), "writer".to_owned(), "dba".to_owned()],
        0..=3,
    );
    (
        select(vec!["g1", "g2", "g3"]),
        select(vec!["alice", "bob"]),
        select(vec!["cursor", "claude-code"]),
        roles,
    )
        .prop_map(|(grant, user, agent, roles)| Principal {
            grant: grant.to_owned(),
            user: user.to_owned(),
            agent: agent.to_owned(),
            roles,
        })
}

fn context() -> impl Strategy<Value = Context> {
    let client = select(vec![
        "127.0.0.1",
        "10.0.0.7",
        "::1",
        "2001:db8::1",
        "::ffff:10.0.0.7",
    ]);
    (
        any::<u64>(),
        client,
        select(vec!["psql", "x"]),
        any::<bool>(),
        select(vec![None, Some("debug")]),
        any::<u64>(),
    )
        .prop_map(
            |(now_us, client, application, tls, purpose, expires_us)| Context {
                now_us,
                client: client.parse::<IpAddr>().unwrap(),
                application: application.to_owned(),
                tls,
                purpose: purpose.map(str::to_owned),
                expires_us,
            },
        )
}

fn object() -> impl Strategy<Value = Object> {
    let name = |s: &str| s.to_owned();
    select(vec![
        Object::Database,
        Object::Schema(name("public")),
        Object::Table(name("public"), name("t")),
        Object::Table(name("hr"), name("t")),
        Object::Table(name(""), name("t")),
        Object::Function(name("public"), name("f")),
        Object::Function(name(""), name("f")),
    ])
}

fn facts() -> impl Strategy<Value = Facts> {
    let actions = vec![
        Action::Read,
        Action::Update,
        Action::Create,
        Action::Ddl,
        Action::Unknown,
        Action::Session,
    ];
    let need = (select(actions), object()).prop_map(|(action, object)| Need { action, object });
    let needs = proptest::collection::vec(need, 1..4);
    let flags = subsequence(vec![Flag::NoWhere, Flag::Multi], 0..=2);
    (
        needs,
        flags,
        any::<bool>(),
        select(vec![Class::Read, Class::Write]),
    )
        .prop_map(|(needs, flags, opaque, class)| Facts {
            class,
            command: "SELECT".to_owned(),
            range: 0..0,
            needs,
            uses: Vec::new(),
            writes: Vec::new(),
            functions: Vec::new(),
            outputs: Vec::new(),
            flags,
            coverage: if opaque {
                Coverage::Opaque("a function".to_owned())
            } else {
                Coverage::Complete
            },
            settings: Vec::new(),
            transaction: None,
            named: None,
            moves: Vec::new(),
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn narrowing_changes_no_answer(
        set in set(),
        principal in principal(),
        context in context(),
        facts in facts(),
        labels in subsequence(vec!["email".to_owned(), "card".to_owned()], 0..=2),
        lifted in select(vec![None, Some("dba"), Some("security")]),
    ) {
        let narrow = set.narrow(&principal);
        let whole = set.unnarrowed(&principal);
        let column = Column { schema: "public".into(), table: "t".into(), column: "email".into() };
        prop_assert_eq!(
            narrow.decide(&context, "shop", &facts, &labels, lifted),
            whole.decide(&context, "shop", &facts, &labels, lifted)
        );
        prop_assert_eq!(narrow.connect(&context, "shop"), whole.connect(&context, "shop"));
        prop_assert_eq!(
            narrow.unmask(&context, "shop", &column, "email"),
            whole.unmask(&context, "shop", &column, "email")
        );
    }

    /// Lifting a role's holds never denies what was allowed, and never allows what that role does not hold.
    #[test]
    fn an_approval_only_lifts_holds(set in set(), principal in principal(), context in context(), facts in facts()) {
        use crate::Verdict;
        let session = set.narrow(&principal);
        let plain = session.decide(&context, "shop", &facts, &[], None);
        let lifted = session.decide(&context, "shop", &facts, &[], Some("dba"));
        match (&plain, &lifted) {
            (Verdict::Allow { .. }, lifted) => prop_assert!(matches!(lifted, Verdict::Allow { .. }), "denied"),
            (Verdict::Hold { approver, .. }, Verdict::Allow { .. }) => prop_assert_eq!(approver, "dba"),
            (Verdict::Hold { approver, .. }, lifted) => {
                prop_assert_ne!(approver, "dba");
                prop_assert_eq!(&plain, lifted);
            }
            // Two approvers become one when the other has approved; nothing else gets milder.
            (Verdict::Deny { policies, .. }, Verdict::Deny { .. }) => prop_assert!(!policies.is_empty()),
            (Verdict::Deny { policies, .. }, _) => {
                prop_assert!(policies.iter().any(|p| p.id == crate::verdict::TWO_APPROVERS), "{:?}", policies);
            }
        }
    }
}
