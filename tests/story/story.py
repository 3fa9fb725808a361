"""The story itself. Times are milliseconds since the directory sent its call."""

import html
import os
import re
import subprocess
import sys
import time
import urllib.parse

import wire

HERE = os.path.dirname(os.path.abspath(__file__))
PERSON = "dwho"  # a demo account of the provider; the password is the name
CLIENT = "gatehouse"
PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "value": {"active": False}}],
}
WAIT_SECONDS = 15


class Provider:
    """LemonLDAP::NG with a certificate authority of its own."""

    def __init__(self, folder):
        self.script = os.path.join(HERE, "..", "peers", "llng")
        self.folder = folder
        environment = dict(os.environ, OWNER=str(os.getpid()))
        told = subprocess.run([self.script, "start", folder], capture_output=True, text=True,
                              check=False, env=environment, stdin=subprocess.DEVNULL)
        if told.returncode != 0:
            if told.returncode == 77:
                print(told.stderr.strip())
                sys.exit(77)
            raise wire.Refused(f"the OpenID provider does not start: {told.stderr}")
        values = dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)
        self.issuer, self.ca = values["ISSUER"], values["CA"]

    def register(self, redirect_uri):
        subprocess.run([self.script, "add-rp", self.folder, CLIENT, redirect_uri], check=True,
                       stdout=subprocess.DEVNULL)

    def stop(self):
        subprocess.run([self.script, "stop", self.folder], check=False)


class Teller:
    def __init__(self):
        self.bold, self.dim, self.plain = ("\033[1m", "\033[2m", "\033[0m") if (
            sys.stdout.isatty()) else ("", "", "")

    def title(self, text):
        print(f"\n{self.bold}{text}{self.plain}\n")

    def line(self, moment, who, what):
        print(f"  {moment:>10}  {self.bold}{who:<9}{self.plain} {what}")


def creator_api(base, notes, email):
    browser = wire.Browser()
    signed_in = browser.request("POST", f"{base}/api/v1/session", {
        "org": "acme", "email": email, "password": notes["password"]})
    if signed_in.status != 200:
        raise wire.Refused(f"the creator cannot sign in: {signed_in.status} {signed_in.body!r}")
    netloc = urllib.parse.urlsplit(base).netloc
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies[netloc].items())
    return wire.Api(base, {"Cookie": cookie, "Origin": base,
                           "X-Gatehouse-Csrf": signed_in.json["csrf"]})


def connect(base, notes, provider, admin):
    """The connection to the provider, made at the first run; registered again when the port moved."""
    if not notes["connection"]:
        with open(provider.ca, encoding="utf-8") as file:
            authority = file.read()
        made = admin.must("POST", "/api/v1/connections", {
            "kind": "oidc", "name": "LemonLDAP::NG", "issuer": provider.issuer,
            "client_id": CLIENT, "client_secret": f"secret-{CLIENT}", "provisioning": "match",
            "match": {"claim": "sub", "attribute": "user_name"}, "ca_pem": authority})
        admin.must("POST", f"/api/v1/connections/{made['id']}/enable", {"untested": True})
        notes.keep(connection=made["id"], redirect_uri=None)
    redirect_uri = f"{base}/oidc/{notes['connection']}/callback"
    if notes["redirect_uri"] != redirect_uri:
        provider.register(redirect_uri)
        notes.keep(redirect_uri=redirect_uri)


def hire(directory):
    """The directory makes the person, or brings back who left in the last run."""
    query = urllib.parse.urlencode({"filter": f'userName eq "{PERSON}"'})
    found = directory.must("GET", f"/scim/v2/Users?{query}")["Resources"]
    if not found:
        return directory.must("POST", "/scim/v2/Users", {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": PERSON,
            "externalId": f"story-{PERSON}", "displayName": "Doctor Who", "active": True,
            "emails": [{"value": f"{PERSON}@acme.example", "type": "work", "primary": True}],
        }, "application/scim+json")["id"]
    if not found[0]["active"]:
        directory.must("PATCH", f"/scim/v2/Users/{found[0]['id']}", {
            "schemas": PATCH["schemas"],
            "Operations": [{"op": "replace", "path": "active", "value": True}],
        }, "application/scim+json")
    return found[0]["id"]


