//! What a text may cost: heap and work are bounded for whatever shape it has, on a thread as small as a server's, and
//! what is large but honest is understood. `just limits` measures the same shapes at and above every limit.

#![allow(clippy::unwrap_used)]

mod shapes;
mod shop;
mod wide;

use std::sync::LazyLock;

use sql::catalog::Catalog;
use sql::facts::{Class, Coverage, Facts};
use sql::{Settings, analyze};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut builder = shop::builder();
    wide::add(&mut builder);
    builder.build()
});
static SETTINGS: LazyLock<Settings> =
    LazyLock::new(|| Settings::with_search_path(&["pg_catalog", "public"], "app"));

/// The stack of the gateway's threads.
const STACK: usize = 2 << 20;

/// Texts up to this are tried here: a development build takes its time.
const TRIED: usize = 8 << 10;

/// What no text may take. The least honest of these shapes take a tenth of it.
const MOST_HEAP: u64 = 300 << 20;
const MOST_ALLOCATIONS: u64 = 4_000_000;

fn on_a_small_stack<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        thread.spawn_scoped(scope, f).unwrap().join().unwrap()
    })
}

fn facts(text: &str) -> Vec<Facts> {
    on_a_small_stack(|| analyze(text.as_bytes(), &SETTINGS, &CATALOG).statements)
}

