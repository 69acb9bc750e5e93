"""PostgreSQL's own programs: dumps and restores, maintenance, roles and databases, pgbench."""
import pytest

from tools.asked import asked
from tools.conftest import Way, program, steady, straight
from tools.test_psql_commands import same

DUMPS = [[], ["--schema-only", "--enable-row-security", "--quote-all-identifiers"], ["--data-only", "--disable-triggers", "--load-via-partition-root"],
         ["--column-inserts", "--rows-per-insert=10", "--on-conflict-do-nothing", "--serializable-deferrable"], ["--clean", "--if-exists", "--create", "--role=tools_app"], ["--schema=shop", "--exclude-table=shop.kin", "--inserts"],
         ["--table=shop.p*", "--strict-names", "--lock-wait-timeout=5000"], ["--section=post-data", "--extension=hstore"]]


@pytest.fixture
def plainly(knowing, rich):
    """To the rich database without labels: a dump shows all there is."""
    return Way(knowing, knowing.grant(role="tool", database="rich", agent="dump"), straight(rich, "rich"))


@pytest.mark.parametrize("words", DUMPS, ids=lambda w: " ".join(w) or "plain")
def test_pg_dump(plainly, environment, words):
    direct, through = program(environment, plainly.direct, "pg_dump", *words), program(environment, plainly.link, "pg_dump", *words)
    plainly.understood(20)
    same(steady(direct.stdout + direct.stderr), steady(through.stdout + through.stderr))
    assert direct.returncode == through.returncode == 0


def test_a_dump_of_labelled_columns_is_refused_and_says_so(knowing, environment):
    """pg_attribute.attmissingval and COPY carry values: whoever may not see them all cannot dump them."""
    link = knowing.grant(role="tool", database="labelled", agent="dump")
    done = program(environment, link, "pg_dump", "--schema-only")
    assert done.returncode == 1 and "would reveal pin" in done.stderr and [a.refusal for a in asked(knowing, link) if a.refusal] == ["TG004"]


def test_who_may_see_all_may_dump_all(knowing, rich, environment):
    way = Way(knowing, knowing.grant(role="seer", database="labelled", agent="dump"), straight(rich, "rich"))
    direct, through = program(environment, way.direct, "pg_dump"), program(environment, way.link, "pg_dump")
    way.understood(20)
    same(steady(direct.stdout), steady(through.stdout))


@pytest.mark.parametrize("form", [["-Ft"], ["-Fd", "-j", "3"]], ids=" ".join)
def test_pg_dump_and_pg_restore(plainly, work, environment, form, tmp_path):
    words = ["--exclude-schema=vault", "--no-publications", "--no-subscriptions", "-f", str(tmp_path / "dump")]
    done = program(environment, plainly.link, "pg_dump", *form, *words)
    assert done.returncode == 0, done.stderr
    plainly.understood(20)
    jobs = ["-j", "3"] if form[0] != "-Ft" else ["--single-transaction"]
    done = program(environment, work.link, "pg_restore", "-d", "work", *jobs, "--clean", "--if-exists", str(tmp_path / "dump"))
    work.understood(50)
    assert done.returncode == 0, done.stderr
    kept = [steady(program(environment, link, "pg_dump", "--schema=shop").stdout) for link in (plainly.direct, work.direct)]
    same(*kept)


def test_a_plain_dump_restores_with_psql(plainly, work, environment):
    dump = program(environment, plainly.link, "pg_dump", "--exclude-schema=vault", "--no-publications", "--no-subscriptions", "--inserts").stdout
    done = program(environment, work.link, "psql", "-X", "-q", stdin=dump)
    work.understood(300)
    assert done.returncode == 0 and "not understood" not in done.stderr


@pytest.mark.parametrize("words", [["--globals-only"], ["--roles-only", "--no-role-passwords"], ["--tablespaces-only"]], ids=" ".join)
def test_pg_dumpall(plainly, environment, words):
    direct, through = [program(environment, link, "pg_dumpall", "-l", "rich", *words) for link in (plainly.direct, plainly.link)]
    plainly.understood(2)
    same(steady(direct.stdout + direct.stderr), steady(through.stdout + through.stderr))


MAINTENANCE = [["vacuumdb", "-Z", "-j", "2"], ["vacuumdb", "-F", "-v", "-t", "shop.people(name, mail)"], ["vacuumdb", "-f", "-t", "shop.orders"],
               ["vacuumdb", "--skip-locked", "--disable-page-skipping", "--no-index-cleanup", "--no-truncate", "-P", "0"], ["vacuumdb", "--min-xid-age=1", "--min-mxid-age=1"], ["reindexdb", "-j", "2", "-t", "shop.orders", "-t", "shop.people"],
               ["reindexdb", "-i", "shop.orders_total"], ["reindexdb", "-S", "shop"], ["reindexdb", "--concurrently", "-t", "shop.people"], ["reindexdb", "-v", "-t", "shop.orders"], ["clusterdb"], ["clusterdb", "-t", "shop.orders", "-v"]]


@pytest.mark.parametrize("words", MAINTENANCE, ids=" ".join)
def test_maintenance(plainly, environment, words):
    done = program(environment, plainly.link, *words)
    plainly.understood(1)
    direct = program(environment, plainly.direct, *words)
    assert done.returncode == direct.returncode, done.stderr + direct.stderr


def test_roles_and_databases(knowing, rich, environment):
    """They connect to the database `postgres` to speak of others; the gateway has one of that name."""
    way = Way(knowing, knowing.grant(role="tool", database="postgres", agent="tool"), straight(rich, "postgres"))
    for words in (["createuser", "--no-superuser", "--createdb", "--createrole", "--inherit", "--login", "--connection-limit=5", "--replication", "tool_one"],
                  ["createuser", "-g", "tool_one", "tool two"], ["createdb", "-O", "tool_one", "-E", "UTF8", "-T", "template0", "-l", "C", "tool_base", "for a while"],
                  ["dropdb", "-f", "--if-exists", "tool_base"], ["dropuser", "tool two"], ["dropuser", "--if-exists", "tool_one"], ["oid2name", "-s"], ["oid2name"]):
        done = program(environment, way.link, *words)
        assert done.returncode == 0, (words, done.stderr)
    way.understood(10)


@pytest.mark.parametrize("init", [["-I", "dtgvp"], ["-I", "dtGvpf", "--partitions=3", "--unlogged-tables"], ["-I", "dtgvpf", "--partitions=2", "--partition-method=hash", "--foreign-keys"]], ids=" ".join)
def test_pgbench(work, environment, init):
    done = program(environment, work.link, "pgbench", "-i", "-s", "1", "-q", *init)
    assert done.returncode == 0, done.stderr
    for words in (["-t", "20", "-c", "2"], ["-S", "-t", "20", "-M", "prepared"], ["-N", "-t", "20", "-M", "extended"], ["-t", "5", "-C"]):
        done = program(environment, work.link, "pgbench", *words)
        assert done.returncode == 0, done.stderr
    work.understood(100)


def test_small_ones(way, environment):
    for words in (["pg_isready"], ["vacuumlo", "-n", "-v", way.link.database], ["oid2name", "-d", way.link.database, "-x"], ["oid2name", "-d", way.link.database, "-S", "-i"], ["oid2name", "-d", way.link.database, "-t", "people"]):
        direct = ["rich" if w == "labelled" else w for w in words]
        assert program(environment, way.link, *words).returncode == program(environment, way.direct, *direct).returncode, words
    way.understood(5)
