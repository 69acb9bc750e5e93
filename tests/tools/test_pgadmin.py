"""pgAdmin's own texts: the templates of its package, filled in at random, and of what a server's grammar takes nothing is unknown.

Which words belong where, only pgAdmin knows; so every condition is tried both ways and every value is one of many, with a fixed
seed, and a server says which of the texts are SQL. It says so in a transaction that has failed: there it parses, and runs nothing.
"""
import json
import os
import random
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from rig.gateway import binary

jinja2 = pytest.importorskip("jinja2")
SOURCES = os.environ.get("TOLLGATE_PGADMIN", "")
# What other servers than PostgreSQL are asked.
OTHERS = ("/ppas/", "/pgd_", "edb", "packages", "synonyms", "dbms_", "resource_groups", "gpdb", "replica_nodes")
# What is not understood, of which nothing is hidden here: a new language made without OR REPLACE; and options of REINDEX that
# PostgreSQL's grammar lets pass, and the command does not.
KNOWN = re.compile(r"CREATE (TRUSTED )?PROCEDURAL LANGUAGE|CREATE TRUSTED LANGUAGE|REINDEX \(.*(ANALYZE|TRUNCATE|PROCESS|ONLY|ROW|integer|FULL|SKIP)")
WORDS = ["x", "x", "x", "1", "1", "1", "1, 2", "integer", "integer", "'x'", "'x'", "x > 0", "SELECT 1", "\"A b\"", "x.y", "public", "now()", "x integer", "(x)", "INSERT", "BEFORE", "ROW", "STABLE", "sql", "btree", "FULL", "CASCADE", "plpgsql", "true", "off", ""]


CHANCE = random.Random()


class Value(jinja2.Undefined):
    """Any value: true or not, equal or not, a list, a text, as chance has it."""

    def part(self, *_, **__):
        return Value()

    __getattr__ = __getitem__ = __call__ = __add__ = __radd__ = __sub__ = __mod__ = part

    def __str__(self):
        return CHANCE.choice(WORDS)

    __html__ = __repr__ = __str__

    def either(self, *_):
        return CHANCE.random() < 0.6

    __bool__ = __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = either

    def __ne__(self, _):
        return self.either()

    def __hash__(self):
        return 1

    def __iter__(self):
        return iter([self.part() for _ in range(len(self))])

    def __len__(self):
        return CHANCE.choice([0, 1, 1, 1, 2])

    def __int__(self):
        return CHANCE.randint(0, 3)

    __index__ = __int__

    def items(self):
        return [(self.part(), self.part()) for _ in range(len(self))]

    def keys(self):
        return list(self)

    values = keys


def loader():
    """Templates by the name under which others include them; `#…#` in a name stands for a version."""
    roots = sorted(p for p in Path(SOURCES).rglob("templates") if p.is_dir())
    found = {}
    for root in roots:
        for p in root.rglob("*"):
            if p.suffix in (".sql", ".macros", ".macro"):
                found.setdefault(str(p.relative_to(root)), p)

    def load(name):
        if "#" in name:
            first, *_, last = name.split("#")
            name = next((n for n in (f"{first.strip('/')}/{v}/{last.strip('/')}" for v in ("18_plus", "17_plus", "16_plus", "15_plus", "14_plus", "13_plus", "12_plus", "11_plus", "default")) if n in found), name)
        return found[name].read_text() if name in found else None
    return jinja2.FunctionLoader(load), {n: p for n, p in found.items() if p.suffix == ".sql" and not any(o in str(p) for o in OTHERS)}


def texts(rounds: int):
    """Each template's texts."""
    load, names = loader()
    env = jinja2.Environment(loader=load, undefined=Value, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    env.filters.update(qtIdent=lambda conn, *a: ".".join([CHANCE.choice(["x", '"A b"'])] * len(a)), qtTypeIdent=lambda conn, *a: "integer", qtLiteral=lambda *a: CHANCE.choice(["'x'", "1"]), hasAny=Value.either)
    env.globals.update(_=lambda s, *a: s, conn=Value())
    for name in sorted(names):
        seen = set()
        for n in range(rounds):
            CHANCE.seed(f"{name} {n}")
            try:
                seen.add(env.get_template(name).render().strip())
            # Chance put together what does not go together, or macros are missing that came with another program.
            except (jinja2.TemplateError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
                continue
        yield name, sorted(seen - {""})


def classified(some: list[str]) -> list[dict]:
    """What is said of these texts, a syntax error in one hiding what the others are."""
    done = subprocess.run([binary(), "classify", "--json", "-"], input="\n;\n".join(some), capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)["statements"]


def unknown(some: list[str]) -> list[str]:
    """Those of the texts in which something is unknown."""
    if not any(s["class"] == "unknown" for s in classified(some)):
        return []
    return some if len(some) == 1 else unknown(some[:len(some) // 2]) + unknown(some[len(some) // 2:])


@pytest.mark.timeout(600)
def test_pgadmin(cluster):
    if not SOURCES:
        pytest.skip("pgAdmin's package is not there: `just tools` gets it")
    kept, covered, templates, connection = [], 0, 0, None
    for name, some in texts(16):
        templates += 1
        before = len(kept)
        for text in some:
            if connection is None or connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
                if connection:
                    connection.close()
                connection = cluster.connect()
                connection.autocommit = True
                for start in ("BEGIN", "SELECT 1 / 0"):
                    connection.pgconn.exec_(start.encode())
            result = connection.pgconn.exec_(text.encode())
            # In a failed transaction: it was parsed.
            if (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"25P02") == b"25P02" and not KNOWN.search(text):
                kept.append(text)
        covered += len(kept) > before
    bad = [b for n in range(0, len(kept), 50) for b in unknown(kept[n:n + 50])]
    print(f"{templates} templates, {covered} of them gave SQL, {len(kept)} texts, {len(bad)} with something unknown")
    assert not bad, f"{len(bad)} of {len(kept)} unknown:\n" + "\n\n".join(bad[:20])
    assert covered > templates * 0.7, f"only {covered} of {templates} templates gave SQL"
