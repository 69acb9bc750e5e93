//! What the console, the control socket and SIGHUP can do to a running gateway.
//!
//! Owns: [`Office`], the console's [`console::Desk`], and [`Console`], which takes over a DBA's connection.
//! Refuses: to let anybody decide on her own request, or without the role that the hold names.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use console::{
    BoxFuture, DatabaseRow, Desk, GrantRequest, LabelRow, LiveSession, Operator, PolicyRow, Refusal,
};
use gateway::Gateway;
use gateway::gateway::{ConsoleLogin, ConsoleServer};
use gateway::hold::HoldDeskError;
use journal::{Event, Journal, Store};
use tokio::sync::watch;

use crate::config::Config;
use crate::operations::{Answer, NewGrant, Operations, Request};

/// The running gateway, as seen by those who may steer it.
pub struct Office {
    config: Config,
    gateway: Arc<Gateway>,
    operations: Arc<Operations>,
}

impl Office {
    /// Over a gateway.
    pub fn new(config: Config, gateway: Arc<Gateway>, operations: Arc<Operations>) -> Office {
        Office {
            config,
            gateway,
            operations,
        }
    }

    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Store and journal.
    pub fn operations(&self) -> &Operations {
        &self.operations
    }

    /// Reads policies and labels again. All or nothing: a bad file leaves every old one in force.
    pub async fn reload(&self, by: &str) -> Result<String, String> {
        let config = self.config.clone();
        let rules = tokio::task::spawn_blocking(move || config.rules())
            .await
            .map_err(|e| e.to_string())?;
        let rules = rules.map_err(|failure| match failure {
            crate::Failure::Finding(line) | crate::Failure::Usage(line) => line,
        })?;
        let count = rules.len();
        for (name, rules) in rules {
            if let Some(database) = self.gateway.databases.get(&name) {
                database.set_rules(rules).await;
            }
        }
        self.note("reload", by, "policies and labels").await?;
        self.warn_of_labels_on_nothing();
        Ok(format!(
            "policies and labels of {count} database(s) are read anew; sessions follow from their next statement on"
        ))
    }

    /// A label on a column that does not exist is likely a slip of the pen, and the column that was meant shows.
    pub fn warn_of_labels_on_nothing(&self) {
        for (name, database) in &self.gateway.databases {
            let known = database.latest();
            for pattern in known.rules.labels.exact_columns() {
                let (Some(schema), Some(table), Some(column)) =
                    (&pattern.schema, &pattern.table, &pattern.column)
                else {
                    continue;
                };
                let exists = known
                    .catalog
                    .relation(schema, table)
                    .is_some_and(|r| r.columns.iter().any(|c| c.name == *column));
                if !exists {
                    tracing::warn!(
                        "database {name}: the label on {schema}.{table}.{column} names no column that exists"
                    );
                }
            }
        }
    }

    async fn note(&self, action: &str, by: &str, about: &str) -> Result<(), String> {
        let event = Event::Admin {
            action: action.into(),
            by: by.into(),
            about: about.into(),
        };
        self.gateway
            .journal
            .append_durable(0, event)
            .await
            .map_err(|e| e.to_string())
    }

    async fn decide(
        &self,
        op: &Operator,
        id: u64,
        approve: bool,
        why: &str,
    ) -> Result<String, Refusal> {
        let store = self.gateway.store.clone();
        let hold = tokio::task::spawn_blocking(move || store.hold(id))
            .await
            .map_err(|_| internal())?;
        let hold = hold
            .map_err(|e| Refusal::new("58030", e.to_string()))?
            .ok_or_else(|| Refusal::new("42704", format!("there is no hold {id}")))?;
        if !op.roles.contains(&hold.approver) {
            return Err(Refusal::new(
                "42501",
                format!(
                    "hold {id} is for the role {}, which {} does not have",
                    hold.approver, op.name
                ),
            ));
        }
        if approve && is_same_person(&op.name, &hold.user) {
            return Err(Refusal::new(
                "42501",
                format!(
                    "hold {id} was asked for by {}: nobody approves her own request",
                    hold.user
                ),
            ));
        }
        match self
            .gateway
            .holds
            .decide(id, approve, op.name.clone(), why.to_owned())
            .await
        {
            Ok(hold) => {
                let what = if approve { "approved" } else { "rejected" };
                Ok(format!(
                    "hold {} is {what}: {}",
                    hold.id,
                    one_line(&hold.text)
                ))
            }
            Err(HoldDeskError::Hold(e @ journal::HoldError::NotFound)) => {
                Err(Refusal::new("42704", format!("hold {id}: {e}")))
            }
            Err(HoldDeskError::Hold(e)) => Err(Refusal::new("55000", format!("hold {id}: {e}"))),
            Err(e) => Err(Refusal::new("58030", e.to_string())),
        }
    }

