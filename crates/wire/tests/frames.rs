//! Finding messages in a stream: whatever the pieces it comes in, whatever the lengths it announces.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wire::WireError;
use wire::postgres::frame::{
    Frames, MAX_AUTH_BYTES, MAX_FRAME_BYTES, MAX_STARTUP_BYTES, frame, head, startup_frame,
};

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn announced(length: u32) -> Vec<u8> {
    let mut bytes = vec![b'Q'];
    bytes.extend(length.to_be_bytes());
    bytes
}

#[test]
fn a_length_word_is_believed_only_within_limits() {
    let cases: &[(u32, usize, Result<usize, WireError>)] = &[
        (0, MAX_FRAME_BYTES, Err(WireError::BadLength)),
        (3, MAX_FRAME_BYTES, Err(WireError::BadLength)),
        (4, MAX_FRAME_BYTES, Ok(5)),
        (0x3fff_fffe, MAX_FRAME_BYTES, Ok(0x3fff_ffff)),
        (
            0x3fff_ffff,
            MAX_FRAME_BYTES,
            Err(WireError::TooLong {
                limit: MAX_FRAME_BYTES,
            }),
        ),
        (
            0x7fff_ffff,
            MAX_FRAME_BYTES,
            Err(WireError::TooLong {
                limit: MAX_FRAME_BYTES,
            }),
        ),
        // Negative, for a reader that takes it for signed.
        (
            0x8000_0000,
            MAX_FRAME_BYTES,
            Err(WireError::TooLong {
                limit: MAX_FRAME_BYTES,
            }),
        ),
        (
            0xffff_ffff,
            MAX_FRAME_BYTES,
            Err(WireError::TooLong {
                limit: MAX_FRAME_BYTES,
            }),
        ),
        (65_534, MAX_AUTH_BYTES, Ok(65_535)),
        (
            65_535,
            MAX_AUTH_BYTES,
            Err(WireError::TooLong {
                limit: MAX_AUTH_BYTES,
            }),
        ),
        (4, 5, Ok(5)),
        (4, 4, Err(WireError::TooLong { limit: 4 })),
        (4, 0, Err(WireError::TooLong { limit: 0 })),
    ];
    for (length, max, expected) in cases {
        let bytes = announced(*length);
        let found = head(&bytes, *max).map(|head| head.unwrap().len);
        assert_eq!(&found, expected, "length {length}, at most {max}");
        let whole = frame(&bytes, *max).map(|found| found.map_or(0, |f| f.len()));
        assert_eq!(
            whole.is_err(),
            expected.is_err(),
            "a wrong length is an error before its body is there"
        );
    }
}

#[test]
fn fewer_than_five_bytes_are_no_head() {
    for len in 0..5 {
        assert_eq!(
            head(&[b'Q', 0xff, 0xff, 0xff, 0xff][..len], MAX_FRAME_BYTES),
            Ok(None)
        );
    }
}

#[test]
fn startup_packets_have_the_servers_limit() {
    let packet = |body: usize| {
        let mut bytes = u32::try_from(body + 4).unwrap().to_be_bytes().to_vec();
        bytes.resize(body + 4, 7);
        bytes
    };
    let longest = packet(MAX_STARTUP_BYTES);
    let found = startup_frame(&longest).unwrap().unwrap();
    assert_eq!(
        (found.tag(), found.body().len(), found.bytes()),
        (0, MAX_STARTUP_BYTES, &longest[..])
    );
    let limit = WireError::TooLong {
        limit: MAX_STARTUP_BYTES,
    };
    assert_eq!(
        startup_frame(&packet(MAX_STARTUP_BYTES + 1)[..4]),
        Err(limit)
    );
    assert_eq!(startup_frame(b"\x7f\xff\xff\xff"), Err(limit));
    // Something else that came to the wrong port.
    assert_eq!(startup_frame(b"GET / HTTP/1.1\r\n"), Err(limit));
    assert_eq!(startup_frame(&[0, 0, 0, 3]), Err(WireError::BadLength));
    assert_eq!(startup_frame(&[0, 0, 0]), Ok(None));
    assert_eq!(startup_frame(&packet(8)[..11]), Ok(None));
}

