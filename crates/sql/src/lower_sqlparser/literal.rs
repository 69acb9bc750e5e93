//! Constants.
//!
//! Owns: the lowering of `Value`. Refuses: notations that PostgreSQL does not have.

use sqlparser::ast::{DollarQuotedString, QuoteDelimitedString, Value, ValueWithSpan};

use super::{Lowered, refuse};
use crate::form::{Expr, Hidden, Literal};

/// A constant or a parameter.
pub(super) fn value(value: &ValueWithSpan) -> Lowered<Expr> {
    let ValueWithSpan { value, span: _ } = value;
    Ok(Expr::Literal(match value {
        Value::Number(digits, false) => Literal::number(digits),
        Value::Number(_, true) => return refuse("a number with a suffix is not PostgreSQL"),
        Value::SingleQuotedString(text) => Literal::string(text),
        Value::DollarQuotedString(DollarQuotedString { value: _, tag: _ })
        | Value::EscapedStringLiteral(_)
        | Value::UnicodeStringLiteral(_) => Literal::String(None),
        Value::NationalStringLiteral(_) => return Ok(Expr::national()),
        Value::SingleQuotedByteStringLiteral(_) | Value::HexStringLiteral(_) => Literal::Bits,
        Value::Boolean(value) => Literal::Bool(*value),
        Value::Null => Literal::Null,
        Value::Placeholder(name) => return parameter(name),
        Value::TripleSingleQuotedString(_)
        | Value::TripleDoubleQuotedString(_)
        | Value::DoubleQuotedByteStringLiteral(_)
        | Value::TripleSingleQuotedByteStringLiteral(_)
        | Value::TripleDoubleQuotedByteStringLiteral(_)
        | Value::SingleQuotedRawStringLiteral(_)
        | Value::DoubleQuotedRawStringLiteral(_)
        | Value::TripleSingleQuotedRawStringLiteral(_)
        | Value::TripleDoubleQuotedRawStringLiteral(_)
        | Value::QuoteDelimitedStringLiteral(QuoteDelimitedString {
            start_quote: _,
            value: _,
            end_quote: _,
        })
        | Value::NationalQuoteDelimitedStringLiteral(QuoteDelimitedString {
            start_quote: _,
            value: _,
            end_quote: _,
        })
        | Value::DoubleQuotedString(_) => {
            return refuse("a string in a notation that is not PostgreSQL");
        }
    }))
}

fn parameter(name: &str) -> Lowered<Expr> {
    match name
        .strip_prefix('$')
        .and_then(|digits| digits.parse().ok())
    {
        Some(number) => Ok(Expr::Param(number)),
        None => refuse("a parameter in a notation that is not PostgreSQL"),
    }
}

/// The value of a plain string, number or truth value as SET takes it.
pub(super) fn setting(value: &ValueWithSpan) -> Lowered<Hidden> {
    let ValueWithSpan { value, span: _ } = value;
    match value {
        Value::SingleQuotedString(text) => Ok(Hidden(text.clone())),
        Value::Number(text, false) => Ok(Hidden(text.to_ascii_lowercase())),
        Value::Boolean(value) => Ok(Hidden(value.to_string())),
        _ => refuse("a value of SET in an unusual notation"),
    }
}
