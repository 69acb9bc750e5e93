//! What the scanner must cut, fold and refuse.

use proptest::prelude::*;

use super::limits::*;
use super::*;

fn pieces(text: &str) -> Vec<&str> {
    let scan = scan(text.as_bytes(), true).unwrap();
    scan.statements.iter().map(|r| &text[r.clone()]).collect()
}

fn error(text: &str) -> ScanError {
    scan(text.as_bytes(), true).unwrap_err()
}

#[test]
fn statements_end_where_the_server_ends_them() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        (" ; ;; -- nothing\n/* at all */", &[]),
        ("SELECT 1", &["SELECT 1"]),
        (
            " /* a */ SELECT 1 ; -- b\n SELECT 2 /* c */ ",
            &["SELECT 1", "SELECT 2"],
        ),
        ("SELECT ';'; SELECT 2", &["SELECT ';'", "SELECT 2"]),
        ("SELECT ''';'; SELECT 2", &["SELECT ''';'", "SELECT 2"]),
        ("SELECT E'\\';'; SELECT 2", &["SELECT E'\\';'", "SELECT 2"]),
        ("SELECT '\\'; SELECT 2 --'", &["SELECT '\\'", "SELECT 2"]),
        (
            "SELECT \"a;\"\"b\"; SELECT 2",
            &["SELECT \"a;\"\"b\"", "SELECT 2"],
        ),
        ("SELECT $$;$$; SELECT 2", &["SELECT $$;$$", "SELECT 2"]),
        (
            "SELECT $a$;$b$;$$;$a$; SELECT 2",
            &["SELECT $a$;$b$;$$;$a$", "SELECT 2"],
        ),
        ("SELECT a$1$b; SELECT 2", &["SELECT a$1$b", "SELECT 2"]),
        (
            "SELECT /* ; /* ; */ ; */ 1; SELECT 2",
            &["SELECT /* ; /* ; */ ; */ 1", "SELECT 2"],
        ),
        ("SELECT 1 -- ;\r; SELECT 2", &["SELECT 1", "SELECT 2"]),
        (
            "SELECT 5 */**/ 2; SELECT 2",
            &["SELECT 5 */**/ 2", "SELECT 2"],
        ),
        (
            "SELECT 1 +-- 2; \n 3; SELECT 2",
            &["SELECT 1 +-- 2; \n 3", "SELECT 2"],
        ),
        (
            "SELECT U&'\\' , 1; SELECT 2 --'",
            &["SELECT U&'\\' , 1", "SELECT 2"],
        ),
        ("SELECT U&\";\"; SELECT 2", &["SELECT U&\";\"", "SELECT 2"]),
        (
            "SELECT E'a'\n -- ;\n '\\';'; SELECT 2",
            &["SELECT E'a'\n -- ;\n '\\';'", "SELECT 2"],
        ),
        // Not continued: there is no newline between the two.
        (
            "SELECT E'a' '\\'; SELECT 2 --'",
            &["SELECT E'a' '\\'", "SELECT 2"],
        ),
        ("SELECT N'\\'; SELECT 2 --'", &["SELECT N'\\'", "SELECT 2"]),
        ("BEGIN; SELECT 1; END", &["BEGIN", "SELECT 1", "END"]),
        (
            "SELECT 1 END; DROP TABLE t",
            &["SELECT 1 END", "DROP TABLE t"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(&pieces(text), expected, "{text}");
        assert!(
            !scan(text.as_bytes(), true).unwrap().split_uncertain,
            "{text}"
        );
    }
}

#[test]
fn without_standard_conforming_strings_a_backslash_hides_a_quote() {
    let text = r"SELECT '\'; DROP TABLE t; --'";
    assert_eq!(scan(text.as_bytes(), true).unwrap().statements.len(), 2);
    assert_eq!(
        scan(text.as_bytes(), false).unwrap().statements,
        vec![0..text.len()]
    );
    assert_eq!(
        scan(b"SELECT U&'a'", false).unwrap_err(),
        ScanError::UnsafeUnicode
    );
    // B'' and X'' never escape, N'' does as a plain string does.
    assert_eq!(
        scan(br"SELECT B'\'; SELECT 2", false)
            .unwrap()
            .statements
            .len(),
        2
    );
    assert_eq!(
        scan(br"SELECT N'\'; SELECT 2'", false)
            .unwrap()
            .statements
            .len(),
        1
    );
}

