//! A real PostgreSQL for a test, and as much of its protocol as a referee needs.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server of its own, gone when dropped.
pub struct Server {
    bin: PathBuf,
    dir: PathBuf,
}

/// Root may not run a server: then `postgres` does.
fn command(program: &Path) -> Command {
    let root = std::process::Command::new("id")
        .arg("-u")
        .output()
        .unwrap()
        .stdout
        == b"0\n";
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Server {
    pub fn start(name: &str) -> Option<Server> {
        let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .map(|e| e.unwrap().path())
            .collect();
        versions.sort();
        let bin = versions.pop()?.join("bin");
        // A process that was killed leaves its directory, and its number to another.
        let made = command(Path::new("mktemp"))
            .args(["-d", &format!("/tmp/sql-referee-{name}-XXXXXX")])
            .output()
            .unwrap();
        let dir = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end());
        assert!(made.status.success() && dir.is_dir(), "{dir:?}");
        let server = Server { bin, dir };
        let quiet = |c: &mut Command| assert!(c.output().unwrap().status.success(), "{c:?}");
        quiet(
            command(&server.bin.join("initdb"))
                .arg("-D")
                .arg(server.data())
                .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"])
                .arg("--no-sync"),
        );
        quiet(
            command(&server.bin.join("pg_ctl"))
                .arg("-D")
                .arg(server.data())
                .args(["-w", "-l"])
                .arg(server.dir.join("log"))
                .arg("-o")
                .arg(format!(
                    "-k {} -p 5432 -c listen_addresses= -c fsync=off -c autovacuum=off",
                    server.dir.display()
                ))
                .arg("start"),
        );
        Some(server)
    }
    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = command(&self.bin.join("pg_ctl"))
            .arg("-D")
            .arg(self.data())
            .args(["-m", "immediate", "stop"])
            .output();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// As much of the protocol as a referee needs.
pub struct Client(UnixStream);

/// A column as the server describes it.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub table: u32,
    pub column: i16,
}

impl Client {
    pub fn connect(server: &Server) -> Client {
        let mut stream = UnixStream::connect(server.dir.join(".s.PGSQL.5432")).unwrap();
        let body = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
        stream
            .write_all(&(body.len() as u32 + 4).to_be_bytes())
            .unwrap();
        stream.write_all(body).unwrap();
        let mut client = Client(stream);
        client.until_ready();
        client
    }
    pub fn message(&mut self, tag: u8, body: &[u8]) {
        self.0.write_all(&[tag]).unwrap();
        self.0
            .write_all(&(body.len() as u32 + 4).to_be_bytes())
            .unwrap();
        self.0.write_all(body).unwrap();
    }
    pub fn until_ready(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut all = vec![];
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head).unwrap();
            let length = u32::from_be_bytes(head[1..].try_into().unwrap()) - 4;
            let mut body = vec![0; length as usize];
            self.0.read_exact(&mut body).unwrap();
            if head[0] == b'Z' {
                return all;
            }
            all.push((head[0], body));
        }
    }
    /// Rows as text, NULL as the empty string.
    pub fn run(&mut self, text: &str) -> Vec<Vec<String>> {
        let rows = self.rows(text).into_iter();
        rows.map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
            .collect()
    }
    /// Rows as text, NULL as None.
    pub fn rows(&mut self, text: &str) -> Vec<Vec<Option<String>>> {
        self.message(b'Q', format!("{text}\0").as_bytes());
        let mut rows = vec![];
        for (tag, body) in self.until_ready() {
            assert_ne!(tag, b'E', "{text}: {}", String::from_utf8_lossy(&body));
            if tag == b'D' {
                let mut row = vec![];
                let mut at = 2;
                while at < body.len() {
                    let length = i32::from_be_bytes(body[at..at + 4].try_into().unwrap());
                    at += 4;
                    let Ok(length) = usize::try_from(length) else {
                        row.push(None);
                        continue;
                    };
                    row.push(Some(
                        String::from_utf8(body[at..at + length].to_vec()).unwrap(),
                    ));
                    at += length;
                }
                rows.push(row);
            }
        }
        rows
    }
    /// The server's description of a statement, or its refusal.
    pub fn describe(&mut self, text: &str) -> Result<Vec<Field>, String> {
        self.message(b'P', format!("\0{text}\0\0\0").as_bytes());
        self.message(b'D', b"S\0");
        self.message(b'S', b"");
        let mut fields = vec![];
        for (tag, body) in self.until_ready() {
            if tag == b'E' {
                return Err(String::from_utf8_lossy(&body).replace('\0', " "));
            }
            if tag == b'T' {
                let mut rest = &body[2..];
                while !rest.is_empty() {
                    let end = rest.iter().position(|b| *b == 0).unwrap();
                    let name = String::from_utf8(rest[..end].to_vec()).unwrap();
                    rest = &rest[end + 1..];
                    let table = u32::from_be_bytes(rest[..4].try_into().unwrap());
                    let column = i16::from_be_bytes(rest[4..6].try_into().unwrap());
                    rest = &rest[18..];
                    fields.push(Field {
                        name,
                        table,
                        column,
                    });
                }
            }
        }
        Ok(fields)
    }
}
