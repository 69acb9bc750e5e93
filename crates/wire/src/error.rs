//! What can be wrong with a message.
//!
//! Owns: [`WireError`]. Refuses: to carry a byte of what it complains about; a name, a statement or a password may be
//! in there, and an error ends up in logs.

/// Why bytes are not a message. Holds none of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The length word cannot be a length: it counts itself, so it is at least 4.
    #[error("invalid message length")]
    BadLength,
    /// The announced length is above what is allowed here.
    #[error("message longer than {limit} bytes")]
    TooLong {
        /// How many bytes the whole message may have.
        limit: usize,
    },
    /// The message ends before what it announces.
    #[error("message ends too early")]
    Truncated,
    /// The message goes on after its end.
    #[error("message goes on after its end")]
    TrailingBytes,
    /// A string without its terminator.
    #[error("string without terminator")]
    Unterminated,
    /// A terminator inside a string.
    #[error("string with a terminator inside")]
    EmbeddedNul,
    /// Text that has to be UTF-8 and is not.
    #[error("text is not UTF-8")]
    NotUtf8,
    /// Two counts in one message that cannot both be right.
    #[error("counts contradict each other")]
    BadCount,
    /// A field has a value that the protocol does not know.
    #[error("invalid {0}")]
    BadValue(&'static str),
    /// A startup packet for another protocol than version 3.
    #[error("unsupported protocol version")]
    UnsupportedProtocol,
    /// A message type that has no place here.
    #[error("unexpected message type 0x{0:02x}")]
    UnknownMessage(u8),
    /// The `options` of a startup packet hold something else than settings.
    #[error("startup options hold something else than -c name=value")]
    BadOption,
}
