//! The rules of the house, as far as a test can hold them: one test a rule, each failing with what to do about it.
//!
//! Owns: the shape of the source tree (who depends on whom, where what may be called, how long a file is) and the paths
//! and tests that the docs cite. Refuses: to look at behaviour. What the compiler or clippy can hold is theirs to hold;
//! docs/ARCHITECTURE.md lists which rule is held by what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

/// Which crates of the house each crate may depend on. Inner crates know nothing of each other, but for policy, which
/// reads the facts that sql makes.
const HOUSE: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("sql", &[]),
    ("policy", &["sql"]),
    ("mask", &[]),
    ("journal", &[]),
    ("gateway", &["wire", "sql", "policy", "mask", "journal"]),
    ("console", &["wire", "journal"]),
    (
        "tollgate",
        &[
            "wire", "sql", "policy", "mask", "journal", "gateway", "console",
        ],
    ),
];

/// Crates that are functions of their arguments: no sockets, files, clocks or tasks.
const PURE: &[&str] = &["wire", "sql", "policy", "mask"];

/// Crates from registries that a pure crate has no use for.
const IMPURE_CRATES: &str = "tokio tokio-rustls rustls socket2 rustix sled rusqlite getrandom rand";

/// Names that a pure crate has no use for. Addresses (`std::net::IpAddr`) are data, and `std::io::Write` into a vector is
/// no I/O.
const IMPURE_NAMES: &str = "tokio std::fs std::env std::process std::thread std::os TcpStream TcpListener UdpSocket \
     ToSocketAddrs UnixStream SystemTime Instant File stdin stdout stderr";

/// No file is longer than this: a screen or ten, one noun.
const MOST_LINES: usize = 500;

/// Files that are longer, each with the reason. A file that has become short enough has to leave this list.
const LONG: &[&str] = &[
    // One arm a message, over the state of one direction.
    "crates/gateway/src/session/upward.rs",
    "crates/gateway/src/session/downward.rs",
    // The command line as one table, help texts included.
    "crates/tollgate/src/command.rs",
    // Tables: each message, or exchange, once whole and in each malformed shape.
    "crates/wire/tests/messages.rs",
    "crates/wire/tests/scram.rs",
];

/// Names that say nothing of what is in a module.
const VAGUE: &str = "util utils common helper helpers misc";

/// Where the binary speaks on stdout and stderr; everything else logs.
const SPEAKERS: &[&str] = &[
    "crates/tollgate/src/answer.rs",
    "crates/tollgate/src/serve.rs",
];

/// Docs whose paths and tests have to exist.
const CITING: &[&str] = &["docs/ARCHITECTURE.md", "docs/THREATS.md"];

