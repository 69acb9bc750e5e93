//! Operators, with the server's precedence.
//!
//! Owns: [`Reader::operators`]. squawk nests `a BETWEEN b AND c OR d` as `a BETWEEN b AND (c OR d)`, `a IS NULL = b` as
//! `a IS (NULL = b)` and `a -> b -> c` to the right. So its nesting is taken apart into the text's order, and put together again by
//! the precedence of PostgreSQL's grammar (manual, 4.1.6; `gram.y`). Refuses: an operator it has no level for.

use std::iter::Peekable;
use std::vec::IntoIter;

use squawk_syntax::ast::{self, AstNode, BinOp, PostfixOp, PrefixOp};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::expression::query_in;
use super::name::{need, refuse, tokens};
use super::{Read, Reader};
use crate::form::{Expr, Path};

/// Levels of precedence, loosest first.
mod level {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const IS: u8 = 4;
    pub const COMPARISON: u8 = 5;
    pub const LIKE: u8 = 6;
    pub const ESCAPE: u8 = 7;
    pub const OTHER: u8 = 8;
    pub const SUM: u8 = 9;
    pub const PRODUCT: u8 = 10;
    pub const POWER: u8 = 11;
    pub const AT: u8 = 12;
    pub const SIGN: u8 = 14;
}

/// One piece of the text.
enum Piece {
    Operand(ast::Expr),
    Infix(Infix),
    Not,
    /// A sign or another operator before its operand.
    Prefix(Path, u8),
    /// ISNULL, IS JSON, AT LOCAL: a test of what is before it.
    Postfix(u8),
    /// BETWEEN, NOT BETWEEN.
    Between,
    /// The AND of a BETWEEN.
    BetweenAnd,
}

enum Infix {
    Or,
    And,
    /// A bare `=`; `OPERATOR(=)` binds otherwise.
    Equals,
    /// By its name, perhaps with a schema.
    Operator(Path, u8),
    /// Keywords that leave no operator: LIKE, SIMILAR TO, ESCAPE, AT TIME ZONE, OVERLAPS.
    Silent(u8),
    In {
        not: bool,
    },
    /// IS, IS NOT, before a keyword.
    Is,
    IsDistinct,
}

impl Infix {
    fn level(&self) -> u8 {
        match self {
            Infix::Or => level::OR,
            Infix::Equals => level::COMPARISON,
            Infix::And => level::AND,
            Infix::Operator(_, level) | Infix::Silent(level) => *level,
            Infix::In { .. } => level::LIKE,
            Infix::Is | Infix::IsDistinct => level::IS,
        }
    }
}

type Pieces = Peekable<IntoIter<Piece>>;

impl Reader {
    /// An expression whose outermost node is an operator.
    pub(super) fn operators(&mut self, expr: &ast::Expr) -> Read<Expr> {
        let mut pieces = self.in_text_order(expr)?.into_iter().peekable();
        let read = self.climb(&mut pieces, level::OR)?;
        match pieces.next() {
            None => Ok(read),
            Some(_) => refuse("operators that do not fit together"),
        }
    }

