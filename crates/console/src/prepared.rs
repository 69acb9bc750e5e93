//! A statement that is ready to run, and what running it gives.
//!
//! Owns: preparing, which has no effect whatever the statement; and the shape of a result. Refuses: to run.

use crate::cell::{Cell, Ty};
use crate::command::{self, Argument, Command};
use crate::control::Control;
use crate::desk::Refusal;
use crate::engine::Rows;
use crate::token::Statement;
use crate::translate::{self, Output, Plan, Setting, Source};
use crate::verb::Verb;

/// What a prepared statement does.
#[derive(Debug, Clone)]
pub enum Work {
    /// Nothing: the text was empty.
    Empty,
    /// A query, perhaps with verbs in its select list.
    Query(Plan),
    /// One verb.
    Act(Verb, Vec<Argument>),
    /// Transaction and session control.
    Control(Control),
}

/// A statement that is ready to run.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What it does.
    pub work: Work,
    /// Types of its parameters, and the OIDs to report for them: what the driver declared, where it did.
    pub parameters: Vec<(Ty, u32)>,
    /// Columns of its rows; None where it returns none.
    pub columns: Option<Vec<Output>>,
}

/// What a statement returned.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Its rows, in the columns of [`Prepared::columns`].
    pub rows: Rows,
    /// Command tag; None for `SELECT n`.
    pub tag: Option<String>,
}

fn column(name: &str, ty: Ty, at: usize) -> Output {
    Output {
        name: name.to_owned(),
        ty,
        origin: (0, 0),
        source: Source::Engine(at),
    }
}

impl Prepared {
    /// Of an empty text.
    pub fn empty() -> Prepared {
        Prepared {
            work: Work::Empty,
            parameters: Vec::new(),
            columns: None,
        }
    }

