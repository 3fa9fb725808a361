"""What a person's browser, a directory and a chat client do on the wire, on loopback and with
nothing but the standard library."""

import base64
import http.client
import json
import os
import socket
import ssl
import struct
import threading
import time
import urllib.parse

TIMEOUT_SECONDS = 20


class Loopback(http.client.HTTPConnection):
    """Every name is 127.0.0.1: *.localhost is not known to the C library."""

    def __init__(self, host, port, tls=None):
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)
        self.tls = tls

    def connect(self):
        self.sock = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            self.sock = self.tls.wrap_socket(self.sock, server_hostname=self.host)


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def location(self):
        return self.headers.get("Location", "")


class Refused(Exception):
    """The other side did not answer as the story needs it."""


class Browser:
    """Cookies for each origin; follows no redirect by itself."""

    def __init__(self, ca=None):
        self.tls = ssl.create_default_context(cafile=ca) if ca else None
        self.cookies = {}

    def request(self, method, url, body=None, headers=None):
        parts = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(parts.netloc, {})
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            headers.setdefault("Content-Type", "application/json")
            body = json.dumps(body)
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = Loopback(parts.hostname, parts.port,
                              self.tls if parts.scheme == "https" else None)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            answer = Answer(response, response.read())
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            if "max-age=0" in line.lower().replace(" ", "") or not value:
                jar.pop(name.strip(), None)
            else:
                jar[name.strip()] = value
        return answer

    def get(self, url, **headers):
        return self.request("GET", url, headers={k.replace("_", "-"): v for k, v in headers.items()})


class Api:
    """One kept-alive connection with a bearer token or a cookie and its CSRF value."""

    def __init__(self, base, headers):
        parts = urllib.parse.urlsplit(base)
        self.connection = Loopback(parts.hostname, parts.port)
        self.headers = headers

    def call(self, method, path, body=None, kind="application/json"):
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = kind
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self.connection.getresponse()
        return Answer(response, response.read())

    def must(self, method, path, body=None, kind="application/json"):
        answer = self.call(method, path, body, kind)
        if answer.status >= 300:
            raise Refused(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace')}")
        return answer.json if answer.body else None


class Live:
    """A live connection (RFC 6455, subprotocol gatehouse.v1) read by a thread of its own, so that
    the moment of its end is the moment the frame arrived."""

    def __init__(self, base, browser):
        parts = urllib.parse.urlsplit(base)
        jar = browser.cookies[parts.netloc]
        self.sock = socket.create_connection(("127.0.0.1", parts.port), TIMEOUT_SECONDS)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [
            "GET /api/v1/live HTTP/1.1", f"Host: {parts.netloc}", f"Origin: {base}",
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: gatehouse.v1",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Cookie: " + "; ".join(f"{name}={value}" for name, value in jar.items()),
        ]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.stream = self.sock.makefile("rb")
        status = self.stream.readline().decode()
        while self.stream.readline().strip():
            pass
        if " 101 " not in status:
            raise Refused(f"the live connection was refused: {status.strip()}")
        self.events = []
        self.changed = threading.Condition()
        self.closed = None  # (code, reason, time) once it has ended
        threading.Thread(target=self._read, daemon=True).start()

    def _frame(self):
        first, second = self.stream.read(2)
        length = second & 0x7f
        if length == 126:
            length = struct.unpack("!H", self.stream.read(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.stream.read(8))[0]
        return first & 0x0f, self.stream.read(length)

    def _read(self):
        code, reason = None, "the connection was cut"
        try:
            while code is None:
                opcode, payload = self._frame()
                if opcode == 8:
                    code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                    reason = payload[2:].decode()
                elif opcode == 9:
                    self._send(10, payload)
                elif opcode == 1:
                    with self.changed:
                        self.events.append(json.loads(payload))
                        self.changed.notify_all()
        except (OSError, ValueError, struct.error):
            pass
        with self.changed:
            self.closed = (code, reason, time.perf_counter())
            self.changed.notify_all()
        self.sock.close()

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        size = struct.pack("!B", 0x80 | len(payload)) if len(payload) < 126 else (
            struct.pack("!BH", 0x80 | 126, len(payload)))
        self.sock.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def say(self, command):
        self._send(1, json.dumps(command).encode())

    def wait(self, condition, what):
        """Waits until `condition(self)` gives something."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self) or self.closed, TIMEOUT_SECONDS):
                raise Refused(f"no {what} within {TIMEOUT_SECONDS} s")
        found = condition(self)
        if not found:
            raise Refused(f"closed {self.closed[:2]} before {what}")
        return found

    def event(self, kind):
        return self.wait(lambda live: next((e for e in live.events if e.get("type") == kind), None),
                         kind)

    def end(self):
        return self.wait(lambda live: live.closed, "close frame")
