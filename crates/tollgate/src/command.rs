//! The command line: arguments parsed here, carried out elsewhere.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::json;

use crate::config::Config;
use crate::operations::{Answer, NewGrant, Operations, Request};
use crate::{Failure, answer, control, explain_command, init, replay, secret, serve};

/// A checkpoint between AI agents and the databases they work on.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about, arg_required_else_help = true)]
struct Arguments {
    /// The config file.
    #[arg(
        long,
        global = true,
        default_value = "tollgate.toml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Print JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve agents and DBAs until SIGTERM.
    #[command(after_help = "Example:\n  tollgate --config tollgate.toml serve")]
    Serve,
    /// Check config, policies and labels; exit status 1 for a finding.
    #[command(after_help = "Example:\n  tollgate check && kill -HUP $(pidof tollgate)")]
    Check,
    /// Write a config, policies and labels to begin with.
    #[command(after_help = "Example:\n  tollgate init && $EDITOR tollgate.toml")]
    Init,
    /// Give an agent access; prints its connection string on the last line.
    #[command(
        after_help = "Example:\n  tollgate grant --user alice@example.com --agent claude-code --database shop --role reader --ttl 8h"
    )]
    Grant {
        /// The person it is for.
        #[arg(long)]
        user: String,
        /// The agent.
        #[arg(long)]
        agent: String,
        /// Database, as in the config.
        #[arg(long)]
        database: String,
        /// Role; may be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// How long, like 8h.
        #[arg(long, default_value = "8h")]
        ttl: String,
        /// What for.
        #[arg(long)]
        purpose: Option<String>,
    },
    /// List grants, or revoke one.
    #[command(
        after_help = "Example:\n  tollgate grants\n  tollgate grants revoke claude-code.k7f3q2"
    )]
    Grants {
        #[command(subcommand)]
        command: Option<GrantsCommand>,
    },
    /// Accounts of the DBA's console.
    #[command(after_help = "Example:\n  tollgate dba add dana --role dba")]
    Dba {
        #[command(subcommand)]
        command: DbaCommand,
    },
    /// List sessions.
    #[command(after_help = "Example:\n  tollgate sessions")]
    Sessions,
    /// Show a session as it happened.
    #[command(after_help = "Example:\n  tollgate replay 7")]
    Replay {
        /// Its number.
        session: u64,
    },
    /// Check that the log is what was written; exit status 1 if not.
    #[command(after_help = "Example:\n  tollgate verify")]
    Verify,
    /// Read policies and labels again, in the running server.
    #[command(after_help = "Example:\n  tollgate reload")]
    Reload,
    /// Say what would become of a statement, and why.
    #[command(
        after_help = "Examples:\n  tollgate explain --database shop --role reader 'SELECT email FROM customers'\n  tollgate explain --database shop --role writer --search-path tenant,public --file migration.sql --json"
    )]
    Explain(explain_command::Explain),
    /// Say what a statement does, without a server.
    #[command(after_help = "Example:\n  tollgate classify 'DELETE FROM orders'")]
    Classify(explain_command::Statement),
}

#[derive(Debug, Subcommand)]
enum GrantsCommand {
    /// Revoke a grant; its open sessions are ended.
    Revoke {
        /// Its name.
        grant: String,
    },
}

#[derive(Debug, Subcommand)]
enum DbaCommand {
    /// Add an account, or give it another password. Takes the password from a prompt or from TOLLGATE_DBA_PASSWORD.
    Add {
        /// Name.
        name: String,
        /// Role whose holds she may decide; may be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
    },
    /// Remove an account.
    Remove {
        /// Name.
        name: String,
    },
    /// List accounts.
    List,
}

