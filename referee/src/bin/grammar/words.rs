//! A text in pieces, and pieces to put in.
//!
//! Owns: the cutting of a text into words, spaces, comments, quotes; the lists of what trips readers. Refuses: to cut as
//! the product's scanner does; it is written anew, so that a fault there is none here.

/// Cuts a text: joined, the pieces are the text.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut all = vec![];
    let mut rest = text;
    while !rest.is_empty() {
        let mut end = piece(rest).clamp(1, rest.len());
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (one, more) = rest.split_at(end);
        all.push(one);
        rest = more;
    }
    all
}

pub fn is_space(piece: &str) -> bool {
    piece.starts_with(char::is_whitespace) || piece.starts_with("--") || piece.starts_with("/*")
}

pub fn is_word(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
}

/// The length of the first piece.
fn piece(text: &str) -> usize {
    let bytes = text.as_bytes();
    let run = |f: fn(char) -> bool| text.find(|c| !f(c)).unwrap_or(text.len());
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    match bytes[0] {
        b'\'' | b'"' => quoted(text, 0, false),
        b'e' | b'E' if bytes.get(1) == Some(&b'\'') => quoted(text, 1, true),
        b'b' | b'B' | b'x' | b'X' | b'n' | b'N' if bytes.get(1) == Some(&b'\'') => {
            quoted(text, 1, false)
        }
        b'u' | b'U'
            if bytes.get(1) == Some(&b'&') && matches!(bytes.get(2), Some(b'\'' | b'"')) =>
        {
            quoted(text, 2, false)
        }
        b'-' if text.starts_with("--") => text.find('\n').map_or(text.len(), |at| at + 1),
        b'/' if text.starts_with("/*") => comment(text),
        b'$' => dollar(text),
        b'0'..=b'9' => run(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_'),
        c if c.is_ascii_alphabetic() || c == b'_' || c >= 0x80 => run(word).max(1),
        c if c.is_ascii_whitespace() => run(char::is_whitespace),
        c if b"+-*/<>=~!@#%^&|`?:".contains(&c) => run(|c| "+*<>=~!@#%^&|`?:".contains(c)).max(1),
        _ => 1,
    }
}

fn quoted(text: &str, at: usize, backslashes: bool) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes[at];
    let mut i = at + 1;
    while i < bytes.len() {
        if backslashes && bytes[i] == b'\\' {
            i += 2;
        } else if bytes[i] == quote && bytes.get(i + 1) == Some(&quote) {
            i += 2;
        } else if bytes[i] == quote {
            return i + 1;
        } else {
            i += 1;
        }
    }
    text.len()
}

fn comment(text: &str) -> usize {
    let mut depth = 0;
    let mut i = 0;
    while i < text.len() {
        let rest = &text.as_bytes()[i..];
        if rest.starts_with(b"/*") {
            depth += 1;
            i += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            i += 2;
            if depth == 0 {
                return i;
            }
        } else {
            i += 1;
        }
    }
    text.len()
}

fn dollar(text: &str) -> usize {
    let tag = text[1..]
        .find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(text.len(), |n| n + 1);
    if text.as_bytes().get(tag) != Some(&b'$') {
        return tag;
    }
    let mark = &text[..=tag];
    match text[tag + 1..].find(mark) {
        Some(at) => tag + 1 + at + mark.len(),
        None => text.len(),
    }
}

