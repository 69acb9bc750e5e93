//! Expressions of a type, over what is in sight.
//!
//! Owns: what an expression can be made of. Refuses: volatile functions, and more than a few levels.

use crate::scope::{TYPES, Ty, Writer};

impl Writer {
    /// An expression of any type, with the type.
    pub fn any(&mut self, depth: usize) -> (String, Ty) {
        let ty = *self.choice.of(TYPES);
        (self.expr(ty, depth), ty)
    }

    /// An expression of a type.
    pub fn expr(&mut self, ty: Ty, depth: usize) -> String {
        self.size += 1;
        if depth == 0 || self.choice.chance(35) {
            if let Some(column) = self.column(ty) {
                return column;
            }
            if depth == 0 || self.choice.chance(40) {
                return self.literal(ty);
            }
        }
        let depth = depth - 1;
        if self.choice.chance(14) {
            return self.any_type(ty, depth);
        }
        if self.choice.chance(2)
            && let Some(text) = self.of_user(ty, depth)
        {
            return text;
        }
        if self.choice.chance(9)
            && let Some(text) = self.of_row(ty, depth)
        {
            return text;
        }
        match ty {
            Ty::Int => self.int(depth),
            Ty::Text => self.text(depth),
            Ty::Bool => self.bool(depth),
            Ty::Ints => self.list(Ty::Int, ty, depth),
            Ty::Texts => self.list(Ty::Text, ty, depth),
            Ty::Json => self.json(depth),
            Ty::Addr => self.addr(depth),
            Ty::Row(of) => self.column(ty).unwrap_or_else(|| format!("NULL::{of}")),
        }
    }

    /// A literal.
    pub fn literal(&mut self, ty: Ty) -> String {
        match ty {
            Ty::Int => self
                .choice
                .pick(&["1", "2", "3", "5", "10", "44", "-1", "NULL::int", "0"]),
            Ty::Text => self.choice.pick(&[
                "'a'::text",
                "'ann@x'::text",
                "'bob'::text",
                "'x'::text",
                "'in'::text",
                "NULL::text",
                "''::text",
            ]),
            Ty::Bool => self.choice.pick(&["true", "false", "NULL::bool"]),
            Ty::Ints => self
                .choice
                .pick(&["'{1,2}'::int[]", "ARRAY[3, 1]", "'{}'::int[]"]),
            Ty::Texts => self.choice.pick(&[
                "'{red,x}'::text[]",
                "ARRAY['a'::text, 'blue']",
                "'{}'::text[]",
            ]),
            Ty::Json => self.choice.pick(&[
                "'{\"a\": 1}'::jsonb",
                "'[1, 2]'::jsonb",
                "'{\"a\": \"x\", \"b\": {\"c\": [1]}}'::jsonb",
            ]),
            Ty::Addr => self.choice.pick(&[
                "'(High,Rome,11)'::common.addr",
                "ROW('s', 'c', 1)::common.addr",
                "NULL::common.addr",
            ]),
            Ty::Row(of) => return format!("NULL::{of}"),
        }
        .to_owned()
    }

