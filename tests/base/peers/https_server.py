"""An https server with its own CA that misbehaves on demand; a CONNECT proxy beside it."""
import atexit, http.server, os, shutil, signal, socket, ssl, subprocess, sys, tempfile, threading, time

folder = tempfile.mkdtemp(prefix="gatehouse-https-")
atexit.register(shutil.rmtree, folder, True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificate(name, subject, *more):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-keyout", name + ".key", "-out", name + ".crt", "-subj", subject, *more)


certificate("ca", "/CN=private authority")
certificate("other", "/CN=another authority")
certificate("leaf", "/CN=leaf", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-addext", "subjectAltName=IP:127.0.0.1,IP:::ffff:127.0.0.1,DNS:named.localhost",
            "-addext", "basicConstraints=critical,CA:FALSE")


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


def tls(least, most):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version, context.maximum_version = least, most
    context.load_cert_chain(folder + "/leaf.crt", folder + "/leaf.key")
    return context


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
modern = tls(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
old = tls(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
print("PORT=%d" % serve(modern))
print("OLD_PORT=%d" % serve(old))
print("PLAIN_PORT=%d" % serve(None))
print("PROXY_PORT=%d" % proxy())
print("SILENT_PORT=%d" % silent.getsockname()[1])
print("CLOSED_PORT=%d" % closed.getsockname()[1])
print("CA=%s/ca.crt" % folder)
print("OTHER_CA=%s/other.crt" % folder)
print("READY", flush=True)
sys.stdin.read()
