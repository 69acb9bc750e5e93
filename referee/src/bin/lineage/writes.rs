//! Statements: a query, or a write that is rolled back.
//!
//! Owns: INSERT, UPDATE, DELETE, MERGE, tables made of queries, and where what was written is seen. Refuses: to leave
//! anything behind.

use referee::random::Random;

use crate::scope::{Col, Level, Rel, Ty, Writer, columns_of};

/// A statement.
#[derive(Debug, Clone)]
pub struct Made {
    pub text: String,
    /// Relations of the schema that it names.
    pub named: Vec<&'static str>,
    /// The table that shows what it wrote; empty for a query.
    pub look: &'static str,
}

/// The statement of a seed.
pub fn make(seed: u64) -> Made {
    let mut writer = Writer::new(Random::new(seed));
    let (text, look) = writer.statement();
    let mut named = writer.named;
    named.sort_unstable();
    named.dedup();
    Made { text, named, look }
}

impl Writer {
    fn statement(&mut self) -> (String, &'static str) {
        match self.choice.below(100) {
            0..=7 => {
                let (text, look) = self.write(true);
                (text, look)
            }
            8..=11 => self.writing_common(),
            12 | 13 => {
                let (query, _) = self.query(None, 3);
                (format!("CREATE TABLE made AS {query}"), "made")
            }
            14 => {
                let (query, _) = self.select(None, 3);
                match query.split_once(" FROM ") {
                    Some((targets, rest)) if !targets.contains('(') => {
                        (format!("{targets} INTO made FROM {rest}"), "made")
                    }
                    _ => (query, ""),
                }
            }
            15 => {
                let (query, _) = self.query(None, 3);
                (
                    format!("CREATE TABLE made AS SELECT * FROM ({query}) q"),
                    "made",
                )
            }
            _ => {
                let depth = 2 + self.choice.below(3);
                let (query, _) = self.query(None, depth);
                (query, "")
            }
        }
    }

    /// WITH a write, and a query over what it gives back.
    fn writing_common(&mut self) -> (String, &'static str) {
        let (write, look) = self.write(false);
        if !write.contains(" RETURNING ") {
            return (write, look);
        }
        let name = self.name();
        let targets = if self.choice.chance(50) {
            "*".to_owned()
        } else {
            format!("{name}::text AS r")
        };
        let filter = if self.choice.chance(20) {
            format!(" WHERE {name} IS NOT NULL")
        } else {
            String::new()
        };
        let query = format!("WITH {name} AS ({write}) SELECT {targets} FROM {name}{filter}");
        (query, look)
    }

    /// A write of rows.
    fn write(&mut self, may_merge: bool) -> (String, &'static str) {
        match self.choice.below(10) {
            0..=3 => self.insert(),
            4..=6 => self.update(),
            7 | 8 => self.delete(),
            _ if may_merge => self.merge(),
            _ => self.update(),
        }
    }

    /// A relation as the target, in sight of the innermost level.
    fn target_of(&mut self, name: &'static str) -> (String, Rel) {
        self.named.push(name);
        let alias = if self.choice.chance(40) {
            "target"
        } else {
            name
        };
        let text = if alias == name {
            name.to_owned()
        } else {
            format!("{name} AS {alias}")
        };
        let rel = Rel {
            name: alias.to_owned(),
            cols: columns_of(name),
            row: true,
            merged: vec![],
            of: "",
        };
        (text, rel)
    }

    fn returning(&mut self) -> String {
        if !self.choice.chance(75) {
            return String::new();
        }
        let mut targets = vec![];
        for _ in 0..=self.choice.below(2) {
            match self.choice.below(6) {
                0 => targets.push("*".to_owned()),
                1 => {
                    let row = self.row().map(|r| r.name).unwrap_or("1".to_owned());
                    targets.push(format!("{row}::text AS whole"));
                }
                _ => {
                    let (value, _) = self.any(2);
                    self.given += 1;
                    targets.push(format!("{value} AS g{}", self.given));
                }
            }
        }
        format!(" RETURNING {}", targets.join(", "))
    }

