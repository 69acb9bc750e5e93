//! The rules of the house, as far as a test can hold them: one test a rule, each failing with what to do about it.
//!
//! Owns: the shape of the source tree (who depends on whom, where what may be called, how long a file is), and that the
//! paths and tests which the docs cite exist. Refuses: to look at behaviour. docs/ARCHITECTURE.md lists which rule is
//! held by what.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::Table;

/// Which crates of the house each crate may depend on. Inner crates know nothing of each other, but for policy, which
/// reads the facts that sql makes.
const HOUSE: &[(&str, &str)] = &[
    ("wire", ""),
    ("sql", ""),
    ("policy", "sql"),
    ("mask", ""),
    ("journal", ""),
    ("gateway", "wire sql policy mask journal"),
    ("console", "wire journal"),
    ("tollgate", "wire sql policy mask journal gateway console"),
];

/// Crates that are functions of their arguments: no sockets, files, clocks or tasks.
const PURE: &str = "wire sql policy mask";

/// Crates from registries that a pure crate has no use for.
const IMPURE_CRATES: &str =
    "tokio tokio-rustls rustls socket2 rustix sled rusqlite getrandom rand chrono";

/// Names that a pure crate has no use for. Addresses (`std::net::IpAddr`) are data, and `std::io::Write` into a vector is
/// no I/O.
const IMPURE_NAMES: &str = "tokio std::fs std::env std::process std::thread std::os std::io::stdin std::io::stdout \
     std::io::stderr TcpStream TcpListener UdpSocket ToSocketAddrs UnixStream SystemTime Instant";

/// No file is longer than this: a screen or ten, one noun.
const MOST_LINES: usize = 500;

/// Files that are longer, each with the reason. A file that has become short enough has to leave this list.
const LONG: &[&str] = &[
    // Tables: a relation of the console's a block; each message, or exchange, once whole and in each malformed shape.
    "crates/console/src/relation.rs",
    "crates/console/tests/support/mod.rs",
    "crates/wire/tests/messages.rs",
    "crates/wire/tests/scram.rs",
];

/// Names that say nothing of what is in a module.
const VAGUE: &str = "util utils common helper helpers misc";

/// Where the binary speaks on stdout and stderr; everything else logs.
const SPEAKERS: &str = "crates/tollgate/src/answer.rs crates/tollgate/src/serve.rs";

/// Docs whose paths and tests have to exist.
const CITING: &str = "docs/ARCHITECTURE.md docs/THREATS.md";

// --- the rules ---------------------------------------------------------------------------------------------------------

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        let known = HOUSE.iter().find(|(known, _)| *known == name);
        let Some((_, allowed)) = known else {
            wrong.push(format!("{name} is a crate that is not in HOUSE"));
            continue;
        };
        for found in dependencies(&manifest) {
            let ours = HOUSE.iter().any(|(known, _)| *known == found);
            if ours && !words(allowed).any(|a| a == found) {
                wrong.push(format!("{name} depends on {found}"));
            }
        }
    }
    report(
        wrong,
        "dependencies go tollgate -> console, gateway -> the inner crates, which know nothing of each other but for \
         policy -> sql: pass plain values, or a trait that the outer crate implements",
    );
}

#[test]
fn pure_crates_do_no_io() {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        if !words(PURE).any(|pure| pure == name) {
            continue;
        }
        let used = section(&manifest, "dependencies");
        let impure = words(IMPURE_CRATES).filter(|found| used.contains(*found));
        wrong.extend(impure.map(|found| format!("{name} depends on {found}")));
        for (place, code) in code_of(&name) {
            let impure = words(IMPURE_NAMES).filter(|found| has_word(&code, found));
            wrong.extend(impure.map(|found| format!("{place}: {found}")));
        }
    }
    report(
        wrong,
        "wire, sql, policy and mask do no I/O and ask no clock: take what it would give as an argument",
    );
}

