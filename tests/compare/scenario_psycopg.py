"""What psycopg sees of a server, as lines of text. Run twice, directly and through the gateway, and compared."""
import datetime
import decimal
import ipaddress
import uuid

import psycopg
from psycopg.types.json import Json, Jsonb
from psycopg.types.range import Range

VALUES = [
    True, None, 0, 1, -1, 32767, 2**31 - 1, 2**63 - 1, 2**70, 1.5, float("inf"), decimal.Decimal("1.10"), decimal.Decimal("NaN"), "", "text", "grüße 日本 🐘", "it's \\ \"q\"",
    b"", b"\x00\xff", datetime.date(2024, 2, 29), datetime.time(1, 2, 3, 4), datetime.datetime(2024, 1, 1, 2, 3, 4, 5),
    datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), datetime.timedelta(days=-1, seconds=5), uuid.UUID(int=7), ipaddress.ip_address("10.0.0.1"),
    ipaddress.ip_network("10.0.0.0/8"), [1, 2, None], ["a", "b,c", None], [[1, 2], [3, 4]], Json({"a": [1]}), Jsonb({"b": None}), Range(1, 5), "x" * 100_000, list(range(5000)),
]

FAILING = ["SELECT 1/0", "SELECT nosuch", "SELEC", "SELECT 'x'::int", "INSERT INTO s_t VALUES (1, 'dup')", "SELECT * FROM s_none", "RAISE", "", "SELECT $1", "SET nosuch.x.y = 1 1"]


def described(cur) -> str:
    """Columns of a result as the driver tells them."""
    return str([(d.name, d.type_code, d.internal_size, d.precision, d.scale, d.null_ok) for d in cur.description or ()])


def failure(e: psycopg.Error) -> str:
    """All fields of an error."""
    d = e.diag
    return " | ".join(f"{k}={getattr(d, k)}" for k in ("severity", "severity_nonlocalized", "sqlstate", "message_primary", "message_detail", "message_hint", "statement_position",
                                                        "internal_position", "internal_query", "context", "schema_name", "table_name", "column_name", "datatype_name",
                                                        "constraint_name", "source_file", "source_line", "source_function")) + f" | {type(e).__name__}"


