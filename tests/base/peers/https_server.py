"""An https server with its own CA that misbehaves on demand; a CONNECT proxy beside it."""
import http.server, socket, ssl, threading, time

import lab

lab.certificates()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self):
        Handler.connections += 1
        super().setup()

    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        if path == "/hello":
            self.answer(200, b'{"hello":1}', Content_Type="Application/JSON; charset=utf-8")
        elif path == "/echo":
            seen = "%s|%s|%s|%s|%s" % (self.command, self.headers.get("X-Probe"),
                                       self.headers.get("Content-Type"),
                                       self.headers.get("Cookie"), body.decode())
            self.answer(200, seen.encode(), Content_Type="text/plain")
        elif path == "/connections":
            self.answer(200, str(Handler.connections).encode(), Set_Cookie="a=b")
        elif path == "/etag":
            known = self.headers.get("If-None-Match") == '"v1"'
            self.answer(304 if known else 200, b"" if known else b"{}", etag='  "v1"  ')
        elif path == "/redirect":
            self.answer(302, b"gone", Location="/hello")
        elif path == "/sized":
            self.answer(200, b"x" * int(query))
        elif path == "/compressed":
            self.answer(200, b"raw", Content_Encoding="gzip")
        elif path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(int(query)):
                self.chunk(b"y" * 1000)
            self.chunk(b"")
        elif path == "/headers":
            self.send_response(200)
            for number in range(int(query)):
                self.send_header("X-%d" % number, "z" * 1000)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/partial":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
        elif path == "/drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b".")
                self.wfile.flush()
                time.sleep(0.05)
        elif path == "/junk":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            self.close_connection = True

    do_GET = do_POST = do_DELETE = do_PUT = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def serve(context, family=socket.AF_INET, host="127.0.0.1"):
    Server.address_family = family
    server = Server((host, 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Proxy(Handler):
    def do_CONNECT(self):
        host, _, port = self.path.rpartition(":")
        far = socket.create_connection(("127.0.0.1", int(port)))
        self.wfile.write(b"HTTP/1.1 200 Connected\r\nX-Via: proxy\r\n\r\n")
        threading.Thread(target=pump, args=(far, self.connection), daemon=True).start()
        pump(self.connection, far)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy():
    Server.address_family = socket.AF_INET
    server = Server(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


silent = socket.create_server(("127.0.0.1", 0))
closed = socket.socket()
closed.bind(("127.0.0.1", 0))  # bound, never listening: refused
print("PORT=%d" % serve(lab.tls()))
print("OLD_PORT=%d" % serve(lab.tls(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)))
print("PLAIN_PORT=%d" % serve(None))
print("PROXY_PORT=%d" % proxy())
print("SILENT_PORT=%d" % silent.getsockname()[1])
print("CLOSED_PORT=%d" % closed.getsockname()[1])
lab.wait_for_the_end_of_the_test()
