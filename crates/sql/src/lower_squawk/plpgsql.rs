//! What SQL there is in a PL/pgSQL body.
//!
//! Owns: [`pieces`]: the statements and expressions that the body hands to the SQL engine, each as a text of its own, the way the
//! language itself hands them over (PostgreSQL manual, 43.4 "Expressions" and 43.5 "Basic Statements": an expression is run as
//! `SELECT expression`, INTO and its targets are taken out). Refuses: text that is made while the body runs, ends of
//! transactions, and whatever squawk's grammar of the language does not read whole; the caller then knows nothing of the body.

use std::ops::Range;

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::name::refuse;
use super::{Read, span, tokens};
use crate::form::{ReaderError, clip, fold};
use crate::scan::{Kind, Lexer, Token};

/// A body in pieces.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The texts that it can run, in order.
    pub texts: Vec<String>,
    /// Every name in the types of its variables: of types, of tables whose rows or columns they are like, of schemas.
    pub variables: Vec<String>,
}

/// What a body can run.
pub(crate) fn pieces(body: &str) -> Read<Pieces> {
    let whole = body;
    let (body, targets) = without_into(body)?;
    // A constant in dollars holds any text that does not hold its tag: nothing needs to be escaped, and nothing is decoded.
    let Some(tag) = (0..)
        .map(|n| format!("$b{n}$"))
        .find(|tag| !body.contains(tag.as_str()))
    else {
        return refuse("the body holds every tag");
    };
    let text = format!("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS {tag}{body}{tag}");
    let parse = SourceFile::parse(&text);
    let function = parse.tree().stmts().find_map(|statement| match statement {
        ast::Stmt::CreateFunction(function) => function.plpgsql(),
        _ => None,
    });
    let Some(function) = function else {
        return refuse("no body");
    };
    let root = function.syntax();
    let is = |kind: SyntaxKind| move |node: &SyntaxNode| node.kind() == kind;
    if !parse.errors().is_empty()
        || !function.errors().is_empty()
        || function.text() != body
        || !root
            .children()
            .any(|node| is(SyntaxKind::PLPGSQL_BLOCK)(&node))
    {
        return refuse("a syntax error");
    }
    tokens::same(&body, &root)?;
    // What was taken out must have been where the language takes it out.
    let statements: Vec<Range<usize>> = root
        .descendants()
        .filter(is(SyntaxKind::PLPGSQL_EXEC_SQL_STMT))
        .map(|node| span(&node))
        .collect();
    let inside = |into: &Range<usize>| {
        statements
            .iter()
            .any(|s| s.start < into.start && into.end < s.end)
    };
    if !targets.iter().all(inside) {
        return refuse("an INTO where none belongs");
    }
    let into = targets.iter().filter_map(|range| whole.get(range.clone()));
    cursors_are_own(&root, into)?;
    let mut texts = Vec::new();
    walk(&root, &mut texts)?;
    Ok(Pieces {
        texts,
        variables: variables(&root)?,
    })
}

/// The names in the types of variables and of arguments of cursors.
fn variables(root: &SyntaxNode) -> Read<Vec<String>> {
    let mut names = Vec::new();
    let declares = |node: &SyntaxNode| {
        matches!(
            node.kind(),
            SyntaxKind::PLPGSQL_VAR_DECL | SyntaxKind::PLPGSQL_CURSOR_ARG
        )
    };
    for node in root.descendants().filter(declares) {
        let types = node.children().filter(|child| {
            ast::Type::can_cast(child.kind())
                || matches!(
                    child.kind(),
                    SyntaxKind::PERCENT_TYPE | SyntaxKind::PLPGSQL_PERCENT_ROWTYPE
                )
        });
        let parts = types.flat_map(|t| t.descendants_with_tokens());
        for token in parts.filter_map(|part| part.into_token()) {
            let text = token.text();
            match text.strip_prefix('"') {
                Some(quoted) => {
                    names.push(clip(&quoted.trim_end_matches('"').replace("\"\"", "\"")))
                }
                None if text.contains('"') => return refuse("a name with escapes"),
                None => names.push(fold(text)),
            }
        }
    }
    Ok(names)
}

