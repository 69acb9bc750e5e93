//! Each method on each type: masks.tsv, and what holds for all of them.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;

use mask::{Format, MaskError, Method};
use support::{TYPES, masked, methods, oid, printed};

/// Type, text, binary: as PostgreSQL sends them.
fn values() -> Vec<(&'static str, u32, Vec<u8>, Vec<u8>)> {
    include_str!("postgres15.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut cells = line.split('\t');
            let mut next = || cells.next().unwrap();
            (
                next(),
                next().parse().unwrap(),
                next().as_bytes().to_vec(),
                hex::decode(next()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn each_line_of_the_table_holds_in_both_formats() {
    let sent = values();
    let mut in_binary = 0;
    for line in include_str!("masks.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let cells: Vec<&str> = line.split('\t').collect();
        let [word, value, name, input, expected] = cells[..] else {
            panic!("{line}")
        };
        let takes_value = word == "constant" || !value.is_empty();
        let method = Method::parse(word, takes_value.then_some(value)).unwrap();
        let expected = (expected != "∅").then(|| expected.to_owned());
        let out = masked(&method, oid(name), Format::Text, input.as_bytes());
        assert_eq!(
            out.map(|o| String::from_utf8(o).unwrap()),
            expected,
            "{line}"
        );
        for (.., binary) in sent
            .iter()
            .filter(|(n, _, text, _)| *n == name && text == input.as_bytes())
        {
            in_binary += 1;
            let out = masked(&method, oid(name), Format::Binary, binary);
            let out = out
                .map(|o| printed(oid(name), &o).unwrap_or_else(|| panic!("not a {name}: {line}")));
            // Floats print as PostgreSQL or Rust would; jsonb and numbers are the same text.
            assert_eq!(out, expected, "{line} (binary)");
        }
    }
    assert!(
        in_binary > 90,
        "only {in_binary} lines were tried in binary"
    );
}

#[test]
fn text_and_binary_of_a_value_mask_to_the_same_value() {
    for (name, type_oid, text, binary) in values() {
        for method in methods() {
            let from_text = masked(&method, type_oid, Format::Text, &text);
            let from_binary = masked(&method, type_oid, Format::Binary, &binary);
            let shown = from_binary
                .map(|b| printed(type_oid, &b).unwrap_or_else(|| panic!("not a {name}: {b:?}")));
            assert_eq!(
                from_text.map(|t| String::from_utf8(t).unwrap()),
                shown,
                "{method:?} of {name} {}",
                String::from_utf8_lossy(&text)
            );
        }
    }
}

#[test]
fn pseudonyms_are_the_same_for_what_the_server_calls_equal() {
    let hash = Method::parse("hash", None).unwrap();
    let of = |name: &str, text: &str| {
        String::from_utf8(masked(&hash, oid(name), Format::Text, text.as_bytes()).unwrap()).unwrap()
    };
    let equal = [
        (("text", "jane"), ("varchar", "jane")),
        (("text", "jane"), ("name", "jane")),
        (("text", "jane"), ("bpchar", "jane      ")),
        (("numeric", "1.0"), ("numeric", "1.00")),
        (("numeric", "0.50"), ("numeric", "0.5")),
        (("numeric", "-0.0"), ("numeric", "0")),
        (("numeric", "42.000"), ("int8", "42")),
        (("float8", "-0"), ("float8", "0")),
        (("float8", "1e3"), ("float8", "1000")),
        (
            ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"),
            ("uuid", "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
        ),
        (("bytea", "\\x5c41"), ("bytea", "\\\\A")),
        (("json", "1"), ("jsonb", "1")),
    ];
    for ((a, x), (b, y)) in equal {
        assert_eq!(of(a, x), of(b, y), "{a} {x}, {b} {y}");
    }
    let different = [
        (("text", "jane"), ("text", "Jane")),
        (("text", "jane"), ("text", "jane ")),
        (("numeric", "1.5"), ("numeric", "-1.5")),
        (("numeric", "15"), ("numeric", "1.5")),
        (("numeric", "12.5"), ("numeric", "1.25")),
        (("int8", "1"), ("int8", "-1")),
    ];
    for ((a, x), (b, y)) in different {
        assert_ne!(of(a, x), of(b, y), "{a} {x}, {b} {y}");
    }
    // Forms.
    let word = of("text", "jane");
    assert!(
        word.len() == 18
            && word.starts_with("h_")
            && word[2..].bytes().all(|b| b.is_ascii_hexdigit()),
        "{word}"
    );
    assert_eq!(
        &of("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")[14..15],
        "8"
    );
    let small: i16 = of("int2", "5").parse().unwrap();
    assert!(small >= 0);
}

#[test]
fn pseudonyms_are_those_of_the_key() {
    let hash = Method::parse("hash", None).unwrap();
    let with = |secret: [u8; 32]| {
        let mut out = Vec::new();
        let _ = mask::mask(
            &hash,
            &mask::Key::new(secret),
            25,
            Format::Text,
            b"jane",
            &mut out,
        );
        String::from_utf8(out).unwrap()
    };
    assert_ne!(with([7; 32]), with([8; 32]));
    // HMAC-SHA-256 of `t` and the value: pseudonyms stay what they are from one release to the next.
    assert_eq!(with([7; 32]), "h_0db23568bd2b4e65");
    assert_eq!(format!("{:?}", support::key()), "Key(…)");
}

#[test]
fn what_is_not_a_value_of_its_type_becomes_null() {
    type Values<'a> = &'a [&'a [u8]];
    let by_type: [(&str, Values<'_>, Values<'_>); 9] = [
        (
            "int4",
            &[b"", b"x", b"1e3", b"2147483648", b"1.0"],
            &[b"", b"\0\0", b"\0\0\0\0\0"],
        ),
        (
            "numeric",
            &[b"", b"-", b".", b"1e3", b"1,5", b"+1"],
            &[
                b"",
                b"\0\x01\0\0\0\0\0\0",
                b"\0\0\0\0\0\0\0\0\0",
                b"\0\x01\0\0\0\0\0\0\x27\x10",
            ],
        ),
        ("float8", &[b"", b"x", b"inf"], &[b"", b"\0\0\0\0"]),
        (
            "uuid",
            &[b"", b"a0eebc99", b"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g"],
            &[b"", b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"],
        ),
        (
            "bytea",
            &[b"\\x0", b"\\xzz", b"\\", b"\\9", b"\\777", b"\\08"],
            &[],
        ),
        ("jsonb", &[], &[b"", b"\x02null"]),
        (
            "date",
            &[b"", b"2024", b"2024-1-1", b"+024-01-01"],
            &[b"", b"\0\0"],
        ),
        (
            "timestamp",
            &[b"2024-05-17", b"2024-05-17 ", b"2024-05-17 99:00"],
            &[b"\0\0\0\0"],
        ),
        (
            "timestamptz",
            &[
                b"2024-05-17 12:00:00",
                b"2024-05-17 12:00:00 CEST",
                b"2024-05-17 12:00:00+",
            ],
            &[b"\0"],
        ),
    ];
    for (name, texts, binaries) in by_type {
        for word in ["hash", "bucket", "year"] {
            let method = Method::parse(word, None).unwrap();
            for text in texts {
                assert_eq!(
                    masked(&method, oid(name), Format::Text, text),
                    None,
                    "{word} {name} {text:?}"
                );
            }
            for binary in binaries {
                assert_eq!(
                    masked(&method, oid(name), Format::Binary, binary),
                    None,
                    "{word} {name} {binary:?}"
                );
            }
        }
    }
}

#[test]
fn characters_that_are_not_utf8_show_nothing() {
    let latin1 = b"J\xfcrgen.m\xfcller@b\xfcro.de";
    for (word, expected) in [
        ("email", "[redacted]"),
        ("last4", "****"),
        ("first1", "***"),
    ] {
        let method = Method::parse(word, None).unwrap();
        for format in [Format::Text, Format::Binary] {
            assert_eq!(
                masked(&method, 25, format, latin1).unwrap(),
                expected.as_bytes(),
                "{word}"
            );
        }
    }
}

#[test]
fn a_type_that_is_not_known_becomes_null() {
    for method in methods() {
        for type_oid in [0, 1, 18, 142, 1007, 1009, 2249, 3904, 16_500, u32::MAX] {
            assert_eq!(
                masked(&method, type_oid, Format::Text, b"{1}"),
                None,
                "{method:?} {type_oid}"
            );
        }
    }
}

#[test]
fn words_of_a_label_file() {
    let unknown = |word: &str| Err(MaskError::UnknownMethod(word.to_owned()));
    let cases = [
        (("redact", None), Ok(Method::Redact)),
        (("Redact", None), unknown("Redact")),
        (("", None), unknown("")),
        (
            ("constant", Some("x")),
            Ok(Method::Constant("x".to_owned())),
        ),
        (("constant", None), Err(MaskError::ConstantWithoutValue)),
        (("constant", Some("a\0b")), Err(MaskError::ConstantWithNul)),
        (("bucket", None), Ok(Method::Bucket(None))),
        (("bucket", Some("1000")), Ok(Method::Bucket(Some(1000)))),
        (("bucket", Some("1")), Err(MaskError::BadWidth)),
        (("bucket", Some("-5")), Err(MaskError::BadWidth)),
        (("last4", Some("x")), Err(MaskError::UnusedValue("last4"))),
    ];
    for ((word, value), expected) in cases {
        assert_eq!(Method::parse(word, value), expected, "{word} {value:?}");
    }
    let words: HashMap<&str, Method> = methods().into_iter().map(|m| (m.word(), m)).collect();
    assert_eq!(words.len(), 9);
    assert_eq!(TYPES.len(), 23);
}
