//! Queries: SELECT in all its parts, VALUES, set operations, WITH.
//!
//! Owns: how they are put together. Refuses: recursion without an end.

use crate::scope::{Col, Level, TYPES, Ty, Writer, col};

impl Writer {
    /// A query: its text, and its columns. `want` says of which types they have to be.
    pub fn query(&mut self, want: Option<&[Ty]>, depth: usize) -> (String, Vec<Col>) {
        self.size += 2;
        let grouped = self.grouped.take();
        let windows = std::mem::take(&mut self.windows);
        let commons = self.commons.len();
        let with = if self.more(14, depth) {
            self.with(depth - 1)
        } else {
            String::new()
        };
        let (text, columns) = match self.choice.below(20) {
            0..=2 if self.more(90, depth) => self.set_operation(want, depth - 1),
            3 => self.values(want, depth, false),
            4 if want.is_none() => {
                let item = self.choice.pick(crate::schema::NAMES);
                if self.commons.iter().any(|(n, _)| n == item) {
                    self.select(want, depth)
                } else {
                    self.named.push(item);
                    (format!("TABLE {item}"), crate::scope::columns_of(item))
                }
            }
            5..=9 => self.aggregate(want, depth),
            _ => self.select(want, depth),
        };
        self.commons.truncate(commons);
        self.grouped = grouped;
        self.windows = windows;
        (format!("{with}{text}"), columns)
    }

    /// A query for an expression: most often of few rows.
    pub fn subquery(&mut self, want: Option<&[Ty]>, depth: usize) -> (String, Vec<Col>) {
        self.query(want, depth.min(2))
    }

    /// A query of one value, in parentheses.
    pub fn scalar(&mut self, ty: Ty, depth: usize) -> String {
        let (text, columns) = self.query(Some(&[ty]), depth.min(2));
        match self.choice.below(5) {
            0 => format!("({text})"),
            1 if columns[0].name.is_empty() => {
                format!("(SELECT * FROM ({text}) q OFFSET 1 LIMIT 1)")
            }
            _ => format!("(SELECT * FROM ({text}) q LIMIT 1)"),
        }
    }

    /// VALUES, with what is in sight of it if that may be seen.
    pub fn values(
        &mut self,
        want: Option<&[Ty]>,
        depth: usize,
        _lateral: bool,
    ) -> (String, Vec<Col>) {
        let types: Vec<Ty> = match want {
            Some(types) => types.to_vec(),
            None => (0..=self.choice.below(3))
                .map(|_| *self.choice.of(TYPES))
                .collect(),
        };
        // FROM does not see its neighbours from inside; a subquery of an expression sees what is around it.
        let hidden = self.levels.last().map(|l| l.hidden);
        if want.is_none()
            && let Some(level) = self.levels.last_mut()
        {
            level.hidden = true;
        }
        let rows: Vec<String> = (0..=self.choice.below(2))
            .map(|_| {
                let row: Vec<String> = types.iter().map(|t| self.expr(*t, depth.min(2))).collect();
                format!("({})", row.join(", "))
            })
            .collect();
        if let (Some(level), Some(hidden)) = (self.levels.last_mut(), hidden) {
            level.hidden = hidden;
        }
        let columns = types
            .iter()
            .enumerate()
            .map(|(at, t)| col(&format!("column{}", at + 1), *t))
            .collect();
        (format!("VALUES {}", rows.join(", ")), columns)
    }

    /// UNION and its kin.
    fn set_operation(&mut self, want: Option<&[Ty]>, depth: usize) -> (String, Vec<Col>) {
        let types: Vec<Ty> = match want {
            Some(types) => types.to_vec(),
            None => (0..=self.choice.below(3))
                .map(|_| *self.choice.of(TYPES))
                .collect(),
        };
        let (first, columns) = self.operand(&types, depth);
        let mut text = first;
        for _ in 0..=usize::from(self.choice.chance(25)) {
            let (next, _) = self.operand(&types, depth);
            let o = self.choice.pick(&[
                "UNION",
                "UNION ALL",
                "UNION ALL",
                "INTERSECT",
                "EXCEPT",
                "EXCEPT ALL",
                "INTERSECT ALL",
            ]);
            text = format!("{text} {o} {next}");
        }
        if self.choice.chance(30) {
            let at = 1 + self.choice.below(columns.len());
            let name = &columns[at - 1].name;
            let unique = columns.iter().filter(|c| c.name == *name).count() == 1;
            let key = if !name.is_empty() && unique && self.choice.chance(50) {
                name.clone()
            } else {
                at.to_string()
            };
            text += &format!(" ORDER BY {key}");
            if self.choice.chance(40) {
                text += " LIMIT 3";
            }
        }
        (text, columns)
    }

