//! A third witness for writes that one grammar alone reads.
//!
//! Owns: [`confirms`]: our own lexer's tokens, without any grammar, name the same writes to the same tables as the form does.
//! A write of rows always shows itself by two key words and a name behind them (PostgreSQL manual, INSERT, UPDATE, DELETE,
//! MERGE, COPY), so they can be counted without understanding what is between them. Refuses: to look further than that, and
//! to explain a difference: whatever does not match exactly is not confirmed, also where a column is only called `delete`.
//!
//! Why it is enough for the class: what squawk alone reads is complete (no syntax error, every name and constant with
//! exactly one place in the form), and is believed on reads. What a write adds is that rows change; which rows of which
//! tables can change at most, and that no second statement is there, is what is confirmed here, from the bytes.

use crate::form::{CopySubject, Kind, Path, Query, Statement, With, clip, fold};
use crate::scan::{Kind as TokenKind, Lexer, Token};

/// The word that a write begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Insert,
    Update,
    Delete,
    Merge,
    CopyFrom,
}

/// What is written in a statement.
#[derive(Debug, Default, PartialEq, Eq)]
struct Writes {
    /// Each with the name as it is written, sorted.
    targets: Vec<(Verb, Path)>,
    /// How many WHERE there are; in a form: how many its updates and deletes have.
    conditions: usize,
}

/// Whether the tokens of a statement's text show the writes that its form has, no other ones, and no second statement.
pub(crate) fn confirms(statement: &Statement, text: &str) -> bool {
    let mut formed = Writes::default();
    let mut walk = Walk::new(text);
    match (formed.take(&statement.kind), walk.writes(&statement.kind)) {
        (Some(()), Some(mut seen)) => {
            formed.targets.sort();
            seen.targets.sort();
            formed.targets == seen.targets && formed.conditions <= seen.conditions
        }
        _ => false,
    }
}

impl Writes {
    fn add(&mut self, verb: Verb, table: &Path) {
        self.targets.push((verb, table.clone()));
    }

    /// Adds what a form writes. None for kinds that are not confirmed.
    fn take(&mut self, kind: &Kind) -> Option<()> {
        match kind {
            Kind::Query(query) => self.query(query),
            Kind::Insert(insert) => {
                self.with(&insert.with)?;
                self.add(Verb::Insert, &insert.table);
                insert.source.as_ref().map_or(Some(()), |q| self.query(q))
            }
            Kind::Update(update) => {
                self.with(&update.with)?;
                self.add(Verb::Update, &update.table);
                self.conditions +=
                    usize::from(update.filter.is_some() || update.current_of.is_some());
                Some(())
            }
            Kind::Delete(delete) => {
                self.with(&delete.with)?;
                self.add(Verb::Delete, &delete.table);
                self.conditions +=
                    usize::from(delete.filter.is_some() || delete.current_of.is_some());
                Some(())
            }
            Kind::Merge(merge) => {
                self.with(&merge.with)?;
                self.add(Verb::Merge, &merge.table);
                Some(())
            }
            Kind::Copy(copy) => match &copy.subject {
                CopySubject::Table(table, _) if copy.from => {
                    self.add(Verb::CopyFrom, table);
                    Some(())
                }
                CopySubject::Table(..) => Some(()),
                CopySubject::Statement(inner) => self.take(&inner.kind),
            },
            Kind::Prepare { inner, .. } | Kind::Explain { inner, .. } => self.take(&inner.kind),
            // Nothing else writes rows by words of its own.
            _ => None,
        }
    }

    /// A query writes where its WITH does. (The server takes such a WITH at the top of a statement only; one further down
    /// is not looked for, and so not confirmed.)
    fn query(&mut self, query: &Query) -> Option<()> {
        self.with(&query.with)
    }

    fn with(&mut self, with: &With) -> Option<()> {
        with.tables
            .iter()
            .try_for_each(|common| self.take(&common.body))
    }
}

/// A walk over the tokens of one statement, blanks left out.
struct Walk<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The token that comes next, if it was looked at.
    ahead: Option<Option<Token>>,
}

impl<'t> Walk<'t> {
    fn new(text: &'t str) -> Self {
        Walk {
            text,
            // Where they are off, a text with a backslash in it comes to no reader.
            lexer: Lexer::new(text.as_bytes(), true),
            ahead: None,
        }
    }

