"""A schema change waits for a DBA: approved, rejected, timed out, cancelled, abandoned. It runs once or not at all."""
import json
import re
import threading

import psycopg
import pytest

from rig import PATIENCE, raw
from rig.gateway import Link, eventually
from rig.raw import Wire


class Held:
    """A statement that runs in a thread of its own and waits there."""

    def __init__(self, link: Link, text: str, **connect):
        self.notices: list[str] = []
        self.error: psycopg.Error | None = None
        self.connected = threading.Event()
        self.conn = None

        def run():
            try:
                with psycopg.connect(**link.psycopg(**connect)) as conn:
                    self.conn = conn
                    conn.add_notice_handler(lambda d: self.notices.append(d.message_primary))
                    self.connected.set()
                    conn.execute(text)
            except psycopg.Error as e:
                self.error = e
            finally:
                self.connected.set()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert self.connected.wait(PATIENCE)

    def number(self) -> int:
        """The hold's number, from the notice that goes out at once."""
        def found():
            assert self.error is None, self.error
            return next((m for n in self.notices if (m := re.search(r"hold (\d+)", n))), None)
        return int(eventually(found, what="the notice of the hold").group(1))

    def done(self) -> "Held":
        """Waits for the end."""
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the statement still waits"
        return self


def columns(cluster, table: str) -> set[str]:
    """The columns that the server says it has."""
    return {r[0] for r in cluster.sql(f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped", "shop")}


@pytest.fixture
def table(cluster):
    """A table to alter."""
    cluster.sql("SET ROLE app; CREATE TABLE playground (id int)", "shop")
    yield "playground"
    cluster.sql("DROP TABLE IF EXISTS playground", "shop")


def console(link: Link) -> psycopg.Connection:
    """The DBA's console."""
    return psycopg.connect(**link.psycopg())


@pytest.mark.parametrize("form", ["APPROVE {n} 'looks fine'", "SELECT approve({n}, 'looks fine')"], ids=["command", "function"])
def test_approved_in_time_it_simply_succeeds(cluster, writer, dana, table, form):
    held = Held(writer, f"ALTER TABLE {table} ADD COLUMN approved int")
    n = held.number()
    with console(dana) as c:
        rows = c.execute("SELECT * FROM held").fetchall()
        assert any(f"ADD COLUMN approved int" in str(r) for r in rows)
        assert "approved" not in columns(cluster, table)
        c.execute(form.format(n=n))
        assert held.done().error is None
        assert "approved" in columns(cluster, table)
        assert not any(r for r in c.execute("SELECT * FROM held").fetchall() if "ADD COLUMN approved" in str(r))


@pytest.mark.parametrize("form", ["REJECT {n} 'use another name'", "SELECT reject({n}, 'use another name')"], ids=["command", "function"])
def test_rejected(cluster, writer, dana, table, form):
    held = Held(writer, f"ALTER TABLE {table} ADD COLUMN rejected int")
    n = held.number()
    with console(dana) as c:
        c.execute(form.format(n=n))
    e = held.done().error
    assert e is not None and e.sqlstate == "TG002"
    assert e.diag.message_primary.startswith(f"rejected: hold {n}")
    assert "use another name" in f"{e} {e.diag.message_detail} {e.diag.message_hint}"
    assert "rejected" not in columns(cluster, table)


def test_no_decision_in_time_then_the_identical_statement_passes_once(new_gateway, cluster, table):
    g = new_gateway(section={"hold_wait": "1s"})
    link, dana = g.grant(role="writer"), g.dba("dana")
    text = f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS later int"
    e = Held(link, text).done().error
    assert e is not None and e.sqlstate == "TG001"
    detail = json.loads(e.diag.message_detail)
    n = detail["hold"]
    assert e.diag.message_primary.startswith(f"held for approval: hold {n}")
    assert detail["verdict"] == "held" and detail["policy"] == "schema-changes-wait" and detail["approver"] == "dba"
    assert detail["retry"] and detail["expires"].endswith("Z")
    assert e.diag.message_hint
    # Asked again before anybody decided: it is the same hold, not a second one.
    again = Held(link, text).done().error
    assert again.sqlstate == "TG001" and json.loads(again.diag.message_detail)["hold"] == n
    with console(dana) as c:
        c.execute(f"APPROVE {n} 'go on'")
    # Nothing runs by itself …
    assert "later" not in columns(cluster, table)
    # … another statement does not pass on it, nor does another grant …
    assert Held(link, f"ALTER TABLE {table} ADD COLUMN other int").done().error.sqlstate == "TG001"
    other = g.grant(role="writer", user="bob@example.com", agent="other")
    assert Held(other, text).done().error.sqlstate == "TG001"
    # … and the identical one passes exactly once.
    assert Held(link, text).done().error is None
    assert "later" in columns(cluster, table)
    once_more = Held(link, text).done().error
    assert once_more.sqlstate == "TG001" and json.loads(once_more.diag.message_detail)["hold"] != n


def test_an_approval_is_spent_by_one_of_many(new_gateway, cluster, table):
    g = new_gateway(section={"hold_wait": "1s"})
    link, dana = g.grant(role="writer"), g.dba("dana")
    text = f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS once int"
    n = json.loads(Held(link, text).done().error.diag.message_detail)["hold"]
    with console(dana) as c:
        c.execute(f"APPROVE {n} 'one of you'")
    racers = [Held(link, text) for _ in range(6)]
    codes = [getattr(r.done().error, "sqlstate", "ok") for r in racers]
    assert codes.count("ok") == 1 and codes.count("TG001") == 5, codes


def test_the_same_statement_asked_by_many_at_once_is_one_hold(gateway, writer, dana, table):
    sessions = [Wire(gateway.host, gateway.port).login(writer.user, writer.password, "shop") for _ in range(8)]
    for round_ in range(8):
        for w in sessions:
            w.send(raw.query(f"ALTER TABLE {table} ADD COLUMN many_{round_} int"))
        (n,) = {int(re.search(r"hold (\d+)", w.read().fields()["M"]).group(1)) for w in sessions}
        with console(dana) as c:
            c.execute(f"REJECT {n} 'once is enough'")
        assert [w.until()[0].fields()["C"] for w in sessions] == ["TG002"] * 8
    for w in sessions:
        w.close()


def test_extended_protocol_and_parameters(gateway, cluster, writer, dana, table):
    with Wire(gateway.host, gateway.port).login(writer.user, writer.password, "shop") as w:
        w.send(raw.parse(f"ALTER TABLE {table} ADD COLUMN extended int"), raw.bind(), raw.describe("P"), raw.execute(), raw.SYNC)
        notice = w.read()
        seen = [notice]
        while seen[-1].tag != "N":
            seen.append(w.read())
        n = int(re.search(r"hold (\d+)", seen[-1].fields()["M"]).group(1))
        with console(dana) as c:
            c.execute(f"APPROVE {n} 'fine'")
        rest = w.until()
        assert raw.tags([m for m in seen + rest if m.tag != "N"]) == "12nCZ"
        assert "extended" in columns(cluster, table)


def test_a_hold_in_a_transaction(gateway, cluster, writer, dana, table):
    with psycopg.connect(**writer.psycopg(autocommit=False)) as conn:
        notices = []
        conn.add_notice_handler(lambda d: notices.append(d.message_primary))
        conn.execute("SELECT 1")

        def decide():
            m = eventually(lambda: next((re.search(r"hold (\d+)", x) for x in notices if "hold" in x), None), what="the notice")
            with console(dana) as c:
                c.execute(f"REJECT {m.group(1)} 'not inside a transaction'")
        t = threading.Thread(target=decide)
        t.start()
        with pytest.raises(psycopg.Error) as caught:
            conn.execute(f"ALTER TABLE {table} ADD COLUMN tx int")
        t.join()
        assert caught.value.sqlstate == "TG002"
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
        conn.rollback()
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_held_statement_can_be_cancelled(gateway, cluster, writer, table):
    with Wire(gateway.host, gateway.port).login(writer.user, writer.password, "shop") as w:
        w.send(raw.query(f"ALTER TABLE {table} ADD COLUMN cancelled int"))
        assert w.read().tag == "N"
        with Wire(gateway.host, gateway.port) as c:
            c.send(raw.cancel_request(*w.key))
            assert c.closed()
        got = w.until()
        assert raw.tags(got) == "EZ" and got[0].fields()["C"] == "57014"
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"
    assert "cancelled" not in columns(cluster, table)


def test_a_client_that_leaves_while_it_waits_runs_nothing(gateway, cluster, writer, dana, table):
    w = Wire(gateway.host, gateway.port).login(writer.user, writer.password, "shop")
    w.send(raw.query(f"ALTER TABLE {table} ADD COLUMN abandoned int"))
    n = int(re.search(r"hold (\d+)", w.read().fields()["M"]).group(1))
    w.close()
    with console(dana) as c:
        try:
            c.execute(f"APPROVE {n} 'too late?'")
        except psycopg.Error:
            pass
        c.execute("SELECT * FROM holds").fetchall()
    assert "abandoned" not in columns(cluster, table)


def test_nobody_approves_her_own_request(gateway, cluster, table):
    mine = gateway.grant(role="writer", user="erin", agent="mine")
    erin, frank = gateway.dba("erin"), gateway.dba("frank")
    held = Held(mine, f"ALTER TABLE {table} ADD COLUMN own int")
    n = held.number()
    with console(erin) as c, pytest.raises(psycopg.Error):
        c.execute(f"APPROVE {n} 'I say so'")
    assert "own" not in columns(cluster, table)
    with console(frank) as c:
        c.execute(f"APPROVE {n} 'I have looked at it'")
    assert held.done().error is None


def test_two_dbas_at_once_one_wins(gateway, writer, dana, table):
    gina = gateway.dba("gina")
    held = Held(writer, f"ALTER TABLE {table} ADD COLUMN chosen int")
    n, answers = held.number(), []

    def decide(link, text):
        with console(link) as c:
            try:
                c.execute(text)
                answers.append("won")
            except psycopg.Error as e:
                answers.append(e.sqlstate)
    threads = [threading.Thread(target=decide, args=(dana, f"APPROVE {n} 'yes'")), threading.Thread(target=decide, args=(gina, f"REJECT {n} 'no'"))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert answers.count("won") == 1, answers
    assert getattr(held.done().error, "sqlstate", None) in (None, "TG002")


def test_a_role_without_the_right_cannot_approve(gateway, writer, dana, table):
    viewer = gateway.dba("victor", role="viewer")
    held = Held(writer, f"ALTER TABLE {table} ADD COLUMN unauthorised int")
    n = held.number()
    with console(viewer) as c, pytest.raises(psycopg.Error):
        c.execute(f"APPROVE {n} 'let me'")
    with console(dana) as c:
        c.execute(f"REJECT {n} 'no'")
    assert held.done().error.sqlstate == "TG002"


def test_a_hold_outlives_a_kill(new_gateway, cluster, table):
    g = new_gateway(section={"hold_wait": "1s"})
    link, dana = g.grant(role="writer"), g.dba("dana")
    text = f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS survivor int"
    n = json.loads(Held(link, text).done().error.diag.message_detail)["hold"]
    with console(dana) as c:
        c.execute(f"APPROVE {n} 'fine'")
    g.kill()
    g.start()
    assert Held(link, text).done().error is None
    assert "survivor" in columns(cluster, table)
    again = Held(link, text).done().error
    assert again is not None and again.sqlstate == "TG001"


def test_a_text_with_one_held_statement_waits_as_a_whole(cluster, writer, dana, table):
    held = Held(writer, f"INSERT INTO {table} VALUES (1); ALTER TABLE {table} ADD COLUMN whole int; INSERT INTO {table} VALUES (2)")
    n = held.number()
    assert cluster.sql(f"SELECT count(*) FROM {table}", "shop") == [(0,)]
    with console(dana) as c:
        c.execute(f"APPROVE {n} 'all of it'")
    assert held.done().error is None
    assert cluster.sql(f"SELECT count(*) FROM {table}", "shop") == [(2,)]


def test_deny_is_stricter_than_hold(writer, table):
    e = Held(writer, f"ALTER TABLE {table} ADD COLUMN x int; DELETE FROM orders").done().error
    assert e is not None and e.sqlstate == "42501"
