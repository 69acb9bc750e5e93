"""Roads that a labelled value, or a statement nobody allowed, took in SQL itself: errors, row counts, operators, rules,
parents, storage. On each: no value in clear in any message; what an honest statement does beside it still works."""
import os
import re
from pathlib import Path

import pytest

from conftest import APP_PASSWORD, POLICIES
from rig.gateway import REPO, Gateway, Link, eventually
from rig.raw import Message, Wire

# What a labelled value looks like where nothing was done to it.
CLEAR = re.compile(rb"@example\.|@shop\.example|sk_live_[0-9a-f]{4}|kept-elsewhere")

@pytest.fixture(scope="module")
def house(cluster):
    """The policies that are shipped, open ones, and open ones as superuser, with labels, over one database."""
    url = f"postgres://app:{APP_PASSWORD}@127.0.0.1:{cluster.port}/shop"
    root = f"postgres://postgres:{cluster.password}@127.0.0.1:{cluster.port}/shop"
    sections = {
        "agents": {"url": url, "policies": ["agents.cedar"], "labels": "labels.toml", "hold_wait": "1s"},
        "open": {"url": url, "policies": ["allow-all.cedar"], "labels": "labels.toml", "hold_wait": "1s"},
        "root": {"url": root, "policies": ["allow-all.cedar"], "labels": "labels.toml", "hold_wait": "1s"},
    }
    policies = {name: (REPO / "policies" / name).read_text() for name in ("agents.cedar", "allow-all.cedar")}
    labels = (POLICIES / "shop.labels.toml").read_text() + '"public.vault.secret" = "secret"\n"public.branch.iban" = "secret"\n"public.typed.b" = "secret"\n'
    # A value that is too long for its row, a parent whose child alone is labelled, an operator of somebody's own, a
    # column computed from a labelled one, and one that was added with a default.
    cluster.sql("""SET ROLE app;
        CREATE TABLE small (i int);
        CREATE TABLE vault (id int, secret text);
        ALTER TABLE vault ALTER secret SET STORAGE EXTERNAL;
        INSERT INTO vault SELECT 1, repeat('kept-elsewhere ', 400);
        ALTER TABLE vault ADD COLUMN api_key text DEFAULT 'sk_live_0000000000000000';
        CREATE TABLE trunk (id int, iban text);
        CREATE TABLE branch () INHERITS (trunk);
        INSERT INTO branch VALUES (1, 'kept-elsewhere');
        CREATE TABLE computed (id int, api_key text, low text GENERATED ALWAYS AS (lower(api_key)) STORED);
        INSERT INTO computed VALUES (1, 'sk_live_0123456789');
        CREATE FUNCTION peek(int, int) RETURNS text LANGUAGE sql AS 'select api_key from public.staff where id = 1';
        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = peek);""", "shop")
    try:
        with Gateway(sections, policies=policies, labels={"labels.toml": labels}) as g:
            yield g
            assert g.alive() and "panicked" not in g.stderr(), g.stderr()[-3000:]
    finally:
        cluster.sql("DROP TABLE IF EXISTS small, vault, trunk, branch, computed CASCADE; DROP FUNCTION IF EXISTS peek(int, int) CASCADE", "shop")


@pytest.fixture(autouse=True)
def rows(house, cluster):
    """The same rows for every test."""
    cluster.sql("TRUNCATE small; INSERT INTO small SELECT generate_series(1, 7)", "shop")
    yield
    if not house.alive():
        words = house.stderr()[-3000:]
        house.start()
        pytest.fail(f"the gateway ended:\n{words}")


@pytest.fixture(scope="module")
def links(house):
    """Grants by role and database."""
    made: dict[tuple[str, str], Link] = {}

    def link(role="reader", database="agents") -> Link:
        if (role, database) not in made:
            made[role, database] = house.grant(role=role, database=database)
        return made[role, database]

    return link


@pytest.fixture
def session(links):
    """Makes raw sessions."""
    opened = []

    def make(role="reader", database="agents") -> Wire:
        link = links(role, database)
        opened.append(Wire(link.host, link.port).login(link.user, link.password, link.database))
        return opened[-1]

    yield make
    for w in opened:
        w.close()


def cells(messages: list[Message]) -> list[list[bytes | None]]:
    """The rows."""
    return [m.cells() for m in messages if m.tag == "D"]


def errors(messages: list[Message]) -> list[str]:
    """The errors' codes."""
    return [m.fields()["C"] for m in messages if m.tag == "E"]


