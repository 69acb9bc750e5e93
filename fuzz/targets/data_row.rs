//! DataRow, read and written again cell by cell.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::postgres::row::{RowWriter, cells};

fuzz_target!(|body: &[u8]| {
    let Ok(row) = cells(body) else { return };
    let count = u16::try_from(row.len()).expect("two bytes of count");
    let mut out = Vec::new();
    let mut writer = RowWriter::begin(&mut out, count);
    for (index, cell) in row.enumerate() {
        if index % 2 == 0 {
            writer.cell(cell);
        } else {
            writer.cell_with(|out| {
                out.extend_from_slice(cell.unwrap_or(b"taken back"));
                cell.is_some()
            });
        }
    }
    writer.finish();
    drop(writer);
    assert_eq!(&out[5..], body);
});
