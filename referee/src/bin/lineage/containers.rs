//! Values that hold others: arrays, json, composites.
//!
//! Owns: how they are built and taken apart. Refuses: to know where they stand.

use crate::scope::{Ty, Writer};

impl Writer {
    /// A json value that is most often an object.
    pub fn object(&mut self, d: usize) -> String {
        let json = self.expr(Ty::Json, d);
        if self.choice.chance(12) {
            return json;
        }
        format!("(jsonb_build_object('k', {json}) || jsonb_build_object('n', 4))")
    }

    /// An array of elements of a type.
    pub fn list(&mut self, of: Ty, ty: Ty, d: usize) -> String {
        match self.choice.below(9) {
            0 | 1 => format!("ARRAY[{}, {}]", self.expr(of, d), self.expr(of, d)),
            2 | 3 if self.grouped.is_none() && self.size < 60 => {
                let (q, _) = self.subquery(Some(&[of]), d);
                format!("ARRAY({q})")
            }
            4 => format!("array_append({}, {})", self.expr(ty, d), self.expr(of, d)),
            5 => format!("({} || {})", self.expr(ty, d), self.expr(ty, d)),
            6 => format!(
                "({})[1:{}]",
                self.expr(ty, d),
                self.choice.pick(&["1", "2"])
            ),
            7 => format!("array_remove({}, {})", self.expr(ty, d), self.expr(of, d)),
            _ if of == Ty::Text => match self.choice.below(2) {
                0 => format!("string_to_array({}, '@')", self.expr(Ty::Text, d)),
                _ => format!("regexp_split_to_array({}, '[@n]')", self.expr(Ty::Text, d)),
            },
            _ => format!("array_prepend({}, {})", self.expr(of, d), self.expr(ty, d)),
        }
    }

    pub fn json(&mut self, d: usize) -> String {
        match self.choice.below(17) {
            0 => format!("to_jsonb({})", self.any(d).0),
            1 | 2 => format!(
                "jsonb_build_object('a', {}, 'n', {})",
                self.any(d).0,
                self.any(d).0
            ),
            3 => format!("jsonb_build_array({}, {})", self.any(d).0, self.any(d).0),
            4 => format!("({} -> 'a')", self.expr(Ty::Json, d)),
            5 => format!("({} #> '{{b,c}}')", self.expr(Ty::Json, d)),
            6 => format!("({} -> 0)", self.expr(Ty::Json, d)),
            7 => format!("({} || {})", self.expr(Ty::Json, d), self.expr(Ty::Json, d)),
            8 => format!("({} - 'a')", self.expr(Ty::Json, d)),
            9 => format!(
                "jsonb_set({}, '{{a}}', {})",
                self.expr(Ty::Json, d),
                self.expr(Ty::Json, d)
            ),
            10 => format!(
                "jsonb_path_query_first({}, '$.b.c[*]')",
                self.expr(Ty::Json, d)
            ),
            11 => format!(
                "jsonb_path_query_array({}, '$.* ? (@ == $v)', jsonb_build_object('v', {}))",
                self.expr(Ty::Json, d),
                self.expr(Ty::Text, d)
            ),
            12 => format!("to_json({})::jsonb", self.any(d).0),
            13 => format!("array_to_json({})::jsonb", self.arrays(d)),
            14 => format!("jsonb_strip_nulls({})", self.expr(Ty::Json, d)),
            15 => format!(
                "({})['a']",
                self.column(Ty::Json).unwrap_or("'{}'::jsonb".into())
            ),
            _ => format!(
                "json_object(ARRAY['a', 'b'], ARRAY[{}, {}])::jsonb",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d)
            ),
        }
    }

    pub fn addr(&mut self, d: usize) -> String {
        match self.choice.below(4) {
            0 => format!(
                "ROW({}, {}, {})::common.addr",
                self.expr(Ty::Text, d),
                self.expr(Ty::Text, d),
                self.expr(Ty::Int, d)
            ),
            1 => format!(
                "jsonb_populate_record(NULL::common.addr, {})",
                self.expr(Ty::Json, d)
            ),
            2 => format!(
                "jsonb_populate_record({}, {})",
                self.expr(Ty::Addr, d),
                self.expr(Ty::Json, d)
            ),
            _ => format!("({})", self.expr(Ty::Addr, d)),
        }
    }
}
