"""The extended protocol, pipelines, portals, COPY, notifications and cancel: the parts a proxy gets wrong first."""
import asyncio
import threading

import asyncpg
import psycopg
import pytest

from rig import PATIENCE, raw
from rig.gateway import eventually
from rig.raw import Wire


def session(gateway, link) -> Wire:
    """A raw session."""
    return Wire(gateway.host, gateway.port).login(link.user, link.password, link.database)


def piece(text: str, *values: bytes) -> bytes:
    """Parse, Bind, Describe, Execute."""
    return raw.parse(text) + raw.bind("", "", values) + raw.describe("P") + raw.execute()


# -- pipelines -------------------------------------------------------------------------------------------------------

def test_a_refusal_in_the_middle_of_a_pipeline(gateway, writer):
    with session(gateway, writer) as w:
        w.send(piece("SELECT 1"), raw.SYNC, piece("SELECT 2"), piece("DELETE FROM orders"), piece("SELECT 3"), raw.SYNC, piece("SELECT 4"), raw.SYNC)
        first, second, third = w.until(), w.until(), w.until()
        assert raw.tags(first) == "12TDCZ" and first[3].cells() == [b"1"]
        assert raw.tags(second) == "12TDCEZ" and second[3].cells() == [b"2"] and second[5].fields()["C"] == "42501"
        assert raw.tags(third) == "12TDCZ" and third[3].cells() == [b"4"]


def test_the_servers_own_error_in_the_middle_looks_the_same(gateway, writer):
    with session(gateway, writer) as w:
        w.send(piece("SELECT 2"), piece("SELECT 1 / (id - 1) FROM orders WHERE id = 1"), piece("SELECT 3"), raw.SYNC, piece("SELECT 4"), raw.SYNC)
        assert raw.tags(w.until()) in ("12TDC12TEZ", "12TDC1EZ")
        assert raw.tags(w.until()) == "12TDCZ"


def test_a_deep_pipeline_stays_in_step(gateway, writer):
    """Refusals sprinkled through a few hundred statements, all sent before the first reply is read."""
    out, expected = b"", []
    for n in range(300):
        if n % 7 == 3:
            out += piece("DELETE FROM orders") + raw.SYNC
            expected.append("E")
        else:
            out += piece("SELECT $1::int", str(n).encode()) + raw.SYNC
            expected.append(str(n).encode())
    with session(gateway, writer) as w:
        sender = threading.Thread(target=w.send, args=(out,))
        sender.start()
        for want in expected:
            got = w.until()
            if want == "E":
                assert raw.tags(got) == "EZ"
            else:
                assert raw.tags(got) == "12TDCZ" and got[3].cells() == [want]
        sender.join()


def test_psycopg_pipeline_mode(writer):
    with psycopg.connect(**writer.psycopg()) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            with conn.pipeline() as p:
                a = conn.execute("SELECT %s::int", (1,))
                p.sync()
                assert a.fetchone() == (1,)
                conn.execute("DELETE FROM orders")
                conn.execute("SELECT 2")
                p.sync()
        with conn.pipeline():
            cursors = [conn.execute("SELECT %s::int", (n,)) for n in range(100)]
        assert [c.fetchone()[0] for c in cursors] == list(range(100))
        conn.cursor().executemany("UPDATE orders SET note = note WHERE id = %s", [(n,) for n in range(1, 50)])


def test_flush_brings_replies_before_sync(gateway, reader):
    with session(gateway, reader) as w:
        w.send(raw.parse("SELECT 1", "s"), raw.describe("S", "s"), raw.FLUSH)
        assert [w.read().tag for _ in range(3)] == ["1", "t", "T"]
        w.send(raw.bind("s"), raw.execute(), raw.FLUSH)
        assert [w.read().tag for _ in range(3)] == ["2", "D", "C"]
        assert raw.tags(w.send(raw.SYNC).until()) == "Z"


def test_a_refusal_answers_flush_and_skips_to_sync(gateway, writer):
    with session(gateway, writer) as w:
        w.send(raw.parse("DELETE FROM orders"), raw.FLUSH)
        assert w.read().tag == "E"
        w.send(raw.bind(), raw.execute(), raw.describe("P"), raw.FLUSH, raw.SYNC)
        assert raw.tags(w.until()) == "Z"


def test_bytes_in_any_portion(gateway, reader):
    """A frame that comes a byte at a time is the same frame."""
    with session(gateway, reader) as w:
        for b in piece("SELECT 'byte by byte'") + raw.SYNC:
            w.send(bytes([b]))
        got = w.until()
        assert raw.tags(got) == "12TDCZ" and got[3].cells() == [b"byte by byte"]


