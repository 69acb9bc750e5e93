"""An agent changes nothing but its connection string: log-in, TLS, protocol versions, refusals before a session exists."""
import ssl
import struct
import subprocess

import asyncpg
import psycopg
import pytest

from rig import raw
from rig.gateway import eventually
from rig.raw import Refused, Wire


def psql(gateway, link, *words, **env):
    """psql through the gateway."""
    from rig.cluster import postgres_bin
    return subprocess.run([str(postgres_bin() / "psql"), "-X", "-A", "-t", *words], capture_output=True, text=True, timeout=60,
                          env={**gateway.env, **link.env(), **env})


def test_ready_line_has_the_address(gateway):
    assert len(gateway.stdout_lines) == 1, "serve prints one line"
    assert f"127.0.0.1:{gateway.port}" in gateway.ready_line


def test_the_connection_string_is_the_documented_one(gateway, reader):
    assert reader.user.startswith("reader."), reader.user
    assert len(reader.user.split(".")[1]) >= 6
    assert len(reader.password) >= 16
    assert (reader.host, reader.port, reader.database) == ("127.0.0.1", gateway.port, "shop")


def test_psql_by_url(gateway, reader):
    done = psql(gateway, reader, "-d", reader.url, "-c", "SELECT count(*) FROM orders")
    assert (done.returncode, done.stdout, done.stderr) == (0, "20000\n", "")


def test_psycopg(reader):
    with psycopg.connect(reader.url) as conn:
        assert conn.execute("SELECT %s::int + 1", (41,)).fetchone() == (42,)
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


async def test_asyncpg(reader):
    conn = await asyncpg.connect(reader.url, ssl=False)
    try:
        assert await conn.fetchval("SELECT $1::int + 1", 41) == 42
        # An enum: asyncpg reads its definition from the catalogue first.
        assert await conn.fetchval("SELECT status FROM orders WHERE id = 1") == "delivered"
    finally:
        await conn.close()


async def test_asyncpg_pool_resets_its_connections(writer):
    async with asyncpg.create_pool(writer.url, ssl=False, min_size=2, max_size=4) as pool:
        for n in range(8):
            assert await pool.fetchval("SELECT $1::int", n) == n


def test_parameters_are_the_servers(cluster, gateway, reader):
    theirs = Wire("127.0.0.1", cluster.port).login("app", "upstream-secret-of-the-app", "shop")
    ours = Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop")
    with theirs, ours:
        # Everything is what the server says; of a session that cannot write it says so.
        assert ours.parameters == {**theirs.parameters, "default_transaction_read_only": "on"}
        assert ours.key[0] != 0 and len(ours.key[1]) == 4


def test_startup_parameters_reach_the_server(gateway, reader):
    with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop", application_name="nightly",
                                                options="-c statement_timeout=12345", DateStyle="German") as w:
        assert w.parameters["application_name"] == "nightly"
        got = [m.cells()[0] for m in w.ask("SHOW statement_timeout") if m.tag == "D"]
        assert got == [b"12345ms"]


def test_the_agent_never_learns_the_upstream_secret(gateway, reader):
    seen = gateway.stderr() + "".join(gateway.stdout_lines)
    assert "upstream-secret-of-the-app" not in seen
    assert reader.password not in seen


# -- TLS -----------------------------------------------------------------------------------------------------------

def trusting(certificate) -> ssl.SSLContext:
    """A client's context that trusts the tests' certificate only."""
    return ssl.create_default_context(cafile=certificate[0])


@pytest.mark.parametrize("direct", [False, True], ids=["SSLRequest", "direct"])
def test_tls(gateway, reader, certificate, direct):
    with Wire(gateway.host, gateway.port).tls(trusting(certificate), direct=direct) as w:
        w.login(reader.user, reader.password, "shop")
        assert "SCRAM-SHA-256-PLUS" in w.mechanisms, "channel binding is offered over TLS"
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"
        if direct:
            assert w.sock.selected_alpn_protocol() == "postgresql"


