//! Functions on arrays, which are JSON arrays here.
//!
//! Owns: what they compute. Refuses: a series without end.

use rusqlite::Connection;

use super::{MAX_SERIES, add, array, at, item_text, list, text, whole};
use crate::cell::Cell;
use crate::desk::Refusal;

pub(super) fn register(db: &Connection) -> rusqlite::Result<()> {
    add(db, "tg_array_op", 3, true, |c| {
        let (a, b) = (list(at(c, 1)), list(at(c, 2)));
        let within = |small: &[serde_json::Value], large: &[serde_json::Value]| {
            small.iter().all(|v| large.contains(v))
        };
        Ok(Cell::from(match text(at(c, 0)).as_str() {
            "@>" => within(&b, &a),
            "<@" => within(&a, &b),
            _ => a.iter().any(|v| b.contains(v)),
        }))
    })?;
    add(db, "tg_array_cat", 2, false, |c| {
        let part = |cell: &Cell| match cell {
            Cell::Text(s) if s.starts_with('[') => list(cell),
            Cell::Null => Vec::new(),
            Cell::Int(v) => vec![serde_json::Value::from(*v)],
            other => vec![serde_json::Value::String(text(other))],
        };
        if at(c, 0) == &Cell::Null && at(c, 1) == &Cell::Null {
            return Ok(Cell::Null);
        }
        let mut items = part(at(c, 0));
        items.extend(part(at(c, 1)));
        Ok(array(items))
    })?;
    add(db, "tg_array_item", 2, true, |c| {
        let index = usize::try_from(whole(at(c, 1)) - 1).ok();
        let items = list(at(c, 0));
        Ok(match index.and_then(|i| items.get(i)) {
            Some(serde_json::Value::Number(n)) => n.as_i64().map_or(Cell::Null, Cell::Int),
            Some(value) => item_text(value).map_or(Cell::Null, Cell::Text),
            None => Cell::Null,
        })
    })?;
    add(db, "tg_array_to_string", -1, false, |c| {
        if *at(c, 0) == Cell::Null || *at(c, 1) == Cell::Null {
            return Ok(Cell::Null);
        }
        let null = Some(at(c, 2)).filter(|n| **n != Cell::Null).map(text);
        let parts: Vec<String> = list(at(c, 0))
            .iter()
            .filter_map(|v| item_text(v).or_else(|| null.clone()))
            .collect();
        Ok(Cell::Text(parts.join(&text(at(c, 1)))))
    })?;
    add(db, "tg_string_to_array", 2, true, |c| {
        let (s, by) = (text(at(c, 0)), text(at(c, 1)));
        let parts: Vec<serde_json::Value> = if s.is_empty() {
            Vec::new()
        } else if by.is_empty() {
            vec![s.into()]
        } else {
            s.split(by.as_str()).map(serde_json::Value::from).collect()
        };
        Ok(array(parts))
    })?;
    add(db, "tg_array_remove", 2, false, |c| {
        if *at(c, 0) == Cell::Null {
            return Ok(Cell::Null);
        }
        let gone = Some(at(c, 1)).filter(|n| **n != Cell::Null).map(text);
        Ok(array(
            list(at(c, 0))
                .into_iter()
                .filter(|v| item_text(v) != gone)
                .collect(),
        ))
    })?;
    add(db, "tg_series", 3, true, |c| {
        let (from, to, step) = (whole(at(c, 0)), whole(at(c, 1)), whole(at(c, 2)));
        if step == 0 {
            return Err(Refusal::new("22023", "step size cannot equal zero"));
        }
        let mut items = Vec::new();
        let mut value = from;
        while if step > 0 { value <= to } else { value >= to } {
            if items.len() >= MAX_SERIES {
                return Err(Refusal::new(
                    "54000",
                    "a series has at most 100,000 values here",
                ));
            }
            items.push(serde_json::Value::from(value));
            match value.checked_add(step) {
                Some(v) => value = v,
                None => break,
            }
        }
        Ok(array(items))
    })
}
