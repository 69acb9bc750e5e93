//! What a client may be told.
//!
//! Owns: [`Refusal`], the only error that reaches an agent from us, and its shape on the wire (SQLSTATE, message, one
//! line of JSON as DETAIL, a HINT that says the same to a person).
//! Refuses: to be made from an internal error; every field is ours, a policy's, or a name of the schema.

use serde_json::{Map, Value, json};
use wire::postgres::reply;

/// A statement, or a session, that was stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    sqlstate: &'static str,
    message: String,
    detail: Option<Box<Map<String, Value>>>,
    hint: Option<String>,
}

fn detail(value: Value) -> Option<Box<Map<String, Value>>> {
    match value {
        Value::Object(map) => Some(Box::new(map)),
        _ => None,
    }
}

impl Refusal {
    fn plain(sqlstate: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            sqlstate,
            message: message.into(),
            detail: None,
            hint: None,
        }
    }

    /// A forbid, or the absence of a permit.
    pub fn denied(policy: &str, reason: &str, controls: &[String], what: &str) -> Refusal {
        Refusal {
            sqlstate: "42501",
            message: format!("denied by policy {policy}: {reason}"),
            detail: detail(
                json!({"verdict": "denied", "policy": policy, "reason": reason, "controls": controls, "needs": what, "retry": "not as it is: change the statement or ask for other access"}),
            ),
            hint: Some(format!(
                "Policy \"{policy}\" does not allow this. {reason}. The statement was not run."
            )),
        }
    }

    /// No decision within `hold_wait`.
    pub fn held(hold: u64, policy: &str, reason: &str, approver: &str, expires: &str) -> Refusal {
        Refusal {
            sqlstate: "TG001",
            message: format!("held for approval: hold {hold}"),
            detail: detail(
                json!({"verdict": "held", "hold": hold, "policy": policy, "reason": reason, "approver": approver, "retry": "run the identical statement again after approval", "expires": expires}),
            ),
            hint: Some(format!(
                "{reason}. Hold {hold} waits for {approver}; it was not run. Run the identical statement again once it is approved; it then passes once."
            )),
        }
    }

    /// A DBA said no.
    pub fn rejected(hold: u64, policy: &str, by: &str, why: &str) -> Refusal {
        Refusal {
            sqlstate: "TG002",
            message: format!("rejected: hold {hold}: {why}"),
            detail: detail(
                json!({"verdict": "rejected", "hold": hold, "policy": policy, "by": by, "why": why, "retry": "not as it is: change the statement after what the DBA said"}),
            ),
            hint: Some(format!(
                "{by} rejected it: {why}. The statement was not run."
            )),
        }
    }

    /// Not understood, and policy does not allow that. `why` holds no literal of the statement.
    pub fn not_understood(why: &str) -> Refusal {
        Refusal {
            sqlstate: "TG003",
            message: format!("not understood: {why}"),
            detail: detail(json!({"verdict": "not_understood", "reason": why, "retry": "write the statement in a simpler form"})),
            hint: Some("What cannot be read to its end is not run. Write it in a simpler form, one statement at a time.".into()),
        }
    }

    /// A labelled value would leave where it cannot be masked.
    pub fn would_reveal(label: &str, where_: &str) -> Refusal {
        Refusal {
            sqlstate: "TG004",
            message: format!("would reveal {label}: {where_}"),
            detail: detail(
                json!({"verdict": "would_reveal", "label": label, "reason": where_, "retry": "select the column as it is, or leave it out"}),
            ),
            hint: Some(format!(
                "Columns labelled \"{label}\" can be selected as they are (their values come masked), not computed with, filtered by beyond what the label allows, or copied."
            )),
        }
    }

    /// Something the gateway does not relay.
    pub fn unsupported(what: &str) -> Refusal {
        Refusal::plain("0A000", format!("{what} is not supported by the gateway"))
    }

    /// Malformed message of the protocol.
    pub fn protocol(what: &str) -> Refusal {
        Refusal::plain("08P01", format!("protocol violation: {what}"))
    }

    /// The grant is unknown, expired, revoked, or for something else.
    pub fn no_access(why: &str) -> Refusal {
        Refusal::plain("28000", why)
    }

    /// Wrong secret, worded as PostgreSQL words it.
    pub fn wrong_password(user: &str) -> Refusal {
        Refusal::plain(
            "28P01",
            format!("password authentication failed for user \"{user}\""),
        )
    }

    /// The session is ended.
    pub fn ended(why: &str) -> Refusal {
        Refusal::plain("57P01", format!("terminating connection: {why}"))
    }

    /// The agent cancelled while its statement waited.
    pub fn cancelled() -> Refusal {
        Refusal::plain("57014", "canceling statement due to user request")
    }

    /// The journal cannot write: nothing runs.
    pub fn journal_down() -> Refusal {
        Refusal {
            sqlstate: "58030",
            message: "the journal cannot be written, so no statement is run".into(),
            detail: detail(json!({"verdict": "denied", "reason": "journal", "retry": "later"})),
            hint: Some("Ask the operator of the gateway to look at its state directory.".into()),
        }
    }

    /// The database behind cannot be reached, or does not let the gateway in.
    pub fn unreachable(database: &str) -> Refusal {
        Refusal::plain(
            "08001",
            format!("database \"{database}\" cannot be reached by the gateway"),
        )
    }

    /// The server itself turned the session away, with this SQLSTATE of a class that holds no secret.
    pub fn server_busy(sqlstate: &'static str, database: &str) -> Refusal {
        Refusal::plain(
            sqlstate,
            format!("database \"{database}\" does not accept another session now"),
        )
    }

    /// TLS is demanded and not there.
    pub fn tls_required() -> Refusal {
        Refusal::plain(
            "28000",
            "this gateway accepts only encrypted connections (use sslmode=require)",
        )
    }

    /// Too many sessions, or shutting down.
    pub fn not_now(why: &str) -> Refusal {
        Refusal::plain("57P03", why)
    }

    /// A setting of the startup packet that cannot be had.
    pub fn bad_setting() -> Refusal {
        Refusal::plain(
            "22023",
            "a setting in the connection string is unknown, has a wrong value, or is not allowed",
        )
    }

    /// The transaction has failed, in PostgreSQL's words.
    pub fn aborted() -> Refusal {
        Refusal::plain(
            "25P02",
            "current transaction is aborted, commands ignored until end of transaction block",
        )
    }

    /// A bound of the gateway's own.
    pub fn too_many(what: &str) -> Refusal {
        Refusal::plain("53400", format!("too many {what} in one session"))
    }

    /// The connection to the server was lost.
    pub fn server_gone() -> Refusal {
        Refusal::plain("08006", "the connection to the database was lost")
    }

    /// Five characters.
    pub fn sqlstate(&self) -> &'static str {
        self.sqlstate
    }

    /// The primary message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Appends an ErrorResponse of severity ERROR.
    pub fn write_error(&self, out: &mut Vec<u8>) {
        self.write("ERROR", out);
    }

    /// Appends an ErrorResponse of severity FATAL: the connection is closed after it.
    pub fn write_fatal(&self, out: &mut Vec<u8>) {
        self.write("FATAL", out);
    }

    fn write(&self, severity: &str, out: &mut Vec<u8>) {
        let detail = self
            .detail
            .as_ref()
            .map(|d| Value::Object(d.as_ref().clone()).to_string());
        let mut fields: Vec<(u8, &str)> = vec![
            (b'S', severity),
            (b'V', severity),
            (b'C', self.sqlstate),
            (b'M', &self.message),
        ];
        if let Some(text) = &detail {
            fields.push((b'D', text));
        }
        if let Some(text) = &self.hint {
            fields.push((b'H', text));
        }
        reply::write_error(out, &fields);
    }
}

/// The NOTICE that goes out at once when a statement begins to wait.
pub fn held_notice(
    out: &mut Vec<u8>,
    hold: u64,
    policy: &str,
    reason: &str,
    approver: &str,
    wait_s: u64,
) {
    let detail =
        json!({"verdict": "waiting", "hold": hold, "policy": policy, "approver": approver, "wait_seconds": wait_s}).to_string();
    let message = format!("waiting for approval: hold {hold}: {reason}");
    reply::write_notice(
        out,
        &[
            (b'S', "NOTICE"),
            (b'V', "NOTICE"),
            (b'C', "TG001"),
            (b'M', &message),
            (b'D', &detail),
        ],
    );
}
