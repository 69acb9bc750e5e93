"""A start that cannot be is refused with one clear line and an exit status, and leaves nothing behind."""
import os
import re
import signal
import socket
import subprocess

import psycopg
import pytest

from conftest import APP_PASSWORD, shop_files, shop_section
from rig import PATIENCE, raw
from rig.cluster import free_port
from rig.gateway import Gateway, binary, eventually
from rig.raw import Wire


def attempt(g: Gateway, *words: str, seconds: float = PATIENCE) -> subprocess.CompletedProcess:
    """`serve`, or another command, to its end. A server that does start is stopped, and its status is 0."""
    words = words or ("serve",)
    with open(g.dir / "out", "w+") as out, open(g.dir / "err", "w+") as err:
        p = subprocess.Popen([binary(), "--config", str(g.config), *words], stdout=out, stderr=err, cwd=g.dir, env=g.env)
        try:
            eventually(lambda: p.poll() is not None or "ready" in (g.dir / "out").read_text(), seconds, "an end, or the ready line")
        finally:
            if p.poll() is None:
                p.terminate()
            status = p.wait(PATIENCE)
    return subprocess.CompletedProcess(p.args, status, (g.dir / "out").read_text(), (g.dir / "err").read_text())


def refused(done: subprocess.CompletedProcess, status: int = 2) -> str:
    """Checks that it is one line, the right status, no ready line; returns the line."""
    assert "ready" not in done.stdout, done.stdout
    assert done.returncode == status, (done.returncode, done.stderr)
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert "panicked" not in done.stderr
    return lines[0]


@pytest.fixture
def config(cluster, new_gateway):
    """A gateway that was not started, and its config's text to spoil."""
    def make(change=lambda text: text, **more) -> Gateway:
        g = new_gateway(start=False, **more)
        g.config.write_text(change(g.config.read_text()))
        return g
    return make


def test_no_config_file(config):
    g = config()
    g.config.unlink()
    assert "tollgate.toml" in refused(attempt(g))


BROKEN = {
    "not-toml": (lambda t: t + "\n[databases\n", r"tollgate\.toml:\d+"),
    "unknown-key": (lambda t: t.replace("hold_wait", "hold_weight"), r"tollgate\.toml:\d+.*hold_weight.*hold_wait|hold_weight"),
    "unknown-top-key": (lambda t: "listn = 1\n" + t, "listn"),
    "wrong-type": (lambda t: t.replace('hold_wait = "30s"', "hold_wait = true"), r"tollgate\.toml:\d+"),
    "bad-duration": (lambda t: t.replace('"30s"', '"soon"'), "hold_wait|soon"),
    "bad-listen": (lambda t: t.replace("127.0.0.1:0", "nowhere"), "listen|nowhere"),
    "bad-url": (lambda t: re.sub(r'url = "[^"]*"', 'url = "http://x"', t), "url|http"),
    "no-url": (lambda t: re.sub(r"url = .*\n", "", t), "url"),
    "missing-variable": (lambda t: t.replace(APP_PASSWORD, "${TOLLGATE_NO_SUCH_VARIABLE}"), "TOLLGATE_NO_SUCH_VARIABLE"),
    "missing-policy": (lambda t: t.replace("agents.cedar", "nowhere.cedar"), r"nowhere\.cedar"),
    "missing-labels": (lambda t: t.replace("shop.labels.toml", "nowhere.toml"), r"nowhere\.toml"),
    "no-database": (lambda t: t.split("[databases")[0], "database"),
    "reserved-name": (lambda t: t.replace("[databases.shop]", "[databases.tollgate]"), "tollgate"),
    "missing-certificate": (lambda t: t.replace("[databases.shop]", '[tls]\ncert = "no.crt"\nkey = "no.key"\n[databases.shop]'), r"no\.crt"),
    "certificate-that-is-none": (lambda t: t.replace("[databases.shop]", '[tls]\ncert = "agents.cedar"\nkey = "agents.cedar"\n[databases.shop]'), r"agents\.cedar"),
    "all-addresses-without-tls": (lambda t: t.replace("127.0.0.1:0", "0.0.0.0:0"), "tls|TLS|loopback"),
}


@pytest.mark.parametrize("change,says", BROKEN.values(), ids=BROKEN.keys())
def test_a_bad_config(config, change, says):
    g = config(change)
    line = refused(attempt(g))
    assert re.search(says, line), line
    assert APP_PASSWORD not in line
    assert not (g.dir / "state").exists(), "nothing was begun"


BAD_POLICIES = {
    "syntax": "permit (principal, action, resource",
    "unknown-action": '@id("x") permit (principal, action == Tollgate::Action::"reed", resource);',
    "unknown-attribute": '@id("x") permit (principal, action, resource) when { context.has_were };',
    "no-id": "permit (principal, action, resource);",
    "twice-the-same-id": '@id("x") permit (principal, action, resource); @id("x") forbid (principal, action, resource);',
    "never-matches": '@id("x") permit (principal == Tollgate::Table::"x", action, resource);',
}