@pytest.mark.parametrize("bad", [
    b"Q\x00\x00\x00\x02", b"Q\x7f\xff\xff\xff", b"Q\x00\x00\x00\x08abc", b"~\x00\x00\x00\x04", b"P\x00\x00\x00\x05x",
    b"B\x00\x00\x00\x0c\x00\x00\x00\x00\xff\xff\xff\xff", b"\x00" * 8,
], ids=["short", "2-gib", "unterminated", "unknown-tag", "parse", "bind-count", "zeros"])
def test_a_malformed_frame_ends_the_session_or_is_an_error(gateway, reader, bad):
    with session(gateway, reader) as w:
        w.send(bad, raw.SYNC)
        w.sock.shutdown(1)
        rest = b""
        try:
            while got := w.sock.recv(65536):
                rest += got
        except ConnectionResetError:
            pass
        assert not rest or rest[:1] in (b"E", b"N")
    with session(gateway, reader) as w:
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


LARGE = 5_000_000


@pytest.mark.parametrize("kind", ["row", "extended row", "copy row", "error", "notice", "function", "parameter", "query", "bind", "copy in"])
def test_frames_larger_than_any_buffer(open_gateway, through, kind):
    """Five megabytes in one message, of each kind that can be so long."""
    import struct
    text = f"repeat('x', {LARGE})"
    with session(open_gateway, through) as w:
        if kind == "row":
            got = w.ask(f"SELECT {text}, 1")
            assert raw.tags(got) == "TDCZ" and got[1].cells() == [b"x" * LARGE, b"1"]
        elif kind == "extended row":
            got = w.send(piece(f"SELECT {text}, 1"), raw.SYNC).until()
            assert raw.tags(got) == "12TDCZ" and len(got[3].cells()[0]) == LARGE
        elif kind == "copy row":
            got = w.ask(f"COPY (SELECT {text} FROM generate_series(1, 2)) TO STDOUT")
            assert raw.tags(got) == "HddcCZ" and len(got[1].body) == LARGE + 1
        elif kind in ("error", "notice"):
            level = {"error": "EXCEPTION", "notice": "NOTICE"}[kind]
            got = w.ask(f"DO $$ BEGIN RAISE {level} '%', {text}; END $$")
            assert raw.tags(got) == {"error": "EZ", "notice": "NCZ"}[kind] and len(got[0].fields()["M"]) == LARGE
        elif kind == "function":
            # repeat(text, int), oid 1622
            size = str(LARGE).encode()
            got = w.send(raw.frame("F", struct.pack("!IHHi", 1622, 0, 2, 1) + b"x" + struct.pack("!i", len(size)) + size + struct.pack("!H", 0))).until()
            assert raw.tags(got) == "VZ" and len(got[0].body) == LARGE + 4
        elif kind == "parameter":
            got = w.ask("SELECT set_config('application_name', 'x', false)")
            assert raw.tags(got) == "TDCSZ"
        elif kind == "query":
            got = w.ask(f"SELECT length('{'y' * LARGE}')")
            assert raw.tags(got) in ("TDCZ", "EZ") and (got[0].tag == "E" or got[1].cells() == [str(LARGE).encode()])
        elif kind == "bind":
            got = w.send(raw.parse("SELECT length($1)", "", (25,)), raw.bind("", "", (b"y" * LARGE,)), raw.execute(), raw.SYNC).until()
            assert raw.tags(got) == "12DCZ" and got[2].cells() == [str(LARGE).encode()]
        elif kind == "copy in":
            w.ask("CREATE TEMP TABLE large (t text)")
            w.send(raw.query("COPY large FROM STDIN"), raw.frame("d", b"y" * LARGE + b"\n"), raw.frame("c", b""))
            assert raw.tags(w.until()) == "GCZ"
            assert w.ask("SELECT length(t) FROM large")[1].cells() == [str(LARGE).encode()]
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


def test_masked_cells_larger_than_any_buffer(gateway, writer, cluster):
    cluster.sql(f"SET ROLE app; CREATE TABLE wide (id int, api_key text, body text); INSERT INTO wide SELECT n, repeat('sk_live_', {LARGE // 8}), repeat('b', {LARGE}) "
                "FROM generate_series(1, 3) AS n", "shop")
    try:
        with session(gateway, writer) as w:
            got = eventually(lambda: (g := w.ask("SELECT id, api_key, body, api_key FROM wide ORDER BY id")) and g[0].tag == "T" and g, what="the new table to be known")
            assert raw.tags(got) == "TDDDCZ"
            for m in got[1:4]:
                cells = m.cells()
                assert b"sk_live" not in cells[1] and cells[3] == cells[1] and cells[2] == b"b" * LARGE
    finally:
        cluster.sql("DROP TABLE wide", "shop")


