//! `numeric`: more digits than a machine word.
//!
//! Owns: the canonical form of a value (so that 1.0 and 1.00, equal to the server, have one pseudonym), and writing one
//! in both formats. Refuses: NaN and the infinities.

use std::io::Write;

use crate::{Format, binary, text};

/// Sign, digits before the point without leading zeros, digits behind it without trailing zeros.
pub(crate) struct Decimal<'a> {
    pub(crate) negative: bool,
    pub(crate) whole: &'a str,
    pub(crate) fraction: &'a str,
}

impl Decimal<'_> {
    /// Reads a cell and hands it to `then`. The text of a binary one lives only that long.
    pub(crate) fn read<T>(
        format: Format,
        value: &[u8],
        then: impl FnOnce(Decimal<'_>) -> Option<T>,
    ) -> Option<T> {
        match format {
            Format::Text => then(Decimal::from_text(value)?),
            Format::Binary => {
                let mut printed = String::new();
                binary::put_decimal_text(value, &mut printed)?;
                then(Decimal::from_text(printed.as_bytes())?)
            }
        }
    }

    /// `numeric_out`'s form.
    pub(crate) fn from_text(value: &[u8]) -> Option<Decimal<'_>> {
        let (negative, whole, fraction) = text::decimal(value)?;
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal {
            negative: negative && !zero,
            whole,
            fraction,
        })
    }

    /// The digits before the point, where they fit.
    pub(crate) fn whole(&self) -> Option<u128> {
        if self.whole.is_empty() {
            Some(0)
        } else {
            self.whole.parse().ok()
        }
    }

    /// The value, where it is a whole number of 64 bits.
    pub(crate) fn as_int(&self) -> Option<i64> {
        let whole = i128::try_from(self.whole()?).ok()?;
        let signed = if self.negative { -whole } else { whole };
        self.fraction
            .is_empty()
            .then(|| signed.try_into().ok())
            .flatten()
    }

    /// Appends it.
    pub(crate) fn put(&self, format: Format, out: &mut Vec<u8>) -> Option<()> {
        match format {
            Format::Text => {
                if self.negative {
                    out.push(b'-');
                }
                out.extend_from_slice(if self.whole.is_empty() {
                    b"0"
                } else {
                    self.whole.as_bytes()
                });
                if !self.fraction.is_empty() {
                    out.push(b'.');
                    out.extend_from_slice(self.fraction.as_bytes());
                }
            }
            Format::Binary => self.put_binary(out)?,
        }
        Some(())
    }

    /// See [`binary::put_decimal_text`].
    fn put_binary(&self, out: &mut Vec<u8>) -> Option<()> {
        let whole_words = self.whole.len().div_ceil(4);
        let words = whole_words + self.fraction.len().div_ceil(4);
        let weight = i16::try_from(whole_words).ok()?.checked_sub(1)?;
        let sign: u16 = if self.negative { 0x4000 } else { 0 };
        out.extend_from_slice(&u16::try_from(words).ok()?.to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&u16::try_from(self.fraction.len()).ok()?.to_be_bytes());
        let value = |digits: &[u8]| {
            digits
                .iter()
                .fold(0u16, |sum, d| sum * 10 + u16::from(d - b'0'))
        };
        // The first word takes what is over, so that the last one ends at the point.
        let (first, rest) = self
            .whole
            .as_bytes()
            .split_at_checked(self.whole.len() % 4)?;
        if !first.is_empty() {
            out.extend_from_slice(&value(first).to_be_bytes());
        }
        for digits in rest.chunks(4) {
            out.extend_from_slice(&value(digits).to_be_bytes());
        }
        for digits in self.fraction.as_bytes().chunks(4) {
            let short = u32::try_from(4 - digits.len()).ok()?;
            out.extend_from_slice(&(value(digits) * 10u16.pow(short)).to_be_bytes());
        }
        Some(())
    }
}

/// Appends a whole number.
pub(crate) fn put_whole(
    negative: bool,
    size: u128,
    format: Format,
    out: &mut Vec<u8>,
) -> Option<()> {
    let mut digits = [0u8; 39]; // u128::MAX has 39
    let mut unused = &mut digits[..];
    write!(unused, "{size}").ok()?;
    let used = 39 - unused.len();
    let whole = std::str::from_utf8(digits.get(..used)?)
        .ok()?
        .trim_start_matches('0');
    Decimal {
        negative: negative && size > 0,
        whole,
        fraction: "",
    }
    .put(format, out)
}
