"""Running ahead of the gateway: what is sent before the reply to what was sent earlier, names that come to stand for
something else, transactions that undo what was known. A statement is judged by what will hold when it runs, or not at all."""
import json
import re
import struct

import psycopg
import pytest

from conftest import APP_PASSWORD, POLICIES
from rig import raw
from rig.gateway import REPO, Gateway, eventually
from rig.raw import Message, Wire

# What a labelled value looks like where nothing was done to it.
CLEAR = re.compile(rb"@example\.|@shop\.example|sk_live_[0-9a-f]{4}")

HOLD_WRITES = """
@id("all")
permit (principal, action, resource);
@id("writes-wait") @hold("dba") @reason("Writes wait for a DBA")
forbid (principal, action in [Tollgate::Action::"update", Tollgate::Action::"delete", Tollgate::Action::"ddl"], resource);
"""

# Under standard_conforming_strings = on, one SELECT; under off, a string ends later and another one begins earlier.
DROP_IN_A_STRING = r"SELECT '\', '; DROP TABLE victim; --'"
EMAIL_IN_A_STRING = r"SELECT '\', '||email FROM customers LIMIT 2 --'"


@pytest.fixture(scope="module")
def house(cluster):
    """The policies that are shipped, more open ones, and ones under which writes wait, over one database."""
    url = f"postgres://app:{APP_PASSWORD}@127.0.0.1:{cluster.port}/shop"
    sections = {
        "agents": {"url": url, "policies": ["agents.cedar"], "labels": "labels.toml", "hold_wait": "1s"},
        "open": {"url": url, "policies": ["allow-all.cedar"], "labels": "labels.toml", "hold_wait": "1s"},
        "waits": {"url": url, "policies": ["waits.cedar"], "labels": "labels.toml", "hold_wait": "1s"},
        "bare": {"url": url, "policies": ["agents.cedar"], "hold_wait": "1s"},
    }
    policies = {"agents.cedar": (REPO / "policies/agents.cedar").read_text(),
                "allow-all.cedar": (REPO / "policies/allow-all.cedar").read_text(), "waits.cedar": HOLD_WRITES}
    cluster.sql("SET ROLE app; CREATE TABLE victim (i int); CREATE TABLE small (i int); CREATE TABLE words (i int, t text)", "shop")
    try:
        with Gateway(sections, policies=policies, labels={"labels.toml": (POLICIES / "shop.labels.toml").read_text()}) as g:
            yield g
            assert g.alive() and "panicked" not in g.stderr(), g.stderr()[-3000:]
    finally:
        cluster.sql("DROP TABLE IF EXISTS victim, small, words, leak1, harmless CASCADE", "shop")


@pytest.fixture(autouse=True)
def rows(house, cluster):
    """The same rows for every test."""
    cluster.sql("TRUNCATE victim, small, words; INSERT INTO victim VALUES (1); INSERT INTO small SELECT generate_series(1, 5); "
                "INSERT INTO words VALUES (1, 'one')", "shop")
    yield
    assert house.alive(), house.stderr()[-3000:]
    missing = not stands(cluster)
    if missing:
        cluster.sql("SET ROLE app; CREATE TABLE victim (i int)", "shop")
    assert not missing, "a table that nobody allowed to be dropped is gone"


@pytest.fixture(scope="module")
def links(house):
    """Grants by role and database."""
    made = {}

    def link(role="reader", database="agents"):
        if (role, database) not in made:
            made[role, database] = house.grant(role=role, database=database)
        return made[role, database]

    return link


@pytest.fixture
def session(links):
    """Makes raw sessions."""
    opened = []

    def make(role="reader", database="agents", **startup: str) -> Wire:
        link = links(role, database)
        opened.append(Wire(link.host, link.port).login(link.user, link.password, link.database, **startup))
        return opened[-1]

    yield make
    for w in opened:
        w.close()


@pytest.fixture(scope="module")
def console(house):
    """Asks the DBA's console."""
    link = house.dba("dora")

    def ask(text: str) -> list[tuple]:
        with psycopg.connect(**link.psycopg()) as conn:
            cur = conn.execute(text)
            return cur.fetchall() if cur.description else []

    return ask


