//! The tables that queries are made over, once for each cell that is changed.
//!
//! Owns: their definitions, rows and cells. Schema `v0` is as written; each `vN` differs in one cell. Refuses: anything
//! that differs between two schemas but by that cell.

use postgres::Client;

/// A table with rows.
struct Table {
    name: &'static str,
    /// Columns that are given values, with what is written behind the name in CREATE TABLE.
    columns: &'static [(&'static str, &'static str)],
    /// What is written behind the columns' closing parenthesis.
    rest: &'static str,
    rows: &'static [&'static [&'static str]],
    /// Column, row, and another value of it.
    cells: &'static [(&'static str, usize, &'static str)],
}

/// What all schemas share.
const COMMON: &str =
    "CREATE SCHEMA common; CREATE TYPE common.addr AS (street text, city text, zip int);";

const TABLES: &[Table] = &[
    Table {
        name: "people",
        columns: &[
            ("id", "int PRIMARY KEY"),
            ("name", "text"),
            ("email", "text"),
            ("age", "int"),
            ("tags", "text[]"),
            ("doc", "jsonb"),
            ("home", "common.addr"),
            ("boss", "int"),
        ],
        rest: "",
        rows: &[
            &[
                "1",
                "'ann'",
                "'ann@x'",
                "31",
                "'{red,blue}'",
                "'{\"a\": \"x\", \"b\": {\"c\": [1, 2]}, \"n\": 5}'",
                "'(High,Rome,11)'",
                "NULL",
            ],
            &[
                "2",
                "'bob'",
                "'bob@y'",
                "44",
                "'{green}'",
                "'{\"a\": \"y\", \"b\": {\"c\": [3]}, \"n\": 7}'",
                "'(Low,Oslo,22)'",
                "1",
            ],
            &[
                "3",
                "'cyd'",
                "NULL",
                "19",
                "'{}'",
                "'{\"a\": \"z\", \"id\": 3, \"email\": \"q\"}'",
                "NULL",
                "1",
            ],
            &[
                "4",
                "'dan'",
                "'ann@x'",
                "31",
                "NULL",
                "'[1, \"two\", {\"a\": 3}]'",
                "'(Mid,Rome,33)'",
                "2",
            ],
            &[
                "5",
                "NULL",
                "'eve@z'",
                "60",
                "'{red,red}'",
                "NULL",
                "'(High,Bern,44)'",
                "3",
            ],
        ],
        cells: &[
            ("id", 4, "9"),
            ("name", 0, "'zed'"),
            ("name", 1, "NULL"),
            ("email", 1, "'new@q'"),
            ("email", 3, "NULL"),
            ("age", 0, "50"),
            ("age", 2, "NULL"),
            ("tags", 0, "'{pink,blue,grey}'"),
            ("tags", 1, "NULL"),
            (
                "doc",
                0,
                "'{\"a\": \"w\", \"b\": {\"c\": [8, 2, 4]}, \"n\": 6}'",
            ),
            ("doc", 2, "NULL"),
            ("home", 0, "'(Side,Kiel,77)'"),
            ("home", 1, "NULL"),
            ("boss", 3, "1"),
            ("boss", 1, "NULL"),
        ],
    },
    Table {
        name: "orders",
        columns: &[
            ("id", "int PRIMARY KEY"),
            ("person", "int"),
            ("amount", "int"),
            ("note", "text"),
            ("parts", "int[]"),
            ("item", "jsonb"),
        ],
        rest: "",
        rows: &[
            &[
                "1",
                "1",
                "10",
                "'first'",
                "'{1,2}'",
                "'{\"sku\": \"k1\", \"q\": 2}'",
            ],
            &[
                "2",
                "1",
                "25",
                "'ann@x'",
                "'{3}'",
                "'{\"sku\": \"k2\", \"q\": 1}'",
            ],
            &["3", "2", "7", "NULL", "'{}'", "'[\"k3\", 4]'"],
            &[
                "4",
                "4",
                "10",
                "'last'",
                "NULL",
                "'{\"sku\": \"k1\", \"q\": 9}'",
            ],
            &["6", "5", "NULL", "'first'", "'{2,2,5}'", "NULL"],
        ],
        cells: &[
            ("id", 4, "8"),
            ("person", 2, "4"),
            ("amount", 0, "11"),
            ("amount", 3, "NULL"),
            ("note", 0, "'other'"),
            ("note", 3, "NULL"),
            ("parts", 0, "'{4,2}'"),
            ("parts", 1, "NULL"),
            ("item", 0, "'{\"sku\": \"k8\", \"q\": 3}'"),
            ("item", 3, "'{\"sku\": \"k1\"}'"),
        ],
    },
    // A table called as columns are, a column called as a table is; and a child of it.
    Table {
        name: "email",
        columns: &[("id", "int"), ("email", "text"), ("people", "text")],
        rest: "",
        rows: &[
            &["1", "'ann@x'", "'p1'"],
            &["2", "'bob@y'", "'p2'"],
            &["3", "'ann@x'", "NULL"],
        ],
        cells: &[
            ("id", 2, "4"),
            ("email", 0, "'odd@x'"),
            ("email", 1, "NULL"),
            ("people", 1, "'p9'"),
        ],
    },
    Table {
        name: "mail_old",
        columns: &[
            ("id", "int"),
            ("email", "text"),
            ("people", "text"),
            ("sent", "int"),
        ],
        rest: "INHERITS (email)",
        rows: &[
            &["5", "'eve@z'", "'p5'", "100"],
            &["1", "'old@x'", "'p6'", "200"],
        ],
        cells: &[
            ("email", 1, "'ann@x'"),
            ("people", 0, "NULL"),
            ("sent", 0, "101"),
        ],
    },
    Table {
        name: "logs",
        columns: &[
            ("k", "int"),
            ("person", "int"),
            ("level", "int"),
            ("msg", "text"),
        ],
        rest: "PARTITION BY RANGE (k)",
        rows: &[
            &["1", "1", "3", "'in'"],
            &["2", "2", "1", "'out'"],
            &["11", "1", "2", "'in'"],
            &["12", "4", "3", "NULL"],
            &["3", "NULL", "2", "'up'"],
        ],
        cells: &[
            ("k", 1, "4"),
            ("person", 2, "5"),
            ("level", 0, "1"),
            ("level", 3, "9"),
            ("msg", 1, "'down'"),
            ("msg", 2, "NULL"),
        ],
    },
    Table {
        name: "gen",
        columns: &[("id", "int"), ("secret", "text"), ("size", "int")],
        rest: "",
        rows: &[
            &["1", "'aa'", "4"],
            &["2", "'bb'", "5"],
            &["3", "NULL", "4"],
        ],
        cells: &[("secret", 0, "'cc'"), ("size", 1, "6"), ("id", 2, "4")],
    },
    Table {
        name: "sink",
        columns: &[
            ("id", "int PRIMARY KEY"),
            ("a", "text"),
            ("b", "int"),
            ("c", "jsonb"),
            ("d", "common.addr"),
            ("e", "int[]"),
        ],
        rest: "",
        rows: &[
            &["1", "'s1'", "5", "'{\"a\": 1}'", "'(P,Q,1)'", "'{7,8}'"],
            &["2", "'s2'", "6", "'{\"a\": 2}'", "NULL", "'{}'"],
            &["20", "NULL", "7", "NULL", "'(R,S,2)'", "NULL"],
        ],
        cells: &[
            ("a", 0, "'s9'"),
            ("b", 1, "60"),
            ("c", 0, "'{\"a\": 8}'"),
            ("d", 2, "'(T,U,3)'"),
            ("e", 0, "'{9}'"),
        ],
    },
];

/// Views and what else is made over the tables, in order.
const VIEWS: &str = "
CREATE VIEW v_people AS SELECT id, name, email AS mail, age, home FROM people WHERE age > 20;
CREATE VIEW v_totals AS SELECT p.id, p.name, count(o.id) AS n, sum(o.amount) AS total
    FROM people p LEFT JOIN orders o ON o.person = p.id GROUP BY p.id, p.name;
CREATE VIEW v_union AS SELECT name AS who, email FROM people UNION ALL SELECT note, e.email FROM orders LEFT JOIN email e USING (id);
CREATE VIEW v_row AS SELECT p AS person, p.doc ->> 'a' AS a, (p.home).city AS city, upper(email) AS up, p.id FROM people p;
CREATE VIEW v_deep AS SELECT vp.id, vp.mail, t.total, vp.home, vp FROM v_people vp JOIN v_totals t USING (id);
CREATE VIEW v_gen AS SELECT id, secret AS s, shout FROM gen;
CREATE VIEW v_rec AS WITH RECURSIVE up AS (SELECT id, boss, name, 0 AS depth FROM people WHERE boss IS NULL
    UNION ALL SELECT p.id, p.boss, p.name, u.depth + 1 FROM people p JOIN up u ON u.id = p.boss) SELECT id, name, depth FROM up;
CREATE VIEW v_tags AS SELECT p.id, t.tag, t.ord FROM people p, LATERAL unnest(p.tags) WITH ORDINALITY t(tag, ord);
CREATE VIEW v_full AS SELECT * FROM people FULL JOIN orders USING (id);
CREATE VIEW v_mix AS SELECT DISTINCT ON (person) person, level, coalesce(msg, 'none') AS msg FROM logs ORDER BY person, k;
CREATE FUNCTION email_of(i int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM people WHERE id = i';
CREATE FUNCTION heavy(who int) RETURNS bigint LANGUAGE plpgsql STABLE AS 'DECLARE n bigint; BEGIN SELECT sum(amount) INTO n FROM orders WHERE person = who; RETURN n; END';
CREATE FUNCTION card(p people) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT p.name || p.age';
CREATE FUNCTION notes(i int) RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT note FROM orders WHERE person = i OR i IS NULL';
CREATE VIEW v_call AS SELECT id, email_of(person) AS mail, amount FROM orders;
CREATE MATERIALIZED VIEW m_mat AS SELECT id, name, email, age + 1 AS older FROM people;
CREATE UNIQUE INDEX ON email (id, email);
";

/// One schema that differs from `v0` in a cell of a column.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name.
    pub schema: String,
    /// Table and column of the cell.
    pub table: &'static str,
    pub column: &'static str,
}

impl Variant {
    /// Whether what is said of this column of `v0` is said of the changed one: the same column of a parent, child or
    /// partition; one that is generated from it.
    pub fn is_meant_by(&self, table: &str, column: &str) -> bool {
        let family = |name: &str| match name {
            "logs" | "logs_a" | "logs_b" => "logs",
            "email" | "mail_old" => "email",
            _ => "",
        };
        let same = table == self.table
            || (!family(table).is_empty() && family(table) == family(self.table));
        let generated = self.table == "gen"
            && table == "gen"
            && matches!(
                (self.column, column),
                ("secret", "shout") | ("size", "twice")
            );
        (same && column == self.column) || generated
    }
}

/// The tables below a name of FROM whose cells are changed.
pub fn below(name: &str) -> &'static [&'static str] {
    match name {
        "people" | "v_people" | "v_row" | "v_rec" | "v_tags" | "m_mat" => &["people"],
        "orders" => &["orders"],
        "email" => &["email", "mail_old"],
        "mail_old" => &["mail_old"],
        "logs" | "logs_a" | "logs_b" | "v_mix" => &["logs"],
        "gen" | "v_gen" => &["gen"],
        "sink" => &["sink"],
        "v_totals" | "v_full" | "v_deep" | "v_call" => &["people", "orders"],
        "v_union" => &["people", "orders", "email", "mail_old"],
        _ => &[],
    }
}

