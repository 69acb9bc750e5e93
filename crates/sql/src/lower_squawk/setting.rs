//! SET, RESET, SHOW.
//!
//! Owns: settings and their values. Refuses: a value that is not written plainly.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode, LitKind};

use super::name::{need, refuse, tokens};
use super::session::read_write;
use super::{Read, Reader};
use crate::form::{Hidden, Kind, Set, Statement};
use crate::scan::{self, Lexer};

impl Reader {
    pub(super) fn set_transaction(&mut self, set: &ast::SetTransaction) -> Read<Kind> {
        self.ledger.syntax(set.syntax());
        let session = set.session_characteristics();
        let modes = match &session {
            Some(session) => session.transaction_mode_list(),
            None => set
                .transaction_modes()
                .and_then(|modes| modes.transaction_mode_list()),
        };
        Ok(Kind::SetTransaction {
            read_write: read_write(modes),
            session: session.is_some(),
            snapshot: set.transaction_snapshot().is_some(),
        })
    }

    pub(super) fn set(&mut self, set: &ast::Set) -> Read<Kind> {
        let local = matches!(set.set_scope(), Some(ast::SetScope::LocalScope(_)));
        let (name, values) = match need(set.set_target())? {
            ast::SetTarget::SetConfig(config) => {
                let name = self.parameter(&need(config.config_parameter_ref())?)?;
                let values = match need(config.config_assignment())? {
                    // The value it has, whatever that is.
                    ast::ConfigAssignment::FromCurrent(_) => Some(vec![]),
                    ast::ConfigAssignment::ToConfigValue(to) => match to.default_token() {
                        Some(_) => None,
                        None => Some(
                            to.config_values()
                                .map(|value| self.config_value(&value))
                                .collect::<Read<Vec<_>>>()?,
                        ),
                    },
                };
                (name, values)
            }
            ast::SetTarget::SetTimeZone(zone) => {
                let values = match (zone.config_value(), zone.cast_expr()) {
                    (Some(value), _) => Some(vec![self.config_value(&value)?]),
                    (None, Some(interval)) => {
                        self.modifier(interval.syntax())?;
                        Some(vec![])
                    }
                    (None, None) if zone.default_token().or(zone.local_token()).is_some() => None,
                    (None, None) => return refuse("TIME ZONE of an unknown shape"),
                };
                ("timezone".to_owned(), values)
            }
            ast::SetTarget::SetSchemaValue(schema) => (
                "search_path".to_owned(),
                Some(vec![self.setting(&need(schema.literal())?)?]),
            ),
            ast::SetTarget::SetCatalog(catalog) => (
                "catalog".to_owned(),
                Some(vec![self.setting(&need(catalog.literal())?)?]),
            ),
            ast::SetTarget::SetXmlOption(option) => {
                let word = need(option.xml_document_or_content())?;
                let word = need(tokens(word.syntax()).next())?;
                (
                    "xmloption".to_owned(),
                    Some(vec![Hidden(word.text().to_ascii_lowercase())]),
                )
            }
        };
        Ok(Kind::Set(Set {
            local,
            name,
            values,
        }))
    }

    /// The server folds a parameter's name whatever its quotes.
    fn parameter(&mut self, parameter: &ast::ConfigParameterRef) -> Read<String> {
        let path = self.path_in(parameter.syntax())?;
        Ok(path.join(".").to_ascii_lowercase())
    }

    fn config_value(&mut self, value: &ast::ConfigValue) -> Read<Hidden> {
        match value {
            ast::ConfigValue::ConfigValueName(name) => Ok(Hidden(self.name(name.syntax())?)),
            ast::ConfigValue::Literal(literal) => self.setting(literal),
            ast::ConfigValue::PrefixExpr(signed) => {
                let sign = need(tokens(signed.syntax()).next())?;
                let number = signed.syntax().children().find_map(ast::Literal::cast);
                match sign.kind() {
                    SyntaxKind::MINUS | SyntaxKind::PLUS => {
                        let Hidden(number) = self.setting(&need(number)?)?;
                        Ok(Hidden(format!("{}{number}", sign.text())))
                    }
                    _ => refuse("a setting of an unknown shape"),
                }
            }
        }
    }

    /// A setting's value, which must be written plainly.
    fn setting(&mut self, literal: &ast::Literal) -> Read<Hidden> {
        let mut pieces = tokens(literal.syntax());
        let piece = need(pieces.next())?;
        self.ledger.claim(&piece);
        if pieces.next().is_some() {
            return refuse("a setting in several strings");
        }
        match need(literal.kind())? {
            LitKind::String(token) => {
                let inner = token
                    .text()
                    .strip_prefix('\'')
                    .and_then(|text| text.strip_suffix('\''));
                Ok(Hidden(need(inner)?.replace("''", "'")))
            }
            LitKind::IntNumber(token)
            | LitKind::NumericNumber(token)
            | LitKind::True(token)
            | LitKind::False(token)
            | LitKind::On(token)
            | LitKind::Off(token) => Ok(Hidden(token.text().to_ascii_lowercase())),
            LitKind::BitString(_)
            | LitKind::ByteString(_)
            | LitKind::Default(_)
            | LitKind::DollarQuotedString(_)
            | LitKind::EscString(_)
            | LitKind::NationalString(_)
            | LitKind::Null(_)
            | LitKind::PositionalParam(_)
            | LitKind::UnicodeEscString(_) => refuse("a setting that is not written plainly"),
        }
    }