def stands(cluster, table: str = "victim") -> bool:
    """Whether the table is there."""
    return cluster.sql(f"SELECT to_regclass('public.{table}') IS NOT NULL", "shop") == [(True,)]


def piece(text: str, *values: bytes) -> bytes:
    """Parse, Bind, Execute, without a Describe."""
    return raw.parse(text) + raw.bind("", "", values) + raw.execute()


def cells(messages: list[Message]) -> list[list[bytes | None]]:
    """The rows."""
    return [m.cells() for m in messages if m.tag == "D"]


def errors(messages: list[Message]) -> list[str]:
    """The errors' codes."""
    return [m.fields()["C"] for m in messages if m.tag == "E"]


def fine(messages: list[Message]) -> list[Message]:
    """The messages, none of which is an error."""
    assert not errors(messages), [m.fields() for m in messages if m.tag == "E"]
    return messages


def shown(messages: list[Message]) -> list[bytes]:
    """Whatever looks like a labelled value in clear."""
    return [m.body for m in messages if CLEAR.search(m.body)]


def safe(messages: list[Message]) -> list[Message]:
    """The messages, none of which shows a labelled value."""
    assert not shown(messages)
    return messages


def replies(w: Wire, count: int) -> list[Message]:
    """All messages up to so many ReadyForQuery."""
    return [m for _ in range(count) for m in w.until()]


def hold(messages: list[Message]) -> int:
    """The number of the hold that an error tells of."""
    found = [m.fields() for m in messages if m.tag == "E" and m.fields()["C"] == "TG001"]
    assert found, [(m.tag, m.body) for m in messages]
    return json.loads(found[0]["D"])["hold"]


# -- settings --------------------------------------------------------------------------------------------------------

def test_a_pipelined_set_search_path_is_followed_before_the_next_statement_is_judged(session):
    w = session()
    fine(w.ask("SET search_path = pg_catalog"))
    w.send(raw.query("SET search_path = public"), raw.query("SELECT email || '' FROM customers LIMIT 2"))
    got = safe(replies(w, 2))
    assert errors(got) == ["TG004"] and not cells(got)
    assert cells(w.ask("SELECT plan FROM customers WHERE id = 1"))


def test_a_pipelined_set_of_how_strings_end_is_followed_before_the_next_statement_is_judged(session, cluster):
    w = session()
    w.send(raw.query("SET standard_conforming_strings = off"), raw.query(DROP_IN_A_STRING))
    safe(replies(w, 2))
    assert stands(cluster)
    safe(w.ask(EMAIL_IN_A_STRING))
    assert stands(cluster)


@pytest.mark.parametrize("setting", [
    "SET standard_conforming_strings = off",
    "SELECT set_config('standard_conforming_strings', 'off', false)",
    "RESET standard_conforming_strings",
    "DISCARD ALL",
])
@pytest.mark.parametrize("text", [DROP_IN_A_STRING, EMAIL_IN_A_STRING])
def test_what_follows_a_set_in_one_batch_is_judged_under_it_or_not_at_all(session, cluster, setting, text):
    w = session(standard_conforming_strings="off") if setting.startswith(("RESET", "DISCARD")) else session()
    if setting.startswith(("RESET", "DISCARD")):
        fine(w.ask("SET standard_conforming_strings = on"))
    w.send(piece(setting), piece(text), raw.SYNC)
    safe(w.until())
    assert stands(cluster)
    assert cells(fine(w.ask("SELECT 1"))) == [[b"1"]]


def test_a_set_and_its_statement_in_two_batches_sent_at_once(session, cluster):
    w = session()
    w.send(piece("SET standard_conforming_strings = off"), raw.SYNC, piece(DROP_IN_A_STRING), raw.SYNC, piece(EMAIL_IN_A_STRING), raw.SYNC)
    safe(replies(w, 3))
    assert stands(cluster)


def test_a_setting_that_begins_behind_the_gateways_back_in_one_text(session, cluster):
    w = session()
    safe(w.ask("SET standard_conforming_strings = off; " + EMAIL_IN_A_STRING))
    safe(w.ask(EMAIL_IN_A_STRING))
    assert stands(cluster)


