"""What a transaction's own definitions could hide: what was read before them, and what comes when they are undone."""
import pytest

from rig import raw
from rig.gateway import eventually

from test_moved import more  # noqa: F401 (fixtures)
from test_roads import cells, errors, fine, house, links, rows, safe, session  # noqa: F401 (fixtures)

# `more` stands before `session`, so that a failing test gives its locks back before `more` drops its tables.
INHERIT = "ALTER TABLE vault INHERIT parent_of_none"


@pytest.mark.parametrize("undo", ["ROLLBACK TO s", "ROLLBACK", "ROLLBACK AND CHAIN"])
@pytest.mark.parametrize("text", ["SELECT left(secret, 20) FROM vault", "COPY vault TO STDOUT", "SELECT id FROM vault WHERE secret LIKE 'kept%'"])
def test_a_text_that_undoes_definitions_goes_on_without_them(more, session, undo, text):  # noqa: F811
    w = session(database="open")
    for before in ("SET search_path = elsewhere, public", "BEGIN", "SAVEPOINT s", "CREATE TABLE elsewhere.vault (id int, secret text)", "SELECT secret || '' FROM vault"):
        fine(safe(w.ask(before)))
    assert errors(safe(w.ask(f"{undo}; {text}"))) == ["TG004"]


@pytest.mark.parametrize("gone", ["ALTER TABLE customers DROP COLUMN email CASCADE", "DROP TABLE customers CASCADE"])
def test_a_held_cursor_outlives_its_column(more, session, gone):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT email FROM customers; COMMIT"))
    for text in ("BEGIN", gone, "SELECT count(*) FROM orders"):
        fine(w.ask(text))
    safe(w.ask("FETCH 2 c"))


@pytest.mark.parametrize("gone", ["DROP VIEW shown", "CREATE OR REPLACE VIEW shown AS SELECT city AS email FROM customers"])
def test_a_cursor_outlives_its_view(more, session, gone):  # noqa: F811
    w = session(database="open")
    eventually(lambda: not errors(w.ask("SELECT email FROM shown LIMIT 1")), what="the view is known")
    for text in ("BEGIN", "DECLARE c CURSOR FOR SELECT email FROM shown", gone, "SELECT count(*) FROM orders"):
        fine(w.ask(text))
    safe(w.ask("FETCH 2 c"))


@pytest.mark.parametrize("fetch", ["FETCH ALL c", "MOVE 0 c; FETCH ALL c"])
def test_a_cursor_is_fetched_when_the_clock_has_moved(more, session, fetch):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", INHERIT, "DECLARE c CURSOR FOR SELECT secret FROM parent_of_none", "SAVEPOINT x"):
        fine(safe(w.ask(text)))
    safe(w.ask(fetch))


def test_a_portal_is_described_when_the_clock_has_moved(more, session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", INHERIT):
        fine(w.ask(text))
    w.send(raw.parse("SELECT secret FROM parent_of_none", "q"), raw.SYNC)
    fine(w.until())
    w.send(raw.parse("SAVEPOINT x", "x"), raw.SYNC)
    fine(w.until())
    w.send(raw.bind("x"), raw.execute(), raw.bind("q"), raw.execute(), raw.SYNC)
    safe(w.until())


def test_a_pipeline_lives_when_the_clock_moves_in_it(more, session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", INHERIT, "SELECT secret FROM parent_of_none"):
        fine(safe(w.ask(text)))
    w.send(raw.query("SELECT pg_sleep(0.5)"), raw.query("SELECT secret FROM parent_of_none"), raw.query("SAVEPOINT x"), raw.query("SELECT 1"))
    for _ in range(4):
        fine(safe(w.until()))


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ"])
def test_a_parent_shows_a_new_child(more, session, begin):  # noqa: F811
    w = session(database="open")
    for text in (begin, INHERIT):
        fine(w.ask(text))
    got = safe(w.ask("SELECT secret FROM parent_of_none"))
    assert errors(got) == ([] if begin == "BEGIN" else ["TG004"])


def test_a_parent_shows_a_new_child_in_one_text(more, session):  # noqa: F811
    safe(session(database="open").ask(f"BEGIN; {INHERIT}; SELECT secret FROM parent_of_none; ROLLBACK"))


def test_a_parent_shows_a_new_child_in_one_batch(more, session):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN"))
    w.send(raw.parse(INHERIT), raw.bind(), raw.execute(), raw.parse("SELECT secret FROM parent_of_none"), raw.bind(), raw.execute(), raw.SYNC)
    safe(w.until())


def test_a_held_cursor_outlives_a_parent(more, session):  # noqa: F811
    w = session(database="open")
    fine(w.ask(f"BEGIN; {INHERIT}"))
    fine(safe(w.ask("DECLARE c CURSOR WITH HOLD FOR SELECT secret FROM parent_of_none")))
    fine(w.ask("COMMIT"))
    fine(w.ask("ALTER TABLE vault NO INHERIT parent_of_none"))
    safe(w.ask("FETCH ALL c"))


def test_an_unnamed_statement_outlives_a_question(more, session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "ALTER TABLE customers ADD COLUMN active boolean"):
        fine(w.ask(text))
    w.send(raw.parse("SELECT 1"), raw.SYNC)
    fine(w.until())
    w.send(raw.parse("SELECT count(active) FROM customers", "named"), raw.SYNC)
    fine(w.until())
    w.send(raw.bind(), raw.execute(), raw.SYNC)
    fine(w.until())


def test_an_unnamed_portal_outlives_a_question(more, session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "ALTER TABLE customers ADD COLUMN active boolean"):
        fine(w.ask(text))
    w.send(raw.parse("SELECT generate_series(1, 5)"), raw.bind(), raw.execute(rows=2), raw.SYNC)
    fine(w.until())
    w.send(raw.parse("SELECT count(active) FROM customers", "named"), raw.SYNC)
    fine(w.until())
    w.send(raw.execute(rows=2), raw.SYNC)
    fine(w.until())


def test_a_question_out_of_time_leaves_the_agent_s_savepoints(more, session):  # noqa: F811
    """Many columns make the answer long; the server is given a millisecond or two for it, which is enough or not."""
    for n in range(20):
        w = session(database="open")
        for text in ("BEGIN", "SAVEPOINT \"tollgate's own\"", "INSERT INTO small VALUES (1313)", "ALTER TABLE customers ADD COLUMN active boolean", f"SET LOCAL statement_timeout = {1 + n % 3}"):
            fine(w.ask(text))
        if not errors(w.ask("SELECT count(active) || '' FROM customers, plain WHERE plain.email <> '' AND active")):
            fine(w.ask("SET LOCAL statement_timeout = 0"))
            assert cells(fine(w.ask("SELECT count(*) FROM small WHERE i = 1313"))) == [[b"1"]]
        w.ask("ROLLBACK")
        w.close()
