# Each recipe is a command a person could type. `just` is a convenience: ./demo and ./test need it not.

default:
    @just --list

# formatting and lints
check:
    ./test fmt clippy

# all tests, or some parts: just test e2e
test *parts:
    ./test {{parts}}

# the walk through the main job
demo *words:
    ./demo {{words}}

# side by side with haproxy and pgbouncer: just bench --short
bench *words:
    benches/run {{words}}

# what it costs to understand a statement: time and heap, per statement
bench-sql *words:
    cargo bench --manifest-path benches/sql/Cargo.toml --bench sql -- {{words}}

# time and heap of texts that grow, up to the limits and beyond
limits *words:
    cargo bench --manifest-path benches/sql/Cargo.toml --bench limits -- {{words}}

# drivers' own test suites, direct and through the gateway
drivers *words:
    tests/compare/drivers {{words}}

# tools that people use (psql, pg_dump, Django, SQLAlchemy, Rails …), through a gateway that refuses what it does not understand
tools *words:
    tests/tools/run {{words}}

# a statement and what is found of it, as a case to look at: just case "SELECT 1" [reads.cases]
[positional-arguments]
case *words:
    @cargo run --quiet --package sql --example corpus -- case "$@"

# what changed in the facts of the SQL corpus; with --accept it is kept
[positional-arguments]
review *words:
    @cargo run --quiet --package sql --example corpus -- review "$@"

# the catalogue that the SQL corpus is judged against, made anew by a scratch server
catalog:
    REWRITE=1 cargo test --quiet --package sql --test catalog

# every decoder under the fuzzer, a minute each (needs a nightly toolchain; cargo-fuzz is installed where it is missing),
# and PostgreSQL's own grammar against ours for ten minutes
fuzz seconds="60": referee
    cargo +nightly fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}} || exit 1; done

# PostgreSQL's own grammar against ours, on texts made from the corpus: just referee 60; needs no nightly toolchain
referee seconds="600" seed="1":
    ./test --referee grammar --seconds {{seconds}} --seed {{seed}}

# generated statements over tables that differ in one cell, on a live server: what changes has to be in the lineage
lineage queries="100000" seed="1":
    ./test --referee lineage --queries {{queries}} --seed {{seed}}

# what is called a read, of the corpus and of texts made from it, run on a live server in a transaction that may only read;
# also the .sql files of a directory: just readonly 100000 1 DIRECTORY
readonly rounds="50000" seed="1" *words:
    ./test --referee readonly --rounds {{rounds}} --seed {{seed}} {{words}}

# licences, advisories and sources of all dependencies (needs cargo-deny)
deny:
    cargo deny --locked check

# PostgreSQL's own regression suite: how much of it is understood, and why not all: just suite [regress/select …]
suite *words:
    referee/suite {{words}}