def fine(messages: list[Message]) -> list[Message]:
    """The messages, none of which is an error."""
    assert not errors(messages), [m.fields() for m in messages if m.tag == "E"]
    return messages


def safe(messages: list[Message]) -> list[Message]:
    """The messages, none of which shows a labelled value."""
    shown = [m.body for m in messages if CLEAR.search(m.body)]
    assert not shown
    return messages


def refused(messages: list[Message]) -> None:
    """Refused by the gateway, not by the server."""
    got = errors(safe(messages))
    assert got and (got[0].startswith("TG") or got[0] == "42501") and not cells(messages), [(m.tag, m.body[:200]) for m in messages]


# -- errors ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("computed", [
    "json_build_object(CASE WHEN email < 'm' THEN 'k' END, 1)",
    "jsonb_build_object(CASE WHEN email < 'm' THEN 'k' END, 1)",
    "json_object_agg(CASE WHEN email < 'm' THEN 'k' END, 1)",
    "date_trunc(CASE WHEN email < 'm' THEN 'year' ELSE 'zz' END, now())",
    "repeat('x', CASE WHEN email < 'm' THEN 1 ELSE 2147483647 END)",
    "sum(CASE WHEN email < 'm' THEN 1 ELSE 1e308::float8 * 10 END)",
    "1 / CASE WHEN email < 'm' THEN 1 ELSE 0 END",
    "CASE WHEN email < 'm' THEN 1 ELSE 'x' || id END::text::int",
])
@pytest.mark.parametrize("form", [
    "WITH x AS MATERIALIZED (SELECT {} FROM customers WHERE id = 2 GROUP BY email, id) SELECT count(*) FROM x",
    "SELECT count(*) FROM (SELECT {} FROM customers WHERE id = 2 GROUP BY email, id OFFSET 0) x",
])
def test_whether_a_nested_query_fails_tells_nothing_of_a_value(session, computed, form):
    refused(session().ask(form.format(computed)))


def test_nested_queries_without_labels_still_compute(session):
    w = session()
    assert cells(fine(w.ask("WITH x AS MATERIALIZED (SELECT json_build_object(city, 1) AS j FROM customers WHERE id < 5) SELECT count(*) FROM x"))) == [[b"4"]]
    assert len(cells(safe(fine(w.ask("SELECT id, email FROM (SELECT id, email FROM customers WHERE id < 4) x"))))) == 3
    assert len(cells(safe(fine(w.ask("WITH x AS (SELECT id, email FROM customers) SELECT email FROM x WHERE id < 3"))))) == 2


# -- writes without bounds -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", [
    "MERGE INTO small USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "MERGE INTO small USING (SELECT 1 AS one) s ON s.one = 1 WHEN MATCHED THEN UPDATE SET i = 0",
    "DELETE FROM small WHERE (SELECT true)",
    "DELETE FROM small WHERE EXISTS (SELECT 1 FROM orders)",
    "UPDATE small SET i = 0 WHERE (SELECT count(*) FROM orders) > 0",
    "DELETE FROM small USING customers c WHERE c.id = 1",
    "DELETE FROM small WHERE i = i",
    "DELETE FROM small WHERE true OR i = 1",
])
def test_a_write_whose_condition_picks_no_row_of_its_table_is_unbounded(session, cluster, text):
    refused(session("writer").ask(text))
    assert cluster.sql("SELECT count(*), sum(i) FROM small", "shop") == [(7, 28)]


def test_writes_that_pick_rows_still_work(session, cluster):
    w = session("writer")
    fine(w.ask("MERGE INTO small t USING (SELECT 2 AS k) s ON t.i = s.k WHEN MATCHED THEN DELETE"))
    fine(w.ask("DELETE FROM small WHERE i = 1"))
    fine(w.ask("DELETE FROM small USING customers c WHERE small.i = c.id AND c.id = 3"))
    fine(w.ask("UPDATE small SET i = 40 WHERE i IN (SELECT id FROM orders WHERE id = 4)"))
    assert cluster.sql("SELECT i FROM small ORDER BY i", "shop") == [(5,), (6,), (7,), (40,)]


