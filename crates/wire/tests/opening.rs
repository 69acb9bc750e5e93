//! The first packet of a connection, and the settings inside it.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wire::WireError;
use wire::postgres::frame::startup_frame;
use wire::postgres::startup::{
    Opening, Startup, opening, split_options, version, write_cancel, write_gssenc_request,
    write_ssl_request, write_startup,
};

/// Through the bytes and back.
fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    let found = startup_frame(&out).unwrap().unwrap();
    assert_eq!(found.len(), out.len());
    found.body().to_vec()
}

fn startup(body: &[u8]) -> Startup<'_> {
    match opening(body) {
        Ok(Opening::Startup(startup)) => startup,
        other => panic!("{other:?}"),
    }
}

#[test]
fn requests_are_exact() {
    assert_eq!(opening(&written(write_ssl_request)), Ok(Opening::Ssl));
    assert_eq!(opening(&written(write_gssenc_request)), Ok(Opening::GssEnc));
    assert_eq!(written(write_ssl_request), 80_877_103u32.to_be_bytes());
    assert_eq!(written(write_gssenc_request), 80_877_104u32.to_be_bytes());
    for request in [written(write_ssl_request), written(write_gssenc_request)] {
        assert_eq!(
            opening(&[&request[..], b"\0"].concat()),
            Err(WireError::TrailingBytes)
        );
        assert_eq!(opening(&request[..3]), Err(WireError::Truncated));
    }
}

#[test]
fn a_cancel_request_has_a_secret_of_4_to_256_bytes() {
    for (len, fits) in [
        (0, false),
        (3, false),
        (4, true),
        (32, true),
        (256, true),
        (257, false),
    ] {
        let secret = vec![0xa5; len];
        let body = written(|out| write_cancel(out, 0xdead_beef, &secret));
        let expected = if fits {
            Ok(Opening::Cancel {
                process_id: 0xdead_beef,
                secret: &secret,
            })
        } else {
            Err(WireError::BadLength)
        };
        assert_eq!(opening(&body), expected, "{len} bytes");
    }
    assert_eq!(
        opening(&[&80_877_102u32.to_be_bytes()[..], b"\0\0\0"].concat()),
        Err(WireError::Truncated)
    );
}

#[test]
fn only_version_3_is_spoken() {
    let cases: &[(&[u8], Option<u16>)] = &[
        (b"\0\x03\0\0\0", Some(0)),
        (b"\0\x03\0\x02\0", Some(2)),
        (b"\0\x03\x27\x0f\0", Some(9999)),
        (b"\0\x02\0\0\0", None),
        (b"\0\x04\0\0\0", None),
        (b"\0\0\0\0\0", None),
        // Right next to the request codes, and with their high half.
        (b"\x04\xd2\x16\x2d\0", None),
        (b"\x04\xd2\x16\x31\0", None),
    ];
    for (body, minor) in cases {
        match opening(body) {
            Ok(Opening::Startup(startup)) => assert_eq!(Some(startup.minor), *minor),
            other => {
                assert_eq!(
                    (other, *minor),
                    (Err(WireError::UnsupportedProtocol), None),
                    "{body:?}"
                );
            }
        }
    }
    assert_eq!(version(b"\0\x02\0\x07rest"), Some((2, 7)));
    assert_eq!(version(b"\0\x02\0"), None);
}

#[test]
fn parameters_are_read_as_the_server_reads_them() {
    let body =
        b"\0\x03\0\0user\0dana\0database\0shop\0_pq_.command_tag\0on\0options\0\0user\0mallory\0\0";
    let packet = startup(body);
    let parameters: Vec<_> = packet.parameters().collect();
    assert_eq!(
        parameters,
        [
            ("user", "dana"),
            ("database", "shop"),
            ("options", ""),
            ("user", "mallory")
        ]
    );
    assert_eq!(
        packet.unknown_options().collect::<Vec<_>>(),
        ["_pq_.command_tag"]
    );
    assert_eq!(packet.get("user"), Some("mallory"), "the last one counts");
    assert_eq!(packet.get("options"), Some(""));
    assert_eq!(packet.get("_pq_.command_tag"), None);
    assert_eq!(packet.get("User"), None);
}

