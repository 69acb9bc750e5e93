//! What a person can do from the console: the verbs, their arguments, and how they are asked of the desk.
//!
//! Owns: the list of verbs that act, their checks, and the one place where the desk is asked to act. Refuses: to act
//! on NULL, and to pass on what the desk would refuse anyway for want of a role.

use journal::{Hold, HoldState};

use crate::cell::{Cell, Ty};
use crate::desk::{Desk, GrantRequest, Operator, Refusal};
use crate::moment;

/// A verb that acts, or that must ask the running gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Lets a held statement run once.
    Approve,
    /// Refuses a held statement for good.
    Reject,
    /// Ends a session.
    Terminate,
    /// Ends a grant and its sessions.
    RevokeAccess,
    /// Makes a grant.
    GrantAccess,
    /// Reads policies and labels again.
    Reload,
    /// Says what today's policy would say.
    ExplainPolicy,
}

/// One argument of a verb: name, type, whether it may be left out.
pub type Argument = (&'static str, Ty, bool);

/// Every verb, for `\df` and for name look-up.
pub const VERBS: [Verb; 7] = [
    Verb::Approve,
    Verb::Reject,
    Verb::Terminate,
    Verb::RevokeAccess,
    Verb::GrantAccess,
    Verb::Reload,
    Verb::ExplainPolicy,
];

impl Verb {
    /// Its name as a function.
    pub fn name(self) -> &'static str {
        match self {
            Verb::Approve => "approve",
            Verb::Reject => "reject",
            Verb::Terminate => "terminate",
            Verb::RevokeAccess => "revoke_access",
            Verb::GrantAccess => "grant_access",
            Verb::Reload => "reload",
            Verb::ExplainPolicy => "explain_policy",
        }
    }

    /// Its command tag.
    pub fn tag(self) -> &'static str {
        match self {
            Verb::Approve => "APPROVE",
            Verb::Reject => "REJECT",
            Verb::Terminate => "TERMINATE",
            Verb::RevokeAccess => "REVOKE ACCESS",
            Verb::GrantAccess => "GRANT ACCESS",
            Verb::Reload => "RELOAD",
            Verb::ExplainPolicy => "EXPLAIN",
        }
    }

    /// What it does, for `\df+`.
    pub fn about(self) -> &'static str {
        match self {
            Verb::Approve => "lets a held statement run once: APPROVE 12 'why'",
            Verb::Reject => "refuses a held statement: REJECT 12 'why'",
            Verb::Terminate => "ends a session: TERMINATE 7",
            Verb::RevokeAccess => {
                "ends a grant and its sessions: REVOKE ACCESS 'claude-code.k7f3q2'"
            }
            Verb::GrantAccess => {
                "makes a grant: GRANT ACCESS TO 'alice@example.com' AGENT 'claude-code' DATABASE shop ROLE reader FOR '8h'"
            }
            Verb::Reload => "reads policies and labels again: RELOAD",
            Verb::ExplainPolicy => {
                "what policy says of a statement: EXPLAIN POLICY shop reader 'select …'"
            }
        }
    }

    /// Its arguments.
    pub fn arguments(self) -> &'static [Argument] {
        match self {
            Verb::Approve | Verb::Reject => &[("hold", Ty::Int8, false), ("why", Ty::Text, true)],
            Verb::Terminate => &[("session", Ty::Int8, false)],
            Verb::RevokeAccess => &[("grant", Ty::Text, false)],
            Verb::GrantAccess => &[
                ("user", Ty::Text, false),
                ("agent", Ty::Text, false),
                ("database", Ty::Text, false),
                ("role", Ty::Text, false),
                ("for", Ty::Text, false),
                ("purpose", Ty::Text, true),
            ],
            Verb::Reload => &[],
            Verb::ExplainPolicy => &[
                ("database", Ty::Text, false),
                ("role", Ty::Text, false),
                ("statement", Ty::Text, false),
            ],
        }
    }

    /// Type of its answer.
    pub fn result(self) -> Ty {
        match self {
            Verb::ExplainPolicy => Ty::Json,
            Verb::Approve
            | Verb::Reject
            | Verb::Terminate
            | Verb::RevokeAccess
            | Verb::GrantAccess
            | Verb::Reload => Ty::Text,
        }
    }

    /// The verb of a function's name.
    pub fn named(name: &str) -> Option<Verb> {
        VERBS.into_iter().find(|v| v.name() == name)
    }
}

/// A verb with its arguments, ready to be asked once.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    verb: Verb,
    arguments: Vec<Cell>,
}

impl Call {
    /// Checks number and NULLs.
    pub fn new(verb: Verb, arguments: Vec<Cell>) -> Result<Call, Refusal> {
        let wanted = verb.arguments();
        if arguments.len() > wanted.len() {
            return Err(Refusal::new(
                "42883",
                format!("too many arguments for {}", verb.name()),
            ));
        }
        for (i, (name, _, optional)) in wanted.iter().enumerate() {
            match arguments.get(i) {
                Some(Cell::Null) if !optional => {
                    return Err(Refusal::new(
                        "22004",
                        format!("{}: {name} must not be null", verb.name()),
                    ));
                }
                None if !optional => {
                    return Err(Refusal::new(
                        "42883",
                        format!("{}: {name} is missing", verb.name()),
                    ));
                }
                _ => {}
            }
        }
        Ok(Call { verb, arguments })
    }

