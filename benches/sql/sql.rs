//! What it costs to understand a statement: median time, and the heap that it takes, of `sql::analyze` and of what goes
//! before and beside it. `just bench-sql [part of a name]`.

#![allow(dead_code, missing_docs)]

#[path = "../../crates/sql/tests/shop/mod.rs"]
mod shop;
#[path = "../../crates/sql/tests/wide/mod.rs"]
mod wide;

use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{AllocProfiler, Bencher, black_box};
use sql::{Catalog, Class, Settings, analyze, fingerprint};

#[global_allocator]
static HEAP: AllocProfiler = AllocProfiler::system();

static SHOP: LazyLock<Catalog> = LazyLock::new(shop::catalog);
/// The shop among ten thousand tables.
static MANY: LazyLock<Catalog> = LazyLock::new(|| {
    let mut builder = shop::builder();
    wide::add_many(&mut builder);
    builder.build()
});
static SETTINGS: LazyLock<Settings> =
    LazyLock::new(|| Settings::with_search_path(&["pg_catalog", "public"], "app"));

const POINT: &str = "SELECT id, name, email FROM customers WHERE id = 42";

const ANALYTICAL: &str = "WITH paid AS (
    SELECT o.id, o.customer_id, o.total, date_trunc('month', o.placed_at) AS month
    FROM orders o
    WHERE o.status = 'paid' AND o.placed_at >= now() - interval '1 year'
),
lines AS (
    SELECT i.order_id, p.name AS product, i.quantity * i.price AS amount
    FROM order_items i
    JOIN products p ON p.id = i.product_id
    WHERE p.price BETWEEN 5 AND 500
),
by_month AS (
    SELECT c.city, paid.month, count(DISTINCT c.id) AS buyers, sum(lines.amount) AS revenue,
           max(paid.total) FILTER (WHERE paid.total > 100) AS largest
    FROM paid
    JOIN customers c ON c.id = paid.customer_id
    LEFT JOIN lines ON lines.order_id = paid.id
    GROUP BY c.city, paid.month
)
SELECT b.city, b.month, b.buyers, b.revenue,
       sum(b.revenue) OVER (PARTITION BY b.city ORDER BY b.month) AS so_far,
       rank() OVER (PARTITION BY b.month ORDER BY b.revenue DESC) AS place,
       round(100.0 * b.revenue / nullif(sum(b.revenue) OVER (PARTITION BY b.month), 0), 1) AS share,
       CASE WHEN b.largest > 1000 THEN 'large' WHEN b.largest > 100 THEN 'middle' ELSE 'small' END AS kind,
       (SELECT count(*) FROM staff s WHERE s.salary > b.revenue) AS better_paid
FROM by_month b
WHERE b.city IS NOT NULL AND EXISTS (SELECT 1 FROM customers c WHERE c.city = b.city AND c.email LIKE '%@example.com')
ORDER BY b.month DESC, place
LIMIT 100";

fn listed(begin: &str, count: usize, item: impl Fn(usize) -> String, end: &str) -> String {
    let items: Vec<String> = (1..=count).map(item).collect();
    format!("{begin}{}{end}", items.join(", "))
}

fn rows(count: usize) -> String {
    let row = |i| format!("({i}, 'user{i}@example.com', 'a note of some words, number {i}')");
    listed(
        "INSERT INTO guesses (id, email, note) VALUES ",
        count,
        row,
        "",
    )
}

/// A text by its name, about a mebibyte where it says so.
fn text(name: &str) -> String {
    match name {
        "BEGIN" => "BEGIN".to_owned(),
        "point select" => POINT.to_owned(),
        "point select among 10,000 tables" => {
            "SELECT c1, c2, c3 FROM table_7777 WHERE c1 = '42'".to_owned()
        }
        "view select among 10,000 tables" => {
            "SELECT v.c1, t.c2 FROM view_42 v JOIN table_9 t ON t.c1 = v.c2".to_owned()
        }
        "update" => "UPDATE orders SET status = 'paid', note = $1 WHERE id = $2".to_owned(),
        "analytical, 30 lines" => ANALYTICAL.to_owned(),
        "INSERT, 1,000 rows" => rows(1_000),
        "INSERT, 1 MiB" => rows(14_500),
        "INSERT of 1 string, 1 MiB" => {
            format!("INSERT INTO guesses VALUES (1, 'x', '{}')", "lorem ipsum ".repeat(87_000))
        }
        "IN list, 1 MiB" => listed(
            "SELECT name FROM customers WHERE id IN (",
            130_000,
            |i| i.to_string(),
            ")",
        ),
        "migration, 900 statements" => (0..900)
            .map(|i| match i % 3 {
                0 => format!("CREATE TABLE made_{i} (id bigint PRIMARY KEY, name text NOT NULL DEFAULT 'x', at timestamptz);\n"),
                1 => format!("ALTER TABLE customers ADD COLUMN extra_{i} numeric(10, 2) DEFAULT 0;\n"),
                _ => format!("CREATE INDEX CONCURRENTLY by_name_{i} ON customers (lower(name), city);\n"),
            })
            .collect(),
        other => panic!("{other}"),
    }
}

const TEXTS: &[&str] = &[
    "BEGIN",
    "point select",
    "point select among 10,000 tables",
    "view select among 10,000 tables",
    "update",
    "analytical, 30 lines",
    "INSERT, 1,000 rows",
    "INSERT, 1 MiB",
    "INSERT of 1 string, 1 MiB",
    "IN list, 1 MiB",
    "migration, 900 statements",
];

/// The facts of a text that was not seen before.
#[divan::bench(args = TEXTS)]
fn facts(bencher: Bencher, name: &str) {
    let catalog = if name.contains("among") { &MANY } else { &SHOP };
    let text = text(name);
    let found = analyze(text.as_bytes(), &SETTINGS, catalog);
    assert!(
        found.statements.iter().all(|f| f.class != Class::Unknown),
        "{name}: {:?}",
        found
            .statements
            .iter()
            .find(|f| f.class == Class::Unknown)
            .map(|f| &f.coverage)
    );
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| analyze(black_box(text.as_bytes()), &SETTINGS, catalog));
}

/// What a text that was seen before costs: its shape.
#[divan::bench(args = ["point select", "analytical, 30 lines", "INSERT, 1,000 rows", "IN list, 1 MiB"])]
fn shape(bencher: Bencher, name: &str) {
    let text = text(name);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| fingerprint(black_box(text.as_bytes())));
}

/// A catalog of ten thousand tables of twenty columns.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn catalog_of_10_000_tables() -> Catalog {
    let mut builder = shop::builder();
    wide::add_many(&mut builder);
    builder.build()
}

fn main() {
    LazyLock::force(&SHOP);
    LazyLock::force(&MANY);
    divan::main();
}
