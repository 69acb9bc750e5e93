//! SELECT: select lists, windows, grouping, sorting, limits.
//!
//! Owns: the parts of one SELECT. Refuses: nothing that the server would take.

use crate::scope::{Col, Level, TYPES, Ty, Writer, col};

impl Writer {
    /// A SELECT without grouping.
    pub fn select(&mut self, want: Option<&[Ty]>, depth: usize) -> (String, Vec<Col>) {
        self.levels.push(Level::default());
        let (mut text, mut star) = (String::new(), vec![]);
        if want.is_none() || self.choice.chance(85) {
            let (from, columns) = self.from(depth);
            text += &format!(" FROM {from}");
            star = columns;
        }
        if self.choice.chance(40) {
            text += &format!(" WHERE {}", self.expr(Ty::Bool, depth.min(3)));
        }
        let mut definitions = vec![];
        if self.choice.chance(8) {
            let window = self.window(depth, &[]);
            let name = self.name();
            definitions.push(format!("{name} AS ({window})"));
            self.windows.push(name);
        }
        let (mut targets, mut columns) = (vec![], vec![]);
        match want {
            Some(types) => {
                for ty in types {
                    let value = if self.choice.chance(7) {
                        self.windowed(*ty, depth)
                    } else {
                        self.expr(*ty, depth.min(3))
                    };
                    self.put(value, *ty, &mut targets, &mut columns);
                }
            }
            None => {
                for _ in 0..=self.choice.below(3) {
                    self.target(&star, depth, &mut targets, &mut columns);
                }
            }
        }
        if !definitions.is_empty() {
            text += &format!(" WINDOW {}", definitions.join(", "));
        }
        let mut distinct = String::new();
        match self.choice.below(14) {
            0 => {
                distinct = "DISTINCT ".to_owned();
                if self.choice.chance(50) {
                    text += " ORDER BY 1";
                }
            }
            1 => {
                let (a, _) = self.any(1);
                distinct = format!("DISTINCT ON ({a}) ");
                if self.choice.chance(60) {
                    let more = self.expr(Ty::Int, 1);
                    text += &format!(" ORDER BY {a}, {more}");
                }
            }
            _ => text += &self.order_by(&columns, depth),
        }
        text += &self.limit(text.contains(" ORDER BY "), depth);
        if want.is_none() && distinct.is_empty() && self.choice.chance(2) {
            text += " FOR UPDATE";
        }
        self.levels.pop();
        (
            format!("SELECT {distinct}{}{text}", targets.join(", ")),
            columns,
        )
    }