#[test]
fn where_a_semicolon_may_belong_to_a_statement_it_says_so() {
    let uncertain: &[(&str, &[&str])] = &[
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END; SELECT 2",
            &[
                "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END",
                "SELECT 2",
            ],
        ),
        (
            "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b); SELECT 2",
            &[
                "CREATE RULE r AS ON INSERT TO t DO (DELETE FROM a; DELETE FROM b)",
                "SELECT 2",
            ],
        ),
        ("SELECT (1; SELECT 2", &["SELECT (1; SELECT 2"]),
        ("SELECT 1); SELECT 2", &["SELECT 1)", "SELECT 2"]),
    ];
    for (text, expected) in uncertain {
        assert_eq!(&pieces(text), expected, "{text}");
        assert!(
            scan(text.as_bytes(), true).unwrap().split_uncertain,
            "{text}"
        );
    }
    // BEGIN ATOMIC is a body only in CREATE: elsewhere it hides nothing.
    assert_eq!(
        pieces("BEGIN ATOMIC; DROP TABLE t; END"),
        ["BEGIN ATOMIC", "DROP TABLE t", "END"]
    );
}

#[test]
fn what_sql_has_no_use_for_is_an_error() {
    let cases: &[(&str, ScanError)] = &[
        ("SELECT 'a", ScanError::Unterminated("quoted string")),
        (
            "SELECT 'a' -- \n 'b",
            ScanError::Unterminated("quoted string"),
        ),
        ("SELECT E'\\", ScanError::Unterminated("quoted string")),
        ("SELECT E'a\\'", ScanError::Unterminated("quoted string")),
        ("SELECT \"a", ScanError::Unterminated("quoted identifier")),
        ("SELECT \"\"", ScanError::EmptyName),
        ("SELECT /* /* */", ScanError::Unterminated("comment")),
        (
            "SELECT $a$ $b$",
            ScanError::Unterminated("dollar-quoted string"),
        ),
        ("SELECT $a", ScanError::Character),
        ("SELECT \0", ScanError::Character),
        ("SELECT \x0b 1", ScanError::Character),
        ("SELECT {a}", ScanError::Character),
        ("SELECT 1 \\", ScanError::Character),
        ("SELECT 1a", ScanError::Number),
        ("SELECT 0x1F", ScanError::Number),
        ("SELECT 1_000", ScanError::Number),
        ("SELECT 1e", ScanError::Number),
        ("SELECT $1a", ScanError::Number),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), *expected, "{text}");
    }
}

/// A limit, a text that is just within it and one just beyond.
type Limit = (ScanError, fn(usize) -> String, usize);

#[test]
fn the_parts_of_a_case_are_chains_beside_each_other() {
    let arms = " WHEN a + b = 1 THEN c || d".repeat(2_000);
    assert!(scan(format!("SELECT CASE{arms} ELSE 1 END").as_bytes(), true).is_ok());
    for word in ["then", "and", "when"] {
        let links = format!(" + a.{word}").repeat(600);
        let text = format!("SELECT CASE WHEN a{links} THEN 1 END");
        assert_eq!(scan(text.as_bytes(), true).err(), Some(ScanError::Links));
    }
}