# -- how many rows ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", [
    "SELECT s.id, (SELECT count(*) FROM generate_series(1, s.salary)) FROM staff s WHERE id < 3",
    "SELECT (SELECT count(*) FROM generate_series(1, ascii(substr(s.api_key, i, 1)))) FROM staff s, generate_series(1, 12) i WHERE id = 1",
    "SELECT count(*) FROM ROWS FROM (generate_series(1, (SELECT length(api_key) FROM staff LIMIT 1))) t",
    "SELECT (SELECT max(o) FROM unnest(string_to_array(api_key, NULL)) WITH ORDINALITY AS t(x, o)) FROM staff LIMIT 1",
    "SELECT count(*) FROM xmltable('/a/b' PASSING (SELECT xmlparse(document '<a>' || repeat('<b/>', length(api_key)) || '</a>') FROM staff LIMIT 1) COLUMNS v text PATH '.')",
    "SELECT count(*) FROM staff s, LATERAL regexp_split_to_table(api_key, '') x",
    "SELECT count(*) FROM staff s, LATERAL json_array_elements(to_json(array_fill(0, ARRAY[length(api_key)]))) x WHERE id = 1",
    "SELECT 1 FROM staff s JOIN LATERAL generate_series(1, (api_key < 't')::int) g ON true WHERE id = 1",
    "SELECT count(*) FROM staff s, LATERAL (SELECT * FROM generate_series(1, s.salary)) g WHERE s.id = 1",
    "SELECT count(*) FROM (SELECT generate_series(1, salary) FROM staff WHERE id = 1) g",
    "SELECT count(*) FROM customers c, LATERAL regexp_matches(c.email, '[aeiou]', 'g') m WHERE c.id = 1",
])
def test_how_many_rows_a_function_gives_tells_nothing_of_its_arguments(session, text):
    refused(session().ask(text))


def test_functions_in_from_without_labels_still_work(session):
    w = session()
    assert cells(fine(w.ask("SELECT count(*) FROM customers c, LATERAL generate_series(1, c.id) g WHERE c.id = 5"))) == [[b"5"]]
    assert cells(fine(w.ask("SELECT x, o FROM unnest(ARRAY['a', 'b']) WITH ORDINALITY AS t(x, o)"))) == [[b"a", b"1"], [b"b", b"2"]]
    assert len(cells(safe(fine(w.ask("SELECT c.email, g FROM customers c, generate_series(1, 2) g WHERE c.id = 1"))))) == 2


# -- where values are kept beside their table ------------------------------------------------------------------------

def test_long_values_kept_beside_their_table_are_not_shown(session, cluster):
    where = cluster.sql("SELECT reltoastrelid::regclass::text FROM pg_class WHERE relname = 'vault'", "shop")[0][0]
    assert cluster.sql(f"SELECT count(*) > 0 FROM {where}", "shop") == [(True,)]
    for database in ("root", "open", "agents"):
        w = session(database=database)
        for text in (f"SELECT left(encode(chunk_data, 'escape'), 60) FROM {where} LIMIT 2", f"SELECT chunk_data FROM {where}", f"SELECT * FROM {where}",
                     f"TABLE {where}", f"COPY {where} TO STDOUT", f"COPY (SELECT chunk_data FROM {where}) TO STDOUT"):
            got = safe(w.ask(text))
            assert not any(b"6b6570742d656c7365" in m.body for m in got), text
    # By way of the search path.
    w = session(database="root")
    w.ask("SET search_path = pg_toast, public, pg_catalog")
    got = safe(w.ask(f"SELECT chunk_data FROM {where.split('.')[1]}"))
    assert not any(b"6b6570742d656c7365" in m.body for m in got)


@pytest.mark.parametrize("text", [
    "SELECT attmissingval FROM pg_attribute WHERE attmissingval IS NOT NULL",
    "SELECT attmissingval::text || '' FROM pg_catalog.pg_attribute WHERE atthasmissing",
    "SELECT a FROM pg_attribute a WHERE atthasmissing",
    "SELECT to_jsonb(a) FROM pg_attribute a WHERE atthasmissing",
    "SELECT * FROM pg_attribute WHERE atthasmissing",
])
def test_the_default_of_a_labelled_column_is_not_shown_by_the_catalogue(session, text):
    safe(session().ask(text))
    safe(session(database="open").ask(text))


def test_the_catalogue_is_still_read(session):
    w = session()
    assert len(cells(fine(w.ask("SELECT attname FROM pg_attribute WHERE attrelid = 'customers'::regclass AND attnum > 0")))) == 9
    assert cells(fine(w.ask("SELECT relname FROM pg_class WHERE relname = 'customers'")))


