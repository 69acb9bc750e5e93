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

# drivers' own test suites, direct and through the gateway
drivers *words:
    tests/compare/drivers {{words}}

# every decoder under the fuzzer, a minute each (needs cargo-fuzz and a nightly toolchain)
fuzz seconds="60":
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}} || exit 1; done

# licences, advisories and sources of all dependencies (needs cargo-deny)
deny:
    cargo deny --locked check
