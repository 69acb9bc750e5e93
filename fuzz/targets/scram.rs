//! SCRAM: no bytes panic it, and none that were not made with the password open it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wire::postgres::auth::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramVerifier, begin, read_sasl_initial,
};

static VERIFIER: LazyLock<ScramVerifier> =
    LazyLock::new(|| ScramVerifier::make("a password that no fuzzer finds", &[7; 16], 4096));

fuzz_target!(|input: (bool, bool, &[u8], &[u8])| {
    let (plus, bound, first, last) = input;
    let _ = read_sasl_initial(first);
    let _ = std::str::from_utf8(first).map(ScramVerifier::parse);
    let mechanism = if plus {
        SCRAM_SHA_256_PLUS
    } else {
        SCRAM_SHA_256
    };
    let binding = bound.then(|| ChannelBinding::tls_server_end_point(b"certificate"));
    if let Ok((state, server_first)) = begin(
        VERIFIER.clone(),
        mechanism,
        first,
        "nonce",
        binding.as_ref(),
    ) {
        // A last message that is right but for its proof, besides the one that came.
        let text = String::from_utf8(server_first).expect("text");
        let nonce = text.split(',').next().expect("nonce first");
        let again = begin(
            VERIFIER.clone(),
            mechanism,
            first,
            "nonce",
            binding.as_ref(),
        );
        let (other, _) = again.expect("as before");
        assert!(state.finish(last).is_err());
        let mut message = format!("c=biws,{nonce},p=").into_bytes();
        message.extend_from_slice(last);
        assert!(other.finish(&message).is_err());
    }
});