#[test]
fn each_limit_holds_at_its_figure() {
    let limits: &[Limit] = &[
        (
            ScanError::Brackets,
            |n| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
            MAX_BRACKETS,
        ),
        (
            ScanError::Brackets,
            |n| format!("SELECT {}1{}", "ARRAY[".repeat(n), "]".repeat(n)),
            MAX_BRACKETS,
        ),
        (
            ScanError::Case,
            |n| {
                format!(
                    "SELECT {}1{}",
                    "CASE WHEN t.end THEN (".repeat(n),
                    ") END".repeat(n)
                )
            },
            MAX_CASE as usize,
        ),
        (
            ScanError::Case,
            |n| format!("SELECT {}1", "CASE WHEN a THEN 1 ELSE ".repeat(n)),
            MAX_CASE as usize,
        ),
        // A CASE within a chain does not begin it anew, whatever stands in the CASE.
        (
            ScanError::Links,
            |n| format!("SELECT a{}", " + CASE WHEN a AND b THEN c END".repeat(n)),
            MAX_LINKS as usize,
        ),
        (
            ScanError::Links,
            |n| format!("SELECT 1{}", "+1".repeat(n)),
            MAX_LINKS as usize,
        ),
        (
            ScanError::Links,
            |n| format!("SELECT (1){}", "+(1)".repeat(n)),
            MAX_LINKS as usize,
        ),
        (
            ScanError::Links,
            |n| format!("SELECT a{}", "[1]".repeat(n)),
            MAX_LINKS as usize,
        ),
        (
            ScanError::Links,
            |n| format!("SELECT {}true", "NOT ".repeat(n)),
            MAX_LINKS as usize,
        ),
        (
            ScanError::Links,
            |n| format!("SELECT a{}", "::int".repeat(n)),
            MAX_LINKS as usize / 2,
        ),
        (
            ScanError::Links,
            |n| format!("SELECT a{}", " COLLATE b".repeat(n)),
            MAX_LINKS as usize,
        ),
        (
            ScanError::Conditions,
            |n| format!("SELECT 1=1{}", " AND 1=1".repeat(n)),
            MAX_CONDITIONS as usize,
        ),
        (
            ScanError::Joins,
            |n| format!("SELECT * FROM t{}", " JOIN t".repeat(n)),
            MAX_JOINS as usize,
        ),
        (
            ScanError::SetOperations,
            |n| format!("SELECT 1{}", " UNION SELECT 1".repeat(n)),
            500,
        ),
        (
            ScanError::Explains,
            |n| format!("{}SELECT 1", "EXPLAIN ".repeat(n)),
            MAX_EXPLAINS as usize,
        ),
        (
            ScanError::Nested,
            |n| format!("SELECT {}1", "NESTED PATH ".repeat(n)),
            MAX_NESTED as usize,
        ),
        (
            ScanError::Statements,
            |n| "SELECT 1;".repeat(n),
            MAX_STATEMENTS,
        ),
        (
            ScanError::StatementTooLong,
            |n| format!("SELECT {}", "a".repeat(n - 7)),
            MAX_PARSED_BYTES,
        ),
        (
            ScanError::Tokens,
            |n| format!("SELECT name{}", ", name".repeat((n - 2) / 2)),
            MAX_PARSED_TOKENS,
        ),
        (ScanError::TextTooLong, |n| " ".repeat(n), MAX_TEXT_BYTES),
    ];
    for (expected, build, max) in limits {
        let within = build(*max);
        assert!(
            scan(within.as_bytes(), true).is_ok(),
            "{expected}: {:?}",
            scan(within.as_bytes(), true)
        );
        assert_eq!(error(&build(max + 2)), *expected);
    }
}

#[test]
fn a_chain_between_commas_is_counted_anew_but_not_for_ever() {
    let chain = format!("1{}", "+1".repeat(900));
    assert!(scan(format!("SELECT {chain},{chain}").as_bytes(), true).is_ok());
    assert_eq!(
        error(&format!("SELECT {}", vec![chain; 6].join(","))),
        ScanError::Links
    );
}