    fn insert(&mut self) -> (String, &'static str) {
        let all: Vec<Col> = columns_of("sink").into_iter().skip(1).collect();
        let mut columns: Vec<Col> = vec![];
        for col in all {
            if self.choice.chance(50) {
                columns.push(col);
            }
        }
        let types: Vec<Ty> = columns.iter().map(|c| c.ty).collect();
        let conflicts = self.choice.chance(40);
        let start = if conflicts { "0" } else { "100" };
        let source = if self.choice.chance(25) {
            let row: Vec<String> = types.iter().map(|t| self.expr(*t, 2)).collect();
            format!(
                "VALUES ({})",
                [vec![start.to_owned() + " + 1"], row].concat().join(", ")
            )
        } else {
            if types.is_empty() {
                format!("SELECT {start} + (row_number() OVER ())::int FROM people")
            } else {
                let (query, _) = self.query(Some(&types), 3);
                format!("SELECT {start} + (row_number() OVER ())::int, q.* FROM ({query}) q")
            }
        };
        self.named.push("people");
        let mut names = vec!["id".to_owned()];
        names.extend(columns.iter().map(|c| c.name.clone()));
        let (target, rel) = self.target_of("sink");
        let own = rel.name.clone();
        self.levels.push(Level {
            rels: vec![rel],
            hidden: false,
        });
        let mut tail = String::new();
        if conflicts {
            if self.choice.chance(30) {
                tail += " ON CONFLICT DO NOTHING";
            } else {
                let excluded = Rel {
                    name: "excluded".to_owned(),
                    cols: columns_of("sink"),
                    row: true,
                    merged: vec![],
                    of: "",
                };
                let mut both = self
                    .levels
                    .last()
                    .map(|l| l.rels.clone())
                    .unwrap_or_default();
                both.push(excluded);
                self.see(both.clone());
                let sets = self.sets("sink", "id");
                tail += &format!(" ON CONFLICT (id) DO UPDATE SET {sets}");
                if self.choice.chance(30) {
                    tail += &format!(" WHERE {}", self.expr(Ty::Bool, 2));
                }
                both.pop();
                self.see(both);
            }
        }
        tail += &self.returning();
        self.levels.pop();
        let _ = own;
        (
            format!("INSERT INTO {target} ({}) {source}{tail}", names.join(", ")),
            "sink",
        )
    }

    /// The list of SET.
    fn sets(&mut self, table: &str, but: &str) -> String {
        let columns: Vec<Col> = columns_of(table)
            .into_iter()
            .filter(|c| c.name != but && !matches!(c.name.as_str(), "shout" | "twice" | "id" | "k"))
            .collect();
        let first = self.choice.of(&columns).clone();
        let value = self.expr(first.ty, 2);
        match self.choice.below(8) {
            0 if columns.len() > 1 => {
                let second = columns
                    .iter()
                    .find(|c| c.name != first.name)
                    .cloned()
                    .unwrap_or(first.clone());
                let other = self.expr(second.ty, 2);
                format!("({}, {}) = ({value}, {other})", first.name, second.name)
            }
            1 if columns.len() > 1 => {
                let second = columns
                    .iter()
                    .find(|c| c.name != first.name)
                    .cloned()
                    .unwrap_or(first.clone());
                let (query, _) = self.query(Some(&[first.ty, second.ty]), 2);
                format!(
                    "({}, {}) = (SELECT * FROM ({query}) q LIMIT 1)",
                    first.name, second.name
                )
            }
            2 if first.ty == Ty::Addr => {
                format!("{}.city = {}", first.name, self.expr(Ty::Text, 2))
            }
            3 if first.ty == Ty::Ints => format!(
                "{}[{}] = {}",
                first.name,
                self.expr(Ty::Int, 1),
                self.expr(Ty::Int, 2)
            ),
            4 if first.ty == Ty::Json => {
                format!("{}['z'] = {}", first.name, self.expr(Ty::Json, 2))
            }
            5 => {
                let second = columns
                    .iter()
                    .find(|c| c.name != first.name)
                    .cloned()
                    .unwrap_or(first.clone());
                if second.name == first.name {
                    return format!("{} = {value}", first.name);
                }
                format!(
                    "{} = {value}, {} = {}",
                    first.name,
                    second.name,
                    self.expr(second.ty, 2)
                )
            }
            _ => format!("{} = {value}", first.name),
        }
    }