/// Refuses what moves or closes a cursor unless its variable is bound to a query of this body and nothing else is assigned to
/// it: any other can hold the name of a cursor that the caller opened.
fn cursors_are_own<'t>(root: &SyntaxNode, into: impl Iterator<Item = &'t str>) -> Read<()> {
    let names = |node: &SyntaxNode| fold(node.text().to_string().trim());
    let named = |node: &SyntaxNode| {
        let mut inside = node.descendants();
        inside
            .find(|n| n.kind() == SyntaxKind::PLPGSQL_VAR_NAME)
            .map(|n| names(&n))
    };
    let mut bound = Vec::new();
    let mut other: Vec<String> = into.map(str::to_lowercase).collect();
    for node in root.descendants() {
        match node.kind() {
            SyntaxKind::PLPGSQL_CURSOR_DECL => bound.extend(named(&node)),
            SyntaxKind::PLPGSQL_VAR_DECL | SyntaxKind::PLPGSQL_ALIAS_DECL => {
                other.extend(named(&node));
            }
            SyntaxKind::PLPGSQL_ASSIGN_TARGET
            | SyntaxKind::PLPGSQL_FOR_VARIABLE
            | SyntaxKind::PLPGSQL_INTO_CLAUSE
            | SyntaxKind::PLPGSQL_GET_DIAG_STMT => other.push(names(&node)),
            _ => {}
        }
    }
    for node in root.descendants() {
        let moves = matches!(
            node.kind(),
            SyntaxKind::PLPGSQL_FETCH_STMT
                | SyntaxKind::PLPGSQL_MOVE_STMT
                | SyntaxKind::PLPGSQL_CLOSE_STMT
                | SyntaxKind::PLPGSQL_FOR_CURSOR_STMT
        );
        if !moves {
            continue;
        }
        let mut inside = node.descendants();
        let cursor = inside
            .find(|n| n.kind() == SyntaxKind::PLPGSQL_CURSOR_VARIABLE_REF)
            .map(|n| names(&n));
        let word = |c: char| !c.is_alphanumeric() && c != '_';
        let assigned = |name: &String| other.iter().any(|o| o.split(word).any(|w| w == name));
        let own = |name: &String| bound.contains(name) && !assigned(name);
        if !cursor.as_ref().is_some_and(own) {
            return refuse("a cursor that may be somebody else's");
        }
    }
    Ok(())
}

/// What a node of the language holds for the SQL engine.
fn walk(node: &SyntaxNode, found: &mut Vec<String>) -> Read<()> {
    match node.kind() {
        SyntaxKind::PLPGSQL_EXPR | SyntaxKind::PLPGSQL_ASSIGN_TARGET => {
            found.push(format!("SELECT {}", node.text()));
            Ok(())
        }
        SyntaxKind::PLPGSQL_EXEC_SQL_STMT
        | SyntaxKind::PLPGSQL_CALL_STMT
        | SyntaxKind::PLPGSQL_DO_STMT => {
            let text = node.text().to_string();
            found.push(text.trim_end().trim_end_matches(';').to_owned());
            Ok(())
        }
        SyntaxKind::PLPGSQL_PERFORM_STMT => {
            let text = node.text().to_string();
            let rest = match text.split_at_checked("perform".len()) {
                Some((word, rest)) if word.eq_ignore_ascii_case("perform") => rest,
                _ => return refuse("a PERFORM that does not begin so"),
            };
            found.push(format!("SELECT {}", rest.trim_end().trim_end_matches(';')));
            Ok(())
        }
        // A statement in the place of a query: as it stands.
        kind if ast::Stmt::can_cast(kind) => {
            found.push(node.text().to_string());
            Ok(())
        }
        // Arguments of a cursor: each is an expression.
        SyntaxKind::ARG_LIST => {
            found.push(format!("SELECT ROW{}", node.text()));
            Ok(())
        }
        SyntaxKind::PLPGSQL_DYN_EXECUTE_STMT
        | SyntaxKind::PLPGSQL_FOR_DYN_STMT
        | SyntaxKind::PLPGSQL_RETURN_QUERY_EXECUTE_STMT
        | SyntaxKind::PLPGSQL_OPEN_EXECUTE => refuse("a statement made while it runs"),
        SyntaxKind::PLPGSQL_COMMIT_STMT | SyntaxKind::PLPGSQL_ROLLBACK_STMT => {
            refuse("a transaction's end")
        }
        kind if is_frame(kind) => node.children().try_for_each(|child| walk(&child, found)),
        kind if is_name(kind) => Ok(()),
        _ => refuse("a part of the body without a place"),
    }
}