    /// What every type has.
    fn any_type(&mut self, ty: Ty, depth: usize) -> String {
        let a = self.expr(ty, depth);
        match self.choice.below(13) {
            0 => {
                let b = self.expr(ty, depth);
                format!("COALESCE({a}, {b})")
            }
            1 => {
                let c = self.expr(Ty::Bool, depth);
                let b = self.expr(ty, depth);
                format!("CASE WHEN {c} THEN {a} ELSE {b} END")
            }
            2 => {
                let (x, of) = self.any(depth);
                let y = self.expr(of, depth);
                format!("CASE {x} WHEN {y} THEN {a} END")
            }
            3 => {
                let b = self.expr(ty, depth);
                format!("NULLIF({a}, {b})")
            }
            4 => {
                let b = self.expr(ty, depth);
                let f = self.choice.pick(&["GREATEST", "LEAST"]);
                format!("{f}({a}, {b})")
            }
            5..=7 if self.size < 60 && self.grouped.is_none() => self.scalar(ty, depth),
            8 if self.grouped.is_none() => {
                let n = self.choice.pick(&["1", "2"]);
                let b = self.expr(ty, depth);
                format!("(ARRAY[{a}, {b}])[{n}]")
            }
            9 if matches!(ty, Ty::Int | Ty::Text) && self.grouped.is_none() => {
                format!("(SELECT v FROM (VALUES ({a})) AS s(v))")
            }
            10 if self.grouped.is_none() => {
                let b = self.expr(ty, depth);
                let n = self.choice.pick(&["1", "2"]);
                format!("(SELECT column{n} FROM (VALUES ({a}, {b})) v LIMIT 1)")
            }
            11 if self.grouped.is_none() => {
                let other = self.expr(Ty::Int, depth);
                format!("(SELECT (r).f2 FROM (SELECT ROW({other}, {a}) AS r) s)")
            }
            _ => format!("({a})"),
        }
    }

    /// A function of the schema's own.
    fn of_user(&mut self, ty: Ty, depth: usize) -> Option<String> {
        self.named.extend(["people", "orders"]);
        match ty {
            Ty::Text => match self
                .row()
                .filter(|r| r.of == "people" && self.choice.chance(50))
            {
                Some(rel) => Some(format!("card({})", rel.name)),
                None => Some(format!("email_of({})", self.expr(Ty::Int, depth))),
            },
            Ty::Int => Some(format!("heavy({})", self.expr(Ty::Int, depth))),
            Ty::Texts => Some(format!(
                "ARRAY(SELECT notes({}))",
                self.expr(Ty::Int, depth)
            )),
            Ty::Bool | Ty::Ints | Ty::Json | Ty::Addr | Ty::Row(_) => None,
        }
    }

    /// What can be had of a whole row, a composite or a row in a column.
    fn of_row(&mut self, ty: Ty, depth: usize) -> Option<String> {
        let rel = self.row()?;
        let t = self.spelled(&rel.name);
        let fit: Vec<String> = rel
            .cols
            .iter()
            .filter(|c| c.ty == ty && !c.name.is_empty())
            .map(|c| c.name.clone())
            .collect();
        if !fit.is_empty() && self.choice.chance(45) {
            let c = self.choice.of(&fit).clone();
            return Some(match self.choice.below(5) {
                0 => format!("({t}).{c}"),
                1 if self.choice.chance(10) => format!("{c}({t})"),
                2 => format!("(({t})).{c}"),
                3 => format!("(SELECT s.{c} FROM (SELECT {t}.*) s)"),
                _ => format!("((SELECT {t})).{c}"),
            });
        }
        let first = rel
            .cols
            .iter()
            .map(|c| c.name.clone())
            .find(|n| !n.is_empty())
            .unwrap_or_default();
        let k = rel
            .cols
            .iter()
            .map(|c| c.name.clone())
            .filter(|n| !n.is_empty())
            .collect::<Vec<_>>();
        let k = if k.is_empty() {
            first
        } else {
            self.choice.of(&k).clone()
        };
        Some(match ty {
            Ty::Text => match self.choice.below(10) {
                0 => format!("{t}::text"),
                1 => format!("row_to_json({t})::text"),
                2 => format!("row_to_json({t}) ->> '{k}'"),
                3 => format!("concat({t}.*)"),
                4 => format!("format('%s', {t})"),
                5 => format!("to_jsonb({t}) ->> '{k}'"),
                6 => format!("row_to_json(ROW({t}.*))::text"),
                7 => format!("quote_literal({t})"),
                8 => format!("to_jsonb({t}.*) #>> '{{{k}}}'"),
                _ => format!("CAST(ROW({t}, 1) AS text)"),
            },
            Ty::Json => match self.choice.below(7) {
                0 => format!("to_jsonb({t})"),
                1 => format!("row_to_json({t})::jsonb"),
                2 => format!("to_jsonb({t}) -> '{k}'"),
                3 => format!("{t}.to_jsonb"),
                4 => format!("jsonb_build_object('r', {t})"),
                5 => format!("jsonb_build_array({t}.*)"),
                _ => format!("to_jsonb({t}) - '{k}'"),
            },
            Ty::Bool => match self.choice.below(6) {
                0 => format!("{t} IS NULL"),
                1 => format!("{t} IS NOT NULL"),
                2 => format!("({t} = {t})"),
                3 => format!("({t}.* IS NOT NULL)"),
                4 => format!("(to_jsonb({t}) ? '{k}')"),
                _ => {
                    let other = self.expr(Ty::Text, depth);
                    format!("({t}::text > {other})")
                }
            },
            Ty::Int => match self.choice.below(4) {
                0 => format!("length({t}::text)"),
                1 => format!("num_nulls({t}.*)"),
                2 => format!("hashtext({t}::text) % 7"),
                _ => format!("pg_column_size(ROW({t}.*)) % 9"),
            },
            Ty::Texts => match self.choice.below(2) {
                0 => format!("ARRAY[{t}::text]"),
                _ => format!("string_to_array({t}::text, ',')"),
            },
            Ty::Ints => format!("ARRAY[num_nonnulls({t}.*)]"),
            Ty::Addr => {
                format!("jsonb_populate_record(NULL::common.addr, to_jsonb({t}) -> 'home')")
            }
            Ty::Row(_) => return None,
        })
    }