@pytest.mark.parametrize("text", BAD_POLICIES.values(), ids=BAD_POLICIES.keys())
def test_a_bad_policy(config, text):
    g = config(policies={"agents.cedar": text})
    done = attempt(g)
    assert done.returncode in (1, 2), done.stderr
    assert "ready" not in done.stdout and "panicked" not in done.stderr
    assert re.search(r"agents\.cedar:\d+", done.stderr), done.stderr
    check = attempt(g, "check")
    assert check.returncode in (1, 2) and "agents.cedar" in check.stdout + check.stderr


BAD_LABELS = {
    "unknown-mask": '[labels.a]\nmask = "blur"\n[columns]\n"public.customers.email" = "a"\n',
    "unknown-filter": '[labels.a]\nmask = "redact"\nfilter = "sometimes"\n',
    "unknown-label": '[columns]\n"public.customers.email" = "nobody"\n',
    "bad-pattern": '[labels.a]\nmask = "redact"\n[columns]\n"customers" = "a"\n',
    "unknown-key": '[labels.a]\nmask = "redact"\ncolour = "red"\n',
}


@pytest.mark.parametrize("text", BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_bad_labels(config, text):
    g = config(labels={"shop.labels.toml": text})
    done = attempt(g)
    assert done.returncode in (1, 2), (done.stdout, done.stderr)
    assert "ready" not in done.stdout and "shop.labels.toml" in done.stderr


def test_a_label_on_a_column_that_is_not_there_is_reported(config):
    """It may come with a later migration: no reason not to start, but nobody may believe that it protects something."""
    g = config(labels={"shop.labels.toml": '[labels.a]\nmask = "redact"\n[columns]\n"public.customers.emial" = "a"\n'})
    assert "emial" in attempt(g).stderr


def test_occupied_port(config):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        line = refused(attempt(config(lambda t: t.replace("127.0.0.1:0", f"127.0.0.1:{port}"))))
        assert str(port) in line


def test_unwritable_state_dir(config):
    g = config(lambda t: t.replace('state_dir = "state"', 'state_dir = "agents.cedar/state"'))
    assert "state" in refused(attempt(g))


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_read_only_state_dir(config):
    g = config()
    (g.dir / "state").mkdir(mode=0o500)
    assert "state" in refused(attempt(g))


def test_two_servers_on_one_state_dir(new_gateway):
    g = new_gateway()
    line = refused(attempt(g))
    assert "state" in line or "running" in line or "in use" in line
    with psycopg.connect(**g.grant().psycopg()) as conn:
        assert conn.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("spoil,says", [
    (lambda t: re.sub(r"127\.0\.0\.1:\d+/shop", f"127.0.0.1:{free_port()}/shop", t), "shop|refused"),
    (lambda t: t.replace(APP_PASSWORD, "not-the-password"), "shop|password"),
    (lambda t: re.sub(r"/shop\"", '/no_such_database"', t), "no_such_database|shop"),
    (lambda t: re.sub(r"@127\.0\.0\.1:", "@no-such-host.invalid:", t), "no-such-host|shop"),
    (lambda t: re.sub(r"/shop\"", '/shop?sslmode=verify-full"', t), "shop|TLS|SSL"),
], ids=["nobody-listens", "wrong-password", "no-such-database", "no-such-host", "no-tls-there"])
def test_unreachable_upstream(config, spoil, says):
    line = refused(attempt(config(spoil)))
    assert re.search(says, line), line
    assert APP_PASSWORD not in line and "not-the-password" not in line


@pytest.mark.parametrize("words", [["nonsense"], ["grant"], ["grant", "--database", "shop"], ["serve", "--frobnicate"], ["dba", "add"], ["replay", "x"]])
def test_usage_errors(config, words):
    done = attempt(config(), *words)
    assert done.returncode == 2 and done.stderr and "panicked" not in done.stderr


def test_grant_for_what_does_not_exist(config):
    g = config()
    for words in (["--database", "nosuch", "--role", "reader", "--ttl", "8h"], ["--database", "shop", "--role", "reader", "--ttl", "soon"],
                  ["--database", "tollgate", "--role", "reader", "--ttl", "8h"]):
        done = attempt(g, "grant", "--user", "a", "--agent", "b", *words)
        assert done.returncode == 2 and not done.stdout.startswith("postgres://"), (words, done)


COMMANDS = ["serve", "check", "grant", "dba", "sessions", "replay", "explain", "classify"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(command):
    done = subprocess.run([binary(), command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and f"tollgate {command}" in done.stdout


def test_check_of_a_good_config(config):
    done = attempt(config(), "check")
    assert done.returncode == 0, done.stderr


def test_grants_can_be_made_before_the_server_runs(config):
    g = config()
    link = g.grant()
    dana = g.dba("dana", password="long enough a password")
    g.start()
    with Wire(g.host, g.port).login(link.user, link.password, "shop") as w:
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"
    with Wire(g.host, g.port).login("dana", "long enough a password", "tollgate") as w:
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"
    assert dana.user == "dana"


@pytest.mark.parametrize("role,setup", [
    ("md5_user", "SET password_encryption = 'md5'; CREATE ROLE md5_user LOGIN PASSWORD 'p w/d'"),
    ("plain_user", "CREATE ROLE plain_user LOGIN PASSWORD 'p w/d'"),
    ("trusted_user", "CREATE ROLE trusted_user LOGIN"),
    ("scram_user", "CREATE ROLE scram_user LOGIN PASSWORD 'p w/d'"),
])
def test_upstream_logins(cluster, new_gateway, role, setup):
    cluster.sql(setup)
    password = "" if role == "trusted_user" else ":p%20w%2Fd"
    g = new_gateway(section={"url": f"postgres://{role}{password}@127.0.0.1:{cluster.port}/shop", "policies": ["agents.cedar"]})
    with psycopg.connect(**g.grant().psycopg()) as conn:
        assert conn.execute("SELECT current_user").fetchone() == (role,)


def test_upstream_by_tls(certificate, new_gateway):
    """sslmode up to verify-full against a server that has a certificate; channel binding with it."""
    import shutil
    from rig.cluster import Cluster
    own = Cluster()
    try:
        for name, path in zip(("server.crt", "server.key"), certificate):
            to = own.data / name
            shutil.copy(path, to)
            to.chmod(0o600)
            if own.run_as:
                os.chown(to, own.run_as["user"], own.run_as["group"])
        own.sql("ALTER SYSTEM SET ssl = on")
        own.sql(f"CREATE ROLE app LOGIN PASSWORD '{APP_PASSWORD}'")
        own.sql("CREATE DATABASE shop OWNER app")
        own.sql("SET ROLE app; CREATE TABLE customers (id int, email text); CREATE TABLE staff (email text, salary numeric, api_key text); "
                "CREATE TABLE cards (card_number text)", "shop")
        own.stop("fast")
        own.start()
        for mode, extra in (("disable", ""), ("prefer", ""), ("require", ""), ("verify-ca", f"&sslrootcert={certificate[0]}"),
                            ("verify-full", f"&sslrootcert={certificate[0]}")):
            g = new_gateway(section={"url": f"postgres://app:{APP_PASSWORD}@127.0.0.1:{own.port}/shop?sslmode={mode}{extra}"})
            with psycopg.connect(**g.grant().psycopg()) as conn:
                got = conn.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
                assert got == (mode != "disable",), mode
            g.remove()
        # A certificate that nobody vouches for is refused.
        g = new_gateway(section={"url": f"postgres://app:{APP_PASSWORD}@127.0.0.1:{own.port}/shop?sslmode=verify-full"}, start=False)
        refused(attempt(g))
    finally:
        own.remove()


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_a_signal_in_the_moment_of_the_ready_line_is_heard(config, first):
    """Whoever waits for that line may send one at once: a SIGHUP that nobody listens for ends a process."""
    g = config()
    for _ in range(6):
        p = subprocess.Popen([binary(), "--config", str(g.config), "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=g.dir, env=g.env)
        try:
            assert p.stdout.readline().startswith("ready")
            p.send_signal(first)
            p.terminate()
            assert p.wait(PATIENCE) == 0
        finally:
            p.kill()
            p.wait()
            p.stdout.close()


def test_reload_takes_new_policies_and_a_bad_file_leaves_the_old_ones(new_gateway):
    g = new_gateway()
    link, dana = g.grant(), g.dba("dana")
    path = g.dir / "agents.cedar"
    good = path.read_text()

    def may_read(conn) -> bool:
        try:
            conn.execute("SELECT count(*) FROM orders")
            return True
        except psycopg.errors.InsufficientPrivilege:
            return False

    with psycopg.connect(**link.psycopg()) as conn, psycopg.connect(**dana.psycopg()) as console:
        assert may_read(conn)
        path.write_text(good + '\n@id("closed") @reason("Closed for today") forbid (principal, action == Tollgate::Action::"read", resource);\n')
        g.process.send_signal(signal.SIGHUP)
        eventually(lambda: not may_read(conn), what="the new policy, in a session that was open")
        path.write_text("permit (this is not cedar")
        with pytest.raises(psycopg.Error):
            console.execute("RELOAD")
        assert not may_read(conn), "a bad file leaves the old policies in force"
        path.write_text(good)
        console.execute("RELOAD")
        assert may_read(conn)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
