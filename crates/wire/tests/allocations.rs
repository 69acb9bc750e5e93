//! Reading makes no allocation: not for what is there, and not for what is only announced.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use allocation_counter::measure;
use proptest::prelude::*;
use wire::postgres::auth::{self, AuthRequest};
use wire::postgres::frame::{Frames, MAX_FRAME_BYTES, startup_frame};
use wire::postgres::query::ClientMessage;
use wire::postgres::reply::{self, CopyResponse, ErrorFields, Negotiation, Notification};
use wire::postgres::row::{self, RowDescription, RowWriter};
use wire::postgres::startup::{Opening, opening};
use wire::postgres::tag;

/// Everything that reads, on the same bytes, with all that can be looked at afterwards.
fn read_as_everything(bytes: &[u8]) {
    for frame in Frames::new(bytes, MAX_FRAME_BYTES) {
        black_box(frame.is_ok_and(|frame| frame.body().len() == frame.len()));
    }
    black_box(startup_frame(bytes).is_ok());
    if let Ok(Opening::Startup(packet)) = opening(bytes) {
        black_box((
            packet.parameters().count(),
            packet.unknown_options().count(),
            packet.get("user"),
        ));
    }
    for tag in tag::client::ALL {
        match ClientMessage::read(*tag, bytes) {
            Ok(ClientMessage::Bind(bind)) => {
                black_box((bind.parameters().count(), bind.result_format(3)));
            }
            Ok(ClientMessage::Parse(parse)) => {
                black_box(parse.types().count());
            }
            other => {
                black_box(other.is_ok());
            }
        }
    }
    if let Ok(AuthRequest::Sasl(names)) = AuthRequest::read(bytes) {
        black_box(names.count());
    }
    black_box(auth::read_sasl_initial(bytes).is_ok());
    black_box(
        RowDescription::read(bytes)
            .map(|columns| columns.fields().count())
            .is_ok(),
    );
    black_box(row::cells(bytes).map(Iterator::count).is_ok());
    black_box(
        ErrorFields::read(bytes)
            .map(|fields| fields.get(b'C').is_some())
            .is_ok(),
    );
    black_box(
        Negotiation::read(bytes)
            .map(|read| read.unknown_options().count())
            .is_ok(),
    );
    black_box((
        CopyResponse::read(bytes).is_ok(),
        Notification::read(bytes).is_ok(),
    ));
    black_box((
        reply::backend_key(bytes).is_ok(),
        reply::parameter_status(bytes).is_ok(),
    ));
    black_box((
        reply::parameter_description(bytes).is_ok(),
        reply::function_result(bytes).is_ok(),
    ));
}

/// Bytes allocated by reading these.
fn allocated(bytes: &[u8]) -> u64 {
    measure(|| read_as_everything(bytes)).bytes_total
}

#[test]
fn what_is_announced_is_not_made_room_for() {
    let cases: &[&[u8]] = &[
        b"Q\x3f\xff\xff\xfeS",
        b"\x3f\xff\xff\xff",
        b"\xff\xff",
        b"\xff\xff\x3f\xff\xff\xff",
        b"\0\0\xff\xff\x7f\xff\xff\xff",
        b"\0\0\0\0\xff\xff\x7f\xff\xff\xff",
        b"\0\x03\0\0\x7f\xff\xff\xff",
        b"SCRAM-SHA-256\0\x7f\xff\xff\xff",
        b"\0\0\0\x0a\xff\xff",
    ];
    for bytes in cases {
        assert_eq!(allocated(bytes), 0, "{bytes:?}");
    }
}

#[test]
fn a_session_is_read_without_allocating() {
    for stream in [
        &include_bytes!("data/captures/pgbench-extended.client")[..],
        include_bytes!("data/captures/psql-simple.client"),
        include_bytes!("data/captures/psql-simple.server"),
        include_bytes!("data/captures/extended.server"),
    ] {
        assert_eq!(allocated(stream), 0);
        for frame in Frames::new(stream, MAX_FRAME_BYTES).map_while(Result::ok) {
            assert_eq!(allocated(frame.body()), 0);
        }
    }
}

#[test]
fn a_row_is_written_into_room_that_is_there() {
    let mut out = Vec::with_capacity(4096);
    let written = measure(|| {
        for _ in 0..50 {
            RowWriter::begin(&mut out, 2)
                .cell(Some(b"a value"))
                .cell(None)
                .finish();
        }
    });
    assert_eq!((written.bytes_total, out.len()), (0, 50 * 22));
}

proptest! {
    #[test]
    fn nothing_is_allocated_for_any_bytes(bytes in prop::collection::vec(prop_oneof![2 => Just(0u8), 1 => Just(0xffu8), 1 => 0u8..8, 1 => any::<u8>()], 0..100)) {
        prop_assert_eq!(allocated(&bytes), 0);
    }
}
