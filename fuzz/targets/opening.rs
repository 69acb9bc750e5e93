//! The first packet of a connection. What is read as a startup packet says the same when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::frame::startup_frame;
use wire::postgres::startup::{self, Opening};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(frame)) = startup_frame(bytes) {
        let _ = startup::opening(frame.body());
    }
    let _ = startup::version(bytes);
    if let Ok(Opening::Startup(packet)) = startup::opening(bytes) {
        let pairs: Vec<_> = packet.parameters().collect();
        let options = packet.unknown_options().map(|name| (name, ""));
        let mut out = Vec::new();
        let all: Vec<_> = pairs.iter().copied().chain(options).collect();
        startup::write_startup(&mut out, packet.minor, &all);
        let Ok(Opening::Startup(again)) = startup::opening(&out[4..]) else {
            panic!("written, not read")
        };
        assert_eq!(again.parameters().collect::<Vec<_>>(), pairs);
        assert!(again.unknown_options().eq(packet.unknown_options()));
        assert!(out.len() - 4 <= bytes.len());
        for (name, _) in &pairs {
            assert!(packet.get(name).is_some());
        }
    }
});
