//! What goes out in one turn of the loop, in one write.
//!
//! Owns: [`Outgoing`]. As long as every frame of a turn is passed as it came, nothing is copied: the bytes leave from the
//! read buffer itself. Refuses: to reorder.

use std::io;
use std::ops::Range;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Bytes to send: a range of the read buffer, or, once anything was inserted or replaced, bytes of our own.
#[derive(Debug, Default)]
pub struct Outgoing {
    passed: Range<usize>,
    own: Vec<u8>,
}

/// An own buffer over this size is given back after a turn.
const KEEP_BYTES: usize = 256 * 1024;

impl Outgoing {
    /// Passes a range of `from` as it is.
    pub fn pass(&mut self, from: &[u8], range: Range<usize>) {
        if self.own.is_empty() && (self.passed.is_empty() || self.passed.end == range.start) {
            if self.passed.is_empty() {
                self.passed.start = range.start;
            }
            self.passed.end = range.end;
            return;
        }
        self.own(from)
            .extend_from_slice(from.get(range).unwrap_or_default());
    }

    /// The buffer to append to; what was passed so far is copied into it first.
    pub fn own(&mut self, from: &[u8]) -> &mut Vec<u8> {
        if !self.passed.is_empty() {
            let range = std::mem::take(&mut self.passed);
            // Either `own` was empty when these were passed, or nothing can have been.
            self.own
                .extend_from_slice(from.get(range).unwrap_or_default());
        }
        &mut self.own
    }

    /// Whether there is anything to send.
    pub fn is_empty(&self) -> bool {
        self.passed.is_empty() && self.own.is_empty()
    }

    /// How much there is.
    pub fn len(&self) -> usize {
        self.passed.len() + self.own.len()
    }

    /// Sends everything.
    ///
    /// # Errors
    /// The connection's.
    pub async fn send(
        &mut self,
        from: &[u8],
        to: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let bytes = if self.own.is_empty() {
            from.get(self.passed.clone()).unwrap_or_default()
        } else {
            &self.own
        };
        to.write_all(bytes).await?;
        to.flush().await?;
        self.passed = 0..0;
        self.own.clear();
        if self.own.capacity() > KEEP_BYTES {
            self.own = Vec::new();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(build: impl FnOnce(&mut Outgoing, &[u8])) -> Vec<u8> {
        let from = b"abcdefgh";
        let mut out = Outgoing::default();
        build(&mut out, from);
        let mut written = Vec::new();
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(out.send(from, &mut written))
            .unwrap();
        written
    }

    #[test]
    fn what_is_passed_and_what_is_inserted_leave_in_order() {
        assert_eq!(
            sent(|o, f| {
                o.pass(f, 0..3);
                o.pass(f, 3..8);
            }),
            b"abcdefgh"
        );
        assert_eq!(
            sent(|o, f| {
                o.pass(f, 0..3);
                o.own(f).extend_from_slice(b"XY");
                o.pass(f, 3..8);
            }),
            b"abcXYdefgh"
        );
        assert_eq!(
            sent(|o, f| {
                o.pass(f, 0..2);
                o.pass(f, 4..6);
            }),
            b"abef"
        );
        assert_eq!(
            sent(|o, f| {
                o.own(f).extend_from_slice(b"X");
                o.pass(f, 2..4);
                o.pass(f, 4..5);
            }),
            b"Xcde"
        );
        assert_eq!(sent(|_, _| {}), b"");
    }
}
