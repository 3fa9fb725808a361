"""f. SAML: answers validated against lasso's own path and OpenSSL, redirects against mod_auth_mellon,
complete sign-ins."""

import json
import os
import subprocess

from house import CLIENT_CORE, SERVER_CORE, Server, TOP, median, peer, pinned, spread
from part_sign_in import call, command

ROUNDS, ACS_SECONDS, REDIRECT_MS, BROWSERS, PEOPLE, COUNT = 5, 2, 3000, 4, 50, 400
ISSUER = "https://idp.example/metadata"
LEAST = {"assertion signed": 2, "both signed": 1.8, "encrypted": 1.4}  # times the lasso path
MOST_VERIFICATIONS, LEAST_REDIRECTS = 15, 5


def bench_saml(house, *words, core=CLIENT_CORE, **more):
    done = subprocess.run(pinned(core, house.tool("bench_saml"), *words), check=False,
                          capture_output=True, text=True, timeout=600, **more)
    if done.returncode != 0:
        raise SystemExit(f"f: {' '.join(map(str, words))}: {done.stderr or done.stdout}")
    return json.loads(done.stdout.splitlines()[-1])


class Provider:
    """The forge as identity provider, with its browsers; orders go in, figures come out."""

    def __init__(self, house):
        self.process = house.start(house.tool("bench_saml"), "sign-in", ISSUER, text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.metadata = json.loads(self.process.stdout.readline())["metadata"]

    def order(self, server, connection, count):
        words = (server.port, connection, server.base, PEOPLE, count, BROWSERS, server.pid)
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit("f: a sign-in failed, see the log of the bench")
        return json.loads(answer)


def make_connection(house, server, url, metadata):
    token = command(server, house, url, "token", "create", "--org", "saml0", "--kind", "admin",
                    "--name", "bench")["secret"]
    connection = call(server, token, "/api/v1/connections", {
        "kind": "saml", "name": "Bench", "metadata_xml": metadata, "provisioning": "jit",
        "sign_requests": True})
    call(server, token, f"/api/v1/connections/{connection['id']}/enable", {"untested": True})
    return connection["id"]


class Mellon:
    """Apache with mod_auth_mellon on the server's core; `bundle` as in tests/peers/mellon."""

    def __init__(self, house, name, metadata, bundle):
        self.folder = house.path(name)
        os.environ.update(IDP_METADATA=metadata, CA_BUNDLE=bundle)
        peer("mellon", "start", self.folder)
        with open(os.path.join(self.folder, "env"), encoding="utf-8") as lines:
            self.told = dict(line.rstrip("\n").split("=", 1) for line in lines)
        with open(os.path.join(self.folder, "apache.pid"), encoding="ascii") as text:
            self.pid = text.read().strip()
        group = subprocess.run(["pgrep", "-g", self.pid], check=True, capture_output=True,
                               text=True)
        for pid in group.stdout.split():
            subprocess.run(["taskset", "-a", "-p", "-c", SERVER_CORE, pid], check=True,
                           capture_output=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        peer("mellon", "stop", self.folder)


def redirects(house, port, path, pid):
    turn = bench_saml(house, "redirect", port, path, BROWSERS, REDIRECT_MS, pid)
    if turn["others"] > 0 or turn["redirects"] == 0:
        raise SystemExit(f"f: {path} gave {turn['others']} answers that are no signed request")
    return turn


def run_server(house):
    """Redirects turn by turn, and sign-ins between them."""
    url = house.database("SQLite", "saml")
    house.seed(url, "saml", 1, 1, 1)
    provider = Provider(house)
    metadata = house.path("idp.xml")
    with open(metadata, "w", encoding="utf-8") as out:
        out.write(provider.metadata)
    rounds = []
    with Server(house, url) as server, \
            Mellon(house, "mellon", metadata, "") as mellon, \
            Mellon(house, "mellon-bare", metadata, "/dev/null") as bare:
        connection = make_connection(house, server, url, provider.metadata)
        path = f"/saml/{connection}/login"
        provider.order(server, connection, PEOPLE)  # everybody once: who comes back is measured
        for _ in range(ROUNDS):
            turn = {"ours": redirects(house, server.port, path, server.pid)}
            for name, side in (("mellon", mellon), ("bare", bare)):
                turn[name] = redirects(house, side.told["PORT"], side.told["SSO_PATH"], side.pid)
            turn["sign_in"] = provider.order(server, connection, COUNT)
            rounds.append(turn)
    return rounds


def run(house):
    acs = bench_saml(house, "acs", ACS_SECONDS, ROUNDS, core=None)["rounds"]
    return {"acs": acs, "server": run_server(house)}


def least_of(name):
    return next(least for start, least in LEAST.items() if name.startswith(start))


def acs_report(acs):
    rows, verdicts = [], []
    for at, first in enumerate(acs[0]):
        turns = [one[at] for one in acs]
        against = [turn["peer_us"] / turn["ours_us"] for turn in turns]
        raw = [turn["ours_us"] / turn["openssl_us"] for turn in turns]
        per_second = [f"{median(1e6 / turn[side] for turn in turns):,.0f}"
                      for side in ("ours_us", "peer_us", "openssl_us")]
        rows.append((f"validations, {first['name']}", *per_second,
                     f"{median(against):.2f} ({spread(against)})",
                     f"1/{median(raw):.1f} (1/{max(raw):.1f} to 1/{min(raw):.1f})"))
        least = least_of(first["name"])
        verdicts.append((f"against gate + lasso + semantics, {first['name']}",
                         f"{median(against):.2f} ({spread(against)})", f"≥ {least}",
                         median(against) >= least))
        if at == 0:
            verdicts.append(("against bare RSA verifications, one signature",
                             f"1/{median(raw):.1f}", f"≥ 1/{MOST_VERIFICATIONS}",
                             median(raw) <= MOST_VERIFICATIONS))
    return rows, verdicts


def server_report(rounds):
    rate = {name: median(1e6 / one[name]["cpu_us"] for one in rounds)
            for name in ("ours", "mellon", "bare")}
    against = {name: [one[name]["cpu_us"] / one["ours"]["cpu_us"] for one in rounds]
               for name in ("mellon", "bare")}
    cpu = [one["sign_in"]["cpu_ms"] for one in rounds]
    driven = median(one["sign_in"]["per_second"] for one in rounds)
    rows = [("redirects; mod_auth_mellon with the system's CA bundle", f"{rate['ours']:,.0f}",
             f"{rate['mellon']:,.0f}", "",
             f"{median(against['mellon']):.2f} ({spread(against['mellon'])})", ""),
            ("redirects; mod_auth_mellon with an empty CA bundle", f"{rate['ours']:,.0f}",
             f"{rate['bare']:,.0f}", "",
             f"{median(against['bare']):.2f} ({spread(against['bare'])})", ""),
            ("complete sign-ins", f"{median(1000 / one for one in cpu):,.0f}", "", "", "", "")]
    verdicts = [("redirects against mod_auth_mellon (system's CA bundle)",
                 f"{median(against['mellon']):.2f} ({spread(against['mellon'])})",
                 f"≥ {LEAST_REDIRECTS}", median(against["mellon"]) >= LEAST_REDIRECTS),
                ("redirects against mod_auth_mellon (empty CA bundle)",
                 f"{median(against['bare']):.2f} ({spread(against['bare'])})", "stated", None),
                ("complete sign-ins per second of CPU", f"{median(1000 / one for one in cpu):,.0f}",
                 "stated", None),
                ("CPU per complete sign-in", f"{median(cpu):.2f} ms ({spread(cpu)})", "stated",
                 None),
                ("complete sign-ins per second as driven", f"{driven:,.0f}", "stated", None)]
    return rows, verdicts


def report(result):
    rows, verdicts = acs_report(result["acs"])
    more_rows, more_verdicts = server_report(result["server"])
    messages = sum(one["messages"] for turn in result["acs"] for one in turn)
    return {
        "title": "f. Sign-in through a SAML provider",
        "how": f"All rates are per second of CPU time. Validations: {messages:,} forged Responses "
               "with the provider's certificate in their signatures, four callers and two children "
               "that retire after 1,000 messages; ours is the whole way through the jail (frames, "
               "the question for the decryption key, the answer read back) and the semantic checks. "
               "CPU time is that of the process and of all its descendants: the processor clocks of "
               "keepers and children, and what the kernel has added up of children that ended. "
               "The yardstick is the same gate, then lasso's own inbound functions on a server "
               "object made once with an empty CA bundle, then the same checks, in one process "
               "without a jail; and `EVP_PKEY_verify` with RSA 2048, the loop of `openssl speed`. "
               "Batches of 256 take turns. Redirects: "
               f"{BROWSERS} browsers navigate to the sign-in for {REDIRECT_MS / 1000:g} s a turn and "
               "get a request signed with RSA 2048 and SHA-256; ours passes the jail and writes an "
               "attempt to SQLite, mod_auth_mellon (prefork) keeps none; both keep one server "
               "object. CPU time is that of all processes of each side. Sign-ins: browsers without "
               f"a past go to the server, to a provider made of the forge, and back, {COUNT} a "
               f"round of {PEOPLE} known people, assertion signed, SQLite; one counts when its "
               f"answer sets the session cookie, any other ends the run. {len(result['server'])} "
               "rounds.",
        "head": ("per second of CPU", "ours", "lasso, mod_auth_mellon", "OpenSSL itself",
                 "ours to theirs", "ours to OpenSSL"),
        "rows": rows + more_rows,
        "verdicts": verdicts + more_verdicts,
    }


if os.environ.get("BENCH_QUICK"):
    ROUNDS, ACS_SECONDS, REDIRECT_MS, COUNT = 2, 1, 1000, 100
