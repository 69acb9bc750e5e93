//! `tollgate explain` and `tollgate classify`: their arguments, and where a statement comes from.
//!
//! Owns: what can be said about who asks. Refuses: a running server's help: both read the config's files, as `check` does.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::Config;
use crate::{Failure, answer, explain, explain_text};

/// A statement, or several.
#[derive(Debug, Args)]
pub struct Statement {
    /// The statement, or several; `-` reads standard input.
    #[arg(required_unless_present = "file")]
    statement: Option<String>,
    /// Read it from a file.
    #[arg(short, long, value_name = "FILE", conflicts_with = "statement")]
    file: Option<PathBuf>,
}

/// Who asks for what.
#[derive(Debug, Args)]
pub struct Explain {
    /// Database, as in the config.
    #[arg(long)]
    database: String,
    /// Role of the agent's grant; may be given several times.
    #[arg(long = "role", required = true)]
    roles: Vec<String>,
    /// The grant's user, for policies that name one.
    #[arg(long, default_value = "")]
    user: String,
    /// The grant's agent.
    #[arg(long, default_value = "")]
    agent: String,
    /// The grant's purpose.
    #[arg(long)]
    purpose: Option<String>,
    /// The client's address.
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    client: IpAddr,
    /// The client's application_name.
    #[arg(long, default_value = "explain", value_name = "NAME")]
    application: String,
    /// The client's connection is encrypted.
    #[arg(long)]
    tls: bool,
    /// The session's search_path, as in SET: `tenant,public`.
    #[arg(long, value_name = "SCHEMAS", value_delimiter = ',')]
    search_path: Option<Vec<String>>,
    #[command(flatten)]
    statement: Statement,
}

impl Statement {
    fn text(self) -> Result<String, Failure> {
        let (from, read) = match (self.file, self.statement) {
            (Some(path), _) => (path.display().to_string(), std::fs::read_to_string(&path)),
            (None, Some(text)) if text != "-" => return Ok(text),
            (None, _) => (
                "standard input".to_owned(),
                std::io::read_to_string(std::io::stdin()),
            ),
        };
        read.map_err(|e| Failure::Usage(format!("{from}: {e}")))
    }
}

/// A schema's name as the server keeps it (PostgreSQL manual 4.1.1).
fn folded(name: &str) -> String {
    let name = name.trim();
    match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_lowercase(),
    }
}

/// `classify`.
pub fn classify(statement: Statement, json: bool) -> Result<(), Failure> {
    let found = explain::classify(&statement.text()?);
    match json {
        true => answer::line(found.to_string()),
        false => explain_text::show(&found),
    }
    Ok(())
}

/// `explain`.
pub fn explain(config: &Config, words: Explain, json: bool) -> Result<(), Failure> {
    let name = &words.database;
    let databases = config.served()?;
    let names: Vec<_> = databases.iter().map(|d| d.name.clone()).collect();
    let Some(served) = databases.into_iter().find(|d| d.name == *name) else {
        return Err(Failure::Usage(format!(
            "there is no database \"{name}\" in the config; there is {}",
            names.join(", ")
        )));
    };
    let mut asker = explain::Asker::of_role("");
    asker.principal.roles = words.roles;
    asker.principal.user = words.user;
    asker.principal.agent = words.agent;
    asker.context.client = words.client;
    asker.context.application = words.application;
    asker.context.tls = words.tls;
    asker.context.purpose = words.purpose;
    let path = |names: Vec<String>| names.iter().map(|name| folded(name)).collect();
    asker.search_path = words.search_path.map(path);
    let text = words.statement.text()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::Usage(e.to_string()))?;
    let opened = runtime
        .block_on(gateway::database::Database::open(served.clone()))
        .map_err(|e| Failure::Usage(format!("database {name}: {e}")))?;
    let found = explain::explain(&served, &asker, &text, &opened.latest());
    match json {
        true => answer::line(found.to_string()),
        false => explain_text::show(&found),
    }
    Ok(())
}