/// Keywords of all kinds, where they are names, labels, functions, aliases, or nothing.
#[rustfmt::skip]
pub const KEYWORDS: &[&str] = &[
    "END", "INTO", "ONLY", "FOR", "COLLATE", "TABLE", "WITH", "AS", "FROM", "WHERE", "UNION", "ALL", "VALUES",
    "SELECT", "LATERAL", "ROWS", "CROSS JOIN", "NATURAL JOIN", "JOIN", "LEFT JOIN", "ON", "USING", "TOP", "FINAL",
    "QUALIFY", "SAMPLE", "TABLESAMPLE", "WINDOW", "OVER", "FILTER", "IS", "NOT", "NULL", "UNKNOWN", "BETWEEN", "AND",
    "OR", "IN", "EXISTS", "ANY", "SOME", "ARRAY", "ROW", "CASE", "WHEN", "THEN", "ELSE", "CAST", "INTERVAL", "DATE",
    "TIMESTAMP", "TIME", "LIMIT", "OFFSET", "FETCH FIRST ROW ONLY", "FETCH", "ORDER BY", "GROUP BY", "HAVING",
    "DISTINCT", "DISTINCT ON", "RETURNING", "DEFAULT", "SET", "UPDATE", "DELETE", "INSERT", "MERGE", "ISNULL",
    "NOTNULL", "SYMMETRIC", "EXCEPT", "INTERSECT", "PARTITION", "PARTITION BY", "LIKE", "ILIKE", "SIMILAR TO",
    "ESCAPE", "AT TIME ZONE", "AT LOCAL", "FOR UPDATE", "FOR SHARE", "FOR NO KEY UPDATE", "FOR KEY SHARE", "OF",
    "NOWAIT", "SKIP LOCKED", "BEGIN", "COMMIT", "ATOMIC", "RECURSIVE", "MATERIALIZED", "NOT MATERIALIZED", "ROLLUP",
    "CUBE", "GROUPING SETS", "SETS", "VARIADIC", "ORDINALITY", "WITH ORDINALITY", "WITHIN GROUP", "RANGE", "GROUPS",
    "UNBOUNDED", "PRECEDING", "FOLLOWING", "CURRENT ROW", "EXCLUDE", "TIES", "WITH TIES", "NULLS FIRST", "NULLS LAST",
    "ASC", "DESC", "USING <", "OVERLAPS", "OPERATOR", "NORMALIZED", "DOCUMENT", "JSON", "OVERRIDING USER VALUE",
    "CONFLICT", "DO", "NOTHING", "ON CONFLICT DO NOTHING", "CURRENT OF", "CONCURRENTLY", "IF EXISTS", "IF NOT EXISTS",
    "CASCADE", "RESTRICT", "TEMP", "TEMPORARY", "UNLOGGED", "LOCAL", "GLOBAL", "SESSION", "ANALYZE", "VERBOSE", "TO",
    "BY", "STDIN", "STDOUT", "PROGRAM", "CSV", "BINARY", "PIVOT", "UNPIVOT", "MATCH_RECOGNIZE", "CONNECT BY",
    "START WITH", "PRIOR", "PREWHERE", "SETTINGS", "FORMAT", "CLUSTER BY", "DISTRIBUTE BY", "SORT BY",
    "STRAIGHT_JOIN", "LEFT SEMI JOIN", "OUTER APPLY", "CROSS APPLY", "ASOF JOIN", "GLOBAL", "DIV", "XOR", "RLIKE",
    "REGEXP", "MOD", "DUAL", "IGNORE", "REPLACE", "CONVERT", "TRY_CAST", "SAFE_CAST", "STRUCT", "MAP", "POSITION",
    "SUBSTRING", "TRIM", "OVERLAY", "EXTRACT", "CEIL", "FLOOR", "NAME", "TEXT", "CHARACTER", "VARYING", "PRECISION",
    "DOUBLE", "ZONE", "YEAR", "MONTH", "DAY", "SECOND", "VALUE", "KEY", "PATH", "PASSING", "COLUMNS", "NESTED",
    "EMPTY", "ERROR", "ABSENT", "MATCHED", "SOURCE", "TARGET", "NEW", "OLD", "EXCLUDED", "current_user",
    "session_user", "user", "current_schema", "current_catalog", "current_date", "current_timestamp", "localtime",
    "system_user", "none", "coalesce", "nullif", "greatest", "grouping", "xmlparse", "json_object", "json_array",
    "json_value", "merge_action()",
];

