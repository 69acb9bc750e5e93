//! Texts that grow: for each construct that nests, chains or multiplies, a text of any size (`fixtures/sql/shapes.tsv`).
#![allow(dead_code)]

/// `begin again… middle end…`, where `{i}` is the number of the repetition and `{p}` the one before.
pub struct Shape {
    pub name: String,
    pub begin: String,
    pub again: String,
    pub middle: String,
    pub end: String,
    /// The largest number of repetitions to try.
    pub most: usize,
}

impl Shape {
    /// The text of so many repetitions.
    pub fn text(&self, count: usize) -> String {
        let mut text = self.begin.clone();
        for i in 1..=count {
            push(&mut text, &self.again, i);
        }
        push(&mut text, &self.middle, count);
        for i in (1..=count).rev() {
            push(&mut text, &self.end, i);
        }
        text
    }
}

fn push(text: &mut String, piece: &str, i: usize) {
    let mut rest = piece;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        match after.get(..3) {
            Some("{i}") => text.push_str(&i.to_string()),
            Some("{p}") => text.push_str(&(i - 1).to_string()),
            _ => {
                text.push('{');
                rest = &after[1..];
                continue;
            }
        }
        rest = &after[3..];
    }
    text.push_str(rest);
}

/// Over the catalogue of `shop.sql` and what `wide::add` puts beside it: tables `w1` … `w8` of 1,600 columns, views `dv0`
/// … `dv50` that each read the one before twice, `vw` with the columns of `w1`.
pub fn all() -> Vec<Shape> {
    let text = include_str!("../../../../fixtures/sql/shapes.tsv");
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let plain = |field: &str| field.replace("\\n", "\n");
            let fields: Vec<String> = line.split('\t').map(plain).collect();
            let [name, begin, again, middle, end, most] = fields.try_into().unwrap();
            Shape {
                name,
                begin,
                again,
                middle,
                end,
                most: most.parse().unwrap(),
            }
        })
        .collect()
}