// --- rules -------------------------------------------------------------------------------------------------------------

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        let Some((_, allowed)) = HOUSE.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!(
                "crate {name} is not in HOUSE: say there what it may depend on"
            ));
            continue;
        };
        for dependency in dependencies(&manifest) {
            let ours = HOUSE.iter().any(|(known, _)| *known == dependency);
            if ours && !allowed.contains(&dependency.as_str()) {
                wrong.push(format!(
                    "{name} depends on {dependency}: dependencies go tollgate -> console, gateway -> the inner crates, \
                     which know nothing of each other; pass plain values, or a trait that the outer crate implements"
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn pure_crates_do_no_io() {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        if !PURE.contains(&name.as_str()) {
            continue;
        }
        for found in
            words(IMPURE_CRATES).filter(|c| section(&manifest, "dependencies").contains(*c))
        {
            wrong.push(format!(
                "{name} depends on {found}: take what it would give as an argument"
            ));
        }
        for (path, line, code) in code_of(&name) {
            for found in words(IMPURE_NAMES).filter(|n| has_word(&code, n)) {
                wrong.push(format!("{path}:{line}: {found}: {name} does no I/O and asks no clock; take the value as an argument"));
            }
        }
    }
    report(wrong);
}

#[test]
fn no_crate_may_be_unsafe() {
    let mut wrong = Vec::new();
    let workspace = parsed(&root().join("Cargo.toml"));
    let level = workspace
        .get("workspace")
        .and_then(|w| w.get("lints")?.get("rust")?.get("unsafe_code")?.as_str());
    if level != Some("forbid") {
        wrong.push(
            "Cargo.toml: [workspace.lints.rust] must say unsafe_code = \"forbid\"".to_owned(),
        );
    }
    for (name, manifest) in manifests() {
        let inherits = manifest
            .get("lints")
            .and_then(|l| l.get("workspace")?.as_bool());
        if inherits != Some(true) {
            wrong.push(format!(
                "crates/{name}/Cargo.toml: write [lints] workspace = true, or the house's lints do not hold there"
            ));
        }
    }
    report(wrong);
}

#[test]
fn every_file_says_what_it_owns() {
    let silent = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"));
    report(
        silent
            .map(|(path, _)| {
                format!("{path}: begin it with a //! doc: what it owns, and what it refuses to do")
            })
            .collect(),
    );
}

#[test]
fn no_file_is_long() {
    let mut wrong = Vec::new();
    let files = rust_files();
    for (path, text) in &files {
        let lines = text.lines().count();
        let excepted = LONG.contains(&path.as_str());
        if lines > MOST_LINES && !excepted {
            wrong.push(format!(
                "{path} has {lines} lines: split it by the reason to change (at most {MOST_LINES}, one noun a file)"
            ));
        }
        if lines <= MOST_LINES && excepted {
            wrong.push(format!(
                "{path} has {lines} lines: take it off the list LONG, it is short enough now"
            ));
        }
    }
    for long in LONG {
        if !files.iter().any(|(path, _)| path == long) {
            wrong.push(format!("{long} is gone: take it off the list LONG"));
        }
    }
    report(wrong);
}

#[test]
fn only_sql_reads_sql() {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        for dependency in dependencies(&manifest) {
            let allowed = match dependency.as_str() {
                // The console rewrites psql's own queries for its query engine; it judges nothing by them.
                "sqlparser" => matches!(name.as_str(), "sql" | "console"),
                other if other.starts_with("squawk") => name == "sql",
                _ => true,
            };
            if !allowed {
                wrong.push(format!(
                    "{name} depends on {dependency}: ask sql::analyze for facts instead of reading SQL"
                ));
            }
        }
    }
    report(wrong);
}

#[test]
fn only_the_judge_mints_permits() {
    let mut wrong = Vec::new();
    for (path, text) in rust_files() {
        if path.starts_with("crates/gateway/src/judge/") || path == own_path() {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            if line.contains("Permit::mint") || line.contains("Permit {") && line.contains("frame")
            {
                wrong.push(format!(
                    "{path}:{}: a Permit is made in crates/gateway/src/judge alone; take one as an argument",
                    at + 1
                ));
            }
        }
    }
    let permit = fs::read_to_string(root().join("crates/gateway/src/judge/permit.rs")).unwrap();
    let code: Vec<(usize, &str)> = without_tests(&permit);
    let has = |wanted: &str| code.iter().any(|(_, line)| line.contains(wanted));
    let private =
        has("    frame: ") && has("    session: ") && !has("pub frame") && !has("pub session");
    if !private || !has("pub(super) fn mint") || has("Clone") {
        wrong.push("crates/gateway/src/judge/permit.rs: private fields, not Clone, and a mint that only the judge reaches".to_owned());
    }
    report(wrong);
}

#[test]
fn modules_are_named_for_what_they_own() {
    let mut wrong = Vec::new();
    for (path, _) in rust_files() {
        let vague = Path::new(&path)
            .with_extension("")
            .components()
            .any(|part| words(VAGUE).any(|vague| part.as_os_str() == vague));
        if vague {
            wrong.push(format!(
                "{path}: name it for the noun in it; a module without one collects what nobody owns"
            ));
        }
    }
    report(wrong);
}

#[test]
fn nothing_but_the_binary_prints() {
    let mut wrong = Vec::new();
    for (path, line, code) in HOUSE.iter().flat_map(|(name, _)| code_of(name)) {
        let printers = words("println! eprintln! print! eprint! dbg!");
        for found in printers.filter(|p| has_word(&code, p) && !SPEAKERS.contains(&path.as_str())) {
            wrong.push(format!("{path}:{line}: {found}: log it with tracing, or answer with crates/tollgate/src/answer.rs"));
        }
    }
    report(wrong);
}

#[test]
fn no_text_holds_what_does_not_belong_there() {
    let checkout = root().display().to_string();
    // Put together here, so that this file does not hold them either.
    let unfinished = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut wrong = Vec::new();
    for (path, text) in text_files() {
        for (at, line) in (1..).zip(text.lines()) {
            if has_word(line, &checkout) {
                wrong.push(format!(
                    "{path}:{at}: the path of a checkout: say it relative to the repository"
                ));
            }
            for word in unfinished.iter().filter(|w| has_word(line, w)) {
                wrong.push(format!("{path}:{at}: {word}: do it, or write an issue"));
            }
        }
    }
    report(wrong);
}

#[test]
fn docs_cite_what_exists() {
    let mut wrong = Vec::new();
    for doc in CITING {
        let text = fs::read_to_string(root().join(doc)).unwrap_or_default();
        if text.is_empty() {
            wrong.push(format!("{doc} is missing"));
        }
        for cited in text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|c| is_citation(c))
        {
            if let Some(problem) = problem_of(cited) {
                wrong.push(format!("{doc}: `{cited}`: {problem}"));
            }
        }
    }
    report(wrong);
}

// --- citations -----------------------------------------------------------------------------------------------------------

/// `dir/file.rs`, `dir/file.py::test` and the like.
fn is_citation(quoted: &str) -> bool {
    const KINDS: &[&str] = &[
        ".rs", ".py", ".toml", ".md", ".cedar", ".cases", ".sql", ".cjs",
    ];
    let path = quoted.split("::").next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    path.contains('/') && path.chars().all(plain) && KINDS.iter().any(|kind| path.ends_with(kind))
}

/// Paths are from the repository, from `crates/`, or from `tests/`.
fn problem_of(cited: &str) -> Option<String> {
    let (path, test) = cited.split_once("::").unwrap_or((cited, ""));
    let places = ["", "crates", "tests"].map(|place| root().join(place).join(path));
    let Some(file) = places.iter().find(|p| p.is_file()) else {
        return Some("there is no such file: cite what exists".to_owned());
    };
    let text = fs::read_to_string(file).unwrap();
    let there = ["fn ", "def "].iter().any(|word| {
        text.match_indices(&format!("{word}{test}"))
            .any(|(at, found)| text[at + found.len()..].starts_with(['(', '<']))
    });
    (!test.is_empty() && !there)
        .then(|| format!("{path} has no test {test}: cite the one it has now"))
}

// --- reading the tree ----------------------------------------------------------------------------------------------------

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn own_path() -> &'static str {
    "crates/tollgate/tests/tidy.rs"
}

