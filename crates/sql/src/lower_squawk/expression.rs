//! Expressions that bind tightest: names, constants, subscripts, casts, rows, subqueries.
//!
//! Owns: [`Reader::expr`] and operands. Refuses: to trust squawk's precedence, see [`super::operators`].

use squawk_syntax::ast::{self, AstNode, LitKind};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::name::{need, refuse, tokens};
use super::{Read, Reader};
use crate::form::{Call, Expr, Literal, Path};
use crate::operators::canonical;

impl Reader {
    /// An expression.
    pub(super) fn expr(&mut self, expr: &ast::Expr) -> Read<Expr> {
        match expr {
            ast::Expr::BinExpr(_)
            | ast::Expr::PrefixExpr(_)
            | ast::Expr::PostfixExpr(_)
            | ast::Expr::BetweenExpr(_) => self.operators(expr),
            ast::Expr::ArrayExpr(array) => self.array(array),
            ast::Expr::CallExpr(call) => self.call(call),
            ast::Expr::CaseExpr(case) => self.case(case),
            ast::Expr::CastExpr(cast) => self.cast(cast),
            ast::Expr::Collate(collate) => {
                let name = need(collate.collation_ref())?;
                self.ledger.syntax(name.syntax());
                let inner = need(collate.expr())?;
                Ok(Expr::mix([self.expr(&inner)?]))
            }
            ast::Expr::FieldExpr(field) => self.field(field),
            ast::Expr::IndexExpr(_) | ast::Expr::SliceExpr(_) => self.subscript(expr),
            ast::Expr::Literal(literal) => self.literal(literal),
            ast::Expr::NameRef(name) => self.column_or_word(name),
            ast::Expr::ParenExpr(paren) => self.parentheses(paren),
            ast::Expr::TupleExpr(tuple) => self.exprs(tuple.syntax()).map(Expr::Row),
        }
    }

    /// The expressions directly below a node, in text order.
    pub(super) fn exprs(&mut self, node: &SyntaxNode) -> Read<Vec<Expr>> {
        node.children()
            .filter_map(ast::Expr::cast)
            .map(|expr| self.expr(&expr))
            .collect()
    }