/// Nodes that are no more than what they hold.
fn is_frame(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::PLPGSQL
            | SyntaxKind::PLPGSQL_BLOCK
            | SyntaxKind::PLPGSQL_BODY
            | SyntaxKind::PLPGSQL_DECLARE_SECTION
            | SyntaxKind::PLPGSQL_VAR_DECL
            | SyntaxKind::PLPGSQL_VAR_INIT
            | SyntaxKind::PLPGSQL_CURSOR_DECL
            | SyntaxKind::PLPGSQL_EXCEPTION_SECTION
            | SyntaxKind::PLPGSQL_EXCEPTION_HANDLER
            | SyntaxKind::PLPGSQL_IF_STMT
            | SyntaxKind::PLPGSQL_ELSIF_CLAUSE
            | SyntaxKind::PLPGSQL_ELSE_CLAUSE
            | SyntaxKind::PLPGSQL_CASE_STMT
            | SyntaxKind::PLPGSQL_CASE_WHEN
            | SyntaxKind::PLPGSQL_LOOP_STMT
            | SyntaxKind::PLPGSQL_WHILE_STMT
            | SyntaxKind::PLPGSQL_FOR_I_STMT
            | SyntaxKind::PLPGSQL_FOR_RANGE
            | SyntaxKind::PLPGSQL_FOR_QUERY_STMT
            | SyntaxKind::PLPGSQL_FOR_CURSOR_STMT
            | SyntaxKind::PLPGSQL_FOR_EACH_STMT
            | SyntaxKind::PLPGSQL_EXIT_STMT
            | SyntaxKind::PLPGSQL_EXIT_WHEN
            | SyntaxKind::PLPGSQL_CONTINUE_STMT
            | SyntaxKind::PLPGSQL_ASSIGN_STMT
            | SyntaxKind::PLPGSQL_RETURN_STMT
            | SyntaxKind::PLPGSQL_RETURN_NEXT_STMT
            | SyntaxKind::PLPGSQL_RETURN_QUERY_STMT
            | SyntaxKind::PLPGSQL_RAISE_STMT
            | SyntaxKind::PLPGSQL_RAISE_USING_CLAUSE
            | SyntaxKind::PLPGSQL_RAISE_OPTION_COLUMN
            | SyntaxKind::PLPGSQL_RAISE_OPTION_CONSTRAINT
            | SyntaxKind::PLPGSQL_RAISE_OPTION_DATATYPE
            | SyntaxKind::PLPGSQL_RAISE_OPTION_DETAIL
            | SyntaxKind::PLPGSQL_RAISE_OPTION_ERRCODE
            | SyntaxKind::PLPGSQL_RAISE_OPTION_HINT
            | SyntaxKind::PLPGSQL_RAISE_OPTION_MESSAGE
            | SyntaxKind::PLPGSQL_RAISE_OPTION_SCHEMA
            | SyntaxKind::PLPGSQL_RAISE_OPTION_TABLE
            | SyntaxKind::PLPGSQL_ASSERT_STMT
            | SyntaxKind::PLPGSQL_OPEN_STMT
            | SyntaxKind::PLPGSQL_OPEN_QUERY
            | SyntaxKind::PLPGSQL_FETCH_STMT
            | SyntaxKind::PLPGSQL_MOVE_STMT
    )
}

/// Nodes that hold names of variables, labels, conditions and cursors, types and constants, and nothing that is run.
fn is_name(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::PLPGSQL_LABEL
            | SyntaxKind::PLPGSQL_LABEL_NAME_REF
            | SyntaxKind::PLPGSQL_VAR_NAME
            | SyntaxKind::PLPGSQL_NOT_NULL
            | SyntaxKind::PLPGSQL_ALIAS_DECL
            | SyntaxKind::PLPGSQL_CURSOR_ARG_LIST
            | SyntaxKind::PLPGSQL_CONDITION
            | SyntaxKind::PLPGSQL_RAISE_LEVEL
            | SyntaxKind::PLPGSQL_RAISE_MESSAGE
            | SyntaxKind::PLPGSQL_FOR_VARIABLE
            | SyntaxKind::PLPGSQL_FOR_EACH_SLICE
            | SyntaxKind::PLPGSQL_CURSOR_VARIABLE_REF
            | SyntaxKind::PLPGSQL_INTO_CLAUSE
            | SyntaxKind::PLPGSQL_GET_DIAG_STMT
            | SyntaxKind::PLPGSQL_CLOSE_STMT
            | SyntaxKind::PLPGSQL_NULL_STMT
            | SyntaxKind::PLPGSQL_COMP_OPTION_VARIABLE_CONFLICT
            | SyntaxKind::PLPGSQL_COMP_OPTION_PRINT_STRICT_PARAMS
            | SyntaxKind::PLPGSQL_PERCENT_ROWTYPE
            | SyntaxKind::PATH_TYPE
            | SyntaxKind::ARRAY_TYPE
            | SyntaxKind::PERCENT_TYPE
            | SyntaxKind::COLLATE
    )
}