/// Fails with every line there is.
fn report(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn parsed(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap();
    text.parse()
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every crate's name and manifest.
fn manifests() -> Vec<(String, Table)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let dir = entry.unwrap().path();
        if dir.join("Cargo.toml").is_file() {
            let name = dir.file_name().unwrap().to_str().unwrap().to_owned();
            all.push((name, parsed(&dir.join("Cargo.toml"))));
        }
    }
    assert!(all.len() >= HOUSE.len(), "where are the crates?");
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Every dependency, those of tests included.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    sections.iter().flat_map(|s| section(manifest, s)).collect()
}

/// Names in a section, and in the same section under `[target.…]`.
fn section(manifest: &Table, section: &str) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(|t| t.as_table());
    let targets = targets.into_iter().flat_map(|t| t.values());
    let tables = targets.filter_map(|t| t.as_table()).chain([manifest]);
    let sections = tables.filter_map(|t| t.get(section)?.as_table());
    sections.flat_map(|s| s.keys().cloned()).collect()
}

fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split_whitespace()
}

/// Every file below a directory, build products and what tools leave behind aside.
fn walk(dir: &Path, all: &mut Vec<PathBuf>) {
    const SKIPPED: &str =
        "target .git node_modules __pycache__ .pytest_cache corpus artifacts results state";
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || words(SKIPPED).any(|skipped| skipped == name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, all);
        } else {
            all.push(path);
        }
    }
}

/// Files that are text, with paths from the repository.
fn text_files() -> Vec<(String, String)> {
    let root = root();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            // Somebody may be writing this very file: one that is gone is none.
            let text = fs::read_to_string(&path).ok()?;
            let path = path.strip_prefix(&root).unwrap();
            Some((path.to_str().unwrap().to_owned(), text))
        })
        .collect()
}

