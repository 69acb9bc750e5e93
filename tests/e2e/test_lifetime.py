"""Many sessions, and how they end: nothing is left on either side."""
import asyncio
import socket
import struct

import asyncpg
import psycopg
import pytest

from rig import raw
from rig.gateway import eventually
from rig.raw import Wire


def upstream_sessions(cluster, mark: str) -> int:
    """Sessions on the server with that application_name."""
    return cluster.sql(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{mark}'")[0][0]


def open_session(gateway, link, mark: str) -> Wire:
    """A raw session that can be told from others."""
    return Wire(gateway.host, gateway.port).login(link.user, link.password, link.database, application_name=mark)


async def test_200_concurrent_sessions(gateway, cluster, reader):
    async def one(n: int):
        conn = await asyncpg.connect(**reader.asyncpg(timeout=120), server_settings={"application_name": "crowd"})
        return n, conn
    crowd = await asyncio.gather(*(one(n) for n in range(200)))
    try:
        assert upstream_sessions(cluster, "crowd") == 200

        async def work(n, conn):
            for i in range(5):
                row = await conn.fetchrow("SELECT id, customer_id, $2::int AS mark FROM orders WHERE id = $1", n + 1, n * 10 + i)
                assert row["id"] == n + 1 and row["mark"] == n * 10 + i
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute("DELETE FROM orders")
            return await conn.fetchval("SELECT email FROM customers WHERE id = $1", n + 1)
        masked = await asyncio.gather(*(work(n, c) for n, c in crowd))
        assert all("***@e***." in m for m in masked)
    finally:
        await asyncio.gather(*(c.close() for _, c in crowd))
    eventually(lambda: upstream_sessions(cluster, "crowd") == 0, what="the end of all upstream sessions")


@pytest.mark.parametrize("how", ["terminate", "close", "reset"])
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_a_client_that_goes_takes_its_upstream_session_along(gateway, cluster, writer, how, busy):
    mark = f"gone-{how}-{busy}"
    w = open_session(gateway, writer, mark)
    if busy:
        w.send(raw.query("SELECT pg_sleep(60)"))
        eventually(lambda: cluster.sql(f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{mark}' AND state = 'active'"), what="the sleeper")
    if how == "terminate":
        w.send(raw.TERMINATE)
    if how == "reset":
        w.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    w.close()
    eventually(lambda: upstream_sessions(cluster, mark) == 0, what="the end of the upstream session")


def test_a_client_that_goes_inside_a_transaction_rolls_it_back(gateway, cluster, writer):
    w = open_session(gateway, writer, "half-way")
    w.ask("BEGIN")
    w.ask("UPDATE orders SET note = 'half' WHERE id = 1")
    w.close()
    eventually(lambda: upstream_sessions(cluster, "half-way") == 0, what="the end of the upstream session")
    assert cluster.sql("SELECT note FROM orders WHERE id = 1", "shop") == [(None,)]


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_an_upstream_session_that_dies_closes_the_clients(gateway, cluster, writer, busy):
    mark = f"killed-{busy}"
    with open_session(gateway, writer, mark) as w:
        if busy:
            w.send(raw.query("SELECT pg_sleep(60)"))
            eventually(lambda: cluster.sql(f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{mark}' AND state = 'active'"), what="the sleeper")
        cluster.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{mark}'")
        seen = []
        try:
            while True:
                seen.append(w.read())
        except raw.Closed:
            pass
        assert [m.fields()["C"] for m in seen if m.tag == "E"] == ["57P01"]


def test_the_server_stops_and_comes_back(new_gateway):
    from conftest import APP_PASSWORD
    from rig.cluster import Cluster
    own = Cluster()
    try:
        own.sql(f"CREATE ROLE app LOGIN PASSWORD '{APP_PASSWORD}'")
        own.sql("CREATE DATABASE shop OWNER app")
        own.sql("SET ROLE app; CREATE TABLE customers (id int, email text); CREATE TABLE staff (email text, salary numeric, api_key text); "
                "CREATE TABLE cards (card_number text)", "shop")
        g = new_gateway(section={"url": f"postgres://app:{APP_PASSWORD}@127.0.0.1:{own.port}/shop"})
        link = g.grant()
        w = open_session(g, link, "before")
        own.stop("fast")
        assert w.closed()
        with pytest.raises(raw.Refused) as caught:
            open_session(g, link, "meanwhile")
        assert caught.value.code and caught.value.code[:2] in ("08", "57"), caught.value.fields
        own.start()
        with eventually(lambda: try_open(g, link), what="a session after the restart") as again:
            assert raw.tags(again.ask("SELECT 1")) == "TDCZ"
    finally:
        own.remove()


def try_open(gateway, link):
    """A session, or None."""
    try:
        return open_session(gateway, link, "after")
    except (raw.Refused, raw.Closed, OSError):
        return None


def test_sigterm_ends_cleanly(new_gateway, cluster):
    g = new_gateway()
    link = g.grant()
    with open_session(g, link, "sigterm") as w:
        w.ask("SELECT 1")
        assert g.stop() == 0
        seen = []
        try:
            while True:
                seen.append(w.read())
        except (raw.Closed, ConnectionResetError):
            pass
        assert [m.fields()["C"] for m in seen if m.tag == "E"] == ["57P01"]
    eventually(lambda: upstream_sessions(cluster, "sigterm") == 0, what="the end of the upstream session")
    with pytest.raises(OSError):
        socket.create_connection((g.host, g.port), 2)


def test_a_connection_that_says_nothing_costs_nothing_upstream(gateway, cluster, reader):
    silent = [socket.create_connection((gateway.host, gateway.port)) for _ in range(100)]
    try:
        with psycopg.connect(**reader.psycopg()) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
    finally:
        for s in silent:
            s.close()


def test_backpressure_a_client_that_does_not_read_stops_the_server_sending(gateway, cluster, reader):
    """A gateway that buffered for it would grow with the result."""
    with open_session(gateway, reader, "slow") as w:
        before = rss(gateway.process.pid)
        w.send(raw.query("SELECT repeat('x', 1000) FROM generate_series(1, 300000)"))
        w.read()
        # The server waits for its client: from here on nobody moves.
        eventually(lambda: cluster.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'slow' AND wait_event = 'ClientWrite'"),
                   what="a server that waits for its client")
        grown = rss(gateway.process.pid) - before
        assert grown < 100 * 1024 * 1024, f"{grown} bytes for a client that does not read"
        count = sum(1 for m in w.until() if m.tag == "D")
        assert count == 300000


def rss(pid: int) -> int:
    """Resident memory in bytes."""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS"))
