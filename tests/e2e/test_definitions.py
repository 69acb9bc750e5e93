"""Definitions that change while sessions are judged by them."""
import asyncio
import json
import threading

import asyncpg
import pytest

from rig import PATIENCE, raw
from rig.gateway import eventually


@pytest.fixture
async def sessions(through):
    """Makes sessions that may do anything; all are gone after the test."""
    made = []

    async def make():
        made.append(await asyncpg.connect(**through.asyncpg(timeout=60)))
        return made[-1]

    yield make
    for conn in made:
        conn.terminate()


@pytest.fixture
def locked(cluster):
    """A table and a view over it, of the test's own."""
    cluster.sql("CREATE TABLE lockable (id int); INSERT INTO lockable VALUES (1); CREATE VIEW over_lockable AS SELECT id FROM lockable;"
                "GRANT ALL ON lockable, over_lockable TO plain_app; ALTER TABLE lockable OWNER TO plain_app", "plain")
    yield
    cluster.sql("DROP TABLE lockable CASCADE", "plain")


async def test_a_lock_against_everyone_lets_others_be_judged(sessions, locked):
    """The server tells no view whose table is locked, and whoever holds the lock may wait for the gateway."""
    holder, other = await sessions(), await sessions()
    await holder.execute("BEGIN; LOCK TABLE lockable")
    await other.execute("CREATE TABLE made_meanwhile (i int)")
    try:
        async with asyncio.timeout(PATIENCE):
            assert await other.fetchval("SELECT count(*) FROM made_meanwhile") == 0
            assert await holder.fetchval("SELECT count(*) FROM over_lockable") == 1
            assert await holder.fetchval("SELECT count(*) FROM made_meanwhile") == 0
            await holder.execute("COMMIT")
            assert await other.fetchval("SELECT id FROM over_lockable") == 1
    finally:
        await other.execute("DROP TABLE made_meanwhile")


async def test_views_that_come_and_go_end_nobody_s_session(sessions, cluster):
    """What a snapshot has may be gone by the time the server is asked what it is."""
    over = threading.Event()

    def churn(name: str):
        with cluster.connect("plain") as conn:
            while not over.is_set():
                conn.execute(f"CREATE VIEW {name} AS SELECT 1 AS one")
                conn.execute(f"DROP VIEW {name}")
    busy = [asyncio.to_thread(churn, name) for name in ("coming", "going")]
    at_work = asyncio.gather(*busy)
    try:
        agent = await sessions()
        for _ in range(25):
            await agent.execute("CREATE TABLE made_meanwhile (i int)")
            assert await agent.fetchval("SELECT count(*) FROM made_meanwhile") == 0
            await agent.execute("DROP TABLE made_meanwhile")
            assert await (await sessions()).fetchval("SELECT 1") == 1
    finally:
        over.set()
        await at_work


def test_explain_waits_for_no_lock(open_gateway, cluster, locked):
    def reads():
        done = open_gateway.run("explain", "--json", "--database", "plain", "--role", "any", "SELECT id FROM over_lockable")
        return json.loads(done.stdout)["statements"][0]["reads"]
    with cluster.connect("plain") as conn:
        conn.execute("BEGIN")
        conn.execute("LOCK TABLE lockable")
        assert "public.lockable.id" not in reads()
        conn.execute("COMMIT")
    assert "public.lockable.id" in reads()


async def test_the_connection_that_definitions_are_read_on_may_be_ended(sessions, cluster, locked):
    """By somebody on the server, also in the middle of a look, and with it the session that a lock was taken in."""
    holder, other = await sessions(), await sessions()
    await holder.execute("BEGIN; LOCK TABLE lockable")
    own = await holder.fetchval("SELECT pg_backend_pid()")
    for mark in ("application_name = 'tollgate catalog'", f"pid = {own}"):
        await other.execute("CREATE TABLE made_meanwhile (i int)")
        eventually(lambda: cluster.sql(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'plain' AND {mark}")[0][0], what="a session to end")
        async with asyncio.timeout(PATIENCE):
            assert await other.fetchval("SELECT count(*) FROM made_meanwhile") == 0
            await other.execute("DROP TABLE made_meanwhile")
            await (await sessions()).fetchval("SELECT count(*) FROM lockable WHERE false" if "pid" in mark else "SELECT 1")


def test_a_parameter_s_declared_type_runs_what_that_type_runs(gateway, cluster, reader):
    """A Parse message can say that a parameter is of a domain, whose check somebody wrote; the text says nothing of it."""
    cluster.sql("""CREATE FUNCTION spy(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT 1'; RETURN true; END $$;
        CREATE DOMAIN watched AS text CHECK (spy(VALUE))""", "shop")
    try:
        watched = cluster.sql("SELECT 'watched'::regtype::oid::int", "shop")[0][0]
        with raw.Wire(gateway.host, gateway.port).login(reader.user, reader.password, reader.database) as w:
            def run(types: tuple[int, ...]) -> list[str]:
                w.send(raw.parse("SELECT $1", types=types), raw.bind(values=(b"x",)), raw.execute(), raw.SYNC)
                return [m.fields()["C"] for m in w.until() if m.tag == "E"]
            assert run((25,)) == []
            assert run((watched,)) == ["42501"]
    finally:
        cluster.sql("DROP DOMAIN watched; DROP FUNCTION spy", "shop")
