"""A web server on this machine for machines in QEMU's user network, which see it at 10.0.2.2. It has files, and places
that answer as no server should."""
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "10.0.2.2"  # this machine, seen from QEMU's user network
BODY = bytes(range(256)) * 400


def redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", "http://10.0.2.2:1/elsewhere.bin")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def chunked(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for at in range(0, len(BODY), 10240):
        handler.wfile.write(b"%x\r\n" % len(BODY[at:at + 10240]) + BODY[at:at + 10240] + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def without_length(handler):
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(BODY)


def garbage(handler):
    handler.wfile.write(b"\x00\xff\x01 this is no web server\r\n\r\n")


def begin(handler, data, size=None):
    handler.send_response(200)
    handler.send_header("Content-Length", str(size or len(data)))
    handler.end_headers()
    handler.wfile.write(data)
    handler.wfile.flush()


PLACES = {
    "/redirect.bin": redirect, "/chunked.bin": chunked, "/no-length.bin": without_length, "/garbage.bin": garbage,
    "/forbidden.bin": lambda handler: handler.send_error(403),
    "/half.bin": lambda handler: begin(handler, handler.server.files["/model.bin"][:20000],
                                       len(handler.server.files["/model.bin"])),
    "/stall.bin": lambda handler: (begin(handler, handler.server.files["/model.bin"][:200],
                                         len(handler.server.files["/model.bin"])), handler.server.over.wait(60)),
    "/empty-head.bin": lambda handler: handler.wfile.write(b"\r\n\r\n"),
    "/endless-head.bin": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        self.close_connection = True
        if self.path in PLACES:
            PLACES[self.path](self)
        elif self.path not in self.server.files:
            self.send_error(404)
        else:
            data = self.server.files[self.path]
            span = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            begin(self, data[int(span[1]):int(span[2] or len(data)) + 1] if span else data)

    def do_HEAD(self):
        self.server.asked.append(f"HEAD {self.path}")
        if self.path not in self.server.files:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.files[self.path])))
        self.end_headers()

    def log_message(self, *_):
        pass


class Web:
    """files: a mapping from paths ("/model.bin") to bytes. asked: the paths that were asked for, in order. For machines
    on another network: an address there, and a port."""

    def __init__(self, files, address="127.0.0.1", port=0):
        self._server = ThreadingHTTPServer((address, port), Handler)
        self._server.daemon_threads = True
        self._server.files, self._server.asked, self._server.over = dict(files), [], threading.Event()
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def asked(self):
        return self._server.asked

    def url(self, path):
        return f"http://{HOST}:{self.port}{path}"

    def close(self):
        self._server.over.set()
        self._server.shutdown()
        self._server.server_close()