    fn array(&mut self, array: &ast::ArrayExpr) -> Read<Expr> {
        if let Some(query) = array.select_variant() {
            return Ok(Expr::ArrayQuery(Box::new(self.query(&query)?)));
        }
        let mut flat = Vec::new();
        for element in array.exprs() {
            // `[…]` inside ARRAY[…] is the same array's next dimension; ARRAY[ARRAY[…]] gives the same.
            match self.expr(&element)? {
                Expr::Array(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Ok(Expr::Array(flat))
    }

    fn case(&mut self, case: &ast::CaseExpr) -> Read<Expr> {
        let mut parts = match case.expr() {
            Some(operand) => vec![self.expr(&operand)?],
            None => vec![],
        };
        for when in need(case.when_clause_list())?.syntax().children() {
            match when.kind() {
                SyntaxKind::WHEN_CLAUSE => parts.extend(self.exprs(&when)?),
                _ => return refuse("a CASE of an unknown shape"),
            }
        }
        let last = match case.else_clause() {
            Some(clause) => Some(Box::new(self.expr(&need(clause.expr())?)?)),
            None => None,
        };
        Ok(Expr::Case(parts, last))
    }

    /// CAST, `::`, a typed constant. TREAT is a call of the server's own function of the type's name, which need be none
    /// of a type (PostgreSQL's gram.y, `func_expr_common_subexpr`).
    fn cast(&mut self, cast: &ast::CastExpr) -> Read<Expr> {
        let name = self.type_name(&need(cast.ty())?)?;
        if tokens(cast.syntax())
            .next()
            .is_some_and(|token| token.kind() == SyntaxKind::TREAT_KW)
        {
            // In quotes a type's name is a function's name as it stands, and no other word for it.
            if need(cast.ty())?.syntax().text().contains_char('"') {
                return refuse("TREAT to a name in quotes");
            }
            let function = need(name.into_iter().next_back())?;
            // `double` alone is the name of a function, and `double precision` a type of another name.
            if function == "double" {
                return refuse("TREAT to double");
            }
            return Ok(Expr::Call(Box::new(Call {
                name: vec!["pg_catalog".to_owned(), canonical(&function).to_owned()],
                args: vec![self.expr(&need(cast.expr())?)?],
                extra: vec![],
            })));
        }
        if let Some(qualifier) = cast.interval_qualifier() {
            self.modifier(qualifier.syntax())?;
        }
        let value = match (cast.expr(), cast.literal()) {
            (Some(expr), _) => self.expr(&expr)?,
            (None, Some(literal)) => self.literal(&literal)?,
            (None, None) => return refuse("a cast of nothing"),
        };
        Ok(Expr::Cast(Box::new(value), name))
    }

    /// `a.b.c` is a column, `(x).b`, `f(x).b` and `a[1].b` are fields. The chain is followed in a loop: it may be long.
    fn field(&mut self, field: &ast::FieldExpr) -> Read<Expr> {
        let mut names = Vec::new();
        let mut star = false;
        let mut at = field.clone();
        let base = loop {
            let base = need(at.base())?;
            if at.star_token().is_some() {
                star = names.is_empty();
                if !star {
                    return refuse("a star before a name");
                }
            } else {
                let name = need(at.field())?;
                if name.syntax() == base.syntax() {
                    return refuse("a field without a name");
                }
                names.push(self.name(name.syntax())?);
            }
            match base {
                ast::Expr::FieldExpr(inner) => at = inner,
                other => break other,
            }
        };
        names.reverse();
        if let ast::Expr::NameRef(first) = &base {
            let mut path: Path = vec![self.name(first.syntax())?];
            path.append(&mut names);
            return Ok(match star {
                true => Expr::RowOf(path),
                false => Expr::Column(path),
            });
        }
        let mut expr = self.expr(&base)?;
        for name in names {
            expr = Expr::Field(Box::new(expr), Some(name));
        }
        Ok(match star {
            true => Expr::Field(Box::new(expr), None),
            false => expr,
        })
    }

    /// `a[1]`, `a[1:2]`, also in chains.
    fn subscript(&mut self, expr: &ast::Expr) -> Read<Expr> {
        let mut steps = Vec::new();
        let mut at = expr.clone();
        while matches!(at, ast::Expr::IndexExpr(_) | ast::Expr::SliceExpr(_)) {
            let mut below = at.syntax().children().filter_map(ast::Expr::cast);
            let base = need(below.next())?;
            steps.push(below.collect::<Vec<_>>());
            at = base;
        }
        let mut parts = vec![self.expr(&at)?];
        for step in steps.iter().rev().flatten() {
            parts.push(self.expr(step)?);
        }
        Ok(Expr::mix(parts))
    }

    fn parentheses(&mut self, paren: &ast::ParenExpr) -> Read<Expr> {
        match (query_in(paren), paren.expr()) {
            (Some(query), _) => Ok(Expr::Subquery(Box::new(self.query(&query)?))),
            (None, Some(expr)) => self.expr(&expr),
            (None, None) => refuse("parentheses of an unknown shape"),
        }
    }

    /// A name, or one of the words that are calls without parentheses (PostgreSQL manual, 9.9.5 and 9.26).
    fn column_or_word(&mut self, name: &ast::NameRef) -> Read<Expr> {
        let word = need(tokens(name.syntax()).next())?.kind();
        let name = self.name(name.syntax())?;
        Ok(match is_call_without_parentheses(word) {
            true => word_call(name),
            false => Expr::Column(vec![name]),
        })
    }

    /// A constant.
    pub(super) fn literal(&mut self, literal: &ast::Literal) -> Read<Expr> {
        let pieces: Vec<_> = tokens(literal.syntax()).collect();
        for piece in &pieces {
            self.ledger.claim(piece);
        }
        let one = pieces.len() == 1;
        let literal = match need(literal.kind())? {
            LitKind::String(token) if one => {
                let inner = token
                    .text()
                    .strip_prefix('\'')
                    .and_then(|text| text.strip_suffix('\''));
                Literal::string(&need(inner)?.replace("''", "'"))
            }
            LitKind::String(_)
            | LitKind::EscString(_)
            | LitKind::UnicodeEscString(_)
            | LitKind::DollarQuotedString(_) => Literal::String(None),
            LitKind::NationalString(_) => return Ok(Expr::national()),
            LitKind::BitString(_) | LitKind::ByteString(_) => Literal::Bits,
            LitKind::IntNumber(token) | LitKind::NumericNumber(token) if one => {
                Literal::number(token.text())
            }
            LitKind::Null(_) => Literal::Null,
            LitKind::True(_) => Literal::Bool(true),
            LitKind::False(_) => Literal::Bool(false),
            LitKind::Default(_) => return Ok(Expr::Default),
            LitKind::PositionalParam(token) if one => {
                let number = token.text().strip_prefix('$').and_then(|n| n.parse().ok());
                return number
                    .map_or_else(|| refuse("a parameter's number"), |n| Ok(Expr::Param(n)));
            }
            LitKind::IntNumber(_)
            | LitKind::NumericNumber(_)
            | LitKind::PositionalParam(_)
            | LitKind::On(_)
            | LitKind::Off(_) => return refuse("a constant of an unknown shape"),
        };
        Ok(Expr::Literal(literal))
    }
}

/// The query that parentheses hold, if it is one.
pub(super) fn query_in(paren: &ast::ParenExpr) -> Option<ast::SelectVariant> {
    paren.syntax().children().find_map(ast::SelectVariant::cast)
}

/// The call that a word without parentheses is.
pub(super) fn word_call(name: String) -> Expr {
    Expr::Call(Box::new(Call {
        name: vec![name],
        args: vec![],
        extra: vec![],
    }))
}

/// `CURRENT_DATE` and its kin.
pub(super) fn is_call_without_parentheses(word: SyntaxKind) -> bool {
    matches!(
        word,
        SyntaxKind::CURRENT_CATALOG_KW
            | SyntaxKind::CURRENT_DATE_KW
            | SyntaxKind::CURRENT_ROLE_KW
            | SyntaxKind::CURRENT_SCHEMA_KW
            | SyntaxKind::CURRENT_TIME_KW
            | SyntaxKind::CURRENT_TIMESTAMP_KW
            | SyntaxKind::CURRENT_USER_KW
            | SyntaxKind::LOCALTIME_KW
            | SyntaxKind::LOCALTIMESTAMP_KW
            | SyntaxKind::SESSION_USER_KW
            | SyntaxKind::SYSTEM_USER_KW
            | SyntaxKind::USER_KW
    )
}
