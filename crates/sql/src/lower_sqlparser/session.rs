//! Settings, transactions, named statements and cursors.
//!
//! Owns: the lowering of SET, RESET, SHOW and what goes with a session. Refuses: values in notations whose text sqlparser
//! does not keep, and words that sqlparser skips (`SHOW GLOBAL x` reads as `SHOW x`).

use sqlparser::ast::{
    BeginTransactionKind, ContextModifier, Declare, DeclareType, Expr as Sql, Ident, ObjectName,
    ObjectNamePart, Reset, Set as SqlSet, SetSessionAuthorizationParam,
    SetSessionAuthorizationParamKind, Statement as SqlStatement, TransactionAccessMode,
    TransactionIsolationLevel, TransactionMode, UnaryOperator,
};

use super::expression::bare;
use super::source::Source;
use super::{Lowered, absent, literal, refuse};
use crate::form::{Control, Hidden, Kind, Set, clip, fold};
use crate::scan::Kind as Token;

impl Source<'_> {
    /// SET.
    pub(super) fn set(&self, set: &SqlSet) -> Lowered<Kind> {
        let (local, name, values) = match set {
            SqlSet::SingleAssignment {
                scope,
                hivevar,
                variable,
                values,
            } => {
                absent(!hivevar, "HIVEVAR is not PostgreSQL")?;
                let name = self.setting_name(variable)?;
                (is_local(*scope)?, name, self.setting_values(values)?)
            }
            SqlSet::SetTimeZone { local, value } => {
                (*local, "timezone".to_owned(), self.time_zone(value)?)
            }
            SqlSet::SetNames {
                charset_name,
                collation_name,
            } => {
                absent(
                    collation_name.is_none(),
                    "SET NAMES … COLLATE is not PostgreSQL",
                )?;
                let value = match charset_name {
                    Ident {
                        value,
                        quote_style: Some('\''),
                        span,
                    } => {
                        self.claim(span.start);
                        value.clone()
                    }
                    // PostgreSQL takes a string only.
                    _ => return refuse("SET NAMES of what is no string"),
                };
                (
                    false,
                    "client_encoding".to_owned(),
                    Some(vec![Hidden(value)]),
                )
            }
            SqlSet::SetNamesDefault {} => (false, "client_encoding".to_owned(), None),
            SqlSet::SetRole {
                context_modifier,
                role_name,
            } => {
                let value = match role_name {
                    None => "none".to_owned(),
                    Some(role) => self.word_or_string(role)?,
                };
                (
                    is_local(*context_modifier)?,
                    "role".to_owned(),
                    Some(vec![Hidden(value)]),
                )
            }
            SqlSet::SetSessionAuthorization(SetSessionAuthorizationParam { scope, kind }) => {
                absent(
                    *scope == ContextModifier::Session,
                    "SET LOCAL AUTHORIZATION is not PostgreSQL",
                )?;
                let value = match kind {
                    SetSessionAuthorizationParamKind::Default => None,
                    SetSessionAuthorizationParamKind::User(user) => {
                        Some(vec![Hidden(self.word_or_string(user)?)])
                    }
                };
                (false, "session_authorization".to_owned(), value)
            }
            SqlSet::SetTransaction {
                modes,
                snapshot,
                session,
            } => {
                return Ok(Kind::SetTransaction {
                    read_write: read_write(modes)?,
                    session: *session,
                    snapshot: snapshot.is_some(),
                });
            }
            SqlSet::ParenthesizedAssignments {
                variables: _,
                values: _,
            }
            | SqlSet::MultipleAssignments { assignments: _ }
            | SqlSet::SetSessionParam(_) => return refuse("a form of SET that is not PostgreSQL"),
        };
        Ok(Kind::Set(Set {
            local,
            name,
            values,
        }))
    }

    /// A parameter's name: lower case whatever its quotes, with points.
    fn setting_name(&self, name: &ObjectName) -> Lowered<String> {
        let mut parts = Vec::new();
        for part in &name.0 {
            let ObjectNamePart::Identifier(ident) = part else {
                return refuse("a parameter that is no name");
            };
            // `SET timezone = …` gets a name that is not in the text.
            let made_up = ident.span.start.line == 0 && ident.value == "TIMEZONE";
            let part = if made_up {
                "timezone".to_owned()
            } else {
                self.label(ident)?
            };
            parts.push(part.to_ascii_lowercase());
        }
        Ok(parts.join("."))
    }

    fn setting_values(&self, values: &[Sql]) -> Lowered<Option<Vec<Hidden>>> {
        if let [
            Sql::Identifier(Ident {
                value,
                quote_style: None,
                span: _,
            }),
        ] = values
            && value.eq_ignore_ascii_case("default")
        {
            return Ok(None);
        }
        values
            .iter()
            .map(|value| self.setting_value(value))
            .collect::<Lowered<Vec<_>>>()
            .map(Some)
    }

    fn setting_value(&self, value: &Sql) -> Lowered<Hidden> {
        match value {
            Sql::Identifier(ident) => Ok(Hidden(self.word_or_string(ident)?)),
            Sql::Value(value) => literal::setting(value),
            Sql::UnaryOp {
                op: op @ (UnaryOperator::Minus | UnaryOperator::Plus),
                expr,
            } => match expr.as_ref() {
                Sql::Value(value) => {
                    let Hidden(number) = literal::setting(value)?;
                    absent(
                        number.starts_with(|c: char| c.is_ascii_digit() || c == '.'),
                        "a sign before no number",
                    )?;
                    Ok(Hidden(format!(
                        "{}{number}",
                        if *op == UnaryOperator::Minus {
                            "-"
                        } else {
                            "+"
                        }
                    )))
                }
                _ => refuse("a sign before no number"),
            },
            _ => refuse("a value of SET that is an expression"),
        }
    }

    /// A word, folded, or a string's value. DEFAULT and the like among several values are no words.
    fn word_or_string(&self, ident: &Ident) -> Lowered<String> {
        let Ident {
            value,
            quote_style,
            span,
        } = ident;
        match quote_style {
            Some('\'') => {
                self.claim(span.start);
                Ok(value.clone())
            }
            Some('"') => {
                self.claim(span.start);
                Ok(clip(value))
            }
            Some(_) => refuse("a name in quotes of another dialect"),
            None => {
                self.claim(span.start);
                let word = fold(value);
                absent(
                    word != "default" && word != "current",
                    "a key word among the values of SET",
                )?;
                Ok(word)
            }
        }
    }

    fn time_zone(&self, value: &Sql) -> Lowered<Option<Vec<Hidden>>> {
        match bare(value) {
            Sql::Interval(_) => Ok(Some(vec![])),
            Sql::Identifier(Ident {
                value,
                quote_style: None,
                span: _,
            }) if value.eq_ignore_ascii_case("local") || value.eq_ignore_ascii_case("default") => {
                Ok(None)
            }
            other => Ok(Some(vec![self.setting_value(other)?])),
        }
    }

    /// RESET.
    pub(super) fn reset(&self, reset: &Reset) -> Lowered<Kind> {
        Ok(Kind::Reset(match reset {
            Reset::ALL => None,
            Reset::SessionAuthorization => Some("session_authorization".to_owned()),
            Reset::ConfigurationParameter(name) => Some(self.setting_name(name)?),
        }))
    }

    /// SHOW.
    pub(super) fn show(&self, first: usize, variable: &[Ident]) -> Lowered<Kind> {
        let words: Vec<String> = variable
            .iter()
            .map(|w| self.label(w))
            .collect::<Lowered<_>>()?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // sqlparser skips SESSION, GLOBAL and others after SHOW without a trace, and takes points for spaces.
        let tokens = self.len() - first;
        let name = match words.as_slice() {
            [one] if tokens == 2 => one.to_ascii_lowercase(),
            // The point is no space: it stands between the two.
            [class, name] if tokens == 4 && self.is_kind(first + 2, Token::Dot) => {
                format!("{class}.{name}").to_ascii_lowercase()
            }
            ["authorization"] if tokens == 3 && self.is_word(first + 1, "session") => {
                "session_authorization".to_owned()
            }
            ["time", "zone"] if tokens == 3 => "timezone".to_owned(),
            ["transaction", "isolation", "level"] if tokens == 4 => {
                "transaction_isolation".to_owned()
            }
            _ => return refuse("SHOW of several words"),
        };
        Ok(Kind::Show(name))
    }

    /// BEGIN and START TRANSACTION.
    pub(super) fn begin(&self, statement: &SqlStatement) -> Lowered<Kind> {
        let SqlStatement::StartTransaction {
            modes,
            begin: _,
            transaction,
            modifier,
            statements,
            exception,
            has_end_keyword,
        } = statement
        else {
            return refuse("not BEGIN");
        };
        absent(
            modifier.is_none(),
            "BEGIN IMMEDIATE and the like are not PostgreSQL",
        )?;
        absent(
            statements.is_empty() && exception.is_none() && !has_end_keyword,
            "BEGIN … END is not PostgreSQL",
        )?;
        match transaction {
            None | Some(BeginTransactionKind::Transaction | BeginTransactionKind::Work) => {}
            Some(BeginTransactionKind::Tran) => return refuse("BEGIN TRAN is not PostgreSQL"),
        }
        Ok(Kind::Transaction(Control::Begin {
            read_write: read_write(modes)?,
        }))
    }

    /// DECLARE.
    pub(super) fn declare(&self, declarations: &[Declare]) -> Lowered<Kind> {
        let [
            Declare {
                names,
                data_type: None,
                assignment: None,
                declare_type: Some(DeclareType::Cursor),
                binary: _,
                sensitive: _,
                scroll: _,
                hold: _,
                for_query: Some(query),
            },
        ] = declarations
        else {
            return refuse("DECLARE of what is no cursor");
        };
        let [name] = names.as_slice() else {
            return refuse("several cursors in one DECLARE");
        };
        Ok(Kind::Declare {
            name: self.name(name)?,
            query: Box::new(self.query(query)?),
        })
    }
}

fn is_local(scope: Option<ContextModifier>) -> Lowered<bool> {
    match scope {
        None | Some(ContextModifier::Session) => Ok(false),
        Some(ContextModifier::Local) => Ok(true),
        Some(ContextModifier::Global) => refuse("SET GLOBAL is not PostgreSQL"),
    }
}

/// Whether READ WRITE is among the modes.
fn read_write(modes: &[TransactionMode]) -> Lowered<bool> {
    let mut found = false;
    for mode in modes {
        match mode {
            TransactionMode::AccessMode(TransactionAccessMode::ReadWrite) => found = true,
            TransactionMode::AccessMode(TransactionAccessMode::ReadOnly)
            | TransactionMode::IsolationLevel(
                TransactionIsolationLevel::ReadUncommitted
                | TransactionIsolationLevel::ReadCommitted
                | TransactionIsolationLevel::RepeatableRead
                | TransactionIsolationLevel::Serializable,
            ) => {}
            TransactionMode::IsolationLevel(TransactionIsolationLevel::Snapshot) => {
                return refuse("isolation level SNAPSHOT is not PostgreSQL");
            }
        }
    }
    Ok(found)
}
