"""psql's backslash commands: all that ask the server something, with patterns and all their variants, on one of everything."""
import difflib
import os
import pty
import re
import select
import subprocess

import pytest

from rig import PATIENCE
from rig.cluster import postgres_bin
from tools.conftest import program

# Command, and the letters that may follow it.
DESCRIBE = {
    r"\d": ["", "S", "+", "S+"], r"\da": ["", "S"], r"\dA": ["", "+"], r"\dAc": ["", "+"], r"\dAf": ["", "+"], r"\dAo": ["", "+"], r"\dAp": ["", "+"],
    r"\db": ["", "+"], r"\dc": ["", "S", "+", "S+"], r"\dconfig": ["", "+"], r"\dC": ["", "+"], r"\dd": ["", "S"], r"\dD": ["", "S", "+", "S+"], r"\ddp": [""],
    r"\dE": ["", "S", "+", "S+"], r"\di": ["", "S", "+", "S+"], r"\dm": ["", "S", "+"], r"\ds": ["", "S", "+"], r"\dt": ["", "S", "+", "S+"], r"\dv": ["", "S", "+"],
    r"\dtvmsE": ["", "S", "+", "S+"], r"\des": ["", "+"], r"\det": ["", "+"], r"\deu": ["", "+"], r"\dew": ["", "+"],
    r"\df": ["", "S", "+", "S+"], r"\dfa": ["", "S+"], r"\dfn": ["", "+"], r"\dfp": ["", "+"], r"\dft": ["", "+"], r"\dfw": ["S", "S+"], r"\dfnptwa": ["S+"],
    r"\dF": ["", "+"], r"\dFd": ["", "+"], r"\dFp": ["", "+"], r"\dFt": ["", "+"], r"\dg": ["", "S", "+", "S+"], r"\dl": ["", "+"], r"\dL": ["", "S", "+", "S+"],
    r"\dn": ["", "S", "+", "S+"], r"\do": ["", "S", "+", "S+"], r"\dO": ["", "S", "+", "S+"], r"\dp": ["", "S"], r"\dP": ["", "+", "n", "n+", "i", "t", "ti+", "tin+"],
    r"\drds": [""], r"\dRp": ["", "+"], r"\dRs": ["", "+"], r"\dT": ["", "S", "+", "S+"], r"\du": ["", "S", "+", "S+"], r"\dx": ["", "+"], r"\dX": [""], r"\dy": ["", "+"],
    r"\l": ["", "+"], r"\z": ["", "S"], r"\lo_list": ["", "+"],
}
PATTERNS = ["", "shop.*", '"Odd ""Name"" %"', "nosuch", "rich.shop.orders", "pg_catalog.pg_cl?ss", "shop.(o|m)*[a-z]+"]
# Show the options of user mappings and how a subscription connects, which hold passwords: not where anything is labelled.
SECRET = [r"\deu+", r"\dRs+"]
# Those that take other words.
MORE = [
    r"\d shop.people", r"\d+ shop.people", r"\d+ shop.orders", r"\d shop.big_orders", r"\d+ shop.big_orders", r"\d+ shop.large_orders", r"\d+ shop.counted", r"\d+ shop.totals",
    r"\d+ shop.measured", r"\d+ shop.measured_2024", r"\d+ shop.measured_2024_1", r"\d shop.measured_rest", r"\d+ shop.hashed", r"\d+ shop.kin", r"\d+ shop.scratch", r"\d+ shop.typed",
    r"\d+ shop.empty", r"\d+ shop.remote", r"\d shop.tickets", r"\d+ shop.orders_id_seq", r"\d+ shop.orders_total", r"\d shop.people_lower", r"\d+ shop.orders_during_excl",
    r"\d+ shop.address", r"\d+ shop.measured_at", r"\d+ pg_catalog.pg_class", r"\dS+ pg_toast.*", r"\d pg_stats", r"\d information_schema.tables",
    r"\df+ shop.add int int", r"\df shop.* - text", r"\df add integer", r"\do && range", r"\do - integer integer", r"\do+ shop.===", r"\dAc btree integer", r"\dAo+ btree float_ops",
    r"\dAp+ hash text_ops", r"\dAf gist point", r"\dC int*", r"\dconfig *mem*", r"\dconfig+ work_mem", r"\drds tools_app rich", r"\dFd+ shop.*", r"\dF+ shop.plainly", r"\dF+ english",
    r"\dFp+ default", r"\dFt+ simple", r"\dRp+ told", r"\dRp+ everything", r"\dRs+ heard", r"\dx+ hstore", r"\dy+ watching", r"\dX shop.linked", r"\dd shop.people", r"\dT+ shop.mood",
    r"\dT+ shop.*", r"\dT+ int", r"\dP+ shop.measured", r"\sf shop.add", r"\sf+ shop.touch", r"\sf shop.several(int, text[])", r"\sf pg_catalog.lower(text)", r"\sv shop.big_orders", r"\sv+ shop.counted", r"\sf nosuch", r"\sf add",
    r"\sv shop.people", r"\sf shop.product", r"\encoding", r"\conninfo", r"\lo_list",
]


