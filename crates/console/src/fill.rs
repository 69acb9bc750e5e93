//! Rows of the relations in `public`, from the desk, the store and the journal.
//!
//! Owns: which of the gateway's facts stands in which column. Refuses: to touch a verifier.

use journal::{Grant, Hold, HoldState};

use crate::catalog::{self, Surroundings};
use crate::cell::Cell;
use crate::desk::{DatabaseRow, Desk, LiveSession, Refusal};
use crate::engine::Rows;
use crate::log::{self, Log};
use crate::relation::{self, Schema};
use crate::translate::{ReplayOf, Wanted};
use crate::verb::state_name;

/// How many ended sessions `sessions` shows.
const ENDED: usize = 1_000;
const SECOND: i64 = 1_000_000;

fn unreadable(_: journal::StoreError) -> Refusal {
    Refusal::new("58030", "the store cannot be read")
}

/// What the catalogue shows of this gateway.
pub fn surroundings(
    desk: &dyn Desk,
    settings: &[(String, String)],
) -> Result<Surroundings, Refusal> {
    Ok(Surroundings {
        databases: desk.databases().into_iter().map(|d| d.name).collect(),
        accounts: desk
            .store()
            .dbas()
            .map_err(unreadable)?
            .into_iter()
            .map(|d| (d.name, d.roles))
            .collect(),
        settings: settings.to_vec(),
    })
}

/// Rows of what a query wants.
pub fn fill(
    wanted: &Wanted,
    desk: &dyn Desk,
    log: &mut Log,
    around: &Surroundings,
    parameters: &[Cell],
    now_us: i64,
) -> Result<Rows, Refusal> {
    let oid = match wanted {
        Wanted::Relation(oid) => *oid,
        Wanted::Replay(_, of) => {
            let session = match of {
                ReplayOf::Session(session) => Some(*session),
                ReplayOf::Parameter(at) => match parameters.get(*at) {
                    Some(Cell::Int(v)) => u64::try_from(*v).ok(),
                    _ => None,
                },
            };
            let session = session
                .ok_or_else(|| Refusal::new("22023", "replay wants the number of a session"))?;
            return log::replay(desk.journal(), session);
        }
    };
    let Some(relation) = relation::by_oid(oid) else {
        return Ok(Vec::new());
    };
    if relation.schema != Schema::Public {
        return Ok(catalog::rows(relation, around));
    }
    match relation.name {
        "held" => Ok(held(desk, now_us)
            .iter()
            .map(|h| held_row(h, now_us))
            .collect()),
        "holds" => Ok(desk
            .store()
            .holds()
            .map_err(unreadable)?
            .iter()
            .map(|h| hold_row(h, now_us))
            .collect()),
        "sessions" => sessions(desk),
        "statements" => log.rows(desk.journal()),
        "grants" => Ok(desk
            .store()
            .grants()
            .map_err(unreadable)?
            .iter()
            .map(|g| grant_row(g, now_us))
            .collect()),
        "databases" => databases(desk, now_us),
        "policies" => Ok(desk.policies().into_iter().map(policy_row).collect()),
        "labels" => Ok(desk.labels().into_iter().map(label_row).collect()),
        "macros" => Ok(vec![crate::macros::row()]),
        _ => Ok(Vec::new()),
    }
}

fn is_over(hold: &Hold, now_us: i64) -> bool {
    i64::try_from(hold.expires_us).unwrap_or(i64::MAX) <= now_us
}

/// The state a hold is in now, also when nobody has written down yet that its time ran out.
fn state(hold: &Hold, now_us: i64) -> &'static str {
    match hold.state {
        HoldState::Held | HoldState::Approved if is_over(hold, now_us) => {
            state_name(HoldState::Expired)
        }
        state => state_name(state),
    }
}

fn held(desk: &dyn Desk, now_us: i64) -> Vec<Hold> {
    let mut list = desk.store().open_holds();
    list.retain(|h| h.state == HoldState::Held && !is_over(h, now_us));
    list.sort_by_key(|h| h.id);
    list
}

fn parameters(hold: &Hold) -> Cell {
    let items = hold
        .parameters
        .iter()
        .map(|p| {
            p.clone()
                .map_or(serde_json::Value::Null, serde_json::Value::String)
        })
        .collect();
    Cell::Text(serde_json::Value::Array(items).to_string())
}

fn held_row(h: &Hold, now_us: i64) -> Vec<Cell> {
    let waiting = now_us
        .saturating_sub(i64::try_from(h.created_us).unwrap_or(i64::MAX))
        .max(0);
    vec![
        Cell::number(h.id),
        Cell::Int(waiting / SECOND * SECOND),
        h.user.as_str().into(),
        h.agent.as_str().into(),
        h.database.as_str().into(),
        h.class.as_str().into(),
        h.text.as_str().into(),
        parameters(h),
        Cell::list(&h.needs),
        h.reason.as_str().into(),
        h.approver.as_str().into(),
        h.policy.as_str().into(),
        Cell::list(&h.controls),
        h.search_path.as_str().into(),
        Cell::number(h.session),
        h.grant.as_str().into(),
        Cell::number(h.created_us),
        Cell::number(h.expires_us),
    ]
}

