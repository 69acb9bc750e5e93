//! ParameterStatus.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::reply::{parameter_status, write_parameter_status};

fuzz_target!(|body: &[u8]| {
    if let Ok((name, value)) = parameter_status(body) {
        let mut out = Vec::new();
        write_parameter_status(&mut out, name, value);
        assert_eq!(&out[5..], body);
    }
});
