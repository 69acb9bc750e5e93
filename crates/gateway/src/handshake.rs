//! From an accepted socket to a proven identity.
//!
//! Owns: SSLRequest, direct TLS, GSSENCRequest, cancel requests, the startup packet, and SCRAM-SHA-256 with a grant's secret
//! or a DBA's password. Reads top to bottom in the order of the protocol (PostgreSQL manual, 55.2).
//! Refuses: bytes sent ahead in the clear before TLS, messages over their limits, and to say which half of a credential
//! was wrong to anyone who does not hold the other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use wire::postgres::auth::{self, ScramVerifier};
use wire::postgres::frame::{self, MAX_AUTH_BYTES};
use wire::postgres::reply;
use wire::postgres::startup::{self, Opening};

use crate::refusal::Refusal;
use crate::stream::{Buffer, Stream};
use crate::tls::ServerTls;

/// The newest minor version of protocol 3 that agents may speak.
const NEWEST_MINOR: u16 = 2;

/// Why no session came of a connection.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The peer went away or broke the protocol before it could be told anything useful.
    #[error("connection lost: {0}")]
    Io(#[from] io::Error),
    /// It was told why.
    #[error("{}", .0.message())]
    Refused(Refusal),
}

impl From<wire::WireError> for HandshakeError {
    fn from(_: wire::WireError) -> Self {
        HandshakeError::Refused(Refusal::protocol("malformed message"))
    }
}

impl From<Refusal> for HandshakeError {
    fn from(refusal: Refusal) -> Self {
        HandshakeError::Refused(refusal)
    }
}

/// Fills a slice with randomness from the operating system.
pub fn random(bytes: &mut [u8]) {
    // There is nothing sensible to do without randomness: no key may be predictable.
    getrandom::fill(bytes)
        .unwrap_or_else(|e| panic!("no randomness from the operating system: {e}"));
}

/// A connection with its read buffer.
#[derive(Debug)]
pub struct Connection {
    /// The stream.
    pub stream: Stream,
    /// Read and not used.
    pub buffer: Buffer,
    /// Where from.
    pub peer: SocketAddr,
}

