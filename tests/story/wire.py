"""What a person's browser, a directory and a chat client do on the wire, on loopback and with
nothing but the standard library."""

import base64
import http.client
import json
import os
import selectors
import socket
import ssl
import struct
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
    """A live connection (RFC 6455, subprotocol gatehouse.v1). Who waits reads: there is no thread
    whose turn would blur the order of what happened."""

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
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._receive()
        head, _, self.unread = head.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Refused(f"the live connection was refused: {head.splitlines()[0].decode()}")
        self.events = []
        self.closed = None  # (code, reason, time) once it has ended
        self._digest(time.perf_counter())

    def _receive(self):
        received = self.sock.recv(65536)
        if not received:
            raise Refused("the live connection was cut")
        return received

    def _frame(self):
        """The next whole frame (opcode, payload), or None."""
        if len(self.unread) < 2:
            return None
        length, start = self.unread[1] & 0x7f, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(self.unread) < start:
                return None
            length = int.from_bytes(self.unread[2:start], "big")
        if len(self.unread) < start + length:
            return None
        opcode, payload = self.unread[0] & 0x0f, self.unread[start:start + length]
        self.unread = self.unread[start + length:]
        return opcode, payload

    def _digest(self, moment):
        while frame := self._frame():
            opcode, payload = frame
            if opcode == 8:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                self.closed = (code, payload[2:].decode(), moment)
            elif opcode == 9:
                self.send(10, payload)
            elif opcode == 1:
                self.events.append(json.loads(payload))

    def take(self, moment):
        """Reads what has arrived by `moment`."""
        try:
            self.unread += self._receive()
        except (Refused, OSError) as cut:
            self.closed = self.closed or (None, str(cut), moment)
        self._digest(moment)

    def send(self, opcode, payload):
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else (
            struct.pack("!BH", 0x80 | 126, len(payload)))
        self.sock.sendall(bytes([0x80 | opcode]) + size + mask + masked)

    def event(self, kind):
        """The first event of that kind, waited for."""
        while not self.closed:
            for event in self.events:
                if event.get("type") == kind:
                    return event
            self.take(time.perf_counter())
        raise Refused(f"closed {self.closed[:2]} before {kind}")


def send_and_watch(api, call, lives):
    """Sends (method, path, body, kind) and waits until it is answered and every live connection has
    ended. Returns the answer and the times of sending and of the answer's first byte; what became
    readable in one look counts as arrived together, closed connections first."""
    if api.connection.sock is None:
        api.connection.connect()
    method, path, body, kind = call
    with selectors.DefaultSelector() as watched:
        watched.register(api.connection.sock, selectors.EVENT_READ, None)
        for live in lives:
            watched.register(live.sock, selectors.EVENT_READ, live)
        answered = None
        start = time.perf_counter()
        api.connection.request(method, path, json.dumps(body), {**api.headers, "Content-Type": kind})
        while watched.get_map():
            ready = watched.select(TIMEOUT_SECONDS)
            moment = time.perf_counter()
            if not ready:
                raise Refused(f"something is still open after {TIMEOUT_SECONDS} s")
            for key, _ in ready:
                if key.data is None:
                    answered = moment
                    watched.unregister(key.fileobj)
                else:
                    key.data.take(moment)
                    if key.data.closed:
                        watched.unregister(key.fileobj)
    response = api.connection.getresponse()
    answer = Answer(response, response.read())
    return answer, start, answered
