"""A transaction that alters tables and goes on with them: its own definitions are what it is judged by."""
import psycopg
import pytest

from rig import raw

from test_moved import COLUMNS, more  # noqa: F401 (fixtures)
from test_roads import cells, errors, fine, house, links, rows, safe, session  # noqa: F401 (fixtures)

ADDED = "ALTER TABLE customers ADD COLUMN active boolean"
GOES_ON = [
    "UPDATE customers SET active = (city = 'x')", "UPDATE customers SET active = true WHERE id = 1", "UPDATE customers SET active = false", "INSERT INTO plain (id, foo) SELECT id, active::text FROM customers",
    "SELECT count(*) FROM customers WHERE active", "SELECT id, active FROM customers", "SELECT id, email, active FROM customers WHERE id = 1", "SELECT id FROM customers WHERE id > 3 ORDER BY id LIMIT 3",
    "SELECT max(id) FROM customers", "SELECT c.id, o.id FROM customers c JOIN orders o ON o.id = c.id", "SELECT * FROM customers", "SELECT active, c.*, id + 1 FROM customers c", "SELECT count(*) FROM customers",
    "DELETE FROM customers WHERE active AND id = 99", "UPDATE customers SET city = upper(city)", "ALTER TABLE customers ALTER active SET NOT NULL, ALTER active SET DEFAULT true", "CREATE INDEX ON customers (active)",
    "UPDATE customers c SET active = true FROM orders o WHERE o.id = c.id", "SELECT customers.id, customers.active FROM customers WHERE customers.active = 't' ORDER BY customers.id ASC LIMIT 1000",
    "CREATE VIEW seen AS SELECT id, active FROM customers; SELECT * FROM seen", "UPDATE customers SET active = id > 7 WHERE id < 9 RETURNING *", "SELECT active FROM customers GROUP BY active",
]


@pytest.mark.parametrize("text", GOES_ON)
def test_a_migration_goes_on_with_the_table_that_it_alters(session, more, text):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN"))
    fine(w.ask(ADDED))
    if "NOT NULL" in text:
        fine(w.ask("UPDATE customers SET active = true"))
    for part in text.split("; "):
        safe(fine(w.ask(part)))
    fine(w.ask("ROLLBACK"))


RENAMED = [
    ("ALTER TABLE customers RENAME city TO town", "UPDATE customers SET town = upper(town) WHERE town LIKE 'a%'"), ("ALTER TABLE customers RENAME TO people", "SELECT id, upper(city) FROM people"),
    ("ALTER TABLE customers DROP COLUMN city", "SELECT *, id + 1 FROM customers"), ("CREATE TABLE fresh AS SELECT id, city FROM customers", "SELECT upper(city) FROM fresh"),
    ("CREATE TYPE mood AS ENUM ('a')", "SELECT 'a'::mood, id + 1 FROM customers"), ("CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2'", "SELECT twice(id) FROM customers"),
]


@pytest.mark.parametrize("definition, text", RENAMED)
def test_what_was_named_anew_is_read_by_its_new_name(session, more, definition, text):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN"))
    done = w.ask(definition)
    if errors(done) == ["TG004"]:
        # Functions are not made where anything is labelled.
        assert "FUNCTION" in definition
        return
    fine(done)
    safe(fine(w.ask(text)))
    fine(w.ask("ROLLBACK"))


def test_masks_follow_a_labelled_column_to_its_new_name_and_into_a_view(session, more):  # noqa: F811
    w = session(database="open")
    plain = cells(safe(fine(w.ask("SELECT email FROM customers WHERE id = 1"))))
    for text in ("BEGIN", "ALTER TABLE customers RENAME email TO em", "ALTER TABLE customers ADD COLUMN email text DEFAULT 'free'"):
        fine(w.ask(text))
    for text in ("SELECT em FROM customers WHERE id = 1", "SELECT c.em FROM customers c, shown s WHERE c.id = 1 LIMIT 1"):
        assert cells(safe(fine(w.ask(text)))) == plain, text
    fine(w.ask("SELECT email || '' FROM plain"))
    for text in ("SELECT em || '' FROM customers", "SELECT email || '' FROM shown", "SELECT id FROM customers WHERE em LIKE 'a%'", "COPY shown TO STDOUT", "CREATE VIEW seen AS SELECT em FROM customers"):
        fine(w.ask("SAVEPOINT s"))
        assert errors(safe(w.ask(text))) == ["TG004"], text
        fine(w.ask("ROLLBACK TO s"))
    fine(w.ask("ROLLBACK"))
    assert errors(safe(w.ask("SELECT email || '' FROM customers"))) == ["TG004"]


def test_what_is_rolled_back_to_a_savepoint_is_undone(session, more):  # noqa: F811
    w = session(database="open")
    for text in ["BEGIN", ADDED, "SAVEPOINT s", "ALTER TABLE customers RENAME email TO em", "ALTER TABLE customers RENAME city TO town", "SELECT town || '' FROM customers", "ROLLBACK TO s",
                 "SELECT city || '' FROM customers"]:
        fine(w.ask(text))
    assert errors(safe(w.ask("SELECT email || '' FROM customers"))) == ["TG004"]