impl Connection {
    /// Writes and flushes.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn first_packet(&mut self) -> Result<Vec<u8>, HandshakeError> {
        loop {
            if let Some(found) = frame::startup_frame(self.buffer.filled())? {
                let (body, len) = (found.body().to_vec(), found.len());
                self.buffer.consume(len);
                return Ok(body);
            }
            self.read().await?;
        }
    }

    async fn message(&mut self, expected: u8) -> Result<Vec<u8>, HandshakeError> {
        loop {
            if let Some(head) = frame::head(self.buffer.filled(), MAX_AUTH_BYTES)?
                && head.tag != expected
            {
                return Err(Refusal::protocol("unexpected message during authentication").into());
            }
            if let Some(found) = frame::frame(self.buffer.filled(), MAX_AUTH_BYTES)? {
                let (body, len) = (found.body().to_vec(), found.len());
                self.buffer.consume(len);
                return Ok(body);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), HandshakeError> {
        match self.buffer.read(&mut self.stream).await? {
            0 => Err(HandshakeError::Io(io::ErrorKind::UnexpectedEof.into())),
            _ => Ok(()),
        }
    }
}

/// What a client asked for in its startup packet.
#[derive(Debug, Clone)]
pub struct Hello {
    /// Minor version in force.
    pub minor: u16,
    /// `user`.
    pub user: String,
    /// `database`, by default the user's name.
    pub database: String,
    /// Everything else it wants set, `options` taken apart, in order.
    pub settings: Vec<(String, String)>,
}

impl Hello {
    /// `application_name`, or nothing.
    pub fn application(&self) -> &str {
        self.settings
            .iter()
            .rev()
            .find(|(name, _)| name == "application_name")
            .map_or("", |(_, value)| value)
    }
}

/// What the first packets led to.
#[derive(Debug)]
pub enum Opened {
    /// Somebody wants a session.
    Hello(Connection, Hello),
    /// Somebody wants a statement cancelled.
    Cancel(Connection, u32, Vec<u8>),
}

/// Reads the first packets.
///
/// # Errors
/// See [`HandshakeError`]; a refusal has been sent already.
pub async fn open(
    tcp: TcpStream,
    peer: SocketAddr,
    tls: Option<&ServerTls>,
) -> Result<Opened, HandshakeError> {
    let direct = is_direct_tls(&tcp).await?;
    let mut connection = Connection {
        stream: Stream::Plain(tcp),
        buffer: Buffer::default(),
        peer,
    };
    let in_clear = if direct {
        Ok(None)
    } else {
        plain_packets(&mut connection, tls.is_some()).await
    };
    let packet = match in_clear {
        Ok(Some(packet)) => packet,
        Ok(None) => {
            connection = encrypt(connection, tls).await?;
            match encrypted_packet(&mut connection, direct).await {
                Ok(packet) => packet,
                Err(e) => return Err(tell(&mut connection, e).await),
            }
        }
        Err(e) => return Err(tell(&mut connection, e).await),
    };
    let outcome = match startup::opening(&packet) {
        Ok(Opening::Cancel { process_id, secret }) => {
            return Ok(Opened::Cancel(connection, process_id, secret.to_vec()));
        }
        Ok(Opening::Startup(_))
            if tls.is_some() && !connection.stream.is_tls() && !peer.ip().is_loopback() =>
        {
            Err(Refusal::tls_required().into())
        }
        Ok(Opening::Startup(startup)) => hello(&mut connection, &startup).await,
        Ok(Opening::Ssl | Opening::GssEnc) => {
            Err(Refusal::protocol("encryption requested twice").into())
        }
        Err(e) => Err(e.into()),
    };
    match outcome {
        Ok(hello) => Ok(Opened::Hello(connection, hello)),
        Err(e) => Err(tell(&mut connection, e).await),
    }
}

/// Sends the reason, if there is one to send, and closes.
pub async fn tell(connection: &mut Connection, error: HandshakeError) -> HandshakeError {
    if let HandshakeError::Refused(refusal) = &error {
        let mut out = Vec::new();
        refusal.write_fatal(&mut out);
        let _ = connection.send(&out).await;
        let _ = connection.stream.shutdown().await;
    }
    error
}

/// Whether the first byte begins a TLS record (22, handshake): a startup packet begins with the high byte of its length.
async fn is_direct_tls(tcp: &TcpStream) -> io::Result<bool> {
    let mut first = [0u8; 1];
    Ok(tcp.peek(&mut first).await? == 1 && first[0] == 0x16)
}

/// Answers what comes before the startup packet; gives that packet, or None once TLS has been agreed on.
async fn plain_packets(
    connection: &mut Connection,
    tls: bool,
) -> Result<Option<Vec<u8>>, HandshakeError> {
    // Each may be asked for once, as by the server.
    let (mut asked_tls, mut asked_gss) = (false, false);
    loop {
        let packet = connection.first_packet().await?;
        let answer = match startup::opening(&packet)? {
            Opening::Ssl if !asked_tls => {
                asked_tls = true;
                if tls { b"S" } else { b"N" }
            }
            Opening::GssEnc if !asked_gss => {
                asked_gss = true;
                b"N"
            }
            Opening::Ssl | Opening::GssEnc | Opening::Cancel { .. } | Opening::Startup(_) => {
                return Ok(Some(packet));
            }
        };
        if !connection.buffer.filled().is_empty() {
            // Somebody in between put bytes ahead of the handshake (CVE-2021-23214).
            return Err(
                Refusal::protocol("unencrypted data after a request for encryption").into(),
            );
        }
        connection.send(answer).await?;
        if answer == b"S" {
            return Ok(None);
        }
    }
}

async fn encrypt(
    connection: Connection,
    tls: Option<&ServerTls>,
) -> Result<Connection, HandshakeError> {
    let Connection { stream, peer, .. } = connection;
    match (stream, tls) {
        (Stream::Plain(tcp), Some(tls)) => {
            let accepted = TlsAcceptor::from(Arc::clone(&tls.config))
                .accept(tcp)
                .await?;
            Ok(Connection {
                stream: Stream::Tls(Box::new(accepted.into())),
                buffer: Buffer::default(),
                peer,
            })
        }
        _ => Err(HandshakeError::Io(io::ErrorKind::Unsupported.into())),
    }
}

/// The startup packet inside TLS. Direct TLS without ALPN is refused, against protocol confusion (PostgreSQL manual, 55.2.11).
async fn encrypted_packet(
    connection: &mut Connection,
    direct: bool,
) -> Result<Vec<u8>, HandshakeError> {
    let named = match &connection.stream {
        Stream::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"postgresql"),
        Stream::Plain(_) => false,
    };
    if direct && !named {
        return Err(
            Refusal::protocol("direct TLS without the ALPN protocol \"postgresql\"").into(),
        );
    }
    connection.first_packet().await
}

