"""psql, directly and through a gateway that allows everything: a few hundred statements, the output compared byte for byte."""
import difflib
import re
import signal
import subprocess
from pathlib import Path

import pytest

from rig.cluster import postgres_bin
from rig.gateway import eventually

SCRIPTS = sorted((Path(__file__).parent / "psql").glob("*.sql"))


def environment(gateway, link) -> dict:
    """Nothing of the tester's own psql habits."""
    return {**gateway.env, **link.env(), "PSQLRC": "/dev/null", "PAGER": "", "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8", "TZ": "UTC", "PGTZ": "UTC"}


def run(gateway, cluster, link, script: Path, *words: str) -> bytes:
    """What psql prints, in the order it prints it."""
    cluster.sql("DROP OWNED BY plain_app CASCADE; GRANT ALL ON DATABASE plain TO plain_app", "plain")
    done = subprocess.run([str(postgres_bin() / "psql"), "-X", "-a", *words, "-f", str(script)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment(gateway, link), timeout=300)
    # The one thing that may differ: a process id.
    return re.sub(rb"server process with PID \d+", b"server process with PID N", done.stdout) + b"\nexit status %d\n" % done.returncode


def compare(direct: bytes, through: bytes):
    """Fails with a readable difference."""
    if direct != through:
        diff = difflib.unified_diff(direct.decode("utf-8", "replace").splitlines(), through.decode("utf-8", "replace").splitlines(), "direct", "through", n=2, lineterm="")
        pytest.fail("\n".join(list(diff)[:80]), pytrace=False)


@pytest.mark.parametrize("script", SCRIPTS, ids=[s.stem for s in SCRIPTS])
def test_script(open_gateway, cluster, direct, through, script):
    compare(run(open_gateway, cluster, direct, script), run(open_gateway, cluster, through, script))


@pytest.mark.parametrize("words", [("-1",), ("-v", "ON_ERROR_STOP=1"), ("-v", "FETCH_COUNT=3"), ("-S",), ("-A", "-t", "-R", "|")], ids=" ".join)
def test_psqls_modes(open_gateway, cluster, direct, through, words):
    script = SCRIPTS[2]
    compare(run(open_gateway, cluster, direct, script, *words), run(open_gateway, cluster, through, script, *words))


def test_the_comparison_is_large_enough():
    assert sum(line.rstrip().endswith(";") or line.startswith("\\") for s in SCRIPTS for line in s.read_text().splitlines()) > 500


def test_interrupted(open_gateway, cluster, direct, through):
    """Ctrl-C in psql: the statement is cancelled, the session goes on."""
    def interrupted(link) -> bytes:
        p = subprocess.Popen([str(postgres_bin() / "psql"), "-X", "-c", "SELECT pg_sleep(60) AS long", "-c", "SELECT 'goes on'"], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, env=environment(open_gateway, link), start_new_session=True)
        eventually(lambda: cluster.sql("SELECT 1 FROM pg_stat_activity WHERE usename = 'plain_app' AND state = 'active' AND query LIKE '%AS long%'"), what="the sleeper")
        p.send_signal(signal.SIGINT)
        out, _ = p.communicate(timeout=60)
        return out + b"exit status %d" % p.returncode
    compare(interrupted(direct), interrupted(through))


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench(open_gateway, cluster, direct, through, mode):
    """The same work is done, without errors, by the same number of transactions."""
    def bench(link) -> tuple:
        cluster.sql("DROP OWNED BY plain_app CASCADE; GRANT ALL ON DATABASE plain TO plain_app", "plain")
        env = environment(open_gateway, link)
        pgbench = str(postgres_bin() / "pgbench")
        init = subprocess.run([pgbench, "-i", "-s", "1", "-q"], capture_output=True, text=True, env=env, timeout=300)
        out = []
        for words in (["-n"], ["-n", "-S"], ["-n", "-N"]):
            done = subprocess.run([pgbench, "-M", mode, "-c", "4", "-j", "2", "-t", "50", "--random-seed=7", *words], capture_output=True, text=True, env=env, timeout=300)
            kept = [line for line in done.stdout.splitlines() if line.startswith(("transaction type", "query mode", "number of transactions", "number of failed"))]
            out.append((done.returncode, kept))
        # (abalance: every account was touched by what the history says)
        sums = cluster.sql("SELECT count(*), sum(delta) = (SELECT sum(bbalance) FROM pgbench_branches) FROM pgbench_history WHERE bid IS NOT NULL", "plain")
        return init.returncode, out, sums
    assert bench(direct) == bench(through)