def scenario(**connect) -> list[str]:
    """Lines."""
    out: list[str] = []
    say = lambda *words: out.append(" ".join(map(str, words)))
    with psycopg.connect(**connect, autocommit=True) as conn:
        conn.add_notice_handler(lambda d: say("notice", d.severity, d.sqlstate, d.message_primary, d.message_detail, d.source_function))
        say("server", conn.info.server_version, conn.info.encoding, conn.info.timezone, conn.info.backend_pid > 0)
        for name in ("server_encoding", "client_encoding", "DateStyle", "IntervalStyle", "TimeZone", "integer_datetimes", "standard_conforming_strings", "is_superuser",
                     "session_authorization", "application_name", "in_hot_standby", "default_transaction_read_only"):
            say("parameter", name, conn.info.parameter_status(name))
        conn.execute("CREATE TABLE s_t (id int PRIMARY KEY, v text)")
        conn.execute("INSERT INTO s_t VALUES (1, 'one'), (2, 'two')")
        for value in VALUES:
            for binary in (False, True):
                for prepare in (False, True):
                    try:
                        cur = conn.execute("SELECT %s AS v", (value,), binary=binary, prepare=prepare)
                        got = cur.fetchone()[0]
                        say("value", type(value).__name__, binary, prepare, described(cur), hash_or(got), cur.statusmessage)
                    except psycopg.Error as e:
                        say("value", type(value).__name__, binary, prepare, failure(e))
        for text in FAILING:
            for prepare in (False, True):
                try:
                    cur = conn.execute(text, prepare=prepare)
                    say("ran", text, cur.statusmessage, cur.rowcount)
                except psycopg.Error as e:
                    say("failed", text, prepare, failure(e), conn.info.transaction_status.name)
        cur = conn.execute("SELECT 1; SELECT 'two' AS b, 2; UPDATE s_t SET v = v; SELECT 4 WHERE false")
        while True:
            say("set", cur.statusmessage, cur.rowcount, described(cur), cur.fetchall() if cur.description else None)
            if not cur.nextset():
                break
        with conn.transaction():
            say("status", conn.info.transaction_status.name)
            try:
                with conn.transaction():
                    conn.execute("INSERT INTO s_t VALUES (1, 'dup')")
            except psycopg.Error as e:
                say("nested", failure(e), conn.info.transaction_status.name)
            conn.execute("INSERT INTO s_t VALUES (3, 'three')")
            with conn.cursor("named", scrollable=True) as cur:
                cur.execute("SELECT n, n::text FROM generate_series(1, 1000) AS n")
                say("named", cur.fetchmany(3), cur.fetchone())
                cur.scroll(500)
                say("named", cur.fetchone(), len(cur.fetchall()), described(cur))
        with conn.pipeline() as p:
            cursors = [conn.execute("SELECT %s::int * 2, %s::text", (n, str(n))) for n in range(50)]
            p.sync()
            say("pipeline", [c.fetchone() for c in cursors])
        try:
            with conn.pipeline() as p:
                conn.execute("INSERT INTO s_t VALUES (4, 'four')")
                conn.execute("INSERT INTO s_t VALUES (1, 'dup')")
                conn.execute("INSERT INTO s_t VALUES (5, 'five')")
        except psycopg.Error as e:
            say("pipeline failed", failure(e), conn.info.transaction_status.name)
        say("after", conn.execute("SELECT array_agg(id ORDER BY id) FROM s_t").fetchone(), conn.info.transaction_status.name)
        with conn.cursor() as cur:
            cur.executemany("INSERT INTO s_t VALUES (%s, %s) RETURNING id", [(n, str(n)) for n in range(100, 120)], returning=True)
            got = []
            while True:
                got.append(cur.fetchone())
                if not cur.nextset():
                    break
            say("many", cur.rowcount, got)
            with cur.copy("COPY s_t FROM STDIN") as copy:
                for n in range(1000, 1100):
                    copy.write_row((n, "copied\t" + str(n)))
            say("copy in", cur.statusmessage)
            with cur.copy("COPY s_t TO STDOUT (FORMAT binary)") as copy:
                say("copy out", sum(len(bytes(b)) for b in copy))
            for bad in (b"x\ty\n", b"1\n"):
                try:
                    with cur.copy("COPY s_t FROM STDIN") as copy:
                        copy.write(bad)
                except psycopg.Error as e:
                    say("copy failed", failure(e), conn.info.transaction_status.name)
        for row in conn.cursor().stream("SELECT n FROM generate_series(1, 5) AS n"):
            say("stream", row)
        conn.execute("DO $$ BEGIN RAISE NOTICE 'n' USING DETAIL = 'd'; END $$")
        conn.execute("LISTEN s_chan")
        conn.execute("NOTIFY s_chan, 'p'")
        say("notify", [(n.channel, n.payload, n.pid == conn.info.backend_pid or "gateway") and (n.channel, n.payload) for n in conn.notifies(timeout=60, stop_after=1)])
        info = psycopg.types.TypeInfo.fetch(conn, "hstore") or psycopg.types.TypeInfo.fetch(conn, "int4range")
        say("type", info.name, info.oid, info.array_oid)
        for n in range(12):  # past psycopg's own threshold for preparing
            say("prepared", conn.execute("SELECT v FROM s_t WHERE id = %s", (n,)).fetchone())
        say("statements", conn.execute("SELECT count(*) > 0 FROM pg_prepared_statements").fetchone())
        conn.execute("DROP TABLE s_t")
        conn.execute("DEALLOCATE ALL")
        say("encoding", conn.execute("SET client_encoding = 'LATIN1'").statusmessage, conn.info.encoding, conn.execute("SELECT 'é'").fetchone())
        tpc = conn
        say("closed", tpc.closed)
    return out


def hash_or(value) -> str:
    """Long values shortened."""
    text = repr(value)
    return text if len(text) < 200 else f"{text[:50]}… {len(text)} {hash_bytes(text)}"


def hash_bytes(text: str) -> str:
    """A stable hash."""
    import hashlib
    return hashlib.sha256(text.encode()).hexdigest()[:16]
