"""The server under test and its organisations, for the programs in this folder."""

import os
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "story"))
import wire  # noqa: E402

PEERS = os.path.join(HERE, "..", "peers")
PASSWORD = "a long pass phrase for carol"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def check(condition, words):
    if not condition:
        raise AssertionError(words)


class Dns(socketserver.UDPServer):
    """Answers TXT questions from a table, on loopback."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), DnsAnswer)
        self.texts, self.asked = {}, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class DnsAnswer(socketserver.BaseRequestHandler):
    def handle(self):
        question, sock = self.request
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name = ".".join(labels).lower()
        self.server.asked.append(name)
        text = self.server.texts.get(name)
        flags = 0x8180 if text else 0x8183  # else NXDOMAIN
        reply = question[:2] + struct.pack("!HHHHH", flags, 1, 1 if text else 0, 0, 0) + question[12:at + 5]
        if text:
            half = len(text) // 2  # a record may come in several strings
            strings = b"".join(bytes([len(s)]) + s for s in (text[:half].encode(), text[half:].encode()))
            reply += struct.pack("!HHHIH", 0xc00c, 16, 1, 60, len(strings)) + strings
        sock.sendto(reply, self.client_address)


class House:
    """The server, and the peers beside it."""

    def __init__(self, binary):
        self.folder = tempfile.mkdtemp(prefix="gatehouse-interop.")
        os.chmod(self.folder, 0o755)
        self.dns = Dns()
        config = os.path.join(self.folder, "gatehouse.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write('outbound:\n  allow_addresses:\n    - "127.0.0.0/8"\n'
                       f'  dns_server: "127.0.0.1:{self.dns.server_address[1]}"\n')
        self.command = [os.path.abspath(binary), "--config", config, "--data",
                        os.path.join(self.folder, "data")]
        self.port, self.ops = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process, self.peers = None, []

    def peer(self, name, **environment):
        """Starts a peer and returns what it tells. Exit 77, passed on: it is not installed."""
        told = subprocess.run(
            [os.path.join(PEERS, name), "start", os.path.join(self.folder, name)], text=True,
            check=False, stdout=subprocess.PIPE,
            env={**os.environ, "OWNER": str(os.getpid()), **environment})
        if told.returncode != 0:
            sys.exit(told.returncode)
        if name not in self.peers:
            self.peers.append(name)
        return dict(line.split("=", 1) for line in told.stdout.splitlines())

    def tell_peer(self, name, verb, *words, **environment):
        subprocess.run([os.path.join(PEERS, name), verb, os.path.join(self.folder, name), *words],
                       check=True, env={**os.environ, **environment})

    def serve(self):
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [*self.command, "serve", "--listen", f"127.0.0.1:{self.port}", "--ops-listen",
                 f"127.0.0.1:{self.ops}", "--public-url", self.base], stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server does not get ready:\n{self.log()}")
            time.sleep(0.05)

    def is_ready(self):
        try:
            return wire.Browser().get(f"http://127.0.0.1:{self.ops}/ready").status == 200
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        for name in self.peers:
            subprocess.run([os.path.join(PEERS, name), "stop", os.path.join(self.folder, name)],
                           check=False, stderr=subprocess.DEVNULL)
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)


class Organisation:
    def __init__(self, house, slug):
        self.house, self.slug = house, slug
        path = os.path.join(house.folder, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        os.chmod(path, 0o600)
        subprocess.run([*house.command, "org", "create", "--name", slug.title(), "--slug", slug,
                        "--creator-email", f"carol@{slug}.test", "--password-file", path],
                       check=True, stdout=subprocess.DEVNULL)
        browser = wire.Browser()
        signed_in = browser.request("POST", f"{house.base}/api/v1/session", {
            "org": slug, "email": f"carol@{slug}.test", "password": PASSWORD})
        check(signed_in.status == 200, f"carol: {signed_in.status} {signed_in.body!r}")
        jar = browser.cookies[urllib.parse.urlsplit(house.base).netloc]
        self.api = wire.Api(house.base, {
            "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()),
            "X-Gatehouse-Csrf": signed_in.json["csrf"]})



def me_of(house, browser):
    me = browser.get(f"{house.base}/api/v1/me")
    check(me.status == 200, f"me: {me.status} {me.body!r}")
    return me.json


def play(house, start, stories):
    """Every story, also after one that failed; ends the program."""
    failed = 0
    try:
        start(house)
        for story in stories:
            name = story.__name__.replace("_", " ")
            try:
                story(house)
                print(f"ok      {name}", flush=True)
            except (AssertionError, wire.Refused, AttributeError, KeyError, OSError) as error:
                failed += 1
                print(f"FAILED  {name}: {type(error).__name__} {error}", flush=True)
    finally:
        house.stop()
    sys.exit(1 if failed else 0)
