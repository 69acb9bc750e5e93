//! What has a syntax of its own: arrays, intervals, EXTRACT, AT TIME ZONE, SUBSTRING, TRIM.
//!
//! Owns: these. Refuses: time zones other than UTC, and slices of arrays.

use sqlparser::ast::{self, AccessExpr, Expr, Query, Subscript};

use super::{Ex, Scope, Translator, string, unsupported};
use crate::cell::{Cell, Ty};
use crate::desk::Refusal;

impl Translator<'_> {
    pub(super) fn array(&mut self, list: &[Expr], scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let items = list
            .iter()
            .map(|e| self.expr(e, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let (items, element) = self.alike(items, "ARRAY")?;
        let ty = if element.is_integer() {
            Ty::Int8Array
        } else {
            Ty::TextArray
        };
        let items = items
            .into_iter()
            .map(|ex| {
                if ty == Ty::TextArray {
                    self.as_text(ex)
                } else {
                    Ok(ex)
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        let list: Vec<String> = items.into_iter().map(|i| i.sql).collect();
        Ok(Ex::new(
            format!("json_array({})", list.join(", ")),
            ty,
            "array",
        ))
    }

    /// `ARRAY(SELECT …)`.
    pub(crate) fn array_of(&mut self, query: &Query, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let (sql, columns) = self.query(query, Some(scope), None)?;
        let [column] = columns.as_slice() else {
            return Err(Refusal::new(
                "42601",
                "subquery must return only one column",
            ));
        };
        let ty = if column.ty.is_integer() {
            Ty::Int8Array
        } else {
            Ty::TextArray
        };
        let inner = self.as_text(Ex::new("c1", column.ty, ""))?.sql;
        let value = if ty == Ty::Int8Array {
            "c1"
        } else {
            inner.as_str()
        };
        Ok(Ex::new(
            format!("(SELECT json_group_array({value}) FROM ({sql}))"),
            ty,
            "array",
        ))
    }

    /// `array[1]`.
    pub(super) fn access(
        &mut self,
        root: &Expr,
        chain: &[AccessExpr],
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let array = self.expr(root, scope)?;
        let [AccessExpr::Subscript(Subscript::Index { index })] = chain else {
            return Err(unsupported("this subscript"));
        };
        let element = match array.ty {
            Ty::TextArray => Ty::Text,
            Ty::Int8Array => Ty::Int8,
            _ => {
                return Err(Refusal::new(
                    "42804",
                    format!("cannot subscript type {}", array.ty.name()),
                ));
            }
        };
        let index = self.expr(index, scope)?;
        let index = self.coerce(index, Ty::Int8)?;
        Ok(Ex::new(
            format!("tg_array_item({}, {})", array.sql, index.sql),
            element,
            &array.name,
        ))
    }

    pub(super) fn interval(
        &mut self,
        interval: &ast::Interval,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let mut value = self.expr(&interval.value, scope)?;
        if interval.last_field.is_some() {
            return Err(unsupported("INTERVAL … TO …"));
        }
        if let (Some(field), Some(Cell::Text(text))) = (&interval.leading_field, &value.literal) {
            let text = format!("{text} {field}");
            value = Ex::new(string(&text), Ty::Unknown, "interval");
            value.literal = Some(Cell::Text(text));
        }
        let mut ex = self.cast(value, Ty::Interval)?;
        ex.name = "interval".to_owned();
        Ok(ex)
    }

    /// Only UTC, which changes nothing but that the zone is no longer shown.
    pub(super) fn at_time_zone(
        &mut self,
        expr: &Expr,
        zone: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let zone = self.expr(zone, scope)?;
        match &zone.literal {
            Some(Cell::Text(z))
                if matches!(
                    z.to_ascii_lowercase().as_str(),
                    "utc" | "gmt" | "z" | "etc/utc"
                ) => {}
            _ => return Err(unsupported("time zones other than UTC")),
        }
        let ex = self.expr(expr, scope)?;
        let mut ex = self.coerce(ex, Ty::Timestamptz)?;
        ex.name = "timezone".to_owned();
        ex.origin = (0, 0);
        Ok(ex)
    }

    pub(crate) fn extract(&mut self, field: &str, ex: Ex) -> Result<Ex, Refusal> {
        let function = match ex.ty {
            Ty::Interval => "tg_extract_interval",
            Ty::Timestamptz | Ty::Date => "tg_extract",
            _ => {
                return Err(Refusal::new(
                    "42883",
                    format!("cannot extract from {}", ex.ty.name()),
                ));
            }
        };
        Ok(Ex::new(
            format!("{function}({}, {})", string(field), ex.sql),
            Ty::Float8,
            "extract",
        ))
    }

    pub(super) fn rounded(
        &mut self,
        function: &str,
        expr: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let ex = self.expr(expr, scope)?;
        let ex = self.coerce(ex, Ty::Float8)?;
        Ok(Ex::new(
            format!("{function}({})", ex.sql),
            Ty::Float8,
            function,
        ))
    }

    pub(super) fn substring(
        &mut self,
        expr: &Expr,
        from: Option<&Expr>,
        length: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let mut numbers = Vec::new();
        for part in [from, length] {
            numbers.push(match part {
                Some(e) => {
                    let ex = self.expr(e, scope)?;
                    Some(self.coerce(ex, Ty::Int8)?.sql)
                }
                None => None,
            });
        }
        let text = self.expr(expr, scope)?;
        let text = self.coerce(text, Ty::Text)?.sql;
        let from = numbers
            .first()
            .cloned()
            .flatten()
            .unwrap_or_else(|| "1".to_owned());
        let sql = match numbers.get(1).cloned().flatten() {
            Some(length) => format!("substr({text}, {from}, {length})"),
            None => format!("substr({text}, {from})"),
        };
        Ok(Ex::new(sql, Ty::Text, "substring"))
    }

    pub(super) fn trim(
        &mut self,
        expr: &Expr,
        side: Option<ast::TrimWhereField>,
        what: Option<&Expr>,
        characters: Option<&[Expr]>,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let function = match side {
            None | Some(ast::TrimWhereField::Both) => "trim",
            Some(ast::TrimWhereField::Leading) => "ltrim",
            Some(ast::TrimWhereField::Trailing) => "rtrim",
        };
        let text = self.expr(expr, scope)?;
        let text = self.coerce(text, Ty::Text)?.sql;
        let what = match (what, characters) {
            (Some(w), _) | (None, Some([w])) => {
                let ex = self.expr(w, scope)?;
                self.coerce(ex, Ty::Text)?.sql
            }
            _ => "' '".to_owned(),
        };
        let name = if function == "trim" {
            "btrim"
        } else {
            function
        };
        Ok(Ex::new(
            format!("{function}({text}, {what})"),
            Ty::Text,
            name,
        ))
    }
}