    /// The next token; None where the text cannot be cut into tokens.
    fn step(&mut self) -> Option<Option<Token>> {
        if let Some(token) = self.ahead.take() {
            return Some(token);
        }
        loop {
            match self.lexer.next() {
                Err(_) => return None,
                Ok(Some(token)) if token.kind.is_blank() => {}
                Ok(token) => return Some(token),
            }
        }
    }

    fn peek(&mut self) -> Option<Option<Token>> {
        let token = self.step()?;
        self.ahead = Some(token);
        Some(token)
    }

    fn text_of(&self, token: Token) -> &'t str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    fn is(&self, token: Option<Token>, word: &str) -> bool {
        token.is_some_and(|t| {
            t.kind == TokenKind::Word && self.text_of(t).eq_ignore_ascii_case(word)
        })
    }

    /// Whether the next token is this word; then it is passed.
    fn passes(&mut self, word: &str) -> Option<bool> {
        let next = self.peek()?;
        let is = self.is(next, word);
        if is {
            self.ahead = None;
        }
        Some(is)
    }

    fn passes_kind(&mut self, kind: TokenKind) -> Option<bool> {
        let is = self.peek()?.is_some_and(|t| t.kind == kind);
        if is {
            self.ahead = None;
        }
        Some(is)
    }

    /// The name that stands next, as the server folds it.
    fn name(&mut self) -> Option<String> {
        let token = self.step()??;
        let text = self.text_of(token);
        match token.kind {
            TokenKind::Word => Some(fold(text)),
            TokenKind::QuotedName => {
                let inner = text.strip_prefix('"')?.strip_suffix('"')?;
                Some(clip(&inner.replace("\"\"", "\"")))
            }
            _ => None,
        }
    }

    /// `a.b.c`, also `ONLY a.b` and `ONLY (a.b)`.
    fn path(&mut self) -> Option<Path> {
        if self.passes("only")? {
            self.passes_kind(TokenKind::Open)?;
        }
        let mut path = vec![self.name()?];
        while self.passes_kind(TokenKind::Dot)? {
            path.push(self.name()?);
        }
        Some(path)
    }

    /// The statement must begin as its form says.
    fn begins(&mut self, kind: &Kind) -> Option<Option<Token>> {
        let mut first = self.step()?;
        while first.is_some_and(|t| t.kind == TokenKind::Open) {
            first = self.step()?;
        }
        let words: &[&str] = match kind {
            Kind::Query(_) => &["with"],
            Kind::Insert(_) => &["insert", "with"],
            Kind::Update(_) => &["update", "with"],
            Kind::Delete(_) => &["delete", "with"],
            Kind::Merge(_) => &["merge", "with"],
            Kind::Copy(_) => &["copy"],
            Kind::Prepare { .. } => &["prepare"],
            Kind::Explain { .. } => &["explain"],
            _ => &[],
        };
        words
            .iter()
            .any(|word| self.is(first, word))
            .then_some(first)
    }

    /// Everything that is written; None where that is not certain.
    fn writes(&mut self, kind: &Kind) -> Option<Writes> {
        let mut seen = Writes::default();
        let mut token = self.begins(kind)?;
        if self.is(token, "copy") {
            self.copy(&mut seen)?;
            token = self.step()?;
        }
        // FOR UPDATE and FOR NO KEY UPDATE lock, and write nothing.
        let mut locking = false;
        while let Some(current) = token {
            if current.kind == TokenKind::Semicolon {
                return None;
            }
            let word = |word| self.is(token, word);
            let (insert, merge, delete) = (word("insert"), word("merge"), word("delete"));
            let (update, condition) = (word("update"), word("where"));
            let locks = word("for") || word("key");
            if insert || merge {
                if self.passes("into")? {
                    let verb = if insert { Verb::Insert } else { Verb::Merge };
                    seen.targets.push((verb, self.path()?));
                }
            } else if delete {
                if self.passes("from")? {
                    seen.targets.push((Verb::Delete, self.path()?));
                }
            } else if update && !locking {
                // DO UPDATE SET and THEN UPDATE SET write what was counted before.
                let next = self.peek()?;
                if !self.is(next, "set") {
                    seen.targets.push((Verb::Update, self.path()?));
                }
            }
            seen.conditions += usize::from(condition);
            locking = locks;
            token = self.step()?;
        }
        Some(seen)
    }

    /// COPY up to its direction; what is copied in parentheses is gone over with the rest.
    fn copy(&mut self, seen: &mut Writes) -> Option<()> {
        if self.peek()?.is_some_and(|t| t.kind == TokenKind::Open) {
            return Some(());
        }
        // BINARY is no table's name without quotes (PostgreSQL manual, COPY, Compatibility).
        self.passes("binary")?;
        let table = self.path()?;
        if self.passes_kind(TokenKind::Open)? {
            while !self.passes_kind(TokenKind::Close)? {
                self.step()??;
            }
        }
        if self.passes("from")? {
            seen.targets.push((Verb::CopyFrom, table));
            return Some(());
        }
        self.passes("to")?.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lower_squawk, read};

    fn confirmed(formed: &str, shown: &str) -> bool {
        let statement = read::on_a_large_stack(|| lower_squawk::lower(formed))
            .unwrap()
            .remove(0);
        confirms(&statement, shown)
    }

    #[test]
    fn a_write_is_confirmed_by_its_own_words() {
        for text in [
            "INSERT INTO t VALUES (1)",
            "insert into S.\"T\"\"x\" (a[1]) values (1) on conflict (lower(a)) do update set a = 2 where t.a > 1",
            "UPDATE ONLY t SET a[1] = 1 WHERE b = 2",
            "UPDATE ONLY (t) SET a[1] = 1",
            "UPDATE s.t * SET a = 1",
            "DELETE FROM ONLY t WHERE CURRENT OF c",
            "MERGE INTO ONLY t USING s ON a = b WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (1) WHEN MATCHED THEN DELETE",
            "WITH d AS (DELETE FROM t RETURNING *), i AS (INSERT INTO u SELECT * FROM d) UPDATE v SET a = 1",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d FOR NO KEY UPDATE",
            "INSERT INTO t WITH d AS (UPDATE u SET a = 1 RETURNING a) SELECT * FROM d",
            "EXPLAIN (ANALYZE) UPDATE t SET a = 1",
            "PREPARE p (int) AS DELETE FROM t",
            "COPY t (a, b) FROM STDIN (FORMAT csv)",
            "COPY BINARY t FROM STDIN",
            "COPY (DELETE FROM t RETURNING *) TO STDOUT",
            "/* DELETE FROM x */ INSERT INTO t VALUES ('DELETE FROM x', $$UPDATE x$$) -- MERGE INTO x",
        ] {
            assert!(confirmed(text, text), "{text}");
        }
    }

    /// A reader that took the second text for the first is found out.
    #[test]
    fn a_misreading_is_not_confirmed() {
        for (formed, shown) in [
            ("DELETE FROM t", "DELETE FROM u"),
            ("DELETE FROM t", "DELETE FROM s.t"),
            ("DELETE FROM t", "DELETE FROM \"T\""),
            ("DELETE FROM \"only\"", "DELETE FROM ONLY t"),
            ("DELETE FROM t", "DELETE FROM t; DELETE FROM t"),
            ("DELETE FROM t", "DELETE FROM t;"),
            ("DELETE FROM t WHERE a", "DELETE FROM t"),
            ("DELETE FROM t", "UPDATE t SET a = 1"),
            (
                "INSERT INTO t SELECT 1",
                "WITH x AS (DELETE FROM u) INSERT INTO t SELECT 1",
            ),
            (
                "WITH x AS (INSERT INTO t SELECT 1) SELECT 1",
                "WITH x AS (INSERT INTO t SELECT 1) DELETE FROM u",
            ),
            (
                "WITH x AS (INSERT INTO t SELECT 1) SELECT 1",
                "SELECT 1 FROM x",
            ),
            ("INSERT INTO t SELECT 1", "EXPLAIN INSERT INTO t SELECT 1"),
            ("COPY t FROM STDIN", "COPY u FROM STDIN"),
            ("COPY t TO STDOUT", "COPY t FROM STDIN"),
            ("COPY t FROM STDIN", "COPY t TO STDOUT"),
            (
                "COPY (DELETE FROM t) TO STDOUT",
                "COPY (DELETE FROM u) TO STDOUT",
            ),
            ("INSERT INTO t SELECT 1", "INSERT INTO t SELECT $$"),
            ("DO 'x'", "DO 'x'"),
        ] {
            assert!(!confirmed(formed, shown), "{formed} for {shown}");
        }
    }

    /// Words that could be a write are one, until both readers say otherwise.
    #[test]
    fn a_column_called_as_a_write_is_not_confirmed() {
        let text = "INSERT INTO t SELECT delete FROM u";
        assert!(!confirmed(text, text));
    }
}
