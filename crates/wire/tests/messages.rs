//! Every message, read strictly: what is written is read again, and what is cut off, longer, or inconsistent is refused.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wire::WireError;
use wire::postgres::auth::{self, AuthRequest};
use wire::postgres::frame::{MAX_FRAME_BYTES, frame};
use wire::postgres::query::{self, *};
use wire::postgres::reply::{self, CopyResponse, ErrorFields, Negotiation, Notification};
use wire::postgres::row::{self, RowDescription};
use wire::postgres::values::{UNKNOWN_FORMAT, is_format};
use wire::postgres::{startup, tag};

type Read = fn(&[u8]) -> Result<(), WireError>;

macro_rules! reader {
    ($read:expr) => {
        |body| $read(body).map(|_| ())
    };
}

fn client(tag: u8) -> Read {
    match tag {
        b'Q' => reader!(|b| ClientMessage::read(b'Q', b)),
        b'P' => reader!(|b| ClientMessage::read(b'P', b)),
        b'B' => reader!(|b| ClientMessage::read(b'B', b)),
        b'D' => reader!(|b| ClientMessage::read(b'D', b)),
        b'E' => reader!(|b| ClientMessage::read(b'E', b)),
        b'C' => reader!(|b| ClientMessage::read(b'C', b)),
        b'F' => reader!(|b| ClientMessage::read(b'F', b)),
        b'c' => reader!(|b| ClientMessage::read(b'c', b)),
        b'f' => reader!(|b| ClientMessage::read(b'f', b)),
        b'H' => reader!(|b| ClientMessage::read(b'H', b)),
        b'S' => reader!(|b| ClientMessage::read(b'S', b)),
        b'X' => reader!(|b| ClientMessage::read(b'X', b)),
        other => panic!("{other}"),
    }
}

/// Valid bodies of messages in which every byte counts: each shorter one and each longer one is malformed.
fn exact() -> Vec<(&'static str, &'static [u8], Read)> {
    vec![
        ("Query", b"SELECT 1\0", client(b'Q')),
        ("Query, empty", b"\0", client(b'Q')),
        (
            "Parse",
            b"s1\0SELECT $1\0\0\x02\0\0\0\x17\0\0\0\0",
            client(b'P'),
        ),
        ("Parse, unnamed and empty", b"\0\0\0\0", client(b'P')),
        (
            "Bind",
            b"p\0s\0\0\x01\0\x01\0\x02\0\0\0\x02ab\xff\xff\xff\xff\0\x01\0\x01",
            client(b'B'),
        ),
        ("Bind, nothing", b"\0\0\0\0\0\0\0\0", client(b'B')),
        ("Describe", b"Ss1\0", client(b'D')),
        ("Execute", b"p\0\0\0\0\x05", client(b'E')),
        ("Close", b"Pp\0", client(b'C')),
        (
            "FunctionCall",
            b"\0\0\x05\x26\0\x01\0\x01\0\x01\0\0\0\x01x\0\x01",
            client(b'F'),
        ),
        ("CopyDone", b"", client(b'c')),
        ("CopyFail", b"why\0", client(b'f')),
        ("Flush", b"", client(b'H')),
        ("Sync", b"", client(b'S')),
        ("Terminate", b"", client(b'X')),
        (
            "SASLInitialResponse",
            b"SCRAM-SHA-256\0\0\0\0\x05n,,n=",
            reader!(auth::read_sasl_initial),
        ),
        (
            "SASLInitialResponse, no data",
            b"X\0\xff\xff\xff\xff",
            reader!(auth::read_sasl_initial),
        ),
        ("PasswordMessage", b"secret\0", reader!(auth::read_password)),
        ("AuthenticationOk", b"\0\0\0\0", reader!(AuthRequest::read)),
        (
            "AuthenticationCleartextPassword",
            b"\0\0\0\x03",
            reader!(AuthRequest::read),
        ),
        (
            "AuthenticationMD5Password",
            b"\0\0\0\x05salt",
            reader!(AuthRequest::read),
        ),
        (
            "AuthenticationSASL",
            b"\0\0\0\x0aA\0B\0\0",
            reader!(AuthRequest::read),
        ),
        (
            "RowDescription",
            b"\0\x01a\0\0\0\x40\0\0\x01\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0",
            reader!(RowDescription::read),
        ),
        (
            "RowDescription, no columns",
            b"\0\0",
            reader!(RowDescription::read),
        ),
        (
            "DataRow",
            b"\0\x02\0\0\0\x01x\xff\xff\xff\xff",
            reader!(row::cells),
        ),
        ("DataRow, no columns", b"\0\0", reader!(row::cells)),
        (
            "ErrorResponse",
            b"SERROR\0C42601\0\0",
            reader!(ErrorFields::read),
        ),
        (
            "ErrorResponse, no fields",
            b"\0",
            reader!(ErrorFields::read),
        ),
        ("ReadyForQuery", b"I", reader!(reply::ready_status)),
        (
            "CommandComplete",
            b"SELECT 1\0",
            reader!(reply::command_tag),
        ),
        (
            "ParameterStatus",
            b"TimeZone\0UTC\0",
            reader!(reply::parameter_status),
        ),
        (
            "ParameterDescription",
            b"\0\x01\0\0\0\x17",
            reader!(reply::parameter_description),
        ),
        (
            "NegotiateProtocolVersion",
            b"\0\x03\0\0\0\0\0\x02a\0b\0",
            reader!(Negotiation::read),
        ),
        (
            "CopyOutResponse",
            b"\x01\0\x01\0\x01",
            reader!(CopyResponse::read),
        ),
        (
            "NotificationResponse",
            b"\0\0\0\x01a\0b\0",
            reader!(Notification::read),
        ),
        (
            "FunctionCallResponse",
            b"\0\0\0\x01x",
            reader!(reply::function_result),
        ),
        (
            "FunctionCallResponse, NULL",
            b"\xff\xff\xff\xff",
            reader!(reply::function_result),
        ),
    ]
}

