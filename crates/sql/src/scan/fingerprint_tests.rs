//! Which texts share a fingerprint, and which never do.

use proptest::prelude::*;

use super::*;

fn of(text: &str) -> Option<Fingerprint> {
    fingerprint(text.as_bytes())
}

#[test]
fn texts_that_differ_in_values_blanks_or_case_only_are_one_shape() {
    let same: &[(&str, &str)] = &[
        (
            "SELECT abalance FROM pgbench_accounts WHERE aid = 17",
            "SELECT abalance FROM pgbench_accounts WHERE aid = 99999",
        ),
        ("SELECT 'a'", "SELECT 'b''c; DROP TABLE t'"),
        ("SELECT 'a'", "SELECT 'ärger'"),
        ("select  1", "SELECT\n\t2"),
        ("SELECT 1 /* one */ + 2 -- end", "SELECT 7 + 8"),
        ("  SELECT 1  ", "SELECT 2"),
        ("SELECT 1.5", "SELECT 2e10"),
        ("SELECT 1/**/FROM t", "SELECT 1 FROM t"),
        ("SELECT x'1f', b'1'", "SELECT x'ff', b'0'"),
        ("SELECT 0000000001", "SELECT 2147483647"),
    ];
    for (a, b) in same {
        assert!(of(a).is_some(), "{a}");
        assert_eq!(of(a), of(b), "{a} | {b}");
    }
}

#[test]
fn texts_that_could_mean_different_things_are_different_shapes() {
    let different: &[(&str, &str)] = &[
        ("SELECT 1", "SELECT '1'"),
        ("SELECT 1", "SELECT 1.0"),
        ("SELECT 1", "SELECT -1"),
        ("SELECT 1", "SELECT $1"),
        ("SELECT $1", "SELECT $2"),
        ("SELECT 1", "SELECT NULL"),
        ("SELECT true", "SELECT NULL"),
        ("SELECT 2147483647", "SELECT 2147483648"),
        ("SELECT 9223372036854775807", "SELECT 9223372036854775808"),
        ("SELECT b'1'", "SELECT x'1'"),
        ("SELECT 'a'", "SELECT date 'a'"),
        ("SELECT a", "SELECT b"),
        ("SELECT a", "SELECT \"a\""),
        ("SELECT \"a\"", "SELECT \"A\""),
        ("SELECT \"a b\"", "SELECT \"a  b\""),
        ("SELECT a-1", "SELECT a--1"),
        ("SELECT a::int", "SELECT a: :int"),
        ("SELECT 1 a", "SELECT 1, a"),
        ("SELECT t.a", "SELECT t a"),
        ("SELECT 1; SELECT 1", "SELECT 1"),
        ("SELECT a FROM t", "SELECT a FROM t WHERE b = 1"),
    ];
    for (a, b) in different {
        assert_ne!(of(a), of(b), "{a} | {b}");
    }
}

#[test]
fn what_needs_a_setting_or_a_second_look_has_none() {
    let none = [
        "SELECT E'a'",
        "SELECT U&'a'",
        "SELECT U&\"a\"",
        "SELECT N'a'",
        "SELECT $$a$$",
        "SELECT 'a\\'",
        "SELECT 'a'\n'b'",
        "SELECT 'a' 'b'",
        "SELECT 'a",
        "SELECT /*",
        "SELECT /*+ SeqScan(t) */ 1",
        "SELECT /*! 1 */ 1",
        "SELECT /*M! 1 */ 1",
        "SELECT ärger",
        "SELECT \"ärger\"",
        "SELECT 1a",
        "SELECT \x01",
    ];
    for text in none {
        assert_eq!(of(text), None, "{text}");
    }
    assert_eq!(of(&format!("SELECT {}", "a".repeat(MAX_BYTES))), None);
}

#[test]
fn a_text_longer_than_the_buffer_keeps_its_order() {
    let list =
        |first: &str, last: &str| format!("SELECT {first}, {}, {last}", vec!["x"; 1000].join(", "));
    assert_eq!(of(&list("1", "2")), of(&list("3", "4")));
    assert_ne!(of(&list("1", "'a'")), of(&list("'a'", "1")));
    assert_ne!(of(&list("a", "b")), of(&list("b", "a")));
}

fn template(values: &[(i32, String, String)], names: &[String]) -> String {
    let mut text = "SELECT * FROM t WHERE true".to_owned();
    for ((number, string, decimal), name) in values.iter().zip(names) {
        let number = number.unsigned_abs() & 0x7fff_ffff;
        text += &format!(" AND {name} = {number} AND b IN ('{string}', {decimal})");
    }
    text
}

proptest! {
    #[test]
    fn values_do_not_matter_and_names_do(
        one in proptest::collection::vec((any::<i32>(), "[^'\\\\\0]{0,8}", "[0-9]{1,3}\\.[0-9]{1,3}"), 3),
        two in proptest::collection::vec((any::<i32>(), "[^'\\\\\0]{0,8}", "[0-9]{1,3}\\.[0-9]{1,3}"), 3),
        names in proptest::collection::vec("[a-z_]{2,6}", 3),
        others in proptest::collection::vec("[a-z_]{2,6}", 3),
    ) {
        let shape = of(&template(&one, &names));
        prop_assert!(shape.is_some());
        prop_assert_eq!(shape, of(&template(&two, &names)));
        if names != others {
            prop_assert_ne!(shape, of(&template(&one, &others)));
        }
    }
}
