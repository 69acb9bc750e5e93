//! New texts out of old ones.
//!
//! Owns: [`mutated`]. Refuses: any choice that the random does not make, so that a seed gives its texts again.

use referee::random::Random;

use crate::words::{
    EXPRESSIONS, KEYWORDS, MARKS, NAMES, SOURCES, SPACES, STATEMENTS, is_space, is_word, pieces,
};

/// Words that begin a clause: from one to the next, a clause can change places with one of another text.
const CLAUSES: &[&str] = &[
    "select",
    "from",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "fetch",
    "for",
    "window",
    "union",
    "intersect",
    "except",
    "returning",
    "set",
    "values",
    "using",
    "on",
    "with",
    "into",
    "when",
    "default",
    "as",
    "and",
    "or",
    "join",
    "then",
];

/// A text out of one or two of these.
pub fn mutated(seeds: &[String], random: &mut Random) -> String {
    let mut text = seed(seeds, random).to_owned();
    let times = match random.below(8) {
        0..=4 => 1,
        5 | 6 => 2,
        _ => 3 + random.below(4),
    };
    for _ in 0..times {
        text = changed(&text, seeds, random);
        if text.len() > 4000 {
            break;
        }
    }
    text
}

fn seed<'a>(seeds: &'a [String], random: &mut Random) -> &'a str {
    // Short ones rather than long ones.
    let first = &seeds[random.below(seeds.len())];
    let second = &seeds[random.below(seeds.len())];
    if first.len() <= second.len() {
        first
    } else {
        second
    }
}

fn changed(text: &str, seeds: &[String], random: &mut Random) -> String {
    let mut parts: Vec<String> = pieces(text).into_iter().map(str::to_owned).collect();
    if parts.is_empty() {
        return random.pick(STATEMENTS).to_owned();
    }
    let at = random.below(parts.len());
    match random.below(22) {
        0 => drop(parts.remove(at)),
        1 => {
            let until = (at + 1 + random.below(4)).min(parts.len());
            parts.drain(at..until);
        }
        2 => {
            let to = random.below(parts.len());
            parts.swap(at, to);
        }
        3 => parts.insert(at, parts[at].clone()),
        4 | 5 => parts.insert(at, spaced(random.pick(KEYWORDS))),
        6 => parts.insert(at, random.pick(MARKS).to_owned()),
        7 => in_place(&mut parts, random, is_space, SPACES),
        8 => in_place(&mut parts, random, is_word, NAMES),
        9 => in_place(&mut parts, random, is_word, KEYWORDS),
        10 | 11 => in_place(&mut parts, random, is_value, EXPRESSIONS),
        12 => in_place(&mut parts, random, is_word, SOURCES),
        13 => parts.insert(at, format!(" {} ", random.pick(NAMES))),
        14 => {
            let statement = random.pick(STATEMENTS);
            return match random.below(3) {
                0 => format!("{text};{statement}"),
                1 => format!("{statement};{text}"),
                _ => format!("{text} {statement}"),
            };
        }
        15 | 16 => brackets(&mut parts, &other(seeds, random), random),
        17 | 18 => clause(&mut parts, &other(seeds, random), random),
        19 => wrapped(&mut parts, random),
        20 => {
            let from = other(seeds, random);
            if !from.is_empty() {
                let start = random.below(from.len());
                let end = (start + 1 + random.below(8)).min(from.len());
                parts.splice(at..at, from[start..end].iter().cloned());
            }
        }
        _ => return quoting(&parts, at, random),
    }
    parts.concat()
}

