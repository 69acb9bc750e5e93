//! What the server says of a result, against what the facts say of it.
//!
//! Owns: the reading of RowDescription (PostgreSQL manual, 55.7) and [`differences`]. Refuses: to look at results whose columns
//! the facts do not promise to know.

use sql::Catalog;
use sql::facts::{Coverage, Facts};

/// A column as the server describes it.
pub struct Field {
    name: String,
    table: u32,
    column: i16,
}

/// The columns of a RowDescription.
pub fn fields(body: &[u8]) -> Vec<Field> {
    let mut rest = body.get(2..).unwrap_or_default();
    let mut fields = vec![];
    while let Some(end) = rest.iter().position(|b| *b == 0) {
        let name = String::from_utf8_lossy(rest.get(..end).unwrap_or_default()).into_owned();
        let Some((fixed, after)) = rest.get(end + 1..).and_then(|r| r.split_at_checked(18)) else {
            break;
        };
        let [a, b, c, d, e, f, ..] = fixed else { break };
        fields.push(Field {
            name,
            table: u32::from_be_bytes([*a, *b, *c, *d]),
            column: i16::from_be_bytes([*e, *f]),
        });
        rest = after;
    }
    fields
}

/// How a result contradicts the facts: whether that is about where values come from, and what.
pub fn differences(facts: &Facts, fields: &[Field], catalog: &Catalog) -> Vec<(bool, String)> {
    let mut found = vec![];
    if facts.coverage != Coverage::Complete
        || facts.named.is_some()
        || ["EXPLAIN", "SHOW", "FETCH", "EXECUTE"].contains(&facts.command.as_str())
    {
        return found;
    }
    let known = !facts.outputs.is_empty();
    if known && fields.len() != facts.outputs.len() {
        found.push((
            true,
            format!(
                "{} columns, {} by the facts",
                fields.len(),
                facts.outputs.len()
            ),
        ));
        return found;
    }
    for (at, field) in fields.iter().enumerate() {
        let output = facts.outputs.get(at);
        if let Some(output) = output.filter(|o| o.name != field.name) {
            found.push((
                false,
                format!("column {:?}, {:?} by the facts", field.name, output.name),
            ));
        }
        let origin = catalog.relation_by_oid(field.table).and_then(|relation| {
            let column = relation.columns.iter().find(|c| c.number == field.column)?;
            Some((relation, column))
        });
        match origin {
            Some((relation, column)) => {
                let used = facts.uses.iter().any(|u| {
                    u.column.table == relation.name
                        && (u.column.column == column.name || u.column.column == "*")
                });
                if !used {
                    found.push((
                        true,
                        format!(
                            "{} comes from {}.{}",
                            field.name, relation.name, column.name
                        ),
                    ));
                }
            }
            None if output.is_some_and(|o| o.plain) && field.table == 0 => {
                found.push((
                    false,
                    format!("{} is plain by the facts, and has no origin", field.name),
                ));
            }
            None => {}
        }
    }
    found
}
