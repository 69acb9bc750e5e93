"""Cursors, portals and rows that outlive the definitions they were made under, on every road; and migrations that go on meanwhile."""
import asyncio

import asyncpg
import psycopg
import pytest

from rig import raw
from rig.gateway import eventually

from test_moved import COLUMNS, more  # noqa: F401 (fixtures)
from test_own_outrun import INHERIT
from test_roads import CLEAR, cells, errors, fine, house, links, rows, safe, session  # noqa: F401 (fixtures)

BACK = "ALTER TABLE customers RENAME full_name TO em; ALTER TABLE customers RENAME email TO full_name; ALTER TABLE customers RENAME em TO email"


@pytest.fixture
def held(more, session):  # noqa: F811
    """A session with a cursor over a parent whose child is none any more."""
    w = session(database="open")
    for text in (f"BEGIN; {INHERIT}", "DECLARE c CURSOR WITH HOLD FOR SELECT secret FROM parent_of_none", "COMMIT", "ALTER TABLE vault NO INHERIT parent_of_none"):
        fine(w.ask(text))
    return w


@pytest.mark.parametrize("described", [False, True])
def test_a_held_cursor_is_fetched_by_the_extended_protocol(held, described):
    held.send(raw.parse("FETCH ALL c", "q"), raw.describe("S", "q") if described else b"", raw.SYNC)
    fine(held.until())
    held.send(raw.bind("q"), raw.execute(), raw.SYNC)
    safe(held.until())


@pytest.mark.parametrize("binary", [False, True])
def test_a_driver_fetches_from_a_held_cursor(more, session, links, binary):  # noqa: F811
    with psycopg.connect(**links("reader", "open").psycopg(autocommit=True)) as c:
        c.execute(f"BEGIN; {INHERIT}")
        cursor = c.cursor(name="c", withhold=True, binary=binary)
        cursor.execute("SELECT secret FROM parent_of_none")
        c.execute("COMMIT")
        c.execute("ALTER TABLE vault NO INHERIT parent_of_none")
        got = cursor.fetchall() if binary else c.execute("FETCH ALL FROM c", prepare=True).fetchall()
        assert not CLEAR.search(str(got).encode())


def test_a_held_cursor_outlives_a_reload(held, house):  # noqa: F811
    house.run("reload")
    safe(held.ask("FETCH ALL c"))


def test_a_cursor_of_the_transaction_outlives_a_reload(more, session, house):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", INHERIT, "DECLARE c CURSOR FOR SELECT secret FROM parent_of_none"):
        fine(w.ask(text))
    house.run("reload")
    safe(w.ask("FETCH ALL c"))


@pytest.mark.parametrize("end", ["COMMIT AND CHAIN", "COMMIT; BEGIN"])
@pytest.mark.parametrize("own", [False, True])
def test_a_commit_is_seen_by_others_where_a_transaction_follows(more, session, cluster, end, own):  # noqa: F811
    w, other = session(database="open"), session(database="open")
    fine(w.ask("BEGIN"))
    for text in COLUMNS:
        fine(w.ask(text))
    if own:
        for text in ("BEGIN", "ALTER TABLE small ADD COLUMN more int", "SELECT i + 1 FROM small"):
            fine(other.ask(text))
    fine(other.ask("SELECT 1"))
    fine(w.ask(end))
    try:
        assert errors(safe(other.ask("SELECT full_name || '' FROM customers LIMIT 1"))) == ["TG004"]
    finally:
        w.close()
        other.ask("ROLLBACK")
        cluster.sql(BACK, "shop")


@pytest.mark.parametrize("begin", ["BEGIN", "SELECT 1"])
def test_who_leaves_a_labelled_parent_takes_its_rows_along(more, session, cluster, begin):  # noqa: F811
    cluster.sql("SET ROLE app; CREATE TABLE kid () INHERITS (vault); INSERT INTO kid VALUES (1, 'kept-elsewhere')", "shop")
    w = session(database="open")
    try:
        eventually(lambda: not errors(w.ask("SELECT secret FROM kid")), what="it is known")
        assert errors(w.ask("SELECT secret || '' FROM kid")) == ["TG004"]
        fine(w.ask(begin))
        fine(w.ask("ALTER TABLE kid NO INHERIT vault"))
        assert errors(safe(w.ask("SELECT secret || '' FROM kid"))) == ["TG004"]
    finally:
        w.close()
        cluster.sql("DROP TABLE kid", "shop")


