#!/usr/bin/python3
"""The program as an operator meets it: its exit codes, what it prints, what it leaves on disk, and
commands beside a running server. Usage: test_cli.py PROGRAM sqlite|postgres"""

import base64
import contextlib
import email
import email.policy
import http.client
import json
import os
import pty
import queue
import re
import secrets
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "..", "peers")
PROGRAM, ENGINE = os.path.abspath(sys.argv[1]), sys.argv[2]
PASSWORD = "correct horse battery"
SKIPPED = 77


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Postgres:
    """One server for all tests; each test has a database of its own."""

    @classmethod
    def start(cls):
        cls.folder = tempfile.mkdtemp(prefix="gatehouse-cli-pg.")
        os.chmod(cls.folder, 0o755)
        told = subprocess.run([os.path.join(PEERS, "pg"), "start", cls.folder], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if told.returncode == SKIPPED and not os.environ.get("CI"):
            print(told.stderr)
            sys.exit(SKIPPED)
        assert told.returncode == 0, told.stderr
        facts = dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)
        cls.url = facts["DATABASE_URL"]

    @classmethod
    def stop(cls):
        subprocess.run([os.path.join(PEERS, "pg"), "stop", cls.folder], check=False,
                       capture_output=True)
        shutil.rmtree(cls.folder, True)

    @classmethod
    def new_database(cls):
        name = "cli_" + secrets.token_hex(4)
        subprocess.run(["psql", cls.url, "-qc", f"CREATE DATABASE {name}"], check=True)
        return re.sub(r"/[^/]*$", "/" + name, cls.url)