@pytest.mark.parametrize("text", ["SELECT low FROM computed", "SELECT low || '' FROM computed", "SELECT * FROM computed", "SELECT id FROM computed WHERE low LIKE 'sk%'"])
def test_a_column_computed_from_a_labelled_one_is_labelled(session, text):
    got = safe(session().ask(text))
    assert "WHERE" not in text or not cells(got)


# -- where a definition carries values -------------------------------------------------------------------------------

def run(w: Wire, *texts: str) -> list[Message]:
    """Runs texts one by one; nothing in clear comes back from any of them."""
    return [m for text in texts for m in safe(w.ask(text))]


@pytest.fixture
def tidy(cluster):
    """What these tests may have made, gone."""
    yield
    cluster.sql("DROP RULE IF EXISTS rr ON small; DROP TRIGGER IF EXISTS tg ON customers; DROP FUNCTION IF EXISTS carry() CASCADE; "
                "DROP FUNCTION IF EXISTS mine(int, int) CASCADE; DROP TABLE IF EXISTS copied; DROP INDEX IF EXISTS ix1, ix2; "
                "DROP TABLE IF EXISTS fresh CASCADE", "shop")
    if cluster.sql("SELECT to_regclass('public.ancestor') IS NOT NULL", "shop") == [(True,)]:
        if cluster.sql("SELECT 1 FROM pg_inherits WHERE inhparent = 'ancestor'::regclass", "shop"):
            cluster.sql("ALTER TABLE customers NO INHERIT ancestor", "shop")
        cluster.sql("DROP TABLE ancestor", "shop")


@pytest.mark.parametrize("rule", [
    "ON INSERT TO small DO INSTEAD SELECT api_key || '' AS i FROM staff WHERE id < 3",
    "ON INSERT TO small DO ALSO INSERT INTO copied SELECT api_key FROM staff WHERE id < 3",
    "ON UPDATE TO small DO INSTEAD (SELECT 1; SELECT api_key || '' FROM staff)",
])
def test_a_rules_command_is_looked_into(session, cluster, tidy, rule):
    w = session(database="open")
    run(w, "CREATE TABLE copied (v text)", f"CREATE RULE rr AS {rule}", "INSERT INTO small VALUES (1)", "UPDATE small SET i = 1 WHERE i = 1", "SELECT * FROM copied")
    assert cluster.sql("SELECT * FROM copied", "shop") == []


def test_a_function_that_carries_a_row_away_is_not_made(session, cluster, tidy):
    """Only an unmasking reader may have a body run that nobody looks into."""
    w = session(database="open")
    run(w, "CREATE TABLE copied (v text)",
        "CREATE FUNCTION carry() RETURNS trigger LANGUAGE plpgsql AS 'begin insert into copied values (new.email); return new; end'",
        "CREATE TRIGGER tg BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION carry()",
        "UPDATE customers SET city = city WHERE id = 2", "SELECT * FROM copied")


def test_an_operator_is_what_its_function_is(session, tidy):
    for database in ("agents", "open"):
        w = session(database=database)
        run(w, "SELECT 1 === 2", "SELECT 1 OPERATOR(public.===) 2", "SELECT id FROM orders WHERE (id::int === 2) <> '' LIMIT 1", "SELECT (1 === 2) || ''")
    refused(session().ask("SELECT 1 === 2"))
    assert cells(fine(session().ask("SELECT 1 + 2, 'a' || 'b', ARRAY[1] && ARRAY[1], '{\"a\":1}'::jsonb @> '{}'"))) == [[b"3", b"ab", b"t", b"t"]]


def test_an_operator_that_the_session_makes_is_what_its_function_is(session, tidy):
    w = session(database="open")
    run(w, "CREATE FUNCTION mine(int, int) RETURNS text LANGUAGE sql AS 'select api_key from staff where id = 1'",
        "CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = mine)", "SELECT 1 ==== 2", "SELECT mine(1, 2)")


@pytest.mark.parametrize("text", ["SELECT iban || '' FROM trunk", "SELECT iban FROM trunk", "SELECT * FROM trunk", "SELECT iban FROM branch", "SELECT t FROM trunk t"])
def test_a_parent_shows_no_value_of_a_labelled_child(session, text):
    safe(session().ask(text))
    safe(session(database="open").ask(text))


def test_a_parent_that_a_labelled_table_is_given_later(session, tidy):
    w = session(database="open")
    run(w, "CREATE TABLE ancestor (email text NOT NULL)", "ALTER TABLE customers INHERIT ancestor", "SELECT email || '' FROM ancestor LIMIT 2", "SELECT email FROM ancestor LIMIT 2")
    assert len(cells(safe(fine(w.ask("SELECT email FROM customers LIMIT 2"))))) == 2


