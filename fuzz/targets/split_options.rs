//! `options` of a startup packet: what comes out can be put in again, escaped, and comes out the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::startup::split_options;

fuzz_target!(|options: &str| {
    let Ok(settings) = split_options(options) else {
        return;
    };
    let mut again = String::new();
    for (name, value) in &settings {
        again.push_str("-c ");
        for c in format!("{name}={value}").chars() {
            if c == '\\' || c.is_whitespace() || c == '\x0b' {
                again.push('\\');
            }
            again.push(c);
        }
        again.push(' ');
    }
    assert_eq!(split_options(&again).as_ref(), Ok(&settings));
});
