//! What real clients and a real server said to each other (PostgreSQL 15 with psql, pgbench and a client that speaks
//! protocol 3.2; recorded between them, TLS off): every message is read, and written again gives the same bytes.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use wire::postgres::auth::{self, AuthRequest};
use wire::postgres::frame::{Frame, Frames, MAX_FRAME_BYTES, startup_frame};
use wire::postgres::query::{self, ClientMessage};
use wire::postgres::reply::{self, CopyResponse, ErrorFields, Negotiation, Notification};
use wire::postgres::row::{self, RowDescription, RowWriter};
use wire::postgres::startup::{self, Opening};
use wire::postgres::tag::{client, server};

fn captures(direction: &str) -> Vec<(String, Vec<u8>)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/captures");
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == direction))
        .map(|path| {
            (
                path.file_stem().unwrap().to_string_lossy().into_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    found.sort();
    assert!(found.len() >= 8, "the captures are there");
    found
}

/// Reads the stream whole, and hands each message to `again` to be written; the result has to be the stream.
fn rewritten(name: &str, stream: &[u8], mut again: impl FnMut(&Frame<'_>, &mut Vec<u8>)) {
    let mut frames = Frames::new(stream, MAX_FRAME_BYTES);
    for (index, frame) in frames.by_ref().enumerate() {
        let frame = frame.unwrap();
        let mut out = Vec::new();
        again(&frame, &mut out);
        assert_eq!(
            out,
            frame.bytes(),
            "{name}, message {index}, {:?}",
            char::from(frame.tag())
        );
    }
    assert_eq!(
        frames.consumed(),
        stream.len(),
        "{name} has no half message at its end"
    );
}

#[test]
fn what_clients_said() {
    let mut seen = BTreeSet::new();
    for (name, stream) in captures("client") {
        let first = startup_frame(&stream).unwrap().unwrap();
        let Opening::Startup(packet) = startup::opening(first.body()).unwrap() else {
            panic!("{name}")
        };
        // Options of the protocol come after the parameters in the one capture that has any.
        let pairs: Vec<_> = packet
            .parameters()
            .chain(packet.unknown_options().map(|option| (option, "1")))
            .collect();
        let mut out = Vec::new();
        startup::write_startup(&mut out, packet.minor, &pairs);
        assert_eq!(out, first.bytes());

        let mut sasl_begun = false;
        rewritten(&name, &stream[first.len()..], |frame, out| {
            seen.insert(frame.tag());
            if frame.tag() == client::AUTHENTICATION {
                if !name.ends_with("scram") && !name.ends_with("wrong") {
                    startup::write_password(out, auth::read_password(frame.body()).unwrap());
                } else if std::mem::replace(&mut sasl_begun, true) {
                    startup::write_sasl_response(out, frame.body());
                } else {
                    let (mechanism, data) = auth::read_sasl_initial(frame.body()).unwrap();
                    startup::write_sasl_initial(out, mechanism, data);
                }
            } else {
                write_client(out, ClientMessage::read(frame.tag(), frame.body()).unwrap());
            }
        });
    }
    assert_eq!(seen, client::ALL.iter().copied().collect::<BTreeSet<u8>>());
}

fn write_client(out: &mut Vec<u8>, message: ClientMessage<'_>) {
    match message {
        ClientMessage::Query(m) => query::write_query(out, m.text),
        ClientMessage::Parse(m) => {
            query::write_parse(out, m.name, m.text, &m.types().collect::<Vec<_>>())
        }
        ClientMessage::Bind(m) => query::write_bind(
            out,
            m.portal,
            m.statement,
            &m.parameter_formats().collect::<Vec<_>>(),
            &m.parameters().collect::<Vec<_>>(),
            &m.result_formats().collect::<Vec<_>>(),
        ),
        ClientMessage::Describe(m) => query::write_describe(out, m.target, m.name),
        ClientMessage::Execute(m) => query::write_execute(out, m.portal, m.max_rows),
        ClientMessage::Close(m) => query::write_close(out, m.target, m.name),
        ClientMessage::FunctionCall(m) => query::write_function_call(
            out,
            m.oid,
            &m.argument_formats().collect::<Vec<_>>(),
            &m.arguments().collect::<Vec<_>>(),
            m.result_format,
        ),
        ClientMessage::CopyData(data) => query::write_copy_data(out, data),
        ClientMessage::CopyDone => query::write_copy_done(out),
        ClientMessage::CopyFail(m) => query::write_copy_fail(out, m.message),
        ClientMessage::Flush => query::write_flush(out),
        ClientMessage::Sync => query::write_sync(out),
        ClientMessage::Terminate => query::write_terminate(out),
    }
}

#[test]
fn what_the_server_said() {
    let mut seen = BTreeSet::new();
    for (name, stream) in captures("server") {
        rewritten(&name, &stream, |frame, out| {
            seen.insert(frame.tag());
            write_server(out, frame);
        });
    }
    let missing: Vec<_> = server::ALL
        .iter()
        .filter(|tag| !seen.contains(tag))
        .collect();
    assert_eq!(
        missing,
        [&server::COPY_BOTH_RESPONSE],
        "only replication has that one"
    );
}

fn write_server(out: &mut Vec<u8>, frame: &Frame<'_>) {
    let body = frame.body();
    match frame.tag() {
        server::AUTHENTICATION => match AuthRequest::read(body).unwrap() {
            AuthRequest::Ok => auth::write_auth_ok(out),
            AuthRequest::Sasl(names) => auth::write_auth_sasl(out, &names.collect::<Vec<_>>()),
            AuthRequest::SaslContinue(data) => auth::write_auth_sasl_continue(out, data),
            AuthRequest::SaslFinal(data) => auth::write_auth_sasl_final(out, data),
            // Only read: nothing here asks a client for these.
            AuthRequest::Cleartext | AuthRequest::Md5(_) => out.extend_from_slice(frame.bytes()),
            AuthRequest::Other(method) => panic!("{method}"),
        },
        server::BACKEND_KEY_DATA => {
            let (process_id, secret) = reply::backend_key(body).unwrap();
            reply::write_backend_key(out, process_id, secret);
        }
        server::PARAMETER_STATUS => {
            let (name, value) = reply::parameter_status(body).unwrap();
            reply::write_parameter_status(out, name, value);
        }
        server::READY_FOR_QUERY => reply::write_ready(out, reply::ready_status(body).unwrap()),
        server::COMMAND_COMPLETE => {
            reply::write_command_complete(out, reply::command_tag(body).unwrap());
        }
        server::ERROR_RESPONSE => reply::write_error(out, &fields(body)),
        server::NOTICE_RESPONSE => reply::write_notice(out, &fields(body)),
        server::NEGOTIATE_PROTOCOL_VERSION => {
            let negotiation = Negotiation::read(body).unwrap();
            let options: Vec<_> = negotiation
                .unknown_options()
                .map(|option| std::str::from_utf8(option).unwrap())
                .collect();
            assert_eq!(
                (negotiation.version, &options[..]),
                (3 << 16, &["_pq_.test"][..])
            );
            reply::write_negotiate(out, 0, &options);
        }
        server::ROW_DESCRIPTION => {
            let columns = RowDescription::read(body).unwrap();
            assert_eq!(columns.len(), columns.fields().count());
            row::write_row_description(out, &columns.fields().collect::<Vec<_>>());
        }
        server::DATA_ROW => {
            let cells = row::cells(body).unwrap();
            let mut row = RowWriter::begin(out, u16::try_from(cells.len()).unwrap());
            for cell in cells {
                row.cell(cell);
            }
            row.finish();
        }
        server::PARAMETER_DESCRIPTION => {
            let types: Vec<_> = reply::parameter_description(body).unwrap().collect();
            reply::write_parameter_description(out, &types);
        }
        server::PARSE_COMPLETE => reply::write_parse_complete(out),
        server::BIND_COMPLETE => reply::write_bind_complete(out),
        server::CLOSE_COMPLETE => reply::write_close_complete(out),
        server::NO_DATA => reply::write_no_data(out),
        server::PORTAL_SUSPENDED => reply::write_portal_suspended(out),
        server::EMPTY_QUERY_RESPONSE => reply::write_empty_query(out),
        server::COPY_DATA => query::write_copy_data(out, body),
        server::COPY_DONE => query::write_copy_done(out),
        // Passed on, never made here.
        server::COPY_IN_RESPONSE | server::COPY_OUT_RESPONSE => {
            let copy = CopyResponse::read(body).unwrap();
            assert!(
                copy.columns()
                    .all(|format| format == i16::from(copy.format))
            );
            out.extend_from_slice(frame.bytes());
        }
        server::NOTIFICATION_RESPONSE => {
            let notification = Notification::read(body).unwrap();
            assert_eq!(
                (notification.channel, notification.payload),
                (&b"here"[..], &b"payload"[..])
            );
            out.extend_from_slice(frame.bytes());
        }
        server::FUNCTION_CALL_RESPONSE => {
            assert!(reply::function_result(body).unwrap().is_some());
            out.extend_from_slice(frame.bytes());
        }
        other => panic!("{:?}", char::from(other)),
    }
}

fn fields(body: &[u8]) -> Vec<(u8, &str)> {
    let read = ErrorFields::read(body).unwrap();
    for (kind, text) in read {
        assert!(read.get(kind).is_some());
        assert!(kind != b'C' || text.len() == 5);
    }
    read.map(|(kind, text)| (kind, std::str::from_utf8(text).unwrap()))
        .collect()
}