def output(environment, link, commands: list[str], *words: str) -> str:
    """What psql says to some commands, errors among it in their places."""
    script = "".join(f"\\echo == {c.replace(chr(92), '/').replace(chr(34), '').replace(chr(39), '')}\n{c}\n" for c in commands)
    done = program(environment, link, "psql", "-X", "-q", *words, "-f", "-", stdin=script)
    # What the two sessions do not share: who is connected to where.
    kept = [line for line in done.stdout.splitlines() if not line.startswith("You are connected")]
    sections = re.split(r"(?m)^(?=== /)", "\n".join(kept))
    return re.sub(r"psql:<stdin>:", "psql:", "".join(sized(s) if re.match(r"== /(db|l)\+", s) else s for s in sections) + "\n" + done.stderr)


def sized(section: str) -> str:
    """Without the sizes of databases and tablespaces, and the width that they take: these change with whatever else the server does."""
    return re.sub(r" {2,}|-{2,}", " ", re.sub(r"\d+ (bytes|[kMGT]B)", "SIZE", section))


def same(direct: str, through: str):
    """Fails with a readable difference."""
    if direct != through:
        diff = difflib.unified_diff(direct.splitlines(), through.splitlines(), "direct", "through", n=3, lineterm="")
        pytest.fail("\n".join(list(diff)[:60]), pytrace=False)


def described(way, environment, commands, least, *words):
    """The same words as from the server itself, and nothing refused."""
    direct, through = output(environment, way.direct, commands, *words), output(environment, way.link, commands, *words)
    way.understood(least)
    same(direct, through)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda p: p or "none")
def test_describe(way, environment, pattern):
    if pattern.startswith("rich.") and way.link.database != "rich":
        pytest.skip("psql compares the pattern's database with the name it connected by")
    all_ = [(c + letters, f"{c}{letters} {pattern}".rstrip()) for c, variants in DESCRIBE.items() for letters in variants]
    described(way, environment, [words for command, words in all_ if command not in SECRET or way.link.database != "labelled"], 60)


def test_describe_one_by_one(way, environment):
    described(way, environment, [c for c in MORE if c.split()[0] not in SECRET or way.link.database != "labelled"], 150)


def test_describe_hidden_queries_shown(way, environment):
    described(way, environment, [r"\d+ shop.people", r"\dt+", r"\df+ shop.*"], 5, "-E")


