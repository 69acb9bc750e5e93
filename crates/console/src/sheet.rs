//! One hold as a page of text, for a person who is about to decide.
//!
//! Owns: its layout. Refuses: to leave anything out that the decision is about: the whole statement is on it.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::cell::{Cell, Ty, to_text};
use crate::function::from_engine;
use crate::relation;

/// Registers `tg_sheet`, whose arguments are the columns of `holds`, in order.
pub fn register(db: &Connection) -> rusqlite::Result<()> {
    let columns = relation::find(Some("public"), "holds").map_or(&[][..], |r| &r.columns);
    let count = i32::try_from(columns.len()).unwrap_or(-1);
    db.create_scalar_function("tg_sheet", count, FunctionFlags::SQLITE_UTF8, move |ctx| {
        let cells: Vec<Cell> = (0..ctx.len())
            .map(|i| from_engine(ctx.get_raw(i)))
            .collect();
        let value = |name: &str| {
            columns
                .iter()
                .zip(&cells)
                .find(|(c, _)| c.name == name)
                .and_then(|(c, cell)| shown(cell, c.ty))
                .unwrap_or_default()
        };
        Ok(sheet(&value))
    })
}

/// Lists are shown with commas, the rest as psql shows it.
fn shown(cell: &Cell, ty: Ty) -> Option<String> {
    match (cell, ty) {
        (Cell::Text(json), Ty::TextArray) => {
            let items: Vec<Option<String>> = serde_json::from_str(json).unwrap_or_default();
            let items: Vec<String> = items
                .into_iter()
                .map(|i| i.unwrap_or_else(|| "NULL".to_owned()))
                .collect();
            Some(items.join(", "))
        }
        (cell, ty) => to_text(cell, ty),
    }
}

fn sheet(value: &dyn Fn(&str) -> String) -> String {
    let id = value("id");
    let mut out = format!("hold {id}: {}\n", value("state"));
    let mut line = |name: &str, text: String| {
        if !text.trim().is_empty() {
            out.push_str(&format!(
                "  {name:<11} {}\n",
                text.replace('\n', "\n              ")
            ));
        }
    };
    line(
        "who",
        format!(
            "{} through {} (grant {}, session {})",
            value("user"),
            value("agent"),
            value("grant"),
            value("session")
        ),
    );
    line("database", value("database"));
    line("search_path", value("search_path"));
    line("kind", value("class"));
    line("needs", value("needs"));
    line(
        "why held",
        format!(
            "{} (policy {}, for role {})",
            value("reason"),
            value("policy"),
            value("approver")
        ),
    );
    line("controls", value("controls"));
    line("asked", value("created"));
    line("ends", value("expires"));
    line("decided", value("decided"));
    line("by", value("decided_by"));
    line("saying", value("why"));
    line("parameters", value("parameters"));
    out.push('\n');
    for text in value("statement").lines() {
        out.push_str(&format!("    {text}\n"));
    }
    if value("state") == "held" {
        out.push_str(&format!(
            "\nAPPROVE {id} 'why';   or   REJECT {id} 'why';\n"
        ));
    }
    out
}