def test_settings_undone_by_an_error_are_not_what_a_rollback_and_more_is_judged_by(session, cluster):
    w = session()
    for text in ("SET standard_conforming_strings = off", "BEGIN", "SET standard_conforming_strings = on"):
        fine(w.ask(text))
    assert errors(w.ask("SELECT 1 / (id - 1) FROM orders WHERE id = 1")) == ["22012"]
    safe(w.ask("ROLLBACK; " + EMAIL_IN_A_STRING))
    w.ask("ROLLBACK")
    for text in ("BEGIN", "SET standard_conforming_strings = on"):
        fine(w.ask(text))
    assert errors(w.ask("SELECT 1 / (id - 1) FROM orders WHERE id = 1")) == ["22012"]
    safe(w.ask("ROLLBACK; " + DROP_IN_A_STRING))
    assert stands(cluster)


def test_settings_undone_by_a_rollback_to_a_savepoint(session, cluster):
    w = session()
    for text in ("SET standard_conforming_strings = off", "BEGIN", "SAVEPOINT a", "SET standard_conforming_strings = on"):
        fine(w.ask(text))
    w.send(raw.query("ROLLBACK TO a"), raw.query(EMAIL_IN_A_STRING), raw.query("ROLLBACK"), raw.query(DROP_IN_A_STRING))
    safe(replies(w, 4))
    assert stands(cluster)


def test_settings_undone_by_a_rollback_in_the_middle_of_a_text(session, cluster):
    w = session()
    for text in ("SET standard_conforming_strings = off", "BEGIN", "SET standard_conforming_strings = on"):
        fine(w.ask(text))
    safe(w.ask("ROLLBACK; " + EMAIL_IN_A_STRING))
    w.ask("ROLLBACK")
    assert stands(cluster)


def test_honest_settings_work_one_by_one_and_in_pipelines(session):
    w = session()
    fine(w.ask("SET search_path = public, pg_catalog"))
    assert cells(fine(w.ask("SELECT id FROM customers WHERE id = 1"))) == [[b"1"]]
    w.send(raw.query("SET statement_timeout = '1min'"), raw.query("SET search_path = public"), raw.query("SELECT id FROM customers WHERE id = 2"))
    assert cells(fine(replies(w, 3))) == [[b"2"]]
    for text in ("BEGIN", "SET LOCAL statement_timeout = '5s'", "SELECT id FROM customers WHERE id = 3", "COMMIT"):
        fine(w.ask(text))
    fine(w.ask("BEGIN"))
    assert errors(w.ask("SELECT 1 / (id - 1) FROM orders WHERE id = 1")) == ["22012"]
    assert errors(w.ask("SELECT 1")) == ["25P02"]
    fine(w.ask("ROLLBACK"))
    assert cells(fine(w.ask("SELECT id FROM customers WHERE id = 4"))) == [[b"4"]]


def test_an_honest_set_inside_a_batch(session):
    w = session(database="open")
    w.send(piece("SET application_name = 'batch'"), piece("SELECT id FROM customers WHERE id = $1", b"1"), piece("SELECT $1::int", b"2"), raw.SYNC)
    assert cells(fine(w.until())) == [[b"1"], [b"2"]]
    w.send(piece("BEGIN"), piece("SET LOCAL statement_timeout = '5s'"), piece("SELECT id FROM customers WHERE id = 3"), piece("COMMIT"), raw.SYNC)
    assert cells(fine(w.until())) == [[b"3"]]


# -- names -----------------------------------------------------------------------------------------------------------

LONG = "x" * 63


def test_a_statement_name_that_the_server_cuts_is_not_another_name(session, cluster):
    w = session()
    w.send(raw.parse("DROP TABLE victim", LONG + "x"), raw.SYNC, raw.query(f'EXECUTE "{LONG}"'))
    replies(w, 2)
    assert stands(cluster)
    w = session()
    w.send(raw.parse("SELECT 1", LONG + "A"), raw.SYNC, raw.close("S", LONG + "B"), raw.parse("DROP TABLE victim", LONG + "B"), raw.SYNC,
           raw.bind(LONG + "A"), raw.execute(), raw.SYNC)
    replies(w, 3)
    assert stands(cluster)
    w.ask(f'PREPARE "{LONG}C" AS SELECT 1')
    w.send(raw.close("S", LONG + "D"), raw.parse("DROP TABLE victim", LONG), raw.SYNC, raw.query(f'EXECUTE "{LONG}E"'))
    replies(w, 2)
    assert stands(cluster)


