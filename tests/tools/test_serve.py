"""The server, as a program for this machine, with the clients that people use and with some that mean no good."""
import contextlib
import gzip
import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

import attacks
from support import DEFAULT_MODEL, OUT, ROOT, built

SERVE = OUT / "host/serve"
KEY = "secret"
PYTHON = ROOT / "tools/python"


class Server:
    def __init__(self, *options):
        self.log = tempfile.NamedTemporaryFile("w+")  # a pipe that nobody reads would hold the server
        self.process = subprocess.Popen([built(SERVE), DEFAULT_MODEL, "--template", "chatml", *options], stdout=self.log)
        while not (line := re.search(r"http://\S+\n", Path(self.log.name).read_text())):
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.02)
        self.url = line[0].strip()
        self.address = ("127.0.0.1", int(self.url.rpartition(":")[2]))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@contextlib.contextmanager
def serving(*options):
    server = Server(*options)
    try:
        yield server
    finally:
        server.close()


def client(modules, *words, timeout=240):
    """What a client of tests/clients says; the test is skipped where its modules are missing."""
    if subprocess.run([PYTHON, modules, "-c", ""], capture_output=True).returncode:
        pytest.skip(f"no Python here has {modules}: ./setup.sh --network-tests installs it")
    done = subprocess.run([PYTHON, modules, *words], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_openai_client_is_answered():
    with serving("--api-key", KEY) as server:
        seen = client("openai", ROOT / "tests/clients/openai_client.py", server.url, KEY)
    assert seen["models"] == ["default"]
    assert seen["whole"] and seen["whole"] == seen["streamed"]
    assert seen["finish"] == "length" and seen["whole_usage"] == seen["streamed_usage"]
    assert seen["known"] > 20
    assert seen["plain"] and seen["plain"] == seen["streamed_plain"]
    assert "'n'" in seen["refused"]
    assert seen["locked_out"] == 401


def test_the_page_is_the_one_in_the_sources():
    with serving() as server, urllib.request.urlopen(server.url) as answer:
        page = gzip.decompress(answer.read()).decode()
    assert page.splitlines() == [line.lstrip() for line in (ROOT / "boot/server/page.html").read_text().splitlines()]


def test_a_person_at_the_page_is_answered():
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not chromium:
        pytest.skip("no Chromium here: ./setup.sh --network-tests installs it")
    with serving("--slow", "20") as server:
        seen = client("playwright", ROOT / "tests/clients/page_client.py", server.url, chromium)
    assert seen["errors"] == []
    assert seen["title"] == "default"
    assert seen["dark"] == "rgb(22, 22, 22)"
    assert seen["wide"] <= 390
    assert seen["answer"]
    assert seen["streams"] == "Stop"
    assert seen["kept"] == 4 and seen["same"]
    assert seen["cleared"] == 0


def test_curl_is_answered():
    if not shutil.which("curl"):
        pytest.skip("no curl here")
    with serving() as server:
        def curl(*words):
            return subprocess.run(["curl", "-sS", "-m", "60", *words], capture_output=True, text=True, check=True).stdout
        assert curl(f"{server.url}/health") == '{"status":"ok"}'
        assert curl("-I", f"{server.url}/").startswith("HTTP/1.1 200 OK")
        body = json.dumps({"messages": [{"role": "user", "content": "x" * 40000}], "max_tokens": 1})
        asks = ("-H", "Content-Type: application/json", "-d", body, f"{server.url}/v1/chat/completions")
        assert "far longer than the context" in curl(*asks)
        asks = ("-H", "Content-Type: application/json", "-d", '{"prompt":"Once upon a time","max_tokens":3,"temperature":0}')
        assert json.loads(curl(*asks, f"{server.url}/v1/completions"))["choices"][0]["text"] == ", there was"
        asks_short = (*asks[:3], asks[3].replace(" upon a time", ""))
        assert json.loads(curl(*asks_short, f"{server.url}/v1/completions"))["choices"][0]["text"] == " upon a time"
        assert "data: [DONE]" in curl("-N", *asks[:3], asks[3].replace("}", ',"stream":true}'), f"{server.url}/v1/completions")


def test_after_an_attack_all_is_as_before():
    with serving("--hurry") as server:
        assert attacks.is_well(server.address)
        before = attacks.metric(server.address, "memory_bytes")
        attacks.attack(server.address, step=7)
        deadline = time.monotonic() + 20
        while attacks.metric(server.address, "connections") > 1 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert attacks.metric(server.address, "connections") == 1
        assert attacks.metric(server.address, "memory_bytes") <= before + (1 << 20)
        assert server.process.poll() is None


def test_a_thousand_requests_in_a_row():
    with serving() as server:
        body = json.dumps({"prompt": "a", "max_tokens": 1, "temperature": 0}).encode()
        with attacks.connect(server.address) as connection:
            texts = set()
            for _ in range(1000):
                connection.sendall(attacks.request(body))
                told = b""
                while not told.endswith(b"0\r\n\r\n"):
                    told += connection.recv(65536)
                texts.add(re.sub(rb'"id":"cmpl-\d+"|"cached_tokens":\d+', b"", told.partition(b"\r\n\r\n")[2]).split(b"choices")[1])
        assert len(texts) == 1, texts
