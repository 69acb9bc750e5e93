"""The policies that ship, with what clients send of their own accord: nothing of it may hang, nothing of it may be denied."""
import os
import subprocess

import asyncpg
import psycopg
import pytest

from rig.cluster import postgres_bin
from rig.gateway import REPO, Gateway


@pytest.fixture(scope="module")
def shipped(cluster):
    """A gateway as a newcomer would set it up: the agents' policies and the demo's labels."""
    from conftest import shop_section
    with Gateway({"shop": shop_section(cluster, hold_wait="5s")}, policies={"agents.cedar": (REPO / "policies/agents.cedar").read_text()},
                 labels={"shop.labels.toml": (REPO / "fixtures/demo/shop.labels.toml").read_text()}) as g:
        yield g


@pytest.fixture(scope="module", params=["reader", "writer"])
def link(shipped, request):
    """Grants of both roles."""
    return shipped.grant(role=request.param, agent=f"shipped-{request.param}")


async def test_asyncpg_pool(link):
    async with asyncpg.create_pool(link.url, ssl=False, min_size=1, max_size=3) as pool:
        for n in range(6):
            assert await pool.fetchval("SELECT total FROM orders WHERE id = $1", n + 1) is not None
            assert await pool.fetchval("SELECT status FROM orders WHERE id = $1", n + 1) in ("new", "paid", "shipped", "delivered", "returned")
        async with pool.acquire() as conn, conn.transaction(readonly=True):
            assert len([r async for r in conn.cursor("SELECT id FROM orders WHERE id <= 50")]) == 50


def test_psycopg(link):
    with psycopg.connect(**link.psycopg(autocommit=False)) as conn:
        conn.read_only = True
        assert conn.execute("SELECT count(*) FROM orders").fetchone() == (20000,)
        with conn.transaction():
            assert conn.execute("SELECT name, attributes FROM products WHERE id = %s", (1,)).fetchone()[1]["in_stock"] is True
        with conn.cursor("c") as cur:
            assert len(cur.execute("SELECT id FROM orders LIMIT 500").fetchall()) == 500
        assert psycopg.types.TypeInfo.fetch(conn, "order_status") is not None


@pytest.mark.parametrize("command", [r"\d", r"\d customers", r"\d+ orders", r"\dt", r"\dn", r"\df", r"\dT", r"\l", r"\du", r"\di", r"\dv", r"\dx", r"\dp", r"\sf pg_notify", r"\encoding", r"\conninfo"])
def test_psqls_questions(shipped, link, command):
    done = subprocess.run([str(postgres_bin() / "psql"), "-X", "-c", command], capture_output=True, text=True, timeout=60, env={**shipped.env, **link.env()})
    assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr


def test_node_pg(shipped, link):
    modules = os.environ.get("TOLLGATE_NODE")
    if not modules:
        pytest.skip("node's pg is not installed (TOLLGATE_NODE)")
    text = """const { Pool } = require('pg'); const pool = new Pool({ max: 2 })
    ;(async () => { const all = await Promise.all([1, 2, 3, 4].map((n) => pool.query('SELECT id, email, born FROM customers WHERE id = $1', [n])))
      console.log(JSON.stringify(all.map((r) => r.rows[0].email))); await pool.end() })().catch((e) => { console.error(e); process.exit(1) })"""
    done = subprocess.run(["node", "-e", text], capture_output=True, text=True, timeout=60, env={**shipped.env, **link.env(), "NODE_PATH": modules})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("***@e***.") == 4


def test_jdbcs_questions(shipped, link, tmp_path):
    jar = os.environ.get("TOLLGATE_JDBC")
    if not jar:
        pytest.skip("the JDBC driver is not installed (TOLLGATE_JDBC)")
    (tmp_path / "Ask.java").write_text("""
import java.sql.*;
public class Ask { public static void main(String[] a) throws Exception { try (Connection c = DriverManager.getConnection(a[0], a[1], a[2])) {
  DatabaseMetaData d = c.getMetaData(); int n = 0;
  for (ResultSet r : new ResultSet[] {d.getTables(null, "public", "%", null), d.getColumns(null, "public", "customers", "%"), d.getIndexInfo(null, "public", "orders", false, true),
       d.getImportedKeys(null, "public", "orders"), d.getPrimaryKeys(null, "public", "orders"), d.getTypeInfo(), d.getSchemas()}) while (r.next()) n++;
  c.setReadOnly(true); System.out.println(n > 30); System.out.println(c.isValid(5)); } } }""")
    subprocess.run(["javac", "-d", str(tmp_path), str(tmp_path / "Ask.java")], check=True, capture_output=True, timeout=120)
    done = subprocess.run(["java", "-cp", f"{tmp_path}:{jar}", "Ask", f"jdbc:postgresql://{link.host}:{link.port}/{link.database}?sslmode=disable", link.user, link.password],
                          capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["true", "true"], done.stderr


def test_the_schema_changes_of_both_wait(link):
    with psycopg.connect(**link.psycopg()) as conn, pytest.raises(psycopg.Error) as caught:
        conn.execute("CREATE TABLE proposed (id int)")
    assert caught.value.sqlstate == "TG001"
