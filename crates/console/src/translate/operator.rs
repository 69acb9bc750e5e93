//! Operators and conversions: which types meet, and what that is in the query engine.
//!
//! Owns: PostgreSQL's rules as far as the console's types go (manual, "Type Conversion"): a bare string, NULL or
//! parameter takes the type of the other side; numbers meet in the wider one; text does not turn into numbers by
//! itself. Refuses: operators that the two types do not have.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use super::{Ex, Scope, Translator, literal, unsupported};
use crate::cell::{Cell, Ty, from_text};
use crate::desk::Refusal;

/// The type two expressions meet in.
pub(crate) fn unify(left: Ty, right: Ty) -> Option<Ty> {
    let moment = |ty: Ty| matches!(ty, Ty::Timestamptz | Ty::Date);
    Some(match (left, right) {
        (l, r) if l == r => l,
        (Ty::Unknown, other) | (other, Ty::Unknown) => other,
        (l, r) if l.is_integer() && r.is_integer() => match (l, r) {
            (Ty::Int8, _) | (_, Ty::Int8) => Ty::Int8,
            (Ty::Oid, _) | (_, Ty::Oid) => Ty::Oid,
            _ => Ty::Int4,
        },
        (l, r) if l.is_number() && r.is_number() => Ty::Float8,
        (l, r) if l.is_text() && r.is_text() => Ty::Text,
        (l, r) if moment(l) && moment(r) => Ty::Timestamptz,
        (l, r) if (l.is_reg() || l.is_integer()) && (r.is_reg() || r.is_integer()) => Ty::Oid,
        _ => return None,
    })
}

/// The word for SQLite of a comparison.
fn comparison(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        _ => return None,
    })
}

fn no_operator(op: &str, left: Ty, right: Ty) -> Refusal {
    Refusal::new(
        "42883",
        format!(
            "operator does not exist: {} {op} {}",
            left.name(),
            right.name()
        ),
    )
}

