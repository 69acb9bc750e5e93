//! `tollgate serve`: everything put together, in an order in which nothing is left half started.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use gateway::database::Database;
use gateway::tls::ServerTls;
use gateway::{Gateway, Listener};
use journal::{Event, Journal, JournalConfig, JournalError, Store};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::Config;
use crate::desk::{Console, Office};
use crate::operations::{Answer, Operations, Request};
use crate::{Failure, answer, control};

/// Opens the state directory.
///
/// # Errors
/// It is in use, cannot be written, or its log is damaged (a finding).
pub fn open_state(config: &Config) -> Result<(Store, Journal), Failure> {
    let failed = |e: JournalError| match e {
        JournalError::Damaged { .. }
        | JournalError::ShorterThanCheckpoint { .. }
        | JournalError::Checkpoint { .. } => Failure::Finding(e.to_string()),
        _ => Failure::Usage(e.to_string()),
    };
    let store = Store::open(&config.state_dir).map_err(failed)?;
    let journal = Journal::open(&config.state_dir, JournalConfig::default()).map_err(failed)?;
    Ok((store, journal))
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// One line; nothing is left running or listening.
pub fn serve(config: Config) -> Result<(), Failure> {
    log_to_stderr();
    let databases = config.served()?;
    let tls = match &config.tls {
        None => None,
        Some((cert, key, ca)) => Some(Arc::new(
            ServerTls::load(cert, key, ca.as_deref())
                .map_err(|e| Failure::Usage(format!("[tls]: {e}")))?,
        )),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Usage(e.to_string()))?;
    // In this order: what fails leaves nothing behind, not even an empty state directory.
    let (listener, databases) = runtime.block_on(async {
        let listener = Listener::bind(config.listen, tls)
            .await
            .map_err(|e| Failure::Usage(format!("cannot listen on {}: {e}", config.listen)))?;
        let mut open = Vec::new();
        for database in databases {
            let name = database.name.clone();
            let opened = Database::open(database).await;
            open.push(opened.map_err(|e| Failure::Usage(format!("database {name}: {e}")))?);
        }
        Ok::<_, Failure>((listener, open))
    })?;
    let (store, journal) = open_state(&config)?;
    let gateway = Gateway::new(databases, store.clone(), journal.clone());
    let outcome = runtime.block_on(run(config, listener, gateway, store, journal.clone()));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    journal.close();
    outcome
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TOLLGATE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}

async fn run(
    config: Config,
    listener: Listener,
    gateway: Arc<Gateway>,
    store: Store,
    journal: Journal,
) -> Result<(), Failure> {
    // Before anybody is told that it runs: an unheard SIGHUP would be the end of it.
    let signals = Signals::listen()?;
    let address = listener
        .address()
        .map_err(|e| Failure::Usage(e.to_string()))?;
    let socket = control::bind(&config.state_dir)?;
    let operations = Arc::new(Operations {
        store,
        journal: journal.clone(),
        databases: config.databases.iter().map(|d| d.name.clone()).collect(),
        address: address.to_string(),
    });
    let office = Arc::new(Office::new(
        config.clone(),
        Arc::clone(&gateway),
        operations,
    ));
    let (stop, stopped) = watch::channel(false);
    gateway.set_console(Arc::new(Console::new(Arc::clone(&office), stopped.clone())));
    for key in &config.not_served {
        answer::complain(&format!("{key} is not served by this version yet"));
    }
    office.warn_of_labels_on_nothing();
    let housekeeping = tokio::spawn(Arc::clone(&gateway).housekeeping());
    let controlled = {
        let office = Arc::clone(&office);
        let runtime = tokio::runtime::Handle::current();
        tokio::spawn(control::serve(
            socket,
            Arc::new(move |request| answer_request(&office, &runtime, request)),
        ))
    };
    let serving = tokio::spawn(gateway::serve(listener, Arc::clone(&gateway), stopped));
    note(&journal, "start", &address.to_string());
    announce(&format!("ready postgres={address}"));

    signals.wait_for_the_end(&office).await;
    let _ = stop.send(true);
    let _ = serving.await;
    housekeeping.abort();
    controlled.abort();
    let _ = std::fs::remove_file(control::path(&config.state_dir));
    note(&journal, "stop", &address.to_string());
    Ok(())
}

/// Requests of the command line while the server runs.
fn answer_request(
    office: &Arc<Office>,
    runtime: &tokio::runtime::Handle,
    request: Request,
) -> Answer {
    match request {
        Request::Reload => match runtime.block_on(office.reload("command line")) {
            Ok(line) => Answer::Done(line),
            Err(line) => Answer::Failed(line),
        },
        Request::Revoke { ref grant, .. } => {
            let grant = grant.clone();
            let answer = office.operations().handle(request);
            if matches!(answer, Answer::Done(_)) {
                office.gateway().end_grant(&grant, "the grant was revoked");
            }
            answer
        }
        other => office.operations().handle(other),
    }
}

/// Heard from here on.
struct Signals {
    hup: Signal,
    term: Signal,
    int: Signal,
}

impl Signals {
    fn listen() -> Result<Signals, Failure> {
        let on = |kind| signal(kind).map_err(|e| Failure::Usage(e.to_string()));
        Ok(Signals {
            hup: on(SignalKind::hangup())?,
            term: on(SignalKind::terminate())?,
            int: on(SignalKind::interrupt())?,
        })
    }

    /// SIGHUP reads policies and labels again; SIGTERM and SIGINT end.
    async fn wait_for_the_end(mut self, office: &Office) {
        loop {
            tokio::select! {
                _ = self.hup.recv() => match office.reload("SIGHUP").await {
                    Ok(line) => tracing::info!("{line}"),
                    Err(line) => tracing::error!("not reloaded, the rules before stay in force: {line}"),
                },
                _ = self.term.recv() => return,
                _ = self.int.recv() => return,
            }
        }
    }
}

fn note(journal: &Journal, action: &str, about: &str) {
    let event = Event::Admin {
        action: action.into(),
        by: "server".into(),
        about: about.into(),
    };
    if let Err(e) = journal.append(0, event) {
        tracing::error!("{e}");
    }
}

fn announce(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