    /// Does a request of the console's, on a thread that may block.
    async fn operate(&self, request: Request) -> Result<Answer, Refusal> {
        let operations = Arc::clone(&self.operations);
        match tokio::task::spawn_blocking(move || operations.handle(request)).await {
            Ok(Answer::Failed(line)) => Err(Refusal::new("22023", line)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(internal()),
        }
    }
}

fn internal() -> Refusal {
    Refusal::new("XX000", "the request could not be carried out")
}

/// The role that steers the gateway itself: sessions, grants, rules. Other accounts decide the holds of their roles.
const STEERING_ROLE: &str = "dba";

fn may_steer(op: &Operator) -> Result<(), Refusal> {
    if op.roles.iter().any(|r| r == STEERING_ROLE) {
        return Ok(());
    }
    Err(Refusal::new(
        "42501",
        format!("{} has not the role {STEERING_ROLE}", op.name),
    ))
}

/// Whether a DBA's account and a grant's user are one person: the same name, or the name before the @.
fn is_same_person(operator: &str, user: &str) -> bool {
    let short = |name: &str| name.split('@').next().unwrap_or(name).to_lowercase();
    operator.eq_ignore_ascii_case(user)
        || (!operator.contains('@') || !user.contains('@')) && short(operator) == short(user)
}

fn one_line(text: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= 120 {
        flat
    } else {
        flat.chars().take(119).chain(['…']).collect()
    }
}

impl Desk for Office {
    fn store(&self) -> &Store {
        &self.gateway.store
    }

    fn journal(&self) -> &Journal {
        &self.gateway.journal
    }

    fn sessions(&self) -> Vec<LiveSession> {
        let live = self.gateway.live();
        let row = |handle: &Arc<gateway::session::Handle>| {
            let hold = handle.waits_for.load(Ordering::Relaxed);
            LiveSession {
                id: handle.id,
                grant: handle.grant.name.clone(),
                user: handle.grant.user.clone(),
                agent: handle.grant.agent.clone(),
                database: handle.grant.database.clone(),
                client: handle.client.clone(),
                application: handle.application.clone(),
                tls: handle.tls,
                started_us: handle.started_us,
                state: if hold == 0 {
                    "open".into()
                } else {
                    "held".into()
                },
                statements: handle.statements.load(Ordering::Relaxed),
                hold: (hold != 0).then_some(hold),
                expires_us: handle.grant.expires_us,
            }
        };
        live.iter().map(row).collect()
    }

    fn databases(&self) -> Vec<DatabaseRow> {
        let us = |d: std::time::Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        let row = |d: &crate::config::DatabaseEntry| DatabaseRow {
            name: d.name.clone(),
            protocol: "postgres".into(),
            upstream: format!(
                "{}:{}/{}",
                d.upstream.host, d.upstream.port, d.upstream.database
            ),
            policies: d.policies.iter().map(|p| p.display().to_string()).collect(),
            labels: d.labels.as_ref().map(|p| p.display().to_string()),
            hold_wait_us: us(d.hold_wait),
            hold_ttl_us: us(d.hold_ttl),
        };
        self.config.databases.iter().map(row).collect()
    }

    fn policies(&self) -> Vec<PolicyRow> {
        let mut rows = Vec::new();
        for (name, database) in &self.gateway.databases {
            for policy in database.latest().rules.policies.policies() {
                rows.push(PolicyRow {
                    id: policy.id.clone(),
                    database: name.clone(),
                    effect: match policy.effect {
                        policy::Effect::Permit => "permit".into(),
                        policy::Effect::Forbid => "forbid".into(),
                    },
                    hold: policy.hold.clone(),
                    reason: Some(policy.reason.clone()),
                    controls: policy.controls.clone(),
                    file: policy.file.clone(),
                    text: policy.text.clone(),
                });
            }
        }
        rows
    }

    fn labels(&self) -> Vec<LabelRow> {
        let mut rows = Vec::new();
        for entry in &self.config.databases {
            let Some(database) = self.gateway.databases.get(&entry.name) else {
                continue;
            };
            let labels = Arc::clone(&database.latest().rules.labels);
            for (pattern, name) in &labels.columns {
                let Some(label) = labels.label(name) else {
                    continue;
                };
                let part = |p: &Option<String>| p.clone().unwrap_or_else(|| "*".into());
                rows.push(LabelRow {
                    database: entry.name.clone(),
                    column: format!(
                        "{}.{}.{}",
                        part(&pattern.schema),
                        part(&pattern.table),
                        part(&pattern.column)
                    ),
                    label: label.name.clone(),
                    mask: label.mask.clone(),
                    filter: match label.filter {
                        policy::Filter::Allow => "allow".into(),
                        policy::Filter::Equality => "equality".into(),
                        policy::Filter::Deny => "deny".into(),
                    },
                    file: entry
                        .labels
                        .as_ref()
                        .map(|p| p.display().to_string())
                        .unwrap_or_default(),
                });
            }
        }
        rows
    }

