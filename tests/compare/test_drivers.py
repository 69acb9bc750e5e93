"""The same scenario with the same driver, directly and through: every value, type, error field and status must be equal."""
import difflib
import os
import subprocess
from pathlib import Path

import pytest

from compare import scenario_asyncpg, scenario_psycopg

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def clean(cluster):
    """Nothing is left of an earlier run."""
    cluster.sql("DROP OWNED BY plain_app CASCADE; GRANT ALL ON DATABASE plain TO plain_app", "plain")


def compare(direct: list[str], through: list[str], least: int):
    """Fails with a readable difference."""
    assert len(direct) >= least, "\n".join(direct[-5:])
    if direct != through:
        pytest.fail("\n".join(list(difflib.unified_diff(direct, through, "direct", "through", n=1, lineterm=""))[:60]), pytrace=False)


def test_psycopg(direct, through):
    arguments = [{k: v for k, v in link.psycopg().items() if k != "autocommit"} for link in (direct, through)]
    compare(scenario_psycopg.scenario(**arguments[0]), scenario_psycopg.scenario(**arguments[1]), 150)


async def test_asyncpg(direct, through):
    compare(await scenario_asyncpg.scenario(**direct.asyncpg()), await scenario_asyncpg.scenario(**through.asyncpg()), 60)


def test_node_pg(direct, through, open_gateway):
    modules = os.environ.get("TOLLGATE_NODE")
    if not modules:
        pytest.skip("node's pg is not installed (TOLLGATE_NODE)")

    def lines(link):
        done = subprocess.run(["node", str(HERE / "scenario_node.cjs")], capture_output=True, text=True, timeout=120, env={**open_gateway.env, **link.env(), "NODE_PATH": modules})
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
        return done.stdout.splitlines()
    compare(lines(direct), lines(through), 60)


def test_tokio_postgres(direct, through, open_gateway):
    client = os.environ.get("TOLLGATE_TOKIO")
    if not client:
        pytest.skip("tests/rust-client is not built (TOLLGATE_TOKIO)")

    def lines(link):
        done = subprocess.run([client], capture_output=True, text=True, timeout=120, env={**open_gateway.env, **link.env()})
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
        return done.stdout.splitlines()
    compare(lines(direct), lines(through), 30)


def test_jdbc(direct, through, open_gateway, tmp_path):
    jar = os.environ.get("TOLLGATE_JDBC")
    if not jar:
        pytest.skip("the JDBC driver is not installed (TOLLGATE_JDBC)")
    # Debian's driver needs its SCRAM implementation beside it.
    beside = [jar] + [str(p) for p in Path("/usr/share/java").glob("scram-*.jar")] + [str(p) for p in Path("/usr/share/java").glob("*stringprep*.jar")] \
        + [str(p) for p in Path("/usr/share/java").glob("*saslprep*.jar")]
    subprocess.run(["javac", "-cp", ":".join(beside), "-d", str(tmp_path), str(HERE / "Scenario.java")], check=True, capture_output=True, timeout=120)

    def lines(link):
        done = subprocess.run(["java", "-cp", ":".join([str(tmp_path), *beside]), "Scenario", f"jdbc:postgresql://{link.host}:{link.port}/{link.database}", link.user, link.password],
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout[-500:] + done.stderr[-2000:]
        return done.stdout.splitlines()
    compare(lines(direct), lines(through), 40)