/// Every name that [`below`] knows.
pub const NAMES: &[&str] = &[
    "people", "orders", "email", "mail_old", "logs", "logs_a", "logs_b", "gen", "sink", "v_people",
    "v_totals", "v_union", "v_row", "v_deep", "v_gen", "v_rec", "v_tags", "v_full", "v_mix",
    "m_mat", "v_call",
];

/// Makes all schemas; those that differ.
pub fn make(client: &mut Client) -> Vec<Variant> {
    client.batch_execute(COMMON).expect("the common schema");
    let mut variants = vec![];
    for table in TABLES {
        for (column, _, _) in table.cells {
            variants.push(Variant {
                schema: format!("v{}", variants.len() + 1),
                table: table.name,
                column,
            });
        }
    }
    let mut changes: Vec<Option<(&str, &str, usize, &str)>> = vec![None];
    for table in TABLES {
        changes.extend(
            table
                .cells
                .iter()
                .map(|(c, r, v)| Some((table.name, *c, *r, *v))),
        );
    }
    for (at, change) in changes.iter().enumerate() {
        let text = definition(&format!("v{at}"), *change);
        client
            .batch_execute(&text)
            .unwrap_or_else(|e| panic!("v{at}: {e}"));
    }
    client.batch_execute("VACUUM").expect("VACUUM");
    variants
}

