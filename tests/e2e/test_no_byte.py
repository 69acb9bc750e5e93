"""A refused statement sends no byte to the server: counted on the wire between gateway and PostgreSQL."""
import socket
import threading

import pytest

from rig import raw
from rig.gateway import eventually
from rig.raw import Wire
from conftest import APP_PASSWORD


class Counter:
    """Passes connections on to a server, and counts what goes there on each. The first bytes of one say whose it is."""

    def __init__(self, port: int):
        self.target = port
        self.sent: list[int] = []
        self.first: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            number = len(self.sent)
            self.sent.append(0)
            self.first.append(b"")
            threading.Thread(target=self.pump, args=(client, server, number), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, None), daemon=True).start()

    def pump(self, source, sink, number):
        try:
            while data := source.recv(65536):
                if number is not None:
                    self.first[number] = self.first[number] or data
                    self.sent[number] += len(data)
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@pytest.fixture
def counted(cluster, new_gateway):
    counter = Counter(cluster.port)
    g = new_gateway(section={"url": f"postgres://app:{APP_PASSWORD}@127.0.0.1:{counter.port}/shop?sslmode=disable"})
    yield counter, g
    counter.listener.close()


REFUSED = [
    "DELETE FROM orders",
    "SELECT lower(email) FROM customers",
    "SELEC 1",
    "SELECT 1; DELETE FROM orders",
    "GRANT SELECT ON customers TO PUBLIC",
    "COPY customers TO STDOUT",
    "SELECT pg_read_file('/etc/passwd')",
    "VACUUM",
]


def test_a_refused_statement_sends_no_byte(counted):
    counter, g = counted
    link = g.grant(role="writer")
    with Wire(g.host, g.port).login(link.user, link.password, "shop", application_name="the counted one") as w:
        assert raw.tags(w.ask("SELECT 1")) == "TDCZ"
        (own,) = [n for n, first in enumerate(counter.first) if b"the counted one" in first]
        for text in REFUSED:
            before = counter.sent[own]
            assert raw.tags(w.ask(text)) == "EZ", text
            assert counter.sent[own] == before, text
            # In the extended protocol, only the Sync goes on (5 bytes): it brings the status.
            got = w.send(raw.parse(text), raw.bind(), raw.describe("P"), raw.execute(), raw.SYNC).until()
            assert raw.tags(got) == "EZ", text
            assert counter.sent[own] == before + 5, text
        before = counter.sent[own]
        assert raw.tags(w.ask("SELECT 2")) == "TDCZ"
        eventually(lambda: counter.sent[own] > before)