def test_without_tls_no_channel_binding_is_offered(gateway, reader):
    with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop") as w:
        assert w.mechanisms == ["SCRAM-SHA-256"]


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_libpq_sslmodes(reader, certificate, mode):
    args = reader.psycopg(sslmode=mode, sslrootcert=certificate[0], channel_binding="require")
    if mode == "verify-full":
        args["host"], args["hostaddr"] = "localhost", "127.0.0.1"
    with psycopg.connect(**args) as conn:
        assert conn.pgconn.ssl_in_use
        assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_asyncpg_over_tls(reader, certificate):
    conn = await asyncpg.connect(**{**reader.asyncpg(ssl=trusting(certificate)), "host": "localhost"})
    try:
        assert await conn.fetchval("SELECT 1") == 1
    finally:
        await conn.close()


def test_bytes_smuggled_before_the_handshake_are_refused(gateway, certificate):
    # CVE-2021-23222: what a man in the middle put behind the SSLRequest must not be read as if it came encrypted.
    with Wire(gateway.host, gateway.port) as w:
        w.send(raw.SSL_REQUEST + raw.startup(user="x", database="shop"))
        assert w.take(1) in (b"S", b"E", b"N")
        assert w.closed()


# -- refusals before a session ---------------------------------------------------------------------------------------

def refusal(gateway, **parameters) -> dict:
    """The error a log-in ends with."""
    password = parameters.pop("password", "x")
    with Wire(gateway.host, gateway.port) as w, pytest.raises(Refused) as caught:
        w.login(parameters.pop("user"), password, parameters.pop("database", "shop"), **parameters)
    return caught.value.fields


def test_wrong_password(gateway, reader):
    fields = refusal(gateway, user=reader.user, password="wrong")
    assert (fields["S"], fields["C"]) == ("FATAL", "28P01")


def test_unknown_grant_looks_like_a_wrong_password(gateway, reader):
    wrong = refusal(gateway, user=reader.user, password="wrong")
    unknown = refusal(gateway, user="nobody.aaaaaa", password="wrong")
    assert unknown["C"] in ("28000", "28P01")
    # Nothing but the name may tell the two apart.
    assert wrong["M"].replace(reader.user, "X") == unknown["M"].replace("nobody.aaaaaa", "X") or unknown["C"] == "28000"


def test_no_password_over_libpq(gateway, reader):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**{**reader.psycopg(), "password": ""})


def test_another_database_than_the_grants(gateway, reader):
    fields = refusal(gateway, user=reader.user, password=reader.password, database="postgres")
    assert fields["C"] in ("28000", "3D000", "42501")


def test_a_grant_does_not_open_the_console(gateway, reader):
    fields = refusal(gateway, user=reader.user, password=reader.password, database="tollgate")
    assert fields["C"] in ("28000", "28P01", "42501")


def test_a_dba_does_not_open_a_database(gateway, dana):
    fields = refusal(gateway, user=dana.user, password=dana.password, database="shop")
    assert fields["C"] in ("28000", "28P01")


@pytest.mark.parametrize("value", ["true", "database", "1"])
def test_replication_is_refused(gateway, reader, value):
    fields = refusal(gateway, user=reader.user, password=reader.password, replication=value)
    assert fields["C"] in ("0A000", "28000", "42501"), fields


def test_options_cannot_smuggle_what_policy_relies_on(gateway, reader):
    # The server drops backslashes in `options`: what is judged must be what the server reads.
    fields = None
    try:
        with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop", options=r"-c sess\ion_replication_role=replica") as w:
            got = [m.cells()[0] for m in w.ask("SHOW session_replication_role") if m.tag == "D"]
            assert got == [b"origin"]
    except Refused as e:
        fields = e.fields
    assert fields is None or fields["C"] != "XX000"


def test_revoked_grant(new_gateway):
    g = new_gateway()
    link = g.grant()
    dana = g.dba("dana")
    with Wire(g.host, g.port).login(link.user, link.password, "shop") as w:
        with psycopg.connect(**dana.psycopg()) as console:
            console.execute(f"REVOKE ACCESS '{link.user}'")
        m = w.read()
        assert (m.tag, m.fields()["S"], m.fields()["C"]) == ("E", "FATAL", "57P01")
        assert w.closed()
    assert refusal(g, user=link.user, password=link.password)["C"] == "28000"


