//! Accepts connections and leads each to what it asked for: an agent's session, the console, or a cancel request.
//!
//! Owns: the listening socket, the limit on connections, and the time a log-in may take.
//! Refuses: to wait for anybody: one task a connection, each with a deadline until it has proven who it is.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

use crate::gateway::Gateway;
use crate::handshake::{self, Connection, HandshakeError, Hello, Opened};
use crate::tls::ServerTls;
use crate::{session, upstream};

/// PostgreSQL's `authentication_timeout`.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections at a time, whatever their state.
const MAX_CONNECTIONS: usize = 4096;
/// How long sessions get to end by themselves at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// The bound socket.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Arc<ServerTls>>,
}

impl Listener {
    /// Binds. Without TLS only a loopback address is bound.
    ///
    /// # Errors
    /// The address is taken, not ours, or not loopback though there is no TLS.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerTls>>) -> io::Result<Listener> {
        if tls.is_none() && !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "without [tls] only loopback addresses are served: write a [tls] section, or listen on 127.0.0.1",
            ));
        }
        Ok(Listener {
            tcp: TcpListener::bind(address).await?,
            tls,
        })
    }

    /// Where it listens, with the real port.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// Serves until `shutdown` turns true, then ends all sessions with `57P01`.
pub async fn serve(listener: Listener, gateway: Arc<Gateway>, mut shutdown: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.tcp.accept() => match accepted {
                Ok((tcp, peer)) => {
                    let (gateway, tls, places) = (Arc::clone(&gateway), listener.tls.clone(), Arc::clone(&places));
                    connections.spawn(async move {
                        // Closing at once is all a full house can do without spending more on it.
                        let Ok(_place) = places.try_acquire_owned() else { return };
                        connection(gateway, tls, tcp, peer).await;
                    });
                }
                Err(e) => {
                    // Out of file descriptors, or a connection that is gone again: neither may end the gateway.
                    warn!("accept: {e}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = shutdown.changed() => break,
        }
    }
    drop(listener);
    gateway.end_all("the gateway is shutting down");
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_GRACE, all).await.is_err() {
        connections.shutdown().await;
    }
}

async fn connection(
    gateway: Arc<Gateway>,
    tls: Option<Arc<ServerTls>>,
    tcp: TcpStream,
    peer: SocketAddr,
) {
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    // A dead peer is noticed even where nothing is sent.
    let _ = socket2::SockRef::from(&tcp).set_keepalive(true);
    let login = async {
        match handshake::open(tcp, peer, tls.as_deref()).await? {
            Opened::Cancel(mut connection, process_id, secret) => {
                cancel(&gateway, process_id, &secret).await;
                // Over TLS a client waits for a proper end.
                let _ = connection.stream.shutdown().await;
                Ok(None)
            }
            Opened::Hello(connection, hello) if hello.database == crate::gateway::CONSOLE => {
                Ok(Some(Ready::Console(Box::new(
                    gateway
                        .console_login(connection, hello, tls.as_deref())
                        .await?,
                ))))
            }
            Opened::Hello(connection, hello) => Ok(Some(Ready::Agent(Box::new(
                agent(&gateway, connection, hello, tls.as_deref()).await?,
            )))),
        }
    };
    match tokio::time::timeout(LOGIN_TIMEOUT, login).await {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(Ready::Agent(session)))) => session.run().await,
        Ok(Ok(Some(Ready::Console(login)))) => gateway.console(*login).await,
        Ok(Err(HandshakeError::Refused(refusal))) => {
            info!(%peer, sqlstate = refusal.sqlstate(), "no session: {}", refusal.message())
        }
        Ok(Err(HandshakeError::Io(e))) => debug!(%peer, "connection lost during log-in: {e}"),
        Err(_) => info!(%peer, "no session: log-in took longer than {LOGIN_TIMEOUT:?}"),
    }
}

enum Ready {
    Agent(Box<session::Session>),
    Console(Box<crate::gateway::ConsoleLogin>),
}

async fn agent(
    gateway: &Arc<Gateway>,
    mut connection: Connection,
    hello: Hello,
    tls: Option<&ServerTls>,
) -> Result<session::Session, HandshakeError> {
    match gateway.agent_login(&mut connection, hello, tls).await {
        Ok(login) => Ok(session::Session::new(connection, login)),
        Err(e) => Err(handshake::tell(&mut connection, e).await),
    }
}

async fn cancel(gateway: &Gateway, process_id: u32, secret: &[u8]) {
    let Some(target) = gateway.cancel_keys.find(process_id, secret) else {
        debug!("cancel request with an unknown key");
        return;
    };
    if target.is_waiting.load(std::sync::atomic::Ordering::SeqCst) {
        target.waiting.notify_waiters();
        return;
    }
    if let Err(e) = upstream::cancel(&target.upstream, target.process_id, &target.secret).await {
        warn!(
            session = target.session,
            "cancel request not delivered: {e}"
        );
    }
}
