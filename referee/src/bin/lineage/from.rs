//! FROM: relations, joins, functions, subqueries.
//!
//! Owns: the text of an item, and what it brings in sight. Refuses: functions that no builtin is.

use crate::schema;
use crate::scope::{Col, Level, Rel, Ty, Writer, columns_of};

/// An item of FROM: its text, what it brings in sight, what `*` stands for.
pub struct Item {
    pub text: String,
    pub rels: Vec<Rel>,
    pub star: Vec<Col>,
}

impl Writer {
    /// All of FROM, without the word; what `*` stands for. The innermost level holds what is in sight.
    pub fn from(&mut self, depth: usize) -> (String, Vec<Col>) {
        let count = 1 + usize::from(self.more(30, depth)) + usize::from(self.more(8, depth));
        let (mut texts, mut star, mut rels) = (vec![], vec![], vec![]);
        for _ in 0..count {
            let item = self.item(&rels, depth);
            texts.push(item.text);
            star.extend(item.star);
            rels.extend(item.rels);
            self.see(rels.clone());
        }
        (texts.join(", "), star)
    }

    /// Makes these the relations of the innermost level.
    pub fn see(&mut self, rels: Vec<Rel>) {
        if let Some(level) = self.levels.last_mut() {
            level.rels = rels;
        }
    }

    /// An item beside those before it.
    fn item(&mut self, before: &[Rel], depth: usize) -> Item {
        if !self.more(38, depth) {
            return self.simple(before, depth, true);
        }
        self.size += 3;
        let left = if self.choice.chance(25) {
            self.item(before, depth - 1)
        } else {
            self.simple(before, depth - 1, true)
        };
        let kind = self.choice.pick(&[
            "JOIN",
            "LEFT JOIN",
            "RIGHT JOIN",
            "FULL JOIN",
            "INNER JOIN",
            "CROSS JOIN",
            "LEFT OUTER JOIN",
        ]);
        let lateral = !matches!(kind, "RIGHT JOIN" | "FULL JOIN");
        let mut sight = before.to_vec();
        if lateral {
            sight.extend(left.rels.iter().cloned());
        }
        self.see(sight.clone());
        let right = self.simple(&sight, depth - 1, lateral);
        if left
            .rels
            .iter()
            .any(|l| !l.name.is_empty() && right.rels.iter().any(|r| r.name == l.name))
        {
            return left;
        }
        let joined = self.joined(left, right, kind, depth);
        self.see(before.to_vec());
        joined
    }

    /// A join.
    fn joined(&mut self, left: Item, right: Item, kind: &str, depth: usize) -> Item {
        let once = |star: &[Col], name: &str| star.iter().filter(|c| c.name == name).count() == 1;
        let common: Vec<Col> = left
            .star
            .iter()
            .filter(|c| {
                !c.name.is_empty() && once(&left.star, &c.name) && once(&right.star, &c.name)
            })
            .filter(|c| right.star.iter().any(|d| d.name == c.name && d.ty == c.ty))
            .cloned()
            .collect();
        let same_names = left
            .star
            .iter()
            .filter(|c| right.star.iter().any(|d| d.name == c.name))
            .count();
        let mut rels = left.rels.clone();
        rels.extend(right.rels.iter().cloned());
        let mut star = left.star.clone();
        star.extend(right.star.iter().cloned());
        if kind == "CROSS JOIN" {
            return Item {
                text: format!("{} {kind} {}", left.text, right.text),
                rels,
                star,
            };
        }
        if !common.is_empty() && self.choice.chance(45) {
            let natural = same_names == common.len() && self.choice.chance(40);
            let merged: Vec<Col> = if natural || self.choice.chance(40) {
                common
            } else {
                vec![self.choice.of(&common).clone()]
            };
            let names: Vec<String> = merged.iter().map(|c| c.name.clone()).collect();
            let as_name = if !natural && self.choice.chance(25) {
                self.name()
            } else {
                String::new()
            };
            let text = if natural {
                format!("{} NATURAL {kind} {}", left.text, right.text)
            } else {
                let tail = if as_name.is_empty() {
                    String::new()
                } else {
                    format!(" AS {as_name}")
                };
                format!(
                    "{} {kind} {} USING ({}){tail}",
                    left.text,
                    right.text,
                    names.join(", ")
                )
            };
            for rel in &mut rels {
                rel.merged.extend(names.iter().cloned());
            }
            // What an inner join has merged already is merged into this one.
            rels.retain(|r| {
                !(r.name.is_empty() && r.cols.iter().all(|c| r.merged.contains(&c.name)))
            });
            rels.push(Rel {
                name: as_name,
                cols: merged.clone(),
                row: false,
                merged: vec![],
                of: "",
            });
            star.retain(|c| !names.contains(&c.name));
            let mut all = merged;
            all.extend(star);
            return Item {
                text,
                rels,
                star: all,
            };
        }
        self.see(rels.clone());
        let on = if kind == "FULL JOIN" {
            let key = |item: &Item, w: &mut Writer| {
                let fit: Vec<String> = item
                    .rels
                    .iter()
                    .flat_map(|r| {
                        r.cols
                            .iter()
                            .filter(|c| c.ty == Ty::Int && !c.name.is_empty() && !r.name.is_empty())
                            .map(|c| format!("{}.{}", r.name, c.name))
                    })
                    .collect();
                if fit.is_empty() {
                    "1".to_owned()
                } else {
                    w.choice.of(&fit).clone()
                }
            };
            format!("{} = {}", key(&left, self), key(&right, self))
        } else {
            self.expr(Ty::Bool, depth.min(2))
        };
        let text = format!("{} {kind} {} ON {on}", left.text, right.text);
        if self.choice.chance(15) {
            let name = self.name();
            let (columns, list) = self.renamed(&star);
            return Item {
                text: format!("({text}) AS {name}{list}"),
                rels: vec![Rel {
                    name,
                    cols: columns.clone(),
                    row: true,
                    merged: vec![],
                    of: "",
                }],
                star: columns,
            };
        }
        Item { text, rels, star }
    }