#[test]
fn every_byte_is_accounted_for() {
    for (name, body, read) in exact() {
        assert_eq!(read(body), Ok(()), "{name}");
        for len in 0..body.len() {
            assert!(read(&body[..len]).is_err(), "{name}, the first {len} bytes");
        }
        for more in [&b"\0"[..], b"x", b"\0\0\0\0"] {
            assert!(
                read(&[body, more].concat()).is_err(),
                "{name}, with {more:?} after it"
            );
        }
    }
}

/// Bytes, and what is wrong with them.
#[test]
fn malformed_messages() {
    let cases: &[(&str, Read, &[u8], WireError)] = &[
        (
            "a second statement behind a NUL",
            client(b'Q'),
            b"SELECT 1\0; DROP TABLE t\0",
            WireError::EmbeddedNul,
        ),
        (
            "a NUL behind the end",
            client(b'Q'),
            b"SELECT 1\0\0",
            WireError::EmbeddedNul,
        ),
        (
            "no terminator",
            client(b'Q'),
            b"SELECT 1",
            WireError::Unterminated,
        ),
        (
            "no terminator, but a NUL",
            client(b'Q'),
            b"SELECT\0 1",
            WireError::EmbeddedNul,
        ),
        (
            "a NUL in a text shifts what follows",
            client(b'P'),
            b"\0SELECT 1\0 WHERE\0\0\0",
            WireError::Truncated,
        ),
        (
            "more types than bytes",
            client(b'P'),
            b"\0\0\xff\xff\0\0\0\x17",
            WireError::Truncated,
        ),
        (
            "more parameters than bytes",
            client(b'B'),
            b"\0\0\0\0\xff\xff\0\0",
            WireError::Truncated,
        ),
        (
            "more formats than bytes",
            client(b'B'),
            b"\0\0\xff\xff\0\x01",
            WireError::Truncated,
        ),
        (
            "more result formats than bytes",
            client(b'B'),
            b"\0\0\0\0\0\0\xff\xff\0\0",
            WireError::Truncated,
        ),
        (
            "a parameter longer than the message",
            client(b'B'),
            b"\0\0\0\0\0\x01\x7f\xff\xff\xffa\0\0",
            WireError::Truncated,
        ),
        (
            "a negative length that is not NULL",
            client(b'B'),
            b"\0\0\0\0\0\x01\xff\xff\xff\xfe\0\0",
            WireError::BadLength,
        ),
        (
            "two formats for three parameters",
            client(b'B'),
            b"\0\0\0\x02\0\0\0\x01\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            WireError::BadCount,
        ),
        (
            "two formats for no parameters",
            client(b'B'),
            b"\0\0\0\x02\0\0\0\x01\0\0\0\0",
            WireError::BadCount,
        ),
        (
            "two formats for one argument",
            client(b'F'),
            b"\0\0\0\x01\0\x02\0\0\0\0\0\x01\0\0\0\0\0\0",
            WireError::BadCount,
        ),
        (
            "neither statement nor portal",
            client(b'D'),
            b"Tt\0",
            WireError::BadValue("kind of object"),
        ),
        (
            "neither statement nor portal",
            client(b'C'),
            b"\0\0",
            WireError::BadValue("kind of object"),
        ),
        (
            "a name with a NUL",
            client(b'D'),
            b"Sa\0b\0",
            WireError::EmbeddedNul,
        ),
        (
            "a name with a NUL",
            client(b'E'),
            b"a\0b\0\0\0\0\0",
            WireError::TrailingBytes,
        ),
        (
            "a Sync with a body",
            client(b'S'),
            b"x",
            WireError::TrailingBytes,
        ),
        (
            "a longer answer than announced",
            reader!(auth::read_sasl_initial),
            b"S\0\0\0\0\x01xy",
            WireError::TrailingBytes,
        ),
        (
            "a shorter answer than announced",
            reader!(auth::read_sasl_initial),
            b"S\0\0\0\0\x03xy",
            WireError::Truncated,
        ),
        (
            "a hugely longer one",
            reader!(auth::read_sasl_initial),
            b"S\0\x7f\xff\xff\xff",
            WireError::Truncated,
        ),
        (
            "a negative length",
            reader!(auth::read_sasl_initial),
            b"S\0\x80\0\0\0",
            WireError::BadLength,
        ),
        (
            "a mechanism that is no text",
            reader!(auth::read_sasl_initial),
            b"\xff\0\0\0\0\0",
            WireError::NotUtf8,
        ),
        (
            "a password with a NUL",
            reader!(auth::read_password),
            b"pw\0pw\0",
            WireError::EmbeddedNul,
        ),
        (
            "an end in the middle of the list",
            reader!(AuthRequest::read),
            b"\0\0\0\x0aA\0\0B\0\0",
            WireError::TrailingBytes,
        ),
        (
            "a mechanism that is no text",
            reader!(AuthRequest::read),
            b"\0\0\0\x0a\xff\0\0",
            WireError::NotUtf8,
        ),
        (
            "more columns than bytes",
            reader!(RowDescription::read),
            b"\xff\xff",
            WireError::Unterminated,
        ),
        (
            "more cells than bytes",
            reader!(row::cells),
            b"\xff\xff\xff\xff\xff\xff",
            WireError::Truncated,
        ),
        (
            "a cell longer than the row",
            reader!(row::cells),
            b"\0\x01\x3f\xff\xff\xffx",
            WireError::Truncated,
        ),
        (
            "a negative length that is not NULL",
            reader!(row::cells),
            b"\0\x01\x80\0\0\0",
            WireError::BadLength,
        ),
        (
            "fields behind the end",
            reader!(ErrorFields::read),
            b"Ma\0\0Cb\0\0",
            WireError::TrailingBytes,
        ),
        (
            "an unknown status",
            reader!(reply::ready_status),
            b"X",
            WireError::BadValue("transaction status"),
        ),
        (
            "a secret of 3 bytes",
            reader!(reply::backend_key),
            b"\0\0\0\x01abc",
            WireError::BadLength,
        ),
        (
            "four billion options",
            reader!(Negotiation::read),
            b"\0\x03\0\0\xff\xff\xff\xffa\0",
            WireError::Unterminated,
        ),
        (
            "an unknown COPY format",
            reader!(CopyResponse::read),
            b"\x02\0\0",
            WireError::BadValue("copy format"),
        ),
    ];
    for (name, read, body, error) in cases {
        assert_eq!(read(body), Err(*error), "{name}: {body:?}");
    }
    // The longest secret is in, one byte more is not.
    assert!(reply::backend_key(&[1; 4 + 256]).is_ok());
    assert_eq!(reply::backend_key(&[1; 4 + 257]), Err(WireError::BadLength));
}