def walk_there_and_back(base, notes, provider, browser):
    """None, or what went wrong."""
    to_provider = browser.get(f"{base}/oidc/{notes['connection']}/login")
    if to_provider.status not in (302, 303):
        return f"sign-in does not start: {to_provider.status} {to_provider.body!r}"
    back = browser.get(to_provider.location, Accept="text/html")
    if "code=" not in back.location:
        text = re.sub(r"<[^>]*>|\s+", " ", html.unescape(back.body.decode(errors="replace")))
        return f"the provider does not send {PERSON} back: {back.status} {text}"
    landed = browser.get(back.location)
    if landed.status not in (302, 303):
        return f"the callback was refused: {landed.status} {landed.body!r}"
    return None


def sign_in(base, notes, provider):
    """Through the provider, as a browser does it. Each process of a provider that has just learnt
    of us needs a second, so the way is walked again until they all know us."""
    browser = wire.Browser(provider.ca)
    browser.get(provider.issuer + "/")
    proof = browser.request("POST", provider.issuer + "/", f"user={PERSON}&password={PERSON}", {
        "Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"})
    browser.cookies[urllib.parse.urlsplit(provider.issuer).netloc]["lemonldap"] = proof.json["id"]
    deadline = time.monotonic() + WAIT_SECONDS
    while words := walk_there_and_back(base, notes, provider, browser):
        if time.monotonic() > deadline:
            raise wire.Refused(words)
        time.sleep(0.3)
    return browser


def ms(moment, start):
    return f"{(moment - start) * 1000:.1f} ms"


def leave(teller, base, directory, user, browser, devices):
    """The heart: one call of the directory, and what everybody sees of it."""
    answer, start, answered = wire.send_and_watch(
        directory, ("PATCH", f"/scim/v2/Users/{user}", PATCH, "application/scim+json"),
        [live for _, live in devices])
    lines = [(start, "directory", f"PATCH /scim/v2/Users/{user[:8]}…  active: false")]
    for name, live in devices:
        code, reason, moment = live.closed
        lines.append((moment, name, f"live connection closed: {code} {reason}"))
        if code != 4401 or moment > answered:
            raise wire.Refused(f"{name}: {code} {reason}, {ms(moment, answered)} after the answer")
    lines.append((answered, "directory", f"answered {answer.status}: nothing of theirs is open"))
    after = browser.get(f"{base}/api/v1/me")
    lines.append((time.perf_counter(), "laptop", f"GET /api/v1/me: {after.status}"))
    for moment, who, what in sorted(lines, key=lambda line: line[0]):
        teller.line(ms(moment, start), who, what)
    if answer.status not in (200, 204) or after.status != 401:
        raise wire.Refused(f"directory {answer.status}, old session {after.status}")


def receipt(admin, user):
    """The newest receipt of the person, once it is complete: it is stored after the answer."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        items = admin.must("GET", "/api/v1/revocations")["items"]
        newest = max((item for item in items if item["user"] == user),
                     key=lambda item: item["received_at"])
        if newest["answered_at"]:
            closed = newest["closed"]
            return (f"receipt: {closed['sockets']} connections and {closed['sessions']} session "
                    f"ended, {newest['duration_ms']:.1f} ms in the server")
        time.sleep(0.05)
    raise wire.Refused("there is no complete receipt")


def tell(base, notes, provider, email):
    teller = Teller()
    admin = creator_api(base, notes, email)
    connect(base, notes, provider, admin)
    directory = wire.Api(base, {"Authorization": f"Bearer {notes['scim_token']}"})
    user = hire(directory)

    teller.title("A person signs in")
    started = time.perf_counter()
    browser = sign_in(base, notes, provider)
    me = browser.get(f"{base}/api/v1/me")
    if me.status != 200:
        raise wire.Refused(f"signed in, but /api/v1/me says {me.status}")
    teller.line(ms(time.perf_counter(), started), "laptop",
                f"{me.json['user'].get('display_name', PERSON)} is in, by LemonLDAP::NG "
                f"({provider.issuer})")
    devices = []
    for name in ("laptop", "phone"):
        live = wire.Live(base, browser)
        live.event("hello")
        devices.append((name, live))
        teller.line(ms(time.perf_counter(), started), name, "live connection open")

    teller.title("The directory says: this person has left")
    leave(teller, base, directory, user, browser, devices)
    teller.line("", "console", receipt(admin, user))