    /// Takes squawk's nesting apart, without recursion: chains may be long.
    fn in_text_order(&mut self, expr: &ast::Expr) -> Read<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut waiting = vec![Piece::Operand(expr.clone())];
        while let Some(piece) = waiting.pop() {
            let Piece::Operand(expr) = piece else {
                pieces.push(piece);
                continue;
            };
            match &expr {
                ast::Expr::BinExpr(binary) => {
                    let infix = self.infix(&need(binary.op())?)?;
                    waiting.push(Piece::Operand(need(binary.rhs())?));
                    waiting.push(Piece::Infix(infix));
                    waiting.push(Piece::Operand(need(binary.lhs())?));
                }
                ast::Expr::PrefixExpr(prefix) => {
                    let operator = self.prefix(&need(prefix.op())?)?;
                    waiting.push(Piece::Operand(need(prefix.expr())?));
                    waiting.push(operator);
                }
                ast::Expr::PostfixExpr(postfix) => {
                    waiting.push(Piece::Postfix(test(&need(postfix.op())?)));
                    waiting.push(Piece::Operand(need(postfix.expr())?));
                }
                ast::Expr::BetweenExpr(between) => {
                    waiting.push(Piece::Operand(need(between.end())?));
                    waiting.push(Piece::BetweenAnd);
                    waiting.push(Piece::Operand(need(between.start())?));
                    waiting.push(Piece::Between);
                    waiting.push(Piece::Operand(need(between.target())?));
                }
                _ => pieces.push(Piece::Operand(expr)),
            }
        }
        Ok(pieces)
    }

    /// Precedence climbing: an operand, and all operators after it that bind at least as tight as `least`.
    fn climb(&mut self, pieces: &mut Pieces, least: u8) -> Read<Expr> {
        let mut left = match pieces.next() {
            Some(Piece::Operand(expr)) => self.expr(&expr)?,
            Some(Piece::Not) => Expr::Not(Box::new(self.climb(pieces, level::NOT)?)),
            Some(Piece::Prefix(name, level)) => {
                Expr::mix([Expr::Operator(name), self.climb(pieces, level)?])
            }
            _ => return refuse("an operator without its operand"),
        };
        loop {
            let tight = match pieces.peek() {
                Some(Piece::Infix(infix)) => infix.level(),
                Some(Piece::Postfix(level)) => *level,
                Some(Piece::Between) => level::LIKE,
                _ => return Ok(left),
            };
            if tight < least {
                return Ok(left);
            }
            left = match pieces.next() {
                Some(Piece::Infix(infix)) => self.infix_after(left, infix, pieces)?,
                Some(Piece::Postfix(_)) => Expr::mix([left]),
                Some(Piece::Between) => {
                    // The lower bound is a `b_expr`: no AND, OR, NOT in it without parentheses.
                    let lower = self.climb(pieces, level::IS)?;
                    if !matches!(pieces.next(), Some(Piece::BetweenAnd)) {
                        return refuse("BETWEEN without AND");
                    }
                    let upper = self.climb(pieces, level::LIKE + 1)?;
                    Expr::mix([left, lower, upper])
                }
                _ => return refuse("operators that do not fit together"),
            };
        }
    }

    fn infix_after(&mut self, left: Expr, infix: Infix, pieces: &mut Pieces) -> Read<Expr> {
        let tighter = infix.level() + 1;
        Ok(match infix {
            Infix::Or => {
                let right = self.climb(pieces, tighter)?;
                match left {
                    Expr::Or(parts) => Expr::Or(extended(parts, right, |e| match e {
                        Expr::Or(more) => Ok(more),
                        other => Err(other),
                    })),
                    left => Expr::or([left, right]),
                }
            }
            Infix::And => {
                let right = self.climb(pieces, tighter)?;
                match left {
                    Expr::And(parts) => Expr::And(extended(parts, right, |e| match e {
                        Expr::And(more) => Ok(more),
                        other => Err(other),
                    })),
                    left => Expr::and([left, right]),
                }
            }
            Infix::In { not } => {
                let found = self.in_list(left, pieces.next())?;
                match not {
                    true => Expr::Not(Box::new(found)),
                    false => found,
                }
            }
            Infix::Is => {
                self.test_word(pieces.next())?;
                Expr::mix([left])
            }
            Infix::IsDistinct => mixed(left, None, self.climb(pieces, tighter)?),
            Infix::Silent(_) => match self.quantified(pieces)? {
                Some(Quantified { right, .. }) => mixed(left, None, right),
                None => mixed(left, None, self.climb(pieces, tighter)?),
            },
            Infix::Equals => match self.quantified(pieces)? {
                Some(Quantified { any: true, right }) => is_any(left, right),
                Some(Quantified { right, .. }) => mixed(left, Some(vec!["=".to_owned()]), right),
                None => Expr::Equal(Box::new(left), Box::new(self.climb(pieces, tighter)?)),
            },
            Infix::Operator(name, _) => match self.quantified(pieces)? {
                Some(Quantified { right, .. }) => mixed(left, Some(name), right),
                None => mixed(left, Some(name), self.climb(pieces, tighter)?),
            },
        })
    }

    /// What follows IN.
    fn in_list(&mut self, left: Expr, right: Option<Piece>) -> Read<Expr> {
        match right {
            Some(Piece::Operand(ast::Expr::ParenExpr(paren))) => match query_in(&paren) {
                Some(query) => Ok(Expr::InQuery(Box::new(left), Box::new(self.query(&query)?))),
                None => {
                    let one = self.expr(&need(paren.expr())?)?;
                    Ok(is_any(left, one))
                }
            },
            Some(Piece::Operand(ast::Expr::TupleExpr(tuple))) if tuple.row_token().is_none() => {
                let list = self.exprs(tuple.syntax())?;
                Ok(Expr::In(Box::new(left), list))
            }
            _ => refuse("IN without a list"),
        }
    }

    /// What follows IS: NULL, TRUE, FALSE, UNKNOWN, DOCUMENT. (squawk keeps the last two as names.)
    fn test_word(&mut self, word: Option<Piece>) -> Read<()> {
        let kind = match &word {
            Some(Piece::Operand(ast::Expr::Literal(word))) => one_token(word.syntax()),
            Some(Piece::Operand(ast::Expr::NameRef(word))) => {
                self.ledger.syntax(word.syntax());
                one_token(word.syntax())
            }
            _ => None,
        };
        match kind {
            Some(
                SyntaxKind::NULL_KW
                | SyntaxKind::TRUE_KW
                | SyntaxKind::FALSE_KW
                | SyntaxKind::UNKNOWN_KW
                | SyntaxKind::DOCUMENT_KW,
            ) => Ok(()),
            _ => refuse("IS before an expression"),
        }
    }

    /// ANY, SOME or ALL after an operator.
    fn quantified(&mut self, pieces: &mut Pieces) -> Read<Option<Quantified>> {
        let Some(Piece::Operand(ast::Expr::CallExpr(call))) = pieces.peek() else {
            return Ok(None);
        };
        let mut children = call.syntax().children();
        let (node, any) = match (children.next(), children.next()) {
            (Some(node), None) => match node.kind() {
                SyntaxKind::ANY_FN | SyntaxKind::SOME_FN => (node, true),
                SyntaxKind::ALL_FN => (node, false),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        pieces.next();
        let query = node.children().find_map(ast::SelectVariant::cast);
        let expr = node.children().find_map(ast::Expr::cast);
        let right = match (query, expr) {
            (Some(query), None) => Expr::Subquery(Box::new(self.query(&query)?)),
            (None, Some(expr)) => self.expr(&expr)?,
            _ => return refuse("ANY or ALL of an unknown shape"),
        };
        Ok(Some(Quantified { any, right }))
    }

    fn infix(&mut self, operator: &BinOp) -> Read<Infix> {
        let named = |name: &str, level| Ok(Infix::Operator(vec![name.to_owned()], level));
        match operator {
            BinOp::Or(_) => Ok(Infix::Or),
            BinOp::And(_) => Ok(Infix::And),
            BinOp::Eq(_) => Ok(Infix::Equals),
            BinOp::Neq(_) | BinOp::Neqb(_) => named("<>", level::COMPARISON),
            BinOp::LAngle(_) => named("<", level::COMPARISON),
            BinOp::RAngle(_) => named(">", level::COMPARISON),
            BinOp::Lteq(_) => named("<=", level::COMPARISON),
            BinOp::Gteq(_) => named(">=", level::COMPARISON),
            BinOp::Plus(_) => named("+", level::SUM),
            BinOp::Minus(_) => named("-", level::SUM),
            BinOp::Star(_) => named("*", level::PRODUCT),
            BinOp::Slash(_) => named("/", level::PRODUCT),
            BinOp::Percent(_) => named("%", level::PRODUCT),
            BinOp::Caret(_) => named("^", level::POWER),
            BinOp::CustomOp(custom) => named(&symbol(custom.syntax()), level::OTHER),
            BinOp::OperatorCall(call) => Ok(Infix::Operator(self.operator(call)?, level::OTHER)),
            BinOp::In(_) => Ok(Infix::In { not: false }),
            BinOp::NotIn(_) => Ok(Infix::In { not: true }),
            BinOp::Is(_) | BinOp::IsNot(_) => Ok(Infix::Is),
            BinOp::IsDistinctFrom(_) | BinOp::IsNotDistinctFrom(_) => Ok(Infix::IsDistinct),
            BinOp::Like(_)
            | BinOp::NotLike(_)
            | BinOp::Ilike(_)
            | BinOp::NotIlike(_)
            | BinOp::SimilarTo(_)
            | BinOp::NotSimilarTo(_) => Ok(Infix::Silent(level::LIKE)),
            BinOp::Escape(_) => Ok(Infix::Silent(level::ESCAPE)),
            BinOp::Overlaps(_) => Ok(Infix::Silent(level::OTHER)),
            BinOp::AtTimeZone(_) => Ok(Infix::Silent(level::AT)),
            BinOp::ColonColon(_) | BinOp::ColonEq(_) | BinOp::FatArrow(_) => {
                refuse("an operator out of its place")
            }
        }
    }

    fn prefix(&mut self, operator: &PrefixOp) -> Read<Piece> {
        Ok(match operator {
            PrefixOp::Not(_) => Piece::Not,
            PrefixOp::Minus(_) => Piece::Prefix(vec!["-".to_owned()], level::SIGN),
            PrefixOp::Plus(_) => Piece::Prefix(vec!["+".to_owned()], level::SIGN),
            PrefixOp::CustomOp(custom) => {
                Piece::Prefix(vec![symbol(custom.syntax())], level::OTHER + 1)
            }
            PrefixOp::OperatorCall(call) => Piece::Prefix(self.operator(call)?, level::OTHER + 1),
        })
    }

    /// The operator of ORDER BY … USING.
    pub(super) fn sort_operator(&mut self, using: &ast::SortUsing) -> Read<Path> {
        if let Some(call) = using.operator_call() {
            return self.operator(&call);
        }
        let text: String = using
            .syntax()
            .descendants_with_tokens()
            .filter_map(|element| element.into_token())
            .filter(|token| !token.kind().is_trivia() && token.kind() != SyntaxKind::USING_KW)
            .map(|token| token.text().to_owned())
            .collect();
        match text.is_empty() || text.bytes().any(|b| b.is_ascii_alphanumeric()) {
            true => refuse("USING of an unknown shape"),
            false => Ok(vec![text]),
        }
    }

    /// `OPERATOR(s.=)`: the schema is a path whose last segment is empty; the symbol follows it.
    fn operator(&mut self, call: &ast::OperatorCall) -> Read<Path> {
        let op = need(call.op())?;
        let mut path = match op.path_ref() {
            Some(path) => self.path(path.syntax())?,
            None => vec![],
        };
        let text = match op.custom_op() {
            Some(custom) => symbol(custom.syntax()),
            None => symbol(op.syntax()),
        };
        if text.is_empty() || text.bytes().any(|b| b.is_ascii_alphanumeric()) {
            return refuse("OPERATOR of an unknown shape");
        }
        path.push(match text.as_str() {
            "!=" => "<>".to_owned(),
            _ => text,
        });
        Ok(path)
    }
}

/// ANY or ALL, and what is in its parentheses.
struct Quantified {
    any: bool,
    right: Expr,
}

/// `= ANY (…)` and `IN (one)`. Doubled parentheses do not make a query a value: `IN ((SELECT 1))`.
fn is_any(left: Expr, right: Expr) -> Expr {
    match right {
        Expr::Subquery(query) => Expr::InQuery(Box::new(left), query),
        one => Expr::In(Box::new(left), vec![one]),
    }
}

/// A mix of two, its left part taken over as it is if it is a mix already.
fn mixed(left: Expr, operator: Option<Path>, right: Expr) -> Expr {
    let mut parts = match left {
        Expr::Mix(parts) => parts,
        other => vec![other],
    };
    parts.extend(operator.map(Expr::Operator));
    match right {
        Expr::Mix(more) => parts.extend(more),
        other => parts.push(other),
    }
    Expr::Mix(parts)
}

/// A chain with one more part, flat.
fn extended(
    mut parts: Vec<Expr>,
    right: Expr,
    same: impl FnOnce(Expr) -> Result<Vec<Expr>, Expr>,
) -> Vec<Expr> {
    match same(right) {
        Ok(more) => parts.extend(more),
        Err(one) => parts.push(one),
    }
    parts
}

/// The level of a test that stands behind its operand.
fn test(operator: &PostfixOp) -> u8 {
    match operator {
        PostfixOp::AtLocal(_) => level::AT,
        PostfixOp::IsJson(_)
        | PostfixOp::IsJsonArray(_)
        | PostfixOp::IsJsonObject(_)
        | PostfixOp::IsJsonScalar(_)
        | PostfixOp::IsJsonValue(_)
        | PostfixOp::IsNormalized(_)
        | PostfixOp::IsNotJson(_)
        | PostfixOp::IsNotJsonArray(_)
        | PostfixOp::IsNotJsonObject(_)
        | PostfixOp::IsNotJsonScalar(_)
        | PostfixOp::IsNotJsonValue(_)
        | PostfixOp::IsNotNormalized(_)
        | PostfixOp::IsNull(_)
        | PostfixOp::NotNull(_) => level::IS,
    }
}

/// An operator's characters.
fn symbol(node: &SyntaxNode) -> String {
    tokens(node).map(|token| token.text().to_owned()).collect()
}

fn one_token(node: &SyntaxNode) -> Option<SyntaxKind> {
    let mut all = tokens(node);
    let kind = all.next()?.kind();
    all.next().is_none().then_some(kind)
}