#[test]
fn only_the_messages_of_an_open_session_are_read() {
    for tag in 0..=u8::MAX {
        let unknown = ClientMessage::read(tag, b"") == Err(WireError::UnknownMessage(tag));
        let known = tag::client::ALL.contains(&tag) && tag != tag::client::AUTHENTICATION;
        assert_eq!(unknown, !known, "{tag}");
        assert_eq!(
            tag::client::name(tag).is_some(),
            tag::client::ALL.contains(&tag)
        );
        assert_eq!(
            tag::server::name(tag).is_some(),
            tag::server::ALL.contains(&tag)
        );
    }
    assert_eq!(
        (tag::client::name(b'D'), tag::server::name(b'D')),
        (Some("Describe"), Some("DataRow"))
    );
}

#[test]
fn formats_follow_the_rule_of_none_one_or_each() {
    let bind = |formats: &[i16], parameters: usize, results: &[i16]| {
        let mut out = Vec::new();
        write_bind(&mut out, "", "", formats, &vec![None; parameters], results);
        out.split_off(5)
    };
    let body = bind(&[], 2, &[]);
    let read = Bind::read(&body).unwrap();
    assert_eq!((read.parameter_format(1), read.result_format(9)), (0, 0));
    let body = bind(&[1], 2, &[1]);
    let read = Bind::read(&body).unwrap();
    assert_eq!((read.parameter_format(1), read.result_format(9)), (1, 1));
    let body = bind(&[0, 1], 2, &[1, 0, 7]);
    let read = Bind::read(&body).unwrap();
    assert_eq!(
        [0, 1, 2].map(|i| read.parameter_format(i)),
        [0, 1, UNKNOWN_FORMAT]
    );
    assert_eq!(
        [0, 1, 2, 3].map(|i| read.result_format(i)),
        [1, 0, 7, UNKNOWN_FORMAT]
    );
    assert_eq!(read.result_format(usize::MAX), UNKNOWN_FORMAT);
    assert_eq!([0, 1, 2, -1].map(is_format), [true, true, false, false]);
}

