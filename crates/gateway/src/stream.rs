//! One byte stream, plain or encrypted.
//!
//! Owns: [`Stream`] and its two halves, and [`Buffer`], the bounded read buffer frames are scanned in.
//! Refuses: to know what the bytes mean.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::TlsStream;

/// A connection to an agent or to a server.
#[derive(Debug)]
pub enum Stream {
    /// Not encrypted.
    Plain(TcpStream),
    /// TLS, either side of it.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Whether it is encrypted.
    pub fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }

    /// Splits it, so that each direction has an owner of its own. A plain socket is split without a lock.
    pub fn split(self) -> (Reader, Writer) {
        match self {
            Stream::Plain(tcp) => {
                let (r, w) = tcp.into_split();
                (Reader::Plain(r), Writer::Plain(w))
            }
            Stream::Tls(tls) => {
                let (r, w) = tokio::io::split(*tls);
                (Reader::Tls(r), Writer::Tls(w))
            }
        }
    }
}

/// The reading half.
#[derive(Debug)]
pub enum Reader {
    /// Not encrypted.
    Plain(OwnedReadHalf),
    /// TLS.
    Tls(ReadHalf<TlsStream<TcpStream>>),
}

/// The writing half.
#[derive(Debug)]
pub enum Writer {
    /// Not encrypted.
    Plain(OwnedWriteHalf),
    /// TLS.
    Tls(WriteHalf<TlsStream<TcpStream>>),
}

macro_rules! delegate_read {
    ($name:ident) => {
        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $name::Plain(s) => Pin::new(s).poll_read(cx, buf),
                    $name::Tls(s) => Pin::new(s).poll_read(cx, buf),
                }
            }
        }
    };
}
macro_rules! delegate_write {
    ($name:ident) => {
        impl AsyncWrite for $name {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    $name::Plain(s) => Pin::new(s).poll_write(cx, buf),
                    $name::Tls(s) => Pin::new(s).poll_write(cx, buf),
                }
            }
            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $name::Plain(s) => Pin::new(s).poll_flush(cx),
                    $name::Tls(s) => Pin::new(s).poll_flush(cx),
                }
            }
            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    $name::Plain(s) => Pin::new(s).poll_shutdown(cx),
                    $name::Tls(s) => Pin::new(s).poll_shutdown(cx),
                }
            }
        }
    };
}
delegate_read!(Stream);
delegate_write!(Stream);
delegate_read!(Reader);
delegate_write!(Writer);

/// Bytes that were read and are not used up yet.
///
/// It grows only by bytes that have really arrived, never by what a peer announces, and gives memory back once a
/// large message has gone.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// What one read asks for at least.
const READ_BYTES: usize = 16 * 1024;
/// A buffer over this size is given back when it is empty.
const KEEP_BYTES: usize = 256 * 1024;

impl Buffer {
    /// A buffer that begins with bytes read before.
    pub fn with(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        Buffer {
            bytes,
            start: 0,
            end,
        }
    }

    /// What is there and not consumed.
    pub fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Marks the first `n` bytes as used.
    pub fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            if self.bytes.len() > KEEP_BYTES {
                self.bytes = Vec::new();
            }
        }
    }

    /// Adds bytes that were read elsewhere.
    pub fn append(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// Takes the rest out.
    pub fn take(&mut self) -> Vec<u8> {
        let rest = self.filled().to_vec();
        self.consume(rest.len());
        rest
    }

    /// Reads once; 0 means the peer has closed. Cancel-safe: bytes are either in the buffer or not read.
    pub async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        if self.bytes.len() - self.end < READ_BYTES / 4 {
            self.make_room();
        }
        let n = from.read(&mut self.bytes[self.end..]).await?;
        self.end += n;
        Ok(n)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() - self.end < READ_BYTES {
            // Doubling, so that a message of n bytes costs O(n) copies however it arrives.
            let room = self.bytes.len().max(READ_BYTES);
            self.bytes.resize(self.end + room, 0);
        }
    }
}