#[test]
fn no_crate_may_be_unsafe() {
    let mut wrong = Vec::new();
    let workspace = parsed(&root().join("Cargo.toml"));
    let lints = workspace.get("workspace").and_then(|w| w.get("lints"));
    let level = lints.and_then(|l| l.get("rust")?.get("unsafe_code")?.as_str());
    if level != Some("forbid") {
        wrong.push("Cargo.toml: [workspace.lints.rust] has no unsafe_code = \"forbid\"".to_owned());
    }
    for (name, manifest) in manifests() {
        let lints = manifest.get("lints");
        if lints.and_then(|l| l.get("workspace")?.as_bool()) != Some(true) {
            wrong.push(format!("crates/{name}/Cargo.toml"));
        }
    }
    report(
        wrong,
        "unsafe code is forbidden for the workspace, and a crate inherits that by [lints] workspace = true",
    );
}

#[test]
fn every_file_says_what_it_owns() {
    let mut files = rust_files();
    files.retain(|(_, text)| !text.starts_with("//!"));
    report(
        files.into_iter().map(|(path, _)| path).collect(),
        "begin the file with a //! doc: what it owns, and what it refuses to do",
    );
}

#[test]
fn no_file_is_long() {
    let mut wrong = Vec::new();
    let mut listed: BTreeSet<&str> = LONG.iter().copied().collect();
    for (path, text) in rust_files() {
        let lines = text.lines().count();
        match (lines > MOST_LINES, listed.remove(path.as_str())) {
            (true, false) => wrong.push(format!("{path} has {lines} lines")),
            (false, true) => {
                wrong.push(format!("{path} is on the list LONG and has {lines} lines"))
            }
            (true, true) | (false, false) => {}
        }
    }
    wrong.extend(
        listed
            .iter()
            .map(|gone| format!("{gone} is on the list LONG and gone")),
    );
    report(
        wrong,
        "split a file of more than 500 lines by the reason to change, one noun a file; take what is short enough off LONG",
    );
}

#[test]
fn only_sql_reads_sql() {
    let mut wrong = Vec::new();
    for (name, manifest) in manifests() {
        for found in dependencies(&manifest) {
            let allowed = match found.as_str() {
                // The console rewrites psql's own queries for its query engine; it judges nothing by them.
                "sqlparser" => matches!(name.as_str(), "sql" | "console"),
                other if other.starts_with("squawk") => name == "sql",
                _ => true,
            };
            if !allowed {
                wrong.push(format!("{name} depends on {found}"));
            }
        }
    }
    report(
        wrong,
        "ask sql::analyze for facts instead of reading SQL a second way",
    );
}

#[test]
fn only_the_judge_mints_permits() {
    let mut wrong = Vec::new();
    let mut files = rust_files();
    files.retain(|(path, _)| {
        !path.starts_with("crates/gateway/src/judge/") && !path.ends_with("/tidy.rs")
    });
    for (place, line) in files.iter().flat_map(|(path, text)| lines(path, text)) {
        if line.contains("Permit::mint") || line.contains("Permit { frame") {
            wrong.push(place);
        }
    }
    let path = "crates/gateway/src/judge/permit.rs";
    let text = fs::read_to_string(root().join(path)).unwrap();
    let code: String = without_tests(path, &text)
        .into_iter()
        .map(|(_, line)| line + "\n")
        .collect();
    let private = code.contains("\n    frame: ") && code.contains("\n    session: ");
    if !private || !code.contains("pub(super) fn mint") || code.contains("Clone") {
        wrong.push(format!(
            "{path}: private fields, not Clone, a mint that is pub(super)"
        ));
    }
    report(
        wrong,
        "a Permit is proof that crates/gateway/src/judge has allowed this frame: take one as an argument, make none",
    );
}

#[test]
fn modules_are_named_for_what_they_own() {
    let mut files = rust_files();
    files.retain(|(path, _)| {
        let mut parts = path.trim_end_matches(".rs").split('/');
        parts.any(|part| words(VAGUE).any(|vague| vague == part))
    });
    report(
        files.into_iter().map(|(path, _)| path).collect(),
        "name the module for the noun in it: one without a noun collects what nobody owns",
    );
}

