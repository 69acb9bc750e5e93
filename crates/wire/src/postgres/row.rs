//! What comes back: columns and rows.
//!
//! Owns: RowDescription and DataRow (PostgreSQL manual, 55.7), read as borrowed views and written; a row can be written
//! cell by cell, so that a masked one goes straight from the read buffer to the write buffer.
//! Refuses: to know types, and to leave a half-written row behind.

use crate::WireError;
use crate::cursor::Cursor;

use super::frame::{self, put_count, put_string, put_value, write};
use super::opaque_debug;
use super::tag::server;
use super::values::Values;

/// One column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// What the client is to call it.
    pub name: &'a [u8],
    /// The table whose column it is, as it is, or 0.
    pub table: u32,
    /// The attribute number in that table, or 0.
    pub column: i16,
    /// The type.
    pub type_oid: u32,
    /// Bytes of a value of that type, negative where they differ.
    pub type_size: i16,
    /// The type's modifier, -1 for none.
    pub type_modifier: i32,
    /// Format of the values. In answer to Describe of a statement always 0, since nobody has chosen yet.
    pub format: i16,
}

impl<'a> Field<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Result<Self, WireError> {
        Ok(Field {
            name: cursor.string()?,
            table: cursor.u32()?,
            column: cursor.i16()?,
            type_oid: cursor.u32()?,
            type_size: cursor.i16()?,
            type_modifier: cursor.i32()?,
            format: cursor.i16()?,
        })
    }
}

/// The columns of the rows to come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RowDescription<'a> {
    fields: Fields<'a>,
}

impl<'a> RowDescription<'a> {
    /// Reads the body of a `T` message.
    ///
    /// # Errors
    /// Anything malformed.
    pub fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut cursor = Cursor::new(body);
        let left = cursor.u16()?;
        let fields = Fields {
            rest: cursor.rest(),
            left,
        };
        for _ in 0..left {
            Field::read(&mut cursor)?;
        }
        cursor.end()?;
        Ok(RowDescription { fields })
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none: a table without columns has rows all the same.
    pub fn is_empty(&self) -> bool {
        self.fields.len() == 0
    }

    /// The columns in order.
    pub fn fields(&self) -> Fields<'a> {
        self.fields
    }
}

/// Columns, one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fields<'a> {
    rest: &'a [u8],
    left: u16,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        self.left = self.left.checked_sub(1)?;
        let mut cursor = Cursor::new(self.rest);
        // Read before, see `RowDescription::read`.
        let field = Field::read(&mut cursor).ok()?;
        self.rest = cursor.rest();
        Some(field)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left.into(), Some(self.left.into()))
    }
}

impl ExactSizeIterator for Fields<'_> {}

opaque_debug!(Field, RowDescription, Fields);

/// The values of a row, None for NULL.
pub type Cells<'a> = Values<'a>;

/// Reads the body of a DataRow.
///
/// # Errors
/// Anything malformed. All of the row is checked here, so going through the cells cannot fail.
#[inline]
pub fn cells(body: &[u8]) -> Result<Cells<'_>, WireError> {
    let mut cursor = Cursor::new(body);
    let cells = Values::read(&mut cursor)?;
    cursor.end()?;
    Ok(cells)
}

/// Appends a RowDescription.
pub fn write_row_description(out: &mut Vec<u8>, fields: &[Field<'_>]) {
    write(out, server::ROW_DESCRIPTION, |out| {
        let count = put_count(out, fields.len());
        for field in fields.iter().take(count) {
            put_string(out, field.name);
            out.extend_from_slice(&field.table.to_be_bytes());
            out.extend_from_slice(&field.column.to_be_bytes());
            out.extend_from_slice(&field.type_oid.to_be_bytes());
            out.extend_from_slice(&field.type_size.to_be_bytes());
            out.extend_from_slice(&field.type_modifier.to_be_bytes());
            out.extend_from_slice(&field.format.to_be_bytes());
        }
    });
}

/// Writes one DataRow, cell by cell:
/// `RowWriter::begin(&mut out, 2).cell(Some(b"1")).cell(None).finish()`.
///
/// The row always has the number of cells it began with: missing ones are NULL, and more are left out. One that is
/// dropped before [`RowWriter::finish`] leaves nothing in the buffer.
#[must_use = "a row that is not finished is not written"]
pub struct RowWriter<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
    left: u16,
    finished: bool,
}

impl<'o> RowWriter<'o> {
    /// Begins a row of so many columns at the end of `out`.
    pub fn begin(out: &'o mut Vec<u8>, columns: u16) -> Self {
        let start = out.len();
        out.push(server::DATA_ROW);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&columns.to_be_bytes());
        RowWriter {
            out,
            start,
            left: columns,
            finished: false,
        }
    }

    fn claim(&mut self) -> bool {
        let room = !self.finished && self.left > 0;
        self.left -= u16::from(room);
        room
    }

    /// The next cell, None for NULL.
    #[inline]
    pub fn cell(&mut self, value: Option<&[u8]>) -> &mut Self {
        if self.claim() {
            put_value(self.out, value);
        }
        self
    }

    /// The next cell, its value appended by `fill`, which gets the buffer to append to and says whether there is a value
    /// (true) or NULL (false; what it has appended is then taken back).
    #[inline]
    pub fn cell_with(&mut self, fill: impl FnOnce(&mut Vec<u8>) -> bool) -> &mut Self {
        if !self.claim() {
            return self;
        }
        let at = self.out.len();
        self.out.extend_from_slice(&(-1i32).to_be_bytes());
        let from = self.out.len();
        let filled = fill(self.out);
        match i32::try_from(self.out.len().saturating_sub(from)) {
            Ok(len) if filled => {
                if let Some(place) = self.out.get_mut(at..from) {
                    place.copy_from_slice(&len.to_be_bytes());
                }
            }
            _ => self.out.truncate(from),
        }
        self
    }

    /// Ends the row.
    #[inline]
    pub fn finish(&mut self) {
        while self.claim() {
            put_value(self.out, None);
        }
        if !self.finished {
            self.finished = true;
            if let Some(row) = self.out.get_mut(self.start + 1..) {
                frame::end(row, 0);
            }
        }
    }
}

impl Drop for RowWriter<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.out.truncate(self.start);
        }
    }
}

opaque_debug!(RowWriter);
