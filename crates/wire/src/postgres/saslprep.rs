//! A password as it is hashed.
//!
//! Owns: SASLprep (RFC 4013) in the order in which PostgreSQL applies it (`pg_saslprep` and its callers), so that a
//! verifier made here is the one that the server would have made.
//! Refuses: to be stricter than the server. A password that the profile does not allow is hashed as it is.

use stringprep::tables;
use unicode_normalization::UnicodeNormalization as _;

/// The bytes to hash.
pub(super) fn prepared(password: &str) -> Vec<u8> {
    if password.is_ascii() {
        return password.as_bytes().to_vec();
    }
    let mapped: Vec<char> = password
        .chars()
        .map(|c| {
            if tables::non_ascii_space_character(c) {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !tables::commonly_mapped_to_nothing(*c))
        .collect();
    // The RFC has these checks after normalization. The server makes them before it, which lets through what becomes
    // forbidden and keeps out what becomes allowed.
    if mapped.is_empty() || mapped.iter().copied().any(prohibited) || mixes_directions(&mapped) {
        return password.as_bytes().to_vec();
    }
    mapped.into_iter().nfkc().collect::<String>().into_bytes()
}

/// RFC 4013, sections 2.3 and 2.5.
fn prohibited(c: char) -> bool {
    tables::non_ascii_space_character(c)
        || tables::ascii_control_character(c)
        || tables::non_ascii_control_character(c)
        || tables::private_use(c)
        || tables::non_character_code_point(c)
        || tables::surrogate_code(c)
        || tables::inappropriate_for_plain_text(c)
        || tables::inappropriate_for_canonical_representation(c)
        || tables::change_display_properties_or_deprecated(c)
        || tables::tagging_character(c)
        || tables::unassigned_code_point(c)
}

/// RFC 3454, section 6: text from right to left begins and ends with such a character, and has none of the other kind.
fn mixes_directions(text: &[char]) -> bool {
    let right_to_left = |c: Option<&char>| c.is_some_and(|c| tables::bidi_r_or_al(*c));
    text.iter().any(|c| right_to_left(Some(c)))
        && (text.iter().any(|c| tables::bidi_l(*c))
            || !right_to_left(text.first())
            || !right_to_left(text.last()))
}