# -- portals -----------------------------------------------------------------------------------------------------------

def test_portals_with_row_limits(gateway, reader):
    with session(gateway, reader) as w:
        w.send(raw.query("BEGIN")).until()
        w.send(raw.parse("SELECT id FROM orders ORDER BY id"), raw.bind("", "p"), raw.execute("p", 3), raw.SYNC)
        assert raw.tags(w.until()) == "12DDDsZ"
        w.send(raw.execute("p", 2), raw.SYNC)
        got = w.until()
        assert raw.tags(got) == "DDsZ" and got[0].cells() == [b"4"]
        w.send(raw.parse("SELECT 'another'"), raw.bind(), raw.execute(), raw.execute("p", 1), raw.close("P", "p"), raw.SYNC)
        assert raw.tags(w.until()) == "12DCDs3Z"
        w.send(raw.execute("p", 1), raw.SYNC)
        assert w.until()[0].fields()["C"] == "34000"
        w.ask("ROLLBACK")


async def test_asyncpg_cursors(reader):
    conn = await asyncpg.connect(**reader.asyncpg())
    try:
        async with conn.transaction():
            cur = await conn.cursor("SELECT id FROM orders ORDER BY id")
            assert [r[0] for r in await cur.fetch(10)] == list(range(1, 11))
            await cur.forward(90)
            assert (await cur.fetchrow())[0] == 101
            seen = 0
            async for _ in conn.cursor("SELECT id, customer_id FROM orders", prefetch=77):
                seen += 1
            assert seen == 20000
    finally:
        await conn.close()


def test_psycopg_server_side_cursor(reader):
    with psycopg.connect(**reader.psycopg(autocommit=False)) as conn, conn.cursor("named") as cur:
        cur.itersize = 500
        cur.execute("SELECT id FROM orders ORDER BY id")
        assert sum(r[0] for r in cur) == 20000 * 20001 // 2


def test_named_statements_survive_and_close(gateway, reader):
    with session(gateway, reader) as w:
        w.send(raw.parse("SELECT $1::int * 2", "twice"), raw.SYNC).until()
        for n in range(20):
            got = w.send(raw.bind("twice", "", (str(n).encode(),)), raw.execute(), raw.SYNC).until()
            assert got[1].cells() == [str(n * 2).encode()]
        # A name in use is an error of the server's, and stays one.
        got = w.send(raw.parse("SELECT 1", "twice"), raw.SYNC).until()
        assert got[0].fields()["C"] == "42P05"
        got = w.send(raw.bind("twice", "", (b"4",)), raw.execute(), raw.SYNC).until()
        assert raw.tags(got) == "2DCZ" and got[1].cells() == [b"8"]
        w.send(raw.close("S", "twice"), raw.SYNC).until()
        assert w.send(raw.bind("twice", "", (b"1",)), raw.SYNC).until()[0].fields()["C"] == "26000"


def test_an_error_between_parse_and_the_reply_does_not_leave_a_phantom_statement(gateway, writer):
    """The server skips a Parse that comes after an error; the gateway's book must not have it either."""
    with session(gateway, writer) as w:
        got = w.send(piece("SELECT 1 / 0"), raw.parse("SELECT email FROM customers", "ghost"), raw.SYNC).until()
        assert "E" in raw.tags(got)
        assert w.send(raw.bind("ghost"), raw.execute(), raw.SYNC).until()[0].fields()["C"] == "26000"
        got = w.send(raw.parse("SELECT plan FROM customers WHERE id = 1", "ghost"), raw.bind("ghost"), raw.execute(), raw.SYNC).until()
        assert raw.tags(got) == "12DCZ"


# -- COPY ----------------------------------------------------------------------------------------------------------------