/// Expressions that honest and other people write.
#[rustfmt::skip]
pub const EXPRESSIONS: &[&str] = &[
    "email", "id", "customers.email", "c.email", "name", "1", "'x'", "NULL", "true", "$1",
    "(SELECT email FROM customers LIMIT 1)", "(SELECT max(api_key) FROM staff)", "EXISTS (SELECT FROM guesses)",
    "note('x')", "public.note('x')", "nextval('tickets')", "lower(email)", "pg_sleep(1)",
    "set_config('search_path', 'tenant', false)", "count(*)", "count(*) FILTER (WHERE email IS NOT NULL)",
    "row_number() OVER (PARTITION BY city ORDER BY email)", "email = 'a'", "email LIKE '%'", "id BETWEEN 1 AND 2",
    "id IN (1, 2)", "id IN (SELECT id FROM staff)", "NOT true", "id = ANY (ARRAY[1,2])",
    "id = ANY (SELECT id FROM orders)", "email || name", "-id", "@ id", "id::text", "CAST(email AS varchar(3))",
    "email::name", "CASE WHEN id = 1 THEN email ELSE name END", "CASE id WHEN 1 THEN note('x') END", "ROW(id, email)",
    "(id, email)", "ROW(customers.*)", "customers", "customers.*", "to_jsonb(customers)", "ARRAY[email, name]",
    "ARRAY(SELECT email FROM staff)", "tags[1]", "tags[1:2]", "(home).city", "(home).*", "(customers).email",
    "profile->>'a'", "profile #> '{a,b}'", "profile['a']", "extract(year FROM created_at)",
    "date_part('year', created_at)", "position('a' IN email)", "substring(email FROM 1 FOR 2)",
    "substring(email SIMILAR 'a' ESCAPE '#')", "trim(BOTH 'a' FROM email)", "overlay(email PLACING 'a' FROM 1)",
    "normalize(email, NFC)", "email IS NFC NORMALIZED", "coalesce(email, name)", "nullif(email, '')",
    "greatest(id, 1)", "current_user", "current_date", "localtimestamp(3)", "now() AT TIME ZONE 'UTC'",
    "interval '1 day'", "interval(3) '1 day'", "interval '1' year", "date '2020-01-01'", "pg_lsn '0/1'", "float8 '1'",
    "B'01'", "X'1F'", "E'\\n'", "U&'\\0041'", "U&'d!0061' UESCAPE '!'", "$$x$$", "$a$ ' $a$", "'a'\n'b'", "0x1F",
    "1_000", "1e5", ".5", "N'x'", "email COLLATE \"C\"", "email OPERATOR(pg_catalog.=) 'x'",
    "email OPERATOR(public.===) 'x'", "email === 'x'", "id IS DISTINCT FROM 1", "email IS NULL", "email ISNULL",
    "email NOTNULL", "true IS UNKNOWN", "id IS NOT DISTINCT FROM ALL (SELECT 1)",
    "(created_at, created_at) OVERLAPS (now(), now())", "xmlelement(name a, email)", "xmlforest(email AS e)",
    "xmlparse(CONTENT email)", "xmlserialize(CONTENT '' AS text)", "json_object('a': email)", "json_array(email, 1)",
    "json_arrayagg(email)", "json_objectagg(name: email)", "json_value(profile, '$.a')",
    "json_exists(profile, '$.a')", "json_query(profile, '$' WITH WRAPPER)", "email IS JSON", "JSON('{}')",
    "grouping(id)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY id)", "string_agg(email, ',' ORDER BY name)",
    "count(DISTINCT email)", "f(VARIADIC ARRAY[1])", "make_interval(days => 1)", "make_interval(days := 1)",
    "'customers'::regclass", "'public.customers'::regclass::oid", "id::mood", "1::mood",
    "xmlexists('a' PASSING email)", "treat(id AS int)", "query_to_xml('select 1', true, true, '')",
    "pg_read_file('x')", "dblink('x','y')", "lo_unlink(1)", "current_setting('x')", "sum(id) OVER w",
    "sum(id) OVER (w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES)", "customer_email(id)", "customers.label",
    "label(customers)", "('x').pg_read_file", "(1).pg_advisory_lock", "('tickets'::regclass).nextval", "customers.lo_get", "(customers).label", "tenant.lower(email)", "double(id)",
];

