//! What names are in sight while a query is written.
//!
//! Owns: types, relations and their columns, the levels of scopes, common tables; the choice of a column of a type.
//! Refuses: to write any syntax but that of a name.

use referee::random::Random;

/// Types, as far as expressions tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    Int,
    Text,
    Bool,
    Ints,
    Texts,
    Json,
    Addr,
    /// A row of this relation, or of something without a name.
    Row(&'static str),
}

/// Those that an expression can be asked for.
pub const TYPES: &[Ty] = &[
    Ty::Int,
    Ty::Text,
    Ty::Bool,
    Ty::Ints,
    Ty::Texts,
    Ty::Json,
    Ty::Addr,
];

/// A column of a relation in sight, or of a query's result.
#[derive(Debug, Clone)]
pub struct Col {
    /// Empty where it has none that could be written.
    pub name: String,
    pub ty: Ty,
}

/// A column.
pub fn col(name: &str, ty: Ty) -> Col {
    Col {
        name: name.to_owned(),
        ty,
    }
}

/// A relation in FROM.
#[derive(Debug, Clone)]
pub struct Rel {
    /// What it is called; empty where its columns have no qualifier.
    pub name: String,
    pub cols: Vec<Col>,
    /// Its name stands for its row.
    pub row: bool,
    /// Columns that a join has merged away: only with the qualifier.
    pub merged: Vec<String>,
    /// What its row is, if it is that of a relation of the schema.
    pub of: &'static str,
}

/// One query's FROM.
#[derive(Debug, Clone, Default)]
pub struct Level {
    pub rels: Vec<Rel>,
    /// Not in sight (of a subquery in FROM without LATERAL).
    pub hidden: bool,
}

/// The columns of a relation of the schema.
pub fn columns_of(name: &str) -> Vec<Col> {
    use Ty::{Addr, Int, Ints, Json, Text, Texts};
    let list: &[(&str, Ty)] = match name {
        "people" => &[
            ("id", Int),
            ("name", Text),
            ("email", Text),
            ("age", Int),
            ("tags", Texts),
            ("doc", Json),
            ("home", Addr),
            ("boss", Int),
        ],
        "orders" => &[
            ("id", Int),
            ("person", Int),
            ("amount", Int),
            ("note", Text),
            ("parts", Ints),
            ("item", Json),
        ],
        "email" => &[("id", Int), ("email", Text), ("people", Text)],
        "mail_old" => &[
            ("id", Int),
            ("email", Text),
            ("people", Text),
            ("sent", Int),
        ],
        "logs" | "logs_a" => &[("k", Int), ("person", Int), ("level", Int), ("msg", Text)],
        "logs_b" => &[("msg", Text), ("k", Int), ("level", Int), ("person", Int)],
        "gen" => &[
            ("id", Int),
            ("secret", Text),
            ("size", Int),
            ("shout", Text),
            ("twice", Int),
        ],
        "sink" => &[
            ("id", Int),
            ("a", Text),
            ("b", Int),
            ("c", Json),
            ("d", Addr),
            ("e", Ints),
        ],
        "v_people" => &[
            ("id", Int),
            ("name", Text),
            ("mail", Text),
            ("age", Int),
            ("home", Addr),
        ],
        "v_totals" => &[("id", Int), ("name", Text), ("n", Int), ("total", Int)],
        "v_union" => &[("who", Text), ("email", Text)],
        "v_row" => &[
            ("person", Ty::Row("people")),
            ("a", Text),
            ("city", Text),
            ("up", Text),
            ("id", Int),
        ],
        "v_deep" => &[
            ("id", Int),
            ("mail", Text),
            ("total", Int),
            ("home", Addr),
            ("vp", Ty::Row("v_people")),
        ],
        "v_gen" => &[("id", Int), ("s", Text), ("shout", Text)],
        "v_rec" => &[("id", Int), ("name", Text), ("depth", Int)],
        "v_tags" => &[("id", Int), ("tag", Text), ("ord", Int)],
        "v_full" => &[
            ("id", Int),
            ("name", Text),
            ("email", Text),
            ("age", Int),
            ("tags", Texts),
            ("doc", Json),
            ("home", Addr),
            ("boss", Int),
            ("person", Int),
            ("amount", Int),
            ("note", Text),
            ("parts", Ints),
            ("item", Json),
        ],
        "v_call" => &[("id", Int), ("mail", Text), ("amount", Int)],
        "v_mix" => &[("person", Int), ("level", Int), ("msg", Text)],
        "m_mat" => &[("id", Int), ("name", Text), ("email", Text), ("older", Int)],
        _ => &[],
    };
    list.iter().map(|(n, t)| col(n, *t)).collect()
}