fn rust_files() -> Vec<(String, String)> {
    let mut all = text_files();
    all.retain(|(path, _)| path.ends_with(".rs"));
    assert!(all.len() > 100, "where is the source?");
    all
}

/// The lines of a crate's `src` without comments and without what is compiled for tests only: path, line number, code.
fn code_of(name: &str) -> Vec<(String, usize, String)> {
    let src = format!("crates/{name}/src/");
    let mut files = rust_files();
    files.retain(|(path, _)| path.starts_with(&src));
    let for_tests: Vec<String> = files
        .iter()
        .flat_map(|(path, text)| test_modules(path, text))
        .collect();
    let mut all = Vec::new();
    for (path, text) in &files {
        let tests_only = for_tests
            .iter()
            .any(|m| *path == format!("{m}.rs") || path.starts_with(&format!("{m}/")));
        if !tests_only {
            let lines = without_tests(text).into_iter();
            all.extend(lines.map(|(at, code)| (path.clone(), at, code.to_owned())));
        }
    }
    all
}

/// Modules in files of their own that are declared under `#[cfg(test)]`, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let path = Path::new(path);
    let dir = match path.file_stem().and_then(|s| s.to_str()) {
        Some("lib" | "main" | "mod") => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    };
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            continue;
        }
        for next in lines.by_ref() {
            if let Some(file) = next.strip_prefix("#[path = \"") {
                let file = file.trim_end_matches("\"]").trim_end_matches(".rs");
                let beside = path.parent().unwrap().join(file);
                found.push(beside.to_str().unwrap().to_owned());
            } else if !next.starts_with("#[") {
                if let Some(name) = next.strip_prefix("mod ").and_then(|n| n.strip_suffix(';')) {
                    found.push(dir.join(name).to_str().unwrap().to_owned());
                }
                break;
            }
        }
    }
    found
}

/// Numbered lines, without comments and without items under `#[cfg(test)]`. An item ends where rustfmt ends it: at a `;`,
/// or at a closing bracket as far in as it began.
fn without_tests(text: &str) -> Vec<(usize, &str)> {
    let mut kept = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = &line[..line.len() - line.trim_start().len()];
            for (_, inner) in lines.by_ref() {
                let own_level = inner.len() - inner.trim_start().len() == indent.len();
                if own_level && (inner.ends_with(';') || inner.trim_start().starts_with('}')) {
                    break;
                }
            }
            continue;
        }
        let code = line.split(" // ").next().unwrap_or_default();
        if !code.trim_start().starts_with("//") {
            kept.push((at + 1, code));
        }
    }
    kept
}

/// Whether the word stands in the text, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let free = |c: Option<char>| !c.is_some_and(part);
        // A word that ends in a sign, as `dbg!` does, ends there.
        free(before) && (free(after) || word.ends_with('!'))
    })
}

// --- this file itself ------------------------------------------------------------------------------------------------------

#[test]
fn the_readers_of_this_test_read_what_they_should() {
    assert!(has_word("use std::fs;", "std::fs") && !has_word("use std::fsync;", "std::fs"));
    assert!(has_word("x dbg!(y)", "dbg!") && !has_word("adbg!(y)", "dbg!"));
    let text = "a\n// b\n#[cfg(test)]\nmod tests {\n    c\n}\nd // e\n#[cfg(test)]\nmod t;\nf\n";
    let code: Vec<&str> = without_tests(text).into_iter().map(|(_, l)| l).collect();
    assert_eq!(code, ["a", "d", "f"]);
    let text = "#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;\n#[cfg(test)]\nmod own;\n";
    assert_eq!(
        test_modules("crates/a/src/b/c.rs", text),
        [
            "crates/a/src/b/x_tests",
            "crates/a/src/b/c/tests",
            "crates/a/src/b/c/own"
        ]
    );
    assert!(is_citation("wire/src/cursor.rs") && is_citation("e2e/test_holds.py::test_rejected"));
    assert!(!is_citation("Permit") && !is_citation("a/*.rs") && !is_citation("tollgate.toml"));
}
