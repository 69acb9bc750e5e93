//! The policy sets of `policies/`, held against their own test cases.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use policy::{Context, PolicySet, Principal, SessionPolicies, Verdict};
use serde::Deserialize;
use sql::facts::{Action, Class, Column, Coverage, Facts, Flag, Need, Object};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(default)]
    statement: Vec<Statement>,
    #[serde(default)]
    connect: Vec<Connect>,
    #[serde(default)]
    unmask: Vec<Unmask>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    name: String,
    roles: Vec<String>,
    #[serde(default = "read")]
    class: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    purpose: Option<String>,
    needs: Vec<(String, String)>,
    lifted: Option<String>,
    verdict: String,
    approver: Option<String>,
    policy: Option<String>,
    #[serde(default)]
    not_understood: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connect {
    name: String,
    roles: Vec<String>,
    verdict: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unmask {
    name: String,
    roles: Vec<String>,
    column: String,
    label: String,
    shown: bool,
}

fn read() -> String {
    "read".to_owned()
}

fn session(set: &PolicySet, roles: &[String]) -> std::sync::Arc<SessionPolicies> {
    set.narrow(&Principal {
        grant: "claude-code.k7f3q2".to_owned(),
        user: "alice@example.com".to_owned(),
        agent: "claude-code".to_owned(),
        roles: roles.to_vec(),
    })
}

fn context(purpose: Option<String>) -> Context {
    Context {
        now_us: 1_760_000_000_000_000,
        client: "127.0.0.1".parse().unwrap(),
        application: "psql".to_owned(),
        tls: false,
        purpose,
        expires_us: 1_760_030_000_000_000,
    }
}

fn word<T: Copy + serde::Serialize>(all: &[T], name: &str) -> T {
    let found = all
        .iter()
        .find(|t| serde_json::to_value(t).unwrap() == name);
    *found.unwrap_or_else(|| panic!("no such word: {name}"))
}

const ACTIONS: [Action; 18] = [
    Action::Read,
    Action::Insert,
    Action::Update,
    Action::Delete,
    Action::Truncate,
    Action::Merge,
    Action::Call,
    Action::Lock,
    Action::CopyIn,
    Action::CopyOut,
    Action::Create,
    Action::Alter,
    Action::Drop,
    Action::Ddl,
    Action::Dcl,
    Action::Session,
    Action::Admin,
    Action::Unknown,
];
const CLASSES: [Class; 7] = [
    Class::Session,
    Class::Read,
    Class::Write,
    Class::Ddl,
    Class::Dcl,
    Class::Admin,
    Class::Unknown,
];
const FLAGS: [Flag; 11] = [
    Flag::NoWhere,
    Flag::Locks,
    Flag::Multi,
    Flag::RevealsData,
    Flag::SingleReader,
    Flag::Disagree,
    Flag::ServerFile,
    Flag::Analyze,
    Flag::UnresolvedName,
    Flag::Explain,
    Flag::LiteralBlind,
];

fn object(text: &str) -> Object {
    match text.split_once('.') {
        None if text == "*" => Object::Database,
        None => panic!("no such object: {text}"),
        Some((schema, "")) => Object::Schema(schema.to_owned()),
        Some((schema, name)) => match name.strip_suffix("()") {
            Some(function) => Object::Function(schema.to_owned(), function.to_owned()),
            None => Object::Table(schema.to_owned(), name.to_owned()),
        },
    }
}

fn facts(case: &Statement) -> Facts {
    let needs = case.needs.iter().map(|(a, o)| Need {
        action: word(&ACTIONS, a),
        object: object(o),
    });
    Facts {
        class: word(&CLASSES, &case.class),
        command: "SELECT".to_owned(),
        range: 0..0,
        needs: needs.collect(),
        uses: Vec::new(),
        writes: Vec::new(),
        functions: Vec::new(),
        outputs: Vec::new(),
        flags: case.flags.iter().map(|f| word(&FLAGS, f)).collect(),
        coverage: Coverage::Complete,
        settings: Vec::new(),
        transaction: None,
        named: None,
        moves: Vec::new(),
    }
}

fn kind(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allow { .. } => "allow",
        Verdict::Hold { .. } => "hold",
        Verdict::Deny { .. } => "deny",
    }
}

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

#[test]
fn every_shipped_set_has_test_cases_and_passes_them() {
    let mut sets = 0;
    for entry in std::fs::read_dir(policies()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "cedar") {
            sets += 1;
            check(&path);
        }
    }
    assert_eq!(sets, 2);
}

fn check(path: &Path) {
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap();
    // No database is configured: a set that named one would not be ready to use.
    let set = PolicySet::load(&[(file.clone(), text)], &[])
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    assert!(
        !set.mentions_time(),
        "{file}: its verdicts could not be kept"
    );
    let cases = std::fs::read_to_string(path.with_extension("test.toml")).unwrap();
    let cases: Cases = toml::from_str(&cases).unwrap();
    assert!(
        !cases.statement.is_empty() && !cases.unmask.is_empty() && !cases.connect.is_empty(),
        "{file}"
    );
    for case in &cases.statement {
        let name = format!("{file}: {}", case.name);
        let verdict = session(&set, &case.roles).decide(
            &context(case.purpose.clone()),
            "shop",
            &facts(case),
            &case.labels,
            case.lifted.as_deref(),
        );
        assert_eq!(kind(&verdict), case.verdict, "{name}: {verdict:?}");
        if let Some(id) = &case.policy {
            assert_eq!(&verdict.policies()[0].id, id, "{name}: {verdict:?}");
        }
        match &verdict {
            Verdict::Allow { .. } => {}
            Verdict::Hold { approver, .. } => {
                assert_eq!(Some(approver), case.approver.as_ref(), "{name}")
            }
            Verdict::Deny { not_understood, .. } => {
                assert_eq!(*not_understood, case.not_understood, "{name}")
            }
        }
    }
    for case in &cases.connect {
        let verdict = session(&set, &case.roles).connect(&context(None), "shop");
        assert_eq!(kind(&verdict), case.verdict, "{file}: {}", case.name);
    }
    for case in &cases.unmask {
        let mut parts = case.column.split('.').map(str::to_owned);
        let mut next = || parts.next().unwrap();
        let column = Column {
            schema: next(),
            table: next(),
            column: next(),
        };
        let shown = session(&set, &case.roles).unmask(&context(None), "shop", &column, &case.label);
        assert_eq!(shown, case.shown, "{file}: {}", case.name);
    }
}