#[test]
fn nothing_but_the_binary_prints() {
    let mut wrong = Vec::new();
    for (place, code) in HOUSE.iter().flat_map(|(name, _)| code_of(name)) {
        let speaks = words(SPEAKERS).any(|path| place.starts_with(path));
        let mut printers = words("println! eprintln! print! eprint! dbg!");
        if !speaks && printers.any(|found| has_word(&code, found)) {
            wrong.push(place);
        }
    }
    report(
        wrong,
        "log it with tracing, or answer with crates/tollgate/src/answer.rs",
    );
}

#[test]
fn no_text_holds_what_does_not_belong_there() {
    let checkout = root().display().to_string();
    // Put together here, so that this file does not hold them either.
    let unwanted = [checkout.as_str(), concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut wrong = Vec::new();
    for (place, line) in text_files()
        .iter()
        .flat_map(|(path, text)| lines(path, text))
    {
        let found = unwanted.iter().filter(|word| has_word(&line, word));
        wrong.extend(found.map(|word| format!("{place}: {word}")));
    }
    report(
        wrong,
        "say a path relative to the repository; do what is to be done, or say in a sentence what is not there",
    );
}

#[test]
fn docs_cite_what_exists() {
    let mut wrong = Vec::new();
    for doc in words(CITING) {
        let text = fs::read_to_string(root().join(doc)).unwrap_or_default();
        if text.is_empty() {
            wrong.push(format!("{doc} is missing"));
        }
        let quoted = text.split('`').skip(1).step_by(2);
        let cited = quoted.filter(|c| is_citation(c) && !is_there(c));
        wrong.extend(cited.map(|cited| format!("{doc}: `{cited}`")));
    }
    report(
        wrong,
        "cite files that exist (from the repository, crates/, a crate's src/ or tests/), and after :: a test that is in them",
    );
}

// --- citations ---------------------------------------------------------------------------------------------------------

/// `dir/file.rs`, `dir/file.py::test` and the like.
fn is_citation(quoted: &str) -> bool {
    let path = quoted.split("::").next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let mut kinds = words(".rs .py .toml .md .cedar .cases .sql .cjs");
    path.contains('/') && path.chars().all(plain) && kinds.any(|kind| path.ends_with(kind))
}

fn is_there(cited: &str) -> bool {
    let (path, test) = cited.split_once("::").unwrap_or((cited, ""));
    let sources = HOUSE.iter().map(|(name, _)| format!("crates/{name}/src"));
    let mut places = ["", "crates", "tests"]
        .map(str::to_owned)
        .into_iter()
        .chain(sources);
    let read = |place: String| fs::read_to_string(root().join(place).join(path)).ok();
    let Some(text) = places.find_map(read) else {
        return false;
    };
    let named = |word: &str| has_word(&text, &format!("{word} {test}"));
    test.is_empty() || named("fn") || named("def")
}

// --- reading the tree --------------------------------------------------------------------------------------------------

fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    crates.parent().unwrap().to_owned()
}

/// Fails where anything is wrong, with every place and the remedy.
fn report(wrong: Vec<String>, remedy: &str) {
    assert!(wrong.is_empty(), "\n{}\n\n{remedy}\n", wrong.join("\n"));
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split_whitespace()
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

/// Every file below a directory, build products and what tools leave behind aside.
fn walk(dir: &Path, all: &mut Vec<PathBuf>) {
    const SKIPPED: &str =
        "target .git node_modules __pycache__ .pytest_cache corpus artifacts results state";
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_symlink() || words(SKIPPED).any(|skipped| name == skipped) {
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
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).ok()?;
        Some((path.strip_prefix(&root).ok()?.to_str()?.to_owned(), text))
    };
    paths.into_iter().filter_map(read).collect()
}

