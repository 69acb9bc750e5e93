"""Names that mean something else by what was not committed yet: renamed, moved, made a child."""
import pytest

from test_roads import errors, fine, house, links, rows, safe, session  # noqa: F401 (fixtures)

COLUMNS = ["ALTER TABLE customers RENAME email TO em", "ALTER TABLE customers RENAME full_name TO email", "ALTER TABLE customers RENAME em TO full_name"]
TABLES = ["ALTER TABLE small RENAME TO smaller", "ALTER TABLE vault RENAME secret TO i", "ALTER TABLE vault RENAME TO small"]
PARENT = ["ALTER TABLE vault INHERIT parent_of_none"]
MOVED = ["ALTER TABLE small SET SCHEMA elsewhere", "ALTER TABLE vault RENAME secret TO i", "ALTER TABLE vault RENAME TO small"]
SCHEMAS = ["ALTER SCHEMA elsewhere RENAME TO away", "ALTER SCHEMA public RENAME TO elsewhere"]

ROADS = [
    (COLUMNS, "SELECT full_name || '' FROM customers"), (COLUMNS, "SELECT id FROM customers WHERE full_name LIKE 'a%'"), (COLUMNS, "COPY customers (full_name) TO STDOUT"),
    (COLUMNS, "WITH c AS (SELECT full_name FROM customers) SELECT string_agg(full_name, ',') FROM c"), (COLUMNS, "SELECT c.id FROM customers c ORDER BY c.full_name"),
    (TABLES, "SELECT i || '' FROM small"), (TABLES, "SELECT count(*) FROM small WHERE i IS NULL"), (MOVED, "SELECT i || '' FROM small"),
    (PARENT, "SELECT left(secret, 20) FROM parent_of_none"), (PARENT, "SELECT left(secret, 20) FROM grandparent"),
    (SCHEMAS, "SELECT i || '' FROM elsewhere.thing"),
]


@pytest.fixture
def more(cluster, house):  # noqa: F811
    cluster.sql("""SET ROLE app; CREATE TABLE grandparent (id int, secret text); CREATE TABLE parent_of_none () INHERITS (grandparent)""", "shop")
    cluster.sql("CREATE SCHEMA elsewhere AUTHORIZATION app; SET ROLE app; CREATE TABLE elsewhere.thing (i int)", "shop")
    yield
    cluster.sql("DROP TABLE parent_of_none, grandparent; DROP SCHEMA elsewhere CASCADE", "shop")


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


def test_what_was_not_moved_is_as_ever(session, more):  # noqa: F811
    w = session(database="open")
    fine(w.ask("BEGIN"))
    fine(w.ask("ALTER TABLE small ADD COLUMN more int"))
    fine(w.ask("ALTER TABLE small RENAME COLUMN more TO most"))
    fine(w.ask("UPDATE customers SET full_name = full_name || '' WHERE id = 1"))
    fine(w.ask("ALTER TABLE vault RENAME COLUMN id TO number"))
    fine(w.ask("SELECT id + 1 FROM orders WHERE id = 1"))
    fine(w.ask("ROLLBACK"))
    fine(w.ask("UPDATE customers SET full_name = full_name || '' WHERE id = 1"))
