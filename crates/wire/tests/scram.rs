//! SCRAM-SHA-256: the vectors of the RFC, verifiers that a real server made, a client that others wrote, and what
//! somebody in between or somebody without the password can try.

#![allow(clippy::unwrap_used)]

use postgres_protocol::authentication::sasl::{self, ScramSha256};
use proptest::prelude::*;
use wire::postgres::auth::{
    AwaitFinal, ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramError, ScramVerifier, begin,
};

const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SALT: [u8; 16] = *b"0123456789abcdef";
const CERTIFICATE: &[u8] = b"hash of a certificate, 32 bytes.";

/// Made once, and with few iterations: hashing takes its time, on the client's side as well.
fn verifier() -> ScramVerifier {
    static MADE: std::sync::OnceLock<ScramVerifier> = std::sync::OnceLock::new();
    MADE.get_or_init(|| ScramVerifier::make("pencil", &SALT, 1024))
        .clone()
}

fn end_point() -> ChannelBinding {
    ChannelBinding::tls_server_end_point(CERTIFICATE)
}

#[test]
fn the_vectors_of_rfc_7677() {
    // "W22ZaJ0SNY7soEsUEjb6gQ==", section 3.
    let salt = [
        0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa,
        0x81,
    ];
    let verifier = ScramVerifier::make("pencil", &salt, 4096);
    let (state, first) = begin(
        verifier,
        SCRAM_SHA_256,
        b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        NONCE,
        None,
    )
    .unwrap();
    assert_eq!(
        first,
        b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    );
    let last = state
        .finish(b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        .unwrap();
    assert_eq!(last, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

/// Passwords with all that SASLprep does to text, and what a real server made of them.
#[test]
fn verifiers_are_those_of_the_server() {
    let mut count = 0;
    for line in include_str!("data/verifiers.tsv")
        .lines()
        .filter(|l| !l.starts_with('#'))
    {
        let (password, expected) = line.split_once('\t').unwrap();
        let bytes = (0..password.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&password[i..i + 2], 16).unwrap());
        let password = String::from_utf8(bytes.collect()).unwrap();
        let salt = expected.split([':', '$']).nth(2).unwrap();
        let salt: [u8; 16] = base64_decoded(salt).try_into().unwrap();
        assert_eq!(
            ScramVerifier::make(&password, &salt, 4096).to_text(),
            expected,
            "{password:?}"
        );
        assert_eq!(ScramVerifier::parse(expected).unwrap().to_text(), expected);
        count += 1;
    }
    assert!(count > 50);
}

/// By hand, so that the code under test is not its own judge.
fn base64_decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for digit in text.bytes().filter(|b| *b != b'=') {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|d| *d == digit).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    out
}

#[test]
fn what_is_no_verifier() {
    let good = verifier().to_text();
    let key = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
    let cases = [
        String::new(),
        "pencil".to_owned(),
        "md5a3556571e93b0d20722ba62be61e8c2d".to_owned(),
        good.replacen("256", "512", 1),
        good.replacen("1024", "0", 1),
        good.replacen("1024", "-1", 1),
        good.replacen("1024", "+1", 1),
        good.replacen("1024", "", 1),
        good.replacen("1024", "4294967296", 1),
        format!("SCRAM-SHA-256$4096:${key}:{key}"),
        format!("SCRAM-SHA-256$4096:c2FsdA==${key}"),
        format!("SCRAM-SHA-256$4096:c2FsdA==${key}:{key}:{key}"),
        format!("SCRAM-SHA-256$4096:c2FsdA==${key}:{}", &key[..40]),
        format!("SCRAM-SHA-256$4096:c2FsdA${key}:{key}"),
        format!(" {good}"),
        format!("{good}\n"),
    ];
    for text in cases {
        assert_eq!(
            ScramVerifier::parse(&text).unwrap_err(),
            ScramError::BadVerifier,
            "{text:?}"
        );
    }
    assert!(ScramVerifier::parse(&format!("SCRAM-SHA-256$1:c2FsdA==${key}:{key}")).is_ok());
}

/// A whole exchange with the client of the `postgres-protocol` crate, which checks the server's signature as well.
fn with_client(
    password: &str,
    verifier: ScramVerifier,
    mechanism: &str,
    theirs: sasl::ChannelBinding,
    ours: Option<&ChannelBinding>,
) -> Result<(), ScramError> {
    let mut client = ScramSha256::new(password.as_bytes(), theirs);
    let (state, first) = begin(verifier, mechanism, client.message(), NONCE, ours)?;
    client.update(&first).unwrap();
    let last = state.finish(client.message())?;
    client.finish(&last).unwrap();
    Ok(())
}

#[test]
fn a_client_that_others_wrote() {
    use sasl::ChannelBinding as Theirs;
    let bound = || Theirs::tls_server_end_point(CERTIFICATE.to_vec());
    let ours = end_point();
    let ours = Some(&ours);
    type Case<'a> = (
        &'a str,
        &'a str,
        &'a str,
        Theirs,
        Option<&'a ChannelBinding>,
        Result<(), ScramError>,
    );
    let cases: Vec<Case<'_>> = vec![
        (
            "in the clear",
            "pencil",
            SCRAM_SHA_256,
            Theirs::unsupported(),
            None,
            Ok(()),
        ),
        ("bound", "pencil", SCRAM_SHA_256_PLUS, bound(), ours, Ok(())),
        (
            "could bind, was not offered it",
            "pencil",
            SCRAM_SHA_256,
            Theirs::unrequested(),
            None,
            Ok(()),
        ),
        (
            "cannot bind, was offered it",
            "pencil",
            SCRAM_SHA_256,
            Theirs::unsupported(),
            ours,
            Ok(()),
        ),
        (
            "wrong password",
            "pencils",
            SCRAM_SHA_256,
            Theirs::unsupported(),
            None,
            Err(ScramError::WrongProof),
        ),
        (
            "wrong password, bound",
            "",
            SCRAM_SHA_256_PLUS,
            bound(),
            ours,
            Err(ScramError::WrongProof),
        ),
        (
            "the offer was taken away",
            "pencil",
            SCRAM_SHA_256,
            Theirs::unrequested(),
            ours,
            Err(ScramError::Downgrade),
        ),
        (
            "somebody else's certificate",
            "pencil",
            SCRAM_SHA_256_PLUS,
            Theirs::tls_server_end_point(b"another".to_vec()),
            ours,
            Err(ScramError::BindingMismatch),
        ),
        (
            "bound without having chosen to",
            "pencil",
            SCRAM_SHA_256,
            bound(),
            ours,
            Err(ScramError::BindingUnexpected),
        ),
        (
            "bound without having been offered it",
            "pencil",
            SCRAM_SHA_256_PLUS,
            bound(),
            None,
            Err(ScramError::UnknownMechanism),
        ),
        (
            "chosen and not done",
            "pencil",
            SCRAM_SHA_256_PLUS,
            Theirs::unsupported(),
            ours,
            Err(ScramError::BindingMissing),
        ),
        (
            "chosen and not done",
            "pencil",
            SCRAM_SHA_256_PLUS,
            Theirs::unrequested(),
            ours,
            Err(ScramError::BindingMissing),
        ),
        (
            "another mechanism",
            "pencil",
            "SCRAM-SHA-1",
            Theirs::unsupported(),
            None,
            Err(ScramError::UnknownMechanism),
        ),
        (
            "another mechanism",
            "pencil",
            "scram-sha-256",
            Theirs::unsupported(),
            None,
            Err(ScramError::UnknownMechanism),
        ),
        (
            "another mechanism",
            "pencil",
            "",
            Theirs::unsupported(),
            None,
            Err(ScramError::UnknownMechanism),
        ),
    ];
    for (name, password, mechanism, theirs, ours, expected) in cases {
        assert_eq!(
            with_client(password, verifier(), mechanism, theirs, ours),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_user_who_does_not_exist_looks_like_one_who_does() {
    let mock = |user| ScramVerifier::mock(user, b"key of this server");
    let first = |verifier| {
        begin(verifier, SCRAM_SHA_256, b"n,,n=,r=abc", NONCE, None)
            .unwrap()
            .1
    };
    let shape = |message: Vec<u8>| {
        let text = String::from_utf8(message).unwrap();
        text.split(',')
            .map(|part| (part[..2].to_owned(), part.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        first(mock("eve")),
        first(mock("eve")),
        "asking twice tells nothing"
    );
    assert_ne!(first(mock("eve")), first(mock("mallory")));
    assert_ne!(
        first(mock("eve")),
        first(ScramVerifier::mock("eve", b"another key"))
    );
    assert_eq!(
        shape(first(mock("eve"))),
        shape(first(ScramVerifier::make("pencil", &SALT, 4096)))
    );
    let unsupported = sasl::ChannelBinding::unsupported;
    let failed = with_client("pencil", mock("eve"), SCRAM_SHA_256, unsupported(), None);
    assert_eq!(failed, Err(ScramError::WrongProof));
    assert_eq!(
        failed,
        with_client("wrong", verifier(), SCRAM_SHA_256, unsupported(), None)
    );
}

#[test]
fn malformed_first_messages() {
    let malformed = ScramError::Malformed;
    let cases: &[(&[u8], ScramError)] = &[
        (b"", malformed("GS2 header")),
        (b"n", malformed("GS2 header")),
        (b"n,", malformed("GS2 header")),
        (b"n,,", malformed("user name")),
        (b"n,,r=abc", malformed("user name")),
        (b"n,,n=", malformed("nonce")),
        (b"n,,n=,", malformed("nonce")),
        (b"n,,n=,r=", malformed("nonce")),
        (b"n,,n=,r=a b", malformed("nonce")),
        (b"n,,n=,r=\xc3\xa9", malformed("nonce")),
        (b"n,,n=,n=,r=abc", malformed("nonce")),
        (b"n,,m=x,n=,r=abc", malformed("user name")),
        (b"n,,n=,r=abc,m=x", malformed("extension")),
        (b"n,,n=,r=abc,", malformed("attribute")),
        (b"n,,n=,r=abc,xy", malformed("attribute")),
        (b"n,,n=,r=abc,1=y", malformed("attribute")),
        (b"x,,n=,r=abc", malformed("GS2 header")),
        (b"nn,,n=,r=abc", malformed("GS2 header")),
        (b",,n=,r=abc", malformed("GS2 header")),
        (b"n,,n=,r=abc\0", malformed("text")),
        (b"n,,n=\xff,r=abc", malformed("text")),
        (b"n,a=root,n=,r=abc", ScramError::AuthorizationIdentity),
        (b"n,root,n=,r=abc", ScramError::AuthorizationIdentity),
        (
            b"p=tls-server-end-point,,n=,r=abc",
            ScramError::BindingUnexpected,
        ),
    ];
    for (message, error) in cases {
        let found = begin(verifier(), SCRAM_SHA_256, message, NONCE, None).map(|_| ());
        assert_eq!(found, Err(*error), "{:?}", String::from_utf8_lossy(message));
    }
    for kind in [
        "tls-unique",
        "tls-exporter",
        "",
        "TLS-SERVER-END-POINT",
        "tls-server-end-point ",
    ] {
        let message = format!("p={kind},,n=,r=abc");
        let found = begin(
            verifier(),
            SCRAM_SHA_256_PLUS,
            message.as_bytes(),
            NONCE,
            Some(&end_point()),
        );
        assert_eq!(found.map(|_| ()), Err(ScramError::BindingType), "{kind}");
    }
    for nonce in ["", "a,b", "a b", "a\0", "é"] {
        let found = begin(verifier(), SCRAM_SHA_256, b"n,,n=,r=abc", nonce, None).map(|_| ());
        assert_eq!(found, Err(ScramError::BadServerNonce), "{nonce:?}");
    }
    assert!(
        begin(
            verifier(),
            SCRAM_SHA_256,
            b"n,,n=dana,r=abc,x=extension",
            NONCE,
            None
        )
        .is_ok()
    );
}

/// An exchange up to the client's good last message, which the cases below then spoil.
fn almost_done() -> (AwaitFinal, String) {
    let mut client = ScramSha256::new(b"pencil", sasl::ChannelBinding::unsupported());
    let (state, first) = begin(verifier(), SCRAM_SHA_256, client.message(), NONCE, None).unwrap();
    client.update(&first).unwrap();
    (state, String::from_utf8(client.message().to_vec()).unwrap())
}

#[test]
fn spoiled_last_messages() {
    type Spoil = fn(&str) -> String;
    let cases: &[(&str, Spoil, ScramError)] = &[
        (
            "empty",
            |_| String::new(),
            ScramError::Malformed("no proof"),
        ),
        (
            "no proof",
            |m| m.split(",p=").next().unwrap().to_owned(),
            ScramError::Malformed("no proof"),
        ),
        (
            "an empty proof",
            |m| format!("{},p=", m.split(",p=").next().unwrap()),
            ScramError::Malformed("proof"),
        ),
        (
            "half a proof",
            |m| m[..m.len() - 12].to_owned(),
            ScramError::Malformed("proof"),
        ),
        (
            "something behind the proof",
            |m| format!("{m},x=y"),
            ScramError::Malformed("proof"),
        ),
        (
            "a proof that is no base64",
            |m| m.replace(",p=", ",p=!"),
            ScramError::Malformed("proof"),
        ),
        (
            "two proofs",
            |m| format!("{m},p={}", m.split(",p=").nth(1).unwrap()),
            ScramError::Malformed("extension"),
        ),
        (
            "another's proof",
            |m| format!("{},p={}=", m.split(",p=").next().unwrap(), "A".repeat(43)),
            ScramError::WrongProof,
        ),
        (
            "another nonce",
            |m| m.replacen("$k0", "$k1", 1),
            ScramError::NonceMismatch,
        ),
        (
            "half the nonce",
            |m| m.replacen(NONCE, "", 1),
            ScramError::NonceMismatch,
        ),
        (
            "no nonce",
            |m| format!("c=biws,p={}", m.split(",p=").nth(1).unwrap()),
            ScramError::Malformed("nonce"),
        ),
        (
            "the flag was changed on the way",
            |m| m.replacen("c=biws", "c=eSws", 1),
            ScramError::BindingMismatch,
        ),
        (
            "bound after all",
            |m| m.replacen("c=biws", "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsYQ==", 1),
            ScramError::BindingMismatch,
        ),
        (
            "no binding",
            |m| m.replacen("c=biws,", "", 1),
            ScramError::Malformed("channel binding"),
        ),
        (
            "the other way round",
            |m| m.replacen("c=biws,r=", "r=biws,c=", 1),
            ScramError::Malformed("channel binding"),
        ),
        (
            "a mandatory extension",
            |m| m.replacen(",p=", ",m=x,p=", 1),
            ScramError::Malformed("extension"),
        ),
        (
            "an extension that was not proved",
            |m| m.replacen(",p=", ",x=y,p=", 1),
            ScramError::WrongProof,
        ),
        ("a NUL", |m| format!("{m}\0"), ScramError::Malformed("text")),
    ];
    for (name, spoil, error) in cases {
        let (state, good) = almost_done();
        let spoiled = spoil(&good);
        assert_ne!(spoiled, good, "{name}");
        assert_eq!(
            state.finish(spoiled.as_bytes()),
            Err(*error),
            "{name}: {spoiled}"
        );
    }
    let (state, good) = almost_done();
    assert!(state.finish(good.as_bytes()).is_ok());
    let (state, _) = almost_done();
    assert_eq!(state.finish(b"\xff"), Err(ScramError::Malformed("text")));
}

#[test]
fn a_proof_is_good_for_one_exchange() {
    let (_, recorded) = almost_done();
    let (state, _) = begin(
        verifier(),
        SCRAM_SHA_256,
        b"n,,n=,r=abc",
        "another-nonce",
        None,
    )
    .unwrap();
    assert_eq!(
        state.finish(recorded.as_bytes()),
        Err(ScramError::NonceMismatch)
    );
}

#[test]
fn debug_shows_no_key() {
    let (state, _) = almost_done();
    assert_eq!(format!("{:?}", verifier()), "ScramVerifier { .. }");
    assert_eq!(format!("{:?}", end_point()), "ChannelBinding { .. }");
    assert_eq!(format!("{state:?}"), "AwaitFinal { .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The right password opens and any other does not. The letters are those on whose preparation (RFC 4013) all agree:
    /// on the rest, the client's library and PostgreSQL differ in the order of the checks.
    #[test]
    fn only_the_right_password(password in "[ -~äöüßéñø€漢字]{1,20}", other in "[ -~]{1,20}", salt: [u8; 16]) {
        let verifier = ScramVerifier::make(&password, &salt, 1);
        let client = |password: &str| with_client(password, verifier.clone(), SCRAM_SHA_256, sasl::ChannelBinding::unsupported(), None);
        prop_assert_eq!(client(&password), Ok(()));
        prop_assume!(other != password && ScramVerifier::make(&other, &salt, 1).to_text() != verifier.to_text());
        prop_assert_eq!(client(&other), Err(ScramError::WrongProof));
    }

    /// No byte of the last message can be changed.
    #[test]
    fn every_byte_of_the_last_message_counts(at: prop::sample::Index, to: u8) {
        let (state, good) = almost_done();
        let mut bytes = good.into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(state.finish(&bytes).is_err());
    }

    #[test]
    fn any_bytes_are_refused(first in prop::collection::vec(any::<u8>(), 0..40), last in prop::collection::vec(any::<u8>(), 0..80), text in "[nyp],(a=x)?,n=[a-z]?,r=[a-z]{0,3}(,[a-z]=[a-z])?") {
        let _ = begin(verifier(), SCRAM_SHA_256, &first, NONCE, None);
        if let Ok((state, _)) = begin(verifier(), SCRAM_SHA_256, text.as_bytes(), NONCE, None) {
            prop_assert!(state.finish(&last).is_err());
        }
    }
}
