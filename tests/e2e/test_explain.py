"""`tollgate explain` and `classify`, as people use them to find out why."""
import json

import pytest


def explain(gateway, text: str, *words: str, role: str = "reader", **more) -> dict:
    """The JSON of an explanation."""
    return json.loads(gateway.run("explain", "--json", "--database", "shop", "--role", role, *words, text, **more).stdout)


def only(got: dict) -> dict:
    """The one statement of it."""
    (statement,) = got["statements"]
    return statement


def test_each_question_has_its_answer(gateway):
    s = only(explain(gateway, "DELETE FROM orders", role="writer"))
    (question,) = s["questions"]
    assert (s["verdict"], s["sqlstate"]) == ("deny", "42501")
    assert question["action"] == "delete" and question["object"] == "public.orders" and question["verdict"] == "deny"
    assert question["policies"] == s["policies"] == ["no-unbounded-writes"] and question["reason"] == s["reason"]


def test_the_column_that_a_label_refuses_is_named(gateway):
    s = only(explain(gateway, "SELECT id, lower(email) AS e FROM customers ORDER BY email"))
    assert (s["verdict"], s["sqlstate"]) == ("deny", "TG004")
    uses = {(u["column"], u["place"]): u for u in s["uses"]}
    assert uses["public.customers.email", "computed"]["refused"] and uses["public.customers.email", "filter"]["refused"]
    assert "refused" not in uses["public.customers.id", "output"] and s["labels"] == ["email"]
    assert [c.get("mask") for c in s["columns"]] == [None, None], "what is refused is not masked"


def test_a_hold_says_who_can_lift_it(gateway):
    s = only(explain(gateway, "ALTER TABLE orders ADD COLUMN x int", role="writer"))
    assert (s["verdict"], s["sqlstate"]) == ("hold", "TG001") and s["hold"] == {"approver": "dba", "waits": "30s", "lives": "1h"}


def test_the_search_path_decides_what_is_meant(gateway):
    assert only(explain(gateway, "SELECT 1 FROM orders"))["actions"] == [{"action": "read", "object": "public.orders"}]
    assert only(explain(gateway, "SELECT 1 FROM orders", "--search-path", "elsewhere"))["flags"].count("unresolved_name") == 1
    got = explain(gateway, "SET search_path = elsewhere; SELECT 1 FROM orders")
    assert [s["actions"][0]["object"] for s in got["statements"]][1] == "elsewhere.orders"


@pytest.mark.parametrize("text, line, column, position", [("SELECT id,\n  total FORM orders WHERE", 2, 13, 24), ("SELECT 'ü'; SELEC 1", 1, 13, 13)])
def test_a_syntax_error_has_its_place(gateway, text, line, column, position):
    error = explain(gateway, text)["statements"][-1]["syntax_error"]
    assert error["message"] and (error["line"], error["column"], error["position"]) == (line, column, position)


def test_as_a_person_reads_it(gateway):
    out = gateway.run("explain", "--database", "shop", "--role", "reader", "SELECT id, email FROM customers WHERE id = 1").stdout
    assert out.startswith("shop as reader, search_path pg_catalog, public\n\nallow\n  | SELECT id, email")
    assert "email = public.customers.email, label email, shown as email" in out and "read public.customers: allow by" in out
    out = gateway.run("explain", "--database", "shop", "--role", "writer", "SELECT 1; DELETE FROM orders").stdout
    assert "deny for 2 statements" in out and "\n1. allow\n" in out and "\n2. deny 42501: " in out


def test_from_a_file_and_from_standard_input(gateway):
    (gateway.dir / "some.sql").write_text("SELECT 1;\n-- and\nSELECT count(*) FROM orders;\n")
    for words, stdin in ((["--file", str(gateway.dir / "some.sql")], None), (["-"], "SELECT 1;\nSELECT count(*) FROM orders")):
        got = json.loads(gateway.run("explain", "--database", "shop", "--role", "reader", "--json", *words, stdin=stdin).stdout)
        assert [s["statement"].split()[-1] for s in got["statements"]] == ["1", "orders"]


@pytest.mark.parametrize("words, says", [
    (["--database", "nosuch", "--role", "reader", "SELECT 1"], 'there is no database "nosuch" in the config; there is shop'),
    (["--database", "shop", "--role", "reader"], "required"), (["--database", "shop", "SELECT 1"], "--role"),
    (["--database", "shop", "--role", "reader", "--file", "/nonexistent/x.sql"], "/nonexistent/x.sql"), (["--database", "shop", "--role", "reader", "--client", "nowhere", "SELECT 1"], "--client")])
def test_wrong_usage_says_what_is_wrong(gateway, words, says):
    done = gateway.run("explain", *words, check=False)
    assert done.returncode == 2 and says in done.stderr


def test_a_role_that_no_policy_names_is_told(gateway):
    assert explain(gateway, "SELECT 1", role="redaer")["notes"] == ["no policy names the role redaer"]
    assert "notes" not in explain(gateway, "SELECT 1")


def test_without_a_running_server(new_gateway):
    g = new_gateway()
    running = explain(g, "SELECT email FROM customers")
    g.stop()
    assert explain(g, "SELECT email FROM customers") == running


def test_classify_needs_nothing(gateway):
    (s,) = json.loads(gateway.run("classify", "--json", "UPDATE t SET a = b WHERE c = 1").stdout)["statements"]
    assert s["class"] == "write" and {"column": "public.t.c", "place": "equality"} in s["uses"] and "public.t.a" in s["writes"]
    assert "class write" in gateway.run("classify", "UPDATE t SET a = b").stdout
