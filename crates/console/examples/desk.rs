//! A console over a made-up gateway, to try psql against: `cargo run -p console --example desk`.

#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

#[tokio::main]
async fn main() {
    let console = support::Console::start().await;
    let address = format!(
        "psql \"host=127.0.0.1 port={} dbname=tollgate user=dana\"\n",
        console.port
    );
    std::io::Write::write_all(&mut std::io::stdout(), address.as_bytes()).unwrap();
    std::future::pending::<()>().await;
}