/// Parses and carries out.
pub fn run() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let path = arguments.config;
    let json = arguments.json;
    let config = || Config::read(&path);
    match arguments.command {
        Command::Serve => serve::serve(config()?),
        Command::Check => check(&config()?, json),
        Command::Init => {
            for file in init::init(&path)? {
                answer::line(format!("wrote {file}"));
            }
            Ok(())
        }
        Command::Grant {
            user,
            agent,
            database,
            roles,
            ttl,
            purpose,
        } => {
            let ttl = humantime::parse_duration(&ttl).map_err(|_| {
                Failure::Usage(format!("--ttl {ttl} is not a duration; write it like 8h"))
            })?;
            let ttl_us = u64::try_from(ttl.as_micros()).unwrap_or(u64::MAX);
            let new = NewGrant {
                user,
                agent,
                database,
                roles,
                ttl_us,
                purpose,
                by: "command line".into(),
            };
            grant(&config()?, new, json)
        }
        Command::Grants { command: None } => grants(&config()?, json),
        Command::Grants {
            command: Some(GrantsCommand::Revoke { grant }),
        } => done(
            &config()?,
            Request::Revoke {
                grant,
                by: "command line".into(),
            },
        ),
        Command::Dba { command } => dba(&config()?, command, json),
        Command::Sessions => sessions(&config()?, json),
        Command::Replay { session } => {
            let Answer::Records(records) = ask(&config()?, Request::Replay { session })? else {
                return Err(unexpected());
            };
            if json {
                for record in records {
                    answer::line(json!(record).to_string());
                }
            } else {
                replay::show(&records);
            }
            Ok(())
        }
        Command::Verify => verify(&config()?, json),
        Command::Reload => done(&config()?, Request::Reload),
        Command::Explain(words) => explain_command::explain(&config()?, words, json),
        Command::Classify(statement) => explain_command::classify(statement, json),
    }
}

fn unexpected() -> Failure {
    Failure::Usage("the server gave an unexpected answer".into())
}

/// Asks the running server, or does it in this process.
fn ask(config: &Config, request: Request) -> Result<Answer, Failure> {
    let answer = match control::ask(&config.state_dir, &request)? {
        Some(answer) => answer,
        None => {
            let (store, journal) = serve::open_state(config)?;
            let databases = config.databases.iter().map(|d| d.name.clone()).collect();
            let operations = Operations {
                store,
                journal: journal.clone(),
                databases,
                address: config.listen.to_string(),
            };
            let answer = operations.handle(request);
            journal.close();
            answer
        }
    };
    match answer {
        Answer::Failed(line) => Err(Failure::Usage(line)),
        answer => Ok(answer),
    }
}

fn done(config: &Config, request: Request) -> Result<(), Failure> {
    match ask(config, request)? {
        Answer::Done(line) => {
            answer::line(line);
            Ok(())
        }
        _ => Err(unexpected()),
    }
}

fn check(config: &Config, json: bool) -> Result<(), Failure> {
    let rules = config.rules()?;
    if let Some((cert, key, ca)) = &config.tls {
        gateway::tls::ServerTls::load(cert, key, ca.as_deref())
            .map_err(|e| Failure::Usage(format!("[tls]: {e}")))?;
    }
    let counted: Vec<_> = rules
        .iter()
        .map(|(name, r)| (name, r.policies.policies().count(), r.labels.columns.len()))
        .collect();
    if json {
        let databases: Vec<_> = counted.iter().map(|(name, policies, labels)| json!({"database": name, "policies": policies, "labelled": labels})).collect();
        answer::line(json!({"ok": true, "databases": databases}).to_string());
    } else {
        for (name, policies, labels) in counted {
            answer::line(format!(
                "{name}: {policies} policies, {labels} labelled column patterns: good"
            ));
        }
    }
    Ok(())
}

/// What an agent puts where its database's URL was.
pub fn connection_string(name: &str, secret: &str, address: &str, database: &str) -> String {
    // Nobody connects to "any address": say one that works on this machine.
    let address = address
        .replace("0.0.0.0:", "127.0.0.1:")
        .replace("[::]:", "[::1]:");
    let database: String =
        percent_encoding::utf8_percent_encode(database, percent_encoding::NON_ALPHANUMERIC)
            .to_string();
    format!(
        "postgres://{name}:{secret}@{address}/{}",
        database.replace("%5F", "_").replace("%2D", "-")
    )
}

fn grant(config: &Config, new: NewGrant, json: bool) -> Result<(), Failure> {
    let database = new.database.clone();
    let Answer::Granted {
        name,
        secret,
        address,
        expires_us,
    } = ask(config, Request::Grant(new))?
    else {
        return Err(unexpected());
    };
    let url = connection_string(&name, &secret, &address, &database);
    let expires = answer::time(expires_us);
    if json {
        answer::line(json!({"grant": name, "url": url, "expires": expires}).to_string());
    } else {
        answer::line(format!(
            "grant {name}, until {expires}; the secret is shown this once"
        ));
        answer::line(url);
    }
    Ok(())
}

