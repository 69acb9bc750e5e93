//! Parameters, for the journal and for a DBA's eye.
//!
//! Owns: how much of them is written down. Refuses: more than a bound for each, and for all of one statement.

/// Most bytes of one parameter, and of all of one statement, that are written down; of the rest their number is.
const SHOWN_BYTES: usize = 16 * 1024;
const SHOWN_TOTAL_BYTES: usize = 256 * 1024;

/// Values with their formats, for the journal and for a DBA.
pub fn shown_all<'a>(values: impl Iterator<Item = (Option<&'a [u8]>, i16)>) -> Vec<Option<String>> {
    let mut left = SHOWN_TOTAL_BYTES;
    let one = |(value, format): (Option<&[u8]>, i16)| {
        value.map(|value| {
            let text = shown(value, format, left);
            left = left.saturating_sub(text.len());
            text
        })
    };
    values.map(one).collect()
}

/// A parameter for the journal and for a DBA: text as text, binary as `\x…`.
fn shown(value: &[u8], format: i16, left: usize) -> String {
    let cut = &value[..value.len().min(SHOWN_BYTES).min(left)];
    let mut text = if format == 0 {
        String::from_utf8_lossy(cut).into_owned()
    } else {
        cut.iter().fold(String::from("\\x"), |text, byte| {
            text + &format!("{byte:02x}")
        })
    };
    if cut.len() < value.len() {
        text.push_str(&format!("… ({} bytes)", value.len()));
    }
    text
}