class Relay(threading.Thread):
    """A mail relay that takes everything and keeps the first mail."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.mails = queue.Queue()
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, client.makefile("rwb") as stream:
                    self.talk(stream)

    def talk(self, stream):
        def say(text):
            stream.write(text.encode() + b"\r\n")
            stream.flush()

        say("220 relay")
        while line := stream.readline():
            if not line.upper().startswith(b"DATA"):
                say("221 bye" if line.upper().startswith(b"QUIT") else "250 ok")
                continue
            say("354 go on")
            self.mails.put(b"".join(iter(stream.readline, b".\r\n")))
            say("250 ok")

    def mail(self):
        message = email.message_from_bytes(self.mails.get(timeout=30), policy=email.policy.default)
        return message.get_body().get_content()

    def end(self):
        self.listener.close()


class Place(unittest.TestCase):
    """A data folder, a database and whatever runs on them."""

    def setUp(self):
        self.data = tempfile.mkdtemp(prefix="gatehouse-cli.")
        self.addCleanup(shutil.rmtree, self.data, True)
        self.environment = {"PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.port, self.ops_port = free_ports(2)
        self.database = []
        if ENGINE == "postgres":
            self.database = ["--database", Postgres.new_database()]
            key = base64.b64encode(secrets.token_bytes(32)).decode()
            self.environment["GATEHOUSE_SECRETS_KEY"] = key
        self.password_file = self.write("password", PASSWORD + "\n")

    def write(self, name, text):
        path = os.path.join(self.data, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def command(self, *words):
        return [PROGRAM, "--data", self.data, *self.database, *words]

    def run_it(self, *words, expect=0, **more):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, check=False,
                              env=self.environment, stdin=subprocess.DEVNULL, timeout=60, **more)
        self.assertEqual(done.returncode, expect, done.stderr + done.stdout)
        return done

    def ask(self, *words):
        return json.loads(self.run_it(*words, "--json").stdout)

    def make_org(self, slug="acme"):
        return self.ask("org", "create", "--name", slug.title(), "--slug", slug, "--creator-email",
                        f"creator@{slug}.example", "--password-file", self.password_file)

    def serve(self, *words):
        server = subprocess.Popen(
            self.command("serve", "--listen", f"127.0.0.1:{self.port}", "--ops-listen",
                         f"127.0.0.1:{self.ops_port}", *words), env=self.environment, text=True,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + 30
        while not self.is_ready():
            self.assertIsNone(server.poll(), "the server ended")
            self.assertLess(time.monotonic(), deadline, "the server does not get ready")
            time.sleep(0.02)
        return server

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=5)
            with contextlib.closing(connection):
                connection.request("GET", "/ready")
                return connection.getresponse().status == 200
        except OSError:
            return False

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        with contextlib.closing(connection):
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def sign_in(self, slug="acme", password=PASSWORD):
        status, headers, _ = self.call("POST", "/api/v1/session", {
            "org": slug, "email": f"creator@{slug}.example", "password": password})
        return status, (headers.get("Set-Cookie") or "").split(";")[0]


class Organisations(Place):
    def test_are_made_listed_and_shown(self):
        made = self.make_org()
        self.make_org("globex")
        self.assertEqual([org["slug"] for org in self.ask("org", "list")], ["acme", "globex"])
        self.assertEqual(self.ask("org", "show", "acme"), made["org"])
        self.assertEqual(made["org"]["state"], "active")
        self.assertIn("globex", self.run_it("org", "list").stdout)

    def test_are_not_made_twice_or_from_bad_input(self):
        self.make_org()
        good = {"--name": "Other", "--slug": "other", "--creator-email": "a@other.example",
                "--password-file": self.password_file}
        for change, reason in (({"--slug": "acme"}, "org.slug_taken"),
                               ({"--slug": "Not A Slug"}, "org.slug"),
                               ({"--creator-email": "nobody"}, "user.email"),
                               ({"--password-file": "/no/such/file"}, "password.file"),
                               ({"--password-file": self.write("short", "short")},
                                "password.length")):
            words = [word for pair in {**good, **change}.items() for word in pair]
            refused = self.run_it("org", "create", *words, expect=1)
            self.assertIn(f"({reason})", refused.stderr)
        self.assertEqual(len(self.ask("org", "list")), 1)
        self.run_it("org", "create", "--name", "Other", expect=2)
        self.assertIn("org.unknown", self.run_it("org", "show", "other", expect=1).stderr)

    def test_are_handed_to_a_creator_who_sets_the_password_by_a_mailed_link(self):
        words = ["org", "create", "--name", "Acme", "--slug", "acme", "--creator-email",
                 "creator@acme.example", "--invite"]
        self.assertIn("smtp.url", self.run_it(*words, expect=1).stderr)
        relay = Relay()
        self.addCleanup(relay.end)
        settings = ["--set", f"smtp.url=smtp://127.0.0.1:{relay.port}", "--set",
                    "smtp.from=gatehouse@acme.example", "--set", "smtp.allow_plain=true"]
        self.run_it(*settings, *words, "--password-file", self.password_file, expect=2)
        self.assertEqual(self.ask("org", "list"), [])
        self.assertIn("mails creator@acme.example", self.run_it(*settings, *words).stdout)
        self.serve(*settings)
        link = re.search(r"(http://\S+)/welcome#token=(\S+)", relay.mail())
        answer = {"token": link[2], "password": PASSWORD}
        self.assertEqual(self.sign_in()[0], 401)
        self.assertEqual(self.call("GET", "/welcome")[0], 200)
        self.assertEqual(self.call("POST", "/api/v1/invitations/accept",
                                   {**answer, "token": link[2][:-1]})[0], 401)
        status, _, body = self.call("POST", "/api/v1/invitations/accept", answer)
        self.assertEqual((status, json.loads(body)), (200, {"org": "acme"}))
        self.assertEqual(self.sign_in()[0], 200)
        self.assertEqual(self.call("POST", "/api/v1/invitations/accept", answer)[0], 401)

    def test_take_the_password_from_the_terminal_without_showing_it(self):
        status, screen = self.type_password(PASSWORD, PASSWORD)
        self.assertEqual(status, 0, screen)
        self.assertNotIn("horse", screen)
        self.serve()
        self.assertEqual(self.sign_in("typed")[0], 200)
        self.assertEqual(self.sign_in("typed", PASSWORD + "!")[0], 401)

    def test_refuse_a_password_that_is_typed_differently_or_not_at_all(self):
        self.assertIn("password.differs", self.type_password(PASSWORD, PASSWORD + "!")[1])
        self.assertIn("password.terminal", self.type_password("\x03")[1])
        refused = self.run_it("org", "create", "--name", "N", "--slug", "s", "--creator-email",
                              "a@b.example", expect=1, start_new_session=True)
        self.assertIn("password.terminal", refused.stderr)

    def read_terminal(self, terminal):
        self.assertTrue(select.select([terminal], [], [], 20)[0], "nothing more is printed")
        return os.read(terminal, 1024).decode()

    def type_password(self, *lines):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(PROGRAM, self.command(
                "org", "create", "--name", "Typed", "--slug", "typed", "--creator-email",
                "creator@typed.example"), self.environment)
        screen = ""
        for line in lines:
            while not re.search(r"(Password|Once more): \Z", screen):
                screen += self.read_terminal(terminal)
            os.write(terminal, line.encode() + (b"" if line == "\x03" else b"\n"))
            screen += "\n"
        try:
            while data := self.read_terminal(terminal):
                screen += data
        except OSError:  # the other end is closed
            pass
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen


class Tokens(Place):
    def test_work_until_they_are_revoked_beside_the_server(self):
        self.make_org()
        self.serve()
        made = self.ask("token", "create", "--org", "acme", "--kind", "admin", "--name", "script")
        bearer = {"Authorization": "Bearer " + made["secret"]}
        self.assertEqual(self.call("GET", "/api/v1/users", **bearer)[0], 200)
        listed = self.ask("token", "list", "--org", "acme")
        self.assertEqual([token["id"] for token in listed], [made["id"]])
        self.assertNotIn("secret", listed[0])
        self.assertIn("1 of 1", self.run_it("token", "revoke", "--org", "acme", made["id"]).stdout)
        self.assertEqual(self.call("GET", "/api/v1/users", **bearer)[0], 401)
        again = self.run_it("token", "revoke", "--org", "acme", made["id"], expect=1)
        self.assertIn("token.unknown", again.stderr)

    def test_need_an_organisation_a_kind_and_a_life(self):
        self.make_org()
        for words, code in ((["--kind", "scim"], 2), (["--org", "acme"], 2),
                            (["--org", "acme", "--kind", "root"], 2),
                            (["--org", "acme", "--kind", "scim", "--expires", "soon"], 2),
                            (["--org", "acme", "--kind", "scim", "--expires", "0d"], 1),
                            (["--org", "acme", "--kind", "admin", "--scope", "users:read"], 1),
                            (["--org", "globex", "--kind", "scim"], 1)):
            self.run_it("token", "create", *words, expect=code)
        self.assertEqual(self.ask("token", "list", "--org", "acme"), [])


class Keys(Place):
    """Of a SAML connection that stands in the database and was never asked anything."""

    CONFIG = '{"metadata_url": "https://idp.example/metadata"}'
    ID = "01890000-0000-7000-8000-000000000001"

    def setUp(self):
        super().setUp()
        org = self.make_org()["org"]["id"]
        row = (org, self.ID, "saml", "IdP", "new", self.CONFIG, 1, 0, 0, 0)
        columns = ("org_id, id, kind, name, state, config, version, tested_us, created_us, "
                   "changed_us")
        if ENGINE == "postgres":
            values = ", ".join(f"$${value}$$" for value in row)
            subprocess.run(["psql", self.database[1], "-qc",
                            f"INSERT INTO connection ({columns}) VALUES ({values})"], check=True)
            return
        with contextlib.closing(sqlite3.connect(self.database_file())) as database:
            database.execute(f"INSERT INTO connection ({columns}) VALUES "
                             "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            database.commit()

    def database_file(self):
        files = [name for name in os.listdir(self.data) if name.endswith(".db")]
        self.assertEqual(len(files), 1, files)
        return os.path.join(self.data, files[0])

    def key(self, *words, **more):
        return self.run_it("key", words[0], "--org", "acme", self.ID, *words[1:], **more)

    def keys(self):
        return [(key["id"], key["use"], key["state"])
                for key in self.ask("key", "list", "--org", "acme", self.ID)]

    def publish(self, *words):
        return self.ask("key", "publish", "--org", "acme", *words, self.ID)["id"]

    def test_go_from_published_to_dropped(self):
        first, second = self.publish(), self.publish()
        self.assertEqual(self.keys(), [(first, "signing", "published"),
                                       (second, "signing", "published")])
        self.assertIn("(saml.key_slots)", self.run_it(
            "key", "publish", "--org", "acme", self.ID, expect=1).stderr)
        self.key("switch", first)
        self.key("switch", second)
        self.assertEqual(self.keys(), [(second, "signing", "active"),
                                       (first, "signing", "retiring")])
        self.assertIn("(saml.key_active)", self.key("drop", second, expect=1).stderr)
        self.key("drop", first)
        self.assertEqual(self.keys(), [(second, "signing", "active")])
        self.assertIn("(saml.key_unknown)", self.key("switch", first, expect=1).stderr)
        self.assertIn(second, self.key("list").stdout)
        self.assertNotIn("PRIVATE", self.key("list").stdout)

    def test_are_for_signing_or_for_encryption(self):
        key = self.publish("--use", "encryption")
        self.assertEqual(self.keys(), [(key, "encryption", "published")])
        self.run_it("key", "publish", "--org", "acme", "--use", "both", self.ID, expect=2)

    def test_belong_to_a_connection_of_the_organisation(self):
        self.make_org("globex")
        for words in (("--org", "globex", self.ID), ("--org", "acme", "other"),
                      ("--org", "nobody", self.ID)):
            self.run_it("key", "list", *words, expect=1)
            self.run_it("key", "publish", *words, expect=1)
        self.run_it("key", "list", self.ID, expect=2)


class People(Place):
    def test_are_shut_out_at_once_by_a_command_beside_the_server(self):
        made = self.make_org()
        self.serve()
        status, cookie = self.sign_in()
        self.assertEqual(status, 200)
        self.assertEqual(self.call("GET", "/api/v1/me", Cookie=cookie)[0], 200)
        done = self.ask("user", "deactivate", "--org", "acme", "creator@acme.example")
        self.assertEqual(self.call("GET", "/api/v1/me", Cookie=cookie)[0], 401)
        self.assertEqual((done["user"], done["nodes"], done["acknowledged"]),
                         (made["creator_id"], 1, 1))
        self.assertLess(done["duration_ms"], 2000)
        self.assertEqual(self.sign_in()[0], 401)

    def test_come_back_without_their_old_sessions(self):
        made = self.make_org()
        self.serve()
        _, cookie = self.sign_in()
        self.run_it("user", "deactivate", "--org", "acme", made["creator_id"])
        self.run_it("user", "reactivate", "--org", "acme", made["creator_id"])
        self.assertEqual(self.call("GET", "/api/v1/me", Cookie=cookie)[0], 401)
        self.assertEqual(self.sign_in()[0], 200)

    def test_are_found_in_their_own_organisation_only(self):
        self.make_org()
        other = self.make_org("globex")
        for who in (other["creator_id"], "creator@globex.example", "nobody"):
            refused = self.run_it("user", "deactivate", "--org", "acme", who, expect=1)
            self.assertIn("user.unknown", refused.stderr)

    def test_are_deactivated_without_any_server(self):
        self.make_org()
        done = self.ask("user", "deactivate", "--org", "acme", "creator@acme.example")
        self.assertEqual((done["nodes"], done["acknowledged"]), (0, 0))


class Serving(Place):
    def test_stops_on_sigterm_and_says_so_in_json(self):
        server = self.serve()
        server.send_signal(signal.SIGTERM)
        said = server.communicate(timeout=30)[1]
        self.assertRegex(said, r"\A(\{.*\}\n)+\Z")
        lines = [json.loads(line) for line in said.splitlines()]
        self.assertEqual(server.returncode, 0)
        self.assertIn("serve.started", [line["event"] for line in lines])
        self.assertEqual(lines[-1]["event"], "serve.stopped")

    def test_refuses_the_wrong_key_in_one_line_and_loses_nothing(self):
        self.serve().kill()
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        refused = self.run_it("--set", "secrets.key=" + key, "serve", "--listen",
                              f"127.0.0.1:{self.port}", "--ops-listen",
                              f"127.0.0.1:{self.ops_port}", expect=1)
        self.assertIn("(secrets.wrong_key)", refused.stderr)
        self.assertNotIn(key, refused.stderr)
        self.serve()

    def test_refuses_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            refused = self.run_it("serve", "--listen", f"127.0.0.1:{port}", "--ops-listen",
                                  f"127.0.0.1:{self.ops_port}", expect=1)
        self.assertIn("(http.listen)", refused.stderr)

    @unittest.skipUnless(ENGINE == "sqlite", "several servers share a PostgreSQL")
    def test_refuses_a_second_server_on_the_same_folder(self):
        self.serve()
        one, two = free_ports(2)
        refused = self.run_it("serve", "--listen", f"127.0.0.1:{one}", "--ops-listen",
                              f"127.0.0.1:{two}", expect=1)
        self.assertIn("(db.locked)", refused.stderr)

    @unittest.skipUnless(ENGINE == "sqlite", "the key of PostgreSQL is given")
    def test_keeps_database_and_key_from_other_users(self):
        self.serve()
        for name in ("secret.key", "gatehouse.db"):
            mode = os.stat(os.path.join(self.data, name)).st_mode & 0o777
            self.assertEqual(mode, 0o600, name)


class Schema(Place):
    def test_is_made_once_and_checked(self):
        self.assertIn("migrate.behind", self.run_it("migrate", "--check", expect=1).stderr)
        self.assertRegex(self.run_it("migrate").stdout, r"^[1-9]\d* migrations applied")
        self.assertRegex(self.run_it("migrate").stdout, r"^0 migrations applied")
        self.run_it("migrate", "--check")

    def test_is_left_alone_when_settings_say_so(self):
        manual = ["--set", "database.auto_migrate=false"]
        refused = self.run_it(*manual, "org", "list", expect=1)
        self.assertIn("migrate.behind", refused.stderr)
        self.run_it(*manual, "migrate")
        self.assertEqual(self.ask(*manual, "org", "list"), [])


class Doctor(Place):
    def verdicts(self, *words, expect=0):
        done = self.run_it(*words, "doctor", "--json", expect=expect)
        return {line["check"]: line["verdict"] for line in json.loads(done.stdout)}

    def test_finds_a_new_installation_in_order(self):
        self.make_org()
        self.serve()
        # the PostgreSQL of the tests is quick and unsafe, which is found, too
        verdicts = self.verdicts(expect=0 if ENGINE == "sqlite" else 1)
        expected = {"settings", "clock", "database", "schema", "generation of the database", "key"}
        self.assertEqual({name for name in expected if verdicts.get(name) == "ok"}, expected)

    @unittest.skipUnless(ENGINE == "sqlite", "PostgreSQL has no files here")
    def test_makes_nothing_itself(self):
        before = sorted(os.listdir(self.data))
        self.assertEqual(self.verdicts()["database"], "warning")
        self.assertEqual(sorted(os.listdir(self.data)), before)

    def test_sees_a_wrong_key_and_a_relay_that_is_away(self):
        self.serve()
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.assertEqual(self.verdicts("--set", "secrets.key=" + key, expect=1)["key"], "failed")
        away = ["--set", f"smtp.url=smtp://127.0.0.1:{free_ports(1)[0]}", "--set",
                "smtp.from=a@b.example"]
        self.assertEqual(self.verdicts(*away, expect=1)["mail"], "failed")

    @unittest.skipUnless(ENGINE == "sqlite", "one engine is enough")
    def test_signs_in_at_a_real_relay(self):
        relay = self.start_exim()
        settings = ["--set", "smtp.url=smtp://localhost:" + relay["SUBMIT_PORT"], "--set",
                    "smtp.from=a@b.example", "--set", "smtp.ca_file=" + relay["CA"], "--set",
                    "smtp.user=gw"]
        right, wrong = (settings + ["--set", "smtp.password=" + word] for word in ("gwpass", "gw"))
        self.assertEqual(self.verdicts(*right)["mail"], "ok")
        self.assertEqual(self.verdicts(*wrong, expect=1)["mail"], "failed")

    def start_exim(self):
        folder = tempfile.mkdtemp(prefix="gatehouse-cli-exim.")
        os.chmod(folder, 0o755)
        self.addCleanup(shutil.rmtree, folder, True)
        peer = os.path.join(PEERS, "exim")
        told = subprocess.run([peer, "start", folder], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        if told.returncode == SKIPPED and not os.environ.get("CI"):
            self.skipTest(told.stderr.strip())
        self.assertEqual(told.returncode, 0, told.stderr)
        self.addCleanup(subprocess.run, [peer, "stop", folder], check=False, capture_output=True)
        return dict(line.split("=", 1) for line in told.stdout.splitlines() if "=" in line)

    @unittest.skipUnless(ENGINE == "postgres", "SQLite is always durable")
    def test_sees_that_commits_can_be_lost(self):
        self.run_it("migrate")
        self.assertEqual(self.verdicts(expect=1)["durability"], "failed")

    def test_sees_a_database_that_cannot_be_opened(self):
        self.database = ["--database", "postgresql://127.0.0.1:1/none"]
        self.environment["GATEHOUSE_SECRETS_KEY"] = base64.b64encode(b"k" * 32).decode()
        self.assertEqual(self.verdicts(expect=1)["database"], "failed")


class Secrets(Place):
    def test_never_reach_the_screen(self):
        canary = "canary" + secrets.token_hex(8)
        settings = ["--set", "smtp.user=gw", "--set", "smtp.password=" + canary]
        for words in (["print-settings"], ["print-settings", "--json"], ["doctor"],
                      ["check-config"]):
            done = subprocess.run(self.command(*settings, *words), capture_output=True, text=True,
                                  check=False, env=self.environment)
            self.assertNotIn(canary, done.stdout + done.stderr)


if __name__ == "__main__":
    if ENGINE == "postgres":
        Postgres.start()
    try:
        unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=1)
    finally:
        if ENGINE == "postgres":
            Postgres.stop()
