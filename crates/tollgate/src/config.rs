//! `tollgate.toml`.
//!
//! Owns: its keys, `${NAME}` from the environment, and reading the policy and label files that it names.
//! Refuses: unknown keys, missing files, values it does not understand: one line each, with file, line, and what to write.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use gateway::config::{DatabaseConfig, Rules, UpstreamConfig};
use policy::{Labels, PolicySet};
use serde::Deserialize;

use crate::{Failure, server_url};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default = "default_listen")]
    listen: String,
    listen_mysql: Option<String>,
    listen_http: Option<String>,
    #[serde(default = "default_state_dir")]
    state_dir: PathBuf,
    tls: Option<Tls>,
    #[serde(default)]
    databases: BTreeMap<String, Database>,
}

fn default_listen() -> String {
    "127.0.0.1:6432".into()
}

fn default_state_dir() -> PathBuf {
    "state".into()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    url: String,
    #[serde(default)]
    policies: Vec<PathBuf>,
    labels: Option<PathBuf>,
    #[serde(default = "default_hold_wait")]
    hold_wait: String,
    #[serde(default = "default_hold_ttl")]
    hold_ttl: String,
}

fn default_hold_wait() -> String {
    "60s".into()
}

fn default_hold_ttl() -> String {
    "24h".into()
}

/// The config, understood; the files it names are not read yet.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where agents and DBAs connect.
    pub listen: SocketAddr,
    /// Absolute, or relative to the working directory.
    pub state_dir: PathBuf,
    /// Certificate, key, and CA of the clients'.
    pub tls: Option<(PathBuf, PathBuf, Option<PathBuf>)>,
    /// In order of name.
    pub databases: Vec<DatabaseEntry>,
    /// Keys that this version accepts and does nothing for yet.
    pub not_served: Vec<&'static str>,
}