@pytest.mark.parametrize("text", [
    "CREATE INDEX ix1 ON customers (id) WHERE email LIKE 'j%'",
    "CREATE INDEX ix2 ON customers ((1 / CASE WHEN email LIKE 'j%' THEN 0 ELSE 1 END))",
    "CREATE INDEX ix1 ON staff (length(api_key))",
    "ALTER TABLE staff ADD CONSTRAINT ck CHECK (api_key LIKE 'zz%')",
    "CREATE STATISTICS ix1 ON (email || ''), id FROM customers",
])
def test_a_predicate_over_a_label_in_a_definition_is_a_question(session, cluster, tidy, text):
    refused(session(database="open").ask(text))


def test_definitions_without_labels_still_work(session, tidy):
    w = session(database="open")
    for text in ("CREATE TABLE fresh (i int, t text)", "CREATE INDEX ix1 ON fresh (lower(t)) WHERE i > 0", "CREATE INDEX ix2 ON orders (total) WHERE status = 'new'",
                 "INSERT INTO fresh VALUES (1, 'a')", "ALTER TABLE fresh ADD COLUMN n int DEFAULT 7"):
        fine(w.ask(text))
    # What was just made may take a moment to be known.
    assert eventually(lambda: cells(w.ask("SELECT i, t, n FROM fresh"))) == [[b"1", b"a", b"7"]]
    fine(w.ask("DROP TABLE fresh"))


@pytest.mark.parametrize("texts", [
    ("ALTER TABLE staff RENAME COLUMN api_key TO kk", "SELECT kk || '' FROM staff WHERE id = 1", "SELECT kk FROM staff WHERE id = 1"),
    ("ALTER TABLE staff RENAME TO st", "SELECT api_key || '' FROM st WHERE id = 1", "SELECT * FROM st WHERE id = 1", "SELECT st FROM st WHERE id = 1"),
    ("ALTER TABLE staff SET SCHEMA pg_temp", "SELECT api_key || '' FROM staff WHERE id = 1"),
    ("CREATE SCHEMA other", "ALTER TABLE staff SET SCHEMA other", "SELECT api_key || '' FROM other.staff WHERE id = 1", "SET LOCAL search_path = other", "SELECT api_key || '' FROM staff WHERE id = 1"),
    ("ALTER SCHEMA public RENAME TO pub", "SELECT api_key || '' FROM pub.staff WHERE id = 1"),
    ("CREATE VIEW st AS SELECT api_key AS k FROM staff", "SELECT k || '' FROM st"),
    ("CREATE TABLE st AS SELECT api_key AS k FROM staff", "SELECT k || '' FROM st", "SELECT k FROM st"),
])
def test_names_of_ones_own_open_transaction_stay_labelled(session, texts):
    w = session(database="open")
    fine(w.ask("BEGIN"))
    for text in texts:
        safe(w.ask("SAVEPOINT a"))
        if errors(safe(w.ask(text))):
            w.ask("ROLLBACK TO a")
    fine(w.ask("ROLLBACK"))


def test_honest_definitions_in_a_transaction(session):
    w = session(database="open")
    for text in ("BEGIN", "CREATE TABLE fresh (i int, t text)", "INSERT INTO fresh VALUES (1, 'a')"):
        fine(w.ask(text))
    assert cells(fine(w.ask("SELECT i, t FROM fresh"))) == [[b"1", b"a"]]
    assert len(cells(safe(fine(w.ask("SELECT id, email FROM customers LIMIT 2"))))) == 2
    fine(w.ask("ROLLBACK"))


# -- size ------------------------------------------------------------------------------------------------------------