#[test]
fn malformed_startup_packets() {
    let cases: &[(&[u8], WireError)] = &[
        (b"", WireError::Truncated),
        (b"\0\x03\0", WireError::Truncated),
        (b"\0\x03\0\0", WireError::Unterminated),
        (b"\0\x03\0\0user\0dana\0", WireError::Unterminated),
        (b"\0\x03\0\0user\0dana", WireError::Unterminated),
        (b"\0\x03\0\0user\0\0", WireError::Unterminated),
        (b"\0\x03\0\0user", WireError::Unterminated),
        (b"\0\x03\0\0user\0dana\0\0\0", WireError::TrailingBytes),
        (b"\0\x03\0\0\0user\0dana\0\0", WireError::TrailingBytes),
        (b"\0\x03\0\0user\0d\xffna\0\0", WireError::NotUtf8),
        (b"\0\x03\0\0us\xc3\0dana\0\0", WireError::NotUtf8),
    ];
    for (body, error) in cases {
        assert_eq!(opening(body), Err(*error), "{body:?}");
    }
}

#[test]
fn options_are_split_as_the_server_splits_them() {
    for line in include_str!("data/options.txt")
        .lines()
        .filter(|l| !l.starts_with('#'))
    {
        let (options, expected) = line.split_once(" =>").unwrap();
        let options = unescaped(
            options
                .strip_prefix('|')
                .unwrap()
                .strip_suffix('|')
                .unwrap(),
        );
        let found = match split_options(&options) {
            Ok(settings) => settings
                .iter()
                .map(|(n, v)| format!("{n:?}={v:?}"))
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => {
                assert_eq!(error, WireError::BadOption);
                "refused".to_owned()
            }
        };
        assert_eq!(found, expected.trim(), "{line}");
    }
}

/// `\t`, `\n` and so on are hard to see in a table: there they are written `{t}`.
fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, c) in [
        ("{t}", "\t"),
        ("{n}", "\n"),
        ("{r}", "\r"),
        ("{v}", "\x0b"),
        ("{f}", "\x0c"),
        ("{nbsp}", "\u{a0}"),
    ] {
        text = text.replace(name, c);
    }
    text
}

#[test]
fn a_nul_or_an_empty_name_cannot_end_the_list_early() {
    let body =
        written(|out| write_startup(out, 0, &[("", "x"), ("user", "da\0na\0\0"), ("a\0b", "")]));
    let packet = startup(&body);
    assert_eq!(
        packet.parameters().collect::<Vec<_>>(),
        [("user", "da?na??"), ("a?b", "")]
    );
}

#[test]
fn debug_shows_no_secret() {
    let cancel = written(|out| write_cancel(out, 7, b"sesame"));
    let body = written(|out| write_startup(out, 0, &[("user", "sesame")]));
    for body in [cancel, body] {
        assert_eq!(format!("{:?}", opening(&body).unwrap()), "Opening { .. }");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(minor: u16, pairs in prop::collection::vec(("[^\0]{1,12}", "[^\0]{0,20}"), 0..8)) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let body = written(|out| write_startup(out, minor, &pairs));
        let packet = startup(&body);
        prop_assert_eq!(packet.minor, minor);
        prop_assert_eq!(packet.parameters().collect::<Vec<_>>(), pairs);
        for len in 0..body.len() {
            prop_assert!(opening(&body[..len]).is_err());
        }
    }

    /// Any value can be put into `options` with backslashes, as libpq's documentation says, and comes out again.
    #[test]
    fn escaped_options_come_out_again(settings in prop::collection::vec(("[a-z_.]{1,8}", "\\PC{0,12}|[ \\\\\t=-]{0,6}"), 0..5)) {
        let escaped: Vec<String> = settings.iter().map(|(name, value)| {
            let value: String = value.chars().flat_map(|c| if c == '\\' || c.is_ascii_whitespace() { vec!['\\', c] } else { vec![c] }).collect();
            format!("-c {name}={value}")
        }).collect();
        prop_assert_eq!(split_options(&escaped.join(" ")).unwrap(), settings);
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..64), text in "\\PC{0,40}") {
        let _ = opening(&body);
        let _ = opening(&[b"\0\x03\0\0", &body[..]].concat());
        let _ = split_options(&text);
    }
}