fn costs_its_share(part: usize, parts: usize) {
    let mut failures = vec![];
    for shape in shapes::all().iter().skip(part).step_by(parts) {
        let each = (shape.text(64).len() - shape.text(0).len()) / 64;
        let count = shape.most.min(TRIED / each.max(1));
        let text = shape.text(count);
        let heap = on_a_small_stack(|| {
            allocation_counter::measure(|| {
                let _ = analyze(text.as_bytes(), &SETTINGS, &CATALOG);
            })
        });
        if heap.bytes_max > MOST_HEAP || heap.count_total > MOST_ALLOCATIONS {
            failures.push(format!(
                "{} x{count}: {} KiB of heap, {} allocations",
                shape.name,
                heap.bytes_max >> 10,
                heap.count_total
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn no_shape_costs_more_than_its_share() {
    costs_its_share(0, 3);
}

#[test]
fn no_shape_costs_more_than_its_share_either() {
    costs_its_share(1, 3);
}

#[test]
fn no_other_shape_costs_more_than_its_share() {
    costs_its_share(2, 3);
}

/// The largest number of repetitions of some shapes that is understood, and one that is not.
const EDGES: &[(&str, usize, usize)] = &[
    ("parentheses", 64, 65),
    ("case in case", 40, 41),
    ("plus", 1_000, 1_001),
    ("joins", 128, 129),
    ("union", 500, 501),
    ("scalar subqueries", 64, 65),
    ("explain", 1, 17),
    ("statements", 999, 1_000),
    ("natural joins of one wide table", 3, 128),
    ("doubling", 6, 9),
    ("stars of a wide table", 0, 1),
    ("wide rows as text", 75, 250),
    ("wide rows of many tables", 7, 30),
];

#[test]
fn what_is_over_a_limit_is_not_understood() {
    let shapes = shapes::all();
    let mut failures = vec![];
    for (name, within, beyond) in EDGES {
        let shape = shapes.iter().find(|s| s.name == *name).unwrap();
        for (count, understood) in [(*within, true), (*beyond, false)] {
            let strictest = facts(&shape.text(count))
                .into_iter()
                .max_by_key(|f| f.class);
            let Facts {
                class, coverage, ..
            } = strictest.unwrap();
            if (class != Class::Unknown) != understood {
                failures.push(format!("{name} x{count}: {class:?} {coverage:?}"));
            } else if !understood {
                assert!(matches!(coverage, Coverage::Opaque(_)), "{name} x{count}");
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn listed(begin: &str, count: usize, item: impl Fn(usize) -> String, end: &str) -> String {
    let items: Vec<String> = (1..=count).map(item).collect();
    format!("{begin}{}{end}", items.join(", "))
}

/// Rows as object mappers and dumps write them: no two neighbours alike.
fn row(i: usize) -> String {
    let name = ["'Zoë O''Hara'", "NULL", "E'a\\nb'", "''"][i % 4];
    let number = ["1", "-2.5", "DEFAULT", "1e3", "NULL"][i % 5];
    let data = ["'{\"a\": [1, 2]}'::jsonb", "NULL", "'[]'::jsonb"][i % 3];
    let at = ["now()", "'2024-01-01'::timestamptz", "CURRENT_TIMESTAMP"][i % 3];
    format!("({i}, {name}, 'user{i}@example.com', {number}, {data}, {at}, ARRAY['a', 'b{i}'])")
}

#[test]
fn what_is_large_and_honest_is_understood() {
    let long = "Lorem ipsum dolor sit amet, consectetur. ".repeat(26_000);
    let columns: Vec<String> = (1..=1_600).map(|i| format!("c{i}")).collect();
    let migration = |i: usize| match i % 4 {
        0 => {
            format!("CREATE TABLE made_{i} (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'x')")
        }
        1 => format!("ALTER TABLE customers ADD COLUMN extra_{i} numeric(10, 2) DEFAULT 0"),
        2 => format!("CREATE INDEX by_name_{i} ON customers (lower(name), city)"),
        _ => format!("INSERT INTO guesses (id, note) VALUES ({i}, 'after -- {i}; /* and */')"),
    };
    let view: Vec<String> = (1..300)
        .map(|i| {
            format!(
                "    coalesce(sum(o.total) FILTER (WHERE o.customer_id % 300 = {i}), 0) AS part_{i}"
            )
        })
        .collect();
    let cases: &[(&str, String, Class, usize)] = &[
        (
            "an INSERT of mixed rows, 1 MiB",
            listed(
                "INSERT INTO guesses VALUES ",
                11_000,
                row,
                " ON CONFLICT DO NOTHING",
            ),
            Class::Write,
            1_000_000,
        ),
        (
            "an IN list, 1 MiB",
            listed(
                "SELECT name FROM customers WHERE id IN (",
                150_000,
                |i| i.to_string(),
                ")",
            ),
            Class::Read,
            1_000_000,
        ),
        (
            "an IN list of pairs, 1 MiB",
            listed(
                "SELECT name FROM customers WHERE (id, email) IN (",
                55_000,
                |i| format!("({i}, 'user{i}')"),
                ")",
            ),
            Class::Read,
            1_000_000,
        ),
        (
            "an array, 1 MiB",
            listed(
                "DELETE FROM customers WHERE email = ANY (ARRAY[",
                110_000,
                |i| format!("'{i}@x.y'"),
                "]::text[])",
            ),
            Class::Write,
            1_000_000,
        ),
        (
            "a long string",
            format!("INSERT INTO guesses (id, note) VALUES (1, '{long}')"),
            Class::Write,
            1_000_000,
        ),
        (
            "a long string with quotes and backslashes",
            format!("UPDATE guesses SET note = E'it\\'s \\\\ {long}' WHERE id = 1"),
            Class::Write,
            1_000_000,
        ),
        (
            "many statements of long strings",
            listed(
                "SELECT 1; ",
                100,
                |i| {
                    format!(
                        "INSERT INTO guesses (id, note) VALUES ({i}, '{}')",
                        &long[..11_000]
                    )
                },
                "",
            )
            .replace("), INSERT", "); INSERT"),
            Class::Write,
            1_000_000,
        ),
        (
            "a wide COPY",
            format!("COPY w1 ({}) FROM STDIN", columns.join(", ")),
            Class::Write,
            9_000,
        ),
        (
            "a migration of 500 statements",
            (0..500).map(|i| migration(i) + ";\n").collect(),
            Class::Ddl,
            30_000,
        ),
        (
            "a view of 300 lines",
            format!(
                "CREATE VIEW parts AS\nSELECT o.status,\n{}\nFROM orders o\nGROUP BY o.status",
                view.join(",\n")
            ),
            Class::Ddl,
            20_000,
        ),
    ];
    for (name, text, class, bytes) in cases {
        assert!(text.len() > *bytes, "{name}: {} bytes", text.len());
        let found = facts(text);
        let strictest = found.iter().max_by_key(|f| f.class).unwrap();
        assert_eq!(strictest.class, *class, "{name}: {:?}", strictest.coverage);
        let complete = found.iter().all(|f| f.coverage == Coverage::Complete);
        assert!(complete, "{name}: {:?}", strictest.coverage);
    }
}

#[test]
fn a_short_statement_over_deep_views_has_room_for_them() {
    let mut builder = shop::builder();
    for i in 0..30 {
        let below = match i {
            0 => "public.customers".to_owned(),
            _ => format!("public.deep{}", i - 1),
        };
        let query = format!(
            "SELECT id FROM {}{below} x{};",
            "(SELECT x.id FROM ".repeat(30),
            ") x".repeat(30)
        );
        builder.relation(wide::view(&format!("deep{i}"), &["id"], &query));
    }
    let catalog = builder.build();
    let text = "SELECT id FROM deep29";
    let facts = on_a_small_stack(|| {
        analyze(text.as_bytes(), &SETTINGS, &catalog)
            .statements
            .remove(0)
    });
    assert_eq!(facts.coverage, Coverage::Complete);
    assert_eq!(facts.outputs[0].depends_on.len(), 1);
}