fn other(seeds: &[String], random: &mut Random) -> Vec<String> {
    pieces(seed(seeds, random))
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn spaced(word: &str) -> String {
    format!(" {word} ")
}

fn is_value(piece: &str) -> bool {
    is_word(piece) || piece.starts_with(|c: char| c.is_ascii_digit() || c == '\'' || c == '*')
}

/// Exchanges one of the pieces of a kind.
fn in_place(parts: &mut [String], random: &mut Random, kind: fn(&str) -> bool, from: &[&str]) {
    let places: Vec<usize> = (0..parts.len()).filter(|i| kind(&parts[*i])).collect();
    if !places.is_empty() {
        let at = places[random.below(places.len())];
        parts[at] = random.pick(from).to_owned();
    }
}

/// Brackets that belong together: from and to, both included.
fn pairs(parts: &[String]) -> Vec<(usize, usize)> {
    let mut open = vec![];
    let mut all = vec![];
    for (at, part) in parts.iter().enumerate() {
        match part.as_str() {
            "(" => open.push(at),
            ")" => all.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    all
}

/// What stands in brackets becomes what stands in brackets elsewhere, or an expression.
fn brackets(parts: &mut Vec<String>, from: &[String], random: &mut Random) {
    let here = pairs(parts);
    if here.is_empty() {
        return;
    }
    let (start, end) = here[random.below(here.len())];
    let there = pairs(from);
    let inside: Vec<String> = if there.is_empty() || random.once_in(3) {
        let from = match random.once_in(2) {
            true => EXPRESSIONS,
            false => STATEMENTS,
        };
        vec![random.pick(from).to_owned()]
    } else {
        let (start, end) = there[random.below(there.len())];
        from[start + 1..end].to_vec()
    };
    parts.splice(start + 1..end, inside);
}

/// A clause takes the place of a clause that begins with the same word; or goes in where another begins.
fn clause(parts: &mut Vec<String>, from: &[String], random: &mut Random) {
    let here = clauses(parts);
    let there = clauses(from);
    if here.is_empty() || there.is_empty() {
        return;
    }
    let (start, end) = here[random.below(here.len())];
    let word = parts[start].to_ascii_lowercase();
    let alike: Vec<&(usize, usize)> = there
        .iter()
        .filter(|(s, _)| from[*s].eq_ignore_ascii_case(&word))
        .collect();
    let (from_start, from_end) = match random.below(4) {
        0 => there[random.below(there.len())],
        _ if alike.is_empty() => there[random.below(there.len())],
        _ => *alike[random.below(alike.len())],
    };
    let mut new = from[from_start..from_end].to_vec();
    new.push(" ".to_owned());
    if random.once_in(3) {
        parts.splice(start..start, new);
    } else {
        parts.splice(start..end, new);
    }
}

/// Clauses: from a word that begins one to the next such, or a bracket that closes, on the same level.
fn clauses(parts: &[String]) -> Vec<(usize, usize)> {
    let begins = |part: &str| CLAUSES.iter().any(|c| part.eq_ignore_ascii_case(c));
    let mut all = vec![];
    for start in (0..parts.len()).filter(|i| begins(&parts[*i])) {
        let mut depth = 0;
        let mut end = start + 1;
        while end < parts.len() {
            match parts[end].as_str() {
                "(" => depth += 1,
                ")" if depth == 0 => break,
                ")" => depth -= 1,
                ";" => break,
                word if depth == 0 && begins(word) => break,
                _ => {}
            }
            end += 1;
        }
        all.push((start, end));
    }
    all
}

/// The whole goes into another statement.
fn wrapped(parts: &mut Vec<String>, random: &mut Random) {
    let (before, after) = *random.pick(&[
        &("EXPLAIN ", ""),
        &("EXPLAIN ANALYZE ", ""),
        &("EXPLAIN (ANALYZE false, COSTS off) ", ""),
        &("EXPLAIN (FORMAT json, ANALYZE) ", ""),
        &("PREPARE p AS ", ""),
        &("PREPARE p (int, text) AS ", ""),
        &("CREATE TABLE n AS ", ""),
        &("CREATE TEMP TABLE n AS ", " WITH NO DATA"),
        &("CREATE MATERIALIZED VIEW n AS ", ""),
        &("CREATE OR REPLACE VIEW n AS ", ""),
        &("DECLARE c CURSOR FOR ", ""),
        &("DECLARE c SCROLL CURSOR WITH HOLD FOR ", ""),
        &("COPY (", ") TO STDOUT"),
        &("COPY (", ") TO '/tmp/x' WITH (FORMAT csv)"),
        &("INSERT INTO guesses ", ""),
        &(
            "INSERT INTO guesses (id, email) ",
            " ON CONFLICT DO NOTHING RETURNING *",
        ),
        &("WITH x AS (", ") SELECT * FROM x"),
        &("WITH x AS MATERIALIZED (", ") SELECT 1"),
        &("WITH x AS (", ") DELETE FROM staff USING x WHERE true"),
        &("WITH customers AS (", ") SELECT email FROM customers"),
        &("SELECT * FROM (", ") s"),
        &("SELECT (", ")"),
        &("SELECT EXISTS (", ")"),
        &("SELECT ARRAY(", ")"),
        &("SELECT 1 WHERE 1 IN (", ")"),
        &("(", ")"),
        &("((", ")) LIMIT 1"),
        &("(", ") UNION ALL SELECT 1"),
        &("UPDATE staff SET email = (", ") WHERE id = 1"),
        &("DELETE FROM staff WHERE id IN (", ")"),
        &("CREATE RULE r AS ON DELETE TO staff DO INSTEAD ", ""),
        &(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC ",
            "; END",
        ),
        &("CREATE SCHEMA s CREATE VIEW v AS ", ""),
        &(
            "MERGE INTO guesses g USING (",
            ") s ON true WHEN NOT MATCHED THEN DO NOTHING",
        ),
        &("SELECT 1 ", ""),
        &("SELECT 1; ", "; SELECT 2"),
        &(";", ";"),
    ]);
    parts.insert(0, before.to_owned());
    parts.push(after.to_owned());
}

/// Quotes of another kind around a piece, other case, or a line end gone wrong.
fn quoting(parts: &[String], at: usize, random: &mut Random) -> String {
    let mut parts = parts.to_vec();
    let bare = parts[at].trim_matches(['\'', '"']).to_owned();
    parts[at] = match random.below(9) {
        0 => format!("\"{bare}\""),
        1 => format!("'{bare}'"),
        2 => format!("E'{bare}'"),
        3 => format!("U&'{bare}'"),
        4 => format!("U&\"{bare}\""),
        5 => format!("$q${bare}$q$"),
        6 => parts[at].to_uppercase(),
        7 => format!("{}/*", parts[at]),
        _ => format!("({})", parts[at]),
    };
    parts.concat()
}
