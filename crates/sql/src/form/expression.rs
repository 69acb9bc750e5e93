//! Expressions, reduced to what a judgement needs.
//!
//! Owns: [`Expr`], [`Call`], [`Literal`]. Refuses: to keep a literal's value where it could be printed.

use super::{Hidden, Path, Query};

/// An expression.
///
/// Built with [`Expr::and`], [`Expr::or`] and [`Expr::mix`] so that it is flat; the variants' own lists may not hold
/// their own kind directly.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `a`, `t.a`, `s.t.a`; also a whole row (`t`), which only names can tell apart.
    Column(Path),
    /// `t.*` inside an expression (`ROW(t.*)`, `count(t.*)`). A target `t.*` is [`super::Target::Star`].
    RowOf(Path),
    /// A literal.
    Literal(Literal),
    /// `$1`.
    Param(u32),
    /// DEFAULT, as a value in INSERT or UPDATE.
    Default,
    /// A function call, also those with a syntax of their own.
    Call(Box<Call>),
    /// `CAST(x AS t)`, `x::t`, `t 'literal'`, `INTERVAL '…'`. The name of the type is its *first word or path* as written,
    /// folded: no modifiers, no array brackets, no further words (`double`, `timestamp`, `character`, `int`,
    /// `[pg_catalog, regclass]`).
    Cast(Box<Expr>, Path),
    /// `l = r` with the operator written as a bare `=`, both sides single expressions (no ANY, ALL).
    Equal(Box<Expr>, Box<Expr>),
    /// `x IN (a, b)`; also `x = ANY (y)` and `x = SOME (y)` with one `y` that is no query. NOT IN is `Not(In)`.
    In(Box<Expr>, Vec<Expr>),
    /// `x IN (query)`, `x = ANY (query)`, `x = SOME (query)`. NOT IN is `Not(InQuery)`.
    InQuery(Box<Expr>, Box<Query>),
    /// Two or more, flat, in text order.
    And(Vec<Expr>),
    /// Two or more, flat, in text order.
    Or(Vec<Expr>),
    /// NOT.
    Not(Box<Expr>),
    /// A scalar query in parentheses. Also the query under `<op> ANY|ALL (query)` other than `= ANY`.
    Subquery(Box<Query>),
    /// EXISTS.
    Exists(Box<Query>),
    /// `ARRAY(query)`.
    ArrayQuery(Box<Query>),
    /// `ROW(…)`, and `(a, b)` with two or more.
    Row(Vec<Expr>),
    /// `ARRAY[…]`; nested brackets are flattened (`ARRAY[[a],[b]]` is `Array([a, b])`).
    Array(Vec<Expr>),
    /// CASE: the operand, conditions and results in text order without the ELSE, and the ELSE.
    Case(Vec<Expr>, Option<Box<Expr>>),
    /// `(x).name`, `f(x).name`; `None` for `(x).*`. (`a.b` without parentheses is a [`Expr::Column`]; also
    /// with subscripts: `t.a[1]` is a mix of the column and the subscript.)
    Field(Box<Expr>, Option<String>),
    /// An operator by name, `[+]` or `[pg_catalog, ~]`. Only as a part of a mix.
    Operator(Path),
    /// Anything else, its parts in text order, flat, operators among them. One part is allowed: it is not the same as
    /// that part (`a COLLATE "C"` is `Mix([a])`, a computed value). What goes here: operators binary and unary (`!=`
    /// is written `<>`; `-1` is a mix of the operator and the literal), qualified `=`, operators with ANY and ALL,
    /// LIKE, ILIKE, SIMILAR TO, BETWEEN, IS …, ISNULL, AT TIME ZONE, COLLATE, subscripts, OVERLAPS (those keywords
    /// leave no operator). AND inside BETWEEN is no conjunction.
    Mix(Vec<Expr>),
}

