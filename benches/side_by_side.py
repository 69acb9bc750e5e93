"""Direct, haproxy, pgbouncer and Tollgate side by side: see benches/run.

Owns: the servers for the time of the run, the points, the figures. Refuses: to compare figures of different runs.
Uses nothing but Python's own library, PostgreSQL's client programs and the two proxies.
"""
import argparse
import json
import os
import pwd
import re
import resource
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PGBIN = Path(os.environ["TOLLGATE_PGBIN"])
TOLLGATE = os.environ["TOLLGATE_BIN"]
TICK = os.sysconf("SC_CLK_TCK")
SECRET = secrets.token_hex(12)

ROWS = """
CREATE TABLE plain_rows AS SELECT n AS id, 'name ' || n AS name, 'user' || n || '@example.com' AS email, '+49 30 ' || lpad((n::bigint * 7919 % 10000000)::text, 7, '0') AS phone,
    lpad((n::bigint * 982451653 % 10000000000000000)::text, 16, '0') AS card, md5(n::text) AS token, n % 100 AS score, n * 1.25::numeric(12,2) AS amount,
    timestamptz '2024-01-01 00:00:00+00' + make_interval(secs => n) AS at, n % 3 = 0 AS flag FROM generate_series(1, {rows}) AS n;
CREATE TABLE labelled_rows AS TABLE plain_rows;
VACUUM ANALYZE plain_rows, labelled_rows;
"""

LABELS = """
[labels.email]
mask = "email"
[labels.card]
mask = "last4"
[labels.secret]
mask = "redact"
[columns]
"public.labelled_rows.email" = "email"
"public.labelled_rows.card" = "card"
"public.labelled_rows.token" = "secret"
"public.pgbench_tellers.filler" = "secret"
"""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def drop_root() -> dict:
    """Who runs the servers, where we are root."""
    if os.getuid():
        return {}
    for name in ("postgres", "nobody"):
        try:
            e = pwd.getpwnam(name)
            return {"user": e.pw_uid, "group": e.pw_gid, "extra_groups": []}
        except KeyError:
            pass
    sys.exit("neither postgres nor nobody exists to run a server as")


class Path_:
    """One way to the database: where to connect, and whose CPU to count."""

    def __init__(self, name: str, port: int, user: str, password: str, database: str, pid: int | None):
        self.name, self.port, self.pid = name, port, pid
        self.env = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": user, "PGPASSWORD": password, "PGDATABASE": database, "PGSSLMODE": "disable"}

    def cpu(self) -> float:
        """CPU seconds that the proxy has used so far, in all its threads and in the workers it has forked."""
        return sum(process_cpu(p) for p in family(self.pid)) if self.pid else 0.0

    def peak(self) -> float | None:
        """Peak memory of the proxy, MiB."""
        if not self.pid:
            return None
        return sum(status(p, "VmHWM") for p in family(self.pid)) / 1024


