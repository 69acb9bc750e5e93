"""A database with one of everything, and two gateways before it that pass whatever they understand."""
import re
import subprocess
from pathlib import Path

import pytest

from rig.cluster import postgres_bin
from rig.gateway import Gateway, Link
from tools.asked import asked

HERE = Path(__file__).parent
PASSWORD = "upstream-secret-of-the-tools"
LABELS = '[labels.pin]\nmask = "redact"\n[columns]\n"vault.pins.pin" = "pin"\n'


@pytest.fixture(scope="session")
def rich(cluster):
    """The database `rich`. Its owner is a superuser, because pg_dumpall and the like ask to be."""
    cluster.sql(f"CREATE ROLE tools_app SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
    cluster.sql("CREATE DATABASE rich OWNER tools_app")
    cluster.psql_file(HERE / "rich.sql", "rich", "tools_app")
    return cluster


@pytest.fixture(scope="session")
def knowing(rich):
    """A gateway that refuses only what it does not understand: `rich` without labels, `labelled` with one, `work` to write in."""
    rich.sql("CREATE DATABASE work OWNER tools_app")
    section = lambda name, **more: {"url": f"postgres://tools_app:{PASSWORD}@127.0.0.1:{rich.port}/{name}", "policies": ["knowing.cedar"], **more}
    with Gateway({"rich": section("rich"), "labelled": section("rich", labels="labels.toml"), "work": section("work"), "postgres": section("postgres")},
                 policies={"knowing.cedar": (HERE / "knowing.cedar").read_text()}, labels={"labels.toml": LABELS}) as g:
        yield g
        assert g.alive() and "panicked" not in g.stderr(), g.stderr()[-3000:]


@pytest.fixture(scope="session")
def environment(knowing) -> dict:
    """For libpq's programs: nothing of the tester's own habits."""
    return {**knowing.env, "PSQLRC": "/dev/null", "PAGER": "", "LC_ALL": "C.UTF-8", "PGCLIENTENCODING": "UTF8", "TZ": "UTC", "PGTZ": "UTC"}


def straight(rich, database: str) -> Link:
    """The way around the gateway."""
    return Link(f"postgres://tools_app:{PASSWORD}@127.0.0.1:{rich.port}/{database}")


class Way:
    """A way through, and what was refused on it."""

    def __init__(self, gateway: Gateway, link: Link, direct: Link):
        self.gateway, self.link, self.direct = gateway, link, direct

    def refusals(self) -> list[str]:
        """What the gateway itself refused, each as `SQLSTATE: statement`."""
        return [f"{a.refusal}: {a.text}" for a in asked(self.gateway, self.link) if a.outcome != "allow"]

    def understood(self, least: int = 1):
        """Fails unless everything was understood, and there was something."""
        all_ = asked(self.gateway, self.link)
        refused = [f"{a.refusal}: {a.text}" for a in all_ if a.outcome != "allow"]
        assert not refused, f"{len(refused)} of {len(all_)} refused:\n" + "\n\n".join(dict.fromkeys(refused))
        assert len(all_) >= least, f"only {len(all_)} statements came by"


@pytest.fixture(params=["rich", "labelled"])
def way(request, knowing, rich):
    """To the rich database, without labels and with them. A grant for each test."""
    return Way(knowing, knowing.grant(role="tool", database=request.param, agent="tool"), straight(rich, "rich"))


def emptied(rich):
    """Nothing is left of an earlier run in the database `work`: neither what lies in schemas nor what does not."""
    rich.sql("DROP OWNED BY tools_app CASCADE", "work")
    rich.sql("DO $$ DECLARE s text; BEGIN FOR s IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema$' "
             "LOOP EXECUTE 'DROP SCHEMA ' || s || ' CASCADE'; END LOOP; END $$; CREATE SCHEMA public", "work")


@pytest.fixture
def work(knowing, rich):
    """To a database of the test's own, to make and drop things in."""
    emptied(rich)
    return Way(knowing, knowing.grant(role="tool", database="work", agent="tool"), straight(rich, "work"))


def program(environment: dict, link: Link, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess:
    """One of PostgreSQL's programs, to its end."""
    return subprocess.run([str(postgres_bin() / words[0]), *words[1:]], capture_output=True, text=True, errors="replace", timeout=170,
                          env={**environment, **link.env()}, input=stdin)


def steady(text: str) -> str:
    """Output without what differs from run to run."""
    text = re.sub(r"(?m)^\\(un)?restrict .*$", r"\\\1restrict KEY", text)
    return re.sub(r"(port|PID) \"?\d+\"?", r"\1 N", text)