def test_an_expired_grant_gets_no_session_and_ends_the_open_one(gateway):
    def answered(seconds: int):
        """A grant and a session that had an answer under it, unless so many seconds are over before."""
        link = gateway.grant(ttl=f"{seconds}s", agent="short")
        w = Wire(gateway.host, gateway.port)
        try:
            assert raw.tags(w.login(link.user, link.password, "shop").ask("SELECT 1")) == "TDCZ"
            return link, w
        except (Refused, raw.Closed):
            w.close()
            return None

    link, w = next(filter(None, map(answered, (2, 4, 8, 16, 32))))
    with w:
        m = w.read()  # the socket's timeout is the deadline
        assert (m.tag, m.fields()["S"], m.fields()["C"]) == ("E", "FATAL", "57P01")
        assert "expired" in m.fields()["M"]
        assert w.closed()
    assert refusal(gateway, user=link.user, password=link.password)["C"] == "28000"


# -- protocol ----------------------------------------------------------------------------------------------------------

def test_gssenc_request_is_declined_and_the_connection_goes_on(gateway, reader):
    with Wire(gateway.host, gateway.port) as w:
        assert w.send(raw.GSS_REQUEST).take(1) == b"N"
        w.login(reader.user, reader.password, "shop")
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


def test_gss_then_ssl(gateway, reader, certificate):
    with Wire(gateway.host, gateway.port) as w:
        assert w.send(raw.GSS_REQUEST).take(1) == b"N"
        w.tls(trusting(certificate)).login(reader.user, reader.password, "shop")
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


def test_protocol_3_2(cluster, gateway, reader):
    with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop", version=0x30002) as w:
        if w.negotiated:
            newest, options = struct.unpack_from("!II", w.negotiated.body)
            # The field holds the minor version, or the whole of it, depending on who reads the manual.
            assert newest & 0xFFFF in (0, 2) and options == 0
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


def test_protocol_3_9999_and_unknown_options_are_negotiated(gateway, reader):
    with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop", version=0x3270F, **{"_pq_.nonsense": "1"}) as w:
        assert w.negotiated is not None
        assert b"_pq_.nonsense\0" in w.negotiated.body
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


@pytest.mark.parametrize("version", [0x20000, 0x40000, 0])
def test_other_major_versions_are_refused(gateway, version):
    with Wire(gateway.host, gateway.port) as w:
        w.send(raw.startup(version, user="x", database="shop"))
        try:
            m = w.read()
            assert m.tag == "E" and m.fields()["C"] in ("0A000", "08P01")
        except raw.Closed:
            pass
        assert w.closed()


@pytest.mark.parametrize("garbage", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello",
    b"\x00\x00\x00\x04",
    b"\x7f\xff\xff\xff\x00\x03\x00\x00",
    b"\x00\x00\x00\x09\x00\x03\x00\x00\x00" * 3,
    b"\xff" * 64,
], ids=["http", "half-tls", "too-short", "2-gib", "no-user", "ff"])
def test_garbage_closes_the_connection_and_nothing_else(gateway, reader, garbage):
    with Wire(gateway.host, gateway.port) as w:
        w.send(garbage)
        w.sock.shutdown(1)
        assert w.closed()
    with Wire(gateway.host, gateway.port).login(reader.user, reader.password, "shop") as w:
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"


def test_an_oversized_password_message_is_not_waited_for(gateway, reader):
    with Wire(gateway.host, gateway.port) as w:
        w.send(raw.startup(user=reader.user, database="shop"))
        assert w.read().tag == "R"
        w.send(b"p" + struct.pack("!I", 0x3FFFFFFF))
        assert w.closed()


def test_no_upstream_session_before_the_log_in_is_done(cluster, gateway):
    before = cluster.log_text().count("connection authorized: user=app")
    for _ in range(5):
        refusal(gateway, user="nobody.bbbbbb", password="wrong")
    eventually(lambda: gateway.alive())
    assert cluster.log_text().count("connection authorized: user=app") == before