def test_copy_both_ways(writer, cluster):
    cluster.sql("SET ROLE app; CREATE TABLE copied (id int, body text)", "shop")
    try:
        with psycopg.connect(**writer.psycopg()) as conn:
            with conn.cursor().copy("COPY copied FROM STDIN") as copy:
                for n in range(50000):
                    copy.write_row((n, f"line {n}\twith a tab\nand a newline"))
            assert conn.execute("SELECT count(*), max(id) FROM copied").fetchone() == (50000, 49999)
            with conn.cursor().copy("COPY copied TO STDOUT (FORMAT binary)") as copy:
                copy.set_types(["int4", "text"])
                rows = list(copy.rows())
            assert len(rows) == 50000 and rows[9][1] == "line 9\twith a tab\nand a newline"
            with pytest.raises(psycopg.errors.BadCopyFileFormat), conn.cursor().copy("COPY copied FROM STDIN") as copy:
                copy.write(b"not a number\tx\tand too many\n")
            with pytest.raises(ZeroDivisionError), conn.cursor().copy("COPY copied FROM STDIN") as copy:
                copy.write(b"1\tx\n")
                raise ZeroDivisionError
            assert conn.execute("SELECT count(*) FROM copied").fetchone() == (50000,)
    finally:
        cluster.sql("DROP TABLE copied", "shop")


async def test_asyncpg_copy(writer, cluster):
    cluster.sql("SET ROLE app; CREATE TABLE copied (id int, body text)", "shop")
    conn = await asyncpg.connect(**writer.asyncpg())
    try:
        assert await conn.copy_records_to_table("copied", records=[(n, str(n)) for n in range(1000)]) == "COPY 1000"
        got = bytearray()

        async def take(data):
            got.extend(data)
        assert await conn.copy_from_query("SELECT id FROM copied WHERE id < 3 ORDER BY id", output=take) == "COPY 3"
        assert bytes(got) == b"0\n1\n2\n"
    finally:
        await conn.close()
        cluster.sql("DROP TABLE copied", "shop")


def test_copy_in_ends_by_copyfail_and_by_sync(gateway, writer, cluster):
    cluster.sql("SET ROLE app; CREATE TABLE copied (id int)", "shop")
    try:
        with session(gateway, writer) as w:
            w.send(raw.query("COPY copied FROM STDIN"))
            assert w.read().tag == "G"
            w.send(raw.frame("d", b"1\n2\n"), raw.frame("f", b"changed my mind\0"))
            got = w.until()
            assert raw.tags(got) == "EZ" and got[0].fields()["C"] == "57014"
            # Extended: an error in COPY skips to Sync, which the server then answers.
            w.send(raw.parse("COPY copied FROM STDIN"), raw.bind(), raw.execute(), raw.FLUSH)
            assert [w.read().tag for _ in range(3)] == ["1", "2", "G"]
            w.send(raw.frame("d", b"7\n"), raw.frame("c", b""), raw.SYNC)
            assert raw.tags(w.until()) == "CZ"
            assert raw.tags(w.ask("SELECT count(*) FROM copied")) == "TDCZ"
    finally:
        cluster.sql("DROP TABLE copied", "shop")


# -- LISTEN and NOTIFY --------------------------------------------------------------------------------------------------

def test_notifications_are_passed_on(writer, reader):
    with psycopg.connect(**reader.psycopg()) as listener, psycopg.connect(**writer.psycopg()) as speaker:
        listener.execute("LISTEN shop_events")
        speaker.execute("NOTIFY shop_events, 'first'")
        speaker.execute("SELECT pg_notify('shop_events', 'second')")
        got = [n.payload for n in listener.notifies(timeout=PATIENCE, stop_after=2)]
        assert got == ["first", "second"]


async def test_asyncpg_listeners(writer):
    conn = await asyncpg.connect(**writer.asyncpg())
    try:
        heard = asyncio.get_running_loop().create_future()
        await conn.add_listener("async_events", lambda *a: heard.done() or heard.set_result(a[3]))
        await conn.execute("NOTIFY async_events, 'hello'")
        assert await asyncio.wait_for(heard, PATIENCE) == "hello"
    finally:
        await conn.close()


def test_notices_are_passed_on_in_place(gateway, writer, cluster):
    with session(gateway, writer) as w:
        got = w.send(raw.query("DROP TABLE IF EXISTS nosuch_a")).send(b"")
        m = got.read()
        # DDL waits: it is the gateway's own notice. The reader's warning below is the server's.
        assert m.tag == "N"
    with session(gateway, writer) as w:
        got = w.ask("ROLLBACK")
        assert raw.tags(got) == "NCZ" and got[0].fields()["C"] == "25P01"


# -- cancel ----------------------------------------------------------------------------------------------------------------

def sleeping(cluster) -> int:
    """How many of the gateway's sessions sleep right now."""
    return cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state = 'active' AND query LIKE '%pg_sleep(60%'")[0][0]


