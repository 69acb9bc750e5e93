"""The real binary, with a config of its own in a scratch directory.

Owns: config files, starting, the ready line, the command line, stopping. Refuses: to talk to anything but the binary.
"""
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from rig import PATIENCE

REPO = Path(__file__).resolve().parents[2]


def binary() -> str:
    """The binary under test: $TOLLGATE_BIN, else the development build."""
    given = os.environ.get("TOLLGATE_BIN")
    if given:
        return given
    target = os.environ.get("CARGO_TARGET_DIR", os.path.expanduser("~/.cache/tollgate/target"))
    return f"{target}/debug/tollgate"


def eventually(check, seconds: float = PATIENCE, what: str = "it"):
    """Asks until the answer is true, and returns it; fails when the time is over."""
    end = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s (last: {got!r})")
        time.sleep(0.02)


class Link:
    """A connection string in its parts."""

    def __init__(self, url: str):
        self.url = url
        parts = urlsplit(url)
        self.user, self.password = parts.username, parts.password
        self.host, self.port, self.database = parts.hostname, parts.port, parts.path.lstrip("/")

    def psycopg(self, **more) -> dict:
        """Arguments of psycopg.connect."""
        more.setdefault("autocommit", True)
        return dict(host=self.host, port=self.port, user=self.user, password=self.password, dbname=self.database, **more)

    def asyncpg(self, **more) -> dict:
        """Arguments of asyncpg.connect."""
        more.setdefault("ssl", False)
        return dict(host=self.host, port=self.port, user=self.user, password=self.password, database=self.database, **more)

    def env(self) -> dict[str, str]:
        """Environment of a libpq program or node's pg."""
        return {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user, "PGPASSWORD": self.password,
                "PGDATABASE": self.database}


class Gateway:
    """A gateway in a directory of its own. `databases` maps a name to its section's keys; policies and labels are texts."""

    def __init__(self, databases: dict[str, dict], *, policies: dict[str, str], labels: dict[str, str] | None = None,
                 top: dict | None = None, tls: tuple[str, str] | None = None, start: bool = True, env: dict | None = None):
        self.dir = Path(tempfile.mkdtemp(prefix="tollgate-e2e-", dir="/tmp"))
        self.config = self.dir / "tollgate.toml"
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, **(env or {})}
        for name, text in {**policies, **(labels or {})}.items():
            (self.dir / name).write_text(text)
        lines = [f"{k} = {json.dumps(v)}" for k, v in {"listen": "127.0.0.1:0", "state_dir": "state", **(top or {})}.items()]
        if tls:
            lines += ["[tls]", f"cert = {json.dumps(tls[0])}", f"key = {json.dumps(tls[1])}"]
        for name, keys in databases.items():
            lines.append(f"[databases.{name}]")
            lines += [f"{k} = {json.dumps(v)}" for k, v in keys.items()]
        self.config.write_text("\n".join(lines) + "\n")
        self.process: subprocess.Popen | None = None
        self.host, self.port = "127.0.0.1", 0
        self.ready_line = ""
        if start:
            self.start()

    # -- the process ---------------------------------------------------------------------------------------------

    def start(self, seconds: float = PATIENCE) -> str:
        """Starts it and waits for the ready line."""
        # A server on a busy machine may need longer for a log-in than a gateway should wait for one.
        patient = re.sub(r'(?m)^(url = "postgres://[^"?]+)(?:\?([^"]*))?"$', lambda m: f'{m[1]}?{m[2] + "&" if m[2] else ""}connect_timeout={PATIENCE:.0f}"',
                         self.config.read_text())
        if "connect_timeout" not in self.config.read_text():
            self.config.write_text(patient)
        self.stderr_path = self.dir / "stderr.log"
        self.stdout_lines: list[str] = []
        self.process = subprocess.Popen([binary(), "--config", str(self.config), "serve"], stdout=subprocess.PIPE,
                                        stderr=open(self.stderr_path, "ab"), text=True, env=self.env, cwd=self.dir)
        ready = threading.Event()
        process = self.process

        def read():
            for line in process.stdout:
                self.stdout_lines.append(line.rstrip("\n"))
                if line.startswith("ready"):
                    ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        if not ready.wait(seconds) or not any(line.startswith("ready") for line in self.stdout_lines):
            self.kill()
            raise AssertionError(f"no ready line within {seconds} s; stdout {self.stdout_lines}, stderr:\n{self.stderr()}")
        self.ready_line = next(line for line in self.stdout_lines if line.startswith("ready"))
        found = re.search(r"postgres=(\[[^]]+\]|[^:\s]+):(\d+)", self.ready_line) or re.search(r"()127\.0\.0\.1:(\d+)", self.ready_line)
        assert found, f"no address in {self.ready_line!r}"
        self.port = int(found.group(2))
        # A second start is on the same port, so that connection strings stay good.
        self.config.write_text(self.config.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{self.port}"'))
        return self.ready_line

    def stderr(self) -> str:
        """What it logged."""
        return self.stderr_path.read_text(errors="replace")

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM, and the exit status."""
        assert self.process
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def remove(self) -> None:
        """Stops it and takes its directory away."""
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    # -- the command line ----------------------------------------------------------------------------------------

    def run(self, *words: str, env: dict | None = None, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess:
        """One command with this gateway's config."""
        done = subprocess.run([binary(), "--config", str(self.config), *words], capture_output=True, text=True, cwd=self.dir,
                              env={**self.env, **(env or {})}, timeout=PATIENCE, input=stdin)
        if check and done.returncode != 0:
            raise AssertionError(f"tollgate {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def grant(self, *, role: str = "reader", database: str = "shop", user: str = "alice@example.com", agent: str = "claude-code",
              ttl: str = "8h", more: tuple[str, ...] = ()) -> Link:
        """Makes a grant and returns its connection string."""
        done = self.run("grant", "--user", user, "--agent", agent, "--database", database, "--role", role, "--ttl", ttl, *more)
        return Link(done.stdout.strip().splitlines()[-1])

    def dba(self, name: str, role: str = "dba", password: str | None = None) -> Link:
        """Makes a DBA's account; returns her way into the console."""
        password = password or secrets.token_hex(8)
        self.run("dba", "add", name, "--role", role, env={"TOLLGATE_DBA_PASSWORD": password})
        return Link(f"postgres://{name}:{password}@{self.host}:{self.port}/tollgate")