    /// A target with the tables beside it.
    fn beside(&mut self, rel: Rel, word: &str) -> (String, Vec<Rel>) {
        self.levels.push(Level::default());
        if !self.choice.chance(50) {
            self.see(vec![rel.clone()]);
            return (String::new(), vec![rel]);
        }
        let (text, _) = self.from(2);
        let mut rels = self
            .levels
            .last()
            .map(|l| l.rels.clone())
            .unwrap_or_default();
        if rels.iter().any(|r| r.name == rel.name) {
            rels.clear();
            rels.push(rel.clone());
            self.see(rels.clone());
            return (String::new(), rels);
        }
        rels.push(rel);
        self.see(rels.clone());
        (format!(" {word} {text}"), rels)
    }

    fn update(&mut self) -> (String, &'static str) {
        let (name, look) = *self.choice.of(&[
            ("sink", "sink"),
            ("sink", "sink"),
            ("people", "people"),
            ("gen", "gen"),
            ("email", "email"),
            ("v_people", "people"),
            ("logs", "logs"),
        ]);
        let (target, rel) = self.target_of(name);
        let (beside, _) = self.beside(rel, "FROM");
        let sets = self.sets(name, "");
        let filter = if self.choice.chance(60) {
            format!(" WHERE {}", self.expr(Ty::Bool, 2))
        } else {
            String::new()
        };
        let returning = self.returning();
        self.levels.pop();
        (
            format!("UPDATE {target} SET {sets}{beside}{filter}{returning}"),
            look,
        )
    }

    fn delete(&mut self) -> (String, &'static str) {
        let (name, look) = *self.choice.of(&[
            ("sink", "sink"),
            ("people", "people"),
            ("gen", "gen"),
            ("email", "email"),
            ("orders", "orders"),
            ("v_people", "people"),
        ]);
        let (target, rel) = self.target_of(name);
        let (beside, _) = self.beside(rel, "USING");
        let filter = if self.choice.chance(80) {
            format!(" WHERE {}", self.expr(Ty::Bool, 2))
        } else {
            String::new()
        };
        let returning = self.returning();
        self.levels.pop();
        (
            format!("DELETE FROM {target}{beside}{filter}{returning}"),
            look,
        )
    }

    fn merge(&mut self) -> (String, &'static str) {
        let (target, rel) = self.target_of("sink");
        let own = rel.name.clone();
        self.levels.push(Level::default());
        let (query, columns) = self.query(Some(&[Ty::Int, Ty::Text, Ty::Json]), 2);
        let source = Rel {
            name: "src".to_owned(),
            cols: columns
                .iter()
                .zip(["k1", "k2", "k3"])
                .map(|(c, n)| Col {
                    name: n.to_owned(),
                    ty: c.ty,
                })
                .collect(),
            row: true,
            merged: vec![],
            of: "",
        };
        self.see(vec![source.clone(), rel]);
        let on = if self.choice.chance(60) {
            format!("{own}.id = src.k1")
        } else {
            self.expr(Ty::Bool, 1)
        };
        let mut branches = String::new();
        if self.choice.chance(70) {
            let condition = if self.choice.chance(40) {
                format!(" AND {}", self.expr(Ty::Bool, 1))
            } else {
                String::new()
            };
            let action = match self.choice.below(4) {
                0 => "DELETE".to_owned(),
                1 => "DO NOTHING".to_owned(),
                _ => format!("UPDATE SET {}", self.sets("sink", "")),
            };
            branches += &format!(" WHEN MATCHED{condition} THEN {action}");
        }
        self.see(vec![source]);
        let value = self.expr(Ty::Text, 2);
        let condition = if self.choice.chance(40) {
            format!(" AND {}", self.expr(Ty::Bool, 1))
        } else {
            String::new()
        };
        branches +=
            &format!(" WHEN NOT MATCHED{condition} THEN INSERT (id, a) VALUES (200, {value})");
        self.levels.pop();
        (
            format!(
                "MERGE INTO {target} USING (SELECT * FROM ({query}) q (k1, k2, k3) LIMIT 1) AS src ON {on}{branches}"
            ),
            "sink",
        )
    }
}
