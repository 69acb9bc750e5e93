"""What asyncpg sees of a server, as lines of text."""
import asyncio
import datetime
import decimal
import io
import re
import uuid

import asyncpg

TYPED = [
    ("bool", True), ("int2", -3), ("int4", 4), ("int8", 2**62), ("float4", 0.5), ("float8", 1e300), ("numeric", decimal.Decimal("123456789.000000001")), ("text", "grüße 🐘"),
    ("varchar", "v"), ("char(5)", "c"), ("name", "n"), ("bytea", b"\x00\x01"), ("date", datetime.date(2024, 2, 29)), ("time", datetime.time(1, 2, 3)),
    ("timestamp", datetime.datetime(2024, 1, 1)), ("timestamptz", datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)), ("interval", datetime.timedelta(days=3, seconds=1)),
    ("uuid", uuid.UUID(int=9)), ("json", '{"a": 1}'), ("jsonb", '{"a": 1}'), ("int4[]", [1, None, 3]), ("text[]", [["a"], ["b"]]), ("int4range", asyncpg.Range(1, 9)),
    ("inet", "10.0.0.1"), ("point", asyncpg.Point(1, 2)), ("a_mood", "ok"), ("a_pair", (1, "x")), ("a_pair[]", [(1, "x"), (2, None)]), ("a_mood[]", ["ok", "sad"]), ("positive", 7),
    ("bit(4)", asyncpg.BitString("1010")), ("xid", 7), ("oid", 8), ("tid", (1, 2)), ("int4", None),
]


def failure(e: asyncpg.PostgresError) -> str:
    """All fields of an error."""
    return " | ".join(f"{k}={getattr(e, k, None)}" for k in ("severity", "sqlstate", "message", "detail", "hint", "position", "context", "table_name", "column_name",
                                                              "constraint_name", "server_source_filename", "server_source_line", "server_source_function")) + f" | {type(e).__name__}"


