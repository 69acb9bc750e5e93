"""PostgreSQL's protocol by hand: bytes on a socket, for what no driver would send.

Owns: framing, startup, SCRAM-SHA-256 without channel binding, reading messages. Refuses: to be a driver.
Messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""
import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
from dataclasses import dataclass

from rig import PATIENCE


@dataclass
class Message:
    """One message of the server."""
    tag: str
    body: bytes

    def fields(self) -> dict[str, str]:
        """The fields of an ErrorResponse or NoticeResponse."""
        out = {}
        for part in self.body.split(b"\0"):
            if part:
                out[chr(part[0])] = part[1:].decode()
        return out

    def cells(self) -> list[bytes | None]:
        """The cells of a DataRow."""
        count, at, out = struct.unpack_from("!H", self.body)[0], 2, []
        for _ in range(count):
            (size,) = struct.unpack_from("!i", self.body, at)
            at += 4
            if size < 0:
                out.append(None)
            else:
                out.append(self.body[at:at + size])
                at += size
        return out


def frame(tag: str, body: bytes) -> bytes:
    """A tagged message."""
    return tag.encode() + struct.pack("!I", len(body) + 4) + body


def query(text: str) -> bytes:
    """Query."""
    return frame("Q", text.encode() + b"\0")


def parse(text: str, name: str = "", types: tuple[int, ...] = ()) -> bytes:
    """Parse."""
    return frame("P", name.encode() + b"\0" + text.encode() + b"\0" + struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(statement: str = "", portal: str = "", values: tuple[bytes | None, ...] = (), binary_results: bool = False) -> bytes:
    """Bind; parameters as text."""
    body = portal.encode() + b"\0" + statement.encode() + b"\0" + struct.pack("!HH", 0, len(values))
    for v in values:
        body += struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v
    body += struct.pack("!HH", 1, 1) if binary_results else struct.pack("!H", 0)
    return frame("B", body)


def describe(kind: str, name: str = "") -> bytes:
    """Describe of a statement ('S') or portal ('P')."""
    return frame("D", kind.encode() + name.encode() + b"\0")


def execute(portal: str = "", rows: int = 0) -> bytes:
    """Execute."""
    return frame("E", portal.encode() + b"\0" + struct.pack("!I", rows))


def close(kind: str, name: str = "") -> bytes:
    """Close."""
    return frame("C", kind.encode() + name.encode() + b"\0")


SYNC = frame("S", b"")
FLUSH = frame("H", b"")
TERMINATE = frame("X", b"")


def untagged(code: int, rest: bytes = b"") -> bytes:
    """A first packet: startup, SSLRequest, CancelRequest …"""
    return struct.pack("!II", len(rest) + 8, code) + rest


def startup(version: int = 196608, **parameters: str) -> bytes:
    """StartupMessage."""
    body = b"".join(k.encode() + b"\0" + v.encode() + b"\0" for k, v in parameters.items())
    return untagged(version, body + b"\0")


SSL_REQUEST, GSS_REQUEST = untagged(80877103), untagged(80877104)


def cancel_request(pid: int, secret: bytes) -> bytes:
    """CancelRequest."""
    return untagged(80877102, struct.pack("!I", pid) + secret)


class Closed(Exception):
    """The other side closed the connection."""


class Wire:
    """A connection, before or after the log-in."""

    def __init__(self, host: str, port: int, timeout: float = PATIENCE):
        self.sock: socket.socket | ssl.SSLSocket = socket.create_connection((host, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.parameters: dict[str, str] = {}
        self.key: tuple[int, bytes] = (0, b"")
        self.negotiated: Message | None = None
        self.mechanisms: list[str] = []

    def send(self, *parts: bytes) -> "Wire":
        """Sends bytes as they are."""
        self.sock.sendall(b"".join(parts))
        return self

    def take(self, count: int) -> bytes:
        """Exactly so many bytes."""
        while len(self.buffer) < count:
            got = self.sock.recv(65536)
            if not got:
                raise Closed(self.buffer)
            self.buffer += got
        out, self.buffer = self.buffer[:count], self.buffer[count:]
        return out

    def read(self) -> Message:
        """The next message."""
        tag, size = struct.unpack("!cI", self.take(5))
        return Message(tag.decode("latin-1"), self.take(size - 4))

    def until(self, tag: str = "Z") -> list[Message]:
        """All messages up to and with the first of that kind."""
        out = [self.read()]
        while out[-1].tag != tag:
            out.append(self.read())
        return out

    def tls(self, context: ssl.SSLContext, *, direct: bool = False) -> "Wire":
        """Encrypts, after an SSLRequest or (direct) at once with ALPN "postgresql"."""
        if direct:
            context.set_alpn_protocols(["postgresql"])
        else:
            self.send(SSL_REQUEST)
            answer = self.take(1)
            assert answer == b"S", answer
            assert not self.buffer
        self.sock = context.wrap_socket(self.sock, server_hostname="localhost")
        return self

    def login(self, user: str, password: str, database: str, version: int = 196608, **more: str) -> "Wire":
        """Startup, SCRAM-SHA-256 (RFC 5802), up to ReadyForQuery. An ErrorResponse raises Refused."""
        self.send(startup(version, user=user, database=database, **more))
        return self.authenticate(password)

    def authenticate(self, password: str) -> "Wire":
        """The server's half of the log-in, answered."""
        nonce, bare, expected = base64.b64encode(os.urandom(18)).decode(), "", b""
        while True:
            m = self.read()
            if m.tag == "E":
                raise Refused(m.fields())
            if m.tag == "v":
                self.negotiated = m
            elif m.tag == "S":
                k, v = m.body[:-1].decode().split("\0")
                self.parameters[k] = v
            elif m.tag == "K":
                self.key = (struct.unpack_from("!I", m.body)[0], m.body[4:])
            elif m.tag == "Z":
                return self
            elif m.tag == "R":
                (kind,) = struct.unpack_from("!I", m.body)
                if kind == 10:
                    self.mechanisms = [x.decode() for x in m.body[4:].split(b"\0") if x]
                    bare = f"n=,r={nonce}"
                    first = ("n,," + bare).encode()
                    self.send(frame("p", b"SCRAM-SHA-256\0" + struct.pack("!I", len(first)) + first))
                elif kind == 11:
                    server_first = m.body[4:].decode()
                    parts = dict(p.split("=", 1) for p in server_first.split(","))
                    assert parts["r"].startswith(nonce)
                    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
                    client_key = hmac.digest(salted, b"Client Key", "sha256")
                    without = f"c=biws,r={parts['r']}"
                    message = f"{bare},{server_first},{without}".encode()
                    signature = hmac.digest(hashlib.sha256(client_key).digest(), message, "sha256")
                    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature))).decode()
                    expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
                    self.send(frame("p", f"{without},p={proof}".encode()))
                elif kind == 12:
                    assert base64.b64decode(m.body[4:].decode()[2:]) == expected, "the server does not know the secret"

    def ask(self, text: str) -> list[Message]:
        """A simple query, and all that comes back."""
        return self.send(query(text)).until()

    def closed(self) -> bool:
        """Reads until the other side closes; false when it does not within the timeout."""
        try:
            while self.sock.recv(65536):
                pass
            return True
        except TimeoutError:
            return False
        except (ConnectionResetError, ssl.SSLError):
            return True

    def close(self) -> None:
        """Closes without a word."""
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Refused(Exception):
    """An ErrorResponse during the log-in."""

    def __init__(self, fields: dict[str, str]):
        super().__init__(fields.get("M", ""))
        self.fields = fields
        self.code = fields.get("C")


def tags(messages: list[Message]) -> str:
    """The messages' kinds as one word: "TDDCZ"."""
    return "".join(m.tag for m in messages)