def test_cancel_reaches_the_right_session_and_no_other(gateway, writer, cluster):
    with session(gateway, writer) as a, session(gateway, writer) as b:
        a.send(raw.query("SELECT pg_sleep(60)"))
        b.send(raw.query("SELECT pg_sleep(60)"))
        eventually(lambda: sleeping(cluster) == 2, what="two sleepers")
        with Wire(gateway.host, gateway.port) as c:
            c.send(raw.cancel_request(*a.key))
            assert c.closed()
        got = a.until()
        assert raw.tags(got)[-2:] == "EZ" and got[-2].fields()["C"] == "57014"
        assert sleeping(cluster) == 1
        with Wire(gateway.host, gateway.port) as c:
            c.send(raw.cancel_request(*b.key))
        got = b.until()
        assert got[-2].fields()["C"] == "57014"
        assert raw.tags(a.ask("SELECT 1")) == raw.tags(b.ask("SELECT 1")) == "TDCZ"


def test_a_guessed_key_cancels_nothing(gateway, writer, cluster):
    with session(gateway, writer) as a:
        a.send(raw.query("SELECT pg_sleep(60)"))
        eventually(lambda: sleeping(cluster) == 1, what="one sleeper")
        for pid, secret in ((a.key[0], b"\0\0\0\0"), (a.key[0], b""), (a.key[0], a.key[1] * 2), (a.key[0] ^ 1, a.key[1])):
            with Wire(gateway.host, gateway.port) as c:
                c.send(raw.cancel_request(pid, secret))
                assert c.closed()
        assert sleeping(cluster) == 1
        with Wire(gateway.host, gateway.port) as c:
            c.send(raw.cancel_request(*a.key))
        assert a.until()[-2].fields()["C"] == "57014"


@pytest.mark.parametrize("before, after", [("", "I"), ("BEGIN", "E")], ids=["alone", "in a transaction"])
@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize("how", ["cancel", "timeout"])
def test_what_cancels_the_gateways_own_question_cancels_the_statement_and_no_session(open_gateway, through, cluster, how, extended, before, after):
    """Before a statement the gateway may have to ask how it will be read, in the agent's session and under its time limit."""
    with session(open_gateway, through) as w, cluster.connect("plain") as other:
        for text in filter(None, (before, "SET search_path = public; SET statement_timeout = " + ("'100ms'" if how == "timeout" else "0"))):
            assert raw.tags(w.ask(text))[-2:] == "CZ"
        # What the question looks at is locked.
        other.execute("BEGIN; LOCK TABLE pg_catalog.pg_class")
        w.send(piece("SELECT 7") + raw.SYNC if extended else raw.query("SELECT 7"))
        if how == "cancel":
            eventually(lambda: other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'", (w.key[0],)).fetchall(), what="a question that waits")
            with Wire(open_gateway.host, open_gateway.port) as c:
                c.send(raw.cancel_request(*w.key))
                assert c.closed()
        got = w.until()
        assert raw.tags(got) == "EZ" and got[0].fields()["C"] == "57014" and got[1].body.decode() == after
        assert got[0].fields()["M"].endswith("statement timeout" if how == "timeout" else "user request")
        other.execute("COMMIT")
        # A busy machine may take longer for this, too.
        eventually(lambda: raw.tags(w.ask("ROLLBACK; RESET statement_timeout"))[-3:] == "CCZ", what="a session without the limit")
        assert w.ask("SELECT 7")[1].cells() == [b"7"]


def test_cancel_by_libpq_and_over_tls(reader, writer, cluster, certificate):
    with psycopg.connect(**writer.psycopg(sslmode="require")) as conn:
        t = threading.Timer(0, lambda: (eventually(lambda: sleeping(cluster) == 1), conn.cancel_safe(timeout=PATIENCE)))
        t.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            conn.execute("SELECT pg_sleep(60)")
        t.join()
        assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_asyncpg_timeout_cancels(writer):
    conn = await asyncpg.connect(**writer.asyncpg())
    try:
        with pytest.raises(TimeoutError):
            await conn.fetchval("SELECT pg_sleep(60)", timeout=0.5)
        assert await conn.fetchval("SELECT 1") == 1
    finally:
        await conn.close()


def test_the_agents_key_is_not_the_servers(gateway, writer, cluster):
    with session(gateway, writer) as w:
        pid = [m.cells()[0] for m in w.ask("SELECT pg_backend_pid()") if m.tag == "D"]
        assert pid and w.key[1] != b"\0\0\0\0"
