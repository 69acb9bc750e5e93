//! A session as it happened, for a person to read.

use journal::record::{Outcome, Road};
use journal::{Event, Record};

use crate::answer;

/// Prints the records of one session, in order.
pub fn show(records: &[Record]) {
    let start = records.first().map_or(0, |r| r.time_us);
    for record in records {
        let since = record.time_us.saturating_sub(start);
        let at = format!("{:>4}.{:03}s", since / 1_000_000, since / 1000 % 1000);
        for (row, text) in lines(record).into_iter().enumerate() {
            if row == 0 {
                answer::line(format!("{at}  {text}"));
            } else {
                answer::line(format!("{:11}{text}", ""));
            }
        }
    }
}

fn lines(record: &Record) -> Vec<String> {
    match &record.event {
        Event::SessionStart {
            user,
            agent,
            grant,
            database,
            roles,
            client,
            application,
            tls,
            purpose,
        } => {
            let mut lines = vec![
                format!(
                    "session {} begins, {}",
                    record.session,
                    answer::time(record.time_us)
                ),
                format!(
                    "{agent} for {user} on {database} as {}, grant {grant}",
                    roles.join(", ")
                ),
                format!(
                    "from {client}{}{}",
                    if *tls { " by TLS" } else { "" },
                    if application.is_empty() {
                        String::new()
                    } else {
                        format!(", application {application}")
                    }
                ),
            ];
            lines.extend(purpose.iter().map(|p| format!("purpose: {p}")));
            lines
        }
        Event::Statement {
            number,
            road,
            text,
            parameters,
            class,
            labels,
            outcome,
            policies,
            hold,
            refusal,
            needs,
            controls,
            ..
        } => {
            let word = match (outcome, refusal) {
                (Outcome::Allow, _) => "allowed".to_owned(),
                (Outcome::Hold, _) => "held".to_owned(),
                (Outcome::Deny, Some(sqlstate)) => format!("refused {sqlstate}"),
                (Outcome::Deny, None) => "refused".to_owned(),
            };
            let road = match road {
                Road::Query => "",
                Road::Parse => " (prepared)",
                Road::Execute => " (executed)",
                Road::Function => " (function call)",
            };
            let hold = hold.map(|h| format!(", hold {h}")).unwrap_or_default();
            let mut lines = vec![format!(
                "#{number} {word}{hold} · {class}{road} · policy {}",
                policies.join(", ")
            )];
            lines.extend(text.lines().map(|line| format!("  {line}")));
            let shown: Vec<String> = parameters
                .iter()
                .enumerate()
                .map(|(at, p)| {
                    format!(
                        "${} = {}",
                        at + 1,
                        p.as_deref().map_or("NULL".into(), |v| format!("'{v}'"))
                    )
                })
                .collect();
            if !shown.is_empty() {
                lines.push(format!("  {}", shown.join(", ")));
            }
            lines.push(format!("  needs {}", needs.join(", ")));
            if !controls.is_empty() {
                lines.push(format!("  controls {}", controls.join(", ")));
            }
            if !labels.is_empty() {
                lines.push(format!("  labels {}", labels.join(", ")));
            }
            lines
        }
        Event::StatementEnd {
            number,
            tags,
            rows,
            masked,
            duration_us,
            error,
        } => {
            let mut text = format!("#{number} {}", tags.join("; "));
            match error.as_deref() {
                Some("skipped") => {
                    text.push_str("not run: skipped by the server after an error before it")
                }
                Some(sqlstate) => text.push_str(&format!("error {sqlstate}")),
                None => text.push_str(&format!(" · {rows} rows, {masked} cells masked")),
            }
            vec![format!(
                "{text} · {}.{:03} ms",
                duration_us / 1000,
                duration_us % 1000
            )]
        }
        Event::SessionEnd { reason } => vec![format!("session ends: {reason}")],
        Event::Hold {
            hold,
            state,
            by,
            why,
        } => {
            let by = by.as_ref().map(|b| format!(" by {b}")).unwrap_or_default();
            let why = why
                .as_ref()
                .filter(|w| !w.is_empty())
                .map(|w| format!(": {w}"))
                .unwrap_or_default();
            vec![format!("hold {hold} {}{by}{why}", state.word())]
        }
        Event::Admin { action, by, about } => vec![format!("{action} by {by}: {about}")],
    }
}
