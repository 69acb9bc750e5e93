//! The proof that a frame may be sent.
//!
//! Owns: [`Permit`]. It carries the very frame that was judged, so that nothing else can be sent by it; it is bound to
//! one session, not `Clone`, and used up when sent.
//! Refuses: to be made anywhere but in [`crate::judge`], from an Allow or from a spent approval.

use wire::postgres::frame::Frame;

/// May be sent, once, by the session it was made for.
#[derive(Debug)]
#[must_use = "a permit that is not sent is a statement that did not run"]
pub struct Permit<'f> {
    frame: Frame<'f>,
    session: u64,
}

impl<'f> Permit<'f> {
    /// Only the judge mints.
    pub(super) fn mint(session: u64, frame: Frame<'f>) -> Permit<'f> {
        Permit { frame, session }
    }

    /// Spends it: gives the frame to send, if the session is the one it was made for.
    pub(crate) fn spend(self, session: u64) -> Option<Frame<'f>> {
        (self.session == session).then_some(self.frame)
    }
}