    pub(super) fn set_role(&mut self, set: &ast::SetRole) -> Read<Kind> {
        let value = match need(set.set_role_target())? {
            ast::SetRoleTarget::RoleRef(role) => Hidden(self.role(&role)?),
            ast::SetRoleTarget::Literal(literal) => self.setting(&literal)?,
            ast::SetRoleTarget::SetRoleNone(_) => Hidden("none".to_owned()),
        };
        Ok(Kind::Set(Set {
            local: matches!(set.set_scope(), Some(ast::SetScope::LocalScope(_))),
            name: "role".to_owned(),
            values: Some(vec![value]),
        }))
    }

    pub(super) fn set_session_authorization(&mut self, set: &ast::SetSessionAuth) -> Read<Kind> {
        let values = match need(set.set_session_auth_target())? {
            ast::SetSessionAuthTarget::RoleRef(role) => Some(vec![Hidden(self.role(&role)?)]),
            ast::SetSessionAuthTarget::Literal(literal) => Some(vec![self.setting(&literal)?]),
            ast::SetSessionAuthTarget::SetSessionAuthDefault(_) => None,
        };
        Ok(Kind::Set(Set {
            local: matches!(set.set_scope(), Some(ast::SetScope::LocalScope(_))),
            name: "session_authorization".to_owned(),
            values,
        }))
    }

    /// A role's name; CURRENT_USER and its kin are that word.
    pub(super) fn role(&mut self, role: &ast::RoleRef) -> Read<String> {
        match need(role.role_ref_value())? {
            ast::RoleRefValue::RoleNameRef(name) => self.name(name.syntax()),
            ast::RoleRefValue::RoleRefCurrentRole(_) => Ok("current_role".to_owned()),
            ast::RoleRefValue::RoleRefCurrentUser(_) => Ok("current_user".to_owned()),
            ast::RoleRefValue::RoleRefSessionUser(_) => Ok("session_user".to_owned()),
        }
    }

    pub(super) fn reset(&mut self, reset: &ast::Reset) -> Read<Kind> {
        Ok(Kind::Reset(match need(reset.reset_target())? {
            ast::ResetTarget::All(_) => None,
            ast::ResetTarget::ConfigParameterRef(parameter) => Some(self.parameter(&parameter)?),
            ast::ResetTarget::ResetTimeZone(_) => Some("timezone".to_owned()),
            ast::ResetTarget::ResetTransactionIsolation(_) => {
                Some("transaction_isolation".to_owned())
            }
        }))
    }

    pub(super) fn show(&mut self, show: &ast::Show) -> Read<Kind> {
        Ok(Kind::Show(match need(show.show_action())? {
            ast::ShowAction::All(_) => "all".to_owned(),
            ast::ShowAction::ConfigParameterRef(parameter) => self.parameter(&parameter)?,
            ast::ShowAction::SessionAuthorization(_) => "session_authorization".to_owned(),
            ast::ShowAction::TimeZone(_) => "timezone".to_owned(),
            ast::ShowAction::TransactionIsolationLevel(_) => "transaction_isolation".to_owned(),
        }))
    }
}

/// `SET NAMES 'x'`, which squawk does not know: another name of `SET client_encoding` (PostgreSQL manual, SET).
pub(super) fn set_names(text: &str) -> Option<Statement> {
    let mut lexer = Lexer::new(text.as_bytes(), true);
    let mut all = Vec::new();
    while let Some(token) = lexer.next().ok()? {
        if token.kind.is_blank() || token.kind == scan::Kind::Semicolon {
            continue;
        }
        if all.len() == 4 {
            return None;
        }
        all.push(token);
    }
    let word = |token: &scan::Token| {
        let bytes = text.get(token.start..token.end)?;
        (token.kind == scan::Kind::Word).then(|| bytes.to_ascii_lowercase())
    };
    let (first, last) = (all.first()?, all.last()?);
    let words: Vec<Option<String>> = all.iter().map(word).collect();
    let words: Vec<Option<&str>> = words.iter().map(|word| word.as_deref()).collect();
    let (scope, value) = match words.as_slice() {
        [Some("set"), Some("names"), value @ ..] => (None, value),
        [
            Some("set"),
            Some(scope @ ("local" | "session")),
            Some("names"),
            value @ ..,
        ] => (Some(*scope), value),
        _ => return None,
    };
    let values = match value {
        [] | [Some("default")] => None,
        [None] if last.kind == scan::Kind::String && !last.odd => {
            let inner = text.get(last.start + 1..last.end - 1)?;
            Some(vec![Hidden(inner.replace("''", "'"))])
        }
        _ => return None,
    };
    Some(Statement {
        kind: Kind::Set(Set {
            local: scope == Some("local"),
            name: "client_encoding".to_owned(),
            values,
        }),
        range: first.start..last.end,
    })
}
