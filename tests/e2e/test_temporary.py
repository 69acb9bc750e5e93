"""Temporary tables and views: a name means what the session's own schema makes of it, before anything of the same name."""
import pytest

from test_roads import cells, errors, fine, house, links, rows, safe, session  # noqa: F401 (fixtures)


SHADOWS = [
    "CREATE TEMP VIEW small AS SELECT api_key AS i FROM staff",
    "CREATE TEMPORARY VIEW small (i) AS SELECT api_key FROM staff",
    "CREATE VIEW pg_temp.small AS SELECT api_key AS i FROM staff",
    "SET search_path = pg_temp, public; CREATE VIEW small AS SELECT api_key AS i FROM staff",
    "DO $$ BEGIN EXECUTE 'CREATE TEMP VIEW small AS SELECT api_key AS i FROM staff'; END $$",
]


@pytest.mark.parametrize("shadow", SHADOWS)
@pytest.mark.parametrize("before", ["", "CREATE TEMP TABLE other (i int)"])
@pytest.mark.parametrize("transaction", [False, True])
def test_a_temporary_view_over_a_label_hides_behind_no_name(session, shadow, before, transaction):  # noqa: F811
    w = session(database="open")
    fine(w.ask("SELECT i || '' FROM small"))
    if before:
        fine(w.ask(before))
    if transaction:
        fine(w.ask("BEGIN"))
    safe(w.ask(shadow))
    safe(w.ask("SELECT i || '' FROM small"))
    safe(w.ask("SELECT i FROM small"))
    safe(w.ask("SELECT i || '' FROM pg_temp.small"))
    if transaction:
        safe(w.ask("COMMIT"))
        safe(w.ask("SELECT i || '' FROM small"))
        safe(w.ask("SELECT i FROM small"))


@pytest.mark.parametrize("shadow", SHADOWS[:3])
def test_a_temporary_view_in_the_same_text_hides_behind_no_name(session, shadow):  # noqa: F811
    w = session(database="open")
    safe(w.ask(shadow + "; SELECT i || '' FROM small"))


def test_a_temporary_view_over_what_a_transaction_renamed(session):  # noqa: F811
    w = session(database="open")
    for text in ("BEGIN", "ALTER TABLE staff RENAME COLUMN api_key TO kk", "SAVEPOINT a", "CREATE TEMP VIEW small AS SELECT kk AS i FROM staff",
                 "ROLLBACK TO a", "SELECT i || '' FROM small", "ROLLBACK"):
        safe(w.ask(text))


def test_honest_temporary_tables(session):  # noqa: F811
    w = session(database="open")
    for text in ("CREATE TEMP TABLE work (i int, t text)", "INSERT INTO work VALUES (1, 'a'), (2, 'b')", "CREATE INDEX ON work (i)"):
        fine(w.ask(text))
    assert cells(fine(w.ask("SELECT w.i, t || '!' FROM work w WHERE i = 2"))) == [[b"2", b"b!"]]
    assert len(cells(safe(fine(w.ask("SELECT id, email FROM customers LIMIT 2"))))) == 2
    fine(w.ask("DROP TABLE work"))
    assert errors(w.ask("SELECT i FROM work"))


def test_honest_temporary_tables_of_a_transaction(session):  # noqa: F811
    w = session(database="open")
    for _ in range(2):
        for text in ("BEGIN", "CREATE TEMP TABLE work ON COMMIT DROP AS SELECT i FROM small", "DELETE FROM work WHERE i > 2"):
            fine(w.ask(text))
        assert cells(fine(w.ask("SELECT i FROM work ORDER BY i"))) == [[b"1"], [b"2"]]
        assert len(cells(safe(fine(w.ask("SELECT id, email FROM customers LIMIT 2"))))) == 2
        fine(w.ask("COMMIT"))


def test_a_temporary_table_of_the_name_of_another(session, cluster):  # noqa: F811
    w = session(database="open")
    fine(w.ask("CREATE TEMP TABLE small (i int, only_here text)"))
    fine(w.ask("INSERT INTO small VALUES (100, 'x')"))
    assert cells(fine(w.ask("SELECT i, only_here FROM small"))) == [[b"100", b"x"]]
    assert len(cells(fine(w.ask("SELECT i FROM public.small")))) == 7
    fine(w.ask("DROP TABLE small"))
    assert len(cells(fine(w.ask("SELECT i FROM small")))) == 7
    fine(w.ask("BEGIN; CREATE TEMP TABLE small (i int, only_here text); INSERT INTO small VALUES (100, 'x')"))
    assert cells(fine(w.ask("SELECT only_here || '!' FROM small"))) == [[b"x!"]]
    fine(w.ask("ROLLBACK"))
    assert len(cells(fine(w.ask("SELECT i FROM small WHERE i > 0")))) == 7
    assert cells(fine(w.ask("CREATE TEMP TABLE fresh AS SELECT 1 AS i; SELECT i FROM fresh; DROP TABLE fresh"))) == [[b"1"]]
    # Another session's is nothing to this one.
    v = session(database="open")
    fine(w.ask("CREATE TEMP TABLE small (i int, only_here text)"))
    assert len(cells(fine(v.ask("SELECT i FROM small")))) == 7