    /// Adds an expression to a select list, under a name or not.
    fn put(&mut self, value: String, ty: Ty, targets: &mut Vec<String>, columns: &mut Vec<Col>) {
        let plain = value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.\"".contains(c))
            && !value.starts_with(|c: char| c.is_ascii_digit());
        if plain && self.choice.chance(55) {
            let name = value.rsplit('.').next().unwrap_or_default();
            let name = if name.starts_with('"') {
                name.trim_matches('"').to_owned()
            } else {
                name.to_ascii_lowercase()
            };
            let known = !matches!(name.as_str(), "true" | "false" | "null");
            columns.push(col(if known { &name } else { "" }, ty));
            targets.push(value);
        } else if self.choice.chance(20) {
            columns.push(col("", ty));
            targets.push(value);
        } else {
            let name = self.name();
            targets.push(format!("{value} AS {name}"));
            columns.push(col(&name, ty));
        }
    }

    /// One item of a select list.
    fn target(
        &mut self,
        star: &[Col],
        depth: usize,
        targets: &mut Vec<String>,
        columns: &mut Vec<Col>,
    ) {
        match self.choice.below(30) {
            0 | 1 if !star.is_empty() => {
                targets.push("*".to_owned());
                columns.extend(star.iter().cloned());
            }
            2..=4 => {
                if let Some(rel) = self.row() {
                    targets.push(format!("{}.*", rel.name));
                    columns.extend(rel.cols);
                }
            }
            5 => {
                if let Some(rel) = self.row() {
                    targets.push(format!("({}).*", rel.name));
                    columns.extend(rel.cols);
                }
            }
            6 | 7 => {
                if let Some(rel) = self.row() {
                    let value = match self.choice.below(4) {
                        0 => format!("ROW({}.*)", rel.name),
                        1 => format!("(SELECT {} LIMIT 1)", rel.name),
                        2 => format!("COALESCE({0}, {0})", rel.name),
                        _ => rel.name.clone(),
                    };
                    let name = self.name();
                    targets.push(format!("{value} AS {name}"));
                    let of = if rel.of.is_empty() { "record" } else { rel.of };
                    let known = !value.starts_with("ROW")
                        && crate::scope::columns_of(of).len() == rel.cols.len();
                    columns.push(col(if known { &name } else { "" }, Ty::Row(of)));
                }
            }
            8 => {
                let value = self.expr(Ty::Addr, depth.min(2));
                targets.push(format!("({value}).*"));
                columns.extend([
                    col("street", Ty::Text),
                    col("city", Ty::Text),
                    col("zip", Ty::Int),
                ]);
            }
            9 => {
                for of in ["people", "v_people"] {
                    if let Some(row) = self.column(Ty::Row(of)) {
                        targets.push(format!("({row}).*"));
                        columns.extend(crate::scope::columns_of(of));
                        return;
                    }
                }
                self.target(star, depth, targets, columns);
            }
            10..=12 => {
                let ty = *self.choice.of(TYPES);
                let value = self.windowed(ty, depth);
                self.put(value, ty, targets, columns);
            }
            13 | 14 => {
                let (value, ty) = self.set_returning(depth.min(2));
                self.put(value, ty, targets, columns);
            }
            15 => {
                let rel = self.row();
                let own = self.levels.last().is_some_and(|l| {
                    rel.as_ref()
                        .is_some_and(|r| l.rels.iter().any(|o| o.name == r.name))
                });
                if let Some(rel) = rel
                    && own
                    && matches!(rel.of, "people" | "orders" | "email" | "gen" | "m_mat")
                {
                    let what = self
                        .choice
                        .pick(&["ctid::text", "tableoid::regclass::text"]);
                    self.put(format!("{}.{what}", rel.name), Ty::Text, targets, columns);
                }
            }
            16 => {
                targets.push(
                    "(jsonb_each('{\"a\": 1}'::jsonb || jsonb_build_object('v', 2))).*".to_owned(),
                );
                columns.extend([col("key", Ty::Text), col("value", Ty::Json)]);
            }
            17 => {
                let value = self.expr(Ty::Json, 1);
                targets.push(format!("(jsonb_each(jsonb_build_object('k', {value}))).*"));
                columns.extend([col("key", Ty::Text), col("value", Ty::Json)]);
            }
            18 => {
                let value = self.object(1);
                targets.push(format!("(jsonb_populate_record(NULL::email, {value})).*"));
                self.named.push("email");
                columns.extend(crate::scope::columns_of("email"));
            }
            _ => {
                let (value, ty) = self.any(depth.min(3));
                self.put(value, ty, targets, columns);
            }
        }
    }

    /// A function that gives several rows, in a select list.
    fn set_returning(&mut self, d: usize) -> (String, Ty) {
        match self.choice.below(7) {
            0 | 1 => (format!("unnest({})", self.expr(Ty::Texts, d)), Ty::Text),
            2 => (format!("unnest({})", self.expr(Ty::Ints, d)), Ty::Int),
            3 => (
                format!("generate_series(1, LEAST({}, 3))", self.expr(Ty::Int, d)),
                Ty::Int,
            ),
            4 => (
                format!(
                    "jsonb_array_elements(jsonb_path_query_array({}, '$.b.c[*]'))",
                    self.expr(Ty::Json, d)
                ),
                Ty::Json,
            ),
            5 => (format!("(jsonb_each({})).value", self.object(d)), Ty::Json),
            _ => (
                format!("regexp_split_to_table({}, '@')", self.expr(Ty::Text, d)),
                Ty::Text,
            ),
        }
    }

    /// ORDER BY, or nothing.
    fn order_by(&mut self, columns: &[Col], depth: usize) -> String {
        if !self.choice.chance(30) {
            return String::new();
        }
        let mut keys = vec![];
        for _ in 0..=usize::from(self.choice.chance(30)) {
            let key = match self.choice.below(4) {
                0 if !columns.is_empty() => (1 + self.choice.below(columns.len())).to_string(),
                1 if !columns.is_empty() => {
                    let name = self.choice.of(columns).name.clone();
                    if columns.iter().filter(|c| c.name == name).count() == 1 && !name.is_empty() {
                        name
                    } else {
                        "1".to_owned()
                    }
                }
                _ => {
                    let ty = *self
                        .choice
                        .of(&[Ty::Int, Ty::Text, Ty::Json, Ty::Bool, Ty::Texts]);
                    self.expr(ty, depth.min(2))
                }
            };
            let tail = self.choice.pick(&[
                "",
                "",
                " DESC",
                " NULLS FIRST",
                " DESC NULLS LAST",
                " USING <",
            ]);
            keys.push(format!("{key}{tail}"));
        }
        format!(" ORDER BY {}", keys.join(", "))
    }

    /// LIMIT and its kin, or nothing.
    fn limit(&mut self, ordered: bool, depth: usize) -> String {
        if !self.choice.chance(16) {
            return String::new();
        }
        match self.choice.below(7) {
            0 | 1 => " LIMIT 2".to_owned(),
            2 => " OFFSET 1".to_owned(),
            3 if ordered => " FETCH FIRST 2 ROWS WITH TIES".to_owned(),
            4 if self.more(100, depth) => {
                let levels = std::mem::take(&mut self.levels);
                let value = self.scalar(Ty::Int, 1);
                self.levels = levels;
                format!(" LIMIT GREATEST(0, {value})")
            }
            5 => " FETCH NEXT ROW ONLY".to_owned(),
            _ => " LIMIT 3 OFFSET 1".to_owned(),
        }
    }

    /// What stands in the parentheses of OVER or WINDOW.
    fn window(&mut self, depth: usize, base: &[String]) -> String {
        let d = depth.min(1);
        let mut parts: Vec<String> = base.to_vec();
        if base.is_empty() && self.choice.chance(50) {
            parts.push(format!("PARTITION BY {}", self.any(d).0));
        }
        let mut ordered = false;
        if self.choice.chance(60) {
            let ty = *self.choice.of(&[Ty::Int, Ty::Text]);
            parts.push(format!(
                "ORDER BY {}{}",
                self.expr(ty, d),
                self.choice.pick(&["", " DESC"])
            ));
            ordered = true;
        }
        if self.choice.chance(30) {
            let frame = match self.choice.below(5) {
                0 => "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
                1 => "ROWS UNBOUNDED PRECEDING",
                2 if ordered => "GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
                3 => "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
                _ => "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
            };
            parts.push(frame.to_owned());
            if !frame.ends_with("UNBOUNDED PRECEDING") {
                parts.push(
                    self.choice
                        .pick(&[
                            "",
                            "EXCLUDE CURRENT ROW",
                            "EXCLUDE GROUP",
                            "EXCLUDE TIES",
                            "EXCLUDE NO OTHERS",
                        ])
                        .to_owned(),
                );
            }
        } else if self.choice.chance(5) && self.size < 60 {
            parts.push("ROWS BETWEEN (SELECT count(*) FROM people WHERE age > 30) PRECEDING AND CURRENT ROW".to_owned());
            self.named.push("people");
        }
        parts.join(" ")
    }

    /// A window function, or an aggregate over a window.
    fn windowed(&mut self, ty: Ty, depth: usize) -> String {
        let d = depth.min(2);
        let x = self.expr(ty, d);
        let (call, aggregate) = match (ty, self.choice.below(8)) {
            (Ty::Int, 0) => ("row_number()".to_owned(), false),
            (Ty::Int, 1) => (
                self.choice
                    .pick(&["rank()", "dense_rank()", "ntile(2)"])
                    .to_owned(),
                false,
            ),
            (Ty::Int, 2) => (format!("count({})", self.any(d).0), true),
            (Ty::Int, 3) => (format!("sum({x})"), true),
            (Ty::Text, 3) => (format!("string_agg({x}, '/')"), true),
            (Ty::Text | Ty::Int, 4) => (format!("max({x})"), true),
            (Ty::Bool, 3 | 4) => (format!("bool_or({x})"), true),
            (Ty::Texts, 3 | 4) => (format!("array_agg({})", self.expr(Ty::Text, d)), true),
            (Ty::Ints, 3 | 4) => (format!("array_agg({})", self.expr(Ty::Int, d)), true),
            (Ty::Json, 3 | 4) => match self.row() {
                Some(rel) => (format!("jsonb_agg({})", rel.name), true),
                None => (format!("jsonb_agg({x})"), true),
            },
            (_, 5) => (format!("lag({x})"), false),
            (_, 6) => (format!("lead({x}, 1, {})", self.expr(ty, 0)), false),
            (_, 7) => (format!("nth_value({x}, 2)"), false),
            _ => (
                format!("{}({x})", self.choice.pick(&["first_value", "last_value"])),
                false,
            ),
        };
        let filter = if aggregate && self.choice.chance(25) {
            format!(" FILTER (WHERE {})", self.expr(Ty::Bool, 1))
        } else {
            String::new()
        };
        let named = self.windows.last().cloned();
        let over = match named {
            Some(name) if self.choice.chance(70) => {
                if self.choice.chance(20) {
                    format!("({name})")
                } else {
                    name
                }
            }
            _ => format!("({})", self.window(depth, &[])),
        };
        format!("{call}{filter} OVER {over}")
    }
}