def test_a_portal_name_that_the_server_cuts_is_not_another_name(session):
    w = session()
    fine(w.ask("BEGIN"))
    w.send(raw.parse("SELECT city FROM customers", "a"), raw.parse("SELECT email FROM customers", "b"), raw.bind("a", LONG + "A"), raw.SYNC)
    w.until()
    w.send(raw.close("P", LONG + "B"), raw.bind("b", LONG + "B"), raw.SYNC, raw.execute(LONG + "A", 3), raw.SYNC)
    safe(replies(w, 2))


def test_a_name_of_as_many_bytes_as_the_server_keeps_works(session):
    w = session()
    w.send(raw.parse("SELECT id FROM customers WHERE id < 4", LONG), raw.bind(LONG, LONG), raw.execute(LONG, 2), raw.execute(LONG), raw.SYNC)
    assert len(cells(fine(w.until()))) == 3
    assert len(cells(fine(w.ask(f'EXECUTE "{LONG}"')))) == 3
    fine(w.ask(f'DEALLOCATE "{LONG}"'))
    assert errors(w.ask(f'EXECUTE "{LONG}"'))


def test_names_in_another_encoding_are_not_another_name(session, cluster):
    def named(name: bytes, text: bytes) -> bytes:
        return raw.frame("P", name + b"\0" + text + b"\0\0\0")

    w = session()
    w.ask("SET client_encoding = LATIN1")
    w.send(named(b"\xe9", b"SELECT 1"), raw.SYNC).until()
    w.ask("SET client_encoding = UTF8")
    w.send(raw.frame("C", b"S\xc3\xa9\0"), named(b"\xc3\xa9", b"DROP TABLE victim"), raw.SYNC).until()
    w.ask("SET client_encoding = LATIN1")
    w.send(raw.frame("B", b"\0\xe9\0" + struct.pack("!HHH", 0, 0, 0)), raw.execute(), raw.SYNC).until()
    assert stands(cluster)
    w.ask('EXECUTE "Ã©"')
    w.ask("SET client_encoding = UTF8")
    w.ask('EXECUTE "é"')
    assert stands(cluster)


@pytest.mark.parametrize("forget", ["DEALLOCATE ALL", "DEALLOCATE p", "DISCARD ALL"])
def test_forgetting_names_does_not_forget_what_was_sent_after_it(session, cluster, forget):
    w = session()
    fine(w.ask("PREPARE p AS SELECT 1"))
    w.send(raw.query(forget), raw.parse("DROP TABLE victim", "p"), raw.SYNC)
    replies(w, 2)
    w.ask("EXECUTE p")
    assert stands(cluster)
    w.send(raw.bind("p"), raw.execute(), raw.SYNC).until()
    assert stands(cluster)


def test_closing_a_statement_does_not_forget_what_was_sent_after_it(session, cluster):
    w = session()
    w.send(raw.parse("SELECT 1", "p"), raw.SYNC).until()
    w.send(raw.close("S", "p"), raw.parse("DROP TABLE victim", "p"), raw.close("S", "q"), raw.SYNC).until()
    w.ask("EXECUTE p")
    assert stands(cluster)
    w = session()
    w.send(raw.parse("SELECT 1", "p"), raw.SYNC, raw.close("S", "p"), raw.parse("DROP TABLE victim", "p"), raw.SYNC, raw.query("EXECUTE p"),
           raw.bind("p"), raw.execute(), raw.SYNC)
    replies(w, 4)
    assert stands(cluster)


