"""Names that mean something else by what was not committed yet: renamed, moved, made a child."""
import pytest

from rig import raw
from rig.gateway import eventually

from test_roads import errors, fine, house, links, rows, safe, session  # noqa: F401 (fixtures)

COLUMNS = ["ALTER TABLE customers RENAME email TO em", "ALTER TABLE customers RENAME full_name TO email", "ALTER TABLE customers RENAME em TO full_name"]
TABLES = ["ALTER TABLE small RENAME TO smaller", "ALTER TABLE vault RENAME secret TO i", "ALTER TABLE vault RENAME TO small"]
PARENT = ["ALTER TABLE vault INHERIT parent_of_none"]
MOVED = ["ALTER TABLE small SET SCHEMA elsewhere", "ALTER TABLE vault RENAME secret TO i", "ALTER TABLE vault RENAME TO small"]
SCHEMAS = ["ALTER SCHEMA elsewhere RENAME TO away", "ALTER SCHEMA public RENAME TO elsewhere"]

SHADOW = ["SET LOCAL search_path = elsewhere, public", "DROP TABLE elsewhere.customers"]
SHADOW_VIEW = ["SET LOCAL search_path = elsewhere, public", "DROP VIEW elsewhere.shown"]
OUTER = ["ALTER TABLE plain DROP COLUMN email"]
TYPED = ["ALTER TYPE of_person RENAME ATTRIBUTE a TO c CASCADE", "ALTER TYPE of_person RENAME ATTRIBUTE b TO a CASCADE"]
REVOKED = ["SET LOCAL search_path = elsewhere, public", "REVOKE USAGE ON SCHEMA elsewhere FROM app"]

ROADS = [
    (SHADOW, "SELECT email || '' FROM customers"), (SHADOW, "COPY customers (email) TO STDOUT"), (SHADOW, "SELECT id FROM customers WHERE email LIKE 'a%'"),
    (SHADOW_VIEW, "SELECT email || '' FROM shown"), (OUTER, "SELECT (SELECT email FROM plain LIMIT 1) FROM customers"), (OUTER, "COPY (SELECT (SELECT email FROM plain LIMIT 1) FROM customers) TO STDOUT"),
    (["ALTER TABLE plain RENAME COLUMN email TO mail"], "SELECT (SELECT email || '' FROM plain LIMIT 1) FROM customers"),
    (["ALTER TABLE customers RENAME email TO foo"], "SELECT (SELECT foo || '' FROM customers LIMIT 1) FROM plain"),
    (["ALTER TABLE plain DROP COLUMN customers"], "SELECT customers::text || '' FROM customers, plain"),
    (["ALTER TABLE plain RENAME COLUMN customers TO iban"], "SELECT count(*) FROM branch NATURAL JOIN plain"), (["ALTER TABLE plain ADD COLUMN iban text DEFAULT 'guess'"], "SELECT count(*) FROM branch NATURAL JOIN plain"),
    (TYPED, "SELECT a || '' FROM typed"), (TYPED, "COPY typed (a) TO STDOUT"), (REVOKED, "SELECT email || '' FROM customers"),
    (COLUMNS, "SELECT full_name || '' FROM customers"), (COLUMNS, "SELECT id FROM customers WHERE full_name LIKE 'a%'"), (COLUMNS, "COPY customers (full_name) TO STDOUT"),
    (COLUMNS, "WITH c AS (SELECT full_name FROM customers) SELECT string_agg(full_name, ',') FROM c"), (COLUMNS, "SELECT c.id FROM customers c ORDER BY c.full_name"),
    (TABLES, "SELECT i || '' FROM small"), (TABLES, "SELECT count(*) FROM small WHERE i IS NULL"), (MOVED, "SELECT i || '' FROM small"),
    (PARENT, "SELECT left(secret, 20) FROM parent_of_none"), (PARENT, "SELECT left(secret, 20) FROM grandparent"),
    (SCHEMAS, "SELECT email || '' FROM elsewhere.customers"),
]


