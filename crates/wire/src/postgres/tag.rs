//! The first byte of each message.
//!
//! Owns: a constant and a printable name for every message type of protocol 3 (PostgreSQL manual, 55.7), in two modules
//! because the same letter means different things in the two directions (`D` is Describe from a client and DataRow from
//! a server). Refuses: to say what may be sent when; and to name what the manual does not.

macro_rules! tags {
    ($($(#[$doc:meta])* $constant:ident = $byte:literal, $name:literal;)+) => {
        $($(#[$doc])* pub const $constant: u8 = $byte;)+

        /// The manual's name of a message type, or None for a byte that is none in this direction.
        pub const fn name(tag: u8) -> Option<&'static str> {
            match tag {
                $($constant => Some($name),)+
                _ => None,
            }
        }

        /// Every message type of this direction.
        pub const ALL: &[u8] = &[$($constant),+];
    };
}

/// From a client to a server ("frontend" in the manual).
pub mod client {
    tags! {
        /// Parameters for a prepared statement, giving a portal.
        BIND = b'B', "Bind";
        /// Forget a prepared statement or a portal.
        CLOSE = b'C', "Close";
        /// A piece of a COPY stream.
        COPY_DATA = b'd', "CopyData";
        /// The end of a COPY stream.
        COPY_DONE = b'c', "CopyDone";
        /// The client gives up a COPY.
        COPY_FAIL = b'f', "CopyFail";
        /// What are the parameters or columns?
        DESCRIBE = b'D', "Describe";
        /// Run a portal.
        EXECUTE = b'E', "Execute";
        /// Send what you have.
        FLUSH = b'H', "Flush";
        /// Call a function by OID, outside any statement.
        FUNCTION_CALL = b'F', "FunctionCall";
        /// Prepare a statement.
        PARSE = b'P', "Parse";
        /// PasswordMessage, SASLInitialResponse, SASLResponse and GSSResponse share it.
        AUTHENTICATION = b'p', "PasswordMessage";
        /// Run this text.
        QUERY = b'Q', "Query";
        /// End of a series of extended messages.
        SYNC = b'S', "Sync";
        /// Good-bye.
        TERMINATE = b'X', "Terminate";
    }
}

/// From a server to a client ("backend" in the manual).
pub mod server {
    tags! {
        /// All of the authentication requests.
        AUTHENTICATION = b'R', "Authentication";
        /// What a cancel request needs to know.
        BACKEND_KEY_DATA = b'K', "BackendKeyData";
        /// Answer to Bind.
        BIND_COMPLETE = b'2', "BindComplete";
        /// Answer to Close.
        CLOSE_COMPLETE = b'3', "CloseComplete";
        /// A statement is done.
        COMMAND_COMPLETE = b'C', "CommandComplete";
        /// A piece of a COPY stream.
        COPY_DATA = b'd', "CopyData";
        /// The end of a COPY stream.
        COPY_DONE = b'c', "CopyDone";
        /// Send me a COPY stream.
        COPY_IN_RESPONSE = b'G', "CopyInResponse";
        /// Here comes a COPY stream.
        COPY_OUT_RESPONSE = b'H', "CopyOutResponse";
        /// Streams both ways, for replication.
        COPY_BOTH_RESPONSE = b'W', "CopyBothResponse";
        /// A row.
        DATA_ROW = b'D', "DataRow";
        /// A text without a statement.
        EMPTY_QUERY_RESPONSE = b'I', "EmptyQueryResponse";
        /// An error.
        ERROR_RESPONSE = b'E', "ErrorResponse";
        /// Answer to FunctionCall.
        FUNCTION_CALL_RESPONSE = b'V', "FunctionCallResponse";
        /// The protocol version or options asked for are not all there.
        NEGOTIATE_PROTOCOL_VERSION = b'v', "NegotiateProtocolVersion";
        /// No columns.
        NO_DATA = b'n', "NoData";
        /// A notice or warning.
        NOTICE_RESPONSE = b'N', "NoticeResponse";
        /// From NOTIFY, at any time.
        NOTIFICATION_RESPONSE = b'A', "NotificationResponse";
        /// The types of a statement's parameters.
        PARAMETER_DESCRIPTION = b't', "ParameterDescription";
        /// A setting has this value now.
        PARAMETER_STATUS = b'S', "ParameterStatus";
        /// Answer to Parse.
        PARSE_COMPLETE = b'1', "ParseComplete";
        /// The row limit of Execute was reached.
        PORTAL_SUSPENDED = b's', "PortalSuspended";
        /// What is next?
        READY_FOR_QUERY = b'Z', "ReadyForQuery";
        /// The columns of the rows to come.
        ROW_DESCRIPTION = b'T', "RowDescription";
    }
}