#[test]
fn long_lists_of_constants_are_folded() {
    let rows = |row: &str, n: usize| vec![row; n].join(", ");
    let many = 20_000;
    let cases = [
        (
            format!(
                "INSERT INTO t VALUES {} ON CONFLICT DO NOTHING",
                rows("(1, 'a', NULL, -2.5, DEFAULT)", many)
            ),
            "INSERT INTO t VALUES (1, 'a', NULL, -2.5, DEFAULT), (1, 'a', NULL, -2.5, DEFAULT) ON CONFLICT DO NOTHING",
        ),
        (
            format!(
                "SELECT * FROM t WHERE a IN ({}) AND b IN (SELECT 1)",
                rows("7", many)
            ),
            "SELECT * FROM t WHERE a IN (7, 7) AND b IN (SELECT 1)",
        ),
        (
            format!(
                "INSERT INTO t VALUES {}, (1, f()), {}",
                rows("(1, 2)", many),
                rows("(3, 'x')", 1)
            ),
            "INSERT INTO t VALUES (1, 2), (1, 2), (1, f()), (3, 'x')",
        ),
        (
            format!(
                "INSERT INTO t VALUES {} RETURNING a IN (1, 2, 3)",
                rows(
                    "(1, NULL), (f(), 2), (NULL, now()), (-1, '2'::jsonb), (NULL, NULL)",
                    3
                )
            ),
            "",
        ),
        (
            format!(
                "INSERT INTO t VALUES {} RETURNING a IN (1, 2, 3)",
                rows(
                    "(1, NULL), (NULL, now()), (-1, ARRAY[1, 2, 3]), (NULL, NULL)",
                    many
                )
            ),
            "INSERT INTO t VALUES (1, NULL), (NULL, now()), (-1, ARRAY[1, 2]), (NULL, NULL), (1, NULL), (NULL, now()), \
             (-1, ARRAY[1, 2]), (NULL, NULL) RETURNING a IN (1, 2)",
        ),
        (
            format!("SELECT a = ANY (ARRAY[{}])", rows("'x'", many)),
            "SELECT a = ANY (ARRAY['x', 'x'])",
        ),
        (
            format!(
                "SELECT (a, b) IN ({}) OR c IN (VALUES {})",
                rows("(1, 'x')", many),
                rows("(1)", many)
            ),
            "SELECT (a, b) IN ((1, 'x'), (1, 'x')) OR c IN (VALUES (1), (1))",
        ),
        (
            // A position is no constant.
            format!(
                "SELECT a IN (SELECT b FROM c ORDER BY 1, 2, 3) OR b IN ({})",
                rows("7", many)
            ),
            "SELECT a IN (SELECT b FROM c ORDER BY 1, 2, 3) OR b IN (7, 7)",
        ),
        (
            format!("SELECT a IN ({}, (SELECT 1), 2, 2, 2)", rows("7", many)),
            "SELECT a IN (7, 7, (SELECT 1), 2, 2, 2)",
        ),
        (
            format!(
                "SELECT a IN (1, nextval('a'), nextval('b'), nextval('c')) OR b IN ({})",
                rows("7", many)
            ),
            "SELECT a IN (1, nextval('a'), nextval('b'), nextval('c')) OR b IN (7, 7)",
        ),
        (
            format!(
                "INSERT INTO t VALUES {}, {}",
                rows("(1, 2)", many),
                rows("(3, 'x')", many)
            ),
            "INSERT INTO t VALUES (1, 2), (1, 2), (3, 'x'), (3, 'x')",
        ),
        (
            format!("SELECT a IN ({}, b)", rows("$1", many)),
            "SELECT a IN ($1, $1, b)",
        ),
        (format!("SELECT a IN (1, 2, 3 + {})", rows("b", many)), ""),
    ];
    for (text, expected) in &cases {
        let scan = scan(text.as_bytes(), true).unwrap();
        let reading = scan.reading(text, 0).unwrap();
        if expected.is_empty() {
            assert_eq!(reading, text);
            continue;
        }
        assert_eq!(&reading, expected);
        // Offsets before and after what is left out lead back to the same text.
        assert_eq!(scan.original_offset(0, 5), Some(5));
        let end = reading.len();
        assert_eq!(scan.original_offset(0, end), Some(text.len()));
    }
}

#[test]
fn errors_show_nothing_of_the_text() {
    for text in [
        "SELECT 'sesame",
        "SELECT 1sesame",
        "SELECT $sesame$ sesame",
        "sesame \\",
    ] {
        assert!(!error(text).to_string().contains("sesame"));
    }
}

fn sql_ish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("SELECT".to_owned()),
        Just("CREATE FUNCTION".to_owned()),
        Just("BEGIN ATOMIC".to_owned()),
        Just("CASE".to_owned()),
        Just("END".to_owned()),
        Just("IN (1, 2, 3)".to_owned()),
        "[ \n;,.()'\"$*/eEuUnxXbB&+-]{0,4}",
        "[a-z0-9]{1,3}",
        "\\PC{0,2}",
        Just("'x'".to_owned()),
        Just("$$".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("--".to_owned()),
        Just("\\".to_owned()),
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_scanned_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), on: bool) {
        let _ = scan(&bytes, on);
        let _ = fingerprint(&bytes);
        let _ = fold::fold(&bytes, on);
    }

    #[test]
    fn ranges_cover_all_that_is_not_blank(text in sql_ish(), on: bool) {
        let Ok(found) = scan(text.as_bytes(), on) else { return Ok(()) };
        let mut inside = vec![false; text.len()];
        for range in &found.statements {
            prop_assert!(range.start < range.end);
            for byte in &mut inside[range.clone()] {
                prop_assert!(!*byte, "ranges overlap");
                *byte = true;
            }
        }
        let mut lexer = Lexer::new(text.as_bytes(), on);
        let mut at = 0;
        while let Some(token) = lexer.next().unwrap() {
            prop_assert_eq!(token.start, at, "tokens leave a gap");
            at = token.end;
            let covered = inside[token.start..token.end].iter().all(|&b| b);
            prop_assert!(covered || token.kind.is_blank() || token.kind == Kind::Semicolon);
            if token.kind == Kind::Semicolon && covered {
                prop_assert!(found.split_uncertain);
            }
        }
        prop_assert_eq!(at, text.len());
        for range in &found.statements {
            prop_assert!(!text[range.clone()].starts_with([' ', '\n', ';']));
            prop_assert!(!text[range.clone()].ends_with([' ', '\n', ';']) || text[..range.end].ends_with("\\ ")
                || found.split_uncertain);
        }
    }
}
