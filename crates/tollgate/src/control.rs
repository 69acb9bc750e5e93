//! The socket in the state directory by which commands reach a running server.
//!
//! Owns: one request and one answer as lines of JSON, over a Unix socket that only its owner may open.
//! Refuses: lines over their limit.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use crate::operations::{Answer, Request};

const MAX_REQUEST_BYTES: u64 = 1024 * 1024;

/// The socket's path.
pub fn path(state_dir: &Path) -> PathBuf {
    state_dir.join("control.sock")
}

/// Asks a running server; None where none runs.
///
/// # Errors
/// The server is there and does not answer.
pub fn ask(state_dir: &Path, request: &Request) -> anyhow::Result<Option<Answer>> {
    let Ok(mut stream) = UnixStream::connect(path(state_dir)) else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    stream
        .write_all(line.as_bytes())
        .context("the server's control socket")?;
    let mut answer = String::new();
    BufReader::new(stream)
        .read_line(&mut answer)
        .context("the server's control socket")?;
    Ok(Some(
        serde_json::from_str(&answer).context("the server's control socket")?,
    ))
}

/// Binds the socket, readable by its owner only.
///
/// # Errors
/// The operating system's.
pub fn bind(state_dir: &Path) -> anyhow::Result<UnixListener> {
    let path = path(state_dir);
    // We hold the store's lock, so whoever left a socket here is gone.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers requests until dropped.
pub async fn serve(listener: UnixListener, handle: Arc<dyn Fn(Request) -> Answer + Send + Sync>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let handle = Arc::clone(&handle);
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut line = String::new();
            let mut reader = tokio::io::BufReader::new(read.take(MAX_REQUEST_BYTES));
            if reader.read_line(&mut line).await.is_err() {
                return;
            }
            let answer = match serde_json::from_str::<Request>(&line) {
                Ok(request) => tokio::task::spawn_blocking(move || handle(request))
                    .await
                    .unwrap_or_else(|_| Answer::Failed("failed".into())),
                Err(_) => {
                    Answer::Failed("the server is of another version than this command".into())
                }
            };
            if let Ok(mut text) = serde_json::to_string(&answer) {
                text.push('\n');
                let _ = write.write_all(text.as_bytes()).await;
            }
        });
    }
}
