//! What holds of every mask, whatever the bytes.

#![allow(clippy::unwrap_used)]

mod support;

use mask::{Format, Method};
use proptest::prelude::*;
use proptest::sample::select;
use support::{TYPES, masked, methods, printed};

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Text), Just(Format::Binary)]
}

fn type_oid() -> impl Strategy<Value = u32> {
    prop_oneof![9 => select(TYPES.map(|(_, oid)| oid).to_vec()), 1 => any::<u32>()]
}

/// Bytes as they come, and bytes that look like something.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "\\PC{0,20}".prop_map(String::into_bytes),
        "[-+]?[0-9]{0,12}[.]?[0-9]{0,6}(e[0-9]{1,3})?".prop_map(String::into_bytes),
        "[0-9]{4,6}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?([.][0-9]{0,7})?([+-][0-9]{2}(:[0-9]{2})?)?)?( BC)?"
            .prop_map(String::into_bytes),
        "\\PC{0,6}@\\PC{0,6}[.][a-z]{0,12}".prop_map(String::into_bytes),
        "(\\\\|\\\\x)?([0-7a-f]{0,3}|\\\\)*".prop_map(String::into_bytes),
        // A numeric's header with wild numbers.
        (any::<i16>(), any::<i16>(), any::<u16>(), proptest::collection::vec(0u16..10_001, 0..6)).prop_map(
            |(weight, scale, sign, digits)| {
                let mut value = Vec::new();
                value.extend(u16::try_from(digits.len()).unwrap().to_be_bytes());
                value.extend(weight.to_be_bytes());
                value.extend((sign & 0x4000).to_be_bytes());
                value.extend(scale.to_be_bytes());
                digits.iter().for_each(|d| value.extend(d.to_be_bytes()));
                value
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// `masked` itself asserts that `out` only grows, and only for a value.
    #[test]
    fn nothing_panics_and_what_comes_out_is_a_value_of_its_type(
        method in select(methods()), type_oid in type_oid(), format in format(), value in bytes()
    ) {
        if let Some(out) = masked(&method, type_oid, format, &value) {
            match format {
                Format::Binary => prop_assert!(printed(type_oid, &out).is_some(), "{:?}", out),
                // What it prints, it reads: masking the mask with `bucket` and `hash` finds a value of the type again.
                Format::Text => {
                    prop_assert!(std::str::from_utf8(&out).is_ok());
                    if matches!(type_oid, 20 | 21 | 23 | 700 | 701 | 1700 | 2950 | 17) {
                        let hash = Method::parse("hash", None).unwrap();
                        prop_assert!(masked(&hash, type_oid, Format::Text, &out).is_some(), "{:?}", out);
                    }
                }
            }
        }
    }

    #[test]
    fn a_mask_that_hides_all_is_the_same_for_all(a in bytes(), b in bytes(), type_oid in type_oid(), format in format()) {
        for method in methods().into_iter().filter(|m| matches!(m, Method::Redact | Method::Null | Method::Constant(_))) {
            prop_assert_eq!(masked(&method, type_oid, format, &a), masked(&method, type_oid, format, &b));
        }
    }

    /// Neither the characters that are not to be seen nor their number.
    #[test]
    fn character_masks_show_what_they_say_and_no_more(text in "\\PC{0,24}", other in "\\PC{0,24}") {
        let shown = |word: &str, text: &str| {
            let out = masked(&Method::parse(word, None).unwrap(), 25, Format::Text, text.as_bytes()).unwrap();
            String::from_utf8(out).unwrap()
        };
        let chars = |s: &str| s.trim_matches(' ').chars().count();
        let last: String = {
            let all: Vec<char> = text.trim_matches(' ').chars().collect();
            all[all.len().saturating_sub(4)..].iter().collect()
        };
        prop_assert_eq!(shown("last4", &text), if chars(&text) >= 8 { format!("****{last}") } else { "****".to_owned() });
        let first: String = text.trim_matches(' ').chars().take(1).filter(|_| chars(&text) > 1).collect();
        prop_assert_eq!(shown("first1", &text), format!("{first}***"));
        // An address keeps its first characters and its end; the middle changes nothing.
        let word = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
        let address = |middle: &str| format!("jq{}@ex{}.com", word(middle), word(middle));
        prop_assert_eq!(shown("email", &address(&text)), "j***@e***.com");
        prop_assert_eq!(shown("email", &address(&text)), shown("email", &address(&other)));
        if !text.contains('@') {
            prop_assert_eq!(shown("email", &text), "[redacted]");
        }
    }

    #[test]
    fn buckets_are_below_and_within_a_width(value in any::<i64>(), width in 2u64..1_000_000) {
        let bucket = |value: i64, width: Option<u64>| -> i64 {
            let out = masked(&Method::Bucket(width), 20, Format::Text, value.to_string().as_bytes()).unwrap();
            String::from_utf8(out).unwrap().parse().unwrap()
        };
        let fixed = bucket(value, Some(width));
        prop_assert!(fixed.unsigned_abs() % width == 0 && fixed.unsigned_abs() <= value.unsigned_abs());
        prop_assert!(value.unsigned_abs() - fixed.unsigned_abs() < width);
        let leading = bucket(value, None).unsigned_abs().to_string();
        prop_assert!(leading == "0" || leading.trim_end_matches('0').len() == 1);
    }

    #[test]
    fn numbers_mask_alike_in_both_formats(int in any::<i64>(), real in any::<f64>(), single in any::<f32>()) {
        for word in ["hash", "bucket"] {
            let method = Method::parse(word, None).unwrap();
            let cases: [(u32, String, Vec<u8>); 3] = [
                (20, int.to_string(), int.to_be_bytes().to_vec()),
                (701, real.to_string(), real.to_be_bytes().to_vec()),
                (700, single.to_string(), single.to_be_bytes().to_vec()),
            ];
            for (type_oid, text, binary) in cases {
                let a = masked(&method, type_oid, Format::Text, text.as_bytes()).map(|t| String::from_utf8(t).unwrap());
                let b = masked(&method, type_oid, Format::Binary, &binary).map(|b| printed(type_oid, &b).unwrap());
                prop_assert_eq!(a, b, "{} {}", word, text);
            }
        }
    }
}
