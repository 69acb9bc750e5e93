//! The account of tokens.
//!
//! Owns: [`Ledger`]. squawk's tree is lossless, so every name and every constant of a statement can be asked for: it must
//! have been claimed by exactly one part of the form, or knowingly as syntax. Refuses: a statement with one left over or
//! claimed twice. That finds what a lowering forgot, whoever forgot it.

use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use super::Read;
use crate::form::ReaderError;

/// Which tokens have found their place.
#[derive(Default)]
pub(super) struct Ledger {
    claimed: Vec<u32>,
}

impl Ledger {
    /// This token has its place.
    pub(super) fn claim(&mut self, token: &SyntaxToken) {
        self.claimed.push(token.text_range().start().into());
    }

    /// Every token below a node is syntax: nothing of it is in the form, and nothing of it needs to be.
    pub(super) fn syntax(&mut self, node: &SyntaxNode) {
        for element in node.descendants_with_tokens() {
            if let Some(token) = element.as_token().filter(|token| counts(token)) {
                self.claim(token);
            }
        }
    }

    /// The end of a statement: everything that counts has been claimed once.
    pub(super) fn settle(mut self, statement: &SyntaxNode) -> Read<()> {
        self.claimed.sort_unstable();
        let mut claims = self.claimed.iter().copied().peekable();
        for element in statement.descendants_with_tokens() {
            let Some(token) = element.as_token().filter(|token| counts(token)) else {
                continue;
            };
            let at: u32 = token.text_range().start().into();
            // Claims of tokens that need none (`TRUE` as a value) come before.
            while claims.next_if(|claim| *claim < at).is_some() {}
            if claims.next_if(|claim| *claim == at).is_none() {
                return Err(ReaderError::new(match token.kind() {
                    SyntaxKind::IDENT => "identifier not accounted for",
                    kind if kind.is_keyword() => "a key word as a name not accounted for",
                    _ => "a constant not accounted for",
                }));
            }
            if claims.next_if(|claim| *claim == at).is_some() {
                return Err(ReaderError::new("a token with two places in the form"));
            }
        }
        Ok(())
    }
}

/// Whether a token must be claimed: identifiers, key words where they are names, and constants.
fn counts(token: &SyntaxToken) -> bool {
    match token.kind() {
        SyntaxKind::IDENT
        | SyntaxKind::STRING
        | SyntaxKind::ESC_STRING
        | SyntaxKind::UNICODE_ESC_STRING
        | SyntaxKind::NATIONAL_STRING
        | SyntaxKind::DOLLAR_QUOTED_STRING
        | SyntaxKind::BIT_STRING
        | SyntaxKind::BYTE_STRING
        | SyntaxKind::INT_NUMBER
        | SyntaxKind::NUMERIC_NUMBER
        | SyntaxKind::POSITIONAL_PARAM => true,
        kind if kind.is_trivia() || kind.is_punctuation() || kind.is_operator() => false,
        _ => token.parent().is_some_and(|parent| names(parent.kind())),
    }
}

/// Nodes whose one token is a name, even if it is a key word. (In squawk's grammar: the rules of `#name`.)
fn names(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::NAME_REF
            | SyntaxKind::PATH_SEGMENT
            | SyntaxKind::PATH_SEGMENT_REF
            | SyntaxKind::PARAM_NAME
            | SyntaxKind::PARAM_NAME_REF
            | SyntaxKind::COLUMN_NAME
            | SyntaxKind::COLUMN_NAME_REF
            | SyntaxKind::COMPOSITE_FIELD
            | SyntaxKind::COMPOSITE_FIELD_REF
            | SyntaxKind::TABLE_ALIAS
            | SyntaxKind::CTE_NAME
            | SyntaxKind::WINDOW
            | SyntaxKind::WINDOW_REF
            | SyntaxKind::CURSOR
            | SyntaxKind::CURSOR_REF
            | SyntaxKind::PREPARED_STATEMENT
            | SyntaxKind::PREPARED_STATEMENT_REF
            | SyntaxKind::SCHEMA
            | SyntaxKind::SCHEMA_REF
            | SyntaxKind::ROLE
            | SyntaxKind::ROLE_NAME_REF
            | SyntaxKind::DATABASE
            | SyntaxKind::DATABASE_REF
            | SyntaxKind::CHANNEL
            | SyntaxKind::CHANNEL_REF
            | SyntaxKind::TRIGGER
            | SyntaxKind::TRIGGER_REF
            | SyntaxKind::POLICY
            | SyntaxKind::POLICY_REF
            | SyntaxKind::RULE
            | SyntaxKind::RULE_REF
            | SyntaxKind::EXTENSION
            | SyntaxKind::EXTENSION_REF
            | SyntaxKind::CONSTRAINT_NAME
            | SyntaxKind::REMOTE_TABLE_NAME_REF
            | SyntaxKind::CONFIG_VALUE_NAME
            | SyntaxKind::TRANSITION_RELATION_NAME
            | SyntaxKind::JSON_VARIABLE_NAME
            | SyntaxKind::JSON_PATH_NAME
            | SyntaxKind::JSON_PATH_NAME_REF
            | SyntaxKind::ELEMENT_TAG
            | SyntaxKind::XML_ATTR
            | SyntaxKind::XML_PI_TARGET
            | SyntaxKind::XML_NAMESPACE_PREFIX
            | SyntaxKind::PUBLICATION
            | SyntaxKind::PUBLICATION_REF
            | SyntaxKind::SUBSCRIPTION
            | SyntaxKind::SUBSCRIPTION_REF
            | SyntaxKind::SERVER
            | SyntaxKind::SERVER_REF
            | SyntaxKind::LANGUAGE
            | SyntaxKind::LANGUAGE_REF
            | SyntaxKind::TABLESPACE
            | SyntaxKind::TABLESPACE_REF
            | SyntaxKind::EVENT_TRIGGER
            | SyntaxKind::EVENT_TRIGGER_REF
            | SyntaxKind::FOREIGN_DATA_WRAPPER
            | SyntaxKind::FOREIGN_DATA_WRAPPER_REF
    )
}
