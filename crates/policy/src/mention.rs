//! What a policy's conditions speak of.
//!
//! Owns: finding the context's attributes, and the words that are compared with `flags` and `class`, in Cedar's JSON
//! form of a policy. Refuses: to be clever: a use of `context` in any other form than `context.x` and `context has x`
//! counts as a mention of everything.

use serde_json::Value;

use crate::context::{Attributes, CLASSES, FLAGS};

/// What was found in one policy.
#[derive(Debug, Default)]
pub(crate) struct Mentions {
    pub(crate) attributes: Attributes,
    /// Words that no statement will ever have, each with what it could be.
    pub(crate) impossible: Vec<(String, &'static str, &'static [&'static str])>,
}

/// Of a policy in its JSON form.
pub(crate) fn of(policy: &Value) -> Mentions {
    let mut mentions = Mentions::default();
    mentions.walk(policy.get("conditions").unwrap_or(&Value::Null));
    mentions
}

impl Mentions {
    fn walk(&mut self, node: &Value) {
        match node {
            Value::Array(nodes) => nodes.iter().for_each(|n| self.walk(n)),
            Value::Object(fields) => {
                if fields.get("Var").and_then(Value::as_str) == Some("context") {
                    self.attributes = Attributes::ALL;
                }
                for (operator, operands) in fields {
                    self.check_words(operator, operands);
                    match attribute(operator, operands) {
                        Some(name) => {
                            self.attributes = self.attributes.and(Attributes::named(name))
                        }
                        None => self.walk(operands),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// `context.flags.contains("no_were")` is valid Cedar, and never true.
    fn check_words(&mut self, operator: &str, operands: &Value) {
        let (left, right) = (&operands["left"], &operands["right"]);
        let of_context = |node: &Value, name: &str| {
            node.get(".").and_then(|access| attribute(".", access)) == Some(name)
        };
        let (name, known, words): (_, &'static [&'static str], _) = match operator {
            "contains" | "containsAny" | "containsAll" if of_context(left, "flags") => {
                ("flags", &FLAGS, right)
            }
            "==" | "!=" if of_context(left, "class") => ("class", &CLASSES, right),
            "==" | "!=" if of_context(right, "class") => ("class", &CLASSES, left),
            "contains" if of_context(right, "class") => ("class", &CLASSES, left),
            _ => return,
        };
        let mut found = Vec::new();
        strings(words, &mut found);
        for word in found {
            if !known.contains(&word) {
                self.impossible.push((word.to_owned(), name, known));
            }
        }
    }
}

/// `context.name`, `context has name`.
fn attribute<'a>(operator: &str, operands: &'a Value) -> Option<&'a str> {
    let of_context = operands.get("left")?.get("Var")?.as_str()? == "context";
    (of_context && matches!(operator, "." | "has"))
        .then(|| operands.get("attr")?.as_str())
        .flatten()
}

/// The string literals of `"x"` and `["x", "y"]`.
fn strings<'a>(node: &'a Value, found: &mut Vec<&'a str>) {
    match (node.get("Value"), node.get("Set").and_then(Value::as_array)) {
        (Some(Value::String(word)), _) => found.push(word),
        (Some(Value::Array(words)), _) => found.extend(words.iter().filter_map(Value::as_str)),
        (_, Some(nodes)) => nodes.iter().for_each(|n| strings(n, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::NAMES;

    fn found(condition: &str) -> Mentions {
        let text = format!("permit(principal, action, resource) when {{ {condition} }};");
        of(&cedar_policy::Policy::parse(None, text)
            .unwrap()
            .to_json()
            .unwrap())
    }

    #[test]
    fn attributes_are_found_wherever_they_stand() {
        let cases: [(&str, &[&str]); 8] = [
            ("true", &[]),
            ("context.tls", &["tls"]),
            (
                "context has purpose && context.purpose like \"a*\"",
                &["purpose"],
            ),
            (
                "if context.has_where then true else context.flags.contains(\"multi\")",
                &["has_where", "flags"],
            ),
            ("[context.class, \"x\"].contains(\"y\")", &["class"]),
            ("context.now > datetime(\"2024-01-01\")", &["now"]),
            ("context[\"client\"].isLoopback()", &["client"]),
            ("{a: {b: context.opaque}}.a.b", &["opaque"]),
        ];
        for (condition, expected) in cases {
            let attributes = found(condition).attributes;
            let names: Vec<&str> = NAMES.into_iter().filter(|n| attributes.has(n)).collect();
            let mut expected = expected.to_vec();
            expected.sort_by_key(|e| NAMES.iter().position(|n| n == e));
            assert_eq!(names, expected, "{condition}");
        }
    }

    #[test]
    fn the_context_as_a_whole_mentions_all() {
        for condition in [
            "context == context",
            "{c: context}.c.tls",
            "(if true then context else context).tls",
        ] {
            assert_eq!(found(condition).attributes, Attributes::ALL, "{condition}");
        }
    }

    #[test]
    fn words_that_cannot_be_are_found() {
        for (condition, expected) in [
            ("context.flags.contains(\"no_where\")", None),
            ("context.flags.contains(\"no_were\")", Some("no_were")),
            (
                "context.flags.containsAny([\"multi\", \"mulit\"])",
                Some("mulit"),
            ),
            ("context.class == \"wirte\"", Some("wirte")),
            ("\"wirte\" == context.class", Some("wirte")),
            (
                "[\"read\", \"wirte\"].contains(context.class)",
                Some("wirte"),
            ),
            ("context.application == \"anything\"", None),
        ] {
            let word = found(condition)
                .impossible
                .into_iter()
                .next()
                .map(|(word, ..)| word);
            assert_eq!(word.as_deref(), expected, "{condition}");
        }
    }
}