@pytest.fixture
def more(cluster, house):  # noqa: F811
    cluster.sql("""SET ROLE app; CREATE TABLE grandparent (id int, secret text); CREATE TABLE parent_of_none () INHERITS (grandparent)""", "shop")
    cluster.sql("CREATE SCHEMA elsewhere AUTHORIZATION app; SET ROLE app; CREATE TABLE elsewhere.thing (i int)", "shop")
    cluster.sql("""SET ROLE app; CREATE TABLE elsewhere.customers (id int, email text); CREATE VIEW public.shown AS SELECT email FROM public.customers; CREATE VIEW elsewhere.shown AS SELECT 'x'::text AS email;
        CREATE TABLE plain (id int, email text, foo text, customers text); INSERT INTO plain VALUES (1, 'x', 'x', 'x'); CREATE TYPE of_person AS (a text, b text); CREATE TABLE typed OF of_person; INSERT INTO typed VALUES ('x', 'kept-elsewhere')""", "shop")
    yield
    cluster.sql("DROP TABLE parent_of_none, grandparent; DROP SCHEMA elsewhere CASCADE; DROP VIEW shown; DROP TABLE plain, typed; DROP TYPE of_person", "shop")


@pytest.mark.parametrize("moves, text", ROADS, ids=lambda p: p if isinstance(p, str) else None)
@pytest.mark.parametrize("together", [False, True], ids=["one by one", "in one text"])
def test_a_label_hides_behind_no_name_that_was_moved(session, more, moves, text, together):  # noqa: F811
    w = session(database="open")
    if together:
        assert errors(safe(w.ask("; ".join([*moves, text])))) == ["TG004"]
        return
    fine(w.ask("BEGIN"))
    for move in moves:
        fine(w.ask(move))
    assert errors(safe(w.ask(text))) == ["TG004"]
    fine(w.ask("ROLLBACK"))


def test_what_is_prepared_before_a_move_runs_behind_it(session, more):  # noqa: F811
    w = session(database="open")
    fine(w.ask("PREPARE p AS SELECT full_name || '' FROM customers"))
    assert errors(safe(w.ask("; ".join(["BEGIN", *COLUMNS, "EXECUTE p"])))) == ["TG004"]


def test_the_end_of_an_earlier_message_forgets_no_move_that_was_sent_since(session, more):  # noqa: F811
    w = session(database="open")
    w.send(raw.query("SELECT pg_sleep(0.3)"))
    w.send(raw.query("; ".join(["BEGIN", *COLUMNS, "SELECT pg_sleep(0.6)"])))
    safe(w.until())
    w.send(raw.query("SELECT full_name || '' FROM customers"))
    fine(safe(w.until()))
    assert errors(safe(w.until())) == ["TG004"]


def test_who_may_not_use_a_schema_any_more_looks_further(session, more, cluster):  # noqa: F811
    w, other = session(database="open"), session(database="root")
    fine(w.ask("SET search_path = elsewhere, public"))
    fine(w.ask("SELECT email || '' FROM customers"))
    fine(other.ask("REVOKE ALL ON SCHEMA elsewhere FROM app; ALTER SCHEMA elsewhere OWNER TO postgres; ALTER TABLE elsewhere.customers OWNER TO postgres"))
    # It was changed past the gateway, which looks now and then.
    eventually(lambda: errors(w.ask("SELECT count(email || '') FROM customers")) == ["TG004"], what="a look at the schemas")
    assert errors(safe(w.ask("SELECT email || '' FROM customers"))) == ["TG004"]


HONEST = ["ALTER TABLE public.small RENAME COLUMN i TO j", "ALTER TABLE public.small ADD COLUMN schema text", "ALTER INDEX public.customers_pkey RENAME TO another", "ALTER TABLE customers ADD CONSTRAINT k CHECK (id > 0)",
          "ALTER TABLE customers ADD COLUMN note text", "CREATE TABLE fresh (id int)", "CREATE INDEX ON customers (city)", "ALTER TABLE customers ALTER city SET DEFAULT 'x'"]


@pytest.mark.parametrize("move", HONEST)
def test_a_migration_goes_on_beside_labels(session, more, move):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", move, "UPDATE public.plain SET foo = foo || 'x' WHERE id = 1", "INSERT INTO plain (id) VALUES (2)", "SELECT id, email FROM customers", "ROLLBACK"):
        safe(fine(w.ask(text)))


def test_what_was_not_moved_is_as_ever(session, more):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN"))
    fine(w.ask("ALTER TABLE small ADD COLUMN more int"))
    fine(w.ask("ALTER TABLE small RENAME COLUMN more TO most"))
    fine(w.ask("ALTER TABLE vault RENAME COLUMN id TO number"))
    fine(w.ask("SELECT id + 1 FROM orders WHERE id = 1"))
    fine(w.ask("ROLLBACK"))
    fine(w.ask("UPDATE customers SET full_name = full_name || '' WHERE id = 1"))
