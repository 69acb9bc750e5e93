//! A PostgreSQL server of a referee's own.
//!
//! Owns: [`Server`]: made, started, and gone with whoever asked for it, however that one ends. Refuses: a server that was
//! there before.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use postgres::{Client, Config, NoTls};

/// A running server.
#[derive(Debug)]
pub struct Server {
    dir: PathBuf,
    watch: Option<Child>,
}

impl Server {
    /// Makes one, under a name that shows in its directory's.
    ///
    /// # Panics
    /// Where there is no server program, or it does not start.
    pub fn start(name: &str) -> Server {
        let bin = programs();
        let dir =
            std::env::temp_dir().join(format!("tollgate-referee-{name}-{}", std::process::id()));
        done(command("mkdir").arg("-p").arg(&dir));
        let data = dir.join("data");
        done(command(bin.join("initdb")).arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]));
        // Nothing that comes and goes by itself may change a plan, and with it an order.
        let options = format!(
            "-k {} -c listen_addresses= -c fsync=off -c autovacuum=off -c jit=off -c max_parallel_workers_per_gather=0 \
             -c max_connections=40 -c shared_buffers=64MB -c synchronous_commit=off -c full_page_writes=off",
            dir.display()
        );
        done(
            command(bin.join("pg_ctl"))
                .arg("-D")
                .arg(&data)
                .args(["-w", "-l"])
                .arg(dir.join("log"))
                .arg("-o")
                .arg(options)
                .arg("start"),
        );
        // It reads until this process is no more, whatever ended it.
        let script = format!(
            "read -r _; '{}' -D '{}' -m immediate stop; rm -rf --one-file-system '{}'",
            bin.join("pg_ctl").display(),
            data.display(),
            dir.display()
        );
        let watch = command("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        Server {
            dir,
            watch: Some(watch),
        }
    }

    /// A connection as the superuser.
    ///
    /// # Panics
    /// Where the server does not answer.
    pub fn connect(&self) -> Client {
        self.connect_to("postgres", "postgres")
    }

    /// A connection as this role to this database.
    ///
    /// # Panics
    /// Where the server does not answer.
    pub fn connect_to(&self, role: &str, database: &str) -> Client {
        Config::new()
            .host_path(&self.dir)
            .user(role)
            .dbname(database)
            .connect(NoTls)
            .expect("a connection")
    }

    /// Where its files are.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            drop(watch.stdin.take());
            let _ = watch.wait();
        }
    }
}

/// Where the server's programs are.
fn programs() -> PathBuf {
    if let Ok(given) = std::env::var("TOLLGATE_PGBIN") {
        return PathBuf::from(given);
    }
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL's programs; TOLLGATE_PGBIN says where")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    versions.sort();
    versions.pop().expect("a version of PostgreSQL").join("bin")
}

/// Root may not run a server: then `postgres` does.
fn command(program: impl AsRef<Path>) -> Command {
    let root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|o| o.stdout == b"0\n");
    if root {
        let mut command = Command::new("runuser");
        command
            .args(["-u", "postgres", "--"])
            .arg(program.as_ref())
            .current_dir("/");
        command
    } else {
        Command::new(program.as_ref())
    }
}

/// Runs it quietly to its end.
fn done(command: &mut Command) {
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("a program to run");
    assert!(status.success(), "{command:?}");
}