fn rust_files() -> Vec<(String, String)> {
    let mut all = text_files();
    all.retain(|(path, _)| path.ends_with(".rs"));
    assert!(all.len() > 100, "where is the source?");
    all
}

/// The lines of a text, each with its place.
fn lines(path: &str, text: &str) -> Vec<(String, String)> {
    let numbered = (1..).zip(text.lines());
    numbered
        .map(|(at, line)| (format!("{path}:{at}"), line.to_owned()))
        .collect()
}

/// The lines of a crate's `src`, without comments and without what is compiled for tests only.
fn code_of(name: &str) -> Vec<(String, String)> {
    let src = format!("crates/{name}/src/");
    let mut files = rust_files();
    files.retain(|(path, _)| path.starts_with(&src));
    let declared = |(path, text): &(String, String)| test_modules(path, text);
    let tests: Vec<String> = files.iter().flat_map(declared).collect();
    let is_test = |path: &str| {
        let of = |module: &String| {
            path == format!("{module}.rs") || path.starts_with(&format!("{module}/"))
        };
        tests.iter().any(of)
    };
    files.retain(|(path, _)| !is_test(path));
    files
        .iter()
        .flat_map(|(path, text)| without_tests(path, text))
        .collect()
}

/// Modules in files of their own that are declared under `#[cfg(test)]`, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let (dir, file) = path.rsplit_once('/').unwrap_or(("", path));
    let below = match file.trim_end_matches(".rs") {
        "lib" | "main" | "mod" => dir.to_owned(),
        stem => format!("{dir}/{stem}"),
    };
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while lines.by_ref().any(|line| line == "#[cfg(test)]") {
        let Some(line) = lines.next() else { break };
        if let Some(file) = line.strip_prefix("#[path = \"") {
            found.push(format!("{dir}/{}", file.trim_end_matches(".rs\"]")));
        } else if let Some(name) = line.strip_prefix("mod ").and_then(|n| n.strip_suffix(';')) {
            found.push(format!("{below}/{name}"));
        }
    }
    found
}

/// Lines with their places, without comments and without items under `#[cfg(test)]`. An item ends where rustfmt ends it:
/// at a `;`, or at a closing bracket as far in as it began.
fn without_tests(path: &str, text: &str) -> Vec<(String, String)> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut kept = Vec::new();
    let mut lines = lines(path, text).into_iter();
    while let Some((place, line)) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let ends = |inner: &str| inner.ends_with(';') || inner.trim_start().starts_with('}');
            lines
                .by_ref()
                .find(|(_, inner)| depth(inner) == depth(&line) && ends(inner));
            continue;
        }
        let code = line.split(" // ").next().unwrap_or_default();
        if !code.trim_start().starts_with("//") {
            kept.push((place, code.to_owned()));
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
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[test]
fn the_readers_above_read_what_they_should() {
    assert!(has_word("use std::fs;", "std::fs") && !has_word("use std::fsync;", "std::fs"));
    assert!(has_word("    dbg!(y)", "dbg!") && !has_word("adbg!(y)", "dbg!"));
    let text = "a\n// b\n#[cfg(test)]\nmod tests {\n    c\n}\nd // e\n#[cfg(test)]\nmod t;\nf\n";
    let code = without_tests("x", text).into_iter().map(|(_, line)| line);
    assert_eq!(code.collect::<Vec<_>>(), ["a", "d", "f"]);
    let text = "#[cfg(test)]\n#[path = \"p.rs\"]\nmod t;\n#[cfg(test)]\nmod own;\n";
    assert_eq!(test_modules("a/b/c.rs", text), ["a/b/p", "a/b/c/own"]);
    assert_eq!(test_modules("a/b/mod.rs", text), ["a/b/p", "a/b/own"]);
    assert!(is_citation("wire/src/cursor.rs") && is_citation("e2e/test_holds.py::test_rejected"));
    assert!(!is_citation("Permit") && !is_citation("a/*.rs") && !is_citation("tollgate.toml"));
}
