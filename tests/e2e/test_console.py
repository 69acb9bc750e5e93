"""The DBA lives in psql."""
import subprocess
import threading

import psycopg
import pytest

from rig.cluster import postgres_bin
from rig.gateway import eventually
from rig.raw import Wire


def psql(gateway, link, *words, stdin: str | None = None) -> subprocess.CompletedProcess:
    """psql as the DBA."""
    return subprocess.run([str(postgres_bin() / "psql"), "-X", *words], capture_output=True, text=True, timeout=60, input=stdin,
                          env={**gateway.env, **link.env()})


RELATIONS = ["held", "holds", "sessions", "statements", "grants", "databases", "policies", "labels"]


@pytest.mark.parametrize("relation", RELATIONS)
def test_relations(dana, relation):
    with psycopg.connect(**dana.psycopg()) as conn:
        cur = conn.execute(f"SELECT * FROM {relation}")
        assert len(cur.description) > 1
        # What was asked before this may still be on its way into the log.
        eventually(lambda: conn.execute(f"SELECT count(*) FROM {relation}").fetchone()[0] == len(conn.execute(f"SELECT * FROM {relation}").fetchall()),
                   what="as many rows as are counted")


@pytest.mark.parametrize("command", [r"\dt", r"\d held", r"\l", r"\du", r"\df", r"\conninfo", r"\x", r"\d", r"\dn"])
def test_backslash_commands(gateway, dana, command):
    done = psql(gateway, dana, "-c", command)
    assert done.returncode == 0 and done.stdout and "ERROR" not in done.stderr, done.stderr


def test_dt_lists_the_relations(gateway, dana):
    done = psql(gateway, dana, "-A", "-t", "-c", r"\d")
    for relation in RELATIONS:
        assert f"|{relation}|" in done.stdout


def test_real_sql(gateway, dana, reader):
    with psycopg.connect(**reader.psycopg()) as agent, psycopg.connect(**dana.psycopg()) as conn:
        agent.execute("SELECT 1")
        got = conn.execute("SELECT agent, count(*) AS n FROM sessions GROUP BY agent HAVING count(*) > 0 ORDER BY n DESC, agent").fetchall()
        assert any(a == "reader" for a, _ in got)
        assert conn.execute("SELECT name FROM databases WHERE name = %s", ("shop",)).fetchone() == ("shop",)


def test_no_session_is_called_ended_while_it_begins(open_gateway, through):
    """It is in the log before its agent hears of it, and among the live ones before that."""
    mark, over = "just-coming", threading.Event()
    conn = psycopg.connect(**open_gateway.dba("dora").psycopg())

    def come():
        opened = []
        while not over.is_set() and len(opened) < 60:
            opened.append(Wire(open_gateway.host, open_gateway.port).login(through.user, through.password, through.database, application_name=mark))
        over.wait()
        for w in opened:
            w.close()
    threads = [threading.Thread(target=come) for _ in range(2)]
    with conn:
        for t in threads:
            t.start()
        try:
            ask = f"SELECT count(*), count(*) FILTER (WHERE state = 'ended') FROM sessions WHERE application = '{mark}'"
            while (got := conn.execute(ask).fetchone())[0] < 120:
                assert got[1] == 0
        finally:
            over.set()
            for t in threads:
                t.join()


def test_macros(gateway, dana):
    done = psql(gateway, dana, stdin="TABLE macros \\gset\n:held\n\\echo :approve\n")
    assert done.returncode == 0 and "ERROR" not in done.stderr and "APPROVE" in done.stdout


def test_gexec_and_gset(gateway, dana):
    done = psql(gateway, dana, "-A", "-t", stdin="SELECT count(*) AS n FROM databases \\gset\n\\echo :n\nSELECT 'SELECT 40 + 2' \\gexec\n")
    assert done.stdout.split() == ["1", "42"], (done.stdout, done.stderr)


def test_terminate(gateway, dana):
    link = gateway.grant(agent="doomed")
    with psycopg.connect(**link.psycopg()) as agent, psycopg.connect(**dana.psycopg()) as conn:
        agent.execute("SELECT 1")
        row = conn.execute("SELECT * FROM sessions WHERE agent = 'doomed'")
        number = row.fetchone()[[d.name for d in row.description].index("session" if "session" in [d.name for d in row.description] else "id")]
        conn.execute(f"TERMINATE {number}")
        with pytest.raises(psycopg.OperationalError):
            agent.execute("SELECT 1")


def test_replay_in_the_console(gateway, dana):
    link = gateway.grant(agent="shown")
    with psycopg.connect(**link.psycopg()) as agent, psycopg.connect(**dana.psycopg()) as conn:
        agent.execute("SELECT 'shown in the console'")
        cur = conn.execute("SELECT * FROM sessions WHERE agent = 'shown'")
        names = [d.name for d in cur.description]
        number = cur.fetchone()[names.index("session" if "session" in names else "id")]
        eventually(lambda: "shown in the console" in str(conn.execute(f"REPLAY {number}").fetchall()), what="the statement in the replay")


def test_an_error_leaves_the_console_usable(dana):
    with psycopg.connect(**dana.psycopg()) as conn:
        for text in ("SELECT * FROM nosuch", "APPROVE 999999 'x'", "SELEC", "DELETE FROM holds", "ATTACH DATABASE '/tmp/x' AS x", "SELECT readfile('/etc/passwd')",
                     "PRAGMA database_list"):
            with pytest.raises(psycopg.Error):
                conn.execute(text)
        assert conn.execute("SELECT 1").fetchone() == (1,)
