//! Masking a value of any type in either format: no bytes panic it, NULL appends nothing, and what was in the buffer stays.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mask::{Format, Key, Masked, Method, mask};

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new([7; 32]));
static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| {
    let words = [
        "redact", "null", "email", "last4", "first1", "hash", "year", "bucket",
    ];
    let mut all: Vec<Method> = words
        .iter()
        .filter_map(|word| Method::parse(word, None).ok())
        .collect();
    assert_eq!(all.len(), words.len());
    all.extend(
        ["1000", "9223372036854775807"]
            .iter()
            .filter_map(|w| Method::parse("bucket", Some(w)).ok()),
    );
    all.extend(
        ["", "hidden", "0", "2000-01-01"]
            .iter()
            .filter_map(|v| Method::parse("constant", Some(v)).ok()),
    );
    all
});

/// Types that have a form of their own, some without, and arrays of them.
const TYPES: &[u32] = &[
    16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 650, 700, 701, 790, 829, 869, 1000, 1005, 1007,
    1009, 1016, 1042, 1043, 1082, 1083, 1114, 1184, 1186, 1231, 1266, 1560, 1562, 1700, 2249, 2950,
    3802, 3904, 16_384,
];

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (which, binary, value) = input;
    let type_oid = TYPES[usize::from(which) % TYPES.len()];
    let format = if binary { Format::Binary } else { Format::Text };
    let mut out = Vec::new();
    for method in METHODS.iter() {
        out.clear();
        out.extend_from_slice(b"before");
        let masked = mask(method, &KEY, type_oid, format, value, &mut out);
        assert!(out.starts_with(b"before"));
        assert!(masked == Masked::Value || out == b"before");
    }
});