impl Translator<'_> {
    /// Gives an expression a type from where it stands. Only bare strings, NULLs and parameters change.
    pub(crate) fn coerce(&mut self, mut ex: Ex, ty: Ty) -> Result<Ex, Refusal> {
        if ex.ty == ty || ty == Ty::Unknown {
            return Ok(ex);
        }
        if let Some(at) = ex.parameter
            && ex.ty == Ty::Unknown
        {
            self.settle(at, ty);
            ex.ty = ty;
            return Ok(ex);
        }
        if ex.ty == Ty::Unknown {
            match &ex.literal {
                Some(Cell::Text(text)) => {
                    let text = text.clone();
                    ex.sql = match ty {
                        // `now` and `today` are looked up when the statement runs.
                        Ty::Timestamptz | Ty::Date => {
                            from_text(&text, ty, 0)?;
                            convert("tg_in", &ex.sql, ty)
                        }
                        _ => literal(&from_text(&text, ty, 0)?),
                    };
                }
                Some(_) => {}
                None if ty.is_text() => {}
                None => ex.sql = convert("tg_in", &ex.sql, ty),
            }
            ex.ty = ty;
            return Ok(ex);
        }
        let fits = unify(ex.ty, ty).is_some();
        if !fits {
            return Err(Refusal::new(
                "42804",
                format!(
                    "an expression of type {} stands where {} is wanted",
                    ex.ty.name(),
                    ty.name()
                ),
            ));
        }
        if ty == Ty::Float8 {
            ex.sql = format!("CAST({} AS REAL)", ex.sql);
        }
        if ex.ty == Ty::Float8 && ty.is_integer() {
            return Err(Refusal::new(
                "42804",
                "a whole number is wanted: use round(…)::int8",
            ));
        }
        ex.ty = ty;
        Ok(ex)
    }

    /// Brings two expressions to the type they meet in.
    pub(crate) fn meet(&mut self, op: &str, left: Ex, right: Ex) -> Result<(Ex, Ex, Ty), Refusal> {
        let ty = unify(left.ty, right.ty).ok_or_else(|| no_operator(op, left.ty, right.ty))?;
        let ty = if ty == Ty::Unknown { Ty::Text } else { ty };
        let left = self.coerce(left, ty)?;
        let right = self.coerce(right, ty)?;
        Ok((left, right, ty))
    }

    /// A comparison.
    pub(crate) fn compare(&mut self, op: &str, left: Ex, right: Ex) -> Result<Ex, Refusal> {
        let (left, right, _) = self.meet(op, left, right)?;
        Ok(Ex::new(
            format!("({} {op} {})", left.sql, right.sql),
            Ty::Bool,
            "?column?",
        ))
    }

    /// A condition.
    pub(crate) fn boolean(
        &mut self,
        expr: &Expr,
        scope: &Scope<'_>,
        clause: &str,
    ) -> Result<String, Refusal> {
        let ex = self.expr(expr, scope)?;
        if ex.ty != Ty::Bool && ex.ty != Ty::Unknown {
            return Err(Refusal::new(
                "42804",
                format!(
                    "argument of {clause} must be type boolean, not type {}",
                    ex.ty.name()
                ),
            ));
        }
        Ok(self.coerce(ex, Ty::Bool)?.sql)
    }

    /// `left op right`.
    pub(crate) fn binary(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        if let BinaryOperator::And | BinaryOperator::Or = op {
            let word = if *op == BinaryOperator::And {
                "AND"
            } else {
                "OR"
            };
            let left = self.boolean(left, scope, word)?;
            let right = self.boolean(right, scope, word)?;
            return Ok(Ex::new(
                format!("({left} {word} {right})"),
                Ty::Bool,
                "?column?",
            ));
        }
        let left = self.expr(left, scope)?;
        let right = self.expr(right, scope)?;
        if let Some(word) = comparison(op) {
            return self.compare(word, left, right);
        }
        match op {
            BinaryOperator::PGCustomBinaryOperator(path) => self.named_operator(path, left, right),
            BinaryOperator::Plus => self.arithmetic("+", left, right),
            BinaryOperator::Minus => self.arithmetic("-", left, right),
            BinaryOperator::Multiply => self.arithmetic("*", left, right),
            BinaryOperator::Divide => self.arithmetic("/", left, right),
            BinaryOperator::Modulo => self.arithmetic("%", left, right),
            BinaryOperator::PGExp => {
                let (left, right) = (
                    self.coerce(left, Ty::Float8)?,
                    self.coerce(right, Ty::Float8)?,
                );
                Ok(Ex::new(
                    format!("pow({}, {})", left.sql, right.sql),
                    Ty::Float8,
                    "?column?",
                ))
            }
            BinaryOperator::StringConcat => self.concat(left, right),
            BinaryOperator::PGRegexMatch => self.matches("~", left, right),
            BinaryOperator::PGRegexIMatch => self.matches("~*", left, right),
            BinaryOperator::PGRegexNotMatch => self.matches("!~", left, right),
            BinaryOperator::PGRegexNotIMatch => self.matches("!~*", left, right),
            BinaryOperator::PGLikeMatch => self.matches("~~", left, right),
            BinaryOperator::PGILikeMatch => self.matches("~~*", left, right),
            BinaryOperator::PGNotLikeMatch => self.matches("!~~", left, right),
            BinaryOperator::PGNotILikeMatch => self.matches("!~~*", left, right),
            BinaryOperator::PGStartsWith => {
                let (left, right) = (self.coerce(left, Ty::Text)?, self.coerce(right, Ty::Text)?);
                Ok(Ex::new(
                    format!(
                        "(substr({}, 1, length({r})) = {r})",
                        left.sql,
                        r = right.sql
                    ),
                    Ty::Bool,
                    "?column?",
                ))
            }
            BinaryOperator::Arrow | BinaryOperator::LongArrow => self.json_step(op, left, right),
            BinaryOperator::AtArrow | BinaryOperator::ArrowAt | BinaryOperator::PGOverlap => {
                let (left, right, ty) = self.meet("@>", left, right)?;
                if !ty.is_array() {
                    return Err(unsupported(format!("operator {op} on {}", ty.name())));
                }
                Ok(Ex::new(
                    format!("tg_array_op('{op}', {}, {})", left.sql, right.sql),
                    Ty::Bool,
                    "?column?",
                ))
            }
            _ => Err(unsupported(format!("operator {op}"))),
        }
    }

    /// `OPERATOR(pg_catalog.~)`, which psql writes.
    fn named_operator(&mut self, path: &[String], left: Ex, right: Ex) -> Result<Ex, Refusal> {
        match path.last().map_or("", String::as_str) {
            word @ ("=" | "<>" | "<" | "<=" | ">" | ">=") => self.compare(word, left, right),
            word @ ("~" | "~*" | "!~" | "!~*" | "~~" | "~~*" | "!~~" | "!~~*") => {
                self.matches(word, left, right)
            }
            other => Err(unsupported(format!("operator {other}"))),
        }
    }

    /// Regular expressions and LIKE.
    pub(crate) fn matches(&mut self, op: &str, left: Ex, right: Ex) -> Result<Ex, Refusal> {
        if !left.ty.is_text() || !right.ty.is_text() {
            return Err(no_operator(op, left.ty, right.ty));
        }
        let (left, right) = (self.coerce(left, Ty::Text)?, self.coerce(right, Ty::Text)?);
        Ok(Ex::new(
            format!("tg_match('{op}', {}, {})", left.sql, right.sql),
            Ty::Bool,
            "?column?",
        ))
    }

    /// `+ - * / %` on numbers, points in time and spans.
    fn arithmetic(&mut self, op: &str, left: Ex, right: Ex) -> Result<Ex, Refusal> {
        use Ty::{Date, Interval, Timestamptz};
        let wrong = no_operator(op, left.ty, right.ty);
        let plain = |l: &Ex, r: &Ex, ty| {
            Ok(Ex::new(
                format!("({} {op} {})", l.sql, r.sql),
                ty,
                "?column?",
            ))
        };
        match (left.ty, op, right.ty) {
            (Timestamptz | Date, "-", Timestamptz) | (Timestamptz, "-", Date) => {
                plain(&left, &right, Interval)
            }
            (Date, "-", Date) => Ok(Ex::new(
                format!("(({} - {}) / {})", left.sql, right.sql, crate::moment::DAY),
                Ty::Int4,
                "?column?",
            )),
            (Timestamptz | Date, "-", Ty::Unknown) if left.ty == Timestamptz => {
                // PostgreSQL reads a bare string here as another point in time.
                let right = self.coerce(right, Timestamptz)?;
                plain(&left, &right, Interval)
            }
            (Timestamptz | Date, "+" | "-", Interval) | (Interval, "+", Timestamptz | Date) => {
                plain(&left, &right, Timestamptz)
            }
            (Timestamptz | Interval, "+", Ty::Unknown) | (Interval, "-", Ty::Unknown) => {
                let right = self.coerce(right, Interval)?;
                plain(&left, &right, left.ty)
            }
            (Interval, "+" | "-", Interval) => plain(&left, &right, Interval),
            (Date, "+" | "-", ty) if ty.is_integer() => Ok(Ex::new(
                format!("({} {op} {} * {})", left.sql, right.sql, crate::moment::DAY),
                Date,
                "?column?",
            )),
            (Interval, "*" | "/", ty) if ty.is_number() => Ok(Ex::new(
                format!(
                    "CAST(round(1.0 * {} {op} {}) AS INTEGER)",
                    left.sql, right.sql
                ),
                Interval,
                "?column?",
            )),
            (ty, "*", Interval) if ty.is_number() => Ok(Ex::new(
                format!("CAST(round(1.0 * {} * {}) AS INTEGER)", left.sql, right.sql),
                Interval,
                "?column?",
            )),
            (l, _, r)
                if (l.is_number() || l == Ty::Unknown) && (r.is_number() || r == Ty::Unknown) =>
            {
                let (left, right) = if l == Ty::Unknown && r == Ty::Unknown {
                    (self.coerce(left, Ty::Int8)?, self.coerce(right, Ty::Int8)?)
                } else {
                    let (l, r, _) = self.meet(op, left, right)?;
                    (l, r)
                };
                match op {
                    "/" | "%" => Ok(Ex::new(
                        format!("tg_divide('{op}', {}, {})", left.sql, right.sql),
                        left.ty,
                        "?column?",
                    )),
                    _ => plain(&left, &right, left.ty),
                }
            }
            _ => Err(wrong),
        }
    }

    /// `||` on texts and arrays.
    fn concat(&mut self, left: Ex, right: Ex) -> Result<Ex, Refusal> {
        if left.ty.is_array() || right.ty.is_array() {
            let ty = if left.ty.is_array() {
                left.ty
            } else {
                right.ty
            };
            return Ok(Ex::new(
                format!("tg_array_cat({}, {})", left.sql, right.sql),
                ty,
                "?column?",
            ));
        }
        if !left.ty.is_text() && !right.ty.is_text() {
            return Err(no_operator("||", left.ty, right.ty));
        }
        let (left, right) = (self.as_text(left)?, self.as_text(right)?);
        Ok(Ex::new(
            format!("({} || {})", left.sql, right.sql),
            Ty::Text,
            "?column?",
        ))
    }

    fn json_step(&mut self, op: &BinaryOperator, left: Ex, right: Ex) -> Result<Ex, Refusal> {
        if left.ty != Ty::Json {
            return Err(no_operator(&op.to_string(), left.ty, right.ty));
        }
        let right = if right.ty == Ty::Unknown {
            self.coerce(right, Ty::Text)?
        } else {
            right
        };
        let (word, ty) = match op {
            BinaryOperator::Arrow => ("->", Ty::Json),
            _ => ("->>", Ty::Text),
        };
        Ok(Ex::new(
            format!("({} {word} {})", left.sql, right.sql),
            ty,
            "?column?",
        ))
    }

    /// `op expr`.
    pub(crate) fn unary(
        &mut self,
        op: &UnaryOperator,
        expr: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        match op {
            UnaryOperator::Not => {
                let condition = self.boolean(expr, scope, "NOT")?;
                Ok(Ex::new(format!("(NOT {condition})"), Ty::Bool, "?column?"))
            }
            UnaryOperator::Minus | UnaryOperator::Plus => {
                let ex = self.expr(expr, scope)?;
                let ex = if ex.ty == Ty::Unknown {
                    self.coerce(ex, Ty::Float8)?
                } else {
                    ex
                };
                if !ex.ty.is_number() && ex.ty != Ty::Interval {
                    return Err(unsupported(format!("{op} {}", ex.ty.name())));
                }
                let mut out = Ex::new(format!("({op} {})", ex.sql), ex.ty, "?column?");
                if let (UnaryOperator::Minus, Some(Cell::Int(v))) = (op, &ex.literal) {
                    out.literal = v.checked_neg().map(Cell::Int);
                }
                Ok(out)
            }
            _ => Err(unsupported(format!("operator {op}"))),
        }
    }

    /// What `x::text` is.
    pub(crate) fn as_text(&mut self, ex: Ex) -> Result<Ex, Refusal> {
        if ex.ty == Ty::Unknown {
            return self.coerce(ex, Ty::Text);
        }
        if ex.ty.is_text() {
            return Ok(ex);
        }
        let sql = convert("tg_out", &ex.sql, ex.ty);
        Ok(Ex::new(sql, Ty::Text, &ex.name))
    }

    /// `expr::ty`.
    pub(crate) fn cast(&mut self, ex: Ex, ty: Ty) -> Result<Ex, Refusal> {
        let name = ex.name.clone();
        let literal_value = ex.literal.clone();
        let parameter = ex.parameter;
        let from = ex.ty;
        let mut out = if from == ty {
            ex
        } else if from == Ty::Unknown {
            self.coerce(ex, ty)?
        } else {
            let sql = match (from, ty) {
                (f, t) if f.is_text() && t.is_text() => ex.sql,
                (f, t) if t.is_text() && !f.is_text() => self.as_text(ex)?.sql,
                (f, t) if f.is_text() && !t.is_text() => convert("tg_in", &ex.sql, t),
                (f, t) if (f.is_integer() || f.is_reg()) && (t.is_integer() || t.is_reg()) => {
                    if matches!(t, Ty::Int2 | Ty::Int4 | Ty::Oid)
                        && matches!(f, Ty::Int8 | Ty::Int4)
                    {
                        convert("tg_in", &format!("CAST({} AS TEXT)", ex.sql), t)
                    } else {
                        ex.sql
                    }
                }
                (f, Ty::Float8) if f.is_integer() => format!("CAST({} AS REAL)", ex.sql),
                (Ty::Float8, t) if t.is_integer() => format!("CAST(round({}) AS INTEGER)", ex.sql),
                (f, Ty::Bool) if f.is_integer() => format!("({} <> 0)", ex.sql),
                (Ty::Bool, t) if t.is_integer() => ex.sql,
                (Ty::Date, Ty::Timestamptz) => ex.sql,
                (Ty::Timestamptz, Ty::Date) => format!("tg_trunc('day', {})", ex.sql),
                (Ty::TextArray, Ty::Int8Array) | (Ty::Int8Array, Ty::TextArray) => ex.sql,
                (f, t) => {
                    return Err(Refusal::new(
                        "42846",
                        format!("cannot cast type {} to {}", f.name(), t.name()),
                    ));
                }
            };
            Ex::new(sql, ty, &name)
        };
        out.ty = ty;
        out.origin = (0, 0);
        out.parameter = parameter.filter(|_| from == Ty::Unknown);
        out.literal = literal_value;
        if out.name == "?column?" {
            out.name = short_name(ty).to_owned();
        }
        Ok(out)
    }
}

/// A call of a function that converts by type.
pub(crate) fn convert(function: &str, sql: &str, ty: Ty) -> String {
    format!("{function}({sql}, {})", ty.oid())
}

/// The name a column gets from a cast.
fn short_name(ty: Ty) -> &'static str {
    match ty {
        Ty::TextArray => "text",
        Ty::Int8Array => "int8",
        Ty::Varchar => "varchar",
        _ => crate::cell::TYPE_NAMES
            .iter()
            .find(|(t, _)| *t == ty)
            .map_or(ty.name(), |(_, n)| n),
    }
}
