//! Texts that grow: for each construct that nests, chains or multiplies, a text of any size.
#![allow(dead_code)]

/// `begin again… middle end…`, where `{i}` is the number of the repetition and `{p}` the one before.
pub struct Shape {
    pub name: &'static str,
    pub begin: &'static str,
    pub again: &'static str,
    pub middle: &'static str,
    pub end: &'static str,
    /// The largest number of repetitions to try.
    pub most: usize,
}

impl Shape {
    /// The text of so many repetitions.
    pub fn text(&self, count: usize) -> String {
        let mut text = self.begin.to_owned();
        for i in 1..=count {
            push(&mut text, self.again, i);
        }
        push(&mut text, self.middle, count);
        for i in (1..=count).rev() {
            push(&mut text, self.end, i);
        }
        text
    }
}

fn push(text: &mut String, piece: &str, i: usize) {
    let mut rest = piece;
    while let Some(at) = rest.find('{') {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        match after.get(..3) {
            Some("{i}") => text.push_str(&i.to_string()),
            Some("{p}") => text.push_str(&(i - 1).to_string()),
            _ => {
                text.push('{');
                rest = &after[1..];
                continue;
            }
        }
        rest = &after[3..];
    }
    text.push_str(rest);
}

const fn shape(
    name: &'static str,
    begin: &'static str,
    again: &'static str,
    middle: &'static str,
    end: &'static str,
    most: usize,
) -> Shape {
    Shape {
        name,
        begin,
        again,
        middle,
        end,
        most,
    }
}

