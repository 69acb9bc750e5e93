"""Every statement is written down before it has an effect, and survives what happens to the gateway."""
import json
import re

import psycopg
import pytest

from rig import raw
from rig.gateway import eventually
from rig.raw import Wire


def session_number(g, agent: str) -> str:
    """The last session of an agent, as `tollgate sessions --json` tells it."""
    data = json.loads(g.run("sessions", "--json").stdout)
    mine = [r["session"] for r in data if r["agent"] == agent]
    assert mine, data
    return str(max(mine))


def test_replay_shows_the_session_as_it_happened(gateway):
    link = gateway.grant(role="writer", agent="diarist")
    with Wire(gateway.host, gateway.port).login(link.user, link.password, "shop", application_name="diary") as w:
        w.ask("SELECT id, email FROM customers ORDER BY id LIMIT 3")
        w.ask("DELETE FROM orders")
        w.ask("UPDATE orders SET note = note WHERE id = 3")
        w.ask("SELECT 1/0")
        w.send(raw.parse("SELECT id FROM orders WHERE id = $1 AND customer_id > $2::int"), raw.bind("", "", (b"4711", b"0")), raw.execute(), raw.SYNC).until()
    number = session_number(gateway, "diarist")
    text = eventually(lambda: (t := gateway.run("replay", number, check=False).stdout) and "4711" in t and t, what="the last statement in the journal")
    order = ["SELECT id, email FROM customers", "DELETE FROM orders", "UPDATE orders SET note", "SELECT 1/0", "customer_id > $2"]
    places = [text.find(x) for x in order]
    assert all(p >= 0 for p in places) and places == sorted(places), text
    for word in ("diarist", "alice@example.com", "no-unbounded-writes", "42501", "22012", "diary"):
        assert word in text, (word, text)
    assert link.password not in text


def test_replay_as_json(gateway):
    link = gateway.grant(agent="jsonist")
    with psycopg.connect(**link.psycopg()) as conn:
        conn.execute("SELECT id, email FROM customers WHERE id < 10")
    number = session_number(gateway, "jsonist")

    def ended():
        lines = [json.loads(line) for line in gateway.run("replay", number, "--json", check=False).stdout.splitlines() if line.strip()]
        flat = json.dumps(lines)
        return "session_end" in flat and lines
    records = eventually(ended, what="the end of the session in the journal")
    flat = json.dumps(records)
    assert "jsonist" in flat and "SELECT id, email FROM customers WHERE id < 10" in flat
    assert '"rows": 9' in flat and '"masked": 9' in flat


def test_replay_of_what_is_not_there(gateway):
    done = gateway.run("replay", "999999", check=False)
    assert done.returncode in (1, 2) and "999999" in done.stderr


def test_a_kill_loses_nothing_that_had_an_effect(new_gateway, cluster):
    g = new_gateway()
    link = g.grant(role="writer", agent="victim")
    w = Wire(g.host, g.port).login(link.user, link.password, "shop")
    done = 0
    for n in range(200):
        w.ask(f"UPDATE orders SET note = note WHERE id = {100000 + n}")
        done += 1
    g.kill()
    w.close()
    # With the server down …
    number = session_number(g, "victim")
    text = g.run("replay", number).stdout
    for n in range(done):
        assert f"id = {100000 + n}" in text
    verify = g.run("verify", check=False)
    assert verify.returncode == 0 or "unrecognized" in verify.stderr
    # … and up again, with the same grant and a session number of its own.
    g.start()
    with psycopg.connect(**link.psycopg()) as conn:
        conn.execute("SELECT 'after the kill'")
    after = session_number(g, "victim")
    assert int(after) > int(number)
    assert g.run("replay", number).stdout.count("UPDATE orders") == text.count("UPDATE orders")


def test_a_statement_is_on_disk_before_the_server_sees_it(new_gateway, cluster):
    """Killed while the server works on it, the journal already has it."""
    g = new_gateway()
    link = g.grant(role="writer", agent="early")
    w = Wire(g.host, g.port).login(link.user, link.password, "shop", application_name="early")
    w.send(raw.query("UPDATE orders SET note = note WHERE id = 1 AND pg_sleep(60) IS NOT NULL"))
    eventually(lambda: cluster.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'early' AND state = 'active' AND query LIKE 'UPDATE%'"),
               what="the statement on the server")
    g.kill()
    w.close()
    assert "pg_sleep(60)" in g.run("replay", session_number(g, "early")).stdout
    cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'early'")


def test_holds_and_decisions_are_in_the_replay(new_gateway, cluster):
    g = new_gateway(section={"hold_wait": "1s"})
    link, dana = g.grant(role="writer", agent="migrator"), g.dba("dana")
    with psycopg.connect(**link.psycopg()) as conn, psycopg.connect(**dana.psycopg()) as console:
        with pytest.raises(psycopg.Error) as caught:
            conn.execute("CREATE TABLE journalled (id int)")
        n = json.loads(caught.value.diag.message_detail)["hold"]
        console.execute(f"APPROVE {n} 'a reason worth keeping'")
        conn.execute("CREATE TABLE journalled (id int)")
        conn.execute("SELECT 1")
    cluster.sql("DROP TABLE journalled", "shop")
    text = g.run("replay", session_number(g, "migrator")).stdout
    assert "CREATE TABLE journalled" in text and "dana" in text and "a reason worth keeping" in text and "schema-changes-wait" in text
    assert re.search(r"SOC2:CC8\.1", text)


def test_secrets_are_not_in_the_state_dir(gateway, reader, dana):
    """Grants' secrets and DBAs' passwords are kept as verifiers; the upstream password not at all."""
    assert (gateway.dir / "state").stat().st_mode & 0o077 == 0, "others can look into the state directory"
    for path in gateway.dir.glob("state/**/*"):
        if path.is_file():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue  # a newer one has taken its place
            for secret in (reader.password, dana.password, "upstream-secret-of-the-app"):
                assert secret.encode() not in data, path


def test_explain_json(gateway):
    got = json.loads(gateway.run("explain", "--database", "shop", "--role", "reader", "SELECT id, email FROM customers WHERE id = 1", "--json").stdout)
    assert got["verdict"] == "allow" and got["database"] == "shop" and got["role"] == "reader"
    (s,) = got["statements"]
    assert s["class"] == "read" and "public.customers.email" in s["reads"] and s["coverage"] == "complete"
    assert {"action": "read", "object": "public.customers"} in s["actions"]
    by_name = {c["name"]: c for c in s["columns"]}
    assert by_name["email"]["labels"] == ["email"] and by_name["email"]["mask"] == "email"
    assert by_name["id"]["labels"] == []
    got = json.loads(gateway.run("explain", "--database", "shop", "--role", "writer", "SELECT 1; ALTER TABLE orders ADD COLUMN x int; DELETE FROM orders", "--json",
                                 check=False).stdout)
    assert got["verdict"] == "deny" and [s["verdict"] for s in got["statements"]] == ["allow", "hold", "deny"]
    assert got["statements"][1]["sqlstate"] == "TG001" and got["statements"][2]["sqlstate"] == "42501"
