"""A scratch PostgreSQL, run as an unprivileged user, thrown away at the end.

Owns: initdb, start, stop, its log. Refuses: any server it did not start.
"""
import glob
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg


def postgres_bin() -> Path:
    """The directory with the server's programs: $TOLLGATE_PGBIN, else the newest that is installed."""
    found = [os.environ.get("TOLLGATE_PGBIN", "")]
    found += sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: float(p.split("/")[4]), reverse=True)
    initdb = shutil.which("initdb")
    if initdb:
        found.append(os.path.dirname(initdb))
    cache = os.environ.get("TOLLGATE_CACHE", os.path.expanduser("~/.cache/tollgate"))
    found += glob.glob(f"{cache}/pgserver/**/pginstall/bin", recursive=True)
    for path in found:
        if path and os.access(f"{path}/initdb", os.X_OK):
            return Path(path)
    raise RuntimeError("no PostgreSQL server programs found; set TOLLGATE_PGBIN")


def unprivileged() -> dict:
    """What subprocess needs to run a server as someone other than root. Empty where we are not root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("neither postgres nor nobody exists to run a server as")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """One PostgreSQL on a port of 127.0.0.1, superuser postgres."""

    def __init__(self, options: dict[str, str] | None = None):
        self.bin = postgres_bin()
        self.dir = Path(tempfile.mkdtemp(prefix="tollgate-pg-", dir="/tmp"))
        self.data = self.dir / "pg"
        self.log = self.dir / "pg.log"
        self.password = secrets.token_hex(12)
        self.run_as = unprivileged()
        self.options = options or {}
        self.port = 0
        pwfile = self.dir / "pw"
        pwfile.write_text(self.password)
        if self.run_as:
            os.chown(self.dir, self.run_as["user"], self.run_as["group"])
            os.chown(pwfile, self.run_as["user"], self.run_as["group"])
        self._run("initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C", f"--pwfile={pwfile}",
                  "--auth-host=scram-sha-256", "--auth-local=trust", "--no-sync")
        # Logins of the kinds a gateway must be able to make.
        hba = self.data / "pg_hba.conf"
        hba.write_text(
            "local all all trust\n"
            "host all md5_user 127.0.0.1/32 md5\n"
            "host all plain_user 127.0.0.1/32 password\n"
            "host all trusted_user 127.0.0.1/32 trust\n"
            "host all all 127.0.0.1/32 scram-sha-256\n"
            "host all all ::1/128 scram-sha-256\n")
        self.start()

    def _run(self, program: str, *args) -> str:
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        done = subprocess.run([str(self.bin / program), *map(str, args)], cwd=self.dir, capture_output=True, text=True,
                              env=env, **self.run_as)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self) -> None:
        """Starts it, on another port should somebody have been quicker."""
        for attempt in range(5):
            port = self.port or free_port()
            options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": self.dir, "fsync": "off",
                       "max_connections": "500",
                       # It would tidy up at its own times: tables change their size and the order of their rows, and plans change.
                       "autovacuum": "off", **self.options}
            words = " ".join(f"-c {k}={v}" for k, v in options.items())
            try:
                # Not captured: the server inherits the pipe and would keep it open.
                subprocess.run([str(self.bin / "pg_ctl"), "-D", str(self.data), "-w", "-t", "60", "-l", str(self.log),
                                "-o", f"-p {port} {words}", "start"], cwd=self.dir, check=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.run_as)
                self.port = port
                return
            except subprocess.CalledProcessError:
                if attempt == 4:
                    raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text()[-2000:]}") from None

    def stop(self, mode: str = "immediate") -> None:
        """Stops it."""
        subprocess.run([str(self.bin / "pg_ctl"), "-D", str(self.data), "-w", "-m", mode, "stop"], cwd=self.dir,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, **self.run_as)

    def remove(self) -> None:
        """Stops it and takes its directory away."""
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def connect(self, dbname: str = "postgres", **more) -> psycopg.Connection:
        """As superuser, directly."""
        more.setdefault("autocommit", True)
        return psycopg.connect(host="127.0.0.1", port=self.port, user="postgres", password=self.password, dbname=dbname, **more)

    def sql(self, text: str, dbname: str = "postgres") -> list[tuple]:
        """Runs a text as superuser and returns the last result's rows."""
        with self.connect(dbname) as conn:
            cur = conn.execute(text)
            while cur.nextset():
                pass
            return cur.fetchall() if cur.description else []

    def psql_file(self, path: Path, dbname: str, role: str) -> None:
        """Loads a file with psql as a role."""
        done = subprocess.run([str(self.bin / "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", dbname,
                               "-v", "ON_ERROR_STOP=1", "-c", f"SET ROLE {role}", "-f", str(path)], capture_output=True, text=True,
                              env={**os.environ, "PGPASSWORD": self.password})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def log_text(self) -> str:
        """All the server has written down so far."""
        return self.log.read_text(errors="replace")
