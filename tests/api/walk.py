#!/usr/bin/python3
"""Walks every operation of the API document on the real server: without a credential, without the
CSRF header, with ids that nobody has, with bodies that make no sense, and once as it is meant. Each
answer must be one that the document describes.    walk.py GATEHOUSE"""

import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "story"))
import schema  # noqa: E402
import wire  # noqa: E402

NOBODY = "01900000-0000-7000-8000-000000000000"
OP = os.path.join(HERE, "..", "peers", "op")
PASSWORD = "a long pass phrase for carol"
SCIM = "application/scim+json"
NONSENSE = {"no such member": 1}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Server:
    def __init__(self, binary):
        self.folder = tempfile.mkdtemp(prefix="gatehouse-api.")
        os.chmod(self.folder, 0o755)
        config = os.path.join(self.folder, "gatehouse.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write('outbound:\n  allow_addresses:\n    - "127.0.0.0/8"\n'
                       '  dns_server: "127.0.0.1:9"\n')  # nobody listens there
        self.command = [os.path.abspath(binary), "--config", config, "--data",
                        os.path.join(self.folder, "data")]
        self.port, self.ops = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [*self.command, "serve", "--listen", f"127.0.0.1:{self.port}", "--ops-listen",
                 f"127.0.0.1:{self.ops}", "--public-url", self.base], stdout=log, stderr=log)

    def wait(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                if wire.Browser().get(f"http://127.0.0.1:{self.ops}/ready").status == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server does not get ready:\n{self.log()}")
            time.sleep(0.05)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-20:])

    def make_organisation(self):
        path = os.path.join(self.folder, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        os.chmod(path, 0o600)
        subprocess.run([*self.command, "org", "create", "--name", "Acme", "--slug", "acme",
                        "--creator-email", "carol@acme.test", "--password-file", path],
                       check=True, stdout=subprocess.DEVNULL)

    def start_provider(self):
        told = subprocess.run([OP, "start", os.path.join(self.folder, "op")], text=True, check=False,
                              stdout=subprocess.PIPE, env={**os.environ, "OWNER": str(os.getpid())})
        if told.returncode != 0:
            sys.exit(told.returncode)  # 77: not installed
        values = dict(line.split("=", 1) for line in told.stdout.splitlines())
        with open(values["CA"], encoding="utf-8") as file:
            return values["ISSUER"], file.read()

    def stop(self):
        subprocess.run([OP, "stop", os.path.join(self.folder, "op")], check=False,
                       stderr=subprocess.DEVNULL)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Walk:
    def __init__(self, base, issuer, authority):
        self.base, self.issuer, self.authority = base, issuer, authority
        served = wire.Browser().get(f"{base}/api/v1/openapi.json")
        self.document = schema.Document(json.loads(served.body))
        self.operations = list(self.document.operations())
        self.by_id = {item["operationId"]: (method, path, item)
                      for method, path, item in self.operations}
        self.faults, self.walked, self.meant = [], 0, set()
        self.cookie, self.csrf, self.scim = {}, {}, {}

    def fault(self, what, words):
        self.faults.append(f"{what}: {words}")

    def call(self, name, headers, body=None, kind="application/json", ids=(), query=""):
        """One request; its answer is compared with the document."""
        method, path, operation = self.by_id[name]
        given = list(ids)
        path = re.sub(r"\{[^}]*\}", lambda _: given.pop(0) if given else NOBODY, path) + query
        sent = dict(headers)
        if body is not None:
            sent["Content-Type"] = kind
            body = json.dumps(body)
        answer = wire.Browser().request(method, self.base + path, body, sent)
        self.walked += 1
        content_type = answer.headers.get("Content-Type", "")
        parsed = json.loads(answer.body) if "json" in content_type and answer.body else None
        what = f"{name} ({method} {path})"
        for words in self.document.faults(operation, answer.status, content_type, parsed):
            self.fault(what, words)
        if answer.status >= 500 and name != "domain.verify":  # that one asks the machine's DNS
            self.fault(what, f"status {answer.status}")
        if "problem" in content_type and parsed and parsed.get("status") != answer.status:
            self.fault(what, "the problem has another status than the answer")
        answer.parsed = parsed
        return answer

    def expect(self, status, name, headers, *rest, **options):
        answer = self.call(name, headers, *rest, **options)
        if answer.status != status:
            self.fault(name, f"{answer.status}, not {status}: {answer.body[:300]!r}")
        elif status < 400:
            self.meant.add(name)
            self.check_members(name, answer)
        return answer.parsed

    def check_members(self, name, answer):
        response = self.document.resolve(self.by_id[name][2]["responses"][str(answer.status)])
        for content in response.get("content", {}).values():
            if answer.parsed is not None:
                for words in schema.undocumented(self.document, answer.parsed, content["schema"]):
                    self.fault(name, words)

    def all_of_it(self):
        self.strangers()
        self.csrf = self.sign_in()
        self.cookie = {"Cookie": self.csrf["Cookie"]}
        self.without_csrf()
        made = self.expect(201, "token.create", self.csrf, {"kind": "scim", "name": "Walk", "expires_in": "1d"})
        self.scim = {"Authorization": f"Bearer {made['secret']}"}
        self.nobody_and_nonsense()
        self.as_meant()

    # The passes ---------------------------------------------------------------------------------

    def strangers(self):
        for _, path, operation in self.operations:
            name, needs = operation["operationId"], operation["security"]
            for headers in ({}, {"Authorization": "Bearer ghs_nonsense"}, {"Cookie": "gatehouse=nonsense"}):
                answer = self.call(name, headers, NONSENSE if "requestBody" in operation else None,
                                   SCIM if path.startswith("/scim") else "application/json")
                if needs and answer.status != 401:
                    self.fault(name, f"a stranger gets {answer.status}")

    def without_csrf(self):
        for method, _, operation in self.operations:
            if any("csrf" in way for way in operation["security"]):
                for headers in (self.cookie, {**self.cookie, "X-Gatehouse-Csrf": "wrong"}):
                    answer = self.call(operation["operationId"], headers, {} if method != "DELETE" else None)
                    if answer.status != 403:
                        self.fault(operation["operationId"], f"{answer.status} without the CSRF value")

    def nobody_and_nonsense(self):
        for _, path, operation in self.operations:
            name = operation["operationId"]
            if name == "session.delete" or not operation["security"]:
                continue
            is_scim = path.startswith("/scim")
            headers, kind = (self.scim, SCIM) if is_scim else (self.csrf, "application/json")
            bodies = [NONSENSE, [], "text", None] if "requestBody" in operation else [None]
            for body in bodies:
                answer = self.call(name, headers, body, kind)
                if body is not None and answer.status < 400:
                    self.fault(name, f"{answer.status} for the body {body!r}")
                if "{id}" in path and body is None and "requestBody" not in operation and answer.status != 404:
                    self.fault(name, f"{answer.status} for an id that nobody has")

    def as_meant(self):
        anyone, carol = {}, self.csrf
        for name in ("page.messenger", "page.login", "page.login_org", "page.console",
                     "page.console_part", "page.welcome", "version", "openapi"):
            self.expect(200, name, anyone)
        self.expect(200, "login.discover", anyone, {"email": "someone@nowhere.test"})
        self.expect(401, "session.create", anyone, {"org": "acme", "email": "carol@acme.test", "password": "wrong"})
        self.expect(401, "invitation.accept", anyone, {"token": "ghi_nobody", "password": PASSWORD})
        me = self.expect(200, "me", carol)
        self.expect(200, "session.check", carol)
        self.expect(403, "org.create", anyone, {"name": "New", "slug": "new", "creator": {"email": "a@b.test", "password": PASSWORD}})
        self.expect(200, "org.get", carol)
        self.expect(200, "org.update", carol, {"name": "Acme Corporation"})
        self.access(carol)
        dana = self.directory()
        self.talk(carol, dana)
        self.people(carol, me["user"]["id"], dana)
        self.expect(200, "revocation.list", carol, query=f"?user={dana}")
        self.expect(200, "audit.list", carol, query="?limit=200")
        self.expect(200, "session.delete", carol)
        self.expect(401, "me", carol)

    def access(self, carol):
        made = self.expect(201, "connection.create", carol, {
            "kind": "oidc", "name": "Login", "issuer": self.issuer, "client_id": "gatehouse",
            "client_auth": "private_key_jwt", "provisioning": "match", "domains": ["acme.test"],
            "ca_pem": self.authority})
        ids = [made["id"]]
        self.expect(200, "connection.list", carol)
        self.expect(200, "connection.get", carol, ids=ids)
        self.expect(409, "connection.enable", carol, {}, ids=ids)
        self.expect(200, "connection.test", carol, ids=ids)
        self.expect(200, "connection.enable", carol, {}, ids=ids)
        self.expect(200, "connection.update", carol, {"name": "Acme Login"}, ids=ids)
        self.expect(200, "connection.update", carol, {"client_key": "rotate"}, ids=ids)
        self.expect(200, "connection.provider", carol, ids=ids)
        self.expect(200, "connection.provider_refresh", carol, ids=ids)
        self.expect(200, "connection.logins", carol, ids=ids)
        self.expect(200, "oidc.jwks", {}, ids=ids)
        self.expect(303, "oidc.logged_out", {}, ids=ids)
        self.expect(200, "page.logged_out", {})
        self.keys(carol)
        domain = self.expect(201, "domain.create", carol, {"domain": "proved.acme.test"})
        self.expect(200, "domain.list", carol)
        self.call("domain.verify", carol, ids=[domain["id"]])
        self.expect(204, "domain.delete", carol, ids=[domain["id"]])
        self.expect(204, "connection.delete", carol, ids=ids)
        token = self.expect(201, "token.create", carol, {"kind": "scim", "name": "Old", "expires_in": "90d"})
        self.expect(200, "token.list", carol)
        self.expect(204, "token.revoke", carol, ids=[token["id"]])
        self.expect(401, "scim.config", {"Authorization": f"Bearer {token['secret']}"})

    def keys(self, carol):
        made = self.expect(201, "connection.create", carol, {
            "kind": "saml", "name": "SAML", "entity_id": "https://idp.acme.test/", "provisioning": "match",
            "sso_url": "https://idp.acme.test/sso", "certificate": self.authority})
        ids = [made["id"]]
        self.expect(200, "saml.metadata", {}, ids=ids)
        first = self.expect(200, "connection.key_list", carol, ids=ids)["items"]
        old = [key["id"] for key in first if key["use"] == "signing"]
        new = self.expect(201, "connection.key_publish", carol, {"use": "signing"}, ids=ids)["id"]
        self.expect(409, "connection.key_publish", carol, {"use": "signing"}, ids=ids)
        self.expect(200, "connection.key_activate", carol, ids=ids + [new])
        self.expect(409, "connection.key_drop", carol, ids=ids + [new])
        self.expect(204, "connection.key_drop", carol, ids=ids + old)
        self.expect(204, "connection.delete", carol, ids=ids)
        self.expect(404, "saml.metadata", {}, ids=ids)

    def directory(self):
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"]
        user = {"schemas": schemas, "userName": "dana", "externalId": "hr-1", "displayName": "Dana", "active": True}
        dana = self.expect(201, "scim.user_create", self.scim, user, SCIM)["id"]
        self.expect(409, "scim.user_create", self.scim, user, SCIM)
        self.expect(200, "scim.user_get", self.scim, ids=[dana])
        self.expect(200, "scim.user_list", self.scim, query="?filter=" + urllib.parse.quote('userName eq "dana"'))
        self.expect(200, "scim.user_replace", self.scim, {**user, "displayName": "Dana O."}, SCIM, ids=[dana])
        self.expect(200, "scim.user_patch", self.scim, {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "Replace", "path": "displayName", "value": "Dana Okafor"}]}, SCIM, ids=[dana])
        gone = self.expect(201, "scim.user_create", self.scim, {**user, "userName": "gone", "externalId": "hr-2"}, SCIM)["id"]
        self.expect(204, "scim.user_delete", self.scim, ids=[gone])
        self.expect(404, "scim.user_get", self.scim, ids=[gone])
        self.expect(200, "scim.config", self.scim)
        for name, known in (("scim.resource_type", "User"), ("scim.schema", schemas[0])):
            self.expect(200, f"{name}_list", self.scim)
            self.expect(200, f"{name}_get", self.scim, ids=[known])
        self.groups(dana)
        search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 1}
        for name in ("scim.user_search", "scim.group_search", "scim.root_search"):
            self.expect(200, name, self.scim, search, SCIM)
        self.expect(200, "scim.root_list", self.scim, query="?count=2")
        return dana

    def groups(self, dana):
        group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Ops",
                 "members": [{"value": dana}]}
        ops = [self.expect(201, "scim.group_create", self.scim, group, SCIM)["id"]]
        self.expect(200, "scim.group_get", self.scim, ids=ops)
        self.expect(200, "scim.group_list", self.scim, query="?excludedAttributes=members")
        self.expect(200, "scim.group_replace", self.scim, {**group, "displayName": "Operations"}, SCIM, ids=ops)
        self.expect(204, "scim.group_patch", self.scim, {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "Remove", "path": "members", "value": [{"value": dana}]}]}, SCIM, ids=ops)
        self.expect(204, "scim.group_delete", self.scim, ids=ops)

    def talk(self, carol, dana):
        general = self.expect(200, "conversation.list", carol)["items"][0]["id"]
        message = {"text": "Hello", "nonce": secrets.token_hex(8)}
        first = self.expect(201, "message.create", carol, message, ids=[general])
        again = self.expect(201, "message.create", carol, message, ids=[general])
        if first["id"] != again["id"]:
            self.fault("message.create", "one nonce, two messages")
        self.expect(200, "message.list", carol, ids=[general])
        self.expect(201, "conversation.create", carol, {"kind": "direct", "user_id": dana})
        self.expect(200, "conversation.create", carol, {"kind": "direct", "user_id": dana})
        self.expect(200, "conversation.list", carol)

    def people(self, carol, self_id, dana):
        self.expect(200, "user.list", carol, query="?filter=dan")
        self.expect(200, "user.get", carol, ids=[dana])
        self.expect(200, "user.deactivate", carol, {"reason": "Laptop was stolen"}, ids=[dana])
        self.expect(200, "user.deactivate", carol, ids=[dana])
        self.expect(200, "user.reactivate", carol, {}, ids=[dana])
        sessions = self.expect(200, "user.sessions", carol, ids=[self_id])["items"]
        if [item["current"] for item in sessions].count(True) != 1:
            self.fault("user.sessions", f"the current one is not marked: {sessions}")
        other = self.sign_in()
        others = [item for item in self.expect(200, "user.sessions", carol, ids=[self_id])["items"] if not item["current"]]
        self.expect(200, "user.session_end", carol, ids=[self_id, others[0]["id"]])
        self.expect(401, "me", other)

    def sign_in(self):
        browser = wire.Browser()
        answer = browser.request("POST", f"{self.base}/api/v1/session", {
            "org": "acme", "email": "carol@acme.test", "password": PASSWORD})
        if answer.status != 200:
            raise SystemExit(f"nobody can sign in: {answer.status} {answer.body!r}")
        self.meant.add("session.create")
        jar = browser.cookies[urllib.parse.urlsplit(self.base).netloc]
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        return {"Cookie": cookie, "X-Gatehouse-Csrf": answer.json["csrf"]}