#[test]
fn after_a_bad_length_nothing_is_found() {
    let mut bytes = message(b'S', b"");
    bytes.extend([b'Q', 0, 0, 0, 1]);
    bytes.extend(message(b'X', b""));
    let mut frames = Frames::new(&bytes, MAX_FRAME_BYTES);
    assert_eq!(frames.next().unwrap().unwrap().tag(), b'S');
    assert_eq!(frames.next().unwrap(), Err(WireError::BadLength));
    assert!(frames.next().is_none());
    assert_eq!(frames.consumed(), 5);
}

#[test]
fn debug_shows_no_byte_of_a_body() {
    let bytes = message(b'Q', b"SELECT 'secret'\0");
    let shown = format!("{:?}", frame(&bytes, MAX_FRAME_BYTES).unwrap().unwrap());
    assert_eq!(shown, "Frame { tag: 'Q', len: 21 }");
}

/// Reads a stream that comes in pieces, the way a session does: append what came, take the whole messages, keep the rest.
fn in_pieces(
    stream: &[u8],
    cuts: &[usize],
    max: usize,
) -> (Vec<Vec<u8>>, Option<WireError>, Vec<u8>) {
    let (mut buf, mut found) = (Vec::new(), Vec::new());
    let mut from = 0;
    for to in cuts.iter().copied().chain([stream.len()]) {
        buf.extend_from_slice(&stream[from..to]);
        from = to;
        let mut frames = Frames::new(&buf, max);
        for next in frames.by_ref() {
            match next {
                Ok(frame) => {
                    let counted = frame.bytes().len();
                    assert_eq!((frame.len(), frame.body().len()), (counted, counted - 5));
                    assert_eq!(frame.tag(), frame.bytes()[0]);
                    found.push(frame.bytes().to_vec());
                }
                Err(error) => return (found, Some(error), Vec::new()),
            }
        }
        let used = frames.consumed();
        buf.drain(..used);
    }
    (found, None, buf)
}

fn a_stream() -> impl Strategy<Value = (Vec<Vec<u8>>, usize)> {
    let body = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 200..700),
    ];
    let one = (any::<u8>(), body).prop_map(|(tag, body)| message(tag, &body));
    (prop::collection::vec(one, 0..12), 0usize..30)
}

proptest! {
    /// Every split of a stream gives the same messages, and together they are the stream, byte for byte.
    #[test]
    fn any_pieces_give_the_same_messages((messages, unfinished) in a_stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut stream = messages.concat();
        let tail = message(b'D', &[0; 64]);
        stream.extend_from_slice(&tail[..unfinished]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let bytewise: Vec<usize> = (0..stream.len()).collect();
        for cuts in [&[][..], &cuts, &bytewise] {
            let (found, error, left) = in_pieces(&stream, cuts, MAX_FRAME_BYTES);
            prop_assert_eq!(error, None);
            prop_assert_eq!(&found, &messages, "an untouched frame leaves as it came");
            prop_assert_eq!(&left[..], &tail[..unfinished]);
        }
    }

    /// On any bytes at all, all pieces agree on what is found and on whether the stream is broken.
    #[test]
    fn any_pieces_agree_on_garbage(bytes in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => 0u8..16, 1 => any::<u8>()], 0..200), max in 0usize..64) {
        let bytewise: Vec<usize> = (0..bytes.len()).collect();
        let whole = in_pieces(&bytes, &[], max);
        prop_assert_eq!(&in_pieces(&bytes, &bytewise, max), &whole);
        prop_assert!(whole.0.iter().all(|frame| frame.len() <= max));
    }

    /// A startup packet is found at its last byte, and not before.
    #[test]
    fn a_startup_packet_is_found_when_it_is_whole(body in prop::collection::vec(any::<u8>(), 0..300), more in prop::collection::vec(any::<u8>(), 0..10)) {
        let mut bytes = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
        bytes.extend(&body);
        let whole = bytes.len();
        bytes.extend(&more);
        for len in 0..whole {
            prop_assert_eq!(startup_frame(&bytes[..len]).unwrap(), None);
        }
        for len in whole..=bytes.len() {
            let found = startup_frame(&bytes[..len]).unwrap().unwrap();
            prop_assert_eq!(found.body(), &body[..]);
            prop_assert_eq!(found.bytes(), &bytes[..whole]);
        }
    }
}
