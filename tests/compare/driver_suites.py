"""Runs drivers' own test suites directly and through the gateway: see `drivers` beside this file.

A test that fails both ways says something about the machine; one that passes directly and fails through is a bug here.
"""
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as tree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rig.cluster import Cluster, postgres_bin  # noqa: E402
from rig.gateway import REPO, Gateway, Link  # noqa: E402

# (version, words for pytest, changes to files: the suites that insist on a user name)
SUITES = {
    "asyncpg": ("0.32.0", ["tests", "--ignore=tests/test__sourcecode.py", "--ignore=tests/test__environment.py", "--ignore=tests/test_subinterpreters.py"], {}),
    "psycopg2": ("2.9.10", ["tests"], {}),
    "pg8000": ("1.31.6", ["test/native", "test/dbapi", "test/legacy", "--ignore=test/native/auth", "--ignore=test/dbapi/auth", "--ignore=test/legacy/auth", "--ignore-glob=*test_benchmarks.py"],
               {r'"user": "postgres"': '"user": environ["PGUSER"], "database": "postgres"'}),
}

# Tests that ask for what a gateway is not: each with the reason.
BY_NATURE = {
    "test_type_cache_invalidation_in_pool": "connects to a database that it creates; a grant is for one database",
    "test_introspection_loads_basetypes_of_domains": "connects to a database that it creates",
    "test_introspection_on_large_db": "connects to a database that it creates",
    "test_executemany_server_failure_during_writes": "a race: whether an error is back before 4 MB are written; a proxy's sockets hold more",
    "TestConnectionInfo.test_user": "the client's user is the grant, the server's is the role behind it",
    # pg8000: logs in as roles that it creates, or to databases that are not there, and wants the server's own 3D000.
    **{name: "the log-in is the gateway's, for grants and their database" for name in (
        "test_Connection_plain_socket", "test_database_name_bytes", "test_database_name_unicode", "test_password_bytes", "testBytesDatabaseName", "testBytesPassword",
        "testDatabaseMissing", "testMd5", "testPassword", "testUnicodeDatabaseName", "test_scram_sha_256", "test_bytes_databaseName", "test_bytes_password", "test_md5",
        "test_password", "test_unicode_databaseName")},
}


def source(name: str, version: str, where: Path) -> Path:
    """The source distribution, unpacked."""
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:", f"{name}=={version}", "-d", str(where)],
                   check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": f"{postgres_bin()}:{os.environ['PATH']}"})
    (archive,) = where.glob(f"{name}-{version}.tar.gz")
    with tarfile.open(archive) as t:
        t.extractall(where, filter="data")
    root = where / f"{name}-{version}"
    # The installed wheel is what is tested: the sources' own package must not be found before it.
    for package in (root / name, root / "src"):
        if package.is_dir():
            package.rename(package.with_name(package.name + ".sources"))
    return root


def outcomes(xml: Path) -> dict[str, str]:
    """Test name -> passed, failed, skipped."""
    out = {}
    for case in tree.parse(xml).getroot().iter("testcase"):
        kinds = {child.tag for child in case}
        out[f"{case.get('classname')}.{case.get('name')}"] = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
    return out


def run(root: Path, words: list[str], link: Link, label: str) -> dict[str, str]:
    """One run of a suite."""
    xml = root / f"{label}.xml"
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    env |= {**link.env(), "PSYCOPG2_TESTDB": link.database, "PSYCOPG2_TESTDB_HOST": link.host, "PSYCOPG2_TESTDB_PORT": str(link.port), "PSYCOPG2_TESTDB_USER": link.user,
            "PSYCOPG2_TESTDB_PASSWORD": link.password}
    with open(root / f"{label}.log", "wb") as log:
        subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={root}", f"--junitxml={xml}", "--timeout=120", "-W", "ignore", *words],
                       cwd=root, env=env, stdout=log, stderr=subprocess.STDOUT)
    if not xml.exists():
        sys.exit((root / f"{label}.log").read_text(errors="replace")[-3000:])
    return outcomes(xml)


def main() -> int:
    """All suites named, or all there are."""
    worse = 0
    for name in sys.argv[1:] or SUITES:
        version, words, changes = SUITES[name]
        where = Path(tempfile.mkdtemp(prefix=f"tollgate-{name}-", dir="/tmp"))
        root = source(name, version, where)
        for path in root.rglob("*.py"):
            text = path.read_text(errors="replace")
            new = text
            for pattern, replacement in changes.items():
                new = re.sub(pattern, lambda _: replacement, new)
            if new != text:
                path.write_text(new)
        results = {}
        for label in ("direct", "through"):
            # A server of its own each time: some tests leave things behind.
            cluster = Cluster({"max_prepared_transactions": "10", "wal_level": "logical"})
            try:
                cluster.sql("CREATE EXTENSION IF NOT EXISTS hstore")
                link = Link(f"postgres://postgres:{cluster.password}@127.0.0.1:{cluster.port}/postgres")
                if label == "direct":
                    results[label] = run(root, words, link, label)
                else:
                    section = {"url": link.url, "policies": ["allow-all.cedar"]}
                    with Gateway({"postgres": section}, policies={"allow-all.cedar": (REPO / "policies/allow-all.cedar").read_text()}) as g:
                        results[label] = run(root, words, g.grant(role="anything", database="postgres", agent=name), label)
            finally:
                cluster.remove()
        direct, through = results["direct"], results["through"]
        count = lambda r, k: sum(v == k for v in r.values())
        print(f"{name} {version}: direct {count(direct, 'passed')} passed, {count(direct, 'failed')} failed, {count(direct, 'skipped')} skipped; "
              f"through {count(through, 'passed')} passed, {count(through, 'failed')} failed, {count(through, 'skipped')} skipped  ({root})")
        for test in sorted(direct.keys() | through.keys()):
            a, b = direct.get(test, "absent"), through.get(test, "absent")
            if a != b:
                reason = next((r for t, r in BY_NATURE.items() if test.endswith(t)), None)
                worse += a == "passed" and not reason
                print(f"  {test}: {a} directly, {b} through" + (f" (by nature: {reason})" if reason else ""))
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
