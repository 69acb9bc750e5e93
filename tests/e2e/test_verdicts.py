"""Allowed, denied, not understood: what the client is told, what state its session is in, what the server sees."""
import json

import asyncpg
import psycopg
import pytest
from psycopg.pq import TransactionStatus

from rig import raw
from rig.gateway import eventually
from rig.raw import Wire


def error(messages) -> dict:
    """The fields of the only ErrorResponse."""
    found = [m.fields() for m in messages if m.tag == "E"]
    assert len(found) == 1, raw.tags(messages)
    return found[0]


@pytest.fixture
def session(gateway, writer):
    """A raw session of the writer's."""
    with Wire(gateway.host, gateway.port).login(writer.user, writer.password, "shop") as w:
        yield w


@pytest.fixture
def reading(gateway, reader):
    """A raw session of the reader's."""
    with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop") as w:
        yield w


def test_a_denial_says_what_to_do_next(session):
    got = session.ask("DELETE FROM orders")
    assert raw.tags(got) == "EZ"
    e = error(got)
    assert (e["S"], e["V"], e["C"]) == ("ERROR", "ERROR", "42501")
    assert e["M"] == "denied by policy no-unbounded-writes: Add a WHERE clause that names the rows to change"
    assert "\n" not in e["D"]
    detail = json.loads(e["D"])
    assert detail["verdict"] == "denied" and detail["policy"] == "no-unbounded-writes"
    assert e.get("H")


def test_what_nothing_permits_is_denied(reading):
    for text in ("INSERT INTO orders VALUES (1)", "TRUNCATE orders", "DROP TABLE orders", "GRANT ALL ON orders TO public", "VACUUM",
                 "UPDATE orders SET note = '' WHERE id = 1", "CREATE ROLE r SUPERUSER", "LOCK TABLE orders", "ALTER SYSTEM SET work_mem = '1GB'",
                 "COPY orders FROM STDIN", "COPY orders TO '/tmp/x'", "COPY orders TO PROGRAM 'id'", "DO $$ BEGIN PERFORM 1; END $$"):
        e = error(reading.ask(text))
        assert e["C"] in ("42501", "TG003"), (text, e)
        assert e["M"].startswith(("denied by policy ", "not understood: ")), (text, e)


# What runs is not what the first word says.
DISGUISED = [
    "WITH x AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM x",
    "EXPLAIN ANALYZE DELETE FROM orders WHERE id = 1",
    "SELECT * INTO stolen FROM orders",
    "CREATE TABLE stolen AS SELECT * FROM orders",
    "SELECT 1 END; DROP TABLE order_items",
    "SELECT 1; DELETE FROM orders WHERE id = 1",
    "PREPARE d AS DELETE FROM orders WHERE id = 1",
    "/* SELECT */ DELETE FROM orders WHERE id = 1",
    "SELECT pg_terminate_backend(pg_backend_pid())",
    "SELECT lo_create(0)",
    "SELECT setval('x', 1)",
    "SELECT pg_notify('a', 'b')",
    "SELECT set_config('session_replication_role', 'replica', false)",
    "SELECT * FROM orders FOR UPDATE",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT query_to_xml('DELETE FROM orders', true, true, '')",
    "DECLARE c CURSOR FOR SELECT * FROM orders FOR UPDATE",
    "SELECT U&'\\0041' UESCAPE '!' ; DELETE FROM orders",
    "SELECT E'\\'; DELETE FROM orders WHERE id = 1; --'",
    "SELECT 'a'\n'b'; DELETE FROM orders WHERE id = 1",
    "SELECT $a$;$a$; DELETE FROM orders WHERE id = 1",
    "MERGE INTO orders o USING staff s ON o.id = s.id WHEN MATCHED THEN DELETE",
    "CALL nosuch()",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
]


@pytest.mark.parametrize("text", DISGUISED)
def test_a_reader_cannot_disguise_an_effect(cluster, reading, text):
    # Temporary ones go with their sessions, and those of earlier tests may just be going.
    there = ("SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relpersistence <> 't'), "
             "(SELECT count(*) FROM pg_largeobject_metadata)")
    before = cluster.sql(there, "shop")
    got = reading.ask(text)
    # A text whose tail is inside a literal is one harmless SELECT; it must then run as just that.
    if raw.tags(got) != "TDCZ" or got[0].tag == "E":
        assert "E" in raw.tags(got), raw.tags(got)
        assert "D" not in raw.tags(got).split("E")[0] and "C" not in raw.tags(got).split("E")[0], "something ran before the refusal"
    assert before == cluster.sql(there, "shop")
    assert raw.tags(reading.ask("SELECT 1")) in ("TDCZ", "EZ")


NOT_UNDERSTOOD = ["SELEC 1", "SELECT FROM WHERE", "%&/()", "SELECT 1 1 1", "DROP", "EXECUTE IMMEDIATE 'DELETE FROM orders'", "SELECT (" * 3000 + "1"]


