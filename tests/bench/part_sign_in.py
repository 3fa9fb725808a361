"""d. Complete OpenID Connect sign-ins per second of CPU, and signatures against OpenSSL itself."""

import json
import os
import subprocess
import urllib.request

from house import SERVER_CORE, Server, free_port, median, pinned, spread

ROUNDS, PEOPLE, COUNT, CONCURRENCY, JWS_SECONDS = 3, 50, 400, 8, 2
SECRET = "a-secret-of-the-bench"
TICKS = os.sysconf("SC_CLK_TCK")


def certificate(house):
    key, crt = house.path("op.key"), house.path("op.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=provider",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", crt],
                   check=True, capture_output=True)
    return key, crt


class Provider:
    """Our own stub with its browsers; orders go in, figures come out."""

    def __init__(self, house):
        key, self.crt = certificate(house)
        self.port = free_port()
        environment = dict(os.environ, PORT=str(self.port), KEY=key, CRT=self.crt, SECRET=SECRET)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "provider.mjs")
        self.process = house.start("node", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True, env=environment)
        self.issuer = json.loads(self.process.stdout.readline())["issuer"]

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise SystemExit(f"d: {answer['error']}")
        return answer


def command(server, house, url, *words):
    done = subprocess.run([server.program, *words, "--database", url, "--json", "--data",
                           house.folder, "--log-level", "error"], check=True, capture_output=True,
                          text=True)
    return json.loads(done.stdout)


def call(server, token, path, body):
    request = urllib.request.Request(
        server.base + path, json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text else {}


def make_connection(house, server, url, provider):
    token = command(server, house, url, "token", "create", "--org", "signin0", "--kind", "admin",
                    "--name", "bench")["secret"]
    with open(provider.crt, encoding="ascii") as text:
        ca_pem = text.read()
    connection = call(server, token, "/api/v1/connections", {
        "kind": "oidc", "name": "Bench", "issuer": provider.issuer, "client_id": "gatehouse",
        "client_secret": SECRET, "client_auth": "client_secret_basic", "provisioning": "jit",
        "ca_pem": ca_pem})
    call(server, token, f"/api/v1/connections/{connection['id']}/enable", {"untested": True})
    return connection["id"]


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICKS


def run(house):
    url = house.database("SQLite", "signin")
    house.seed(url, "signin", 1, 1, 1)
    provider = Provider(house)
    rounds = []
    allow = f"outbound.allow_addresses=127.0.0.1/32 {provider.port}"
    with Server(house, url, [allow]) as server:
        connection = make_connection(house, server, url, provider)
        order = {"connection": connection, "base": server.base, "people": PEOPLE,
                 "concurrency": CONCURRENCY}
        provider.order(count=PEOPLE, **order)  # everybody once: who comes back is measured
        for _ in range(ROUNDS):
            before = cpu_seconds(server.pid)
            turn = provider.order(count=COUNT, **order)
            turn["cpu_ms"] = (cpu_seconds(server.pid) - before) * 1000 / COUNT
            rounds.append(turn)
    done = subprocess.run(pinned(SERVER_CORE, house.tool("bench_jws"), JWS_SECONDS), check=True,
                          capture_output=True, text=True)
    return {"rounds": rounds, "signatures": json.loads(done.stdout)["signatures"]}


def report(result):
    rounds = result["rounds"]
    cpu = [one["cpu_ms"] for one in rounds]
    rate = [1000 / value for value in cpu]
    calls = rounds[-1]["provider"]
    rows = [("complete sign-ins per second of one core",
             f"{median(rate):,.0f} ({spread(rate, '{:,.0f}')})", "", ""),
            ("CPU per sign-in", f"{median(cpu):.2f} ms ({spread(cpu)})", "", ""),
            ("sign-ins per second as driven (provider and browsers share the other core)",
             f"{median(one['per_second'] for one in rounds):,.0f}", "", "")]
    rows += [(f"{one['alg']} signatures verified per second of one core",
              f"{one['door_per_s']:,}", f"{one['openssl_per_s']:,}", f"{one['door_ratio']:.2f}")
             for one in result["signatures"]]
    rows += [(f"{one['alg']} ID tokens checked whole (header, key set, signature, claims)",
              f"{one['all_per_s']:,}", f"{one['openssl_per_s']:,}", f"{one['all_ratio']:.2f}")
             for one in result["signatures"]]
    return {
        "title": "d. Sign-in through an OpenID provider",
        "how": f"{CONCURRENCY} browsers without a past each go to the server, to a provider stub "
               "over TLS, and back (code, PKCE, `client_secret_basic`, RS256 ID token), "
               f"{COUNT} sign-ins of {PEOPLE} known people a round, {len(rounds)} rounds, SQLite. "
               "A sign-in counts when its answer sets the session cookie; any other answer ends "
               f"the run. In the last round the provider was asked {calls['token']} times for a "
               f"token over {calls['connections']} new connections, and {calls['jwks']} times for "
               "its keys. Signatures: CPU time of one thread, batches turn by turn with OpenSSL's "
               "own `EVP_PKEY_verify`, the loop of `openssl speed`.",
        "head": ("", "ours", "OpenSSL itself", "ratio"),
        "rows": rows,
        "verdicts": [("sign-ins per second of one core", f"{median(rate):,.0f}", "stated", None)],
    }


if os.environ.get("BENCH_QUICK"):
    ROUNDS, COUNT, JWS_SECONDS = 2, 100, 1
