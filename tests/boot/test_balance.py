"""Two machines behind HAProxy with the README's configuration; one of them loses its power under load."""
import contextlib
import http.client
import json
import os
import re
import shutil
import subprocess
import threading
import time

import pytest

import attacks
from support import ROOT
from test_serve import Served, free_port

CLIENTS, LOAD = 8, 24  # s of load; the power goes after a third of it


def readme_configuration(port, servers):
    """What README.md says that HAProxy is to be told, for this port and these machines."""
    text = re.search(r"\n\n(    defaults\n(?:    .*\n)+)", (ROOT / "README.md").read_text())[1]
    text = re.sub("(?m)^    ", "", text)
    places = iter(servers)
    text, count = re.subn(r"(?m)^(\s+server \w+) \S+$", lambda found: f"{found[1]} 127.0.0.1:{next(places)}", text)
    assert count == len(servers) and "bind :8080" in text, text
    return text.replace("bind :8080", f"bind 127.0.0.1:{port}")


@contextlib.contextmanager
def haproxy(folder, configuration, port):
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.skip("HAProxy is not installed: ./setup.sh --network-tests installs it")
    (folder / "haproxy.cfg").write_text(configuration)
    server = subprocess.Popen([program, "-db", "-f", folder / "haproxy.cfg"], stdout=open(folder / "haproxy.txt", "w"),
                              stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                attacks.connect(("127.0.0.1", port)).close()
                break
            assert server.poll() is None and time.monotonic() < end, (folder / "haproxy.txt").read_text()
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def ask(port, stream):
    """None, or after what an answer ended too early."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=150)
    told = b""
    try:
        connection.request("POST", "/v1/completions",
                           json.dumps({"prompt": "Once", "max_tokens": 24, "temperature": 0, "stream": stream}),
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            return f"status {answer.status}"
        while piece := answer.read1():
            told += piece
        return None if (b"[DONE]" in told if stream else json.loads(told)["choices"]) else f"after {told!r}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__} after {told!r}"
    finally:
        connection.close()


@pytest.mark.matrix
def test_when_a_machine_dies_no_request_is_lost_that_it_had_not_begun(machine):
    served = [Served(machine) for _ in range(2)]
    port = free_port()
    answered, lost, over = [], [], time.monotonic() + LOAD

    def work(number):
        turn = 0
        while time.monotonic() < over:
            stream = (number + turn) % 2 == 0
            why = ask(port, stream)
            (lost if why else answered).append((stream, why))
            turn += 1

    with haproxy(machine.folder, readme_configuration(port, [each.address[1] for each in served]), port):
        over = time.monotonic() + LOAD
        threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        time.sleep(LOAD / 3)
        assert all(attacks.metric(each.address, "answers_total") > 2 for each in served)
        before = len(answered)
        served[0].machine.process.kill()
        for thread in threads:
            thread.join()
    print(f"{before} answers before, {len(answered) - before} after, lost: {lost}")
    assert before > 5 and len(answered) - before > 5
    assert len(lost) <= 1, lost  # one answer at a time is made by a machine
    assert all(stream and "data: " in why for stream, why in lost), lost
