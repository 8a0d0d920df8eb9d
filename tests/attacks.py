"""Clients that mean no good, or know no better. Each takes the address of a server; afterwards it must be as before."""
import contextlib
import json
import random
import socket
import time

BODY = json.dumps({"prompt": "Once", "max_tokens": 6, "temperature": 0, "stream": True}).encode()
HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def request(body=BODY, headers=b""):
    return HEAD + b"Content-Length: %d\r\n%s\r\n" % (len(body), headers) + body


def connect(address, timeout=30):
    connection = socket.create_connection(address, timeout=timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def answer(address, said, timeout=30):
    """All that the server says to this, until it closes the connection or has nothing to add."""
    told = b""
    with connect(address, timeout) as connection, contextlib.suppress(OSError):
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            told += piece
    return told


def one(address, said, timeout=30):
    """The first response to this, without saying goodbye before."""
    told = b""
    with connect(address, timeout) as connection, contextlib.suppress(OSError):
        connection.sendall(said)
        while b"\r\n\r\n" not in told and (piece := connection.recv(65536)):
            told += piece
    return told


def status(told):
    return int(told.split(b" ", 2)[1]) if told.startswith(b"HTTP/1.1 ") else None


def slow_heads(address, count=8):
    """Heads that drip, and never end."""
    connections = [connect(address) for _ in range(count)]
    for _ in range(4):
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.sendall(b"X")
        time.sleep(0.05)
    return connections


def slow_readers(address, count=4):
    """Ask for the page, and do not read."""
    connections = []
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.connect(address)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        connections.append(connection)
    return connections


def half_open(address, count=8):
    """Connections on which nothing is ever said."""
    return [connect(address) for _ in range(count)]


def many(address, count=200):
    """Connections all at once; some may have to wait, or be closed."""
    connections = []
    for _ in range(count):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(address)
        connections.append(connection)
    time.sleep(1)
    return connections


def garbage(address, count=40, seed=1):
    draw = random.Random(seed)
    for _ in range(count):
        said = draw.randbytes(draw.randrange(1, 3000))
        if draw.random() < 0.5:
            said = b"GET /" + said + b"\r\n\r\n"
        told = answer(address, said)
        assert told == b"" or status(told) in (400, 404, 405, 431, 501, 505), told[:200]


def wrong_sizes(address):
    """Heads and bodies that are too large, too short, or not as long as they say."""
    assert status(one(address, b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 9000)) == 431
    assert status(one(address, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 70 + b"\r\n")) == 431
    assert status(one(address, HEAD + b"Content-Length: 1048577\r\n\r\n" + b"{" * 1000)) == 413
    assert status(one(address, HEAD + b"Content-Length: 99999999999\r\n\r\n")) == 413
    assert answer(address, request()[:-5]) == b""
    assert status(one(address, HEAD + b"Content-Length: 5\r\n\r\n" + BODY)) == 400  # a body that is cut is no JSON
    assert status(one(address, request(b"[" * 1000))) == 400


SMUGGLED = (
    b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length: +5\r\n",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding:\tchunked\r\n",
    b"X: a\nTransfer-Encoding: chunked\r\n", b"X: a\r\n Transfer-Encoding: chunked\r\n", b"Content-Length : 5\r\n",
    b"Host: b\r\n", b"Content-Length: 0x5\r\n", b"X: a\rContent-Length: 5\r\n", b"\x00: a\r\n",
)


def smuggling(address):
    """What two readers could understand differently is refused, and nothing behind it is read as a request."""
    behind = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    for headers in SMUGGLED:
        told = answer(address, HEAD + headers + b"\r\n" + behind)
        assert status(told) in (400, 501), (headers, told)
        assert told.count(b"HTTP/1.1 ") == 1, (headers, told)
    told = answer(address, request() + request())
    assert told.count(b"HTTP/1.1 ") <= 1


def early_closes(address, step=1):
    """Goodbye at every byte of an answer, politely and not."""
    with connect(address) as connection:
        connection.sendall(request())
        whole = b""
        while b"[DONE]\n\n\r\n0\r\n\r\n" not in whole:
            piece = connection.recv(65536)
            assert piece, whole
            whole += piece
    for size in range(0, len(whole), step):
        connection = connect(address)
        connection.sendall(request())
        told = 0
        while told < size and (piece := connection.recv(size - told)):
            told += len(piece)
        if size % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
    return len(whole)


def metric(address, name):
    for _ in range(20):
        told = b""
        with contextlib.suppress(OSError):
            told = answer_whole(address, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for line in told.decode().splitlines():
            if line.startswith(f"llama_{name} "):
                return float(line.split()[1])
        time.sleep(0.5)
    raise AssertionError(f"no metric {name}: {told[:300]}")


def answer_whole(address, said, timeout=30):
    told = b""
    with connect(address, timeout) as connection:
        connection.sendall(said)
        while piece := connection.recv(65536):
            told += piece
    return told


def is_well(address, patience=30):
    """Is a normal question answered, soon?"""
    end = time.monotonic() + patience
    while True:
        with contextlib.suppress(OSError):
            told = answer_whole(address, request(headers=b"Connection: close\r\n"))
            if status(told) == 200 and b"[DONE]" in told:
                return True
        if time.monotonic() > end:
            return False
        time.sleep(0.3)


def attack(address, step=1, count=200):
    """All of it, one after the other and at the same time."""
    garbage(address)
    wrong_sizes(address)
    smuggling(address)
    early_closes(address, step)
    held = slow_heads(address) + slow_readers(address) + half_open(address)
    assert is_well(address)
    held += many(address, count)
    assert is_well(address, 60)
    for connection in held:
        connection.close()
    assert is_well(address)
