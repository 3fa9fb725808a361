"""e. Fan-out, memory of an idle connection, time to be ready, size."""

import os
import resource
import subprocess
import tempfile

from house import CLIENT_CORE, SERVER_CORE, Server, median, pinned, sessions_of, spread

ROUNDS, SOCKETS, MESSAGES, IDLE, STARTS = 5, 1000, 300, 10000, 7


def idle_memory(house, seed, url):
    """Server memory per idle connection; its workers have been busy before."""
    count = min(IDLE, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 1500)
    request = house.path("me")
    with open(request, "w", encoding="ascii", newline="") as out:
        out.write("GET /api/v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  f"Cookie: gatehouse={sessions_of(seed)[-1][1]}\r\n\r\n")
    with Server(house, url, ["http.max_connections=16000"]) as server:
        house.load("get", server.port, 128, 150, request, server.pid)
        before = server.memory_kb()
        waiting = subprocess.Popen(
            pinned(CLIENT_CORE, house.tool("bench_load"), "idle", server.port, seed, count),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        house.started.append(waiting)
        if not waiting.stdout.readline().startswith("OPEN"):
            raise SystemExit("e: idle connections are refused")
        each = (server.memory_kb() - before) * 1024 / count
        waiting.communicate("end\n", timeout=60)
        if waiting.returncode != 0:
            raise SystemExit("e: idle connections were closed")
    return {"count": count, "bytes": each}


def fan_out(house, server, seed):
    ours = house.load("fanout", server.port, seed, SOCKETS, MESSAGES, server.pid)
    bare = house.load("bare", SOCKETS, MESSAGES, ours["frame_bytes"], SERVER_CORE)
    return {"ours": ours, "bare": bare}


def run(house):
    url = house.database("SQLite", "live")
    hall = house.seed(url, "hall", 1, SOCKETS // 4, 4)
    more = ["http.max_connections=16000"]
    with Server(house, url, more) as server:
        idle_rss = server.memory_kb("VmRSS")
        fan_out(house, server, hall)  # warm
        rounds = [fan_out(house, server, hall) for _ in range(ROUNDS)]
    starts = []
    for _ in range(STARTS):
        with Server(house, url, core=None) as server:
            starts.append(server.ready_s)
    crowded = house.database("PostgreSQL", "crowd")
    idle = idle_memory(house, house.seed(crowded, "crowd", 10, IDLE // 4, 4), crowded)
    with Server(house, f"sqlite:{tempfile.mkdtemp(dir=house.folder)}/new.db", core=None) as server:
        first = server.ready_s
    program = os.path.join(house.build, "gateway/gatehouse")
    stripped = house.path("stripped")
    subprocess.run(["strip", "-o", stripped, program], check=True)
    return {"rounds": rounds, "idle": idle, "rss_kb": idle_rss,
            "starts": starts, "first_start": first,
            "size": {"program": os.path.getsize(program), "stripped": os.path.getsize(stripped)}}


def report(result):
    rounds, idle = result["rounds"], result["idle"]
    rates = [one["ours"]["per_second"] / one["bare"]["per_second"] for one in rounds]
    cpus = [one["bare"]["cpu_us"] / one["ours"]["cpu_us"] for one in rounds]
    ready = median(result["starts"])
    rows = [
        ("messages delivered per second",
         f"{median(one['ours']['per_second'] for one in rounds):,.0f}",
         f"{median(one['bare']['per_second'] for one in rounds):,.0f}",
         f"{median(rates):.2f} ({spread(rates)})"),
        ("CPU µs per delivery, everything included",
         f"{median(one['ours']['cpu_us'] for one in rounds):.2f}",
         f"{median(one['bare']['cpu_us'] for one in rounds):.2f}",
         f"{median(cpus):.2f} ({spread(cpus)})"),
        ("memory of the server per idle connection", f"{idle['bytes']:,.0f} bytes", "", ""),
        ("start to ready", f"{ready * 1000:.0f} ms ({spread((s * 1000 for s in result['starts']), '{:.0f}')})", "", ""),
        ("first start, with an empty database", f"{result['first_start'] * 1000:.0f} ms", "", ""),
        ("program", f"{result['size']['program'] / 1e6:.1f} MB, "
                    f"{result['size']['stripped'] / 1e6:.1f} MB stripped", "", ""),
        ("resident memory after the start", f"{result['rss_kb'] / 1024:.1f} MiB", "", ""),
    ]
    sockets = rounds[0]["ours"]["sockets"]
    return {
        "title": "e. Fan-out, memory, start",
        "how": f"Fan-out: one person sends, {sockets:,} connections of the organisation receive, "
               f"{rounds[0]['ours']['messages']} messages, a few always under way, SQLite; turn by "
               "turn with a loop of blocking `send()` of frames of the same length "
               f"({rounds[0]['ours']['frame_bytes']} bytes) to as many sockets, on the same core, "
               f"read by the same reader; {len(rounds)} rounds. Our side includes receiving, "
               "storing and encoding each message. Memory: anonymous resident memory with "
               f"{idle['count']:,} idle connections of as many sessions, less what it was before "
               "the first of them (PostgreSQL, because SQLite's page caches grow in the same "
               "process); cached sessions and everything else that a connection brings is in it.",
        "head": ("", "ours", "bare loop", "ratio"),
        "rows": rows,
        "verdicts": [
            ("fan-out against the bare loop, deliveries per second", f"{median(rates):.2f}",
             "≥ 0.9", median(rates) >= 0.9),
            ("fan-out against the bare loop, by CPU time", f"{median(cpus):.2f}", "≥ 0.9",
             median(cpus) >= 0.9),
            ("memory per idle connection", f"{idle['bytes']:,.0f} bytes", "≤ 1,024",
             idle["bytes"] <= 1024),
            ("start to ready", f"{ready:.2f} s", "≤ 0.3 s", ready <= 0.3),
        ],
    }


if os.environ.get("BENCH_QUICK"):
    ROUNDS, MESSAGES, IDLE, STARTS = 2, 50, 2000, 3