    fn operand(&mut self, types: &[Ty], depth: usize) -> (String, Vec<Col>) {
        let (text, columns) = self.query(Some(types), depth);
        let bare = [
            "WITH",
            "UNION",
            "INTERSECT",
            "EXCEPT",
            "ORDER BY",
            "LIMIT",
            "OFFSET",
            "FETCH",
            "FOR UPDATE",
        ]
        .iter()
        .all(|w| !text.contains(w));
        if bare && self.choice.chance(80) {
            return (text, columns);
        }
        (format!("({text})"), columns)
    }

    /// WITH, up to the query; its tables stay in sight until they are taken away.
    pub fn with(&mut self, depth: usize) -> String {
        if self.choice.chance(35) {
            return self.recursive(depth);
        }
        let count = 1 + usize::from(self.choice.chance(30));
        let mut texts = vec![];
        for _ in 0..count {
            let name = self.name();
            if texts
                .iter()
                .any(|t: &String| t.starts_with(&format!("{name} ")))
            {
                continue;
            }
            let (query, mut columns) = self.query(None, depth);
            let mut list = String::new();
            if self.choice.chance(30) && !columns.is_empty() {
                let count = 1 + self.choice.below(columns.len());
                let mut names = vec![];
                for col in columns.iter_mut().take(count) {
                    col.name = self.name();
                    names.push(col.name.clone());
                }
                list = format!(" ({})", names.join(", "));
            }
            let kept = self
                .choice
                .pick(&["", "", "MATERIALIZED ", "NOT MATERIALIZED "]);
            texts.push(format!("{name} {list} AS {kept}({query})"));
            self.commons.push((name, columns));
        }
        let word = self.choice.pick(&["WITH ", "WITH ", "WITH RECURSIVE "]);
        if word.len() > 5 && texts.len() == 1 {
            return format!("WITH {} ", texts.join(", "));
        }
        format!("{word}{} ", texts.join(", "))
    }

    /// A recursive common table that counts.
    fn recursive(&mut self, depth: usize) -> String {
        let name = self.name();
        let types: Vec<Ty> = (0..=self.choice.below(2))
            .map(|_| *self.choice.of(&[Ty::Int, Ty::Text, Ty::Json, Ty::Texts]))
            .collect();
        let (first, _) = self.query(Some(&types), depth);
        let mut columns = vec![col("n", Ty::Int)];
        columns.extend(
            types
                .iter()
                .enumerate()
                .map(|(at, t)| col(&format!("r{at}"), *t)),
        );
        let names: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
        // The part that names itself.
        self.commons.push((name.clone(), columns.clone()));
        self.levels.push(Level::default());
        let own = crate::scope::Rel {
            name: name.clone(),
            cols: columns.clone(),
            row: true,
            merged: vec![],
            of: "",
        };
        self.see(vec![own.clone()]);
        let commons = std::mem::take(&mut self.commons);
        let mut text = name.clone();
        if self.choice.chance(65) {
            let item = self.table(0);
            text += &format!(", {}", item.text);
            let mut rels = vec![own];
            rels.extend(item.rels);
            self.see(rels);
        }
        let targets: Vec<String> = types.iter().map(|t| self.expr(*t, 2)).collect();
        let condition = if self.choice.chance(60) {
            format!(" AND {}", self.expr(Ty::Bool, 1))
        } else {
            String::new()
        };
        self.levels.pop();
        self.commons = commons;
        let all = self.choice.pick(&["ALL ", "", "ALL "]);
        let again = format!(
            "SELECT {name}.n + 1, {} FROM {text} WHERE {name}.n < 2{condition}",
            targets.join(", ")
        );
        let mut tail = String::new();
        if self.choice.chance(25) {
            let by = self.choice.of(&names).clone();
            let how = self.choice.pick(&["BREADTH", "DEPTH"]);
            tail += &format!(" SEARCH {how} FIRST BY {by} SET ord");
        }
        if self.choice.chance(25) {
            let by = self.choice.of(&names).clone();
            tail += &format!(" CYCLE {by} SET cyc USING way");
            if let Some((_, columns)) = self.commons.last_mut() {
                columns.push(col("cyc", Ty::Bool));
            }
        }
        format!(
            "WITH RECURSIVE {name} ({}) AS (SELECT 0, f.* FROM ({first}) f UNION {all}{again}){tail} ",
            names.join(", ")
        )
    }
}