/// A function call.
///
/// The syntax of its own that some functions have is not kept: `EXTRACT(f FROM x)` is `extract(x)`; `POSITION(a IN b)`,
/// `SUBSTRING(x FROM a FOR b)`, `OVERLAY`, `TRIM([BOTH] a FROM x)` (name `trim`), XML and JSON functions have their expressions in
/// text order under the keyword in lower case as their only name part; `COALESCE`, `NULLIF`, `GREATEST`, `LEAST`, `GROUPING`,
/// `NORMALIZE` (form word left out) are calls of that name; `COLLATION FOR (x)` is `pg_collation_for(x)`; `CURRENT_DATE`,
/// `CURRENT_TIMESTAMP(p)`, `LOCALTIME`, `CURRENT_USER`, `SESSION_USER`, `USER`, `CURRENT_ROLE`, `CURRENT_CATALOG`, `CURRENT_SCHEMA` … are calls of that name without arguments (the
/// precision is left out).
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function's name.
    pub name: Path,
    /// Arguments in text order; names of named arguments, VARIADIC, DISTINCT and ALL are left out. `count(*)` has none.
    pub args: Vec<Expr>,
    /// All expressions in the ORDER BY inside the parentheses, WITHIN GROUP, FILTER and OVER (…), in text order.
    /// A window's name is left out: its definition stands in [`super::Select::windows`].
    pub extra: Vec<Expr>,
}

/// A literal: its class, and the value only where one can be needed.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// NULL.
    Null,
    /// TRUE, FALSE.
    Bool(bool),
    /// Decimal digits only, fitting an `i32`; without sign.
    Integer(i32),
    /// Any other number.
    Number,
    /// A string. The value is there if it was written `'…'` in one piece, holds no backslash and is (with `''` halved) at
    /// most 128 bytes. E'', U&'', N'', dollar quotes, strings continued on another line: `None`.
    String(Option<Hidden>),
    /// B'…' or X'…'.
    Bits,
}

impl Expr {
    /// `N'…'`, a constant of the type character (PostgreSQL's scan.l: it is read as NCHAR before a string).
    pub fn national() -> Expr {
        let value = Box::new(Expr::Literal(Literal::String(None)));
        Expr::Cast(value, vec!["bpchar".to_owned()])
    }

    /// A conjunction, flat. One part is that part.
    pub fn and(parts: impl IntoIterator<Item = Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match <[Expr; 1]>::try_from(flat) {
            Ok([one]) => one,
            Err(flat) => Expr::And(flat),
        }
    }

    /// A disjunction, flat. One part is that part.
    pub fn or(parts: impl IntoIterator<Item = Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match <[Expr; 1]>::try_from(flat) {
            Ok([one]) => one,
            Err(flat) => Expr::Or(flat),
        }
    }

    /// A mix, flat. One part stays a mix of one.
    pub fn mix(parts: impl IntoIterator<Item = Expr>) -> Expr {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Expr::Mix(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Expr::Mix(flat)
    }

    /// An operator without a schema, for a mix.
    pub fn operator(name: &str) -> Expr {
        Expr::Operator(vec![name.to_owned()])
    }

    /// A binary operator: `=` becomes [`Expr::Equal`], `!=` is written `<>`, all else is a mix.
    pub fn binary(left: Expr, operator: &str, right: Expr) -> Expr {
        match operator {
            "=" => Expr::Equal(Box::new(left), Box::new(right)),
            "!=" => Expr::mix([left, Expr::operator("<>"), right]),
            other => Expr::mix([left, Expr::operator(other), right]),
        }
    }
}

impl Literal {
    /// A string literal written `'…'` in one piece, by its value with `''` halved.
    pub fn string(value: &str) -> Literal {
        let keep = value.len() <= 128 && !value.contains('\\');
        Literal::String(keep.then(|| Hidden(value.to_owned())))
    }

    /// A number as it is written.
    pub fn number(text: &str) -> Literal {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<i32>() {
            Ok(value) if digits => Literal::Integer(value),
            _ => Literal::Number,
        }
    }
}