    /// Reads and translates one statement. `declared` are the OIDs a driver gave; 0 for none.
    pub fn new(
        statement: &Statement<'_>,
        declared: &[u32],
        setting: &Setting,
    ) -> Result<Prepared, Refusal> {
        let types = declared
            .iter()
            .map(|oid| {
                Ty::from_oid(*oid).ok_or_else(|| {
                    Refusal::new("0A000", format!("the console has no type with OID {oid}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        match command::read(statement)? {
            Command::Query(text) => {
                let plan = translate::translate(&text, &types, setting)?;
                Ok(Prepared {
                    parameters: reported(&plan.parameters, declared),
                    columns: Some(plan.columns.clone()),
                    work: Work::Query(plan),
                })
            }
            Command::Act(verb, arguments) => {
                let mut wanted = types;
                for (argument, (_, ty, _)) in arguments.iter().zip(verb.arguments()) {
                    if let Argument::Parameter(at) = argument {
                        if wanted.len() <= *at {
                            wanted.resize(*at + 1, Ty::Unknown);
                        }
                        if let Some(slot) = wanted.get_mut(*at)
                            && *slot == Ty::Unknown
                        {
                            *slot = *ty;
                        }
                    }
                }
                for ty in &mut wanted {
                    if *ty == Ty::Unknown {
                        *ty = Ty::Text;
                    }
                }
                Ok(Prepared {
                    parameters: reported(&wanted, declared),
                    columns: Some(vec![column(verb.name(), verb.result(), 0)]),
                    work: Work::Act(verb, arguments),
                })
            }
            Command::Control(control) => Ok(Prepared {
                parameters: reported(&types, declared),
                columns: match &control {
                    Control::Show(None) => Some(vec![
                        column("name", Ty::Text, 0),
                        column("setting", Ty::Text, 1),
                    ]),
                    Control::Show(Some(name)) => {
                        Some(vec![column(&shown_name(name, setting), Ty::Text, 0)])
                    }
                    _ => None,
                },
                work: Work::Control(control),
            }),
        }
    }

    /// Whether it may run in a transaction that has failed: what ends it, and nothing at all.
    pub fn ends_transaction(&self) -> bool {
        matches!(
            self.work,
            Work::Empty
                | Work::Control(Control::Commit | Control::Rollback | Control::RollbackTo(_))
        )
    }
}

/// `SHOW timezone` has a column `TimeZone`.
fn shown_name(name: &str, setting: &Setting) -> String {
    setting
        .settings
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map_or_else(|| name.to_owned(), |(n, _)| n.clone())
}

fn reported(types: &[Ty], declared: &[u32]) -> Vec<(Ty, u32)> {
    types
        .iter()
        .enumerate()
        .map(|(i, ty)| {
            let oid = declared
                .get(i)
                .copied()
                .filter(|oid| *oid != 0)
                .unwrap_or(ty.oid());
            (*ty, oid)
        })
        .collect()
}

/// The arguments of a verb, once parameters have values.
pub fn arguments(list: &[Argument], parameters: &[Cell]) -> Vec<Cell> {
    list.iter()
        .map(|argument| match argument {
            Argument::Value(cell) => cell.clone(),
            Argument::Parameter(at) => parameters.get(*at).cloned().unwrap_or(Cell::Null),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Surroundings;
    use crate::engine::Engine;
    use crate::token::statements;
    use proptest::prelude::*;

    /// An expression over `held AS h` of each kind: number, text, truth, moment, span, array.
    fn expression(kind: usize, depth: u32) -> BoxedStrategy<String> {
        let leaves: &[&str] = match kind {
            0 => &[
                "h.id",
                "1",
                "$1::int8",
                "session",
                "-2",
                "(SELECT max(id) FROM holds)",
                "count(*)",
                "row_number() OVER ()",
            ],
            1 => &[
                "agent",
                "'it''s'",
                "h.statement",
                "NULL::text",
                "$2",
                "user",
                "string_agg(agent, ',' ORDER BY id)",
            ],
            2 => &[
                "true",
                "h.reason IS NULL",
                "EXISTS (SELECT 1 FROM grants g WHERE g.agent = h.agent)",
                "id = $1",
            ],
            3 => &[
                "created",
                "now()",
                "'2025-11-22'",
                "timestamptz '2025-11-22 10:00'",
                "expires::date",
                "max(created)",
            ],
            4 => &[
                "waiting",
                "interval '1 day'",
                "'5 minutes'::interval",
                "sum(waiting)",
            ],
            _ => &[
                "needs",
                "controls",
                "'{a,b}'::text[]",
                "ARRAY['x', agent]",
                "ARRAY(SELECT agent FROM holds)",
                "array_agg(agent)",
            ],
        };
        let leaf = proptest::sample::select(leaves)
            .prop_map(str::to_owned)
            .boxed();
        if depth == 0 {
            return leaf;
        }
        let shapes: &[(&str, &[usize])] = match kind {
            0 => &[
                ("({} + {})", &[0, 0]),
                ("{} / {}", &[0, 0]),
                ("length({})", &[1]),
                ("CASE WHEN {} THEN {} ELSE {} END", &[2, 0, 0]),
                ("coalesce({}, {})", &[0, 0]),
                ("greatest({}, {})", &[0, 0]),
                ("cardinality({})", &[5]),
                (
                    "lag({}) OVER (PARTITION BY {} ORDER BY {} DESC)",
                    &[0, 1, 3],
                ),
                ("sum({}) FILTER (WHERE {})", &[0, 2]),
                ("({}::date - {}::date)", &[3, 3]),
                ("(SELECT count(*) FROM holds o WHERE o.id < {})", &[0]),
                ("abs({})", &[0]),
            ],
            1 => &[
                ("({} || {})", &[1, 1]),
                ("lower({})", &[1]),
                ("{}::text", &[0]),
                ("({})::text", &[3]),
                ("array_to_string({}, {})", &[5, 1]),
                ("to_char({}, 'YYYY')", &[3]),
                ("format('%s %L', {}, {})", &[1, 0]),
                ("nullif({}, {})", &[1, 1]),
                ("split_part({}, 'a', 2)", &[1]),
                ("({})[1]", &[5]),
            ],
            2 => &[
                ("({} = {})", &[0, 0]),
                ("({} AND {})", &[2, 2]),
                ("(NOT {} OR {})", &[2, 2]),
                ("{} LIKE {}", &[1, 1]),
                ("{} = ANY({})", &[1, 5]),
                ("{} IN ({}, {})", &[0, 0, 0]),
                ("{} NOT IN (SELECT id FROM holds)", &[0]),
                ("{} BETWEEN {} AND {}", &[3, 3, 3]),
                ("{} > {}", &[4, 4]),
                ("{} IS DISTINCT FROM {}", &[1, 1]),
                ("({}) IS NOT TRUE", &[2]),
                ("{} ~* {}", &[1, 1]),
                ("{} @> {}", &[5, 5]),
            ],
            3 => &[
                ("({} - {})", &[3, 4]),
                ("date_trunc('hour', {})", &[3]),
                ("least({}, {})", &[3, 3]),
                ("({} + {})", &[4, 3]),
            ],
            4 => &[
                ("({} + {})", &[4, 4]),
                ("({} * {})", &[4, 0]),
                ("(now() - {})", &[3]),
                ("age({}, {})", &[3, 3]),
            ],
            _ => &[
                ("({} || {})", &[5, 5]),
                ("array_remove({}, {})", &[5, 1]),
                ("string_to_array({}, ',')", &[1]),
            ],
        };
        let node = proptest::sample::select(shapes).prop_flat_map(move |(shape, kinds)| {
            let parts: Vec<_> = kinds.iter().map(|k| expression(*k, depth - 1)).collect();
            parts.prop_map(move |parts| fill(shape, &parts))
        });
        prop_oneof![1 => leaf, 2 => node].boxed()
    }

    fn fill(shape: &str, parts: &[String]) -> String {
        let mut pieces = shape.split("{}");
        let mut out = pieces.next().unwrap_or("").to_owned();
        for (piece, part) in pieces.zip(parts) {
            out.push_str(part);
            out.push_str(piece);
        }
        out
    }

    fn query() -> impl Strategy<Value = String> {
        let shapes: &[(&str, &[usize])] = &[
            (
                "SELECT {} AS a, {}, {} FROM held h WHERE {} ORDER BY {}, a LIMIT 3",
                &[0, 1, 4, 2, 3],
            ),
            (
                "SELECT {}, count(*) AS n FROM held h GROUP BY {} HAVING {} ORDER BY n DESC",
                &[1, 1, 2],
            ),
            (
                "SELECT h.*, {} FROM held h LEFT JOIN holds o ON {} CROSS JOIN generate_series(1, 2) g",
                &[5, 2],
            ),
            (
                "WITH x(a, b) AS (SELECT {}, {} FROM held h) SELECT x.*, b || 'z' FROM x WHERE a > 0",
                &[0, 1],
            ),
            (
                "SELECT {} FROM held h UNION ALL SELECT {} FROM held h ORDER BY 1",
                &[0, 0],
            ),
            (
                "SELECT s.v FROM (SELECT {} AS v, {} FROM held h) s, (VALUES (1, 'a'), (2, 'b')) v(n, t)",
                &[3, 2],
            ),
            (
                "SELECT DISTINCT {}, {} FROM held h JOIN holds USING (id) WHERE {}",
                &[3, 1, 2],
            ),
            (
                "SELECT approve({}, {}), {} FROM held h WHERE {}",
                &[0, 1, 1, 2],
            ),
            ("SELECT u, {} FROM held h, unnest({}) u", &[0, 5]),
        ];
        proptest::sample::select(shapes).prop_flat_map(|(shape, kinds)| {
            let parts: Vec<_> = kinds.iter().map(|k| expression(*k, 3)).collect();
            parts.prop_map(move |parts| fill(shape, &parts))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]
        /// What is translated is SQL that the engine understands.
        #[test]
        fn any_query(text in query()) {
            let setting = Setting::default();
            let mut engine = Engine::open().unwrap();
            for statement in statements(&text).unwrap_or_default() {
                let Ok(prepared) = Prepared::new(&statement, &[], &setting) else { continue };
                let Work::Query(plan) = &prepared.work else { continue };
                let parameters = vec![Cell::Null; plan.parameters.len()];
                let rows = engine.run(plan, &parameters, 0, Surroundings::default(), &mut |_| Ok(Vec::new()));
                if let Err(refusal) = rows {
                    prop_assert_ne!(refusal.sqlstate, "XX000", "{}\n{}\n{}", text, plan.sql, refusal.message);
                }
            }
        }
    }
}
