//! Function calls.
//!
//! Owns: [`Reader::call`]: calls, aggregates, windows, and functions with a syntax of their own. Refuses: ANY and ALL that do
//! not follow an operator, and GRAPH_TABLE.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::name::{need, refuse, tokens};
use super::{Read, Reader};
use crate::form::{Call, Expr};

impl Reader {
    /// A call, or another expression that looks like one (EXISTS).
    pub(super) fn call(&mut self, call: &ast::CallExpr) -> Read<Expr> {
        let mut name = None;
        let mut args = Vec::new();
        let mut extra = Vec::new();
        let mut word = None;
        for child in call.syntax().children() {
            match child.kind() {
                SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR if name.is_none() => {
                    word = tokens(&child).next().map(|token| token.kind());
                    name = Some(self.function_name(&need(ast::Expr::cast(child))?)?);
                }
                SyntaxKind::ARG_LIST => {
                    let list = need(ast::ArgList::cast(child))?;
                    self.args(&list, word, &mut args, &mut extra)?;
                }
                SyntaxKind::WITHIN_CLAUSE | SyntaxKind::FILTER_CLAUSE | SyntaxKind::OVER_CLAUSE => {
                    extra.extend(self.expressions_in(&child)?);
                }
                SyntaxKind::IGNORE_NULLS | SyntaxKind::RESPECT_NULLS => {}
                SyntaxKind::EXISTS_FN => {
                    let exists = need(ast::ExistsFn::cast(child))?;
                    let query = self.query(&need(exists.select_variant())?)?;
                    return Ok(Expr::Exists(Box::new(query)));
                }
                SyntaxKind::COLLATION_FOR_FN => {
                    name = Some(vec!["pg_collation_for".to_owned()]);
                    args = self.exprs(&child)?;
                }
                SyntaxKind::EXTRACT_FN
                | SyntaxKind::SUBSTRING_FN
                | SyntaxKind::POSITION_FN
                | SyntaxKind::OVERLAY_FN
                | SyntaxKind::TRIM_FN
                | SyntaxKind::XML_ROOT_FN
                | SyntaxKind::XML_SERIALIZE_FN
                | SyntaxKind::XML_ELEMENT_FN
                | SyntaxKind::XML_FOREST_FN
                | SyntaxKind::XML_EXISTS_FN
                | SyntaxKind::XML_PARSE_FN
                | SyntaxKind::XML_PI_FN
                | SyntaxKind::JSON_EXISTS_FN
                | SyntaxKind::JSON_ARRAY_FN
                | SyntaxKind::JSON_OBJECT_FN
                | SyntaxKind::JSON_OBJECT_AGG_FN
                | SyntaxKind::JSON_ARRAY_AGG_FN
                | SyntaxKind::JSON_QUERY_FN
                | SyntaxKind::JSON_SCALAR_FN
                | SyntaxKind::JSON_SERIALIZE_FN
                | SyntaxKind::JSON_VALUE_FN
                | SyntaxKind::JSON_FN
                    if name.is_none() =>
                {
                    let keyword = need(tokens(&child).next())?;
                    name = Some(vec![keyword.text().to_ascii_lowercase()]);
                    args = self.expressions_in(&child)?;
                }
                _ => return refuse("a call of an unknown shape"),
            }
        }
        Ok(Expr::Call(Box::new(Call {
            name: need(name)?,
            args,
            extra,
        })))
    }

    fn function_name(&mut self, expr: &ast::Expr) -> Read<Vec<String>> {
        match expr {
            ast::Expr::NameRef(name) => Ok(vec![self.name(name.syntax())?]),
            ast::Expr::FieldExpr(_) => match self.expr(expr)? {
                Expr::Column(path) => Ok(path),
                _ => refuse("a function's name that is none"),
            },
            _ => refuse("a function's name that is none"),
        }
    }

    /// What is in the parentheses. `word` is the function's name as a key word.
    fn args(
        &mut self,
        list: &ast::ArgList,
        word: Option<SyntaxKind>,
        args: &mut Vec<Expr>,
        extra: &mut Vec<Expr>,
    ) -> Read<()> {
        // `CURRENT_TIMESTAMP(3)`: the precision is no argument. `current_schema(x)` is a function like others (gram.y,
        // type_func_name_keyword).
        if word.is_some_and(|word| {
            word != SyntaxKind::CURRENT_SCHEMA_KW
                && super::expression::is_call_without_parentheses(word)
        }) {
            return self.modifier(list.syntax());
        }
        for (index, arg) in list.args().enumerate() {
            let value = match need(arg.func_arg_expr())? {
                ast::FuncArgExpr::Expr(expr) => expr,
                ast::FuncArgExpr::NamedArg(named) => {
                    self.ledger.syntax(need(named.name())?.syntax());
                    need(named.expr())?
                }
            };
            if word == Some(SyntaxKind::NORMALIZE_KW) && index == 1 && is_normal_form(&value) {
                self.ledger.syntax(value.syntax());
                continue;
            }
            args.push(self.expr(&value)?);
            if let Some(order) = arg.order_by_clause() {
                extra.extend(self.order_by(&order)?);
            }
        }
        Ok(())
    }

    /// The arguments of CALL and EXECUTE.
    pub(super) fn arguments(&mut self, list: Option<ast::ArgList>) -> Read<Vec<Expr>> {
        let (mut args, mut extra) = (Vec::new(), Vec::new());
        if let Some(list) = list {
            self.args(&list, None, &mut args, &mut extra)?;
        }
        match extra.is_empty() {
            true => Ok(args),
            false => refuse("ORDER BY among arguments"),
        }
    }
}

/// The second argument of `normalize(x, NFC)` is a key word, which squawk keeps as a name.
fn is_normal_form(expr: &ast::Expr) -> bool {
    matches!(expr, ast::Expr::NameRef(name) if tokens(name.syntax()).next().is_some_and(|token| matches!(
        token.kind(),
        SyntaxKind::NFC_KW | SyntaxKind::NFD_KW | SyntaxKind::NFKC_KW | SyntaxKind::NFKD_KW
    )))
}