    fn decide<'a>(
        &'a self,
        op: &'a Operator,
        hold: u64,
        approve: bool,
        why: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(Office::decide(self, op, hold, approve, why))
    }

    fn terminate<'a>(
        &'a self,
        op: &'a Operator,
        session: u64,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            may_steer(op)?;
            self.note("terminate", &op.name, &format!("session {session}"))
                .await
                .map_err(|e| Refusal::new("58030", e))?;
            if self.gateway.end(
                session,
                gateway::refusal::Refusal::ended(&format!("terminated by {}", op.name)),
            ) {
                Ok(format!("session {session} is ended"))
            } else {
                Err(Refusal::new(
                    "42704",
                    format!("there is no open session {session}"),
                ))
            }
        })
    }

    fn revoke<'a>(
        &'a self,
        op: &'a Operator,
        grant: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            may_steer(op)?;
            let answer = self
                .operate(Request::Revoke {
                    grant: grant.to_owned(),
                    by: op.name.clone(),
                })
                .await?;
            self.gateway.end_grant(grant, "the grant was revoked");
            match answer {
                Answer::Done(line) => Ok(line),
                _ => Err(internal()),
            }
        })
    }

    fn reload<'a>(&'a self, op: &'a Operator) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            may_steer(op)?;
            Office::reload(self, &op.name)
                .await
                .map_err(|line| Refusal::new("F0000", line))
        })
    }

    fn grant_access<'a>(
        &'a self,
        op: &'a Operator,
        request: GrantRequest,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            may_steer(op)?;
            let new = NewGrant {
                user: request.user,
                agent: request.agent,
                database: request.database.clone(),
                roles: request.roles,
                ttl_us: request.ttl_us,
                purpose: request.purpose,
                by: op.name.clone(),
            };
            match self.operate(Request::Grant(new)).await? {
                Answer::Granted {
                    name,
                    secret,
                    address,
                    ..
                } => Ok(crate::command::connection_string(
                    &name,
                    &secret,
                    &address,
                    &request.database,
                )),
                _ => Err(internal()),
            }
        })
    }

    fn explain<'a>(
        &'a self,
        _: &'a Operator,
        database: &'a str,
        role: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            let found =
                self.gateway.databases.get(database).ok_or_else(|| {
                    Refusal::new("3D000", format!("there is no database {database}"))
                })?;
            let known = found
                .fresh()
                .await
                .map_err(|e| Refusal::new("08001", e.to_string()))?;
            let asker = crate::explain::Asker::of_role(role);
            Ok(crate::explain::explain(&found.config, &asker, text, &known).to_string())
        })
    }
}

/// Serves DBAs' connections with the console crate.
pub struct Console {
    office: Arc<Office>,
    stopped: watch::Receiver<bool>,
}

impl Console {
    /// Ends its sessions once `stopped` turns true.
    pub fn new(office: Arc<Office>, stopped: watch::Receiver<bool>) -> Console {
        Console { office, stopped }
    }
}

impl ConsoleServer for Console {
    fn serve(
        &self,
        login: ConsoleLogin,
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let ConsoleLogin {
                mut connection,
                dba,
                key,
            } = login;
            let operator = Operator {
                name: dba.name,
                roles: dba.roles,
            };
            let buffered = connection.buffer.take();
            let desk: Arc<dyn Desk> = Arc::clone(&self.office) as Arc<dyn Desk>;
            let name = operator.name.clone();
            if let Err(e) = console::serve(
                connection.stream,
                buffered,
                key,
                operator,
                desk,
                self.stopped.clone(),
            )
            .await
            {
                tracing::debug!("console session of {name}: {e}");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_same_person;

    #[test]
    fn nobody_is_somebody_else_by_spelling_her_name_differently() {
        for (operator, user, same) in [
            ("alice", "alice@example.com", true),
            ("Alice@Example.com", "alice@example.com", true),
            ("alice", "alice", true),
            ("dana", "alice@example.com", false),
            ("alice@other.example", "alice@example.com", false),
        ] {
            assert_eq!(is_same_person(operator, user), same, "{operator} {user}");
        }
    }
}
