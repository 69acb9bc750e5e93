//! Names that a definition may give another meaning.
//!
//! Owns: [`names`], for which the tokens suffice: whoever renames, moves, attaches, inherits, adds or drops says so with a key
//! word, and names what she does it to. Refuses: to know which of the names is which; all are in doubt.

use crate::form::{clip, fold};
use crate::scan::{Kind, Lexer};

/// Key words by which a relation or column comes to be called otherwise, to hold the rows of others, or to uncover what it hid.
const WORDS: &[&str] = &["rename", "inherit", "attach", "detach", "add", "drop"];

/// What follows such a word where no relation and no column is meant.
const OTHERS: &[&str] = &[
    "value",
    "constraint",
    "primary",
    "unique",
    "foreign",
    "check",
    "exclude",
    "generated",
    "default",
    "not",
    "identity",
    "expression",
];

/// What has no columns, and a name of its own that hides nothing.
const APART: &[&str] = &[
    "index",
    "trigger",
    "rule",
    "policy",
    "statistics",
    "role",
    "user",
    "publication",
];

/// All names in an ALTER or DROP that moves any; a schema's with a point behind it, where the schema itself is moved; `*` where
/// one cannot be read, or more than what is named may be meant.
pub(crate) fn names(text: &str) -> Vec<String> {
    let Some(tokens) = tokens(text) else {
        return vec!["*".to_owned()];
    };
    let word = |at: usize| match tokens.get(at) {
        Some((Kind::Word, word)) => word.as_str(),
        _ => "",
    };
    let attribute = word(1) == "type" && tokens.iter().any(|(_, t)| t == "attribute");
    let everything = attribute || matches!(word(1), "extension" | "owned");
    let schemas = word(1) == "schema"
        || (1..tokens.len()).any(|at| word(at - 1) == "set" && word(at) == "schema");
    let moving = |at: usize| WORDS.contains(&word(at)) && !OTHERS.contains(&word(at + 1));
    let moves = schemas || (0..tokens.len()).any(moving);
    if !matches!(word(0), "alter" | "drop") || APART.contains(&word(1)) || !(moves || everything) {
        return vec![];
    }
    let mut all = vec![];
    for (at, (kind, name)) in tokens.iter().enumerate() {
        let qualifies = matches!(tokens.get(at + 1), Some((Kind::Dot, _)));
        if !matches!(kind, Kind::Word | Kind::QuotedName) || qualifies {
            continue;
        }
        if schemas {
            all.push(format!("{name}."));
        }
        all.push(name.clone());
    }
    if everything || tokens.iter().any(|(kind, _)| *kind == Kind::UnicodeName) {
        all.push("*".to_owned());
    }
    all.sort();
    all.dedup();
    all
}

/// The tokens with their texts, names as the server has them; None where the text is none.
fn tokens(text: &str) -> Option<Vec<(Kind, String)>> {
    let mut lexer = Lexer::new(text.as_bytes(), true);
    let mut all = vec![];
    while let Some(token) = lexer.next().ok()? {
        let own = text.get(token.start..token.end).unwrap_or_default();
        all.push(match token.kind {
            kind if kind.is_blank() => continue,
            Kind::Word => (Kind::Word, fold(own)),
            Kind::QuotedName => {
                let name = own.strip_prefix('"').and_then(|n| n.strip_suffix('"'));
                (Kind::QuotedName, clip(&name?.replace("\"\"", "\"")))
            }
            kind => (kind, String::new()),
        });
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, wanted: &[&str]) {
        let found = names(text);
        for name in wanted {
            assert!(found.iter().any(|n| n == name), "{text}: {found:?}");
        }
    }

    #[test]
    fn who_renames_or_moves_names_what_is_in_doubt() {
        has(
            "ALTER TABLE a.Customers RENAME \"E\"\"x\" /* q */ TO m",
            &["customers", "E\"x", "m"],
        );
        has("ALTER TABLE U&\"\\0061\" RENAME TO b", &["*"]);
        has("ALTER TABLE p ATTACH PARTITION c DEFAULT", &["p", "c"]);
        has("ALTER TABLE t SET SCHEMA s", &["t", "s."]);
        has("ALTER SCHEMA a RENAME TO b", &["a.", "b."]);
        has("ALTER TYPE person RENAME ATTRIBUTE a TO b CASCADE", &["*"]);
        has("ALTER EXTENSION x SET SCHEMA y", &["*"]);
        has("DROP TABLE aa.customers", &["customers"]);
        has("ALTER TABLE nn ADD b text", &["nn", "b"]);
    }

    #[test]
    fn what_moves_nothing_puts_nothing_in_doubt() {
        for text in [
            "ALTER TABLE t ADD CONSTRAINT c CHECK (x > 1)",
            "ALTER TABLE t ALTER x SET DEFAULT 1",
            "ALTER TABLE t ALTER x DROP NOT NULL",
            "ALTER TABLE t RENAME CONSTRAINT a TO b",
            "ALTER TABLE t OWNER TO o",
            "ALTER INDEX i RENAME TO j",
            "ALTER TYPE m RENAME VALUE 'a' TO 'b'",
            "ALTER TYPE m ADD VALUE 'a'",
            "CREATE INDEX ON t (schema)",
            "DROP INDEX i",
        ] {
            assert_eq!(names(text), Vec::<String>::new(), "{text}");
        }
        let found = names("ALTER TABLE public.small RENAME COLUMN t TO t2");
        assert!(!found.iter().any(|n| n.starts_with("public")), "{found:?}");
    }
}
