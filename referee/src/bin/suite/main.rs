//! PostgreSQL's own regression suite as a measure of understanding: how many of the statements that a real server accepts
//! get complete facts, or at least a class that is sure; and why the others do not.
//!
//! Owns: the order of work and the command line. psql runs each file of the suite against a relay ([`relay`]), which asks
//! `sql::analyze` about every statement just before the server gets it, with the definitions as that very session sees
//! them. Refuses: to hold any text of the suite; its source is fetched by the script `referee/suite`, which starts this.

mod definitions;
mod described;
mod plan;
mod relay;
mod tally;
mod wire;

use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tally::Tally;

/// How long a file may take before its psql is ended.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the sessions and the runner share.
pub struct Shared {
    /// The server's socket.
    pub server: PathBuf,
    /// What was counted.
    pub tally: Mutex<Tally>,
    /// The file being run, with blanks and comments taken out.
    pub file: Mutex<(String, String)>,
    /// What belongs to the server itself, once it was read.
    pub own: Mutex<Option<Arc<definitions::Answers>>>,
}

struct Arguments {
    source: PathBuf,
    server: PathBuf,
    psql: PathBuf,
    work: PathBuf,
    only: Vec<String>,
}

fn arguments() -> Option<Arguments> {
    let mut words = std::env::args().skip(1);
    let mut path = || words.next().map(PathBuf::from);
    Some(Arguments {
        source: path()?,
        server: path()?,
        psql: path()?,
        work: path()?,
        only: std::env::args().skip(5).collect(),
    })
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("suite SOURCE SERVER-SOCKET PSQL WORK-DIRECTORY [GROUP | GROUP/FILE …]");
        return ExitCode::from(2);
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("suite: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs everything; whether the targets are met and nothing was unsound.
fn run(arguments: &Arguments) -> std::io::Result<bool> {
    let shared = Arc::new(Shared {
        server: arguments.server.clone(),
        tally: Mutex::new(Tally::default()),
        file: Mutex::default(),
        own: Mutex::default(),
    });
    // Named as libpq looks for it, so that psql finds it by directory and port.
    let sockets = arguments.work.join("relay");
    std::fs::create_dir_all(&sockets)?;
    let socket = sockets.join(".s.PGSQL.5432");
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket)?;
    {
        let shared = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || {
                    if let Err(error) = relay::session(stream, &shared) {
                        eprintln!("  a session ended: {error}");
                    }
                });
            }
        });
    }
    for group in plan::groups(&arguments.source)? {
        let wanted = |file: &str| {
            arguments.only.is_empty()
                || arguments
                    .only
                    .iter()
                    .any(|o| *o == group.name || *o == format!("{}/{file}", group.name))
        };
        if !group.files.iter().any(|f| wanted(f)) {
            continue;
        }
        let started = Instant::now();
        make_database(arguments, &group)?;
        for file in group.files.iter().filter(|f| wanted(f)) {
            run_file(arguments, &group, file, &sockets, &shared)?;
        }
        eprintln!("{}: {:.0?}", group.name, started.elapsed());
    }
    let tally = shared
        .tally
        .lock()
        .map_err(|_| std::io::Error::other("a session panicked"))?;
    tally.details(&arguments.work.join("statements.tsv"))?;
    print!("{}", tally.report());
    Ok(tally.good())
}

/// psql, as pg_regress sets it up (src/test/regress/pg_regress.c, `initialize_environment`).
fn psql(arguments: &Arguments, host: &Path, database: &str) -> Command {
    let mut command = Command::new(&arguments.psql);
    for name in [
        "PGPORT",
        "PGHOSTADDR",
        "PGPASSWORD",
        "PGOPTIONS",
        "PGCLIENTENCODING",
        "LC_ALL",
    ] {
        command.env_remove(name);
    }
    command
        .env("PGHOST", host)
        .env("PGUSER", "postgres")
        .env("PGAPPNAME", "pg_regress")
        .env("PGTZ", "America/Los_Angeles")
        .env("PGDATESTYLE", "Postgres, MDY")
        .env("PGOPTIONS", "-c intervalstyle=postgres_verbose")
        .env("LC_MESSAGES", "C")
        .env("LANG", "C")
        .args(["-X", "-a", "-q", "-d", database])
        .args(["-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"]);
    command
}

fn make_database(arguments: &Arguments, group: &plan::Group) -> std::io::Result<()> {
    let mut command = psql(
        arguments,
        arguments.server.parent().unwrap_or(Path::new("/")),
        "postgres",
    );
    if let Some(port) = arguments.server.extension() {
        command.env("PGPORT", port);
    }
    let name = &group.database;
    for text in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"),
        format!("ALTER DATABASE {name} SET lc_messages TO 'C'"),
        format!("ALTER DATABASE {name} SET bytea_output TO 'hex'"),
        format!("ALTER DATABASE {name} SET timezone_abbreviations TO 'Default'"),
    ] {
        command.arg("-c").arg(text);
    }
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(std::io::Error::other(format!(
            "database {name} cannot be made"
        ))),
    }
}

fn run_file(
    arguments: &Arguments,
    group: &plan::Group,
    file: &str,
    sockets: &Path,
    shared: &Arc<Shared>,
) -> std::io::Result<()> {
    let path = group.directory.join("sql").join(format!("{file}.sql"));
    let results = arguments.work.join("build");
    std::fs::create_dir_all(results.join("results"))?;
    if let Ok(mut current) = shared.file.lock() {
        let text = std::fs::read(&path)?;
        *current = (
            format!("{}/{file}", group.name),
            tally::bare(&String::from_utf8_lossy(&text)),
        );
    }
    let output = std::fs::File::create(results.join("results").join(format!("{file}.out")))?;
    let mut child = psql(arguments, sockets, &group.database)
        .env("PG_ABS_SRCDIR", &group.directory)
        .env("PG_ABS_BUILDDIR", &results)
        .env("PG_LIBDIR", &results)
        .env("PG_DLSUFFIX", ".so")
        .current_dir(&group.directory)
        .stdin(std::fs::File::open(&path)?)
        .stderr(output.try_clone()?)
        .stdout(output)
        .spawn()?;
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            eprintln!("  {file}: ended after {PATIENCE:?}");
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
