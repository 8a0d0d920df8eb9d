"""GGUF files through real firmware, all in one boot: each bad one is refused by its name and the model from before goes on; a
split one is found by its first file; sums are compared; the list says what a file is."""
import hashlib
import re

import pytest

import gguf_files
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, real_model
from test_chat import PROMPT, say, story

PARTS = 3
CUTS = {"cut-in-head": 0.01, "cut-in-tokens": 0.03, "cut-in-data": 0.5}


def good():
    return gguf_files.small("Q8_0")


def files(folder):
    yield DEFAULT_MODEL, "models/default.bin"
    yield DEFAULT_TOKENIZER, "models/default-tokenizer.bin"
    for name in gguf_files.REFUSED:
        yield gguf_files.refused(name)[0], f"models/{name}.gguf"
    for name, share in CUTS.items():
        yield gguf_files.cut(share), f"models/{name}.gguf"
    for name, missing in (("parts", None), ("gap", 2)):
        gguf_files.split(good(), PARTS, folder, name)
        for number in range(1, PARTS + 1):
            path = gguf_files.part_path(folder, name, number, PARTS)
            if number != missing:
                yield path, f"models/{path.name}"
    data = good().bytes()
    for name, digits in (("summed", hashlib.sha256(data).hexdigest()), ("altered", "0" * 64)):
        yield data, f"models/{name}.gguf"
        yield digits.encode() + b"  it\n", f"models/{name}.gguf.sha256"


@pytest.fixture(scope="module")
def session(module_machine, tmp_path_factory):
    booted = module_machine.start(list(files(tmp_path_factory.mktemp("parts"))),
                                  {"on_finish": "prompt", "seed": 3, "temperature": 0.8, "steps": 20}, limit=400)
    booted.expect(PROMPT, timeout=120)
    return booted


def without_space(text):
    """A console breaks lines where they end."""
    return re.sub(r"\s+", "", text)


def refusal(session, name):
    said = without_space(say(session, f"/model {name}"))
    assert said.startswith("error:") and "loaded" not in said, said
    return said


def test_bad_files_are_refused_by_name_and_the_old_model_goes_on(session):
    say(session, "/seed 9")
    before = story(say(session, ""))
    assert len(gguf_files.REFUSED) >= 40
    for name, (_, word) in gguf_files.REFUSED.items():
        said = without_space(say(session, f"/model {name}.gguf"))
        assert f"error:\\models\\{name}.gguf:" in said and without_space(word) in said, said
    for name in CUTS:
        assert f"\\models\\{name}.gguf:" in refusal(session, f"{name}.gguf")
    say(session, "/seed 9")
    assert story(say(session, "")) == before


def test_a_missing_file_of_several_is_named(session):
    assert "error:\\models\\gap-00002-of-00003.gguf:thereisnosuchfile" in refusal(session, "gap-00001-of-00003.gguf")


def test_a_sum_that_does_not_fit_is_an_error(session):
    said = without_space(say(session, "/model altered.gguf"))
    assert f"altered.gguf:damaged:itsSHA-256is{hashlib.sha256(good().bytes()).hexdigest()},andits.sha256filesays{'0' * 64}" in said


def test_the_list_says_size_types_and_parameters(session):
    listed = say(session, "/model", timeout=120)
    assert re.search(r"\\models\\summed\.gguf\s+0\.0 MiB\s+Q8_0, dim 32, 1 layers, context 24, 0\.0 M parameters", listed), listed
    assert "parts-00001-of-00003.gguf" in listed and "parts-00002" not in listed
    assert re.search(r"experts\.gguf\s+0\.\d MiB\s+no model that can be run", listed)


def test_good_ones_are_loaded(session):
    said = say(session, "/model summed.gguf")
    assert "GGUF v3, Q8_0" in said and ", as expected" in said and "error" not in said, said
    first = story(say(session, "/seed 5") + say(session, ""))
    said = say(session, "/model parts-00001-of-00003.gguf")
    assert "GGUF v3, Q8_0" in said and "error" not in said, said
    assert story(say(session, "/seed 5") + say(session, "")) == first


def test_a_real_model_of_135_million_parameters_fits_into_320_mib(machine):
    """With a context of 2,048, everything counted."""
    booted = machine.start([(real_model("SmolLM2-135M-Instruct"), "models/smollm2.gguf")],
                           {"model": "\\models\\smollm2.gguf", "context": 2048, "temperature": 0, "steps": 4, "prompt": "Once upon", "on_finish": "prompt"},
                           memory=320, limit=300)
    booted.expect(r"4 tokens, [\d.]+ tokens/s", timeout=200)
    booted.expect("> ", timeout=30)
    booted.type("/info\r")
    memory = booted.expect(r"memory +([\d,]+) bytes: weights", timeout=30)[1]
    assert int(memory.replace(",", "")) <= 210_000_000, memory
    assert "context 2,048 of 8,192" in booted.before.replace("\r", ""), booted.before
