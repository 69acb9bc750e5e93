//! The gateway's own session on a server.
//!
//! Owns: connecting, TLS as `sslmode` says, and logging in (SCRAM-SHA-256 with and without channel binding, md5,
//! password). Refuses: to let anything of the credentials, or of a server's words about them, out of here.

use std::io;

use postgres_protocol::authentication::sasl::{
    ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256,
};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use wire::postgres::auth::AuthRequest;
use wire::postgres::{frame, query, reply, startup};

use crate::config::{SslMode, UpstreamConfig};
use crate::stream::{Buffer, Stream};
use crate::tls;

/// Why there is no session on the server. Its `Display` is for the operator's log; an agent sees a
/// [`crate::refusal::Refusal`].
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Network.
    #[error("cannot connect: {0}")]
    Io(#[from] io::Error),
    /// Took too long.
    #[error("no answer within {0:?}")]
    Timeout(std::time::Duration),
    /// Certificates or TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// The server does not do what `sslmode` demands.
    #[error("the server does not support TLS, but sslmode demands it")]
    NoTls,
    /// The server asks for an authentication that is not supported, or that needs a password that is not there.
    #[error("authentication: {0}")]
    Auth(&'static str),
    /// The server said no.
    #[error("the server refused the session: {sqlstate}")]
    Refused {
        /// Its SQLSTATE.
        sqlstate: String,
    },
    /// The server does not speak the protocol.
    #[error("unexpected answer from the server")]
    Protocol,
}

impl From<wire::WireError> for UpstreamError {
    fn from(_: wire::WireError) -> Self {
        UpstreamError::Protocol
    }
}

/// A session on a server, ready for queries.
#[derive(Debug)]
pub struct Upstream {
    /// The connection.
    pub stream: Stream,
    /// Bytes read past ReadyForQuery (there are none from a real server).
    pub buffer: Buffer,
    /// ParameterStatus values in the order they came.
    pub parameters: Vec<(String, String)>,
    /// The server's process.
    pub process_id: u32,
    /// Its cancel secret.
    pub secret: Vec<u8>,
    /// Notices that came before ReadyForQuery, whole frames.
    pub notices: Vec<u8>,
}

/// Makes every transaction of the session to come read-only, whatever was asked for. What the startup packet says is also what
/// RESET and DISCARD go back to (PostgreSQL manual, 20.11.1, `default_transaction_read_only`).
pub fn read_only(parameters: &mut Vec<(String, String)>) {
    const NAME: &str = "default_transaction_read_only";
    parameters.retain(|(name, _)| !name.eq_ignore_ascii_case(NAME));
    parameters.push((NAME.to_owned(), "on".to_owned()));
}

/// Opens a session with these startup parameters (user and database are the configuration's).
///
/// # Errors
/// See [`UpstreamError`]. Nothing is left open after an error.
pub async fn connect(
    config: &UpstreamConfig,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    tokio::time::timeout(config.connect_timeout, connect_now(config, parameters))
        .await
        .map_err(|_| UpstreamError::Timeout(config.connect_timeout))?
}

async fn connect_now(
    config: &UpstreamConfig,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    let first_with_tls = !matches!(config.sslmode, SslMode::Disable | SslMode::Allow);
    let stream = open(config, first_with_tls).await?;
    match login(config, stream, parameters).await {
        // libpq: `allow` tries TLS when plain was refused, `prefer` tries plain when TLS was.
        Err(UpstreamError::Refused { sqlstate }) if sqlstate == "28000" => match config.sslmode {
            SslMode::Allow => login(config, open(config, true).await?, parameters).await,
            SslMode::Prefer => login(config, open(config, false).await?, parameters).await,
            _ => Err(UpstreamError::Refused { sqlstate }),
        },
        other => other,
    }
}

/// Connects, with TLS where asked for and agreed.
async fn open(config: &UpstreamConfig, with_tls: bool) -> Result<Stream, UpstreamError> {
    let mut tcp = TcpStream::connect((config.host.as_str(), config.port)).await?;
    tcp.set_nodelay(true)?;
    if !with_tls {
        return Ok(Stream::Plain(tcp));
    }
    let mut request = Vec::new();
    startup::write_ssl_request(&mut request);
    tcp.write_all(&request).await?;
    // One byte, so that nothing an attacker sent ahead in the clear can end up inside the encrypted stream
    // (CVE-2021-23222).
    match tcp.read_u8().await? {
        b'S' => {}
        b'N' if matches!(config.sslmode, SslMode::Prefer | SslMode::Allow) => {
            return Ok(Stream::Plain(tcp));
        }
        b'N' => return Err(UpstreamError::NoTls),
        _ => return Err(UpstreamError::Protocol),
    }
    let client = tls::client_config(config.sslmode, config.sslrootcert.as_deref())
        .map_err(|e| UpstreamError::Tls(e.to_string()))?;
    let name =
        ServerName::try_from(config.host.clone()).map_err(|e| UpstreamError::Tls(e.to_string()))?;
    let tls = TlsConnector::from(client)
        .connect(name, tcp)
        .await
        .map_err(|e| UpstreamError::Tls(e.to_string()))?;
    Ok(Stream::Tls(Box::new(tls.into())))
}

async fn login(
    config: &UpstreamConfig,
    stream: Stream,
    parameters: &[(String, String)],
) -> Result<Upstream, UpstreamError> {
    let mut up = Upstream {
        stream,
        buffer: Buffer::default(),
        parameters: Vec::new(),
        process_id: 0,
        secret: Vec::new(),
        notices: Vec::new(),
    };
    let mut out = Vec::new();
    let mut all = vec![
        ("user", config.user.as_str()),
        ("database", config.database.as_str()),
    ];
    all.extend(parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())));
    startup::write_startup(&mut out, 0, &all);
    up.send(&out).await?;
    authenticate(config, &mut up).await?;
    loop {
        let (tag, body) = up.receive().await?;
        match tag {
            b'S' => {
                let (name, value) = reply::parameter_status(&body)?;
                up.parameters.push((utf8(name)?, utf8(value)?));
            }
            b'K' => {
                let (pid, secret) = reply::backend_key(&body)?;
                up.process_id = pid;
                up.secret = secret.to_vec();
            }
            b'Z' => return Ok(up),
            _ => return Err(UpstreamError::Protocol),
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<String, UpstreamError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| UpstreamError::Protocol)
}

