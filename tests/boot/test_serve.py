"""A machine that answers others: with real clients over QEMU's user network, at the console beside it, and under attack."""
import json
import os
import socket
import subprocess
import time
import urllib.request

import pytest

import attacks
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, HOST_LLAMA, ROOT, built, real_model, shared

FILES = [(DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin")]
PYTHON = ROOT / "tools/python"
CONFIG = {"serve": 8080, "on_finish": "prompt"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    """A machine that serves, and the address at which it is reached from here."""

    def __init__(self, room, files=FILES, config=(), **options):
        self.address = ("127.0.0.1", free_port())
        card = ("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.address[1]}-:8080",
                "-device", "virtio-net-pci,netdev=net,romfile=")
        self.machine = room.start(files, {**CONFIG, **dict(config)}, extra=card, **{"limit": 400, **options})
        self.machine.expect(r"serving on http://10\.0\.2\.15:8080", timeout=120)

    def get(self, path, timeout=60):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.address[1]}{path}", timeout=timeout) as answer:
            return answer.read().decode()

    def ask(self, path, **body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.address[1]}{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=200) as answer:
            return json.loads(answer.read())


@pytest.fixture(scope="module")
def served(module_machine):
    """One machine for the tests that leave it as it was."""
    return Served(module_machine, config={"template": "chatml"})


def test_other_machines_are_answered(served):
    assert json.loads(served.get("/health")) == {"status": "ok"}
    told = subprocess.run([built(HOST_LLAMA), DEFAULT_MODEL, "-z", DEFAULT_TOKENIZER, "-t", "0", "-n", "30", "-i", "Once"],
                          capture_output=True, text=True, check=True).stdout.strip()
    answer = served.ask("/v1/completions", prompt="Once", temperature=0, max_tokens=29)
    assert "Once" + answer["choices"][0]["text"] == told
    served.machine.expect(r"10\.0\.2\.2 POST /v1/completions 200, 2 \(0 known\) \+ 29 tokens")


@pytest.mark.parametrize("way", ["--stream", "--no-stream"])
def test_the_command_llm_is_answered(served, tmp_path, way):
    (tmp_path / "extra-openai-models.yaml").write_text(
        f"- model_id: machine\n  model_name: default\n  api_base: http://127.0.0.1:{served.address[1]}/v1\n")
    asked = {"role": "system", "content": "You tell stories."}, {"role": "user", "content": "Tell me one."}
    answer = served.ask("/v1/chat/completions", messages=asked, temperature=0, max_tokens=16)
    done = subprocess.run([PYTHON, "llm", "-m", "llm", "prompt", "--no-log", "-m", "machine", "-o", "temperature", "0",
                           "-o", "max_tokens", "16", *([way] if way == "--no-stream" else []), "--system",
                           asked[0]["content"], asked[1]["content"]],
                          capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL,
                          env={**os.environ, "LLM_USER_PATH": str(tmp_path)})
    if "no Python here can import llm" in done.stderr:
        pytest.skip("no Python here has llm: ./setup.sh --network-tests installs it")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() and done.stdout.strip() == answer["choices"][0]["message"]["content"].strip()


def test_the_console_goes_on_beside_it(served):
    """What is typed during an answer is kept, and Esc ends the answer."""
    console = served.machine
    with attacks.connect(served.address, 100) as client:
        client.sendall(attacks.request(json.dumps({"prompt": "Once", "stream": True, "max_tokens": 400}).encode()))
        told = client.recv(65536)
        console.type("/hel")
        time.sleep(0.5)
        console.send_key("esc")
        while b"[DONE]" not in told:
            told += client.recv(65536)
        assert told.count(b"data: ") < 390
    console.type("\x15/serve off\r")
    console.expect("> ")
    time.sleep(0.5)
    with pytest.raises(OSError):
        served.get("/health", timeout=3)  # the machine is off the network: nobody there says no
    console.type("/serve\r")
    console.expect(r"serving on http://10\.0\.2\.15:8080")
    assert json.loads(served.get("/health")) == {"status": "ok"}
    console.type("/quit\r")
    console.expect_firmware(30)
    console.monitor.execute("quit")  # the other tests here have machines of their own


def test_after_an_attack_the_machine_is_as_before(machine):
    """With fewer connections at a time than in tests/tools/test_serve.py, where the same server is a program of this
    machine: firmware's TCP lets few wait."""
    served = Served(machine)
    assert attacks.is_well(served.address)
    before = attacks.metric(served.address, "memory_bytes")
    attacks.attack(served.address, step=41, count=40)
    end = time.monotonic() + 60
    while attacks.metric(served.address, "connections") > 1 and time.monotonic() < end:
        time.sleep(1)
    assert attacks.metric(served.address, "connections") == 1
    assert attacks.metric(served.address, "memory_bytes") == before
    served.machine.type("/quit\r")
    served.machine.expect_firmware(30)


@pytest.mark.parametrize("smp", [1, 2])
def test_an_answer_over_http_is_the_exact_models(machine, smp):
    cases = json.loads(shared("golden/smollm2.json").read_text())["answers"]
    model = real_model("SmolLM2-135M-Instruct")
    served = Served(machine, [(model, "models/smol.gguf")], {"model": r"\models\smol.gguf"}, smp=smp, memory=768)
    for case in sorted(cases, key=lambda case: len(case["answer"]))[:2]:
        messages = [{"role": role, "content": text} for role, text in case["messages"]]
        answer = served.ask("/v1/chat/completions", messages=messages, temperature=0, max_tokens=96)
        assert answer["choices"][0]["message"]["content"] == case["text"], case["name"]
        assert answer["usage"]["prompt_tokens"] == len(case["ids"])