def process_cpu(pid: int, children: bool = False) -> float:
    """utime + stime of proc(5); with `children`, that of the ones it has waited for instead."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    a, b = (fields[13], fields[14]) if children else (fields[11], fields[12])
    return (int(a) + int(b)) / TICK


def family(pid: int) -> list[int]:
    """A process and its children (haproxy's worker is one)."""
    out = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        out += [int(c) for c in (task / "children").read_text().split()]
    return out


def status(pid: int, key: str) -> int:
    """A figure of /proc/PID/status in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


class Rig:
    """All servers of a run."""

    def __init__(self, args):
        self.args = args
        self.dir = Path(tempfile.mkdtemp(prefix="tollgate-bench-", dir="/tmp"))
        self.dir.chmod(0o755)
        self.processes: list[subprocess.Popen] = []
        self.run_as = drop_root()
        self.pg = self.dir / "db"
        self.pg.mkdir()
        self.own(self.pg)

    def own(self, path: Path):
        """Hands a file to the servers' user."""
        if self.run_as:
            os.chown(path, self.run_as["user"], self.run_as["group"])

    def start_postgres(self):
        """A scratch PostgreSQL: no fsync, so that the disk is not what is measured."""
        pw = self.pg / "pw"
        pw.write_text(SECRET)
        self.own(pw)
        run = lambda *words: subprocess.run([str(w) for w in words], check=True, cwd=self.pg, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.run_as)
        run(PGBIN / "initdb", "-D", self.pg / "pg", "-U", "postgres", "-E", "UTF8", "--locale=C", f"--pwfile={pw}", "--auth-host=scram-sha-256", "--auth-local=trust", "--no-sync")
        self.pg_port = free_port()
        run(PGBIN / "pg_ctl", "-D", self.pg / "pg", "-w", "-l", self.pg / "pg.log", "-o",
            f"-p {self.pg_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.pg} -c fsync=off -c synchronous_commit=off -c max_connections=200 -c shared_buffers=512MB "
            "-c max_wal_size=4GB -c autovacuum=off", "start")
        self.postmaster = int((self.pg / "pg/postmaster.pid").read_text().split()[0])
        psql = lambda db, text: subprocess.run([str(PGBIN / "psql"), "-X", "-q", "-h", str(self.pg), "-p", str(self.pg_port), "-U", "postgres", "-d", db, "-v", "ON_ERROR_STOP=1"],
                                               input=text, text=True, check=True)
        psql("postgres", f"CREATE ROLE app LOGIN PASSWORD '{SECRET}'; \nCREATE DATABASE bench OWNER app;\n")
        psql("bench", "SET ROLE app;\n" + ROWS.format(rows=self.args.rows))
        direct = Path_("direct", self.pg_port, "app", SECRET, "bench", None)
        subprocess.run([str(PGBIN / "pgbench"), "-i", "-q", "-s", str(self.args.scale)], env=direct.env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return direct

    def spawn(self, *words, **more) -> subprocess.Popen:
        """A server that lives as long as the run."""
        p = subprocess.Popen([str(w) for w in words], cwd=self.dir, stderr=open(self.dir / f"{Path(words[0]).name}.log", "ab"), **{"stdout": subprocess.DEVNULL, **more})
        self.processes.append(p)
        return p

    def wait_for(self, port: int, p: subprocess.Popen):
        """Until somebody listens."""
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if p.poll() is not None or time.monotonic() > end:
                    sys.exit(f"{p.args[0]} did not start:\n" + (self.dir / f"{Path(p.args[0]).name}.log").read_text()[-2000:])
                time.sleep(0.05)

    def start_haproxy(self):
        """TCP mode, one thread as the default of one process would be tuned by hand; no checks, no logs."""
        port = free_port()
        (self.dir / "haproxy.cfg").write_text(f"global\n  nbthread {os.cpu_count()}\n  maxconn 1000\ndefaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n  timeout server 1h\n"
                                              f"listen pg\n  bind 127.0.0.1:{port}\n  server pg 127.0.0.1:{self.pg_port}\n")
        p = self.spawn(shutil.which("haproxy") or "/usr/sbin/haproxy", "-db", "-f", self.dir / "haproxy.cfg")
        self.wait_for(port, p)
        return Path_("haproxy", port, "app", SECRET, "bench", p.pid)

    def start_pgbouncer(self):
        """Session pooling, SCRAM on both sides. It is given the verifier, or it would compute one for every log-in."""
        port = free_port()
        d = self.dir / "pgbouncer"
        d.mkdir()
        verifier = subprocess.run([str(PGBIN / "psql"), "-X", "-A", "-t", "-h", str(self.pg), "-p", str(self.pg_port), "-U", "postgres", "-c",
                                   "SELECT rolpassword FROM pg_authid WHERE rolname = 'app'"], check=True, capture_output=True, text=True).stdout.strip()
        (d / "users.txt").write_text(f'"app" "{verifier}"\n')
        (d / "pgbouncer.ini").write_text(f"[databases]\nbench = host=127.0.0.1 port={self.pg_port} dbname=bench user=app password={SECRET}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
                                         f"auth_type = scram-sha-256\nauth_file = {d}/users.txt\npool_mode = session\nmax_client_conn = 500\ndefault_pool_size = 150\n"
                                         "ignore_startup_parameters = extra_float_digits\nlog_connections = 0\nlog_disconnections = 0\n")
        for f in (d, *d.iterdir()):
            self.own(f)
        p = self.spawn(shutil.which("pgbouncer") or "/usr/sbin/pgbouncer", d / "pgbouncer.ini", **self.run_as)
        self.wait_for(port, p)
        return Path_("pgbouncer", port, "app", SECRET, "bench", p.pid)

    def start_tollgate(self):
        """Everything on: the policies that ship, labels, the journal on a real disk."""
        d = self.dir / "tollgate"
        d.mkdir()
        repo = Path(__file__).resolve().parents[1]
        shutil.copy(repo / "policies/agents.cedar", d)
        (d / "bench.labels.toml").write_text(LABELS)
        (d / "tollgate.toml").write_text(f'listen = "127.0.0.1:0"\nstate_dir = "state"\n[databases.bench]\nurl = "postgres://app:{SECRET}@127.0.0.1:{self.pg_port}/bench"\n'
                                         'policies = ["agents.cedar"]\nlabels = "bench.labels.toml"\n')
        p = self.spawn(TOLLGATE, "--config", d / "tollgate.toml", "serve", stdout=subprocess.PIPE, text=True)
        line = p.stdout.readline()
        found = re.search(r"postgres=\S+:(\d+)", line)
        if not found:
            sys.exit(f"tollgate did not start: {line}\n" + (self.dir / "tollgate.log").read_text()[-2000:])
        url = subprocess.run([TOLLGATE, "--config", str(d / "tollgate.toml"), "grant", "--user", "bench", "--agent", "bench", "--database", "bench", "--role", "writer", "--ttl", "24h"],
                             check=True, capture_output=True, text=True).stdout.split()[-1]
        user, password = re.match(r"postgres://([^:]+):([^@]+)@", url).groups()
        return Path_("tollgate", int(found.group(1)), user, password, "bench", p.pid)

    def remove(self):
        """Everything that was started, stops."""
        for p in reversed(self.processes):
            p.terminate()
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
        subprocess.run([str(PGBIN / "pg_ctl"), "-D", str(self.pg / "pg"), "-m", "immediate", "-w", "stop"], cwd=self.pg, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.run_as)
        shutil.rmtree(self.dir, ignore_errors=True)


def measured(rig: Rig, path: Path_, words: list[str], units) -> dict:
    """Runs a client to its end. CPU of client, proxy and server; `units` counts the work from the client's output."""
    proxy, server, mine = path.cpu(), process_cpu(rig.postmaster, True), resource.getrusage(resource.RUSAGE_CHILDREN)
    resident = len(list(backends(rig)))
    begin = time.monotonic()
    done = subprocess.run(words, env=path.env, capture_output=True, text=True)
    wall = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(f"{path.name}: {' '.join(words)}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Backends are counted once the postmaster has reaped them.
    end = time.monotonic() + 3
    while len(list(backends(rig))) > resident and time.monotonic() < end and path.name != "pgbouncer":
        time.sleep(0.02)
    proxy = path.cpu() - proxy
    server = process_cpu(rig.postmaster, True) - server
    client = after.ru_utime + after.ru_stime - mine.ru_utime - mine.ru_stime
    n = units(done.stdout)
    return {"n": n, "wall": wall, "rate": n / wall, "proxy": proxy, "whole": client + proxy + server}


def backends(rig: Rig):
    """Client backends that still live."""
    for pid in family(rig.postmaster)[1:]:
        try:
            title = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        # an empty title is a backend that has ended and was not reaped yet
        if b"127.0.0.1" in title or not title:
            yield pid


def pgbench(mode: str, clients: int, seconds: int, *more: str):
    """A pgbench command, and how to read its count."""
    words = [str(PGBIN / "pgbench"), "-n", "-M", mode, "-c", str(clients), "-j", "1", "-T", str(seconds), "--random-seed=1", *(more or ("-S",))]
    return words, lambda out: int(re.search(r"transactions actually processed: (\d+)", out).group(1))


def points(args):
    """(name, words, units, per) of each point; `per` is what CPU is told for."""
    for clients in args.clients:
        for mode in args.modes:
            words, units = pgbench(mode, clients, args.seconds)
            yield f"point select, {mode}, {clients} client{'s' if clients > 1 else ''}", words, units, 100_000
    if not args.short:
        words, units = pgbench("simple", 8, args.seconds, "-b", "tpcb-like")
        yield "TPC-B, simple, 8 clients", words, units, 100_000
    words, units = pgbench("simple", 2, args.seconds, "-S", "-C")
    yield "connect, log in, one statement", words, units, 100_000
    for table in ("plain_rows", "labelled_rows"):
        yield (f"{args.rows:,} rows, text, {table.replace('_', ' ')}", [str(PGBIN / "psql"), "-X", "-q", "-A", "-t", "-o", "/dev/null", "-v", "FETCH_COUNT=0", "-c", f"SELECT * FROM {table}"],
               lambda out: args.rows, 1_000_000)


def main():
    """The run."""
    parser = argparse.ArgumentParser(prog="benches/run", description="direct, haproxy, pgbouncer, tollgate, interleaved in one run")
    parser.add_argument("--short", action="store_true", help="one repetition of 3 s, 8 clients, 100,000 rows")
    parser.add_argument("--reps", type=int, help="repetitions; medians are told (3)")
    parser.add_argument("--seconds", type=int, help="seconds a point (10)")
    parser.add_argument("--rows", type=int, help="rows of the long SELECT (1000000)")
    parser.add_argument("--scale", type=int, default=10, help="pgbench's scale")
    parser.add_argument("--clients", type=lambda t: [int(x) for x in t.split(",")], help="1,8,32")
    parser.add_argument("--modes", type=lambda t: t.split(","), default=["simple", "extended", "prepared"], help="simple,extended,prepared")
    parser.add_argument("--only", help="points whose name matches this regular expression")
    parser.add_argument("--paths", type=lambda t: t.split(","), default=["direct", "haproxy", "pgbouncer", "tollgate"], help="direct,haproxy,pgbouncer,tollgate")
    parser.add_argument("--json", help="write all figures to this file")
    args = parser.parse_args()
    args.reps = args.reps or (1 if args.short else 3)
    args.seconds = args.seconds or (3 if args.short else 10)
    args.rows = args.rows or (100_000 if args.short else 1_000_000)
    args.clients = args.clients or ([8] if args.short else [1, 8, 32])

    rig = Rig(args)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        direct = rig.start_postgres()
        paths = [p for p in (direct, *(start() for name, start in (("haproxy", rig.start_haproxy), ("pgbouncer", rig.start_pgbouncer), ("tollgate", rig.start_tollgate)) if name in args.paths))
                 if p.name in args.paths]
        names = [p.name for p in paths]
        figures: dict[str, dict[str, list[dict]]] = {}
        todo = [p for p in points(args) if not args.only or re.search(args.only, p[0])]
        for rep in range(args.reps):
            for name, words, units, per in todo:
                for path in paths:
                    figures.setdefault(name, {}).setdefault(path.name, []).append(measured(rig, path, words, units))
                print(f"  {rep + 1}/{args.reps} {name}", file=sys.stderr)
        report(figures, names, {name: per for name, _, _, per in todo})
        print("\nPeak memory, MiB: " + ", ".join(f"{p.name} {p.peak():.1f}" for p in paths if p.pid))
        if args.json:
            Path(args.json).write_text(json.dumps(figures, indent=1))
    finally:
        rig.remove()


def report(figures, names, per):
    """Tables in Markdown: the proxies' own CPU, the whole path against direct, the rate against direct."""
    mid = lambda runs, f: statistics.median(f(r) for r in runs)
    proxies = [n for n in names if n != "direct"]
    base = "haproxy" if "haproxy" in names else None

    def table(title, columns, cell):
        print(f"\n{title}\n\n| |{'|'.join(columns)}|\n|---|{'---|' * len(columns)}")
        for point, by in figures.items():
            print(f"| {point} | " + " | ".join(cell(point, by, c) for c in columns) + " |")

    table("CPU seconds of the proxy's own process, per 100,000 statements or 1,000,000 rows", proxies + ([f"tollgate / {base}"] if base and "tollgate" in names else []),
          lambda point, by, c: (f"{mid(by['tollgate'], lambda r: r['proxy'] / r['n']) / max(1e-12, mid(by[base], lambda r: r['proxy'] / r['n'])):.2f}" if "/" in c
                                else f"{mid(by[c], lambda r: r['proxy'] / r['n']) * per[point]:.2f}"))
    if "direct" in names:
        table("CPU of the whole path (client, proxy, server), direct = 1", proxies, lambda point, by, c: "–" if c == "pgbouncer" else
              f"{mid(by[c], lambda r: r['whole'] / r['n']) / mid(by['direct'], lambda r: r['whole'] / r['n']):.2f}")
        print("\n(pgbouncer keeps its server sessions, whose CPU is therefore not seen here.)")
        table("Statements or rows a second: direct, and each proxy against it", ["direct"] + proxies,
              lambda point, by, c: f"{mid(by[c], lambda r: r['rate']):,.0f}" if c == "direct" else f"{mid(by[c], lambda r: r['rate']) / mid(by['direct'], lambda r: r['rate']):.2f}")


if __name__ == "__main__":
    main()
