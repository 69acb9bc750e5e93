//! What `explain` and `classify` found, for a person to read.
//!
//! Owns: the sheet of text. Refuses: to say anything that the JSON does not.

use serde_json::Value;

use crate::answer;

/// Prints it.
pub fn show(found: &Value) {
    let empty = vec![];
    let statements = found["statements"].as_array().unwrap_or(&empty);
    if let (Some(database), Some(role)) = (found["database"].as_str(), found["role"].as_str()) {
        let path = words(&found["search_path"]);
        let path = if path.is_empty() { "unknown" } else { &path };
        let all = match statements.len() {
            1 => String::new(),
            n => format!(": {} for {n} statements", text(&found["verdict"])),
        };
        answer::line(format!("{database} as {role}, search_path {path}{all}"));
        for note in found["notes"].as_array().unwrap_or(&empty) {
            answer::line(format!("note: {}", text(note)));
        }
    }
    for (number, statement) in statements.iter().enumerate() {
        answer::line("");
        let number = match statements.len() {
            1 => String::new(),
            _ => format!("{}. ", number + 1),
        };
        show_statement(&number, statement);
    }
}

fn show_statement(number: &str, statement: &Value) {
    if let Some(verdict) = statement["verdict"].as_str() {
        let state = statement["sqlstate"].as_str();
        let why = match statement["reason"].as_str() {
            Some(reason) if verdict != "allow" => format!(": {reason}"),
            _ => String::new(),
        };
        let state = state.map(|s| format!(" {s}")).unwrap_or_default();
        answer::line(format!("{number}{verdict}{state}{why}"));
    } else if !number.is_empty() {
        answer::line(number.trim_end());
    }
    let error = &statement["syntax_error"];
    for (at, line) in text(&statement["statement"]).lines().take(12).enumerate() {
        answer::line(format!("  | {line}"));
        // The position is in the whole text: a mark is only put where that is this statement.
        if number.is_empty()
            && error["line"].as_u64() == Some(at as u64 + 1)
            && let Some(column) = error["column"].as_u64()
        {
            let column = usize::try_from(column).unwrap_or(1);
            answer::line(format!("  | {}^", " ".repeat(column.saturating_sub(1))));
        }
    }
    if let Some(message) = error["message"].as_str() {
        let place = format!("line {}, column {}", error["line"], error["column"]);
        row("syntax", &format!("{message}, at {place}"));
    }
    row(
        "does",
        &format!(
            "{}, class {}",
            text(&statement["command"]),
            text(&statement["class"])
        ),
    );
    if let Some(hold) = statement["hold"].as_object() {
        let say = |key: &str| hold.get(key).and_then(Value::as_str).unwrap_or_default();
        row(
            "waits",
            &format!(
                "for a DBA with role {}: {} in place, then for {} as a one-time permit",
                say("approver"),
                say("waits"),
                say("lives")
            ),
        );
    }
    each(
        "needs",
        &statement[if statement["questions"].is_array() {
            "questions"
        } else {
            "actions"
        }],
        question,
    );
    each("looks at", &statement["uses"], used);
    row("writes", &words(&statement["writes"]));
    each("shows", &statement["columns"], column);
    each("calls", &statement["functions"], |f| {
        format!("{} ({})", text(&f["name"]), text(&f["volatility"]))
    });
    row("flags", &words(&statement["flags"]));
    match statement["opaque_because"].as_str() {
        Some(why) => row("opaque", why),
        None => row("understood", "completely"),
    }
}

/// One need, and what the policies said to it.
fn question(question: &Value) -> String {
    let mut line = format!(
        "{} {}",
        text(&question["action"]),
        object(&question["object"])
    );
    if let Some(verdict) = question["verdict"].as_str() {
        line += &format!(": {verdict} by {}", words(&question["policies"]));
        if let Some(reason) = question["reason"].as_str() {
            line += &format!(" ({reason})");
        }
    }
    line
}

/// One use of a column.
fn used(used: &Value) -> String {
    let place = match text(&used["place"]) {
        "output" => "as a result",
        "computed" => "in a computed result",
        "equality" => "for equality",
        "filter" => "to filter or sort",
        "stored" => "to store it",
        other => other,
    };
    let mut line = format!("{} {place}", text(&used["column"]));
    if let Some(label) = used["label"].as_str() {
        line += &format!(", label {label}");
        match (used["unmasked"].as_bool(), used["refused"].as_str()) {
            (Some(true), _) => line += ": may be seen",
            (_, Some(why)) => line += &format!(": refused, {why}"),
            (_, None) => {}
        }
    }
    line
}

/// One column of the result.
fn column(column: &Value) -> String {
    let mut line = text(&column["name"]).to_owned();
    let from = words(&column["depends_on"]);
    let plain = column["plain"].as_bool() == Some(true);
    match (from.is_empty(), plain) {
        (true, _) => {}
        (false, true) => line += &format!(" = {from}"),
        (false, false) => line += &format!(" from {from}"),
    }
    let labels = words(&column["labels"]);
    if !labels.is_empty() {
        line += &format!(", label {labels}");
    }
    if let Some(mask) = column["mask"].as_str() {
        line += &format!(", shown as {mask}");
    }
    line
}

/// `*` is what a need without an object of its own is asked of.
fn object(object: &Value) -> &str {
    match text(object) {
        "*" => "(the database)",
        other => other,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn words(list: &Value) -> String {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A list, its heading before the first line alone.
fn each(heading: &str, list: &Value, line: impl Fn(&Value) -> String) {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    for (at, item) in list.iter().enumerate() {
        row(if at == 0 { heading } else { "" }, &line(item));
    }
}

fn row(heading: &str, value: &str) {
    if !value.is_empty() {
        answer::line(format!("  {heading:<11}{value}"));
    }
}