def test_honest_reuse_of_a_name(session):
    w = session()
    w.send(raw.query("DEALLOCATE ALL"), raw.parse("SELECT id FROM customers WHERE id = $1", "p", (23,)), raw.bind("p", "", (b"7",)), raw.execute(), raw.SYNC)
    assert cells(fine(replies(w, 2))) == [[b"7"]]
    w.send(raw.close("S", "p"), raw.parse("SELECT email FROM customers WHERE id < 4", "p"), raw.bind("p"), raw.execute(), raw.SYNC)
    assert len(cells(safe(fine(w.until())))) == 3
    assert len(cells(safe(fine(w.ask("EXECUTE p"))))) == 3
    for text, count in (("DEALLOCATE p", 0), ("PREPARE p AS SELECT plan FROM customers WHERE id < 3", 0), ("EXECUTE p", 2), ("DEALLOCATE p", 0)):
        assert len(cells(fine(w.ask(text)))) == count
    assert errors(w.ask("EXECUTE p"))
    # Each of a pipeline's statements under the name's meaning at its place.
    w.send(raw.query("PREPARE q AS SELECT 1"), raw.query("EXECUTE q"), raw.query("DEALLOCATE q"), raw.query("PREPARE q AS SELECT email FROM customers WHERE id = 1"),
           raw.query("EXECUTE q"))
    got = safe(fine(replies(w, 5)))
    assert len(cells(got)) == 2 and cells(got)[0] == [b"1"]


def test_of_two_prepares_of_one_name_the_one_counts_that_the_server_took(session, cluster):
    w = session(database="open")
    w.send(raw.query("PREPARE p AS SELECT email FROM customers LIMIT 2"), raw.query("PREPARE p AS SELECT city FROM customers LIMIT 2"))
    assert errors(replies(w, 2)) == ["42P05"]
    w.ask("CREATE TABLE leak1 AS EXECUTE p")
    safe(w.ask("SELECT * FROM leak1"))
    assert not stands(cluster, "leak1") or not any("@example" in str(r) for r in cluster.sql("SELECT * FROM leak1", "shop"))
    assert len(cells(safe(fine(w.ask("EXECUTE p"))))) == 2
    # The same at once, and with the names made by Parse.
    w = session(database="open")
    w.send(raw.query("PREPARE p AS SELECT email FROM customers LIMIT 2"), raw.query("PREPARE p AS SELECT city FROM customers LIMIT 2"),
           raw.query("CREATE TABLE leak1 AS EXECUTE p"), raw.query("SELECT * FROM leak1"))
    safe(replies(w, 4))
    w = session(database="open")
    w.send(raw.parse("SELECT email FROM customers LIMIT 2", "p"), raw.SYNC, raw.parse("SELECT city FROM customers LIMIT 2", "p"), raw.SYNC,
           raw.query("CREATE TABLE leak1 AS EXECUTE p"), raw.query("SELECT * FROM leak1"))
    safe(replies(w, 4))
    assert not stands(cluster, "leak1") or not any("@example" in str(r) for r in cluster.sql("SELECT * FROM leak1", "shop"))


# -- portals and cursors ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("forget", ["CLOSE c", "CLOSE ALL"])
def test_a_cursor_declared_over_a_closed_portals_name_is_masked(session, forget):
    w = session()
    fine(w.ask("BEGIN"))
    w.send(raw.parse("SELECT city, country FROM customers"), raw.bind("", "c"), raw.SYNC).until()
    w.ask(forget)
    w.ask("DECLARE c CURSOR FOR SELECT email, full_name FROM customers")
    safe(w.send(raw.execute("c", 3), raw.SYNC).until())
    w.ask("ROLLBACK")
    # All of it at once.
    w.send(raw.query("BEGIN"), raw.parse("SELECT city, country FROM customers"), raw.bind("", "c"), raw.SYNC, raw.query(forget),
           raw.query("DECLARE c CURSOR FOR SELECT email, full_name FROM customers"), raw.execute("c", 3), raw.SYNC, raw.query("ROLLBACK"))
    safe(replies(w, 6))


def test_a_cursor_declared_after_a_rollback_to_a_savepoint_is_masked(session):
    w = session()
    fine(w.ask("BEGIN"))
    fine(w.ask("SAVEPOINT a"))
    w.send(raw.parse("SELECT city, country FROM customers"), raw.bind("", "c"), raw.SYNC).until()
    fine(w.ask("ROLLBACK TO a"))
    w.ask("DECLARE c CURSOR FOR SELECT email, full_name FROM customers")
    safe(w.send(raw.execute("c", 3), raw.SYNC).until())


