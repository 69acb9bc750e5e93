//! Reads along the tokens of one command.
//!
//! Owns: what a number, a string and a name are in a command. Refuses: to know any command.

use crate::cell::Cell;
use crate::command::Argument;
use crate::desk::Refusal;
use crate::token::{Kind, Token};

/// Reads along the tokens of one statement.
pub struct Reader<'a> {
    /// The statement's text.
    pub text: &'a str,
    /// Its tokens.
    pub tokens: &'a [Token],
    /// The next one.
    pub at: usize,
}

pub fn syntax(message: impl Into<String>) -> Refusal {
    Refusal::new("42601", message)
}

impl<'a> Reader<'a> {
    /// The next token.
    pub fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// Takes the next token.
    pub fn take(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at);
        self.at += 1;
        token
    }

    /// Takes this word if it comes next.
    pub fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.is(word));
        self.at += usize::from(found);
        found
    }

    /// What is wrong, and where.
    pub fn near(&self) -> Refusal {
        match self.peek() {
            Some(token) => syntax(format!(
                "syntax error at or near \"{}\"",
                self.text.get(token.start..token.end).unwrap_or("")
            )),
            None => syntax("syntax error at end of input"),
        }
    }

    /// Takes this word, which must come next.
    pub fn expect(&mut self, word: &str) -> Result<(), Refusal> {
        if self.eat(word) {
            Ok(())
        } else {
            Err(self.near())
        }
    }

    /// Nothing may follow.
    pub fn end(&self) -> Result<(), Refusal> {
        if self.peek().is_none() {
            Ok(())
        } else {
            Err(self.near())
        }
    }

    /// A number, a string that is one, or a parameter.
    pub fn number(&mut self) -> Result<Argument, Refusal> {
        let argument = match self.peek().map(|t| &t.kind) {
            Some(Kind::Number(n) | Kind::Text(n)) => {
                n.trim().parse().ok().map(|v| Argument::Value(Cell::Int(v)))
            }
            Some(Kind::Parameter(n)) => parameter(*n),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Sign(_)) | None => None,
        };
        let argument = argument.ok_or_else(|| self.near())?;
        self.at += 1;
        Ok(argument)
    }

    /// A string or a parameter.
    pub fn string(&mut self) -> Result<Argument, Refusal> {
        let argument = match self.peek().map(|t| &t.kind) {
            Some(Kind::Text(s)) => Some(Argument::Value(Cell::Text(s.clone()))),
            Some(Kind::Parameter(n)) => parameter(*n),
            Some(Kind::Word(_) | Kind::Quoted(_) | Kind::Sign(_) | Kind::Number(_)) | None => None,
        };
        let argument = argument.ok_or_else(|| self.near())?;
        self.at += 1;
        Ok(argument)
    }

    /// A name, bare, quoted or as a string; or a parameter. Bare names may have `-` and `.` in them: `claude-code.k7f3q2`.
    pub fn name(&mut self) -> Result<Argument, Refusal> {
        match self.peek().map(|t| &t.kind) {
            Some(Kind::Quoted(s)) => {
                self.at += 1;
                Ok(Argument::Value(Cell::Text(s.clone())))
            }
            Some(Kind::Word(_)) => {
                let first = self.at;
                self.at += 1;
                while self.continues_name() {
                    self.at += 1;
                }
                let start = self.tokens.get(first).map_or(0, |t| t.start);
                let end = self.tokens.get(self.at - 1).map_or(start, |t| t.end);
                Ok(Argument::Value(Cell::from(
                    self.text.get(start..end).unwrap_or(""),
                )))
            }
            _ => self.string(),
        }
    }

    /// Whether the next token belongs to the bare name before it: nothing stands between them.
    pub fn continues_name(&self) -> bool {
        let (Some(token), Some(before)) = (
            self.peek(),
            self.at.checked_sub(1).and_then(|i| self.tokens.get(i)),
        ) else {
            return false;
        };
        token.start == before.end
            && matches!(
                &token.kind,
                Kind::Word(_) | Kind::Number(_) | Kind::Sign('-' | '.' | '@')
            )
    }

    /// An identifier, folded.
    pub fn identifier(&mut self) -> Result<String, Refusal> {
        match self.peek().map(|t| &t.kind) {
            Some(Kind::Word(w) | Kind::Quoted(w)) => {
                self.at += 1;
                Ok(w.clone())
            }
            _ => Err(self.near()),
        }
    }
}

fn parameter(number: u16) -> Option<Argument> {
    usize::from(number).checked_sub(1).map(Argument::Parameter)
}
