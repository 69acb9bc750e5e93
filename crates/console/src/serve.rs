//! The server's side of one console connection.
//!
//! Owns: the message loop after log-in, for the simple and the extended protocol (PostgreSQL manual, "Message Flow"):
//! bounded reading, skipping to Sync after an error, and one write per turn of the loop. Refuses: messages above 1 MiB,
//! COPY and function calls.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use wire::postgres::frame;
use wire::postgres::query::ClientMessage;
use wire::postgres::reply;

use crate::conversation::{Conversation, Next};
use crate::desk::{Desk, Operator, Refusal};

/// The longest message a person can send.
const MAX_MESSAGE: usize = 1024 * 1024;
const READ: usize = 16 * 1024;

/// Serves one console connection until the client leaves, `shutdown` says true, or it breaks the protocol.
///
/// The gateway has authenticated `operator` and sent AuthenticationOk; `buffered` is what it has read beyond that.
/// `backend_key` is what a cancel request for this connection would bring.
///
/// # Errors
/// The connection cannot be read or written, or the query engine cannot be started.
pub async fn serve<S>(
    mut stream: S,
    buffered: Vec<u8>,
    backend_key: (u32, Vec<u8>),
    operator: Operator,
    desk: Arc<dyn Desk>,
    mut shutdown: watch::Receiver<bool>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut out = Vec::new();
    let mut conversation = match Conversation::begin(operator, desk) {
        Ok(conversation) => conversation,
        Err(error) => {
            fatal(&mut out, "53000", "the console cannot be opened");
            send(&mut stream, &mut out).await?;
            return Err(error);
        }
    };
    conversation.greet(&mut out, backend_key.0, &backend_key.1);
    send_or_stop(&mut stream, &mut out, &mut shutdown).await?;
    let mut input = buffered;
    let mut used = 0;
    loop {
        // Every whole message that is here, before anything more is read.
        loop {
            let rest = input.get(used..).unwrap_or(&[]);
            let message = match frame::frame(rest, MAX_MESSAGE) {
                Ok(None) => break,
                Ok(Some(frame)) => {
                    used += frame.len();
                    ClientMessage::read(frame.tag(), frame.body())
                }
                Err(error) => Err(error),
            };
            let next = match message {
                Ok(message) => conversation.answer(message, &mut out).await,
                Err(error) => {
                    // Where the next message begins is not known, or cannot be trusted.
                    fatal(&mut out, "08P01", &error.to_string());
                    send(&mut stream, &mut out).await?;
                    return Ok(());
                }
            };
            match next {
                Next::Go => {}
                Next::Send => send_or_stop(&mut stream, &mut out, &mut shutdown).await?,
                Next::Leave => return Ok(()),
            }
        }
        input.drain(..used);
        used = 0;
        tokio::select! {
            read = read(&mut stream, &mut input) => {
                if read? == 0 {
                    return Ok(());
                }
            }
            () = stopped(&mut shutdown) => {
                fatal(&mut out, "57P01", "terminating connection due to administrator command");
                return send(&mut stream, &mut out).await;
            }
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S, input: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0u8; READ];
    let count = stream.read(&mut buffer).await?;
    input.extend_from_slice(buffer.get(..count).unwrap_or(&[]));
    Ok(count)
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, out: &mut Vec<u8>) -> io::Result<()> {
    stream.write_all(out).await?;
    stream.flush().await?;
    out.clear();
    out.shrink_to(READ);
    Ok(())
}

/// A client that does not read must not keep the gateway from ending.
async fn send_or_stop<S: AsyncWrite + Unpin>(
    stream: &mut S,
    out: &mut Vec<u8>,
    shutdown: &mut watch::Receiver<bool>,
) -> io::Result<()> {
    tokio::select! {
        sent = send(stream, out) => sent,
        () = stopped(shutdown) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Ends when `shutdown` says true; never, when nobody is left to say it.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    if shutdown.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn fatal(out: &mut Vec<u8>, sqlstate: &'static str, message: &str) {
    let refusal = Refusal::new(sqlstate, message);
    reply::write_error(
        out,
        &[
            (b'S', "FATAL"),
            (b'V', "FATAL"),
            (b'C', refusal.sqlstate),
            (b'M', &refusal.message),
        ],
    );
}