#[test]
fn writers_cannot_be_made_to_shift_fields() {
    let written = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        out.split_off(5)
    };
    let body = written(&|out| write_query(out, "DELETE FROM t\0 WHERE id = 1"));
    assert_eq!(
        Query::read(&body).unwrap().text,
        b"",
        "half a statement is worse than none"
    );
    let body = written(&|out| write_parse(out, "a\0b", "DELETE FROM t\0\0\0", &[23]));
    let parse = Parse::read(&body).unwrap();
    assert_eq!(
        (parse.name, parse.text, parse.type_count()),
        (&b"a?b"[..], &b""[..], 1)
    );
    let body =
        written(&|out| reply::write_error(out, &[(b'M', "a\0Cb\0\0"), (0, "x"), (b'C', "42501")]));
    let fields = ErrorFields::read(&body).unwrap();
    assert_eq!(
        fields.collect::<Vec<_>>(),
        [(b'M', &b"a?Cb??"[..]), (b'C', b"42501")]
    );
    let body = written(&|out| auth::write_auth_sasl(out, &["A", "", "B\0C"]));
    let Ok(AuthRequest::Sasl(names)) = AuthRequest::read(&body) else {
        panic!()
    };
    assert_eq!(names.collect::<Vec<_>>(), ["A", "B?C"]);
}

#[test]
fn more_than_a_count_can_say_is_not_said() {
    let types = vec![23; 70_000];
    let mut out = Vec::new();
    write_parse(&mut out, "", "", &types);
    assert_eq!(Parse::read(&out[5..]).unwrap().type_count(), 65_535);
    out.clear();
    write_bind(&mut out, "", "", &[], &vec![None; 70_000], &[]);
    assert_eq!(Bind::read(&out[5..]).unwrap().parameter_count(), 65_535);
}

#[test]
fn debug_shows_nothing_of_a_message() {
    let mut out = Vec::new();
    write_query(&mut out, "SELECT 'sesame'");
    let message = ClientMessage::read(b'Q', &out[5..]).unwrap();
    assert_eq!(format!("{message:?}"), "ClientMessage { .. }");
    let request = AuthRequest::SaslContinue(b"sesame");
    assert_eq!(format!("{request:?}"), "AuthRequest { .. }");
}

/// Bytes of a string of the protocol.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(1u8..=255, 0..12)
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop::option::of(prop::collection::vec(any::<u8>(), 0..20))
}

/// The body of the one frame in `out`.
fn body(out: &[u8]) -> &[u8] {
    let found = frame(out, MAX_FRAME_BYTES).unwrap().unwrap();
    assert_eq!(found.len(), out.len());
    found.body()
}