# Walked as meant elsewhere: with a provider (tests/browser/story.mjs, tests/interop/saml.py), with a
# changed one (tests/identity/test_provider_http.c), with a mailed link (tests/gateway/test_cli.py),
# with a WebSocket.
ELSEWHERE = {"oidc.login", "oidc.callback", "live", "org.create", "domain.verify",
             "session.refresh", "user.sessions_end", "saml.login", "saml.acs", "saml.acs_get",
             "saml.logout", "saml.slo_get", "saml.slo_post", "connection.provider_accept",
             "invitation.accept"}


def main():
    server = Server(sys.argv[1])
    try:
        server.wait()
        server.make_organisation()
        walk = Walk(server.base, *server.start_provider())
        with open(os.path.join(HERE, "../../gateway/openapi/openapi.json"), encoding="utf-8") as file:
            if json.load(file) != walk.document.document:
                walk.fault("openapi", "what is served is not what is in the tree")
        try:
            walk.all_of_it()
        except (KeyError, TypeError, IndexError, OSError) as error:
            walk.fault("walk", f"stopped early: {error!r}")
        for name in sorted(set(walk.by_id) - walk.meant - ELSEWHERE):
            walk.fault(name, "was never walked as it is meant")
        if walk.faults:
            print("\n".join(dict.fromkeys(walk.faults)))
            print(server.log())
    finally:
        server.stop()
    print(f"{len(walk.by_id)} operations, {walk.walked} requests, {len(walk.faults)} faults")
    sys.exit(1 if walk.faults else 0)


main()