impl Upstream {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), UpstreamError> {
        self.stream.write_all(bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// The next message that is neither a notice (kept) nor an error (returned as one).
    async fn receive(&mut self) -> Result<(u8, Vec<u8>), UpstreamError> {
        loop {
            if let Some(found) = frame::frame(self.buffer.filled(), frame::MAX_AUTH_BYTES)? {
                let (tag, body, whole) = (found.tag(), found.body().to_vec(), found.len());
                match tag {
                    b'N' => self.notices.extend_from_slice(found.bytes()),
                    b'E' => {
                        let sqlstate =
                            reply::ErrorFields::read(found.body())
                                .ok()
                                .and_then(|fields| {
                                    fields
                                        .get(b'C')
                                        .map(|c| String::from_utf8_lossy(c).into_owned())
                                });
                        return Err(UpstreamError::Refused {
                            sqlstate: sqlstate.unwrap_or_default(),
                        });
                    }
                    _ => {
                        self.buffer.consume(whole);
                        return Ok((tag, body));
                    }
                }
                self.buffer.consume(whole);
                continue;
            }
            if self.buffer.read(&mut self.stream).await? == 0 {
                return Err(UpstreamError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// `tls-server-end-point` of the server's certificate, for SCRAM-SHA-256-PLUS.
    fn end_point(&self) -> Option<Vec<u8>> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(tls) => tls
                .get_ref()
                .1
                .peer_certificates()?
                .first()
                .and_then(|leaf| tls::server_end_point(leaf)),
        }
    }
}

async fn authenticate(config: &UpstreamConfig, up: &mut Upstream) -> Result<(), UpstreamError> {
    let password = || {
        config
            .password
            .as_ref()
            .map(|p| p.0.as_bytes())
            .ok_or(UpstreamError::Auth(
                "the server asks for a password and the url has none",
            ))
    };
    let mut out = Vec::new();
    loop {
        let (tag, body) = up.receive().await?;
        if tag != b'R' {
            return Err(UpstreamError::Protocol);
        }
        match AuthRequest::read(&body)? {
            AuthRequest::Ok => return Ok(()),
            AuthRequest::Cleartext => {
                out.clear();
                startup::write_password(&mut out, password()?);
                up.send(&out).await?;
            }
            AuthRequest::Md5(salt) => {
                let hash = postgres_protocol::authentication::md5_hash(
                    config.user.as_bytes(),
                    password()?,
                    salt,
                );
                out.clear();
                startup::write_password(&mut out, hash.as_bytes());
                up.send(&out).await?;
            }
            AuthRequest::Sasl(mechanisms) => {
                let offered: Vec<String> = mechanisms.map(str::to_owned).collect();
                scram(up, &offered, password()?).await?;
            }
            AuthRequest::SaslContinue(_) | AuthRequest::SaslFinal(_) => {
                return Err(UpstreamError::Protocol);
            }
            AuthRequest::Other(_) => {
                return Err(UpstreamError::Auth(
                    "the server asks for a method that is not supported (GSSAPI, SSPI, …)",
                ));
            }
        }
    }
}

async fn scram(
    up: &mut Upstream,
    offered: &[String],
    password: &[u8],
) -> Result<(), UpstreamError> {
    let plus = offered.iter().any(|m| m == SCRAM_SHA_256_PLUS);
    if !plus && !offered.iter().any(|m| m == SCRAM_SHA_256) {
        return Err(UpstreamError::Auth(
            "the server offers no SASL mechanism that is supported",
        ));
    }
    let (mechanism, binding) = match up.end_point() {
        Some(data) if plus => (
            SCRAM_SHA_256_PLUS,
            ChannelBinding::tls_server_end_point(data),
        ),
        Some(_) => (SCRAM_SHA_256, ChannelBinding::unrequested()),
        None => (SCRAM_SHA_256, ChannelBinding::unsupported()),
    };
    let mut client = ScramSha256::new(password, binding);
    let mut out = Vec::new();
    startup::write_sasl_initial(&mut out, mechanism, client.message());
    up.send(&out).await?;
    let failed = |_| UpstreamError::Auth("SCRAM failed");
    loop {
        let (tag, body) = up.receive().await?;
        if tag != b'R' {
            return Err(UpstreamError::Protocol);
        }
        match AuthRequest::read(&body)? {
            AuthRequest::SaslContinue(data) => {
                client.update(data).map_err(failed)?;
                out.clear();
                startup::write_sasl_response(&mut out, client.message());
                up.send(&out).await?;
            }
            // The server proves that it knows the verifier: without this an impostor could let us in.
            AuthRequest::SaslFinal(data) => return client.finish(data).map_err(failed),
            _ => return Err(UpstreamError::Protocol),
        }
    }
}

/// Asks the server to cancel what this session runs, over a connection of its own.
///
/// # Errors
/// As for [`connect`]; the server itself answers nothing.
pub async fn cancel(
    config: &UpstreamConfig,
    process_id: u32,
    secret: &[u8],
) -> Result<(), UpstreamError> {
    let with_tls = !matches!(config.sslmode, SslMode::Disable | SslMode::Allow);
    let attempt = async {
        let mut stream = open(config, with_tls).await?;
        let mut out = Vec::new();
        startup::write_cancel(&mut out, process_id, secret);
        stream.write_all(&out).await?;
        stream.flush().await?;
        // The server closes without an answer; waiting for that keeps the order for a client that waits for us.
        let _ = stream.read_u8().await;
        Ok(())
    };
    tokio::time::timeout(config.connect_timeout, attempt)
        .await
        .map_err(|_| UpstreamError::Timeout(config.connect_timeout))?
}

/// Runs one query of the gateway's own on a session that is not an agent's; gives the rows as text.
///
/// # Errors
/// As for [`connect`]; an error of the server ends it.
pub async fn rows(
    up: &mut Upstream,
    text: &str,
) -> Result<Vec<Vec<Option<String>>>, UpstreamError> {
    let mut out = Vec::new();
    query::write_query(&mut out, text.as_bytes());
    up.send(&out).await?;
    let mut rows = Vec::new();
    loop {
        let (tag, cells) = loop {
            if let Some(found) = frame::frame(up.buffer.filled(), frame::MAX_FRAME_BYTES)? {
                let (tag, len) = (found.tag(), found.len());
                let row = match tag {
                    b'D' => Some(read_row(found.body())?),
                    b'E' => {
                        let fields = reply::ErrorFields::read(found.body())?;
                        let sqlstate = fields
                            .get(b'C')
                            .map(|c| String::from_utf8_lossy(c).into_owned());
                        return Err(UpstreamError::Refused {
                            sqlstate: sqlstate.unwrap_or_default(),
                        });
                    }
                    _ => None,
                };
                up.buffer.consume(len);
                break (tag, row);
            }
            if up.buffer.read(&mut up.stream).await? == 0 {
                return Err(UpstreamError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        };
        rows.extend(cells);
        if tag == b'Z' {
            return Ok(rows);
        }
    }
}

/// The cells of a DataRow as text; None for NULL.
///
/// # Errors
/// A malformed row, or one that is not UTF-8.
pub fn read_row(body: &[u8]) -> Result<Vec<Option<String>>, UpstreamError> {
    wire::postgres::row::cells(body)?
        .map(|cell| cell.map(utf8).transpose())
        .collect()
}