/// Items of FROM.
#[rustfmt::skip]
pub const SOURCES: &[&str] = &[
    "customers", "public.customers c", "customers AS c", "ONLY customers", "ONLY (customers) c", "customers *",
    "staff, guesses", "(SELECT email FROM customers) s", "(VALUES (1, 'a')) v(id, email)", "(TABLE staff) t",
    "LATERAL (SELECT email FROM staff) s", "generate_series(1, 2) g", "unnest(ARRAY[1]) WITH ORDINALITY AS u(a, b)",
    "ROWS FROM (generate_series(1,2), generate_series(1,3)) r", "note('x') n",
    "json_to_recordset('[]') AS j(id int, email text)", "xmltable('/a' PASSING '' COLUMNS email text PATH 'b')",
    "json_table('[]', '$[*]' COLUMNS (email text PATH '$.e', NESTED PATH '$.x' COLUMNS (y int)))",
    "customers TABLESAMPLE bernoulli (10) REPEATABLE (1)", "contacts", "revenue", "everybody", "boss_tree", "cities",
    "tenant.customers", "\"Sales\".\"Orders\"", "events", "events_2024", "pg_class", "pg_stats",
    "information_schema.columns", "customers JOIN orders ON customers.id = customer_id",
    "customers NATURAL JOIN staff", "customers LEFT JOIN guesses USING (id, email)",
    "customers JOIN guesses USING (id) AS j", "(customers CROSS JOIN staff) AS x(a)", "current_date",
    "current_user u", "tickets",
    "(orders o JOIN order_items i ON o.id = i.order_id) JOIN products p ON p.id = i.product_id",
    "U&\"\\0063ustomers\"", "pg_catalog.pg_authid",
];

