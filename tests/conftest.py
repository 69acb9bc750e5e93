"""The servers that all tests share: one scratch PostgreSQL and two gateways for the whole run."""
import datetime
import ipaddress
import shutil
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rig.cluster import Cluster
from rig.gateway import REPO, Gateway, Link

POLICIES = Path(__file__).parent / "e2e" / "policies"
APP_PASSWORD = "upstream-secret-of-the-app"


@pytest.fixture(scope="session")
def cluster():
    """A PostgreSQL that logs every statement, with the demo's shop and an empty database `plain`."""
    c = Cluster({"log_statement": "all", "log_connections": "on", "log_disconnections": "on", "track_activity_query_size": "65536"})
    try:
        c.sql(f"CREATE ROLE app LOGIN PASSWORD '{APP_PASSWORD}'")
        # A second log-in, so that the sessions of the transparent gateway can be told apart.
        c.sql(f"CREATE ROLE plain_app LOGIN PASSWORD '{APP_PASSWORD}'")
        c.sql("CREATE DATABASE shop OWNER app")
        c.sql("CREATE DATABASE plain OWNER plain_app")
        c.psql_file(REPO / "fixtures/demo/schema.sql", "shop", "app")
        c.sql("GRANT pg_signal_backend TO app")
        yield c
    finally:
        c.remove()


@pytest.fixture(scope="session")
def certificate():
    """A self-signed certificate for localhost and its key, as paths."""
    where = Path(tempfile.mkdtemp(prefix="tollgate-tls-", dir="/tmp"))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
            .sign(key, hashes.SHA256()))
    (where / "server.crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (where / "server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                         serialization.NoEncryption()))
    (where / "server.key").chmod(0o600)
    yield str(where / "server.crt"), str(where / "server.key")
    shutil.rmtree(where, ignore_errors=True)


def shop_section(cluster: Cluster, **more) -> dict:
    """`[databases.shop]` for this cluster."""
    return {"url": f"postgres://app:{APP_PASSWORD}@127.0.0.1:{cluster.port}/shop", "policies": ["agents.cedar"],
            "labels": "shop.labels.toml", "hold_wait": "30s", "hold_ttl": "1h", **more}


def shop_files() -> dict[str, dict[str, str]]:
    """The tests' own policies and labels."""
    return {"policies": {"agents.cedar": (POLICIES / "agents.cedar").read_text()},
            "labels": {"shop.labels.toml": (POLICIES / "shop.labels.toml").read_text()}}


@pytest.fixture(scope="session")
def gateway(cluster, certificate):
    """The gateway most tests use: TLS offered, agents' policies, labels."""
    with Gateway({"shop": shop_section(cluster)}, **shop_files(), tls=certificate) as g:
        yield g
        assert g.alive() and "panicked" not in g.stderr(), g.stderr()[-3000:]


@pytest.fixture(autouse=True)
def the_gateway_lives(request):
    """A gateway that falls must be told of by the test that felled it, with its last words."""
    yield
    for name in ("gateway", "open_gateway"):
        if name in request.fixturenames:
            g = request.getfixturevalue(name)
            if not g.alive():
                words = g.stderr()[-3000:]
                g.start()
                pytest.fail(f"the gateway ended:\n{words}")


@pytest.fixture(scope="session")
def reader(gateway) -> Link:
    """A grant that may read."""
    return gateway.grant(role="reader", agent="reader")


@pytest.fixture(scope="session")
def writer(gateway) -> Link:
    """A grant that may read and write, and whose schema changes wait."""
    return gateway.grant(role="writer", agent="writer")


@pytest.fixture(scope="session")
def dana(gateway) -> Link:
    """A DBA."""
    return gateway.dba("dana")


@pytest.fixture
def new_gateway(cluster):
    """Makes gateways with settings of their own; all are gone after the test."""
    made = []

    def make(*, section: dict | None = None, **more) -> Gateway:
        g = Gateway({"shop": shop_section(cluster, **(section or {}))}, **{**shop_files(), **more})
        made.append(g)
        return g

    yield make
    for g in made:
        g.remove()


@pytest.fixture(scope="session")
def open_gateway(cluster):
    """Everything is allowed and nothing is labelled: no client may be able to tell it from the server."""
    section = {"url": f"postgres://plain_app:{APP_PASSWORD}@127.0.0.1:{cluster.port}/plain", "policies": ["allow-all.cedar"]}
    with Gateway({"plain": section}, policies={"allow-all.cedar": (REPO / "policies/allow-all.cedar").read_text()}) as g:
        yield g


@pytest.fixture(scope="session")
def direct(cluster) -> Link:
    """The way around the gateway, as the role that it uses."""
    return Link(f"postgres://plain_app:{APP_PASSWORD}@127.0.0.1:{cluster.port}/plain")


@pytest.fixture(scope="session")
def through(open_gateway) -> Link:
    """The way through the open gateway."""
    return open_gateway.grant(role="anything", database="plain", agent="comparison")