/// One `[databases.…]`.
#[derive(Debug, Clone)]
pub struct DatabaseEntry {
    /// Name.
    pub name: String,
    /// Server.
    pub upstream: UpstreamConfig,
    /// Policy files, as they can be opened.
    pub policies: Vec<PathBuf>,
    /// Label file.
    pub labels: Option<PathBuf>,
    /// See the gateway's config.
    pub hold_wait: Duration,
    /// See the gateway's config.
    pub hold_ttl: Duration,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// One line: what is wrong, where, and what to write instead.
    pub fn read(path: &Path) -> anyhow::Result<Config> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            anyhow!(
                "{}: {}; `tollgate init` writes a config to begin with",
                path.display(),
                reason(&e)
            )
        })?;
        let file: File = toml::from_str(&text).map_err(|e| {
            let (line, column) = e.span().map_or((1, 1), |span| position(&text, span.start));
            let key = key_of(&text, line);
            let message = e.message().replace('\n', " ");
            anyhow!("{}:{line}:{column}: {key}{message}", path.display())
        })?;
        let base = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Config::understand(path, base, &text, file)
    }

    fn understand(path: &Path, base: &Path, text: &str, file: File) -> anyhow::Result<Config> {
        let at = |key: &str| format!("{}:{}", path.display(), line_of(text, key));
        let listen = file.listen.parse().map_err(|_| {
            anyhow!(
                "{}: listen = \"{}\" is not an address and port; write it like \"127.0.0.1:6432\"",
                at("listen"),
                file.listen
            )
        })?;
        if file.databases.is_empty() {
            bail!(
                "{}: there is no [databases.NAME] section; write one with url and policies",
                path.display()
            );
        }
        let mut databases = Vec::new();
        for (name, section) in file.databases {
            let place = at(&format!("[databases.{name}]"));
            databases.push(database(name, section, base).with_context(|| place)?);
        }
        let mut not_served = Vec::new();
        if file.listen_mysql.is_some() {
            not_served.push("listen_mysql");
        }
        if file.listen_http.is_some() {
            not_served.push("listen_http");
        }
        Ok(Config {
            listen,
            state_dir: base.join(file.state_dir),
            tls: file.tls.map(|t| {
                (
                    base.join(t.cert),
                    base.join(t.key),
                    t.client_ca.map(|p| base.join(p)),
                )
            }),
            databases,
            not_served,
        })
    }

    /// Reads every policy and label file.
    ///
    /// # Errors
    /// A missing file is a usage error; one that does not validate is a finding.
    pub fn rules(&self) -> Result<Vec<(String, Rules)>, Failure> {
        let names: Vec<&str> = self.databases.iter().map(|d| d.name.as_str()).collect();
        let mut all = Vec::new();
        let mut problems = Vec::new();
        for database in &self.databases {
            match database.rules(&names)? {
                Ok(rules) => all.push((database.name.clone(), rules)),
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() {
            return Ok(all);
        }
        problems.dedup();
        Err(Failure::Finding(problems.join("\ntollgate: ")))
    }

    /// What the gateway serves.
    ///
    /// # Errors
    /// As for [`Config::rules`].
    pub fn served(&self) -> Result<Vec<DatabaseConfig>, Failure> {
        let rules = self.rules()?;
        Ok(self
            .databases
            .iter()
            .zip(rules)
            .map(|(database, (_, rules))| database.served(rules))
            .collect())
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".into(),
        _ => error.to_string(),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|e| Failure::Usage(format!("{}: {}", path.display(), reason(&e))))
}

impl DatabaseEntry {
    fn rules(&self, names: &[&str]) -> Result<Result<Rules, Vec<String>>, Failure> {
        let mut files = Vec::new();
        for path in &self.policies {
            files.push((path.display().to_string(), read(path)?));
        }
        let mut problems = Vec::new();
        let policies = PolicySet::load(&files, names)
            .map_err(|found| problems.extend(found.iter().map(ToString::to_string)));
        let labels = match &self.labels {
            None => Ok(Labels::default()),
            Some(path) => {
                let name = path.display().to_string();
                let text = read(path)?;
                Labels::parse(&name, &text)
                    .map_err(|found| problems.extend(found.iter().map(ToString::to_string)))
            }
        };
        if let Ok(labels) = &labels {
            for label in &labels.labels {
                if let Err(e) = mask::Method::parse(&label.mask, label.value.as_deref()) {
                    let file = self
                        .labels
                        .as_ref()
                        .map(|p| p.display().to_string())
                        .unwrap_or_default();
                    problems.push(format!("{file}: label {}: {e}", label.name));
                }
            }
        }
        Ok(match (policies, labels) {
            (Ok(policies), Ok(labels)) if problems.is_empty() => Ok(Rules {
                policies: Arc::new(policies),
                labels: Arc::new(labels),
            }),
            _ => Err(problems),
        })
    }

    fn served(&self, rules: Rules) -> DatabaseConfig {
        DatabaseConfig {
            name: self.name.clone(),
            upstream: self.upstream.clone(),
            rules,
            hold_wait: self.hold_wait,
            hold_ttl: self.hold_ttl,
        }
    }
}

fn database(name: String, section: Database, base: &Path) -> anyhow::Result<DatabaseEntry> {
    if name == gateway::gateway::CONSOLE {
        bail!("\"{name}\" is the DBA's console; give the database another name");
    }
    if section.policies.is_empty() {
        bail!(
            "databases.{name} has no policies, so that nothing would be permitted; write policies = [\"agents.cedar\"]"
        );
    }
    let duration = |key: &str, value: &str| {
        humantime::parse_duration(value).map_err(|_| {
            anyhow!(
                "{key} = \"{value}\" is not a duration; write it like \"60s\", \"15min\" or \"24h\""
            )
        })
    };
    Ok(DatabaseEntry {
        upstream: server_url::read(&section.url, base)?,
        policies: section.policies.iter().map(|p| base.join(p)).collect(),
        labels: section.labels.map(|p| base.join(p)),
        hold_wait: duration("hold_wait", &section.hold_wait)?,
        hold_ttl: duration("hold_ttl", &section.hold_ttl)?,
        name,
    })
}

fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The key that a line sets, to be named in a message; never its value.
fn key_of(text: &str, line: usize) -> String {
    let pair = text.lines().nth(line - 1).and_then(|l| l.split_once('='));
    let key = pair.map_or("", |(key, _)| key.trim());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if key.is_empty() || !key.chars().all(plain) {
        String::new()
    } else {
        format!("{key}: ")
    }
}

/// The line a key or section begins on, for messages about values that TOML itself finds nothing wrong with.
fn line_of(text: &str, key: &str) -> usize {
    text.lines()
        .position(|line| line.trim_start().starts_with(key))
        .map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(text: &str) -> Result<Config, String> {
        let file: File = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        Config::understand(Path::new("t.toml"), Path::new("."), text, file)
            .map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line_with_its_place() {
        for (text, said) in [
            (
                "listen = \"x\"",
                "t.toml:1: listen = \"x\" is not an address and port",
            ),
            (
                "\n[databases.a]\nurl = \"postgres://u@h/d\"",
                "t.toml:2: databases.a has no policies",
            ),
            (
                "[databases.a]\nurl = \"mysql://u@h/d\"\npolicies=[\"p\"]",
                "mysql:// is not served by this version",
            ),
            (
                "[databases.a]\nurl = \"postgres://h/d\"\npolicies=[\"p\"]",
                "there is no user",
            ),
            (
                "[databases.a]\nurl = \"postgres://u@h/d?sslmode=maybe\"\npolicies=[\"p\"]",
                "sslmode=maybe is not one of",
            ),
            (
                "[databases.a]\nurl = \"postgres://u@h/d?sslcert=x\"\npolicies=[\"p\"]",
                "\"sslcert\" is not known",
            ),
            (
                "[databases.a]\nurl = \"postgres://u:${NO_SUCH_VARIABLE_HERE}@h/d\"\npolicies=[\"p\"]",
                "the environment has no NO_SUCH_VARIABLE_HERE",
            ),
            (
                "[databases.a]\nurl = \"postgres://u@h/d\"\npolicies=[\"p\"]\nhold_wait = \"soon\"",
                "hold_wait = \"soon\" is not a duration",
            ),
            (
                "[databases.tollgate]\nurl = \"postgres://u@h/d\"\npolicies=[\"p\"]",
                "is the DBA's console",
            ),
            ("", "there is no [databases.NAME] section"),
            ("colour = \"red\"", "unknown field `colour`"),
        ] {
            let got = understood(text).unwrap_err();
            assert!(got.contains(said), "{text:?} said {got:?}");
            assert!(
                !got.contains('\n') || got.contains("unknown field"),
                "{got:?}"
            );
        }
    }

    use gateway::config::SslMode;

    #[test]
    fn a_url_is_read_as_libpq_reads_it() {
        let config = understood("[databases.a]\nurl = \"postgres://a%40b:p%3Aw@db.example:5433/s%20hop?sslmode=verify-full&connect_timeout=3\"\npolicies=[\"p\"]").unwrap();
        let up = &config.databases[0].upstream;
        assert_eq!(
            (
                up.user.as_str(),
                up.host.as_str(),
                up.port,
                up.database.as_str()
            ),
            ("a@b", "db.example", 5433, "s hop")
        );
        assert_eq!(up.password.as_ref().map(|p| p.0.as_str()), Some("p:w"));
        assert_eq!(up.sslmode, SslMode::VerifyFull);
        assert!(
            !format!("{config:?}").contains("p:w"),
            "a password in Debug"
        );
    }
}