    fn int(&mut self, d: usize) -> String {
        match self.choice.below(24) {
            0..=2 => {
                let (a, b) = (self.expr(Ty::Int, d), self.expr(Ty::Int, d));
                let o = self.choice.pick(&["+", "-", "*", "+", "#", "&", "|"]);
                format!("({a} {o} {b})")
            }
            3 => format!("length({})", self.expr(Ty::Text, d)),
            4 => format!("cardinality({})", self.arrays(d)),
            5 => {
                let (a, b) = (self.expr(Ty::Ints, d), self.expr(Ty::Int, 0));
                format!("({a})[{b}]")
            }
            6 => format!("({}).zip", self.expr(Ty::Addr, d)),
            7 if self.choice.chance(8) => format!("zip({})", self.expr(Ty::Addr, d)),
            8 => format!("-({})", self.expr(Ty::Int, d)),
            9 => format!("CASE WHEN {} THEN 1 ELSE 0 END", self.expr(Ty::Bool, d)),
            10 => format!(
                "strpos({}, {})",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            11 => format!(
                "position({} IN {})",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            12 => format!("({})::int", self.expr(Ty::Bool, d)),
            13 => format!(
                "array_position({}, {})",
                self.expr(Ty::Texts, d),
                self.expr(Ty::Text, d)
            ),
            // These can fail.
            14 => format!("({} / {})", self.expr(Ty::Int, d), self.expr(Ty::Int, d)),
            15 => format!("({} ->> 'n')::int", self.expr(Ty::Json, d)),
            16 => format!("CAST(length({}) AS int)", self.expr(Ty::Text, d)),
            17 => format!("abs({})", self.expr(Ty::Int, d)),
            18 => format!("ascii({})", self.expr(Ty::Text, d)),
            19 if self.grouped.is_none() => {
                let (q, _) = self.subquery(None, d);
                format!("(SELECT count(*)::int FROM ({q}) AS n)")
            }
            20 => format!("num_nulls({}, {})", self.any(d).0, self.any(d).0),
            21 => format!(
                "int4larger({}, {})",
                self.expr(Ty::Int, d),
                self.expr(Ty::Int, d)
            ),
            22 => format!("array_length({}, 1)", self.arrays(d)),
            _ => format!(
                "jsonb_array_length(jsonb_path_query_array({}, '$.b.c[*]'))",
                self.expr(Ty::Json, d)
            ),
        }
    }

    pub fn arrays(&mut self, d: usize) -> String {
        let ty = *self.choice.of(&[Ty::Ints, Ty::Texts]);
        self.expr(ty, d)
    }

    fn text(&mut self, d: usize) -> String {
        match self.choice.below(33) {
            0..=2 => format!("({} || {})", self.expr(Ty::Text, d), self.expr(Ty::Text, d)),
            3 => {
                let f = self.choice.pick(&[
                    "lower",
                    "upper",
                    "initcap",
                    "reverse",
                    "md5",
                    "btrim",
                    "quote_ident",
                    "pg_catalog.lower",
                ]);
                format!("{f}({})", self.expr(Ty::Text, d))
            }
            4 => format!("substr({}, 1, 2)", self.expr(Ty::Text, d)),
            5 => format!(
                "substring({} FROM 2 FOR {})",
                self.expr(Ty::Text, d),
                self.choice.pick(&["1", "3"])
            ),
            6 => format!(
                "left({}, {})",
                self.expr(Ty::Text, d),
                self.expr(Ty::Int, 0)
            ),
            7 => format!("concat({}, {})", self.any(d).0, self.any(d).0),
            8 => format!("concat_ws('-', {}, {})", self.any(d).0, self.any(d).0),
            9 => format!("format('%s/%L', {}, {})", self.any(d).0, self.any(d).0),
            10 => format!(
                "replace({}, 'a', {})",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            11 => format!("({})::text", self.any(d).0),
            12 => format!("CAST({} AS text)", self.any(d).0),
            13 => format!(
                "({}).{}",
                self.expr(Ty::Addr, d),
                self.choice.pick(&["street", "city"])
            ),
            14 if self.choice.chance(8) => format!(
                "{}({})",
                self.choice.pick(&["street", "city"]),
                self.expr(Ty::Addr, d)
            ),
            15 => format!("({})[{}]", self.expr(Ty::Texts, d), self.expr(Ty::Int, 0)),
            16 => format!("({} ->> 'a')", self.expr(Ty::Json, d)),
            17 => format!("({} #>> '{{b,c}}')", self.expr(Ty::Json, d)),
            18 => format!(
                "({} ->> {})",
                self.expr(Ty::Json, d),
                self.choice.pick(&["0", "1"])
            ),
            19 => format!("array_to_string({}, ',', 'none')", self.arrays(d)),
            20 => format!("({} COLLATE \"C\")", self.expr(Ty::Text, d)),
            21 => format!("trim(both 'a' from {})", self.expr(Ty::Text, d)),
            22 => format!(
                "overlay({} placing {} from 2)",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            23 => format!(
                "split_part({}, '@', {})",
                self.expr(Ty::Text, d),
                self.choice.pick(&["1", "2"])
            ),
            24 => format!("jsonb_typeof({})", self.expr(Ty::Json, d)),
            25 => format!("pg_typeof({})::text", self.any(d).0),
            26 => format!(
                "regexp_replace({}, '[a-c]', {})",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
            27 => format!(
                "xmlserialize(content xmlelement(name e, xmlattributes({} AS w), {}) AS text)",
                self.expr(Ty::Text, d),
                self.expr(Ty::Int, d)
            ),
            28 => format!(
                "xmlforest({} AS f, {} AS g)::text",
                self.expr(Ty::Text, d),
                self.expr(Ty::Int, d)
            ),
            29 => format!("to_char({}, '99')", self.expr(Ty::Int, d)),
            30 => format!("translate({}, 'abc', 'xyz')", self.expr(Ty::Text, d)),
            31 => format!(
                "json_build_object('k', {}, 'l', {})::text",
                self.any(d).0,
                self.any(d).0
            ),
            _ => format!(
                "repeat({}, {})",
                self.expr(Ty::Text, d),
                self.choice.pick(&["1", "2"])
            ),
        }
    }
}