/// The text that makes one schema.
fn definition(schema: &str, change: Option<(&str, &str, usize, &str)>) -> String {
    let mut text = format!("CREATE SCHEMA {schema}; SET search_path = {schema}, common;\n");
    for table in TABLES {
        let mut columns: Vec<String> = if table.rest.starts_with("INHERITS") {
            vec!["sent int".to_owned()]
        } else {
            table
                .columns
                .iter()
                .map(|(n, t)| format!("{n} {t}"))
                .collect()
        };
        if table.name == "gen" {
            columns.push("shout text GENERATED ALWAYS AS (upper(secret)) STORED".to_owned());
            columns.push("twice int GENERATED ALWAYS AS (size * 2) STORED".to_owned());
        }
        text += &format!(
            "CREATE TABLE {} ({}) {};\n",
            table.name,
            columns.join(", "),
            table.rest
        );
        if table.name == "logs" {
            text += "CREATE TABLE logs_a PARTITION OF logs FOR VALUES FROM (0) TO (10);
                CREATE TABLE logs_b (gone int, msg text, k int, level int, person int); ALTER TABLE logs_b DROP COLUMN gone;
                ALTER TABLE logs ATTACH PARTITION logs_b FOR VALUES FROM (10) TO (100);\n";
        }
        let names: Vec<&str> = table.columns.iter().map(|(n, _)| *n).collect();
        let rows: Vec<String> = table
            .rows
            .iter()
            .enumerate()
            .map(|(row, values)| {
                let values: Vec<&str> = values
                    .iter()
                    .zip(&names)
                    .map(|(value, name)| match change {
                        Some((t, c, r, other)) if t == table.name && c == *name && r == row => {
                            other
                        }
                        _ => *value,
                    })
                    .collect();
                format!("({})", values.join(", "))
            })
            .collect();
        text += &format!(
            "INSERT INTO {} ({}) VALUES {};\n",
            table.name,
            names.join(", "),
            rows.join(", ")
        );
    }
    text + VIEWS
}