/// The body with blanks in the place of INTO and its targets, and where those were. The language takes an INTO that does not follow
/// INSERT, MERGE or IMPORT for its own, wherever in the statement it stands, and reads variables behind it
/// (`make_execsql_stmt` in the server's `pl_gram.y`).
fn without_into(body: &str) -> Read<(String, Vec<Range<usize>>)> {
    let bytes = body.as_bytes();
    let mut lexer = Lexer::new(bytes, true);
    let mut segment: Vec<Token> = Vec::new();
    let mut targets = Vec::new();
    while let Some(token) = lexer
        .next()
        .map_err(|error| ReaderError::new(error.to_string()))?
    {
        match token.kind {
            kind if kind.is_blank() => {}
            Kind::Semicolon => {
                targets.extend(own_into(bytes, &segment)?);
                segment.clear();
            }
            _ => segment.push(token),
        }
    }
    let mut text = body.to_owned();
    for range in &targets {
        text.replace_range(range.clone(), &" ".repeat(range.len()));
    }
    Ok((text, targets))
}

/// Where the language's own INTO with its variables stands, between two semicolons.
fn own_into(text: &[u8], tokens: &[Token]) -> Read<Option<Range<usize>>> {
    let word = |at: usize, word: &str| {
        tokens.get(at).is_some_and(|t| {
            t.kind == Kind::Word && text[t.start..t.end].eq_ignore_ascii_case(word.as_bytes())
        })
    };
    let mut found = None;
    for at in (0..tokens.len()).filter(|at| word(*at, "into")) {
        let before = |words: &[&str]| (0..at).any(|at| words.iter().any(|w| word(at, w)));
        let of_a_table = at > 0 && (word(at - 1, "insert") || word(at - 1, "merge"));
        // FETCH from a cursor has an INTO of its own, which squawk knows; a SELECT may have the word FETCH.
        let of_a_cursor = before(&["fetch"]) && !before(&["select", "returning", "values"]);
        if of_a_table || of_a_cursor || before(&["import"]) {
            continue;
        }
        if found.is_some() {
            // The server reports an error; it is not for us to say which of the two it would take.
            return refuse("a second INTO");
        }
        let last = targets(tokens, at + 1 + usize::from(word(at + 1, "strict")))?;
        found = Some(tokens[at].start..tokens[last].end);
    }
    Ok(found)
}