def test_a_portal_of_fetch_does_not_run_on_a_cursor_that_was_swapped(session):
    w = session()
    fine(w.ask("BEGIN"))
    fine(w.ask("DECLARE k CURSOR FOR SELECT city FROM customers"))
    w.send(raw.parse("FETCH 3 FROM k", "f"), raw.bind("f", "pf"), raw.SYNC).until()
    w.ask("CLOSE k")
    w.ask("DECLARE k CURSOR FOR SELECT email FROM customers")
    safe(w.send(raw.execute("pf"), raw.SYNC).until())


@pytest.mark.parametrize("at_once", [False, True])
def test_a_portal_of_execute_does_not_run_a_statement_that_was_swapped(session, at_once):
    w = session()
    parts = [raw.query("BEGIN"), raw.query("PREPARE q AS SELECT city FROM customers LIMIT 3"), raw.parse("EXECUTE q", "f") + raw.bind("f", "pf") + raw.SYNC,
             raw.query("DEALLOCATE q"), raw.query("PREPARE q AS SELECT email FROM customers LIMIT 3"), raw.execute("pf") + raw.SYNC]
    if at_once:
        w.send(*parts)
        safe(replies(w, len(parts)))
    else:
        for part in parts:
            safe(w.send(part).until())


def test_honest_cursors_and_portals(session):
    w = session()
    fine(w.ask("BEGIN"))
    fine(w.ask("DECLARE k CURSOR FOR SELECT id, email FROM customers ORDER BY id"))
    assert [r[0] for r in cells(safe(fine(w.ask("FETCH 3 FROM k"))))] == [b"1", b"2", b"3"]
    w.send(raw.parse("FETCH 2 FROM k", "f"), raw.bind("f", "pf"), raw.execute("pf"), raw.SYNC)
    assert [r[0] for r in cells(safe(fine(w.until())))] == [b"4", b"5"]
    w.send(raw.bind("f"), raw.describe("P"), raw.execute(), raw.SYNC)
    assert [r[0] for r in cells(safe(fine(w.until())))] == [b"6", b"7"]
    fine(w.ask("CLOSE k"))
    fine(w.ask("DECLARE k CURSOR FOR SELECT id, card_number FROM cards ORDER BY id"))
    got = cells(fine(w.ask("FETCH 2 FROM k")))
    assert len(got) == 2 and not any(re.search(rb"\d{5}", r[1]) for r in got)
    # A portal that is read in parts, in several batches.
    w.send(raw.parse("SELECT id, email FROM customers ORDER BY id", "s"), raw.bind("s", "p"), raw.execute("p", 2), raw.SYNC)
    assert [r[0] for r in cells(safe(fine(w.until())))] == [b"1", b"2"]
    w.send(raw.execute("p", 2), raw.SYNC)
    assert [r[0] for r in cells(safe(fine(w.until())))] == [b"3", b"4"]
    w.send(raw.close("P", "p"), raw.bind("s", "p"), raw.execute("p", 1), raw.SYNC)
    assert [r[0] for r in cells(safe(fine(w.until())))] == [b"1"]
    fine(w.ask("COMMIT"))
    fine(w.ask("PREPARE q AS SELECT id, email FROM customers ORDER BY id LIMIT 2"))
    w.send(raw.parse("EXECUTE q"), raw.bind(), raw.describe("P"), raw.execute(), raw.SYNC)
    assert [r[0] for r in cells(safe(fine(w.until())))] == [b"1", b"2"]


# -- approvals -------------------------------------------------------------------------------------------------------

def test_an_approval_does_not_run_another_statement_of_that_name(session, cluster, console):
    w = session()
    w.send(raw.parse("CREATE TABLE harmless (i int)", "p"), raw.bind("p"), raw.execute(), raw.SYNC)
    console(f"SELECT approve({hold(w.until())}, 'ok')")
    w.send(raw.close("S", "p"), raw.parse("DROP TABLE victim", "p"), raw.SYNC, raw.bind("p"), raw.execute(), raw.SYNC)
    replies(w, 2)
    assert stands(cluster) and not stands(cluster, "harmless")
    # What was approved still runs, once.
    w.send(raw.close("S", "p"), raw.parse("CREATE TABLE harmless (i int)", "p"), raw.bind("p"), raw.execute(), raw.SYNC)
    fine(w.until())
    assert stands(cluster, "harmless")
    w.send(raw.bind("p"), raw.execute(), raw.SYNC)
    assert errors(w.until()) == ["TG001"]
    cluster.sql("DROP TABLE harmless", "shop")


