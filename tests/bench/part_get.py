"""a. An authenticated request whose session is cached, against nginx and node that answer a
constant of the same length."""

import os
import textwrap

from house import SERVER_CORE, Server, free_port, median, sessions_of, spread, wait_port

ROUNDS, CONNECTIONS, MILLISECONDS = 5, 64, 2000
MOST = 1.25


def write(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(textwrap.dedent(text))
    return path


def start_nginx(house, body):
    port = free_port()
    conf = write(house.path("nginx.conf"), f"""\
        daemon off;
        master_process off;
        worker_processes 1;
        pid {house.folder}/nginx.pid;
        error_log {house.folder}/nginx.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off;
            default_type application/json;
            keepalive_requests 1000000000;
            client_body_temp_path {house.folder}/n1;
            proxy_temp_path {house.folder}/n2;
            fastcgi_temp_path {house.folder}/n3;
            uwsgi_temp_path {house.folder}/n4;
            scgi_temp_path {house.folder}/n5;
            server {{
                listen 127.0.0.1:{port};
                location / {{ return 200 '{body}'; }}
            }}
        }}
        """)
    process = house.start("nginx", "-c", conf, "-p", house.folder, core=SERVER_CORE)
    wait_port(port)
    return port, str(process.pid)


def start_node(house, body):
    port = free_port()
    script = write(house.path("constant.js"), f"""\
        require('http').createServer((request, response) => {{
            response.setHeader('Content-Type', 'application/json');
            response.end('{body}');
        }}).listen({port}, '127.0.0.1');
        """)
    process = house.start("node", script, core=SERVER_CORE)
    wait_port(port)
    return port, str(process.pid)


def run(house):
    url = house.database("SQLite", "get")
    seed = house.seed(url, "get", 1, 10, 1)
    user, cookie = sessions_of(seed)[0]
    request = house.path("request")
    with open(request, "w", encoding="ascii", newline="") as out:
        out.write("GET /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                  f"Cookie: gatehouse={cookie}\r\n\r\n")
    body = f'{{"user":"{user}","org":"{user}","role":"member"}}'
    with Server(house, url) as server:
        sides = {"gatehouse": (server.port, server.pid), "nginx": start_nginx(house, body),
                 "node": start_node(house, body)}
        rounds = [{name: house.load("get", port, CONNECTIONS, MILLISECONDS, request, pid)
                   for name, (port, pid) in sides.items()} for _ in range(ROUNDS)]
    for one in rounds:
        for name, side in one.items():
            if set(side["statuses"]) != {"200"}:
                raise SystemExit(f"a: {name} answered {side['statuses']}")
    return {"rounds": rounds}


def report(result):
    rounds = result["rounds"]
    ratio = median(one["gatehouse"]["cpu_us"] / one["nginx"]["cpu_us"] for one in rounds)
    rows = []
    for name in rounds[0]:
        cpu = [one[name]["cpu_us"] for one in rounds]
        rows.append((name, f"{median(cpu):.2f} ({spread(cpu)})",
                     f"{median(one[name]['per_second'] for one in rounds):,.0f}",
                     f"{median(one[name]['p50_us'] for one in rounds):,.0f}",
                     f"{median(one[name]['p99_us'] for one in rounds):,.0f}"))
    ratios = [one["gatehouse"]["cpu_us"] / one["nginx"]["cpu_us"] for one in rounds]
    node = median(one["gatehouse"]["cpu_us"] / one["node"]["cpu_us"] for one in rounds)
    requests = sum(one["gatehouse"]["requests"] for one in rounds)
    return {
        "title": "a. Authenticated request, session cached",
        "how": f"`GET /api/v1/session` with a session cookie over {CONNECTIONS} kept-alive "
               f"connections, {MILLISECONDS / 1000:g} s a turn, {len(rounds)} rounds, turn by turn "
               "with nginx (`return 200`, one process, no access log) and node's `http`, both "
               "answering a constant of the same length. CPU is user and system time of the "
               "server process divided by its answers; every answer was a 200 "
               f"({requests:,} of ours).",
        "head": ("server", "CPU µs per request, median (range)", "requests/s", "p50 µs", "p99 µs"),
        "rows": rows,
        "verdicts": [("CPU against nginx", f"{ratio:.2f} ({spread(ratios)})", f"≤ {MOST}",
                      ratio <= MOST),
                     ("CPU against node", f"{node:.2f}", "", None)],
    }


if os.environ.get("BENCH_QUICK"):
    ROUNDS, MILLISECONDS = 3, 500