@pytest.mark.parametrize("text", NOT_UNDERSTOOD, ids=range(len(NOT_UNDERSTOOD)))
def test_what_cannot_be_parsed_is_refused_and_the_session_goes_on(reading, text):
    got = reading.ask(text)
    assert raw.tags(got) == "EZ"
    assert error(got)["C"] in ("TG003", "42601", "54001", "54000"), error(got)
    assert raw.tags(reading.ask("SELECT 1")) == "TDCZ"


def test_the_empty_query(reading):
    assert raw.tags(reading.ask("")) == "IZ"
    assert raw.tags(reading.ask(" -- nothing\n ;")) == "IZ"


def test_several_statements_are_judged_before_the_first_one_runs(cluster, session):
    got = session.ask("INSERT INTO order_items VALUES (1, 99, 1, 1, 1); DELETE FROM orders; SELECT 1")
    assert raw.tags(got) == "EZ" and error(got)["C"] == "42501"
    assert cluster.sql("SELECT count(*) FROM order_items WHERE line = 99", "shop") == [(0,)]


def test_several_allowed_statements_pass_as_one_text(session):
    got = session.ask("SELECT 1; SELECT 2; SHOW DateStyle; BEGIN; UPDATE orders SET note = note WHERE id = 1; ROLLBACK")
    assert raw.tags(got) == "TDCTDCTDCCCCZ"


def test_search_path_inside_the_text_is_followed(reading):
    got = reading.ask("SET search_path = pg_catalog; SELECT email FROM customers")
    assert "D" not in raw.tags(got).replace("TD", "TD", 1) or not any(b"@example" in m.body for m in got)
    assert not any(b"@example" in m.body for m in got)


# -- the transaction's state -------------------------------------------------------------------------------------------

def status(messages) -> bytes:
    """What ReadyForQuery says."""
    assert messages[-1].tag == "Z"
    return messages[-1].body


@pytest.mark.parametrize("denied", ["DELETE FROM orders", "SELECT lower(email) FROM customers", "TRUNCATE orders"])
def test_a_denial_in_a_transaction_fails_it(cluster, session, denied):
    assert status(session.ask("BEGIN")) == b"T"
    assert status(session.ask("INSERT INTO order_items VALUES (1, 98, 1, 1, 1)")) == b"T"
    assert status(session.ask(denied)) == b"E"
    got = session.ask("SELECT 1")
    assert error(got)["C"] == "25P02" and status(got) == b"E"
    got = session.ask("COMMIT")
    assert raw.tags(got) == "CZ" and got[0].body == b"ROLLBACK\0" and status(got) == b"I"
    assert cluster.sql("SELECT count(*) FROM order_items WHERE line = 98", "shop") == [(0,)]


def test_a_denial_is_undone_by_rollback_to_savepoint(session):
    for text in ("BEGIN", "SAVEPOINT a"):
        assert status(session.ask(text)) == b"T"
    assert status(session.ask("DELETE FROM orders")) == b"E"
    assert status(session.ask("ROLLBACK TO a")) == b"T"
    assert raw.tags(session.ask("SELECT 1")) == "TDCZ"
    assert status(session.ask("COMMIT")) == b"I"


def test_a_denial_in_an_implicit_transaction_of_the_extended_protocol(cluster, session):
    """What ran before it in the same pipeline up to Sync is rolled back, as the server itself would do."""
    def piece(text):
        return raw.parse(text) + raw.bind() + raw.execute()
    got = session.send(piece("INSERT INTO order_items VALUES (1, 97, 1, 1, 1)"), piece("DELETE FROM orders"), piece("SELECT 1"), raw.SYNC).until()
    assert raw.tags(got) == "12CEZ" and status(got) == b"I"
    assert cluster.sql("SELECT count(*) FROM order_items WHERE line = 97", "shop") == [(0,)]