/// What a query is written with.
pub struct Writer {
    pub choice: Random,
    /// Innermost last.
    pub levels: Vec<Level>,
    /// Common tables in sight, innermost last.
    pub commons: Vec<(String, Vec<Col>)>,
    /// Names given so far.
    pub given: usize,
    /// Aggregates may not stand here (or may: only over what is grouped).
    pub grouped: Option<Vec<(String, Ty)>>,
    /// Names of windows of the query in hand.
    pub windows: Vec<String>,
    /// Relations of the schema that were named.
    pub named: Vec<&'static str>,
    /// How much has been written: it stops growing at some point.
    pub size: usize,
}

impl Writer {
    /// Nothing in sight.
    pub fn new(choice: Random) -> Writer {
        Writer {
            choice,
            levels: vec![],
            commons: vec![],
            given: 0,
            grouped: None,
            windows: vec![],
            named: vec![],
            size: 0,
        }
    }

    /// A new name, sometimes one that means something else elsewhere.
    pub fn name(&mut self) -> String {
        self.given += 1;
        if self.choice.chance(6) {
            return self
                .choice
                .pick(&["people", "email", "name", "id", "orders", "doc", "v_people"])
                .to_owned();
        }
        format!(
            "{}{}",
            self.choice.pick(&["a", "b", "c", "t", "x"]),
            self.given
        )
    }

    /// Whether to write something large.
    pub fn more(&mut self, percent: usize, depth: usize) -> bool {
        depth > 0 && self.size < 60 && self.choice.chance(percent)
    }

    /// A name as it could be written.
    pub fn spelled(&mut self, name: &str) -> String {
        match self.choice.below(12) {
            0 => format!("\"{name}\""),
            1 => name.to_ascii_uppercase(),
            _ => name.to_owned(),
        }
    }

    /// A column of a type that is in sight, as it could be written.
    pub fn column(&mut self, ty: Ty) -> Option<String> {
        if let Some(keys) = &self.grouped {
            let fit: Vec<String> = keys
                .iter()
                .filter(|(_, t)| *t == ty)
                .map(|(k, _)| k.clone())
                .collect();
            return (!fit.is_empty()).then(|| self.choice.of(&fit).clone());
        }
        let inner = self.levels.len().checked_sub(1)?;
        let mut fit: Vec<(usize, usize, usize)> = vec![];
        for (at, level) in self.levels.iter().enumerate() {
            if level.hidden {
                continue;
            }
            for (r, rel) in level.rels.iter().enumerate() {
                for (c, col) in rel.cols.iter().enumerate() {
                    if col.ty == ty && !col.name.is_empty() {
                        fit.push((at, r, c));
                    }
                }
            }
        }
        let own: Vec<(usize, usize, usize)> = fit
            .iter()
            .filter(|(at, _, _)| *at == inner)
            .copied()
            .collect();
        let from = if !own.is_empty() && !self.choice.chance(15) {
            own
        } else {
            fit
        };
        if from.is_empty() {
            return None;
        }
        let (at, r, c) = *self.choice.of(&from);
        let rel = &self.levels[at].rels[r];
        let (qualifier, name) = (rel.name.clone(), rel.cols[c].name.clone());
        let hidden = rel.merged.contains(&name);
        let alone = self.levels[at..]
            .iter()
            .flat_map(|l| &l.rels)
            .filter(|r| !r.merged.contains(&name))
            .flat_map(|r| &r.cols)
            .filter(|c| c.name == name)
            .count()
            == 1;
        let bare = qualifier.is_empty() || (alone && !hidden && self.choice.chance(45));
        let name = self.spelled(&name);
        if bare {
            return Some(name);
        }
        let qualifier = self.spelled(&qualifier);
        Some(format!("{qualifier}.{name}"))
    }

    /// A relation in sight whose name stands for its row.
    pub fn row(&mut self) -> Option<Rel> {
        if self.grouped.is_some() {
            return None;
        }
        let mut fit: Vec<Rel> = vec![];
        for level in self.levels.iter().filter(|l| !l.hidden) {
            fit.extend(
                level
                    .rels
                    .iter()
                    .filter(|r| r.row && !r.name.is_empty())
                    .cloned(),
            );
        }
        let near = self.levels.last().filter(|l| !l.hidden).map_or(0, |l| {
            l.rels
                .iter()
                .filter(|r| r.row && !r.name.is_empty())
                .count()
        });
        if fit.is_empty() {
            return None;
        }
        let at = if near > 0 && self.choice.chance(85) {
            fit.len() - 1 - self.choice.below(near)
        } else {
            self.choice.below(fit.len())
        };
        Some(fit[at].clone())
    }
}