@pytest.mark.parametrize("begin", ["BEGIN", "SELECT 1"])
def test_a_new_name_gives_no_weaker_mask(more, session, cluster, begin):  # noqa: F811
    w = session(database="open")
    fine(w.ask(begin))
    try:
        for text in ("ALTER TABLE cards RENAME TO cards2", "ALTER TABLE vault RENAME TO cards", "ALTER TABLE cards RENAME secret TO card_number"):
            fine(w.ask(text))
        assert cells(w.ask("SELECT card_number FROM cards")) in ([], [[b"[redacted]"]])
    finally:
        if begin == "SELECT 1":
            for text in ("ALTER TABLE cards RENAME card_number TO secret", "ALTER TABLE cards RENAME TO vault", "ALTER TABLE cards2 RENAME TO cards"):
                w.ask(text)
        w.close()


@pytest.mark.parametrize("before, moves", [
    (["BEGIN"], "ALTER TABLE small ADD COLUMN more int"),
    (["BEGIN", INHERIT, "SELECT secret FROM parent_of_none"], "SAVEPOINT x"),
])
def test_a_described_statement_runs_while_the_clock_moves(more, session, before, moves):  # noqa: F811
    w = session(database="open")
    for text in before:
        fine(w.ask(text))
    w.send(raw.parse("SELECT pg_sleep(0.5)", "q"), raw.describe("S", "q"), raw.SYNC)
    fine(w.until())
    w.send(raw.bind("q"), raw.execute(), raw.SYNC, raw.query(moves), raw.query("SELECT count(*) FROM plain"))
    for _ in range(3):
        fine(w.until())


def test_a_view_that_was_replaced_ends_no_session(more, session, cluster):  # noqa: F811
    cluster.sql("SET ROLE app; CREATE VIEW lowered AS SELECT lower(email) AS e FROM customers", "shop")
    try:
        w = session(database="open")
        eventually(lambda: errors(w.ask("SELECT e || '' FROM lowered LIMIT 1")) == ["TG004"], what="the view is known")
        for text in ("BEGIN", "CREATE OR REPLACE VIEW lowered AS SELECT city AS e FROM customers", "SELECT e FROM lowered LIMIT 1", "ROLLBACK"):
            fine(w.ask(text))
    finally:
        cluster.sql("DROP VIEW lowered", "shop")


@pytest.mark.parametrize("road", ["transaction", "execute"])
def test_a_view_that_was_replaced_shows_what_it_shows_now(more, session, road):  # noqa: F811
    w = session(database="open")
    eventually(lambda: not errors(w.ask("SELECT email FROM shown LIMIT 1")), what="the view is known")
    plain = cells(fine(w.ask("SELECT city FROM customers ORDER BY id LIMIT 1")))
    before = "BEGIN" if road == "transaction" else "PREPARE p AS SELECT email FROM shown LIMIT 1"
    for text in (before, "CREATE OR REPLACE VIEW shown AS SELECT city AS email FROM customers ORDER BY id"):
        fine(w.ask(text))
    assert cells(fine(w.ask("SELECT email FROM shown LIMIT 1" if road == "transaction" else "EXECUTE p"))) == plain


def test_a_paused_portal_goes_on_behind_a_savepoint(more, session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "ALTER TABLE customers ADD COLUMN active boolean"):
        fine(w.ask(text))
    w.send(raw.parse("SELECT id, coalesce(active, false) FROM customers", "q"), raw.SYNC)
    fine(w.until())
    w.send(raw.bind("q", "p"), raw.execute("p", rows=2), raw.SYNC)
    fine(w.until())
    fine(w.ask("SAVEPOINT x"))
    w.send(raw.execute("p", rows=2), raw.SYNC)
    fine(w.until())


def test_asyncpg_reads_a_cursor_with_savepoints_between(more, links):  # noqa: F811
    async def migrate():
        c = await asyncpg.connect(**links("reader", "open").asyncpg())
        whole = c.transaction()
        await whole.start()
        await c.execute("ALTER TABLE customers ADD COLUMN active boolean")
        async for row in c.cursor("SELECT id, coalesce(active, false) AS a FROM customers WHERE id < 9", prefetch=3):
            async with c.transaction():
                await c.execute("UPDATE customers SET active = true WHERE id = $1", row["id"])
        await whole.rollback()
        await c.close()

    asyncio.run(migrate())


def test_an_unnamed_statement_is_bound_behind_a_savepoint(more, session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "ALTER TABLE customers ADD COLUMN active boolean"):
        fine(w.ask(text))
    w.send(raw.parse("SELECT count(active) FROM customers"), raw.SYNC)
    fine(w.until())
    w.send(raw.parse("SAVEPOINT x", "n"), raw.bind("n", "n"), raw.execute("n"), raw.SYNC)
    fine(w.until())
    w.send(raw.bind(), raw.execute(), raw.SYNC)
    fine(w.until())
