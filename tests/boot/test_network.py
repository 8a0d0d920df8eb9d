"""Models over HTTP, and what is said where that cannot be."""
import hashlib
import re

import pytest

from story import parse
from support import checkpoint, tokenizer
from web import Web

CARD = ("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=")
TELL = "-t 0 -n 20 --ids --on_finish exit"
MISSING_PORT = 9  # nobody listens there


def runs(web):
    """name -> (what follows the program's name, what its output must say; None: the story)."""
    at = web.url
    return {
        "story": (f"{at('/model.bin')} {TELL}", None),
        "sum-right": (f"{at('/summed.bin')} {TELL}", None),
        "disk": (f"\\model.bin {TELL}", None),
        "sum-wrong": (f"{at('/damaged.bin')} {TELL}", "damaged: its SHA-256 is"),
        "missing": (f"{at('/missing.bin')} {TELL}", "/missing.bin: the server has no such file .status 404."),
        "forbidden": (f"{at('/forbidden.bin')} {TELL}", "the server refuses .status 403."),
        "redirect": (f"{at('/redirect.bin')} {TELL}", "has moved .status 302.; write the new place: http://10.0.2.2:1/"),
        "chunked": (f"{at('/chunked.bin')} {TELL}", "does not say how long the file is"),
        "no-length": (f"{at('/no-length.bin')} {TELL}", "does not say how long the file is"),
        "garbage": (f"{at('/garbage.bin')} {TELL}", "is no web server"),
        "empty-head": (f"{at('/empty-head.bin')} {TELL}", "is no web server"),
        "endless-head": (f"{at('/endless-head.bin')} {TELL}", "is no web server"),
        "half": (f"{at('/half.bin')} -z {at('/tokenizer.bin')} {TELL}", r"/half.bin: the file ends after 20,000 of [\d,]+ bytes"),
        "refused": (f"http://10.0.2.2:{MISSING_PORT}/model.bin {TELL}", "nobody listens there"),
        "https": (f"https://10.0.2.2/model.bin {TELL}", "only http:// can be read"),
        "no-server": (f"http:///model.bin {TELL}", "there is no server in it"),
        "again": (f"{at('/model.bin')} {TELL}", None),
    }


@pytest.fixture(scope="module")
def web():
    model, words = checkpoint("tiny").read_bytes(), tokenizer(288).read_bytes()
    sum_line = hashlib.sha256(model).hexdigest() + "  summed.bin\n"
    web = Web({"/model.bin": model, "/tokenizer.bin": words, "/summed.bin": model,
               "/summed.bin.sha256": sum_line.encode(), "/damaged.bin": model[:-1] + bytes([model[-1] ^ 1]),
               "/damaged.bin.sha256": sum_line.encode()})
    yield web
    web.close()


@pytest.fixture(scope="module")
def shell(module_machine, web):
    files = [(checkpoint("tiny"), "model.bin"), (tokenizer(288), "tokenizer.bin")]
    return module_machine.shell([f"llama.efi {words}" for words, _ in runs(web).values()], files, extra=CARD)


NAMES = list(runs(type("", (), {"url": str})()))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_by_http_is_read_or_its_fault_is_named(shell, web, name):
    _, says = runs(web)[name]
    result = shell.result(NAMES.index(name), timeout=60)
    if says is None:
        assert result.status == 0, result.text
        assert parse(result.text).ids == parse(shell.result(NAMES.index("disk")).text).ids
        return
    assert result.status != 0, result.text
    lines = [line for line in result.text.splitlines() if line.startswith("error: ")]
    assert len(lines) >= 1, result.text
    assert re.search(says, " ".join(result.text.split())), result.text


def test_a_file_is_asked_for_once(shell, web):
    shell.result(len(NAMES) - 1)
    assert web.asked.count("/summed.bin") == 1
    assert web.asked.count("/damaged.bin") == 1