    /// Some columns under other names, and the list that says so.
    pub fn renamed(&mut self, columns: &[Col]) -> (Vec<Col>, String) {
        let mut columns = columns.to_vec();
        if !self.choice.chance(25) || columns.is_empty() {
            return (columns, String::new());
        }
        let count = 1 + self.choice.below(columns.len());
        let mut names = vec![];
        for col in columns.iter_mut().take(count) {
            col.name = self.name();
            names.push(col.name.clone());
        }
        (columns, format!(" ({})", names.join(", ")))
    }

    /// Anything but a join.
    fn simple(&mut self, before: &[Rel], depth: usize, lateral: bool) -> Item {
        self.size += 1;
        self.see(before.to_vec());
        match self.choice.below(20) {
            0..=2 if self.more(90, depth) => {
                let lateral = lateral && self.choice.chance(45);
                if let Some(level) = self.levels.last_mut() {
                    level.hidden = !lateral;
                }
                let (query, columns) = self.query(None, depth - 1);
                if let Some(level) = self.levels.last_mut() {
                    level.hidden = false;
                }
                let word = if lateral { "LATERAL " } else { "" };
                self.derived(format!("{word}({query})"), columns)
            }
            3..=5 if lateral => self.function(depth.min(2)),
            6 => {
                let (query, columns) = self.values(None, depth.min(2), lateral);
                self.derived(format!("({query})"), columns)
            }
            7..=9 if !self.commons.is_empty() => {
                let (name, columns) = self.choice.of(&self.commons.clone()).clone();
                self.under_alias(name.clone(), name, columns, "")
            }
            _ => self.table(depth),
        }
    }

    /// A query in parentheses under an alias.
    fn derived(&mut self, text: String, columns: Vec<Col>) -> Item {
        let name = self.name();
        let (columns, list) = self.renamed(&columns);
        let word = self.choice.pick(&[" ", " AS "]);
        Item {
            text: format!("{text}{word}{name}{list}"),
            rels: vec![Rel {
                name,
                cols: columns.clone(),
                row: true,
                merged: vec![],
                of: "",
            }],
            star: columns,
        }
    }

    /// A relation of the schema.
    pub fn table(&mut self, depth: usize) -> Item {
        let name = if self.choice.chance(55) {
            self.choice
                .pick(&["people", "people", "orders", "email", "logs"])
        } else {
            self.choice.pick(schema::NAMES)
        };
        if self.commons.iter().any(|(n, _)| n == name) {
            // A common table hides it.
            let (name, columns) = self
                .commons
                .iter()
                .rev()
                .find(|(n, _)| n == name)
                .cloned()
                .unwrap_or_default();
            return self.under_alias(name.clone(), name, columns, "");
        }
        self.named.push(name);
        let text = match self.choice.below(16) {
            0 => format!("ONLY {name}"),
            1 => format!("ONLY ({name})"),
            2 => format!("{name} *"),
            _ => self.spelled(name),
        };
        let stored = !name.starts_with("v_");
        let mut item = self.under_alias(text, name.to_owned(), columns_of(name), name);
        if stored && self.choice.chance(4) {
            let share = match self.choice.below(3) {
                0 => "100".to_owned(),
                1 if self.more(100, depth) => {
                    self.levels.push(Level::default());
                    let share = format!(
                        "(SELECT {} * 10 FROM people LIMIT 1)",
                        self.choice.pick(&["age", "id", "boss"])
                    );
                    self.levels.pop();
                    self.named.push("people");
                    share
                }
                _ => "60".to_owned(),
            };
            let method = self.choice.pick(&["BERNOULLI", "SYSTEM"]);
            item.text += &format!(" TABLESAMPLE {method} ({share}) REPEATABLE (3)");
        }
        item
    }

    /// Something with a name, under an alias or not.
    fn under_alias(
        &mut self,
        text: String,
        name: String,
        columns: Vec<Col>,
        of: &'static str,
    ) -> Item {
        let taken = self
            .levels
            .last()
            .is_some_and(|l| l.rels.iter().any(|r| r.name == name));
        let (shown, tail, columns) = if taken || self.choice.chance(65) {
            let alias = self.name();
            let (columns, list) = self.renamed(&columns);
            let word = self.choice.pick(&[" ", " AS "]);
            (alias.clone(), format!("{word}{alias}{list}"), columns)
        } else {
            (name, String::new(), columns)
        };
        Item {
            text: format!("{text}{tail}"),
            rels: vec![Rel {
                name: shown,
                cols: columns.clone(),
                row: true,
                merged: vec![],
                of,
            }],
            star: columns,
        }
    }
}
