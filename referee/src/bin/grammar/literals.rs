//! Shapes that are said to be blind to their constants.
//!
//! Owns: the exchange of constants, and the check that facts, and the real grammar's tree but for constants, stay as they
//! were. Refuses: to say anything of texts whose fingerprints differ.

use sql::facts::Facts;

use crate::judge::{Finding, Judge, finding, same_shape};
use crate::tree::{self, Node, Value};

/// What may stand for a constant.
const OTHERS: &[&str] = &[
    "''",
    "'a'",
    "'customers'",
    "'public.customers'",
    "'0'",
    "'1'",
    "' '",
    "'%'",
    "'it''s'",
    "'--'",
    "'/*'",
    "';'",
    "'$1'",
    "'{email}'",
    "'$.email'",
    "'email'",
    "'now'",
    "'nextval'",
    "0",
    "1",
    "2",
    "3",
    "7",
    "10",
    "100",
    "2147483647",
    "99999999999",
    "1.5",
    "1e3",
    ".5",
    "0x1F",
    "1_000",
    "B'1'",
    "X'1F'",
];

/// Exchanges each constant by others, and all of them at once.
pub fn exchanged(
    judge: &Judge,
    text: &str,
    facts: &Facts,
    debug: &str,
    findings: &mut Vec<Finding>,
) {
    let constants = constants(text);
    if constants.is_empty() || constants.len() > 12 {
        return;
    }
    let mut all = text.to_owned();
    for (start, end) in constants.iter().rev() {
        all.replace_range(
            *start..*end,
            if all[*start..*end].starts_with('\'') {
                "'customers'"
            } else {
                "2"
            },
        );
    }
    let singly = constants.iter().flat_map(|(start, end)| {
        OTHERS.iter().map(|other| {
            let mut changed = text.to_owned();
            changed.replace_range(*start..*end, other);
            changed
        })
    });
    for changed in singly.chain([all]) {
        if changed == text || !same_shape(text, &changed) {
            continue;
        }
        let Ok(parsed) = pg_query::parse(&changed) else {
            continue;
        };
        let other = format!("{:?}", parsed.protobuf.stmts);
        if shape(debug) != shape(&other) {
            findings.push(finding(
                "shape",
                format!("has the fingerprint of {changed:?}, and another tree"),
            ));
            return;
        }
        let Some(analysis) = judge.analyze(&changed) else {
            continue;
        };
        let same = match analysis.statements.as_slice() {
            [one] => {
                Facts {
                    range: facts.range.clone(),
                    ..one.clone()
                } == *facts
            }
            _ => false,
        };
        if !same {
            findings.push(finding(
                "blind",
                format!(
                    "has the fingerprint of {changed:?}, and other facts: {:?}",
                    analysis.statements
                ),
            ));
            return;
        }
    }
}

/// Where the constants are.
fn constants(text: &str) -> Vec<(usize, usize)> {
    use pg_query::protobuf::Token;
    let Ok(scan) = pg_query::scan(text) else {
        return vec![];
    };
    let kinds = [
        Token::Iconst,
        Token::Fconst,
        Token::Sconst,
        Token::Bconst,
        Token::Xconst,
    ];
    scan.tokens
        .iter()
        .filter(|t| kinds.iter().any(|k| t.token == *k as i32))
        .filter_map(|t| Some((usize::try_from(t.start).ok()?, usize::try_from(t.end).ok()?)))
        .filter(|(start, end)| text.get(*start..*end).is_some())
        .collect()
}

/// A tree without constants and places.
fn shape(debug: &str) -> String {
    let mut out = String::new();
    if let Some(value) = tree::read(debug) {
        write(&value, &mut out);
    }
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Nothing => out.push('-'),
        Value::Word(word) => out.push_str(word),
        Value::Text(text) => {
            out.push('"');
            out.push_str(text);
        }
        Value::List(list) => {
            out.push('[');
            for item in list {
                write(item, out);
                out.push(',');
            }
        }
        Value::Node(node) => write_node(node, out),
    }
}

fn write_node(node: &Node, out: &mut String) {
    out.push_str(node.name);
    if node.name == "AConst" {
        return;
    }
    for (field, value) in &node.fields {
        let place =
            field.ends_with("location") || matches!(*field, "stmt_len" | "typmod" | "array_bounds");
        if !place {
            out.push(' ');
            write(value, out);
        }
    }
}
