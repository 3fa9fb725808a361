#!/usr/bin/python3
"""What only real processes can show: stopped, killed, second, without room, with the wrong key.

    server.py GATEHOUSE [TEST...]

Judges what a client sees on one clock. Ends only what it started."""
import base64
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

GATEHOUSE = sys.argv.pop(1)
PASSWORD = "a long enough password"
BOUND_S = 3.0  # generous: a busy machine must not look like a stopped process
SANITIZER_ENDED = 99  # so that a finding is never mistaken for an ordinary refusal


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One `gatehouse serve` with a data folder of its own."""

    def __init__(self, folder, prefix=(), settings=()):
        self.folder = folder
        self.port, self.ops = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(os.path.join(folder, "serve.log"), "ab")
        arguments = [*prefix, GATEHOUSE, "--data", os.path.join(folder, "data"), "serve",
                     "--listen", f"127.0.0.1:{self.port}", "--ops-listen", f"127.0.0.1:{self.ops}",
                     "--set", f"revocation.bound_ms={int(BOUND_S * 1000)}"]
        for setting in settings:
            arguments += ["--set", setting]
        environment = dict(os.environ)
        for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
            environment[name] = environment.get(name, "") + f":exitcode={SANITIZER_ENDED}"
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, env=environment,
                                        start_new_session=True)

    def wait_ready(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.ready()[0]:
                return self
            time.sleep(0.02)
        raise AssertionError(f"not ready: {self.text()[-500:]}")

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops}/ready", timeout=2) as answer:
                return json.load(answer)["ready"], []
        except urllib.error.HTTPError as error:
            return False, json.load(error)["reasons"]
        except OSError:
            return False, []

    def text(self):
        with open(os.path.join(self.folder, "serve.log"), encoding="utf-8") as log:
            return log.read()

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


def command(folder, *arguments, check=True):
    return subprocess.run([GATEHOUSE, "--data", os.path.join(folder, "data"), *arguments],
                          capture_output=True, text=True, check=check, timeout=60)


def make_org(folder):
    secret = os.path.join(folder, "password")
    with open(secret, "w", encoding="utf-8") as file:
        file.write(PASSWORD)
    command(folder, "org", "create", "--name", "Acme", "--slug", "acme", "--creator-email",
            "ann@acme.test", "--password-file", secret)


class Person:
    def __init__(self, server):
        self.server, self.cookie, self.csrf = server, "", ""

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.server.url + path, method=method)
        request.add_header("Content-Type", "application/json")
        if self.cookie:
            request.add_header("Cookie", self.cookie)
            request.add_header("X-Gatehouse-Csrf", self.csrf)
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=30) as answer:
                cookie = answer.headers.get("Set-Cookie")
                if cookie and not self.cookie:
                    self.cookie = cookie.split(";")[0]
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def sign_in(self):
        status, body = self.call("POST", "/api/v1/session",
                                 {"org": "acme", "email": "ann@acme.test", "password": PASSWORD})
        assert status == 200, (status, body)
        self.csrf = body["csrf"]
        return self

    def live(self):
        """An open live connection, past its hello frame."""
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall((
            "GET /api/v1/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: gatehouse.v1\r\n"
            f"Sec-WebSocket-Key: {key}\r\nOrigin: {self.server.url}\r\nCookie: {self.cookie}\r\n\r\n").encode())
        seen = b""
        while b'"hello"' not in seen:
            part = connection.recv(4096)
            assert part, seen
            seen += part
        return connection


def read_to_end(connection):
    seen = b""
    try:
        while part := connection.recv(4096):
            seen += part
    except ConnectionResetError:
        pass
    return seen


ASKED = set()


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def mask_text(payload):
    """A text frame of a client, masked with zeros; payloads below 126 bytes."""
    return bytes([0x81, 0x80 | len(payload), 0, 0, 0, 0]) + payload


def read_until(connection, end):
    seen = b""
    while end not in seen:
        part = connection.recv(4096)
        assert part, seen
        seen += part
    return seen


def processes_of(parent):
    """Process ids of the children of a process."""
    listed = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listed.stdout.split()]


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gatehouse-process-")
        self.servers = []

    def tearDown(self):
        for server in self.servers:
            server.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def missing(self, what):
        if os.environ.get("CI") == "true":
            self.fail(f"needs {what}")
        self.skipTest(f"needs {what}")

    def live(self, person):
        connection = person.live()
        self.addCleanup(connection.close)
        return connection

    def start(self, **options):
        server = Server(self.folder, **options)
        self.servers.append(server)
        return server

    def test_a_stopped_process_is_killed_before_the_bound_and_its_sockets_close(self):
        server = self.start().wait_ready()
        make_org(self.folder)
        connection = self.live(Person(server).sign_in())
        stopped = time.monotonic()
        os.kill(server.process.pid, signal.SIGSTOP)
        read_to_end(connection)
        closed_after = time.monotonic() - stopped
        self.assertEqual(server.process.wait(timeout=10), -signal.SIGKILL)
        self.assertLess(closed_after, 3 * BOUND_S)  # the kernel's timer is exact, this machine may be busy

    def test_a_process_that_is_pid_1_of_its_namespace_dies_of_its_dead_man_too(self):
        if subprocess.run(["unshare", "-rpf", "--kill-child", "true"], check=False).returncode:
            self.missing("user namespaces")
        server = self.start(prefix=("unshare", "-rpf", "--kill-child")).wait_ready()
        make_org(self.folder)
        connection = self.live(Person(server).sign_in())
        first = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True,
                               check=True).stdout.split()[0]
        child = subprocess.run(["pgrep", "-P", first], capture_output=True, text=True,
                               check=True).stdout.split()
        self.assertEqual(len(child), 1, "serve as PID 1 forks, the parent only reaps")
        os.kill(int(child[0]), signal.SIGSTOP)
        read_to_end(connection)
        self.assertNotEqual(server.process.wait(timeout=10), 0)

    def test_sigterm_says_1012_and_ends_with_0(self):
        server = self.start().wait_ready()
        make_org(self.folder)
        connection = self.live(Person(server).sign_in())
        server.process.send_signal(signal.SIGTERM)
        self.assertIn((1012).to_bytes(2, "big"), read_to_end(connection))
        self.assertEqual(server.process.wait(timeout=20), 0)

    def wait_for_jail(self, server):
        keepers = processes_of(server.process.pid)
        self.assertEqual(len(keepers), 2)
        wait_until(lambda: all(len(processes_of(keeper)) >= 2 for keeper in keepers), "no children")
        return keepers

    def start_with_jail(self):
        """A server, its two keepers, and their four children."""
        server = self.start(settings=("saml.jail_children=2",)).wait_ready()
        keepers = self.wait_for_jail(server)
        return server, keepers, [child for keeper in keepers for child in processes_of(keeper)]

    def test_nothing_of_the_jail_outlives_the_server_however_it_ends(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            server, keepers, children = self.start_with_jail()
            server.process.send_signal(number)
            server.process.wait(timeout=20)
            wait_until(lambda: not any(is_alive(pid) for pid in keepers + children),
                       f"left behind by signal {number}")

    def test_a_signal_for_the_whole_group_leaves_the_end_of_the_jail_to_the_server(self):
        server, keepers, _ = self.start_with_jail()
        os.killpg(server.process.pid, signal.SIGINT)  # ^C on a terminal
        self.assertEqual(server.process.wait(timeout=20), 0)
        self.assertNotIn("jail.keeper_ended", server.text())
        wait_until(lambda: not any(is_alive(pid) for pid in keepers), "a keeper is left behind")

    def test_a_killed_keeper_comes_back_with_its_children(self):
        server, keepers, children = self.start_with_jail()
        os.kill(keepers[0], signal.SIGKILL)
        # Whatever shows for a moment while it is started is looked at again.
        wait_until(lambda: any(len(processes_of(pid)) == 2 for pid in processes_of(server.process.pid)
                               if pid not in keepers), "no new keeper with its children")
        self.assertEqual(sum(is_alive(pid) for pid in children), 2)  # those of the other one
        self.assertIn("jail.keeper_ended", server.text())

    def test_a_child_of_the_jail_has_nothing_but_its_socket(self):
        _, keepers, children = self.start_with_jail()
        for pid in children:
            names = {name: os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")}
            self.assertEqual(set(names), {"0", "1", "2", "3"})
            self.assertTrue(names["3"].startswith("socket:"))
            with open(f"/proc/{pid}/status", encoding="ascii") as status:
                fields = dict(line.split(":", 1) for line in status)
            self.assertEqual(fields["NoNewPrivs"].strip(), "1")
            self.assertEqual(fields["Seccomp"].strip(), "2")
            self.assertEqual(fields["Threads"].strip(), "1")
        for pid in keepers + children:  # whoever set the password of the database in a variable
            with open(f"/proc/{pid}/environ", "rb") as environment:
                for variable in environment.read().split(b"\0"):
                    self.assertRegex(variable, rb"^(TZ=UTC|([A-Z]+SAN_OPTIONS|GCOV_PREFIX(_STRIP)?)=.*|)$")

    def test_nobody_else_starts_a_keeper(self):
        started = subprocess.run([GATEHOUSE, "jail-keeper", "verify", "2"], capture_output=True,
                                 text=True, check=False, timeout=20)
        self.assertEqual(started.returncode, 2)
        self.assertIn("nobody else", started.stderr)

    def test_a_second_server_on_the_same_data_is_refused(self):
        self.start().wait_ready()
        second = self.start()
        self.assertEqual(second.process.wait(timeout=20), 1)
        self.assertIn("db.locked", second.text())

    def test_a_file_that_is_no_database_is_named_in_one_line_and_left_alone(self):
        os.makedirs(os.path.join(self.folder, "data"))
        path = os.path.join(self.folder, "data", "gatehouse.db")
        with open(path, "wb") as file:
            file.write(b"not a database, but somebody's file" * 100)
        server = self.start()
        self.assertEqual(server.process.wait(timeout=20), 1)
        refused = [line for line in server.text().splitlines() if '"level":"error"' in line]
        self.assertEqual(len(refused), 1, server.text())
        with open(path, "rb") as file:
            self.assertTrue(file.read().startswith(b"not a database"))

    def test_another_key_is_refused_before_anything_is_served(self):
        server = self.start().wait_ready()
        make_org(self.folder)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=20), 0)
        key = os.path.join(self.folder, "data", "secret.key")
        os.chmod(key, 0o600)
        with open(key, "wb") as file:
            file.write(base64.b64encode(os.urandom(32)) + b"\n")
        again = self.start()
        self.assertEqual(again.process.wait(timeout=20), 1)
        self.assertRegex(again.text().splitlines()[-1], "key|seal")

    def test_what_was_acknowledged_survives_kill_9(self):
        server = self.start().wait_ready()
        make_org(self.folder)
        ann = Person(server).sign_in()
        _, listing = ann.call("GET", "/api/v1/conversations")
        path = f"/api/v1/conversations/{listing['items'][0]['id']}/messages"
        acknowledged = []
        for number in range(50):
            status, _ = ann.call("POST", path, {"text": f"message {number}", "nonce": f"n{number}"})
            if status in (200, 201):
                acknowledged.append(f"message {number}")
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        self.assertEqual(len(acknowledged), 50)
        again = self.start().wait_ready()
        ann.server = again
        _, history = ann.call("GET", path + "?limit=100")
        found = {item["text"] for item in history["items"]}
        self.assertTrue(set(acknowledged) <= found)

    def test_a_full_disk_refuses_writes_and_loses_nothing(self):
        disk = os.path.join(self.folder, "data")
        os.makedirs(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=False,
                          capture_output=True).returncode:
            self.missing("root, to mount a small disk")
        try:
            server = self.start().wait_ready()
            make_org(self.folder)
            ann = Person(server).sign_in()
            _, listing = ann.call("GET", "/api/v1/conversations")
            path = f"/api/v1/conversations/{listing['items'][0]['id']}/messages"
            acknowledged, refused = set(), 0
            for number in range(3000):
                text = f"message {number} " + "x" * 2000
                status, _ = ann.call("POST", path, {"text": text, "nonce": f"n{number}"})
                if status in (200, 201):
                    acknowledged.add(text)
                    continue
                self.assertEqual(status, 503)
                refused += 1
                if refused == 3:
                    break
            self.assertEqual(refused, 3, "the disk never became full")
            self.assertEqual(ann.call("GET", "/api/v1/me")[0], 200)
            found, cursor = set(), ""
            while cursor is not None:
                _, page = ann.call("GET", f"{path}?limit=200{cursor}")
                found |= {item["text"] for item in page["items"]}
                cursor = f"&before={page['items'][-1]['seq']}" if page["items"] and page["next"] else None
            self.assertTrue(acknowledged <= found)
            server.end()
        finally:
            subprocess.run(["umount", "-l", disk], check=False)

    def test_without_descriptors_it_pauses_keeps_what_it_has_and_recovers(self):
        server = self.start(settings=("http.shards=1",)).wait_ready()
        self.wait_for_jail(server)  # its sockets are descriptors, too
        make_org(self.folder)
        ann = Person(server).sign_in()
        self.assertEqual(ann.call("GET", "/api/v1/me")[0], 200)
        connection = self.live(ann)
        pid = server.process.pid
        room = 4
        used = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + room, hard))
        clients = [self.connect_idle(server) for _ in range(room + 20)]
        answered = [self.is_served(client, 0.5) for client in clients[:room]]
        self.assertIn(True, answered, "there was room for some")
        self.assertFalse(self.is_served(clients[-1], 1), "it cannot accept what it has no descriptor for")
        spent = processor_seconds(pid)
        time.sleep(1.5)
        self.assertLess(processor_seconds(pid) - spent, 0.75, "it spins on the listener")
        self.assertTrue(server.ready()[0] or server.process.poll() is None)
        connection.sendall(mask_text(b'{"type":"ping","id":"still"}'))
        self.assertIn(b'"still"', read_until(connection, b'"still"'))
        for client in clients[:-3]:
            client.close()
        for client in clients[-3:]:  # in the backlog all the time: accepted now, without a new connection
            self.assertTrue(self.is_served(client, 10))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))  # workers may open the database again
        self.assertEqual(ann.call("GET", "/api/v1/me")[0], 200)

    def connect_idle(self, server):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.addCleanup(client.close)
        return client

    @staticmethod
    def is_served(client, seconds):
        """Does a request on this connection get its answer in time? Asked once per connection."""
        client.settimeout(seconds)
        try:
            if client not in ASKED:
                ASKED.add(client)
                client.sendall(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
            return client.recv(4096).startswith(b"HTTP/1.1 200")
        except TimeoutError:
            return False

    def test_logs_hold_ids_and_codes_only(self):
        server = self.start(settings=("log.level=debug",)).wait_ready()
        make_org(self.folder)
        ann = Person(server).sign_in()
        Person(server).call("POST", "/api/v1/session",
                            {"org": "acme", "email": "canary@acme.test", "password": "canary-password"})
        ann.call("GET", "/api/v1/users?filter=canary-filter")
        ann.call("GET", "/api/v1/canary-path")
        self.live(ann)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(timeout=20)
        text = server.text()
        for secret in ("canary", "ann@acme", PASSWORD, ann.cookie.split("=")[1], ann.csrf):
            self.assertNotIn(secret, text)
        self.assertTrue(all(re.match(r"\{.*\}$", line) for line in text.splitlines()), text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
