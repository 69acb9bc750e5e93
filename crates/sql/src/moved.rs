//! Names that a definition may give another meaning.
//!
//! Owns: [`names`], for which the tokens suffice: whoever renames, moves, attaches or inherits says so with a key word, and names
//! what she does it to. Refuses: to know which of the names is which; all are in doubt.

use crate::form::{clip, fold};
use crate::scan::{Kind, Lexer};

/// The key words: RENAME [COLUMN …] TO, INHERIT, ATTACH PARTITION, SET SCHEMA.
const WORDS: &[&str] = &["rename", "inherit", "attach", "schema"];

/// All names in a text that has one of the [`WORDS`]; `*` where one cannot be read.
pub(crate) fn names(text: &str) -> Vec<String> {
    let mut lexer = Lexer::new(text.as_bytes(), true);
    let mut all = vec![];
    let mut moves = false;
    loop {
        let token = match lexer.next() {
            Ok(Some(token)) => token,
            Ok(None) => break,
            Err(_) => return vec!["*".to_owned()],
        };
        let own = text.get(token.start..token.end).unwrap_or_default();
        match token.kind {
            Kind::Word => {
                moves |= WORDS.iter().any(|word| own.eq_ignore_ascii_case(word));
                all.push(fold(own));
            }
            Kind::QuotedName => match own.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
                Some(name) => all.push(clip(&name.replace("\"\"", "\""))),
                None => all.push("*".to_owned()),
            },
            Kind::UnicodeName => all.push("*".to_owned()),
            _ => {}
        }
    }
    if !moves {
        return vec![];
    }
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_renames_or_moves_names_what_is_in_doubt() {
        assert_eq!(
            names("ALTER TABLE Customers ADD x int"),
            Vec::<String>::new()
        );
        assert_eq!(
            names("ALTER TABLE a.Customers RENAME \"E\"\"x\" /* q */ TO m"),
            [
                "E\"x",
                "a",
                "alter",
                "customers",
                "m",
                "rename",
                "table",
                "to"
            ]
        );
        assert!(names("ALTER TABLE U&\"\\0061\" RENAME TO b").contains(&"*".to_owned()));
        assert!(names("ALTER TABLE p ATTACH PARTITION c DEFAULT").contains(&"c".to_owned()));
    }
}
