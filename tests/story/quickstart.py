"""Runs Gatehouse on loopback, makes an organisation in it, and tells the story once: a person signs
in through a real OpenID provider, holds live connections, the directory says the person has left,
and everything is shut before the directory has its answer."""

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time

import story
import wire

HERE = os.path.dirname(os.path.abspath(__file__))
CREATOR = "creator@acme.example"
READY_SECONDS = 30


def free_port():
    """A port whose neighbour is free, too, below the range of outgoing connections."""
    while True:
        port = 20000 + secrets.randbelow(9900)
        try:
            for one in (port, port + 1):
                with socket.create_server(("127.0.0.1", one)):
                    pass
            return port
        except OSError:
            continue


class Server:
    def __init__(self, options):
        options.port = options.port or free_port()
        self.binary = os.path.abspath(options.gatehouse)
        self.data = os.path.abspath(options.data)
        self.home = os.path.join(self.data, "quickstart")
        self.base = f"http://127.0.0.1:{options.port}"
        self.ops_port = options.port + 1
        self.listen = f"127.0.0.1:{options.port}"
        self.process = None
        os.makedirs(self.home, mode=0o755, exist_ok=True)
        self.config = os.path.join(self.home, "gatehouse.yaml")
        with open(self.config, "w", encoding="utf-8") as file:
            # The provider of the story lives on loopback, which is refused unless listed.
            file.write('outbound:\n  allow_addresses:\n    - "127.0.0.0/8"\n')

    def command(self, *arguments):
        return [self.binary, "--config", self.config, "--data", self.data, *arguments]

    def run(self, *arguments):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise wire.Refused(f"gatehouse {' '.join(arguments)}: {done.stderr or done.stdout}")
        return done.stdout

    def refuse_taken_ports(self):
        for port in (int(self.listen.rsplit(":", 1)[1]), self.ops_port):
            try:
                socket.create_server(("127.0.0.1", port)).close()
            except OSError:
                raise wire.Refused(f"port {port} is taken; try: ./quickstart --port N (N and N + 1 are used)") from None

    def start(self):
        self.refuse_taken_ports()
        log = os.path.join(self.home, "gatehouse.log")
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM",
                 *self.command("serve", "--listen", self.listen, "--ops-listen",
                               f"127.0.0.1:{self.ops_port}", "--public-url", self.base)],
                stdout=output, stderr=output, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(log, encoding="utf-8", errors="replace") as lines:
                    tail = "".join(lines.readlines()[-5:])
                raise wire.Refused(f"the server does not get ready:\n{tail}")
            time.sleep(0.02)

    def is_ready(self):
        try:
            answer = wire.Browser().get(f"http://127.0.0.1:{self.ops_port}/ready")
            return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Notes:
    """What the next run has to know, readable by its owner only."""

    def __init__(self, home):
        self.path = os.path.join(home, "notes.json")
        self.values = {}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                self.values = json.load(file)

    def keep(self, **values):
        self.values.update(values)
        new = self.path + ".new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            json.dump(self.values, file, indent=4)
        os.replace(new, self.path)

    def __getitem__(self, name):
        return self.values.get(name)


def organisation(server, notes):
    """Acme, its creator and a SCIM token, once."""
    if not notes["password"]:
        password = secrets.token_urlsafe(12)
        path = os.path.join(server.home, "password")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(password + "\n")
        server.run("org", "create", "--name", "Acme", "--slug", "acme", "--creator-email", CREATOR,
                   "--password-file", path)
        os.remove(path)
        notes.keep(password=password)
    if not notes["scim_token"]:
        made = json.loads(server.run("token", "create", "--org", "acme", "--kind", "scim", "--json"))
        notes.keep(scim_token=made["secret"])


def where_to_look(server, notes):
    return f"""
  Messenger    {server.base}/login/acme
  Console      {server.base}/console
  Creator      {CREATOR}   password {notes['password']}
  SCIM         {server.base}/scim/v2   token {notes['scim_token']}
  Operators    http://127.0.0.1:{server.ops_port}/ready and /metrics
  Kept in      {os.path.relpath(server.data)}
"""


def options():
    parser = argparse.ArgumentParser(prog="quickstart")
    parser.add_argument("--gatehouse", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--no-story", action="store_true")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--data", default="data")
    return parser.parse_args()


def main():
    given = options()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(0))
    server = Server(given)
    notes = Notes(server.home)
    provider = None
    try:
        started = time.perf_counter()
        server.start()
        print(f"Gatehouse is ready at {server.base} ({time.perf_counter() - started:.2f} s)")
        organisation(server, notes)
        if not given.no_story:
            try:
                provider = story.Provider(os.path.join(server.home, "provider"))
                story.tell(server.base, notes, provider, CREATOR)
            except wire.Refused as problem:
                print(f"\nThe story broke off: {problem}\n", file=sys.stderr)
                if given.once:
                    sys.exit(1)
        print(where_to_look(server, notes))
        if not given.once:
            print("Serving until Ctrl-C.", flush=True)
            sys.exit(server.process.wait())
    except (wire.Refused, OSError) as problem:
        print(f"quickstart: {problem}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print()
    finally:
        server.stop()
        if provider:
            provider.stop()


main()
