"""What every benchmark needs: a private folder, the server, PostgreSQL, the load tools, medians."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SERVER_CORE, CLIENT_CORE = "0", "1"  # the measured process here, everything else there


class House:
    """A folder of its own, and everything that was started in it; ended by process id."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.folder = tempfile.mkdtemp(prefix="gatehouse-bench.")
        os.chmod(self.folder, 0o755)  # PostgreSQL's user has to get in
        self.started = []
        self.pg_folder = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            stop(process)
        if self.pg_folder:
            peer("pg", "stop", self.pg_folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def tool(self, name):
        return os.path.join(self.build, "tests/bench", name)

    def start(self, *command, core=CLIENT_CORE, log="log", **more):
        with open(self.path(log), "ab") as out:
            more.setdefault("stdout", out)
            process = subprocess.Popen(pinned(core, *command), stderr=out, **more)
        self.started.append(process)
        return process

    def load(self, *words, core=CLIENT_CORE):
        """One run of bench_load: what it says in its line of JSON."""
        command = pinned(core, self.tool("bench_load"), *words)
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, words))}: {done.stderr or done.stdout}")
        return json.loads(done.stdout.splitlines()[-1])

    def seed(self, url, slug, orgs, people, sessions):
        out = self.path(f"{slug}.seed")
        subprocess.run([self.tool("bench_seed"), url, slug, str(orgs), str(people), str(sessions),
                        out], check=True)
        return out

    def postgres(self):
        """Address of a private PostgreSQL that syncs its log; started once."""
        if not self.pg_folder:
            self.pg_folder = self.path("pg")
            os.environ["FSYNC"] = "on"
            peer("pg", "start", self.pg_folder)
        with open(os.path.join(self.pg_folder, "env"), encoding="utf-8") as lines:
            settings = dict(line.rstrip("\n").split("=", 1) for line in lines)
        return settings["DATABASE_URL"].rsplit("/", 1)[0]

    def database(self, engine, name):
        """The address of an empty database of its own."""
        if engine == "SQLite":
            return f"sqlite:{self.path(name)}.db"
        server = self.postgres()
        psql(f"{server}/postgres", f"CREATE DATABASE {name}")
        return f"{server}/{name}"


class Server:
    """gatehouse serve on free ports, one event loop, pinned; `ready_s` is how long it took."""

    def __init__(self, house, url, settings=(), core=SERVER_CORE):
        self.house = house
        self.port, ops = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        data = tempfile.mkdtemp(dir=house.folder)
        words = ["serve", "--data", data, "--database", url, "--listen", f"127.0.0.1:{self.port}",
                 "--ops-listen", f"127.0.0.1:{ops}", "--log-level", "warning"]
        for setting in ("http.shards=1", "http.max_connections_per_address=100000",
                        "secrets.key=" + base64.b64encode(bytes(32)).decode(), *settings):
            words += ["--set", setting]
        self.program = os.path.join(house.build, "gateway/gatehouse")
        begun = time.monotonic()
        self.process = house.start(self.program, *words, core=core, log="server.log")
        wait_ready(self.process, ops)
        self.ready_s = time.monotonic() - begun
        self.pid = str(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)

    def memory_kb(self, name="RssAnon"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


def pinned(core, *command):
    words = [str(word) for word in command]
    return ["taskset", "-c", core, *words] if core is not None else words


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def peer(name, verb, folder):
    environment = dict(os.environ, OWNER=str(os.getpid()))
    subprocess.run([os.path.join(TOP, "tests/peers", name), verb, folder], check=True,
                   env=environment, stdout=subprocess.DEVNULL)


def psql(url, text):
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", url, "-c", text],
                          check=True, capture_output=True, text=True)
    return done.stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_ready(process, port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.001)
    raise SystemExit("the server does not get ready")


def wait_port(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nobody listens on port {port}")


def sessions_of(seed):
    """(user, cookie) of each session in a file of bench_seed."""
    with open(seed, encoding="ascii") as lines:
        words = [line.split() for line in lines]
    return [(word[2], word[3]) for word in words if word[0] == "session"]


def median(values):
    return statistics.median(list(values))


def spread(values, form="{:.2f}"):
    values = list(values)
    return f"{form.format(min(values))} to {form.format(max(values))}"


def machine():
    with open("/proc/meminfo", encoding="ascii") as lines:
        memory = int(re.search(r"\d+", lines.readline()).group()) / 1024 / 1024
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines
                      if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB of memory, Linux " \
           f"{os.uname().release.split('-')[0]}"