def memory(house: Gateway) -> int:
    """The gateway's resident megabytes."""
    assert house.process
    with open(f"/proc/{house.process.pid}/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def work(house: Gateway) -> float:
    """The processor's time that the gateway has taken, in seconds; what else runs is nothing to it (proc(5), /proc/pid/stat)."""
    assert house.process
    fields = Path(f"/proc/{house.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


STARS = {
    "nested": lambda n: "SELECT 1 FROM " + "(SELECT *, * FROM " * n + "customers" + "".join(f") a{i}" for i in range(n)),
    "chain": lambda n: "WITH a0 AS (SELECT * FROM customers)" + "".join(f", a{i + 1} AS (SELECT *, * FROM a{i})" for i in range(n)) + f" SELECT 1 FROM a{n}",
    "join": lambda n: "WITH a0 AS (SELECT * FROM customers)" + "".join(f", a{i + 1} AS (SELECT * FROM a{i} x, a{i} y)" for i in range(n)) + f" SELECT 1 FROM a{n}",
}


@pytest.mark.parametrize("form", STARS)
def test_columns_that_double_at_each_level_do_not_fell_the_gateway(session, house, form):
    before, began = memory(house), work(house)
    for depth in (12, 14):
        w = session()
        assert errors(w.ask(STARS[form](depth)))
        assert cells(fine(w.ask("SELECT 1"))) == [[b"1"]]
    assert work(house) - began < 8 and memory(house) - before < 200
    # A few levels are nothing out of the ordinary.
    few = STARS[form](3).replace("customers", "(SELECT 1 AS one) c")
    assert cells(fine(session().ask(few))) == [[b"1"]]


def test_texts_of_prepares_that_fail_are_not_kept(session, house):
    w = session()
    text = "PREPARE p AS SELECT 1 /*" + "x" * 200_000 + "*/ AS a"
    fine(w.ask(text))
    # What buffers and each thread's allocator want for themselves, they have after a while; what is kept grows with every text.
    grown = []
    while len(grown) < 8 and (not grown or grown[-1] >= 10):
        before = memory(house)
        for _ in range(100):
            assert errors(w.ask(text)) == ["42P05"]
        grown.append(memory(house) - before)
    assert grown[-1] < 10, f"megabytes for 100 texts of 200 kB, and for each 100 after them: {grown}"
    assert cells(fine(w.ask("EXECUTE p"))) == [[b"1"]]


def test_a_function_shows_no_more_than_its_body_may(house, cluster, session):
    """Bodies are read: an honest function is a read, one that shows a label is stopped, one that writes is a write."""
    cluster.sql("""SET ROLE app;
        CREATE FUNCTION tax(x numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x * 0.2; END';
        CREATE FUNCTION order_count() RETURNS bigint LANGUAGE plpgsql STABLE AS
            'DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM public.orders; RETURN n; END';
        CREATE FUNCTION key_of(i int) RETURNS text LANGUAGE sql STABLE AS 'SELECT api_key FROM public.staff WHERE id = i';
        CREATE FUNCTION told(i int) RETURNS int LANGUAGE plpgsql STABLE AS
            $$BEGIN RAISE NOTICE '%', (SELECT api_key FROM public.staff WHERE id = i); RETURN i; END$$;
        CREATE FUNCTION quiet(i int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN takes_away(i); END';
        CREATE FUNCTION takes_away(i int) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.small; RETURN 1; END';
        CREATE FUNCTION anything(q text) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE r text; BEGIN EXECUTE q INTO r; RETURN r; END';""", "shop")
    try:
        w = session()
        eventually(lambda: not errors(w.ask("SELECT tax(100)")), what="the functions to be known")
        assert cells(fine(w.ask("SELECT tax(100)"))) == [[b"20.0"]]
        assert len(cells(fine(w.ask("SELECT order_count()")))) == 1
        for text in ("SELECT key_of(1)", "SELECT told(1)", "SELECT * FROM key_of(1)", "SELECT 1 WHERE key_of(1) LIKE 's%'",
                     "SELECT anything('SELECT api_key FROM staff')", "SELECT quiet(1)", "SELECT takes_away(1)",
                     "SELECT sum(length(key_of(id))) FROM staff"):
            assert errors(safe(w.ask(text))), text
        # Where everything is allowed, labels still are not shown; what is not labelled is the policy's business.
        w = session(database="open")
        for text in ("SELECT key_of(1)", "SELECT told(1)", "SELECT anything('SELECT api_key FROM staff')"):
            assert errors(safe(w.ask(text))) == ["TG004"], text
        # As soon as the body is another one, so is the judgement.
        cluster.sql("SET ROLE app; CREATE OR REPLACE FUNCTION tax(x numeric) RETURNS numeric LANGUAGE plpgsql IMMUTABLE AS "
                    "'BEGIN RETURN (SELECT length(api_key) FROM public.staff LIMIT 1); END'", "shop")
        eventually(lambda: errors(w.ask("SELECT tax(1)")) == ["TG004"], what="the new body to be known")
    finally:
        cluster.sql("DROP FUNCTION IF EXISTS tax, order_count, key_of, told, quiet, takes_away, anything CASCADE", "shop")