fn grants(config: &Config, json: bool) -> Result<(), Failure> {
    let Answer::Grants(grants) = ask(config, Request::Grants)? else {
        return Err(unexpected());
    };
    let state = |g: &journal::Grant| match g.revoked_us {
        Some(_) => "revoked",
        None if g.expires_us <= gateway::judge::now_us() => "expired",
        None => "good",
    };
    if json {
        let rows: Vec<_> = grants
            .iter()
            .map(|g| json!({"grant": g.name, "user": g.user, "agent": g.agent, "database": g.database, "roles": g.roles, "purpose": g.purpose, "expires": answer::time(g.expires_us), "state": state(g)}))
            .collect();
        answer::line(json!(rows).to_string());
        return Ok(());
    }
    let rows: Vec<Vec<String>> = grants
        .iter()
        .map(|g| {
            vec![
                g.name.clone(),
                g.user.clone(),
                g.database.clone(),
                g.roles.join(","),
                answer::time(g.expires_us),
                state(g).into(),
            ]
        })
        .collect();
    answer::table(
        &["grant", "user", "database", "roles", "expires", "state"],
        &rows,
    );
    Ok(())
}

fn dba(config: &Config, command: DbaCommand, json: bool) -> Result<(), Failure> {
    match command {
        DbaCommand::Add { name, roles } => {
            let password = match std::env::var("TOLLGATE_DBA_PASSWORD") {
                Ok(password) => password,
                Err(_) => {
                    rpassword::prompt_password(format!("Password for {name}: ")).map_err(|e| {
                        Failure::Usage(format!(
                            "no password: {e}; type it at the prompt, or set TOLLGATE_DBA_PASSWORD"
                        ))
                    })?
                }
            };
            if password.is_empty() {
                return Err(Failure::Usage(
                    "an empty password opens the console to everybody; choose one".into(),
                ));
            }
            done(
                config,
                Request::AddDba {
                    name,
                    roles,
                    verifier: secret::verifier(&password),
                },
            )
        }
        DbaCommand::Remove { name } => done(config, Request::RemoveDba { name }),
        DbaCommand::List => {
            let Answer::Dbas(dbas) = ask(config, Request::Dbas)? else {
                return Err(unexpected());
            };
            if json {
                let rows: Vec<_> = dbas
                    .iter()
                    .map(|(name, roles)| json!({"name": name, "roles": roles}))
                    .collect();
                answer::line(json!(rows).to_string());
            } else {
                let rows: Vec<Vec<String>> = dbas
                    .into_iter()
                    .map(|(name, roles)| vec![name, roles.join(",")])
                    .collect();
                answer::table(&["name", "roles"], &rows);
            }
            Ok(())
        }
    }
}

fn sessions(config: &Config, json: bool) -> Result<(), Failure> {
    let Answer::Sessions(sessions) = ask(config, Request::Sessions)? else {
        return Err(unexpected());
    };
    if json {
        answer::line(json!(sessions).to_string());
        return Ok(());
    }
    let row = |s: &crate::operations::SessionLine| {
        let end = s.end.clone().unwrap_or_else(|| "open".into());
        let counts = [s.statements, s.denied, s.held, s.rows, s.masked].map(|n| n.to_string());
        let mut row = vec![
            s.session.to_string(),
            s.start.clone(),
            end,
            s.agent.clone(),
            s.user.clone(),
            s.database.clone(),
        ];
        row.extend(counts);
        row
    };
    let rows: Vec<_> = sessions.iter().map(row).collect();
    answer::table(
        &[
            "session",
            "start",
            "end",
            "agent",
            "user",
            "database",
            "statements",
            "denied",
            "held",
            "rows",
            "masked",
        ],
        &rows,
    );
    Ok(())
}

fn verify(config: &Config, json: bool) -> Result<(), Failure> {
    let Answer::Verified {
        records,
        hash,
        broken,
    } = ask(config, Request::Verify)?
    else {
        return Err(unexpected());
    };
    if json {
        answer::line(
            json!({"ok": broken.is_none(), "records": records, "hash": hash, "broken": broken})
                .to_string(),
        );
    }
    match broken {
        Some(what) => Err(Failure::Finding(format!(
            "the log is not what was written: {what}"
        ))),
        None => {
            if !json {
                answer::line(format!(
                    "{records} records, each in its place; the last hash is {hash}"
                ));
            }
            Ok(())
        }
    }
}
