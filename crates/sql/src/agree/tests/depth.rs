//! Shapes that make a parser or a lowering recurse: with what the scanner lets through, the stack that callers arrange
//! is enough. (A stack that is not ends the test's process.)

use super::*;

/// Reads it if the scanner lets it through, on the callers' stack.
fn survives(text: &str) -> bool {
    stacker::grow(64 << 20, || {
        match crate::scan::scan(text.as_bytes(), true) {
            Ok(scan) => !read(text, &scan).is_empty(),
            Err(_) => false,
        }
    })
}

#[test]
fn no_shape_exhausts_the_stack() {
    let shapes: &[(&str, &str, &str, &str)] = &[
        ("SELECT ", "(", "1", ")"),
        ("SELECT ", "f(", "1", ")"),
        ("SELECT ", "ARRAY[", "1", "]"),
        ("SELECT ", "ROW(", "1", ")"),
        ("", "SELECT (", "SELECT 1", ")"),
        ("", "SELECT * FROM (", "SELECT 1", ") x"),
        ("", "SELECT 1 WHERE a IN (", "SELECT 1", ")"),
        ("SELECT ", "CASE WHEN ", "1", " THEN 1 END"),
        ("SELECT ", "CASE ", "1", " WHEN 1 THEN 1 END"),
        ("SELECT a", " + CASE WHEN a AND a THEN a ELSE a END", "", ""),
        (
            "SELECT CASE WHEN a THEN a",
            " WHEN a + a = a THEN a",
            "",
            " END",
        ),
        ("SELECT CASE WHEN a", " + a.then", "", " THEN 1 END"),
        ("SELECT CASE WHEN a", " + a.and", "", " THEN 1 END"),
        ("SELECT * FROM ", "(", "a", " JOIN b ON true)"),
        ("SELECT * FROM ", "t JOIN ", "t", " ON true"),
        ("SELECT ", "NOT ", "a", ""),
        ("SELECT ", "- ", "a", ""),
        ("SELECT ", "@ ", "a", ""),
        ("SELECT ", "~ ", "a", ""),
        ("SELECT a", " + a", "", ""),
        ("SELECT a", " || a", "", ""),
        ("SELECT a", " -> a", "", ""),
        ("SELECT a", " AND a", "", ""),
        ("SELECT a", " OR a", "", ""),
        ("SELECT a", " AND a OR a", "", ""),
        ("SELECT a", " = a", "", ""),
        ("SELECT a", " IS NULL", "", ""),
        ("SELECT a", " ISNULL", "", ""),
        ("SELECT a", " IS NOT DISTINCT FROM a", "", ""),
        ("SELECT a", " LIKE a", "", ""),
        ("SELECT a", " BETWEEN a AND a", "", ""),
        ("SELECT a", " BETWEEN a OR a AND a", "", ""),
        ("SELECT a", " BETWEEN", "", ""),
        ("SELECT a", " BETWEEN a AND a IS NULL OR a", "", ""),
        ("SELECT a", " NOT BETWEEN a AND a AND a", "", ""),
        ("SELECT a", " IN (1)", "", ""),
        ("SELECT a", " COLLATE \"C\"", "", ""),
        ("SELECT a", " AT TIME ZONE 'x'", "", ""),
        ("SELECT a", " OPERATOR(s.+) a", "", ""),
        ("SELECT a", "::int", "", ""),
        ("SELECT a", "[1]", "", ""),
        ("SELECT a", "[1:2]", "", ""),
        ("SELECT a", ".a", "", ""),
        ("SELECT (a)", ".a", "", ""),
        ("SELECT a", ", a", "", ""),
        ("SELECT 1", " UNION SELECT 1", "", ""),
        ("SELECT 1", " UNION ALL SELECT 1", "", ""),
        ("SELECT 1", " EXCEPT SELECT 1 INTERSECT SELECT 1", "", ""),
        ("SELECT 1 FROM a", " CROSS JOIN a", "", ""),
        ("SELECT 1 FROM a", " NATURAL JOIN a", "", ""),
        ("SELECT 1 FROM a", ", a", "", ""),
        ("SELECT 1 FROM a", " JOIN a USING (x)", "", ""),
        ("SELECT 1", "; SELECT 1", "", ""),
        ("VALUES (a)", ", (a)", "", ""),
        ("EXPLAIN ", "(", "SELECT 1", ")"),
        ("", "(", "SELECT 1", ")"),
        ("", "WITH a AS (", "SELECT 1", ") SELECT 1"),
        ("CREATE TABLE t (a int", " NOT NULL", "", ")"),
        ("CREATE TABLE t (a int", ", a int DEFAULT 1", "", ")"),
        ("ALTER TABLE t ADD a int", ", ADD a int", "", ""),
        ("SELECT 'a'", "\n'a'", "", ""),
        ("SELECT a", "/* x */", "", ""),
        ("SELECT ", "/*", "", "*/"),
        (
            "SELECT * FROM json_table(a, 'b' COLUMNS (",
            "NESTED 'c' COLUMNS (",
            "d int",
            ")",
        ),
    ];
    let mut read = 0;
    for (begin, again, middle, end) in shapes {
        for count in [20, 60, 480, 990, 9_900] {
            let (again, end) = (
                again.repeat(count),
                end.repeat(if middle.is_empty() { 1 } else { count }),
            );
            let text = format!("{begin}{again}{middle}{end}");
            if text.len() <= 256 << 10 && survives(&text) {
                read += 1;
            }
        }
    }
    assert!(read > 110, "{read} shapes went through the scanner");
}
