//! Functions in FROM.
//!
//! Owns: their calls, what columns they give, and lists of column definitions. Refuses: volatile ones.

use crate::from::Item;
use crate::scope::{Rel, Ty, Writer, col, columns_of};

impl Writer {
    /// A function in FROM.
    pub fn function(&mut self, d: usize) -> Item {
        let name = self.name();
        let one = |ty: Ty| vec![col(&name, ty)];
        let array = |w: &mut Writer| {
            if w.choice.chance(50) {
                (w.expr(Ty::Texts, d), Ty::Text)
            } else {
                (w.expr(Ty::Ints, d), Ty::Int)
            }
        };
        // The call, the columns it gives by itself, and a list of definitions where one is needed.
        let (call, mut columns, definitions) = match self.choice.below(18) {
            0 | 1 => {
                let (a, ty) = array(self);
                (format!("unnest({a})"), one(ty), "")
            }
            2 => {
                let ((a, x), (b, y)) = (array(self), array(self));
                (
                    format!("unnest({a}, {b})"),
                    vec![col("unnest", x), col("unnest", y)],
                    "",
                )
            }
            3 | 4 => (
                format!("generate_series(1, LEAST({}, 4))", self.expr(Ty::Int, d)),
                one(Ty::Int),
                "",
            ),
            5 => (
                format!("jsonb_each({})", self.object(d)),
                vec![col("key", Ty::Text), col("value", Ty::Json)],
                "",
            ),
            6 => (
                format!("jsonb_each_text({})", self.object(d)),
                vec![col("key", Ty::Text), col("value", Ty::Text)],
                "",
            ),
            7 => (
                format!(
                    "jsonb_array_elements(jsonb_path_query_array({}, '$.b.c[*]'))",
                    self.expr(Ty::Json, d)
                ),
                one(Ty::Json),
                "",
            ),
            8 => (
                format!("jsonb_to_record({})", self.object(d)),
                vec![col("a", Ty::Text), col("n", Ty::Int)],
                "a text, n int",
            ),
            9 => (
                format!(
                    "jsonb_to_recordset(jsonb_build_array({}, {}))",
                    self.object(d),
                    self.object(d)
                ),
                vec![col("n", Ty::Int), col("a", Ty::Text)],
                "n int, a text",
            ),
            10 => {
                let of = self.choice.pick(&["people", "orders", "email", "gen"]);
                self.named.push(of);
                (
                    format!("jsonb_populate_record(NULL::{of}, {})", self.object(d)),
                    columns_of(of),
                    "",
                )
            }
            11 => (
                format!(
                    "jsonb_populate_record({}, {})",
                    self.expr(Ty::Addr, d),
                    self.object(d)
                ),
                vec![
                    col("street", Ty::Text),
                    col("city", Ty::Text),
                    col("zip", Ty::Int),
                ],
                "",
            ),
            12 => (
                format!("regexp_split_to_table({}, '[@n]')", self.expr(Ty::Text, d)),
                one(Ty::Text),
                "",
            ),
            13 => (
                format!("regexp_matches({}, '[a-d]', 'g')", self.expr(Ty::Text, d)),
                one(Ty::Texts),
                "",
            ),
            14 => {
                let ty = *self.choice.of(&[Ty::Text, Ty::Int]);
                let inner = self.expr(ty, d);
                let f = if ty == Ty::Text { "upper" } else { "abs" };
                (format!("{f}({inner})"), one(ty), "")
            }
            15 => {
                let (a, ty) = array(self);
                let to = self.expr(Ty::Int, d);
                (
                    format!("ROWS FROM (unnest({a}), generate_series(1, LEAST({to}, 3)))"),
                    vec![col("unnest", ty), col("generate_series", Ty::Int)],
                    "",
                )
            }
            16 => (
                format!(
                    "XMLTABLE('/r/i' PASSING xmlelement(name r, xmlelement(name i, {})) COLUMNS v text PATH '.', o FOR ORDINALITY)",
                    self.expr(Ty::Text, d)
                ),
                vec![col("v", Ty::Text), col("o", Ty::Int)],
                "",
            ),
            _ => (
                format!("jsonb_object_keys({})", self.object(d)),
                one(Ty::Text),
                "",
            ),
        };
        let ordinality =
            definitions.is_empty() && !call.starts_with("XML") && self.choice.chance(25);
        let mut text = call;
        if ordinality {
            text += " WITH ORDINALITY";
            columns.push(col("ordinality", Ty::Int));
        }
        let doubled = columns
            .iter()
            .any(|c| columns.iter().filter(|d| d.name == c.name).count() > 1);
        if !definitions.is_empty() {
            text += &format!(" AS {name} ({definitions})");
        } else {
            let (renamed, list) = self.renamed(&columns);
            columns = renamed;
            if doubled && list.is_empty() {
                for (at, column) in columns.iter_mut().enumerate() {
                    column.name = format!("f{at}");
                }
                let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
                text += &format!(" AS {name} ({})", names.join(", "));
            } else {
                text += &format!(" AS {name}{list}");
            }
        }
        let lateral = self.choice.chance(20);
        Item {
            text: if lateral {
                format!("LATERAL {text}")
            } else {
                text
            },
            rels: vec![Rel {
                name,
                // The name of a function that gives one scalar is its column.
                row: columns.len() > 1,
                cols: columns.clone(),
                merged: vec![],
                of: "",
            }],
            star: columns,
        }
    }
}