/// Whole statements and pieces between semicolons.
#[rustfmt::skip]
pub const STATEMENTS: &[&str] = &[
    "DROP TABLE customers", "DELETE FROM customers", "UPDATE customers SET email = 'x'",
    "UPDATE staff SET salary = 1 WHERE id = 1", "SELECT email FROM customers", "INSERT INTO guesses VALUES (1)",
    "INSERT INTO guesses (id, email) SELECT id, email FROM customers", "TRUNCATE staff", "TABLE customers",
    "VALUES (1)", "COPY customers TO STDOUT", "COPY (SELECT 1) TO PROGRAM 'x'", "SELECT note('x')", "SELECT 1 INTO n",
    "SELECT email INTO TEMP n FROM customers", "BEGIN", "COMMIT", "END", "ROLLBACK", "SET search_path = tenant",
    "SET ROLE postgres", "RESET ALL", "GRANT ALL ON customers TO public", "CALL close_month()", "DO 'x'",
    "LOCK customers", "PREPARE p AS DELETE FROM staff", "EXECUTE p", "EXPLAIN DELETE FROM staff",
    "EXPLAIN ANALYZE DELETE FROM staff", "EXPLAIN (ANALYZE, BUFFERS) SELECT note('x')",
    "EXPLAIN (ANALYZE off) DELETE FROM staff", "EXPLAIN (ANALYZE off, ANALYZE) DELETE FROM staff",
    "DECLARE c CURSOR FOR SELECT email FROM customers", "FETCH ALL FROM c",
    "MERGE INTO guesses g USING customers c ON g.id = c.id WHEN MATCHED THEN UPDATE SET email = c.email WHEN NOT MATCHED THEN INSERT VALUES (1)",
    "CREATE TABLE n AS SELECT email FROM customers", "CREATE VIEW n AS SELECT api_key FROM staff",
    "CREATE TABLE n (LIKE customers)", "CREATE TABLE n (id int REFERENCES customers) INHERITS (staff)",
    "VACUUM customers", "ANALYZE", "REINDEX TABLE customers", "CLUSTER", "REFRESH MATERIALIZED VIEW cities",
    "NOTIFY x", "LISTEN x", "COMMENT ON TABLE customers IS 'x'",
    "ALTER TABLE customers ADD x int DEFAULT nextval('tickets')",
    "CREATE INDEX ON customers (lower(email)) WHERE name = 'x'", "ALTER ROLE x PASSWORD 'y'",
    "CREATE RULE r AS ON INSERT TO guesses DO ALSO DELETE FROM staff",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; DELETE FROM staff; END",
    "CREATE TRIGGER t AFTER INSERT ON customers EXECUTE FUNCTION on_change()",
    "CREATE SCHEMA n CREATE TABLE t (id int) CREATE VIEW v AS SELECT email FROM customers", "DISCARD ALL", "SHOW ALL",
    "SAVEPOINT s", "PREPARE TRANSACTION 'x'", "WITH x AS (DELETE FROM staff RETURNING id) SELECT * FROM x",
    "WITH customers AS (SELECT 1) SELECT * FROM customers",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SEARCH DEPTH FIRST BY n SET o CYCLE n SET c USING p SELECT * FROM t",
    "SELECT id FROM customers UNION SELECT id FROM staff ORDER BY 1 LIMIT 1",
    "(SELECT email FROM customers FOR UPDATE) EXCEPT (SELECT email FROM staff)", "", " ", "/* */", "-- x\n",
];

/// Space of all kinds, and what counts as space.
#[rustfmt::skip]
pub const SPACES: &[&str] = &[
    " ", "\n", "\t", "\r", "\r\n", "\x0c", "\x0b", " \n\n ", "/**/", "/* x */", "/* /* x */ */", "/*;*/", "/*'*/",
    "/*\"*/", "/*--*/", "/*$$*/", "/***/", "/*/**/*/", "--\n", "-- x\n", "-- '\n", "-- ;\n", "--\r", "-- x\r\n",
    "--/*\n", "-- $$\n", "\u{a0}", "\u{2003}", "\u{feff}", "\u{200b}", "\u{85}", "",
];

/// Names of odd kinds.
#[rustfmt::skip]
pub const NAMES: &[&str] = &[
    "\"x\"", "\"customers\"", "\"Customers\"", "\"a\"\"b\"", "\"a;b\"", "\"a'b\"", "\"--\"", "\"/*\"",
    "U&\"\\0063ustomers\"", "U&\"c!0075stomers\" UESCAPE '!'", "CUSTOMERS", "CuStOmErS", "ärger", "Ä", "客户", "a$b",
    "a$$b", "_x", "\"\u{1f600}\"", "customers", "public.customers", "shop.public.customers", "tenant.customers", "c",
    "staff", "\"end\"", "\"select\"", "$1", "x$1", "t1",
    "a23456789012345678901234567890123456789012345678901234567890123456789",
    "\"customers                                                                    \"", "ſ", "K",
];

/// Single marks.
#[rustfmt::skip]
pub const MARKS: &[&str] = &[
    ";", ";;", "; ", "(", ")", "()", "[", "]", ",", ".", "..", "*", "=", "<>", "!=", "-", "+", "/", "%", "::", ":",
    ":=", "=>", "->", "->>", "@>", "||", "|", "&", "~", "!", "!!", "?", "??", "@", "#", "^", "`", "\\", "{", "}", "'",
    "''", "\"", "$$", "$a$", "E'", "U&'", "/*", "*/", "--", "{fn", "===", "+-", "--1", "*/-", "<-1", "=-", "@-",
    "=+1", "&&",
];