def test_what_was_changed_behind_a_savepoint_is_seen(session, more):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "SAVEPOINT a", "SAVEPOINT b", "ALTER TABLE customers RENAME email TO em", "RELEASE SAVEPOINT b", "SAVEPOINT c"):
        fine(w.ask(text))
    assert errors(safe(w.ask("SELECT em || '' FROM customers"))) == ["TG004"]
    fine(w.ask("ROLLBACK TO c"))
    fine(w.ask("SELECT upper(city) FROM customers"))
    safe(fine(w.ask("SELECT em FROM customers")))


def test_what_others_commit_meanwhile_is_seen(session, more):  # noqa: F811
    w, other = session(database="open"), session(database="open")
    for text in ("BEGIN", ADDED, "SELECT count(active) FROM customers"):
        fine(w.ask(text))
    for text in ("ALTER TABLE small RENAME TO smaller", "ALTER TABLE vault RENAME secret TO i", "ALTER TABLE vault RENAME TO small"):
        fine(other.ask(text))
    assert errors(safe(w.ask("SELECT i || '' FROM small"))) == ["TG004"]
    fine(w.ask("ROLLBACK"))
    for text in ("ALTER TABLE small RENAME TO vault", "ALTER TABLE vault RENAME i TO secret", "ALTER TABLE smaller RENAME TO small"):
        fine(other.ask(text))


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_tells_nothing_of_now(session, more, level):  # noqa: F811
    w = session(database="open")
    for text in (f"BEGIN ISOLATION LEVEL {level}", ADDED):
        fine(w.ask(text))
    assert errors(safe(w.ask("UPDATE customers SET active = (city = 'x')"))) == ["TG004"]


def test_a_transaction_is_as_it_was_behind_the_questions(session, more):  # noqa: F811
    w = session(database="open")
    settings = ["SET client_encoding = 'LATIN1'", "SET standard_conforming_strings = off", "SET quote_all_identifiers = on", "SET lock_timeout = 7777", "SET search_path = public, elsewhere", "SET datestyle = 'SQL, DMY'"]
    shown = [f"SHOW {s.split()[1]}" for s in settings]
    for text in settings:
        fine(w.ask(text))
    before = [cells(fine(w.ask(text))) for text in shown]
    for text in ("BEGIN", "SAVEPOINT tollgate_definitions", "INSERT INTO small VALUES (12)", "DECLARE c CURSOR FOR SELECT i FROM small ORDER BY i DESC", "CREATE TABLE fresh AS SELECT id, city FROM customers"):
        fine(w.ask(text))
    told = [m for m in fine(w.ask("UPDATE fresh SET city = upper(city)")) if m.tag == "S"]
    assert told == []
    assert [cells(fine(w.ask(text))) for text in shown] == before
    assert cells(fine(w.ask("FETCH c"))) == [[b"12"]]
    for text in ("RELEASE SAVEPOINT tollgate_definitions", "COMMIT", "SELECT id FROM fresh WHERE city = 'X'", "DROP TABLE fresh"):
        fine(w.ask(text))
    assert [cells(fine(w.ask(text))) for text in shown] == before
    assert cells(fine(w.ask("SELECT i FROM small WHERE i = 12"))) == [[b"12"]]


def test_a_question_that_fails_costs_no_transaction(session, more, cluster):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "INSERT INTO small VALUES (13)", ADDED, "SET LOCAL statement_timeout = 1"):
        fine(w.ask(text))
    # Whether the server is faster or not, there is an answer, and the transaction goes on or is refused as a whole.
    got = errors(safe(w.ask("SELECT email || '' FROM customers")))
    assert got in (["TG004"], ["57014"])
    fine(w.ask("ROLLBACK"))
    fine(w.ask("SELECT i FROM small WHERE i = 13"))


def test_prepared_statements_are_judged_by_the_definitions_of_now(session, more):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN"))
    w.send(raw.parse("SELECT full_name || '' FROM customers", "named"), raw.SYNC)
    fine(w.until())
    fine(w.ask(ADDED))
    run = [raw.bind("named"), raw.execute(), raw.SYNC]
    w.send(*run)
    safe(fine(w.until()))
    for text in COLUMNS:
        fine(w.ask(text))
    w.send(*run)
    assert errors(safe(w.until())) == ["TG004"]


def test_a_driver_migrates_with_parameters(links, more):  # noqa: F811
    with psycopg.connect(**links("reader", "open").psycopg(autocommit=False)) as c:
        c.execute(ADDED)
        c.execute("UPDATE customers SET active = %s WHERE city <> %s", [True, "nowhere"], prepare=True)
        assert c.execute("SELECT count(*) FROM customers WHERE active = %s", [True], prepare=True).fetchone()[0] > 0
        with c.transaction():
            c.execute("ALTER TABLE customers ADD COLUMN rank int DEFAULT 3")
            assert c.execute("SELECT rank + %s FROM customers LIMIT 1", [1]).fetchone() == (4,)
        c.rollback()