fn hold_row(h: &Hold, now_us: i64) -> Vec<Cell> {
    vec![
        Cell::number(h.id),
        state(h, now_us).into(),
        h.user.as_str().into(),
        h.agent.as_str().into(),
        h.database.as_str().into(),
        h.class.as_str().into(),
        h.text.as_str().into(),
        parameters(h),
        Cell::list(&h.needs),
        h.reason.as_str().into(),
        h.approver.as_str().into(),
        h.policy.as_str().into(),
        Cell::list(&h.controls),
        h.search_path.as_str().into(),
        Cell::number(h.session),
        h.grant.as_str().into(),
        Cell::number(h.created_us),
        Cell::number(h.expires_us),
        Cell::maybe(h.decided_us),
        Cell::text(h.decided_by.as_deref()),
        Cell::text(h.why.as_deref()),
    ]
}

fn sessions(desk: &dyn Desk) -> Result<Rows, Refusal> {
    // The log first: of what it has, those that are not live then have ended, and did not just begin.
    let summaries = desk
        .journal()
        .sessions()
        .map_err(|_| Refusal::new("58030", "the session log cannot be read"))?;
    let live = desk.sessions();
    let mut rows: Rows = live.iter().map(live_row).collect();
    let ended = summaries
        .into_iter()
        .rev()
        .filter(|s| s.id != 0 && !live.iter().any(|l| l.id == s.id))
        .take(ENDED);
    for s in ended {
        rows.push(vec![
            Cell::number(s.id),
            Cell::Text(s.user),
            Cell::Text(s.agent),
            Cell::Text(s.grant),
            Cell::Text(s.database),
            "ended".into(),
            Cell::number(s.start_us),
            Cell::maybe(s.end_us),
            Cell::text(s.end_reason.as_deref()),
            Cell::Text(s.client),
            Cell::Text(s.application),
            Cell::Null,
            Cell::number(s.statements),
            Cell::Null,
            Cell::Null,
        ]);
    }
    rows.sort_by_key(|row| match row.first() {
        Some(Cell::Int(id)) => *id,
        _ => 0,
    });
    Ok(rows)
}

fn live_row(s: &LiveSession) -> Vec<Cell> {
    vec![
        Cell::number(s.id),
        s.user.as_str().into(),
        s.agent.as_str().into(),
        s.grant.as_str().into(),
        s.database.as_str().into(),
        s.state.as_str().into(),
        Cell::number(s.started_us),
        Cell::Null,
        Cell::Null,
        s.client.as_str().into(),
        s.application.as_str().into(),
        s.tls.into(),
        Cell::number(s.statements),
        Cell::maybe(s.hold),
        Cell::number(s.expires_us),
    ]
}

/// Everything of a grant but its verifier.
fn grant_row(g: &Grant, now_us: i64) -> Vec<Cell> {
    let Grant {
        name,
        user,
        agent,
        database,
        roles,
        purpose,
        verifier: _,
        created_us,
        created_by,
        expires_us,
        revoked_us,
    } = g;
    let state = if revoked_us.is_some() {
        "revoked"
    } else if i64::try_from(*expires_us).unwrap_or(i64::MAX) <= now_us {
        "expired"
    } else {
        "active"
    };
    vec![
        name.as_str().into(),
        user.as_str().into(),
        agent.as_str().into(),
        database.as_str().into(),
        Cell::list(roles),
        Cell::text(purpose.as_deref()),
        state.into(),
        Cell::number(*created_us),
        created_by.as_str().into(),
        Cell::number(*expires_us),
        Cell::maybe(*revoked_us),
    ]
}

fn databases(desk: &dyn Desk, now_us: i64) -> Result<Rows, Refusal> {
    let sessions = desk.sessions();
    let held = held(desk, now_us);
    let count = |n: usize| Cell::number(u64::try_from(n).unwrap_or(u64::MAX));
    Ok(desk
        .databases()
        .into_iter()
        .map(|d| {
            let DatabaseRow {
                name,
                protocol,
                upstream,
                policies,
                labels,
                hold_wait_us,
                hold_ttl_us,
            } = d;
            let live = sessions.iter().filter(|s| s.database == name).count();
            let waiting = held.iter().filter(|h| h.database == name).count();
            vec![
                Cell::Text(name),
                Cell::Text(protocol),
                Cell::Text(upstream),
                Cell::list(&policies),
                Cell::text(labels.as_deref()),
                Cell::number(hold_wait_us),
                Cell::number(hold_ttl_us),
                count(live),
                count(waiting),
            ]
        })
        .collect())
}

fn policy_row(p: crate::desk::PolicyRow) -> Vec<Cell> {
    vec![
        Cell::Text(p.id),
        Cell::Text(p.database),
        Cell::Text(p.effect),
        Cell::text(p.hold.as_deref()),
        Cell::text(p.reason.as_deref()),
        Cell::list(&p.controls),
        Cell::Text(p.file),
        Cell::Text(p.text),
    ]
}

fn label_row(l: crate::desk::LabelRow) -> Vec<Cell> {
    vec![
        Cell::Text(l.database),
        Cell::Text(l.column),
        Cell::Text(l.label),
        Cell::Text(l.mask),
        Cell::Text(l.filter),
        Cell::Text(l.file),
    ]
}