/// The last token of `variable [. field]* [, variable [. field]*]*`.
fn targets(tokens: &[Token], mut at: usize) -> Read<usize> {
    let kind = |at: usize| tokens.get(at).map(|t| t.kind);
    let name = |at: usize| matches!(kind(at), Some(Kind::Word | Kind::QuotedName | Kind::Param));
    loop {
        if !name(at) {
            return refuse("an INTO without a variable");
        }
        while kind(at + 1) == Some(Kind::Dot) {
            if !name(at + 2) {
                return refuse("an INTO without a variable");
            }
            at += 2;
        }
        if kind(at + 1) != Some(Kind::Comma) {
            return Ok(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> String {
        match pieces(body) {
            Ok(pieces) => pieces
                .texts
                .iter()
                .map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect::<Vec<_>>()
                .join(" | "),
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn every_statement_and_expression_is_a_piece() {
        for (body, expected) in [
            ("BEGIN RETURN $1 + 1; END", "SELECT $1 + 1"),
            ("begin null; end;", ""),
            (
                "DECLARE x int := f(1); y t.a%TYPE; r t%ROWTYPE; z numeric(10,2) NOT NULL DEFAULT g(); BEGIN x := h(x); RETURN x; END",
                "SELECT f(1) | SELECT g() | SELECT x | SELECT h(x) | SELECT x",
            ),
            (
                "BEGIN SELECT a, b INTO STRICT x, r.y FROM t WHERE c = k(1); RETURN x; END",
                "SELECT a, b FROM t WHERE c = k(1) | SELECT x",
            ),
            (
                "BEGIN SELECT a FROM t INTO x; RETURN x; END",
                "SELECT a FROM t | SELECT x",
            ),
            (
                "BEGIN INSERT INTO t VALUES (1) RETURNING id INTO v; RETURN v; END",
                "INSERT INTO t VALUES (1) RETURNING id | SELECT v",
            ),
            (
                "BEGIN IF a > (SELECT max(x) FROM t) THEN PERFORM p(1); ELSIF q() THEN DELETE FROM u; ELSE CALL c(); END IF; END",
                "SELECT a > (SELECT max(x) FROM t) | SELECT p(1) | SELECT q() | DELETE FROM u | CALL c()",
            ),
            (
                "BEGIN FOR r IN SELECT * FROM t LOOP RETURN NEXT f(r); END LOOP; FOR i IN 1 .. n() BY 2 LOOP x[g(i)] := i; END LOOP; END",
                "SELECT * FROM t | SELECT f(r) | SELECT 1 | SELECT n() | SELECT 2 | SELECT x[g(i)] | SELECT i",
            ),
            (
                "BEGIN FOR i IN 1..10 LOOP PERFORM f(i); END LOOP; END",
                "SELECT 1 | SELECT 10 | SELECT f(i)",
            ),
            (
                "DECLARE c CURSOR (k int) FOR SELECT * FROM t WHERE i = k; BEGIN OPEN c(f(1)); FETCH c INTO x; CLOSE c; RETURN x; END",
                "SELECT * FROM t WHERE i = k | SELECT ROW(f(1)) | SELECT x",
            ),
            (
                "BEGIN CASE a WHEN 1, f() THEN RETURN 1; ELSE RETURN QUERY SELECT b FROM t; END CASE; EXCEPTION WHEN others THEN RAISE NOTICE 'x %', g(a) USING hint = h(); END",
                "SELECT a | SELECT 1, f() | SELECT 1 | SELECT b FROM t | SELECT g(a) | SELECT h()",
            ),
            (
                "BEGIN WHILE f() LOOP EXIT WHEN g(); CONTINUE; END LOOP; ASSERT k(), m(); END",
                "SELECT f() | SELECT g() | SELECT k() | SELECT m()",
            ),
            (
                "BEGIN FOREACH x SLICE 1 IN ARRAY f() LOOP NULL; END LOOP; END",
                "SELECT f()",
            ),
            (
                "BEGIN GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END",
                "SELECT n",
            ),
        ] {
            assert_eq!(of(body), expected, "{body}");
        }
    }

    #[test]
    fn names_in_the_types_of_variables_are_told() {
        let body = "DECLARE x public.\"Do\"\"m\" := 'a'; y t.a%TYPE; c CURSOR (k Kind[]) FOR SELECT 1; r t%ROWTYPE; BEGIN END";
        let found = pieces(body).map(|pieces| pieces.variables);
        let found = found.unwrap_or_default();
        for name in ["public", "Do\"m", "t", "a", "kind"] {
            assert!(found.iter().any(|n| n == name), "{name}: {found:?}");
        }
    }

    #[test]
    fn what_cannot_be_looked_into_is_refused() {
        for body in [
            "BEGIN EXECUTE 'DELETE FROM t'; END",
            "BEGIN EXECUTE format('x') INTO y USING z; END",
            "BEGIN RETURN QUERY EXECUTE q; END",
            "BEGIN FOR r IN EXECUTE q LOOP NULL; END LOOP; END",
            "DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE q; END",
            "BEGIN COMMIT; END",
            "BEGIN ROLLBACK AND CHAIN; END",
            "BEGIN DELETE FROM t",
            "SELECT 1",
            "",
            "BEGIN SELECT a INTO x FROM t INTO y; END",
            "BEGIN x := 1 END",
            "BEGIN NULL; END; DELETE FROM t",
            "BEGIN FETCH c INTO x; RETURN x; END",
            "BEGIN MOVE NEXT FROM c; END",
            "BEGIN CLOSE c; END",
            "DECLARE c refcursor := 'given'; BEGIN FETCH c INTO x; END",
            "DECLARE c CURSOR FOR SELECT 1; BEGIN c := 'given'; FETCH c INTO x; END",
            "DECLARE c CURSOR FOR SELECT 1; BEGIN SELECT 'given' INTO c; FETCH c INTO x; END",
            "DECLARE c CURSOR FOR SELECT 1; BEGIN DECLARE c refcursor; BEGIN FETCH c INTO x; END; END",
        ] {
            assert!(of(body).starts_with("refused"), "{body}: {}", of(body));
        }
    }
}
