//! Messages are found the same whatever pieces a stream comes in, and together they are the stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::frame::Frames;

/// Lengths of the messages found, whether the stream broke, and how much of it was used.
fn scan(stream: &[u8], piece: usize, max: usize) -> (Vec<usize>, bool, usize) {
    let (mut found, mut used) = (Vec::new(), 0);
    let mut end = 0;
    loop {
        end = stream.len().min(end + piece);
        let mut frames = Frames::new(&stream[used..end], max);
        for next in frames.by_ref() {
            match next {
                Ok(frame) => {
                    assert!(frame.len() <= max && frame.body().len() + 5 == frame.len());
                    found.push(frame.len());
                }
                Err(_) => return (found, true, 0),
            }
        }
        used += frames.consumed();
        if end == stream.len() {
            return (found, false, used);
        }
    }
}

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (piece, max, stream) = input;
    let max = usize::from(max);
    let whole = scan(stream, stream.len().max(1), max);
    assert_eq!(scan(stream, usize::from(piece).max(1), max), whole);
    assert!(whole.1 || whole.0.iter().sum::<usize>() == whole.2);
});