LINES = [
    "SELECT * FROM shop.pe", "\\d shop.", "SELECT shop.", "ALTER TABLE shop.people DROP ", "ALTER TABLE shop.orders ALTER COLUMN ", "DROP ", "SET ", "SET search_path TO ", "SET timezone TO ", "GRANT SELECT ON ",
    "ALTER ROLE ", "DROP FUNCTION shop.add", "CREATE TRIGGER x BEFORE INSERT ON ", "DROP TRIGGER ", "DROP TRIGGER late ON ", "ALTER TYPE shop.mood RENAME VALUE ", "INSERT INTO ", "UPDATE shop.people SET ", "DELETE FROM ",
    "COMMENT ON CONSTRAINT ", "ALTER EXTENSION hstore UPDATE TO ", "CREATE EXTENSION ", "\\df shop.", "\\c ", "DROP OWNED BY ", "ALTER PUBLICATION told ", "ALTER SUBSCRIPTION ", "REFRESH MATERIALIZED VIEW ", "CLUSTER ",
    "CLUSTER shop.orders USING ", "REINDEX INDEX ", "VACUUM ", "ANALYZE ", "TRUNCATE ", "LOCK TABLE ", "EXECUTE ", "DEALLOCATE ", "FETCH 1 FROM ", "CLOSE ", "NOTIFY ", "UNLISTEN ", "COPY ", "CALL ", "\\sf ", "\\sv ",
    "ALTER EVENT TRIGGER ", "DROP POLICY ", "DROP POLICY mine ON ", "ALTER STATISTICS ", "IMPORT FOREIGN SCHEMA x FROM SERVER ", "ALTER SERVER ", "CREATE INDEX ON shop.people (", "SHOW ", "ALTER SYSTEM SET ", "ALTER DATABASE ",
    "ALTER TABLE shop.measured DETACH PARTITION ", "ALTER TABLE ALL IN TABLESPACE ", "CREATE VIEW x AS SELECT * FROM ", "ALTER TABLE shop.people VALIDATE CONSTRAINT ", "ALTER TABLE shop.people DISABLE TRIGGER ",
    "ALTER TABLE shop.people CLUSTER ON ", "ALTER TABLE shop.people REPLICA IDENTITY USING INDEX ", "CREATE TYPE x AS (a ", "ALTER DOMAIN ", "ALTER DOMAIN shop.positive DROP CONSTRAINT ", "ALTER COLLATION ",
    "DROP USER MAPPING FOR ", "ALTER DEFAULT PRIVILEGES FOR ROLE ", "\\dF ", "\\dx ", "\\dy ", "ALTER TEXT SEARCH CONFIGURATION ", "DROP CONVERSION ", "ALTER LANGUAGE ", "DROP FOREIGN DATA WRAPPER ",
]


def test_completion(way, environment, tmp_path):
    """What Tab asks: psql completes at a terminal only, so it gets one."""
    (tmp_path / "inputrc").write_text("set page-completions off\nset completion-query-items 0\nset show-all-if-ambiguous on\nset enable-bracketed-paste off\n")
    main, side = pty.openpty()
    p = subprocess.Popen([str(postgres_bin() / "psql"), "-X", "-q"], stdin=side, stdout=side, stderr=side, start_new_session=True,
                         env={**environment, **way.link.env(), "TERM": "dumb", "HOME": str(tmp_path), "INPUTRC": str(tmp_path / "inputrc")})
    os.close(side)

    def until(mark: bytes):
        got = b""
        while mark not in got:
            assert select.select([main], [], [], PATIENCE)[0], f"psql said {got[-500:]!r} and not {mark!r}"
            got += os.read(main, 65536)
    try:
        prompt = f"{way.link.database}=# ".encode()
        until(prompt)
        for number, line in enumerate(LINES):
            # Tab lists, Ctrl-U empties the line, and the echo says that psql is done with it. The next line waits for the
            # prompt: before it the terminal itself would obey the Ctrl-U, and psql never see the Tab.
            os.write(main, line.encode() + b"\t\x15\\echo done-%d-x\n" % number)
            until(b"\ndone-%d-x\r\n%s" % (number, prompt))
        os.write(main, b"\\q\n")
        p.wait(PATIENCE)
    finally:
        p.kill()
        p.wait()
        os.close(main)
    way.understood(65)
