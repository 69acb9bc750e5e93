//! What a client asks of a session.
//!
//! Owns: a borrowed view of each message of the simple and the extended protocol (PostgreSQL manual, 55.7), and
//! [`ClientMessage`], one of them by its tag. The bytes of the same messages are written in [`super::request`], whose
//! functions are found here as well.
//! Refuses: a message whose bytes are not all accounted for; to take text for UTF-8 (it is in the client's encoding); and
//! message types that a session has no use for.

use crate::WireError;
use crate::cursor::Cursor;

use super::opaque_debug;
use super::tag::client;
use super::values::{Formats, Oids, Values};

pub use super::request::*;

/// Any message of a client with an open session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// Run this text.
    Query(Query<'a>),
    /// Prepare a statement.
    Parse(Parse<'a>),
    /// Give a prepared statement its parameters.
    Bind(Bind<'a>),
    /// What are the parameters or columns?
    Describe(Describe<'a>),
    /// Run a portal.
    Execute(Execute<'a>),
    /// Forget a prepared statement or a portal.
    Close(Close<'a>),
    /// Call a function by OID.
    FunctionCall(FunctionCall<'a>),
    /// A piece of a COPY stream.
    CopyData(&'a [u8]),
    /// The end of a COPY stream.
    CopyDone,
    /// The client gives up a COPY.
    CopyFail(CopyFail<'a>),
    /// Send what you have.
    Flush,
    /// End of a series of extended messages.
    Sync,
    /// Good-bye.
    Terminate,
}

impl<'a> ClientMessage<'a> {
    /// Reads a message by its tag.
    ///
    /// # Errors
    /// Anything malformed; [`WireError::UnknownMessage`] for a tag that an open session does not know, which includes the
    /// answers to an authentication request.
    pub fn read(tag: u8, body: &'a [u8]) -> Result<Self, WireError> {
        let empty = |message| Cursor::new(body).end().map(|()| message);
        match tag {
            client::QUERY => Query::read(body).map(ClientMessage::Query),
            client::PARSE => Parse::read(body).map(ClientMessage::Parse),
            client::BIND => Bind::read(body).map(ClientMessage::Bind),
            client::DESCRIBE => Describe::read(body).map(ClientMessage::Describe),
            client::EXECUTE => Execute::read(body).map(ClientMessage::Execute),
            client::CLOSE => Close::read(body).map(ClientMessage::Close),
            client::FUNCTION_CALL => FunctionCall::read(body).map(ClientMessage::FunctionCall),
            client::COPY_DATA => Ok(ClientMessage::CopyData(body)),
            client::COPY_DONE => empty(ClientMessage::CopyDone),
            client::COPY_FAIL => CopyFail::read(body).map(ClientMessage::CopyFail),
            client::FLUSH => empty(ClientMessage::Flush),
            client::SYNC => empty(ClientMessage::Sync),
            client::TERMINATE => empty(ClientMessage::Terminate),
            other => Err(WireError::UnknownMessage(other)),
        }
    }
}

/// A text of any number of statements, to be run at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// Without its NUL.
    pub text: &'a [u8],
}

impl<'a> Query<'a> {
    /// Reads the body of a `Q` message.
    ///
    /// # Errors
    /// Anything malformed.
    #[inline]
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        Cursor::new(body).last_string().map(|text| Query { text })
    }
}

/// A statement to be prepared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Parse<'a> {
    /// Its name from now on; empty for the unnamed one.
    pub name: &'a [u8],
    /// One statement, without its NUL.
    pub text: &'a [u8],
    types: Oids<'a>,
}

impl<'a> Parse<'a> {
    /// Reads the body of a `P` message.
    ///
    /// # Errors
    /// Anything malformed.
    #[inline]
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let name = cursor.string()?;
        let text = cursor.string()?;
        let types = Oids::read(&mut cursor)?;
        cursor.end()?;
        Ok(Parse { name, text, types })
    }

    /// The types of parameters that the client fixes; 0 leaves one to the server.
    pub fn types(&self) -> Oids<'a> {
        self.types
    }

    /// How many types the client fixes; there may be more parameters.
    pub fn type_count(&self) -> usize {
        self.types.len()
    }
}

/// Parameters for a prepared statement, giving a portal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bind<'a> {
    /// The portal's name; empty for the unnamed one.
    pub portal: &'a [u8],
    /// The prepared statement's name; empty for the unnamed one.
    pub statement: &'a [u8],
    parameter_formats: Formats<'a>,
    parameters: Values<'a>,
    result_formats: Formats<'a>,
}

impl<'a> Bind<'a> {
    /// Reads the body of a `B` message.
    ///
    /// # Errors
    /// Anything malformed; [`WireError::BadCount`] for several parameter formats that are not one each, which the server
    /// refuses with a protocol violation as well.
    #[inline]
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let portal = cursor.string()?;
        let statement = cursor.string()?;
        let parameter_formats = Formats::read(&mut cursor)?;
        let parameters = Values::read(&mut cursor)?;
        if parameter_formats.len() > 1 && parameter_formats.len() != parameters.len() {
            return Err(WireError::BadCount);
        }
        let result_formats = Formats::read(&mut cursor)?;
        cursor.end()?;
        Ok(Bind {
            portal,
            statement,
            parameter_formats,
            parameters,
            result_formats,
        })
    }

    /// The parameters' values, None for NULL.
    pub fn parameters(&self) -> Values<'a> {
        self.parameters
    }

    /// How many parameters there are.
    pub fn parameter_count(&self) -> usize {
        self.parameters.len()
    }

    /// The format of the `index`th parameter; see [`Formats::of`].
    pub fn parameter_format(&self, index: usize) -> i16 {
        self.parameter_formats.of(index)
    }

    /// The formats of the parameters as they are listed.
    pub fn parameter_formats(&self) -> Formats<'a> {
        self.parameter_formats
    }

    /// The format that the client wants the `index`th column in; see [`Formats::of`].
    pub fn result_format(&self, index: usize) -> i16 {
        self.result_formats.of(index)
    }

    /// The formats of the columns as they are listed.
    pub fn result_formats(&self) -> Formats<'a> {
        self.result_formats
    }
}

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A prepared statement.
    Statement,
    /// A portal.
    Portal,
}

