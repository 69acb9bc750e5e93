//! Conditions over what is in sight.
//!
//! Owns: comparisons, tests and their connectives. Refuses: conditions that two runs could answer differently.

use crate::scope::{Ty, Writer};

impl Writer {
    /// A condition.
    pub fn bool(&mut self, d: usize) -> String {
        match self.choice.below(34) {
            0..=3 => {
                let ty = *self.choice.of(&[
                    Ty::Int,
                    Ty::Text,
                    Ty::Int,
                    Ty::Text,
                    Ty::Json,
                    Ty::Texts,
                    Ty::Addr,
                ]);
                let (a, b) = (self.expr(ty, d), self.expr(ty, d));
                let o = self.choice.pick(&[
                    "=",
                    "=",
                    "<>",
                    "<",
                    ">=",
                    "!=",
                    "OPERATOR(pg_catalog.=)",
                    "IS DISTINCT FROM",
                    "IS NOT DISTINCT FROM",
                ]);
                format!("({a} {o} {b})")
            }
            4 | 5 => {
                let o = self.choice.pick(&["AND", "OR"]);
                format!(
                    "({} {o} {})",
                    self.expr(Ty::Bool, d),
                    self.expr(Ty::Bool, d)
                )
            }
            6 => format!("(NOT {})", self.expr(Ty::Bool, d)),
            7 => format!(
                "({} IS {})",
                self.any(d).0,
                self.choice.pick(&["NULL", "NOT NULL"])
            ),
            8 => format!(
                "({} {} {})",
                self.expr(Ty::Text, d),
                self.choice
                    .pick(&["LIKE", "ILIKE", "NOT LIKE", "~", "~*", "SIMILAR TO", "!~"]),
                self.choice.pick(&["'a%'", "'%b%'", "'.n'"])
            ),
            9 => format!(
                "({} BETWEEN {} AND {})",
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d)
            ),
            10 => format!(
                "({} NOT BETWEEN SYMMETRIC {} AND {})",
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d)
            ),
            11 => format!(
                "({} IN ({}, {}))",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            12 => format!(
                "({} NOT IN ({}, {}))",
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d)
            ),
            13..=15 if self.grouped.is_none() && self.size < 60 => {
                let ty = *self.choice.of(&[Ty::Int, Ty::Text]);
                let a = self.expr(ty, d);
                let (q, _) = self.subquery(Some(&[ty]), d);
                let o = self.choice.pick(&[
                    "IN", "NOT IN", "= ANY", "<> ALL", "> ALL", "= SOME", "< ANY",
                ]);
                format!("({a} {o} ({q}))")
            }
            16 if self.grouped.is_none() && self.size < 60 => {
                let (a, b) = (self.expr(Ty::Int, d), self.expr(Ty::Text, d));
                let (q, _) = self.subquery(Some(&[Ty::Int, Ty::Text]), d);
                let o = self.choice.pick(&["IN", "NOT IN", "=", "<>", "<"]);
                let q = if o.contains('I') {
                    q
                } else {
                    format!("SELECT * FROM ({q}) one LIMIT 1")
                };
                format!("(({a}, {b}) {o} ({q}))")
            }
            17..=19 if self.grouped.is_none() && self.size < 60 => {
                let (q, _) = self.subquery(None, d);
                format!("{}EXISTS ({q})", self.choice.pick(&["", "NOT "]))
            }
            20 => format!(
                "({} = ANY ({}))",
                self.expr(Ty::Text, d),
                self.expr(Ty::Texts, d)
            ),
            21 => format!(
                "({} <= ALL ({}))",
                self.expr(Ty::Int, d),
                self.expr(Ty::Ints, d)
            ),
            22 => format!(
                "({} {} {})",
                self.expr(Ty::Texts, d),
                self.choice.pick(&["@>", "<@", "&&", "="]),
                self.expr(Ty::Texts, d)
            ),
            23 => format!("({} @> {})", self.expr(Ty::Json, d), self.expr(Ty::Json, d)),
            24 => format!("({} ? 'a')", self.expr(Ty::Json, d)),
            25 => format!("jsonb_path_exists({}, '$.a')", self.expr(Ty::Json, d)),
            26 => format!("({} @? '$.b.c[*] ? (@ > 1)')", self.expr(Ty::Json, d)),
            27 => format!(
                "(ROW({}, {}) {} ROW({}, {}))",
                self.expr(Ty::Int, d),
                self.expr(Ty::Text, d),
                self.choice
                    .pick(&["=", "<", "<>", ">=", "IS DISTINCT FROM"]),
                self.expr(Ty::Int, d),
                self.expr(Ty::Text, d)
            ),
            28 => format!(
                "({} IS {})",
                self.expr(Ty::Bool, d),
                self.choice
                    .pick(&["TRUE", "NOT TRUE", "UNKNOWN", "NOT FALSE"])
            ),
            29 => format!(
                "starts_with({}, {})",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            30 => format!(
                "({} {})",
                self.expr(Ty::Text, d),
                self.choice.pick(&["ISNULL", "NOTNULL"])
            ),
            31 => format!(
                "({} = {})",
                self.column(Ty::Int).unwrap_or("1".into()),
                self.expr(Ty::Int, 0)
            ),
            32 => format!(
                "({} > {})",
                self.column(Ty::Int).unwrap_or("1".into()),
                self.literal(Ty::Int)
            ),
            _ => format!("({} = {})", self.expr(Ty::Text, d), self.literal(Ty::Text)),
        }
    }
}
