"""b. From the directory's call to the last closed connection, against bare commits of the same
rows on the same disk, turn by turn."""

import os
import resource
import subprocess

from house import CLIENT_CORE, Server, median, pinned, spread

ROUNDS, LEAVERS, EACH = 3, 60, 4
IDLE, LOUD = 10000, 1000
SHARE = 0.4  # of the measured fan-out
ENGINES = ("SQLite", "PostgreSQL")


def idle_count():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = files - LOUD - LEAVERS * EACH - 1024
    return min(IDLE, room // EACH * EACH)


class Chatter:
    """One organisation that talks at a fixed rate while it lasts."""

    def __init__(self, house, server, seed, per_second):
        words = ("chatter", server.port, seed, LOUD, f"{per_second:.1f}")
        self.process = subprocess.Popen(
            pinned(CLIENT_CORE, house.tool("bench_load"), *words), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        house.started.append(self.process)
        self.process.stdout.readline()  # OPEN

    def __enter__(self):
        return self

    def __exit__(self, *_):
        said, _ = self.process.communicate("end\n", timeout=30)
        if self.process.returncode != 0:
            raise SystemExit(f"b: the fan-out lost connections: {said}")


class Probe:
    """A database like the server's own, out of which bare transactions take people."""

    def __init__(self, house, engine):
        self.url = house.database(engine, "probe")
        self.seed = house.seed(self.url, "probe", 1, 2 * ROUNDS * LEAVERS, EACH)
        self.first = iter(range(0, 2 * ROUNDS * LEAVERS * EACH, LEAVERS * EACH))

    def words(self):
        return self.url, self.seed, next(self.first)


def revoke(house, server, seed, probe, idle, first):
    return house.load("revoke", server.port, seed, idle, first, LEAVERS, EACH, *probe.words())


def run_engine(house, engine):
    url = house.database(engine, "live")
    probe = Probe(house, engine)
    idle = idle_count()
    quiet = house.seed(url, "quiet", 10, idle // EACH + 2 * ROUNDS * LEAVERS, EACH)
    loud = house.seed(url, "loud", 1, LOUD // EACH, EACH)
    first = iter(range(idle, idle + 2 * ROUNDS * LEAVERS * EACH, LEAVERS * EACH))
    with Server(house, url, ["http.max_connections=16000"]) as server:
        calm = [revoke(house, server, quiet, probe, idle, next(first)) for _ in range(ROUNDS)]
        full = house.load("fanout", server.port, loud, LOUD, 300, server.pid)["per_second"]
        with Chatter(house, server, loud, SHARE * full / LOUD):
            busy = [revoke(house, server, quiet, probe, idle, next(first)) for _ in range(ROUNDS)]
    return {"idle": idle, "calm": calm, "busy": busy, "full": full}


def run(house):
    return {engine: run_engine(house, engine) for engine in ENGINES}


def figures(rounds):
    return {f"{what}_{part}": median(one[f"{what}_{part}_us"] for one in rounds) / 1000
            for what in ("commit", "closed", "answered") for part in ("p50", "p99")}


def report(result):
    rows, verdicts = [], []
    for engine, one in result.items():
        for name, allowed in (("calm", 2), ("busy", 15)):
            load = "idle" if name == "calm" else f"fan-out at {SHARE:.0%}"
            got = figures(one[name])
            ranges = spread((turn["closed_p50_us"] / 1000 for turn in one[name]), "{:.2f}")
            rows.append((engine, load, f"{got['commit_p50']:.2f} / {got['commit_p99']:.2f}",
                         f"{got['closed_p50']:.2f} ({ranges}) / {got['closed_p99']:.2f}",
                         f"{got['answered_p50']:.2f} / {got['answered_p99']:.2f}"))
            if name == "calm":
                over = got["closed_p50"] - got["commit_p50"]
                verdicts.append((f"{engine}, idle: p50 over the commit", f"{over:+.2f} ms",
                                 "≤ +0.35 ms", over <= 0.35))
            over = got["closed_p99"] - got["commit_p99"]
            verdicts.append((f"{engine}, {load}: p99 over the commit", f"{over:+.2f} ms",
                             f"≤ +{allowed} ms", over <= allowed))
    idle = next(iter(result.values()))["idle"]
    full = ", ".join(f"{one['full']:,.0f}/s with {engine}" for engine, one in result.items())
    return {
        "title": "b. Revocation: from the directory's call to the last closed connection",
        "how": f"SCIM `PATCH` with `active: false`, sent until the last of the leaver's {EACH} "
               f"close frames (4401) is read, among {idle:,} idle live connections of ten "
               f"organisations; {ROUNDS} rounds of {LEAVERS} leavers. Before each leaver one bare "
               "transaction of the same rows in the same tables (six inserts, three deletes, four "
               "updates, without guards and without reading) is committed by one client to a "
               "database of its own on the same disk, with the same driver and settings, sent in "
               "as few round trips as that driver can. PostgreSQL syncs its log (`fsync = on`). Fan-out: messages "
               f"to {LOUD:,} further connections of another organisation at {SHARE:.0%} of what "
               f"was measured just before ({full}).",
        "head": ("database", "load", "bare commit p50 / p99 ms", "closed p50 (range) / p99 ms",
                 "answered p50 / p99 ms"),
        "rows": rows,
        "verdicts": verdicts,
    }


if os.environ.get("BENCH_QUICK"):
    ROUNDS, LEAVERS, IDLE = 2, 20, 2000