proptest! {
    #[test]
    fn queries_come_back(text in name(), statement in name(), types in prop::collection::vec(any::<u32>(), 0..9), max_rows: u32, portal: bool) {
        let mut out = Vec::new();
        write_query(&mut out, &text);
        prop_assert_eq!(Query::read(body(&out)).unwrap().text, &text);

        out.clear();
        write_parse(&mut out, &statement, &text, &types);
        let parse = Parse::read(body(&out)).unwrap();
        prop_assert_eq!((parse.name, parse.text), (&statement[..], &text[..]));
        prop_assert_eq!(parse.types().collect::<Vec<_>>(), types);

        out.clear();
        write_execute(&mut out, &statement, max_rows);
        prop_assert_eq!(Execute::read(body(&out)).unwrap(), Execute { portal: &statement, max_rows });

        let target = if portal { Target::Portal } else { Target::Statement };
        out.clear();
        write_describe(&mut out, target, &statement);
        prop_assert_eq!(Describe::read(body(&out)).unwrap(), Describe { target, name: &statement });
        out.clear();
        write_close(&mut out, target, &statement);
        prop_assert_eq!(Close::read(body(&out)).unwrap(), Close { target, name: &statement });
        out.clear();
        write_copy_fail(&mut out, &text);
        prop_assert_eq!(CopyFail::read(body(&out)).unwrap().message, &text);
    }

    #[test]
    fn binds_come_back(portal in name(), statement in name(), values in prop::collection::vec((any::<i16>(), value()), 0..9), one: bool, results in prop::collection::vec(any::<i16>(), 0..5)) {
        let (mut formats, values): (Vec<i16>, Vec<_>) = values.into_iter().unzip();
        if one { formats.truncate(1); }
        let values: Vec<Option<&[u8]>> = values.iter().map(Option::as_deref).collect();
        let mut out = Vec::new();
        write_bind(&mut out, &portal, &statement, &formats, &values, &results);
        let bind = Bind::read(body(&out)).unwrap();
        prop_assert_eq!((bind.portal, bind.statement), (&portal[..], &statement[..]));
        prop_assert_eq!(bind.parameters().collect::<Vec<_>>(), &values[..]);
        prop_assert_eq!(bind.parameter_count(), values.len());
        prop_assert_eq!(bind.parameter_formats().collect::<Vec<_>>(), &formats[..]);
        prop_assert_eq!(bind.result_formats().collect::<Vec<_>>(), results);
        for index in 0..values.len() {
            prop_assert_eq!(bind.parameter_format(index), formats[if formats.len() == 1 { 0 } else { index }]);
        }
        out.clear();
        query::write_function_call(&mut out, 7, &formats, &values, 1);
        let call = FunctionCall::read(body(&out)).unwrap();
        prop_assert_eq!((call.oid, call.result_format), (7, 1));
        prop_assert_eq!(call.arguments().collect::<Vec<_>>(), values);
    }

    #[test]
    fn replies_come_back(fields in prop::collection::vec((1u8..=255, "[^\0]{0,12}"), 0..6), pid: u32, secret in prop::collection::vec(any::<u8>(), 4..=256), oids in prop::collection::vec(any::<u32>(), 0..9)) {
        let fields: Vec<(u8, &str)> = fields.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
        let mut out = Vec::new();
        reply::write_notice(&mut out, &fields);
        let read = ErrorFields::read(body(&out)).unwrap();
        prop_assert_eq!(read.map(|(kind, text)| (kind, std::str::from_utf8(text).unwrap())).collect::<Vec<_>>(), &fields[..]);
        if let Some((kind, text)) = fields.first() {
            prop_assert_eq!(read.get(*kind), Some(text.as_bytes()));
        }
        out.clear();
        reply::write_backend_key(&mut out, pid, &secret);
        prop_assert_eq!(reply::backend_key(body(&out)).unwrap(), (pid, &secret[..]));
        out.clear();
        reply::write_parameter_description(&mut out, &oids);
        prop_assert_eq!(reply::parameter_description(body(&out)).unwrap().collect::<Vec<_>>(), oids);
        out.clear();
        startup::write_sasl_initial(&mut out, "SCRAM-SHA-256", &secret);
        prop_assert_eq!(auth::read_sasl_initial(body(&out)).unwrap(), ("SCRAM-SHA-256", &secret[..]));
    }

    /// Every reader ends on every input, and what it gives afterwards is all there.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(prop_oneof![2 => Just(0u8), 2 => 0u8..8, 1 => any::<u8>()], 0..80)) {
        for tag in tag::client::ALL {
            if let Ok(ClientMessage::Bind(bind)) = ClientMessage::read(*tag, &bytes) {
                prop_assert_eq!(bind.parameters().count(), bind.parameter_count());
            }
        }
        for (_, _, read) in exact() {
            let _ = read(&bytes);
        }
        if let Ok(cells) = row::cells(&bytes) {
            prop_assert_eq!(cells.len(), cells.count());
        }
        if let Ok(columns) = RowDescription::read(&bytes) {
            prop_assert_eq!(columns.len(), columns.fields().count());
        }
    }
}
