//! RowDescription, read and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::row::{RowDescription, write_row_description};

fuzz_target!(|body: &[u8]| {
    if let Ok(columns) = RowDescription::read(body) {
        let fields: Vec<_> = columns.fields().collect();
        assert_eq!(fields.len(), columns.len());
        let mut out = Vec::new();
        write_row_description(&mut out, &fields);
        assert_eq!(&out[5..], body);
    }
});