def test_an_approval_of_execute_is_of_what_it_executes(session, cluster, console):
    def define(w, text):
        return w.send(raw.close("S", "p"), raw.parse(text, "p"), raw.SYNC).until()

    w = session("writer", "waits")
    harmless, harmful = "DELETE FROM small WHERE i = 1", "DELETE FROM small WHERE i > 1"
    define(w, harmless)
    n = hold(w.ask("EXECUTE p"))
    assert any(harmless in str(row) for row in console("SELECT * FROM held")), "the DBA is not shown what the name stands for"
    console(f"SELECT approve({n}, 'ok')")
    define(w, harmful)
    assert errors(w.ask("EXECUTE p")) == ["TG001"]
    assert len(cluster.sql("SELECT i FROM small", "shop")) == 5
    # As a pipeline.
    define(w, harmless)
    w.send(raw.close("S", "p"), raw.parse(harmful, "p"), raw.SYNC, raw.query("EXECUTE p"))
    replies(w, 2)
    assert len(cluster.sql("SELECT i FROM small", "shop")) == 5
    # What was approved runs.
    define(w, harmless)
    fine(w.ask("EXECUTE p"))
    assert cluster.sql("SELECT i FROM small ORDER BY i", "shop") == [(2,), (3,), (4,), (5,)]


def test_a_prepare_of_what_waits_waits_itself(session, cluster):
    w = session("writer", "waits")
    hold(w.ask("PREPARE p AS DELETE FROM small WHERE i > 1"))
    assert errors(w.ask("EXECUTE p")) == ["26000"]
    assert len(cluster.sql("SELECT i FROM small", "shop")) == 5


def test_an_approval_is_of_parameters_of_one_type(session, cluster, console):
    """The bytes "1" are another value as a bool."""
    text = "UPDATE words SET t = $1::text WHERE i = 1"

    def ask(w, oid: int):
        return w.send(raw.parse(text, "", (oid,)), raw.bind("", "", (b"1",)), raw.execute(), raw.SYNC).until()

    w = session("writer", "waits")
    console(f"SELECT approve({hold(ask(w, 23))}, 'ok')")
    assert errors(ask(w, 16)) == ["TG001"]
    assert cluster.sql("SELECT t FROM words", "shop") == [("one",)]
    fine(ask(w, 23))
    assert cluster.sql("SELECT t FROM words", "shop") == [("1",)]


def test_a_function_call_that_was_approved_can_run_or_is_refused_at_once(session, cluster, console):
    oid = cluster.sql("SELECT 'pg_advisory_lock(bigint)'::regprocedure::oid::int")[0][0]
    call = raw.frame("F", struct.pack("!IHHH", oid, 1, 1, 1) + struct.pack("!Iq", 8, 5) + struct.pack("!H", 1))
    w = session("writer", "bare")
    got = w.send(call).until()
    if errors(got) == ["TG001"]:
        console(f"SELECT approve({hold(got)}, 'ok')")
        assert raw.tags(w.send(call).until()) == "VZ"
    assert errors(got), raw.tags(got)
    assert cells(fine(w.ask("SELECT 1"))) == [[b"1"]]
    # As a statement it can be approved.
    n = hold(w.ask("SELECT pg_advisory_lock(6)"))
    console(f"SELECT approve({n}, 'ok')")
    fine(w.ask("SELECT pg_advisory_lock(6)"))


# -- what errors tell ------------------------------------------------------------------------------------------------

def test_sync_during_copy_keeps_replies_with_their_statements(session, cluster):
    plan = cluster.sql("SELECT plan FROM customers WHERE id = 1", "shop")
    w = session("writer")
    w.send(raw.query("COPY small FROM STDIN"), raw.SYNC, raw.frame("d", b"7\n"), raw.FLUSH, raw.SYNC, raw.frame("c", b""))
    assert raw.tags(fine(w.until())) == "GCZ"
    assert cells(fine(w.ask("SELECT 7"))) == [[b"7"]]
    assert errors(w.ask("SELECT 1 / (id - 1) FROM orders WHERE id = 1")) == ["22012"]
    w.send(raw.query("SELECT 1 / (id - 1) FROM orders WHERE id = 1"), raw.query("UPDATE customers SET plan = 'zz' WHERE id = 1"), raw.query("SELECT 8"))
    first, second, third = (safe(w.until()) for _ in range(3))
    assert errors(first) == ["22012"] and errors(second) == ["23514"] and cells(third) == [[b"8"]]
    fine(w.ask("SET search_path = public"))
    assert cells(fine(w.ask("SELECT i FROM small WHERE i = 7"))) == [[b"7"]]
    assert cluster.sql("SELECT plan FROM customers WHERE id = 1", "shop") == plan