impl Target {
    fn read(byte: u8) -> Result<Self, WireError> {
        match byte {
            b'S' => Ok(Target::Statement),
            b'P' => Ok(Target::Portal),
            _ => Err(WireError::BadValue("kind of object")),
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Target::Statement => b'S',
            Target::Portal => b'P',
        }
    }
}

/// A target and its name, which is all that Describe and Close say.
fn target_and_name(body: &[u8]) -> Result<(Target, &[u8]), WireError> {
    let mut cursor = Cursor::new(body);
    let target = Target::read(cursor.u8()?)?;
    Ok((target, cursor.last_string()?))
}

/// What are the parameters or columns of this?
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Describe<'a> {
    /// Of what.
    pub target: Target,
    /// By what name.
    pub name: &'a [u8],
}

impl<'a> Describe<'a> {
    /// Reads the body of a `D` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        target_and_name(body).map(|(target, name)| Describe { target, name })
    }
}

/// Run a portal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Execute<'a> {
    /// Its name.
    pub portal: &'a [u8],
    /// How many rows at most before PortalSuspended. The server takes it for signed: 0 and anything from 2³¹ on is no limit.
    pub max_rows: u32,
}

impl<'a> Execute<'a> {
    /// Reads the body of an `E` message.
    ///
    /// # Errors
    /// Anything malformed.
    #[inline]
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let portal = cursor.string()?;
        let max_rows = cursor.u32()?;
        cursor.end()?;
        Ok(Execute { portal, max_rows })
    }
}

/// Forget a prepared statement or a portal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Close<'a> {
    /// Which kind.
    pub target: Target,
    /// By what name.
    pub name: &'a [u8],
}

impl<'a> Close<'a> {
    /// Reads the body of a `C` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        target_and_name(body).map(|(target, name)| Close { target, name })
    }
}

/// A call of a function by its OID, outside any statement (PostgreSQL manual, 55.2.5).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FunctionCall<'a> {
    /// Which function.
    pub oid: u32,
    /// The format of the result.
    pub result_format: i16,
    formats: Formats<'a>,
    arguments: Values<'a>,
}

impl<'a> FunctionCall<'a> {
    /// Reads the body of an `F` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let oid = cursor.u32()?;
        let formats = Formats::read(&mut cursor)?;
        let arguments = Values::read(&mut cursor)?;
        if formats.len() > 1 && formats.len() != arguments.len() {
            return Err(WireError::BadCount);
        }
        let result_format = cursor.i16()?;
        cursor.end()?;
        Ok(FunctionCall {
            oid,
            result_format,
            formats,
            arguments,
        })
    }

    /// The arguments' values, None for NULL.
    pub fn arguments(&self) -> Values<'a> {
        self.arguments
    }

    /// The formats of the arguments as they are listed.
    pub fn argument_formats(&self) -> Formats<'a> {
        self.formats
    }

    /// The format of the `index`th argument; see [`Formats::of`].
    pub fn argument_format(&self, index: usize) -> i16 {
        self.formats.of(index)
    }
}

/// The client gives up a COPY.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CopyFail<'a> {
    /// Why; the server's error message will quote it.
    pub message: &'a [u8],
}

impl<'a> CopyFail<'a> {
    /// Reads the body of an `f` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        Cursor::new(body)
            .last_string()
            .map(|message| CopyFail { message })
    }
}

opaque_debug!(
    ClientMessage,
    Query,
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    FunctionCall,
    CopyFail
);
