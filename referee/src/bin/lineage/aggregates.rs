//! SELECT with grouping.
//!
//! Owns: aggregates, GROUP BY in all its forms, HAVING. Refuses: columns that are not grouped, but where a primary key
//! stands for them.

use crate::scope::{Col, Level, TYPES, Ty, Writer, col};

impl Writer {
    /// A SELECT with aggregates.
    pub fn aggregate(&mut self, want: Option<&[Ty]>, depth: usize) -> (String, Vec<Col>) {
        self.levels.push(Level::default());
        let (from, _) = self.from(depth);
        let mut text = format!(" FROM {from}");
        if self.choice.chance(35) {
            text += &format!(" WHERE {}", self.expr(Ty::Bool, depth.min(2)));
        }
        let mut keys: Vec<(String, Ty)> = vec![];
        for _ in 0..self.choice.below(3) {
            let ty = *self.choice.of(TYPES);
            let key = if self.choice.chance(70) {
                self.column(ty)
            } else {
                Some(self.expr(ty, 1))
            };
            if let Some(key) = key
                && !key.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '\'')
                && !key.contains("SELECT")
            {
                keys.push((key, ty));
            }
        }
        let types: Vec<Ty> = match want {
            Some(types) => types.to_vec(),
            None => (0..=self.choice.below(3))
                .map(|_| *self.choice.of(TYPES))
                .collect(),
        };
        // A primary key stands for all columns of its table.
        let mut known = keys.clone();
        let own = self
            .levels
            .last()
            .map(|l| l.rels.clone())
            .unwrap_or_default();
        for rel in own {
            let id = format!("{}.id", rel.name);
            if matches!(rel.of, "people" | "orders" | "sink")
                && rel.cols.first().is_some_and(|c| c.name == "id")
                && keys.len() == 1
                && keys[0].0 == id
            {
                known.extend(
                    rel.cols
                        .iter()
                        .map(|c| (format!("{}.{}", rel.name, c.name), c.ty)),
                );
            }
        }
        let (mut targets, mut columns, mut placed) = (vec![], vec![], vec![]);
        for ty in types {
            let value = if self.choice.chance(40) && known.iter().any(|(_, t)| *t == ty) {
                self.grouped = Some(known.clone());
                let deep = usize::from(self.choice.chance(30));
                let value = self.expr(ty, deep);
                self.grouped = None;
                value
            } else {
                self.aggregated(ty, depth, &known)
            };
            let name = self.name();
            if let Some(at) = keys.iter().position(|(k, _)| *k == value) {
                placed.push((at, targets.len() + 1, name.clone()));
            }
            targets.push(format!("{value} AS {name}"));
            columns.push(col(&name, ty));
        }
        if !keys.is_empty() {
            let mut list: Vec<String> = keys.iter().map(|(k, _)| k.clone()).collect();
            for (at, position, name) in placed {
                match self.choice.below(6) {
                    0 => list[at] = position.to_string(),
                    1 if name.len() > 1 && name.ends_with(|c: char| c.is_ascii_digit()) => {
                        list[at] = name
                    }
                    _ => {}
                }
            }
            let all = list.join(", ");
            let first = &list[0];
            let forms = [
                all.clone(),
                all.clone(),
                all.clone(),
                format!("ROLLUP ({all})"),
                format!("CUBE ({all})"),
                format!("GROUPING SETS (({all}), ({first}), ())"),
                format!("DISTINCT ROLLUP ({all}), {first}"),
                format!("({all})"),
            ];
            text += &format!(" GROUP BY {}", self.choice.of(&forms));
        } else if self.choice.chance(5) {
            text += " GROUP BY ()";
        }
        if self.choice.chance(20) {
            let left = self.aggregated(Ty::Int, depth.min(1), &known);
            text += &format!(
                " HAVING {left} {} {}",
                self.choice.pick(&[">", "<", "=", "IS DISTINCT FROM"]),
                self.literal(Ty::Int)
            );
        }
        if self.choice.chance(25) {
            let key = match self.choice.below(3) {
                0 => "1".to_owned(),
                1 => self.aggregated(Ty::Int, 1, &known),
                _ => columns[0].name.clone(),
            };
            text += &format!(" ORDER BY {key}");
            if self.choice.chance(30) {
                text += " LIMIT 2";
            }
        }
        self.levels.pop();
        (format!("SELECT {}{text}", targets.join(", ")), columns)
    }

    /// A call of an aggregate.
    fn aggregated(&mut self, ty: Ty, depth: usize, keys: &[(String, Ty)]) -> String {
        let d = depth.min(2);
        let sort = |w: &mut Writer| match w.choice.below(3) {
            0 => format!(" ORDER BY {}{}", w.any(1).0, w.choice.pick(&["", " DESC"])),
            _ => String::new(),
        };
        let call = match ty {
            Ty::Int => match self.choice.below(13) {
                0 => "count(*)".to_owned(),
                1 => match self.row() {
                    Some(rel) => format!("count({})", rel.name),
                    None => "count(*)".to_owned(),
                },
                2 => format!("count(DISTINCT {})", self.any(d).0),
                3 | 4 => format!("sum({})", self.expr(Ty::Int, d)),
                5 => format!("mode() WITHIN GROUP (ORDER BY {})", self.expr(Ty::Int, d)),
                6 => format!(
                    "percentile_disc(0.5) WITHIN GROUP (ORDER BY {})",
                    self.expr(Ty::Int, d)
                ),
                7 => {
                    let hypothetical = self.literal(Ty::Int);
                    format!(
                        "rank({hypothetical}) WITHIN GROUP (ORDER BY {})",
                        self.expr(Ty::Int, d)
                    )
                }
                8 if !keys.is_empty() => return format!("grouping({})", keys[0].0),
                9 => match self.row() {
                    Some(rel) => format!("count(DISTINCT {})", rel.name),
                    None => "count(*)".to_owned(),
                },
                10 => format!("bit_or({})", self.expr(Ty::Int, d)),
                11 => format!("count({})", self.any(d).0),
                _ => format!(
                    "{}({})",
                    self.choice.pick(&["max", "min"]),
                    self.expr(Ty::Int, d)
                ),
            },
            Ty::Text => match self.choice.below(7) {
                0 | 1 => format!("string_agg({}, ','{})", self.expr(Ty::Text, d), sort(self)),
                2 => format!("string_agg(DISTINCT {}, ',')", self.expr(Ty::Text, d)),
                3 => format!("mode() WITHIN GROUP (ORDER BY {})", self.expr(Ty::Text, d)),
                4 => match self.row() {
                    Some(rel) => format!("max({}::text)", rel.name),
                    None => format!("min({})", self.expr(Ty::Text, d)),
                },
                5 => match self.row() {
                    Some(rel) => return format!("json_agg({}{})::text", rel.name, sort(self)),
                    None => format!("min({})", self.expr(Ty::Text, d)),
                },
                _ => format!(
                    "{}({})",
                    self.choice.pick(&["max", "min"]),
                    self.expr(Ty::Text, d)
                ),
            },
            Ty::Bool => format!(
                "{}({})",
                self.choice.pick(&["bool_and", "bool_or", "every"]),
                self.expr(Ty::Bool, d)
            ),
            Ty::Ints => format!("array_agg({}{})", self.expr(Ty::Int, d), sort(self)),
            Ty::Texts => format!("array_agg({}{})", self.expr(Ty::Text, d), sort(self)),
            Ty::Json => match self.choice.below(5) {
                0 => format!("jsonb_agg({}{})", self.any(d).0, sort(self)),
                1 => match self.row() {
                    Some(rel) => format!("jsonb_agg({}{})", rel.name, sort(self)),
                    None => format!("jsonb_agg({})", self.any(d).0),
                },
                2 => format!(
                    "jsonb_object_agg(coalesce({}, 'k'), {})",
                    self.expr(Ty::Text, d),
                    self.any(d).0
                ),
                3 if self.choice.chance(20) => format!(
                    "jsonb_object_agg({}, {})",
                    self.expr(Ty::Text, d),
                    self.any(d).0
                ),
                _ => format!("jsonb_agg(DISTINCT {})", self.any(d).0),
            },
            Ty::Addr | Ty::Row(_) => {
                let inner = self.expr(Ty::Addr, d);
                return format!("(array_agg({inner}))[1]");
            }
        };
        if self.choice.chance(15) {
            return format!("{call} FILTER (WHERE {})", self.expr(Ty::Bool, 1));
        }
        call
    }
}
