//! Rows: written cell by cell, whole or not at all.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use wire::postgres::frame::{MAX_FRAME_BYTES, frame};
use wire::postgres::row::{Field, RowDescription, RowWriter, cells, write_row_description};

#[test]
fn a_row_has_the_cells_it_began_with() {
    type Row = [Option<&'static [u8]>];
    let cases: &[(u16, &Row, &Row)] = &[
        (0, &[], &[]),
        (2, &[Some(b"1"), None], &[Some(b"1"), None]),
        (2, &[Some(b"")], &[Some(b""), None]),
        (1, &[Some(b"a\0b"), Some(b"left out")], &[Some(b"a\0b")]),
        (0, &[Some(b"left out")], &[]),
    ];
    for (columns, given, expected) in cases {
        let mut out = b"before".to_vec();
        let mut row = RowWriter::begin(&mut out, *columns);
        for cell in *given {
            row.cell(*cell);
        }
        row.finish();
        drop(row);
        let found = frame(&out[6..], MAX_FRAME_BYTES).unwrap().unwrap();
        assert_eq!((found.tag(), found.len()), (b'D', out.len() - 6));
        assert_eq!(cells(found.body()).unwrap().collect::<Vec<_>>(), *expected);
    }
}

#[test]
fn a_row_that_is_not_finished_leaves_nothing() {
    let mut out = b"before".to_vec();
    let _ = RowWriter::begin(&mut out, 2).cell(Some(b"half"));
    assert_eq!(out, b"before");
}

#[test]
fn nothing_is_written_after_the_end() {
    let mut out = Vec::new();
    let mut row = RowWriter::begin(&mut out, 1);
    row.finish();
    row.cell(Some(b"late")).cell_with(|out| {
        out.push(1);
        true
    });
    row.finish();
    drop(row);
    assert_eq!(out, b"D\0\0\0\x0a\0\x01\xff\xff\xff\xff");
}

#[test]
fn a_cell_can_be_filled_in_place() {
    let mut out = Vec::new();
    RowWriter::begin(&mut out, 3)
        .cell_with(|out| {
            out.extend_from_slice(b"masked");
            true
        })
        .cell_with(|out| {
            out.extend_from_slice(b"taken back");
            false
        })
        .cell_with(|_| true)
        .finish();
    let row = cells(&out[5..]).unwrap();
    assert_eq!(
        row.collect::<Vec<_>>(),
        [Some(&b"masked"[..]), None, Some(b"")]
    );
}

prop_compose! {
    fn field()(name in prop::collection::vec(1u8..=255, 0..9), table: u32, column: i16, type_oid: u32, type_size: i16, type_modifier: i32, format: i16)
        -> (Vec<u8>, Field<'static>) {
        (name, Field { name: b"", table, column, type_oid, type_size, type_modifier, format })
    }
}

proptest! {
    #[test]
    fn columns_come_back(fields in prop::collection::vec(field(), 0..12)) {
        let fields: Vec<Field<'_>> = fields.iter().map(|(name, field)| Field { name, ..*field }).collect();
        let mut out = Vec::new();
        write_row_description(&mut out, &fields);
        let read = RowDescription::read(&out[5..]).unwrap();
        prop_assert_eq!((read.len(), read.is_empty()), (fields.len(), fields.is_empty()));
        prop_assert_eq!(read.fields().collect::<Vec<_>>(), fields);
    }

    #[test]
    fn rows_come_back(row in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..30)), 0..20)) {
        let row: Vec<Option<&[u8]>> = row.iter().map(Option::as_deref).collect();
        let mut out = Vec::new();
        let mut writer = RowWriter::begin(&mut out, u16::try_from(row.len()).unwrap());
        for (index, cell) in row.iter().enumerate() {
            match cell {
                Some(cell) if index % 2 == 0 => writer.cell_with(|out| { out.extend_from_slice(cell); true }),
                _ => writer.cell(*cell),
            };
        }
        writer.finish();
        drop(writer);
        let read = cells(&out[5..]).unwrap();
        prop_assert_eq!(read.len(), row.len());
        prop_assert_eq!(read.collect::<Vec<_>>(), row);
        for len in 5..out.len() {
            prop_assert!(cells(&out[5..len]).is_err());
        }
    }
}
