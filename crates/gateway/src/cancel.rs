//! Cancel keys: ours for agents, the servers' behind them.
//!
//! Owns: which key belongs to which session. Refuses: to guess; a key that is wrong in any bit reaches no session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::UpstreamConfig;

/// What a cancel request can reach.
#[derive(Debug)]
pub struct Target {
    /// The session.
    pub session: u64,
    /// Where its server is.
    pub upstream: UpstreamConfig,
    /// The server's own key.
    pub process_id: u32,
    /// The server's own secret.
    pub secret: Vec<u8>,
    /// Wakes a statement that waits for approval.
    pub waiting: tokio::sync::Notify,
    /// Whether a statement of the session waits for approval now.
    pub is_waiting: std::sync::atomic::AtomicBool,
}

type Keys = HashMap<u32, Vec<(Vec<u8>, Arc<Target>)>>;

/// All live keys. The process id an agent sees is the server's own, so that `pg_backend_pid()` agrees with it; sessions on
/// different servers may share one, the secret tells them apart.
#[derive(Debug, Default)]
pub struct CancelKeys(Mutex<Keys>);

impl CancelKeys {
    /// Registers a session under a fresh secret of this length: 4 bytes up to protocol 3.0, up to 256 from 3.2 on.
    pub fn register(self: &Arc<Self>, length: usize, target: Arc<Target>) -> Registered {
        let mut secret = vec![0u8; length];
        crate::handshake::random(&mut secret);
        let process_id = target.process_id;
        self.lock()
            .entry(process_id)
            .or_default()
            .push((secret.clone(), target));
        Registered {
            keys: Arc::clone(self),
            process_id,
            secret,
        }
    }

    /// The session of a key.
    pub fn find(&self, process_id: u32, secret: &[u8]) -> Option<Arc<Target>> {
        let keys = self.lock();
        let candidates = keys.get(&process_id)?;
        // Every candidate is compared in full, so that the time tells nothing about the secret.
        let mut found = None;
        for (own, target) in candidates {
            let differs = own
                .iter()
                .zip(secret)
                .fold(own.len() ^ secret.len(), |d, (a, b)| d | usize::from(a ^ b));
            if differs == 0 {
                found = Some(Arc::clone(target));
            }
        }
        found
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key in force; it ends when this is dropped.
#[derive(Debug)]
pub struct Registered {
    keys: Arc<CancelKeys>,
    /// As the agent sees it.
    pub process_id: u32,
    /// As the agent sees it.
    pub secret: Vec<u8>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut keys = self.keys.lock();
        if let Some(own) = keys.get_mut(&self.process_id) {
            own.retain(|(secret, _)| *secret != self.secret);
            if own.is_empty() {
                keys.remove(&self.process_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SslMode;

    fn target(session: u64) -> Arc<Target> {
        Arc::new(Target {
            session,
            upstream: UpstreamConfig {
                host: "localhost".into(),
                port: 1,
                user: "u".into(),
                password: None,
                database: "d".into(),
                sslmode: SslMode::Disable,
                sslrootcert: None,
                connect_timeout: std::time::Duration::from_secs(1),
            },
            process_id: 77,
            secret: vec![1, 2, 3, 4],
            waiting: tokio::sync::Notify::new(),
            is_waiting: false.into(),
        })
    }

    #[test]
    fn a_key_reaches_its_own_session_and_no_other() {
        let keys = Arc::new(CancelKeys::default());
        let a = keys.register(4, target(1));
        let b = keys.register(32, target(2));
        assert_eq!(keys.find(77, &a.secret).unwrap().session, 1);
        assert_eq!(keys.find(77, &b.secret).unwrap().session, 2);
        assert!(keys.find(78, &a.secret).is_none());
        assert!(keys.find(77, &b.secret[..4]).is_none());
        assert!(keys.find(77, b"").is_none());
        let mut wrong = b.secret.clone();
        wrong[31] ^= 1;
        assert!(keys.find(77, &wrong).is_none());
        let secret = a.secret.clone();
        drop(a);
        assert!(keys.find(77, &secret).is_none());
    }
}