    fn text(&self, at: usize) -> String {
        match self.arguments.get(at) {
            Some(Cell::Text(s)) => s.clone(),
            Some(Cell::Int(v)) => v.to_string(),
            Some(Cell::Real(v)) => v.to_string(),
            Some(Cell::Null) | None => String::new(),
        }
    }

    fn number(&self, at: usize, what: &str) -> Result<u64, Refusal> {
        let number = match self.arguments.get(at) {
            Some(Cell::Int(v)) => u64::try_from(*v).ok(),
            Some(Cell::Text(s)) => s.trim().parse().ok(),
            Some(Cell::Real(_) | Cell::Null) | None => None,
        };
        number.filter(|n| *n > 0).ok_or_else(|| {
            Refusal::new(
                "22023",
                format!("{}: {what} must be a number from 1", self.verb.name()),
            )
        })
    }

    /// Refuses early what the desk would refuse: before any row of a statement is acted upon.
    pub fn preflight(&self, desk: &dyn Desk, operator: &Operator) -> Result<(), Refusal> {
        match self.verb {
            Verb::Approve | Verb::Reject => {
                let id = self.number(0, "hold")?;
                let hold = desk
                    .store()
                    .hold(id)
                    .map_err(|_| Refusal::new("58030", "the store cannot be read"))?
                    .ok_or_else(|| Refusal::new("42704", format!("hold {id} does not exist")))?;
                may_decide(&hold, operator, self.verb == Verb::Approve)
            }
            Verb::Terminate => self.number(0, "session").map(|_| ()),
            Verb::GrantAccess => self.request().map(|_| ()),
            Verb::RevokeAccess | Verb::Reload | Verb::ExplainPolicy => Ok(()),
        }
    }

    fn request(&self) -> Result<GrantRequest, Refusal> {
        let ttl = self.text(4);
        let ttl_us = moment::parse_interval(&ttl)
            .and_then(|us| u64::try_from(us).ok())
            .filter(|us| *us > 0)
            .ok_or_else(|| Refusal::new("22007", "say how long, as in FOR '8h' or FOR '2 days'"))?;
        let roles: Vec<String> = self
            .text(3)
            .split(',')
            .map(|r| r.trim().to_owned())
            .filter(|r| !r.is_empty())
            .collect();
        let request = GrantRequest {
            user: self.text(0),
            agent: self.text(1),
            database: self.text(2),
            roles,
            ttl_us,
            purpose: Some(self.text(5)).filter(|p| !p.is_empty()),
        };
        if request.user.is_empty()
            || request.agent.is_empty()
            || request.database.is_empty()
            || request.roles.is_empty()
        {
            return Err(Refusal::new(
                "22023",
                "user, agent, database and role must not be empty",
            ));
        }
        Ok(request)
    }

    /// Asks the desk, once.
    pub async fn perform(&self, desk: &dyn Desk, operator: &Operator) -> Result<Cell, Refusal> {
        let answer = match self.verb {
            Verb::Approve | Verb::Reject => {
                let approve = self.verb == Verb::Approve;
                desk.decide(operator, self.number(0, "hold")?, approve, &self.text(1))
                    .await?
            }
            Verb::Terminate => desk.terminate(operator, self.number(0, "session")?).await?,
            Verb::RevokeAccess => desk.revoke(operator, &self.text(0)).await?,
            Verb::GrantAccess => desk.grant_access(operator, self.request()?).await?,
            Verb::Reload => desk.reload(operator).await?,
            Verb::ExplainPolicy => {
                let json = desk
                    .explain(operator, &self.text(0), &self.text(1), &self.text(2))
                    .await?;
                pretty(json)
            }
        };
        Ok(Cell::Text(answer))
    }
}

/// JSON on several lines, for a person; as it is where it is not JSON.
fn pretty(json: String) -> String {
    match serde_json::from_str::<serde_json::Value>(&json) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or(json),
        Err(_) => json,
    }
}

/// Whether this person may decide this hold. The desk asks again, and the store has the last word.
fn may_decide(hold: &Hold, operator: &Operator, approve: bool) -> Result<(), Refusal> {
    if !operator.roles.contains(&hold.approver) {
        return Err(Refusal::new(
            "42501",
            format!("hold {} is for role {} to decide", hold.id, hold.approver),
        ));
    }
    if approve && is_same_person(&operator.name, &hold.user) {
        return Err(Refusal::new(
            "42501",
            format!(
                "hold {} is your own request: somebody else must approve it",
                hold.id
            ),
        ));
    }
    match hold.state {
        HoldState::Held => Ok(()),
        decided => Err(Refusal::new(
            "55000",
            format!("hold {} is already {}", hold.id, state_name(decided)),
        )),
    }
}

/// `dana` is `dana`, and also `dana@example.com`: an account of the console has no domain.
fn is_same_person(operator: &str, user: &str) -> bool {
    let local = user.split('@').next().unwrap_or(user);
    operator.eq_ignore_ascii_case(user) || operator.eq_ignore_ascii_case(local)
}

/// A hold's state in one word.
pub fn state_name(state: HoldState) -> &'static str {
    match state {
        HoldState::Held => "held",
        HoldState::Approved => "approved",
        HoldState::Rejected => "rejected",
        HoldState::Spent => "spent",
        HoldState::Expired => "expired",
        HoldState::Withdrawn => "withdrawn",
    }
}
