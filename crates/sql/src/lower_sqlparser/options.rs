//! Options of definitions.
//!
//! Owns: what checks them. They leave nothing in the form: names and constants. Refuses: expressions in them, and other
//! dialects' options.

use sqlparser::ast::{
    BinaryOperator, CreateTableOptions, Expr as Sql, Ident, SequenceOptions, SqlOption,
};

use super::source::Source;
use super::{Lowered, refuse};

impl Source<'_> {
    /// A name or a string that the form leaves out.
    pub(super) fn word(&self, ident: &Ident) -> Lowered<()> {
        if ident.quote_style == Some('\'') {
            self.claim(ident.span.start);
            return Ok(());
        }
        self.label(ident).map(|_| ())
    }

    /// `fillfactor = 70`: names and constants that the form leaves out.
    pub(super) fn option_expr(&self, option: &Sql) -> Lowered<()> {
        match option {
            Sql::BinaryOp {
                left,
                op: BinaryOperator::Eq,
                right,
            } => {
                self.option_expr(left)?;
                self.option_expr(right)
            }
            Sql::Identifier(name) => self.label(name).map(|_| ()),
            Sql::Value(_) => Ok(()),
            _ => refuse("an option that is an expression"),
        }
    }

    /// `WITH (fillfactor = 70)`.
    pub(super) fn sql_options(&self, options: &[SqlOption]) -> Lowered<()> {
        for option in options {
            match option {
                SqlOption::KeyValue { key, value } => {
                    self.label(key)?;
                    self.option_expr(value)?;
                }
                SqlOption::Ident(key) => {
                    self.label(key)?;
                }
                SqlOption::Clustered(_)
                | SqlOption::Partition { .. }
                | SqlOption::Comment(_)
                | SqlOption::TableSpace(_)
                | SqlOption::NamedParenthesizedList(_) => {
                    return refuse("an option of another dialect");
                }
            }
        }
        Ok(())
    }

    pub(super) fn options(&self, options: &CreateTableOptions) -> Lowered<()> {
        match options {
            CreateTableOptions::None => Ok(()),
            CreateTableOptions::With(options) => self.sql_options(options),
            CreateTableOptions::Options(_)
            | CreateTableOptions::Plain(_)
            | CreateTableOptions::TableProperties(_) => refuse("options of another dialect"),
        }
    }

    /// Numbers.
    pub(super) fn sequence_options(&self, options: &[SequenceOptions]) -> Lowered<()> {
        for option in options {
            match option {
                SequenceOptions::IncrementBy(n, _)
                | SequenceOptions::StartWith(n, _)
                | SequenceOptions::Cache(n) => {
                    self.number(n)?;
                }
                SequenceOptions::MinValue(n) | SequenceOptions::MaxValue(n) => {
                    n.iter().try_for_each(|n| self.number(n))?;
                }
                SequenceOptions::Cycle(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn number(&self, number: &Sql) -> Lowered<()> {
        match number {
            Sql::Value(_) => Ok(()),
            Sql::UnaryOp { op: _, expr } if matches!(expr.as_ref(), Sql::Value(_)) => Ok(()),
            _ => refuse("an option that is an expression"),
        }
    }
}