/// Over the catalogue of `shop.sql` and what `wide::add` puts beside it: tables `w1` … `w8` of 1,600 columns, views `dv0`
/// … `dv50` that each read the one before twice, `vw` with the columns of `w1`.
pub const SHAPES: &[Shape] = &[
    // Nesting.
    shape("parentheses", "SELECT ", "(", "1", ")", 64),
    shape("calls", "SELECT ", "lower(", "name", ")", 64),
    shape("arrays", "SELECT ", "ARRAY[", "1", "]", 64),
    shape("rows", "SELECT ", "ROW(", "1", ")", 64),
    shape("scalar subqueries", "SELECT ", "(SELECT ", "email", " FROM customers)", 64),
    shape("correlated exists", "SELECT 1 FROM customers c0 WHERE ", "EXISTS (SELECT FROM customers c{i} WHERE c{i}.id = c{p}.id AND ", "true", ")", 64),
    shape("derived tables", "SELECT * FROM ", "(SELECT * FROM ", "customers", ") x{i}", 64),
    shape("derived wide tables", "SELECT * FROM ", "(SELECT * FROM ", "w1", ") x{i}", 64),
    shape("derived tables doubled", "SELECT 1 FROM ", "(SELECT x{p}.*, y.id AS i{i} FROM customers y, ", "customers x0", ") x{i}", 64),
    shape("lateral", "SELECT * FROM customers c0", ", LATERAL (SELECT c{p}.*, o.total AS t{i} FROM orders o WHERE o.customer_id = c{p}.id) c{i}", "", "", 800),
    shape("nested lateral", "SELECT 1 FROM customers c0, ", "LATERAL (SELECT c{p}.email FROM customers c{i}, ", "customers z", ") l{i}", 64),
    shape("case in case", "SELECT ", "CASE WHEN ", "true", " THEN name END", 40),
    shape("in subqueries", "SELECT name FROM customers WHERE id IN (", "SELECT id FROM customers WHERE id IN (", "1", ")", 63),
    shape("nested joins", "SELECT * FROM ", "(", "customers a", " JOIN orders o{i} ON true)", 64),
    shape("nested comments", "SELECT 1 ", "/*", " x ", "*/", 200_000),
    shape("explain", "", "EXPLAIN ", "SELECT 1", "", 20),
    shape("prepare", "", "PREPARE p AS ", "SELECT 1", "", 20_000),
    shape("declare", "", "DECLARE c CURSOR FOR ", "SELECT 1", "", 20_000),
    shape("copy", "", "COPY (", "SELECT 1", ") TO STDOUT", 64),
    shape("with in with", "", "WITH a{i} AS (", "SELECT email FROM customers", ") SELECT * FROM a{i}", 64),
    shape("recursive in recursive", "", "WITH RECURSIVE a{i} AS (SELECT id, email FROM customers UNION ALL (", "SELECT id, email FROM customers", ")) SELECT * FROM a{i}", 64),
    shape("recursive chain", "WITH RECURSIVE a0 AS (SELECT id, email, name, city, phone FROM customers)", ", a{i} AS (SELECT id, email, name, city, phone FROM a{p} UNION ALL SELECT b.id, b.name, b.city, b.phone, b.email FROM a{i} b)", " SELECT 1", "", 1_000),
    shape("recursive backwards", "WITH RECURSIVE z AS (SELECT email FROM a1)", ", a{i} AS (SELECT a.email FROM a{i} a UNION SELECT name FROM customers)", " SELECT 1", "", 1_000),
    shape("recursive rotation", "WITH RECURSIVE a AS (SELECT w1.* FROM w1 UNION ALL SELECT c2", ", c{i}", " FROM a) SELECT 1 FROM a", "", 1_598),
    shape("json_table", "SELECT * FROM json_table('{}', '$' COLUMNS (", "NESTED '$' COLUMNS (", "a int", ")", 17),
    shape("not", "SELECT ", "NOT ", "true", "", 100_000),
    shape("minus", "SELECT ", "- ", "id", " ", 100_000),
    // Chains.
    shape("plus", "SELECT id", " + id", " FROM customers", "", 100_000),
    shape("concat", "SELECT name", " || name", " FROM customers", "", 100_000),
    shape("and", "SELECT 1 FROM customers WHERE id = 1", " AND id = {i}", "", "", 50_000),
    shape("or", "SELECT 1 FROM customers WHERE id = 1", " OR id = {i}", "", "", 50_000),
    shape("or of and", "SELECT 1 FROM customers WHERE id = 1", " OR (id = {i} AND name = 'x')", "", "", 50_000),
    shape("plus, many chains", "SELECT 1", ", id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id+id", " FROM customers", "", 20_000),
    shape("casts", "SELECT id", "::int", " FROM customers", "", 100_000),
    shape("subscripts", "SELECT tags", "[1]", " FROM customers", "", 100_000),
    shape("json arrows", "SELECT profile", " -> 'a'", " FROM customers", "", 100_000),
    shape("dots", "SELECT a", ".b", "", "", 100_000),
    shape("fields", "SELECT (home)", ".street", " FROM customers", "", 100_000),
    shape("union", "SELECT email FROM customers", " UNION SELECT email FROM customers", "", "", 30_000),
    shape("union all of wide", "SELECT * FROM w1", " UNION ALL SELECT * FROM w2", "", "", 30_000),
    shape("joins", "SELECT 1 FROM customers", " JOIN orders o{i} ON o{i}.id = customers.id", "", "", 20_000),
    shape("joins without a condition yet", "SELECT 1 FROM customers", " JOIN orders o{i}", "", " ON true", 20_000),
    shape("commas in from", "SELECT 1 FROM customers", ", orders o{i}", "", "", 60_000),
    shape("commas in from, star", "SELECT * FROM customers", ", orders o{i}", "", "", 60_000),
    shape("commas in from, unknown names", "SELECT x1", ", t{i} ", " FROM guesses, no_such, neither", "", 60_000),
    shape("unknown tables and names", "SELECT x1 FROM customers", ", no_such_{i}", "", "", 60_000),
    shape("bare names among many tables", "SELECT id", ", name", " FROM customers a, customers b, customers c, customers d, customers e, customers f, customers g, customers h", "", 100_000),
    shape("names that many tables have", "SELECT 1 FROM customers", ", customers c{i}", " WHERE email = email", " AND email = 'x'", 20_000),
    shape("natural joins of wide tables", "SELECT 1 FROM w1", " NATURAL JOIN w{i}", "", "", 7),
    shape("natural joins of one wide table", "SELECT 1 FROM w1 x0", " NATURAL JOIN w1 x{i}", "", "", 128),
    shape("joins using", "SELECT * FROM customers x0", " JOIN customers x{i} USING (id, name, email, phone, city)", "", "", 128),
    shape("grouping sets", "SELECT 1 FROM customers GROUP BY GROUPING SETS ((id)", ", (id, name, email)", ")", "", 40_000),
    shape("cube", "SELECT 1 FROM customers GROUP BY CUBE (id", ", name", ")", "", 40_000),
    shape("cube of cube", "SELECT 1 FROM customers GROUP BY GROUPING SETS (CUBE (id, name), ROLLUP (id)", ", CUBE (id, name), ROLLUP (email, id)", ")", "", 20_000),
    shape("windows", "SELECT 1 FROM customers WINDOW w0 AS (PARTITION BY id)", ", w{i} AS (w{p} ORDER BY name)", "", "", 20_000),
    shape("windows used", "SELECT count(*) OVER w1", ", count(*) OVER w1", " FROM w1 WINDOW w1 AS (PARTITION BY w1.*::text ORDER BY w1)", "", 1_660),
    // Multiplication.
    shape("doubling", "WITH a0 AS (SELECT * FROM customers)", ", a{i} AS (SELECT * FROM a{p} x, a{p} y)", " SELECT 1 FROM a1", "", 1_000),
    shape("doubling one column", "WITH a0 AS (SELECT email FROM customers)", ", a{i} AS (SELECT x.email || y.email AS email FROM a{p} x, a{p} y)", " SELECT email FROM a1", "", 6_000),
    shape("doubling in place", "SELECT email FROM (", "SELECT email FROM customers WHERE email IN (SELECT email FROM customers) AND id IN (", "1", ")", 62),
    shape("common tables read twice", "WITH a0 AS (SELECT * FROM w1)", ", a{i} AS (SELECT * FROM a{p})", " SELECT 1", "", 6_000),
    shape("stars of a wide table", "SELECT *", ", *", " FROM w1", "", 5),
    shape("stars of nothing", "SELECT *", ", *", "", "", 100_000),
    shape("wide rows as text", "SELECT 1", ", w1::text", " FROM w1", "", 20_000),
    shape("wide rows of many tables", "SELECT 1", ", w1::text || w2::text || w3::text || w4::text || w5::text || w6::text || w7::text || w8::text", " FROM w1, w2, w3, w4, w5, w6, w7, w8", "", 8_000),
    shape("wide values in common tables", "WITH a0 AS (SELECT w1::text AS x FROM w1)", ", a{i} AS (SELECT x || w1::text AS x FROM a{p}, w1)", " SELECT 1", "", 6_000),
    shape("whole rows compared", "SELECT 1 FROM w1, w2 WHERE w1::text = w2::text", " AND w1::text = w2::text", "", "", 9_000),
    shape("wide sorting", "SELECT 1 FROM w1, w2 ORDER BY 1", ", w1, w2", "", "", 20_000),
    shape("views that double", "SELECT * FROM dv{i}", "", " ", "", 1),
    shape("a view in a view", "SELECT 1 FROM dv40", ", dv40 v{i}", "", "", 20_000),
    shape("a wide view", "SELECT 1 FROM vw", ", vw v{i}", "", "", 20_000),
    shape("unpacked rows", "SELECT 1", ", (w1).*", " FROM w1", "", 5),
    shape("subqueries in a list", "SELECT 1", ", (SELECT email FROM customers)", "", "", 20_000),
    shape("wide subqueries in a list", "SELECT 1", ", (SELECT w1 FROM w1)", "", "", 20_000),
    shape("exists in a list", "SELECT 1 FROM customers", " WHERE EXISTS (SELECT * FROM w1)", "", "", 1),
    shape("functions in from", "SELECT * FROM generate_series(1, 2) g0", ", generate_series(1, g{p}) g{i}", "", "", 20_000),
    shape("functions with all before", "SELECT 1 FROM w1", ", json_to_record(to_json(w1)) AS r{i}(a int)", "", "", 10_000),
    shape("alias lists", "SELECT 1 FROM w1 x0", ", w1 x{i} (a, b, c)", "", "", 20_000),
    shape("distinct of wide", "SELECT DISTINCT * FROM w1", ", customers x{i}", "", "", 20_000),
    shape("update of many", "UPDATE customers SET name = 'x' WHERE id = 1", " OR id = (SELECT max(id) FROM orders)", "", "", 20_000),
    shape("update from wide", "UPDATE customers SET name = 'x' FROM w1 x0", ", w1 x{i}", " WHERE customers.id = 1", "", 20_000),
    shape("merge branches", "MERGE INTO customers c USING orders o ON c.id = o.id", " WHEN MATCHED AND o.total > {i} THEN UPDATE SET name = o.note", "", "", 10_000),
    shape("conflict", "INSERT INTO w1 VALUES (1) ON CONFLICT (c1) DO UPDATE SET c1 = excluded.c1", ", c{i} = excluded.c{i}", "", "", 1_600),
    shape("returning", "DELETE FROM w1 WHERE c1 = 1 RETURNING c1", ", w1::text", "", "", 20_000),
    shape("writes in with", "WITH d0 AS (DELETE FROM customers WHERE id = 1 RETURNING *)", ", d{i} AS (INSERT INTO guesses SELECT id, email, name FROM d{p} RETURNING *)", " SELECT 1", "", 6_000),
    // Length.
    shape("semicolons", "", ";", "", "", 16 << 20),
    shape("comments", "SELECT 1", "/**/", "", "", 4 << 20),
    shape("line comments", "SELECT 1", "--\n", "", "", 5 << 20),
    shape("blanks", "SELECT 1", " ", "", "", 16 << 20),
    shape("a long string", "INSERT INTO guesses (note) VALUES ('", "0123456789abcdef", "')", "", 1 << 20),
    shape("a long string of quotes", "INSERT INTO guesses (note) VALUES ('", "''''''''", "')", "", 2 << 20),
    shape("a long escape string", "INSERT INTO guesses (note) VALUES (E'", "0123456\\n9abcdef", "')", "", 1 << 20),
    shape("a long dollar string", "INSERT INTO guesses (note) VALUES ($$", "0123456789abcdef", "$$)", "", 1 << 20),
    shape("a long name", "SELECT a", "aaaaaaaaaaaaaaaa", "", "", 1 << 20),
    shape("a long quoted name", "SELECT \"", "aaaaaaaaaaaaaaaa", "\"", "", 1 << 20),
    shape("a long number", "SELECT 1", "0000000000000000", "", "", 1 << 20),
    shape("parameters", "SELECT 1 FROM customers WHERE id IN ($1", ", ${i}", ")", "", 65_535),
    shape("parameters in a list", "SELECT $1", ", ${i}", "", "", 65_535),
    shape("an array", "SELECT ARRAY[1", ", {i}", "]", "", 100_000),
    shape("an array of names", "SELECT ARRAY[id", ", id", "] FROM customers", "", 100_000),
    shape("an array of strings", "SELECT 1 FROM customers WHERE name = ANY (ARRAY['1'", ", '{i}'", "])", "", 100_000),
    shape("a function's arguments", "SELECT concat(1", ", {i}", ")", "", 100_000),
    shape("an in list", "SELECT 1 FROM customers WHERE id IN (0", ", {i}", ")", "", 2_000_000),
    shape("an in list of kinds", "SELECT 1 FROM customers WHERE id IN (0", ", {i}, '{i}', NULL", ")", "", 1_000_000),
    shape("an in list of names", "SELECT 1 FROM customers WHERE id IN (0", ", id", ")", "", 500_000),
    shape("an in list of rows", "SELECT 1 FROM customers WHERE (id, name) IN ((0, 'a')", ", ({i}, 'b{i}')", ")", "", 1_000_000),
    shape("rows", "INSERT INTO guesses VALUES (0, 'a', 'b')", ", ({i}, 'x{i}', 'y')", "", "", 900_000),
    shape("rows of kinds", "INSERT INTO guesses VALUES (0, 'a', 'b')", ", ({i}, 'x{i}', NULL), ({i}, NULL, 'y'), (DEFAULT, 'x', 'y'), (1.5, 'x', 'y')", "", "", 200_000),
    shape("rows of casts", "INSERT INTO guesses VALUES (0, 'a', 'b')", ", ({i}, '{i}'::text, now())", "", "", 600_000),
    shape("rows of calls", "INSERT INTO guesses VALUES (0, 'a', 'b')", ", ({i}, lower('a'), upper('x'))", "", "", 500_000),
    shape("narrow rows", "VALUES (a)", ",(a)", "", "", 1_000_000),
    shape("a wide row", "INSERT INTO guesses VALUES (0", ",1", ")", "", 500_000),
    shape("columns", "SELECT id", ", id", " FROM customers", "", 500_000),
    shape("columns, dense", "SELECT a", ",a", "", "", 500_000),
    shape("columns of a copy", "COPY guesses (id", ", c{i}", ") FROM STDIN", "", 200_000),
    shape("columns of an insert", "INSERT INTO guesses (id", ", c{i}", ") SELECT 1", "", 200_000),
    shape("columns of a table", "CREATE TABLE t (c0 int", ", c{i} text NOT NULL DEFAULT 'x'", ")", "", 40_000),
    shape("alterations", "ALTER TABLE customers ADD c0 int", ", ADD COLUMN c{i} text", "", "", 40_000),
    shape("dropped tables", "DROP TABLE t0", ", t{i}", "", "", 200_000),
    shape("granted tables", "GRANT SELECT ON t0", ", t{i}", " TO bob", "", 200_000),
    shape("locked tables", "LOCK TABLE t0", ", t{i}", "", "", 200_000),
    shape("truncated tables", "TRUNCATE t0", ", t{i}", "", "", 200_000),
    shape("truncated known tables", "TRUNCATE customers", ", customers", "", "", 200_000),
    shape("vacuumed tables", "VACUUM t0", ", t{i}", "", "", 200_000),
    shape("options of a copy", "COPY guesses FROM STDIN WITH (FORMAT csv", ", NULL 'x{i}'", ")", "", 100_000),
    shape("options of explain", "EXPLAIN (VERBOSE", ", COSTS off", ") SELECT 1", "", 100_000),
    shape("search path", "SET search_path = a0", ", a{i}", "", "", 200_000),
    shape("set a list", "SET my.thing = a0", ", a{i}", "", "", 200_000),
    shape("labels of an enum", "CREATE TYPE e AS ENUM ('a'", ", 'b{i}'", ")", "", 100_000),
    shape("partitions", "CREATE TABLE p PARTITION OF events FOR VALUES IN (0", ", {i}", ")", "", 100_000),
    shape("index columns", "CREATE INDEX ON customers (id", ", lower(name)", ")", "", 40_000),
    shape("a do block", "DO $$ BEGIN ", "PERFORM 1; ", "END $$", "", 1_000_000),
    shape("a function body", "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ", "PERFORM 1; ", "RETURN 1; END $$", "", 1_000_000),
    shape("an atomic body", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC ", "SELECT 1; ", "END", "", 60_000),
    shape("arguments of execute", "EXECUTE p (1", ", {i}", ")", "", 200_000),
    shape("arguments of call", "CALL close_month(1", ", {i}", ")", "", 200_000),
    shape("types of prepare", "PREPARE p (int", ", int", ") AS SELECT 1", "", 60_000),
    shape("strings that go on", "SELECT 'a'", "\n'b'", "", "", 200_000),
    // Many statements.
    shape("statements", "SELECT 1", "; SELECT {i}", "", "", 999),
    shape("statements of a kilobyte", "SELECT 1", "; INSERT INTO guesses (id, email, note) VALUES (1, 'a', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')", "", "", 999),
    shape("statements over wide tables", "SELECT 1", "; SELECT w1::text, w2::text FROM w1, w2", "", "", 999),
    shape("statements that change settings", "SELECT 1", "; SET search_path = a{i}; SELECT id FROM customers", "", "", 499),
];