def test_sync_during_a_copy_that_fails(session):
    w = session("writer")
    w.send(raw.query("COPY small FROM STDIN"), raw.SYNC, raw.frame("d", b"x\n"), raw.frame("c", b""))
    assert errors(w.until()) == ["22P02"]
    w.send(raw.query("COPY small FROM STDIN"), raw.SYNC, raw.frame("f", b"enough\0"))
    assert errors(w.until()) == ["57014"]
    w.send(raw.query("SELECT 1"), raw.query("UPDATE customers SET plan = 'zz' WHERE id = 1"), raw.query("SELECT 2"))
    got = safe(replies(w, 3))
    assert errors(got) == ["23514"] and cells(got) == [[b"1"], [b"2"]]


@pytest.fixture
def deferred(cluster, house):
    """A check at the end of the transaction that tells the row."""
    cluster.sql("""CREATE FUNCTION public.say() RETURNS trigger LANGUAGE plpgsql AS 'begin raise exception ''row %'', new; end';
        CREATE CONSTRAINT TRIGGER say AFTER UPDATE ON customers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.say()""", "shop")
    yield
    cluster.sql("DROP TRIGGER say ON customers; DROP FUNCTION say()", "shop")


UPDATE = "UPDATE customers SET city = 'x' WHERE id = 1"


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("road", ["simple", "batches", "one batch", "implicit"])
def test_the_error_of_a_pipelined_commit_is_scrubbed(session, deferred, road, before):
    w = session("writer")
    texts = ["SELECT 1"] * before + (["BEGIN", UPDATE, "COMMIT"] if road != "implicit" else [UPDATE])
    if road == "simple":
        w.send(*map(raw.query, texts))
    elif road == "batches":
        w.send(*(piece(t) + raw.SYNC for t in texts))
    else:
        w.send(*map(piece, texts), raw.SYNC)
    got = replies(w, len(texts) if road in ("simple", "batches") else 1)
    assert errors(got) == ["P0001"]
    assert not any(b"Jana" in m.body for m in safe(got))
    assert cells(fine(w.ask("SELECT 9"))) == [[b"9"]]


def test_the_error_of_a_commit_sent_later_is_scrubbed(session, deferred):
    w = session("writer")
    fine(w.ask("BEGIN"))
    fine(w.ask(UPDATE))
    w.send(raw.query("SELECT 1"), raw.query("COMMIT"))
    got = safe(replies(w, 2))
    assert errors(got) == ["P0001"] and not any(b"Jana" in m.body for m in got)


# -- waiting ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("first", ["PREPARE p AS SELECT 2", "SET search_path = public"])
@pytest.mark.parametrize("text", ["EXECUTE p", "SELECT 1"])
def test_a_statement_sent_into_a_copy_neither_hangs_nor_keeps_its_locks(session, cluster, first, text):
    """The server takes a Query within COPY FROM STDIN as its end, by an error."""
    def copies():
        return cluster.sql("SELECT pid FROM pg_stat_activity WHERE datname = 'shop' AND query LIKE 'COPY small%' AND state = 'active'")

    w = session("writer")
    fine(w.ask("PREPARE p AS SELECT 1") if first.startswith("SET") else w.ask("SELECT 1"))
    try:
        w.send(raw.query(first), raw.query("COPY small FROM STDIN"), raw.query(text))
        fine(w.until())
        hung = False
        try:
            assert errors(w.until())
        except raw.Closed:
            pass
        except TimeoutError:
            hung = True
        w.close()
        eventually(lambda: not copies(), what="the end of a session whose agent is gone")
        assert not hung
    finally:
        cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY small%' AND state = 'active'")
