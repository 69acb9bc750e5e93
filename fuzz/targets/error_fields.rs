//! ErrorResponse and NoticeResponse.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::reply::{ErrorFields, write_error};

fuzz_target!(|body: &[u8]| {
    let Ok(fields) = ErrorFields::read(body) else {
        return;
    };
    let all: Vec<_> = fields.collect();
    for (kind, _) in &all {
        assert!(fields.get(*kind).is_some());
    }
    let texts: Result<Vec<_>, _> = all
        .iter()
        .map(|(kind, text)| std::str::from_utf8(text).map(|text| (*kind, text)))
        .collect();
    if let Ok(texts) = texts {
        let mut out = Vec::new();
        write_error(&mut out, &texts);
        assert_eq!(&out[5..], body);
    }
});