async def scenario(**connect) -> list[str]:
    """Lines."""
    out: list[str] = []
    say = lambda *words: out.append(" ".join(map(str, words)))
    conn = await asyncpg.connect(**connect)
    conn.add_log_listener(lambda c, m: say("log", m.severity, m.sqlstate, m.message))
    settings = conn.get_settings()
    say("settings", {k: getattr(settings, k) for k in sorted(dir(settings)) if not k.startswith("_") and isinstance(getattr(settings, k), str)})
    say("version", conn.get_server_version())
    await conn.execute("CREATE TYPE a_mood AS ENUM ('sad', 'ok'); CREATE TYPE a_pair AS (a int, b text); CREATE DOMAIN positive AS int CHECK (VALUE > 0); "
                       "CREATE TABLE a_t (id int PRIMARY KEY, v text, m a_mood, p a_pair)")
    for kind, value in TYPED:
        try:
            statement = await conn.prepare(f"SELECT $1::{kind} AS v")
            say("type", kind, statement.get_parameters(), statement.get_attributes(), repr(await statement.fetchval(value)), statement.get_statusmsg())
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TypeError, ValueError) as e:
            say("type", kind, type(e).__name__, e)
    for text, args in [("SELECT 1/$1::int", (0,)), ("SELECT nosuch", ()), ("SELEC", ()), ("INSERT INTO a_t (id) VALUES ($1), ($1)", (1,)), ("SELECT $1::positive", (-1,)),
                       ("SELECT $1::a_mood", ("glad",)), ("SELECT * FROM a_none", ()), ("", ()), ("SELECT 1; SELECT 2", ())]:
        try:
            say("ran", text, await conn.fetch(text, *args))
        except asyncpg.PostgresError as e:
            say("failed", text, failure(e))
    say("execute", await conn.execute("INSERT INTO a_t VALUES (1, 'x', 'ok', (1, 'a')), (2, NULL, NULL, NULL)"), await conn.fetch("SELECT * FROM a_t ORDER BY id"))
    say("many", await conn.executemany("INSERT INTO a_t (id, v) VALUES ($1, $2)", [(n, str(n)) for n in range(10, 40)]), await conn.fetchval("SELECT count(*) FROM a_t"))
    try:
        await conn.executemany("INSERT INTO a_t (id, v) VALUES ($1, $2)", [(100, "a"), (101, "b"), (100, "c")])
    except asyncpg.PostgresError as e:
        say("many failed", failure(e), await conn.fetchval("SELECT count(*) FROM a_t"))
    say("script", await conn.execute("SELECT 1; UPDATE a_t SET v = v WHERE id < 12; SELECT 2"))
    try:
        async with conn.transaction(isolation="serializable"):
            await conn.execute("INSERT INTO a_t (id) VALUES (500)")
            try:
                async with conn.transaction():
                    await conn.execute("INSERT INTO a_t (id) VALUES (500)")
            except asyncpg.UniqueViolationError as e:
                say("savepoint", failure(e))
            say("inside", await conn.fetchval("SELECT count(*) FROM a_t"), conn.is_in_transaction())
            cur = await conn.cursor("SELECT id FROM a_t ORDER BY id")
            say("cursor", await cur.fetch(3), await cur.forward(2), await cur.fetchrow())
            say("iterated", [r["id"] async for r in conn.cursor("SELECT id FROM a_t ORDER BY id", prefetch=4)])
            raise ZeroDivisionError
    except ZeroDivisionError:
        say("rolled back", await conn.fetchval("SELECT count(*) FROM a_t"))
    say("copy in", await conn.copy_records_to_table("a_t", records=[(n, f"c{n}") for n in range(1000, 1500)], columns=["id", "v"]))
    target = io.BytesIO()
    say("copy out", await conn.copy_from_query("SELECT id, v FROM a_t WHERE id > $1 ORDER BY id", 1490, output=target, format="csv"), target.getvalue())
    say("copy table", await conn.copy_from_table("a_t", output=io.BytesIO(), format="binary"))
    try:
        await conn.copy_to_table("a_t", source=io.BytesIO(b"x\ty\n"))
    except asyncpg.PostgresError as e:
        say("copy failed", failure(e))
    heard: asyncio.Future = asyncio.get_running_loop().create_future()
    await conn.add_listener("a_chan", lambda c, pid, channel, payload: heard.done() or heard.set_result((channel, payload)))
    await conn.execute("NOTIFY a_chan, 'hello'")
    say("heard", await asyncio.wait_for(heard, 60))
    await conn.execute("DO $$ BEGIN RAISE NOTICE 'noted'; END $$")
    try:
        await conn.fetch("SELECT pg_sleep(30)", timeout=0.3)
    except TimeoutError:
        say("timeout", await conn.fetchval("SELECT 'goes on'"))
    # The table changes under a prepared statement.
    statement = await conn.prepare("SELECT * FROM a_t WHERE id = $1")
    say("before", await statement.fetch(1))
    await conn.execute("ALTER TABLE a_t ADD COLUMN extra int DEFAULT 5")
    try:
        say("after", await statement.fetch(1))
    except asyncpg.PostgresError as e:
        say("after", failure(e))
    say("again", await conn.fetch("SELECT * FROM a_t WHERE id = $1", 1))
    await conn.execute("SET search_path = pg_catalog")
    await conn.reset()
    say("reset", await conn.fetchval("SHOW search_path"), await conn.fetchval("SELECT count(*) FROM pg_cursors"))
    await conn.execute("DROP TABLE a_t; DROP TYPE a_mood, a_pair; DROP DOMAIN positive")
    await conn.close()
    say("closed", conn.is_closed())
    async with asyncpg.create_pool(**connect, min_size=1, max_size=5) as pool:
        say("pool", sorted(await asyncio.gather(*(pool.fetchval("SELECT $1::int", n) for n in range(40)))))
    # The oids of types made here count up from run to run.
    return [re.sub(r"oid=\d{5,}", "oid=N", line) for line in out]
