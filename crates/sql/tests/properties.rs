//! What must hold whatever the text: facts come back, nothing panics, and a shape marked blind to its literals is blind.

#![allow(clippy::unwrap_used)]

mod shop;

use std::sync::LazyLock;

use proptest::prelude::*;
use sql::catalog::Catalog;
use sql::facts::Flag;
use sql::{Settings, analyze, fingerprint};

static CATALOG: LazyLock<Catalog> = LazyLock::new(shop::catalog);
static SETTINGS: LazyLock<Settings> =
    LazyLock::new(|| Settings::with_search_path(&["pg_catalog", "public"], "app"));

/// Every statement of the fixtures.
static STATEMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all: Vec<String> = vec![];
    for (_, text) in shop::case_files() {
        let mut statement = String::new();
        for line in text.lines() {
            if line.starts_with("=>") || line.is_empty() || line.starts_with("# ") {
                if !statement.is_empty() {
                    all.push(std::mem::take(&mut statement));
                }
            } else {
                statement.push_str(line);
                statement.push('\n');
            }
        }
    }
    let honest = shop::fixture("honest.sql");
    all.extend(
        honest
            .lines()
            .filter(|l| !l.starts_with("--") && !l.is_empty())
            .map(str::to_owned),
    );
    all
});

/// Words as a tokenizer would roughly cut them.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut last = ' ';
    for c in text.chars() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if word(c) && word(last) {
            words.last_mut().unwrap().push(c);
        } else {
            words.push(c.to_string());
        }
        last = c;
    }
    words
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_statements_give_facts(
        a in any::<prop::sample::Index>(),
        b in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..5u8), 1..5),
    ) {
        let mut text = words(&STATEMENTS[a.index(STATEMENTS.len())]);
        let other = words(&STATEMENTS[b.index(STATEMENTS.len())]);
        for (at, from, what) in edits {
            if text.is_empty() {
                break;
            }
            let at = at.index(text.len());
            let word = other[from.index(other.len())].clone();
            match what {
                0 => { text.remove(at); }
                1 => text.insert(at, word),
                2 => text[at] = word,
                3 => { let again = text[at].clone(); text.insert(at, again); }
                _ => text.truncate(at),
            }
        }
        let text: String = text.concat();
        let analysis = analyze(text.as_bytes(), &SETTINGS, &CATALOG);
        prop_assert!(!analysis.statements.is_empty());
        for facts in &analysis.statements {
            prop_assert!(!facts.needs.is_empty());
            prop_assert!(facts.range.end <= text.len());
            prop_assert!(text.get(facts.range.clone()).is_some());
            let sorted = |len: usize, strictly: &dyn Fn(usize) -> bool| (1..len).all(strictly);
            prop_assert!(sorted(facts.needs.len(), &|i| facts.needs[i - 1] < facts.needs[i]));
            prop_assert!(sorted(facts.uses.len(), &|i| facts.uses[i - 1] < facts.uses[i]));
            prop_assert!(sorted(facts.flags.len(), &|i| facts.flags[i - 1] < facts.flags[i]));
        }
    }

    #[test]
    fn any_bytes_give_facts(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(!analyze(&bytes, &SETTINGS, &CATALOG).statements.is_empty());
    }
}

/// Other literals of the same class.
fn with_other_literals(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    let mut last = ' ';
    while let Some(c) = chars.next() {
        if c == '\'' {
            out.push('\'');
            while chars.next_if(|c| *c != '\'').is_some() {}
            out.push_str("zz top");
        } else if c.is_ascii_digit() && !last.is_alphanumeric() && !matches!(last, '_' | '$' | '"')
        {
            while chars.next_if(char::is_ascii_digit).is_some() {}
            out.push_str("90210");
            last = '0';
            continue;
        } else {
            out.push(c);
        }
        last = c;
    }
    out
}

#[test]
fn blind_shapes_are_blind() {
    let mut blind = 0;
    for statement in STATEMENTS.iter() {
        let analysis = analyze(statement.as_bytes(), &SETTINGS, &CATALOG);
        let facts = &analysis.statements[0];
        if !facts.has(Flag::LiteralBlind) {
            continue;
        }
        assert_eq!(analysis.statements.len(), 1, "{statement}");
        assert_eq!(facts.range, 0..statement.len(), "{statement}");
        let other = with_other_literals(statement);
        let print = fingerprint(statement.as_bytes());
        if print.is_none() || print != fingerprint(other.as_bytes()) {
            continue;
        }
        blind += 1;
        let mut again = analyze(other.as_bytes(), &SETTINGS, &CATALOG)
            .statements
            .remove(0);
        again.range = facts.range.clone();
        assert_eq!(*facts, again, "{statement}\n{other}");
    }
    assert!(blind > 50, "only {blind} shapes are blind");
}