async fn hello(
    connection: &mut Connection,
    packet: &startup::Startup<'_>,
) -> Result<Hello, HandshakeError> {
    let unknown: Vec<&str> = packet.unknown_options().collect();
    if packet.minor > NEWEST_MINOR || !unknown.is_empty() {
        let mut out = Vec::new();
        reply::write_negotiate(&mut out, u32::from(NEWEST_MINOR), &unknown);
        connection.send(&out).await?;
    }
    let mut hello = Hello {
        minor: packet.minor.min(NEWEST_MINOR),
        user: String::new(),
        database: String::new(),
        settings: Vec::new(),
    };
    for (name, value) in packet.parameters() {
        match name {
            "user" => hello.user = value.to_owned(),
            "database" => hello.database = value.to_owned(),
            "replication" => match value {
                "false" | "off" | "no" | "0" => {}
                _ => return Err(Refusal::unsupported("replication").into()),
            },
            "options" => hello.settings.extend(startup::split_options(value)?),
            name if name.starts_with("_pq_.") => {}
            name => hello.settings.push((name.to_owned(), value.to_owned())),
        }
    }
    if hello.user.is_empty() {
        return Err(Refusal::no_access("no user name in the startup packet").into());
    }
    if hello.database.is_empty() {
        hello.database.clone_from(&hello.user);
    }
    Ok(hello)
}

/// Runs SCRAM-SHA-256 (and -PLUS over TLS) against a verifier. `verifier` is None for a name that does not exist: the
/// exchange then goes on with one derived from `mock_key`, and fails at the same place as a wrong secret would.
///
/// # Errors
/// `unknown` is sent for a name that does not exist, `28P01` for a wrong secret.
pub async fn prove(
    connection: &mut Connection,
    user: &str,
    verifier: Option<&str>,
    mock_key: &[u8],
    end_point: Option<&[u8]>,
    unknown: Refusal,
) -> Result<(), HandshakeError> {
    let known = verifier.and_then(|text| ScramVerifier::parse(text).ok());
    let exists = known.is_some();
    let failed = if exists {
        Refusal::wrong_password(user)
    } else {
        unknown
    };
    let verifier = known.unwrap_or_else(|| ScramVerifier::mock(user, mock_key));
    let binding = if connection.stream.is_tls() {
        end_point
    } else {
        None
    };

    let mut out = Vec::new();
    let mechanisms: &[&str] = if binding.is_some() {
        &["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]
    } else {
        &["SCRAM-SHA-256"]
    };
    auth::write_auth_sasl(&mut out, mechanisms);
    connection.send(&out).await?;

    let body = connection.message(b'p').await?;
    let (mechanism, client_first) = auth::read_sasl_initial(&body)?;
    let mut nonce = [0u8; 18];
    random(&mut nonce);
    let nonce = base64::engine::general_purpose::STANDARD.encode(nonce);
    let binding = binding.map(auth::ChannelBinding::tls_server_end_point);
    let (exchange, server_first) =
        auth::begin(verifier, mechanism, client_first, &nonce, binding.as_ref())
            .map_err(|_| Refusal::protocol("malformed SCRAM message"))?;
    out.clear();
    auth::write_auth_sasl_continue(&mut out, &server_first);
    connection.send(&out).await?;

    let client_final = connection.message(b'p').await?;
    let server_final = match exchange.finish(&client_final) {
        Ok(message) if exists => message,
        _ => return Err(failed.into()),
    };
    out.clear();
    auth::write_auth_sasl_final(&mut out, &server_final);
    connection.send(&out).await?;
    Ok(())
}