def test_psycopg_sees_a_failed_transaction(writer):
    with psycopg.connect(**writer.psycopg(autocommit=False)) as conn:
        conn.execute("SELECT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("DELETE FROM orders")
        assert conn.info.transaction_status == TransactionStatus.INERROR
        conn.rollback()
        assert conn.info.transaction_status == TransactionStatus.IDLE
        with conn.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
            conn.execute("UPDATE orders SET note = ''")
        assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_asyncpg_sees_a_failed_transaction(writer):
    conn = await asyncpg.connect(**writer.asyncpg())
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with conn.transaction():
                await conn.execute("SELECT 1")
                await conn.execute("DELETE FROM orders")
        assert not conn.is_in_transaction()
        assert await conn.fetchval("SELECT 1") == 1
    finally:
        await conn.close()


# -- prepared statements -----------------------------------------------------------------------------------------------

def test_a_denied_parse_leaves_no_statement(session):
    got = session.send(raw.parse("DELETE FROM orders", "d"), raw.SYNC).until()
    assert raw.tags(got) == "EZ"
    got = session.send(raw.bind("d"), raw.execute(), raw.SYNC).until()
    assert error(got)["C"] == "26000"


def test_a_prepared_statement_is_judged_again_when_it_runs(session):
    """Its meaning follows search_path, as on the server."""
    session.ask("SET search_path = public")
    assert raw.tags(session.send(raw.parse("SELECT contact_name FROM later_made", "s"), raw.SYNC).until()) == "EZ"
    assert raw.tags(session.send(raw.parse("SELECT count(*) FROM orders WHERE id < $1", "s", (20,)), raw.SYNC).until()) == "1Z"
    for _ in range(3):
        got = session.send(raw.bind("s", "", (b"11",)), raw.execute(), raw.SYNC).until()
        assert raw.tags(got) == "2DCZ" and got[1].cells() == [b"10"]


def test_sql_prepare_execute_deallocate(session):
    assert raw.tags(session.ask("PREPARE q (int) AS SELECT id FROM orders WHERE id = $1")) == "CZ"
    assert raw.tags(session.ask("EXECUTE q (7)")) == "TDCZ"
    assert raw.tags(session.ask("DEALLOCATE q")) == "CZ"
    assert error(session.ask("EXECUTE q (7)"))["C"] in ("26000", "TG003")
    got = session.ask("PREPARE d AS DELETE FROM orders")
    assert error(got)["C"] == "42501"


def test_the_function_call_message_is_refused_or_judged(reading):
    import struct
    # pg_terminate_backend(int, bigint), oid 2096, arguments as text
    body = struct.pack("!IHH", 2096, 0, 2) + struct.pack("!i", 1) + b"1" + struct.pack("!i", 1) + b"0" + struct.pack("!H", 0)
    got = reading.send(raw.frame("F", body)).until()
    assert "E" in raw.tags(got)
    assert raw.tags(reading.ask("SELECT 1")) == "TDCZ"


# -- the server's log ----------------------------------------------------------------------------------------------------

def test_a_refused_statement_never_reaches_the_server(cluster, gateway, writer):
    refused = ["DELETE FROM orders /* never-1 */", "SELECT lower(email) FROM customers /* never-2 */", "SELEC 1 /* never-3 */",
               "SELECT 'never-4'; DELETE FROM orders", "TRUNCATE orders /* never-5 */", "COPY customers TO STDOUT /* never-6 */"]
    with Wire(gateway.host, gateway.port).login(writer.user, writer.password, "shop") as w:
        for text in refused:
            assert "E" in raw.tags(w.ask(text)), text
            assert "E" in raw.tags(w.send(raw.parse(text), raw.bind(), raw.execute(), raw.SYNC).until()), text
        w.ask("SELECT 'this-one-arrived'")
    log = eventually(lambda: (t := cluster.log_text()) and "this-one-arrived" in t and t, what="the server's log")
    assert "never-" not in log


def test_a_very_long_statement(session):
    values = ",".join(f"({n})" for n in range(20000))
    got = session.ask(f"SELECT count(*) FROM (VALUES {values}) AS v (n)")
    # Either it is understood, or it is refused for its size: no third thing.
    assert raw.tags(got) in ("TDCZ", "EZ")
    assert raw.tags(session.ask("SELECT 1")) == "TDCZ"


# Readers read, in sessions that are their own; writers write.
READERS = """
@id("all-read") permit (principal, action in [Tollgate::Action::"read", Tollgate::Action::"session", Tollgate::Action::"copy-out"], resource);
@id("writers-write") permit (principal in Tollgate::Role::"writer", action, resource);
"""


def test_a_grant_that_cannot_write_is_read_only_at_the_server_too(new_gateway):
    with new_gateway(policies={"agents.cedar": READERS}) as g:
        def login(role, **more):
            link = g.grant(role=role)
            return Wire(g.host, g.port).login(link.user, link.password, "shop", **more)

        def read_only(wire):
            return [wire.ask(f"SHOW {name}")[1].cells()[0] for name in ("default_transaction_read_only", "transaction_read_only")]

        with login("writer") as w:
            assert read_only(w) == [b"off", b"off"]
        with login("reader") as w:
            assert read_only(w) == [b"on", b"on"]
            assert raw.tags(w.ask("SELECT count(*) FROM orders")) == "TDCZ"
            assert raw.tags(w.ask("COPY (SELECT id FROM orders) TO STDOUT"))[0] == "H"
            for text in ("SET default_transaction_read_only = off", "SET transaction_read_only = off", "BEGIN READ WRITE", "START TRANSACTION READ WRITE",
                         "SET TRANSACTION READ WRITE", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
                         "SELECT set_config('default_transaction_read_only', 'off', false)", "SELECT set_config('transaction_read_only', 'off', true)"):
                assert error(w.ask(text))["C"] == "42501", text
                assert read_only(w) == [b"on", b"on"], text
            for text in ("RESET default_transaction_read_only", "SET default_transaction_read_only TO DEFAULT", "RESET ALL", "DISCARD ALL",
                         "BEGIN", "COMMIT AND CHAIN", "ROLLBACK"):
                assert "E" not in raw.tags(w.ask(text)), text
                assert read_only(w) == [b"on", b"on"], text
