//! Masks rows on their way to the agent.
//!
//! Owns: [`Columns`], what the server said of a result's columns, and [`Plan`], what that means for each row. The server's
//! word (table OID and attribute number of RowDescription) decides, so that no alias, join, subquery or common table can
//! rename a label away. Refuses: a result whose columns are not what the facts said they would be.

use mask::{Format, Key, Masked};
use std::sync::Arc;
use wire::WireError;
use wire::postgres::row::{self, RowDescription, RowWriter};

use crate::database::Known;
use crate::judge::decision::OutputLabel;
use crate::label_map::{Labelled, Origin, Worn};
use crate::refusal::Refusal;

/// One column of a result, as far as masking needs it.
#[derive(Debug, Clone)]
pub struct ResultColumn {
    /// Its label, where the session may not see it as it is.
    pub label: Option<Arc<Labelled>>,
    /// Type OID.
    pub type_oid: u32,
    /// Format code in RowDescription; for a described *statement* it is not known yet, and 0.
    pub format: i16,
}

/// What the server said of a result's columns.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// In order; empty where the statement gives no rows.
    pub columns: Vec<ResultColumn>,
    /// Why its rows may not leave, if so.
    pub refusal: Option<Refusal>,
}

/// Tells whether the session may see a labelled column as it is.
pub type Unmasked<'a> = &'a dyn Fn(&Labelled) -> bool;

impl Columns {
    /// Reads a RowDescription against the labels. `expected` is what the facts say of the outputs, empty where they say
    /// nothing. `own_tables` is whether the session has made tables that nobody else can see yet.
    ///
    /// Where a column has no label, it may have had one of these when what is read was made.
    ///
    /// # Errors
    /// A malformed message.
    pub fn read(
        body: &[u8],
        known: &Known,
        worn: Option<&Worn>,
        unmasked: Unmasked<'_>,
        expected: &[OutputLabel],
        own_tables: bool,
    ) -> Result<Columns, WireError> {
        let description = RowDescription::read(body)?;
        let mut all = Columns::default();
        for (at, field) in description.fields().enumerate() {
            let mut label = None;
            let relation = known.catalog.relation_by_oid(field.table);
            let now = known.labels.origin(field.table, field.column);
            let once = worn.and_then(|worn| worn.get(&(field.table, field.column)));
            // A view that cannot be told right now is what it was.
            let origin = match relation.is_some_and(sql::catalog::Relation::is_untold) {
                true => once.or(now),
                false => now.or(once),
            };
            match origin {
                Some(Origin::Plain(labelled)) if !unmasked(labelled) => {
                    label = Some(Arc::clone(labelled))
                }
                Some(Origin::Computed(labelled)) if !unmasked(labelled) => {
                    all.refuse(&labelled.label.name, "a view computes with it");
                }
                Some(_) => {}
                None if field.table != 0 && relation.is_none() && !own_tables => {
                    all.refuse(
                        "an unknown table",
                        "its definition was changed a moment ago; run the statement again",
                    );
                }
                None => {
                    // The facts say that a labelled column comes out here as it is, and the server does not say so: one of
                    // the two is wrong, and nobody knows which.
                    if matches!(expected.get(at), Some(OutputLabel::Plain)) {
                        all.refuse(
                            "a labelled column",
                            "the server does not name the column's origin",
                        );
                    }
                }
            }
            all.columns.push(ResultColumn {
                label,
                type_oid: field.type_oid,
                format: field.format,
            });
        }
        if !expected.is_empty() && expected.len() != all.columns.len() {
            all.refuse(
                "a labelled column",
                "the result has other columns than the statement says",
            );
        }
        Ok(all)
    }

    fn refuse(&mut self, label: &str, why: &str) {
        self.refusal
            .get_or_insert_with(|| Refusal::would_reveal(label, why));
    }

    /// The plan for rows in these formats (as in Bind: none, one for all, or one each); None for those of the description.
    pub fn plan(&self, formats: Option<&[i16]>) -> Plan {
        let format = |at: usize, own: i16| match formats {
            None => own,
            Some([]) => 0,
            Some([one]) => *one,
            Some(each) => each.get(at).copied().unwrap_or(0),
        };
        let cells = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| PlannedCell {
                label: column.label.clone(),
                type_oid: column.type_oid,
                format: if format(at, column.format) == 0 {
                    Format::Text
                } else {
                    Format::Binary
                },
            });
        Plan {
            masks: self.columns.iter().any(|c| c.label.is_some()),
            cells: cells.collect(),
            refusal: self.refusal.clone(),
        }
    }
}

#[derive(Debug, Clone)]
struct PlannedCell {
    label: Option<Arc<Labelled>>,
    type_oid: u32,
    format: Format,
}

/// How the rows of one result are masked.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    cells: Vec<PlannedCell>,
    masks: bool,
    /// Why the rows may not leave, if so.
    pub refusal: Option<Refusal>,
}

impl Plan {
    /// Whether any cell changes.
    pub fn masks(&self) -> bool {
        self.masks
    }

    /// Appends the masked DataRow; gives the number of cells masked.
    ///
    /// # Errors
    /// A row that is malformed, or has not the columns that were described.
    pub fn row(&self, key: &Key, body: &[u8], out: &mut Vec<u8>) -> Result<u64, WireError> {
        let cells = row::cells(body)?;
        let mut writer = RowWriter::begin(out, u16::try_from(self.cells.len()).unwrap_or(u16::MAX));
        let mut masked = 0;
        let mut count = 0;
        for cell in cells {
            let planned = self.cells.get(count).ok_or(WireError::BadCount)?;
            count += 1;
            match (&planned.label, cell) {
                (Some(labelled), Some(bytes)) => {
                    masked += 1;
                    writer.cell_with(|out| {
                        mask::mask(
                            &labelled.method,
                            key,
                            planned.type_oid,
                            planned.format,
                            bytes,
                            out,
                        ) == Masked::Value
                    });
                }
                (_, cell) => {
                    writer.cell(cell);
                }
            }
        }
        if count != self.cells.len() {
            return Err(WireError::BadCount);
        }
        writer.finish();
        Ok(masked)
    }
}
