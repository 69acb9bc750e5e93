//! Operators.
//!
//! Owns: the text of sqlparser's operators as PostgreSQL writes them. Refuses: other dialects' operators, and runs of
//! operator characters that the two tokenizers would part differently.

use sqlparser::ast::{BinaryOperator, UnaryOperator};

use super::{Lowered, refuse};
use crate::form::{Expr, Path};

/// What a binary operator becomes.
pub(super) enum Binary {
    /// AND.
    And,
    /// OR.
    Or,
    /// An operator by its characters.
    Plain(String),
    /// `OPERATOR(…)`.
    Qualified(Path),
    /// A key word that leaves no operator.
    Word,
}

/// A binary operator.
pub(super) fn binary(operator: &BinaryOperator) -> Lowered<Binary> {
    let text = match operator {
        BinaryOperator::And => return Ok(Binary::And),
        BinaryOperator::Or => return Ok(Binary::Or),
        BinaryOperator::Overlaps => return Ok(Binary::Word),
        BinaryOperator::Custom(text) => {
            return if is_one(text) {
                Ok(Binary::Plain(text.clone()))
            } else {
                refuse("an operator run into a sign")
            };
        }
        BinaryOperator::PGCustomBinaryOperator(parts) => {
            return qualified(parts).map(Binary::Qualified);
        }
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::StringConcat => "||",
        BinaryOperator::Gt => ">",
        BinaryOperator::Lt => "<",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::BitwiseOr => "|",
        BinaryOperator::BitwiseAnd => "&",
        BinaryOperator::PGBitwiseXor => "#",
        BinaryOperator::PGBitwiseShiftLeft => "<<",
        BinaryOperator::PGBitwiseShiftRight => ">>",
        BinaryOperator::PGExp => "^",
        BinaryOperator::PGOverlap => "&&",
        BinaryOperator::PGRegexMatch => "~",
        BinaryOperator::PGRegexIMatch => "~*",
        BinaryOperator::PGRegexNotMatch => "!~",
        BinaryOperator::PGRegexNotIMatch => "!~*",
        BinaryOperator::PGLikeMatch => "~~",
        BinaryOperator::PGILikeMatch => "~~*",
        BinaryOperator::PGNotLikeMatch => "!~~",
        BinaryOperator::PGNotILikeMatch => "!~~*",
        BinaryOperator::PGStartsWith => "^@",
        BinaryOperator::Arrow => "->",
        BinaryOperator::LongArrow => "->>",
        BinaryOperator::HashArrow => "#>",
        BinaryOperator::HashLongArrow => "#>>",
        BinaryOperator::AtAt => "@@",
        BinaryOperator::AtArrow => "@>",
        BinaryOperator::ArrowAt => "<@",
        BinaryOperator::HashMinus => "#-",
        BinaryOperator::AtQuestion => "@?",
        BinaryOperator::Question => "?",
        BinaryOperator::QuestionAnd => "?&",
        BinaryOperator::QuestionPipe => "?|",
        BinaryOperator::DoubleHash => "##",
        BinaryOperator::LtDashGt => "<->",
        BinaryOperator::AndLt => "&<",
        BinaryOperator::AndGt => "&>",
        BinaryOperator::LtLtPipe => "<<|",
        BinaryOperator::PipeGtGt => "|>>",
        BinaryOperator::AndLtPipe => "&<|",
        BinaryOperator::PipeAndGt => "|&>",
        BinaryOperator::LtCaret => "<^",
        BinaryOperator::GtCaret => ">^",
        BinaryOperator::QuestionHash => "?#",
        BinaryOperator::QuestionDash => "?-",
        BinaryOperator::QuestionDashPipe => "?-|",
        BinaryOperator::QuestionDoublePipe => "?||",
        BinaryOperator::At => "@",
        BinaryOperator::TildeEq => "~=",
        BinaryOperator::Spaceship
        | BinaryOperator::Xor
        | BinaryOperator::BitwiseXor
        | BinaryOperator::DuckIntegerDivide
        | BinaryOperator::MyIntegerDivide
        | BinaryOperator::Match
        | BinaryOperator::Regexp
        | BinaryOperator::Glob
        | BinaryOperator::Assignment => return refuse("an operator that is not PostgreSQL"),
    };
    Ok(Binary::Plain(text.to_owned()))
}

/// A prefix operator other than NOT, as a part of a mix.
pub(super) fn unary(operator: UnaryOperator) -> Lowered<Expr> {
    Ok(Expr::operator(match operator {
        UnaryOperator::Plus => "+",
        UnaryOperator::Minus => "-",
        UnaryOperator::BitwiseNot => "~",
        UnaryOperator::PGAbs => "@",
        UnaryOperator::PGSquareRoot => "|/",
        UnaryOperator::PGCubeRoot => "||/",
        UnaryOperator::AtDashAt => "@-@",
        UnaryOperator::DoubleAt => "@@",
        UnaryOperator::Hash => "#",
        UnaryOperator::QuestionDash => "?-",
        UnaryOperator::QuestionPipe => "?|",
        UnaryOperator::PGPrefixFactorial => "!!",
        UnaryOperator::Not | UnaryOperator::BangNot | UnaryOperator::PGPostfixFactorial => {
            return refuse("an operator that is not PostgreSQL");
        }
    }))
}

/// Whether PostgreSQL's tokenizer takes all of it for one operator: one that ends in `+` or `-` must have one of these
/// characters (manual, 4.1.3).
fn is_one(text: &str) -> bool {
    !text.ends_with(['+', '-'])
        || text.len() == 1
        || text.contains(['~', '!', '@', '#', '%', '^', '&', '|', '`', '?'])
}

/// The parts between OPERATOR's brackets; they come as the text of tokens.
fn qualified(parts: &[String]) -> Lowered<Path> {
    let Some((operator, schemas)) = parts.split_last() else {
        return refuse("an operator without a name");
    };
    if !is_one(operator)
        || operator.contains(|c: char| c.is_alphanumeric() || c == '"' || c == '\'')
    {
        return refuse("an operator by another name");
    }
    let mut path = Vec::new();
    for schema in schemas {
        // Quotes and case are lost or ambiguous in the text of a token, and nobody can claim it.
        if schema != "pg_catalog" {
            return refuse("an operator in a schema other than pg_catalog");
        }
        path.push(schema.clone());
    }
    path.push(operator.clone());
    Ok(path)
}
