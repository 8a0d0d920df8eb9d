"""Whatever is wrong with the files: one line that names the file and the fault, and control back in the firmware."""
import re
import struct

import pytest

from story import parse, told
from support import checkpoint, tokenizer, tokenizer_bytes

FIELDS = ("dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len")
LARGEST = 2**31 - 1
MODEL, WORDS = "good.bin", "good.tok"


def with_field(model, name, value):
    """A version 0 checkpoint with one field of its header changed."""
    at = 4 * FIELDS.index(name)
    return model[:at] + struct.pack("<i", value) + model[at + 4:]


def broken_models(good, v1):
    """name -> (bytes, or None for no such file; what the message says)."""
    size = len(good)
    models = {"missing": (None, "not found|no such|not there|missing"),
              "empty": (b"", "0 bytes"),
              "cut-in-header": (good[:20], "20 bytes"),
              "cut-after-header": (good[:28], "ends after 28"),
              "cut-in-the-middle": (good[:size // 2], f"ends after {size // 2:,}"),
              "cut-by-one-number": (good[:-4], f"ends after {size - 4:,}"),
              "too-long": (good + b"more", f"{size + 4:,} bytes"),
              "text": (b"Once upon a time, there was a little girl named Lily.\n" * 100, "not a llama2.c checkpoint"),
              "zeros": (bytes(4096), "not a llama2.c checkpoint|dim"),
              "v1-cut-in-header": (v1[:200], "ends"),
              "v1-cut-in-the-middle": (v1[:size // 2], f"ends after {size // 2:,}"),
              "v9": (v1[:4] + struct.pack("<i", 9) + v1[8:], "version 9")}
    for field in FIELDS:
        for value in (0, -1, LARGEST):
            negative_is_a_flag = field == "vocab_size" and value < 0  # a classifier of its own
            models[f"{field}-{value}"] = (with_field(good, field, value), "bytes" if negative_is_a_flag else field)
    models["n_heads-3"] = (with_field(good, "n_heads", 3), "n_heads")
    models["n_kv_heads-3"] = (with_field(good, "n_kv_heads", 3), "n_kv_heads")
    models["n_heads-32"] = (with_field(good, "n_heads", 32), "head")
    models["v1-dim-0"] = (v1[:8] + bytes(4) + v1[12:], "dim")
    return models


def broken_tokenizers(good):
    """The same for tokenizers of the 288-token model."""
    return {"missing": (None, "not found|no such|not there|missing"),
            "empty": (b"", "0 bytes"),
            "cut": (good[:len(good) // 2], "cut short"),
            "cut-by-one-byte": (good[:-1], "cut short"),
            "too-few-words": (tokenizer_bytes(280), "not this model's tokenizer"),
            "too-many-words": (tokenizer_bytes(512), "more than|another"),
            "negative-length": (good[:8] + struct.pack("<i", -1) + good[12:], "bytes long"),
            "huge-length": (good[:8] + struct.pack("<i", LARGEST) + good[12:], "bytes long")}


# The names alone, so that every fault is a test of its own; the bytes are made when the machine boots.
MODEL_NAMES = list(broken_models(bytes(64), bytes(64)))
TOKENIZER_NAMES = list(broken_tokenizers(bytes(64)))


class Faults:
    """One boot in which every broken file is tried, and the good ones before and after."""

    def __init__(self, room):
        good, words = checkpoint("tiny").read_bytes(), tokenizer(288).read_bytes()
        self.models = broken_models(good, checkpoint("tiny", 1).read_bytes())
        self.tokenizers = broken_tokenizers(words)
        files = [(good, MODEL), (words, WORDS)]
        files += [(data, f"{name}.bin") for name, (data, _) in self.models.items() if data is not None]
        files += [(data, f"{name}.tok") for name, (data, _) in self.tokenizers.items() if data is not None]
        run = "llama.efi {}.bin -z {}.tok -t 0 -n 4"
        commands = [run.format("good", "good"), "memmap"]
        commands += [run.format(name, "good") for name in self.models]
        commands += [run.format("good", name) for name in self.tokenizers]
        commands += ["memmap", run.format("good", "good")]
        self.shell = room.shell(commands, files)

    def result(self, command):
        return self.shell.result(command if command >= 0 else len(self.shell.commands) + command)


@pytest.fixture(scope="module")
def faults(module_machine):
    return Faults(module_machine)


def check(result, file, fault):
    lines = re.findall(r"^error: .*$", result.text, re.MULTILINE)
    assert len(lines) == 1, result.text
    assert file in lines[0]
    assert re.search(fault, lines[0].replace(file, "")), lines[0]
    assert result.status != 0


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_a_broken_model_is_named_and_the_shell_gets_control_back(faults, name):
    check(faults.result(2 + MODEL_NAMES.index(name)), f"{name}.bin", faults.models[name][1])


@pytest.mark.parametrize("name", TOKENIZER_NAMES)
def test_a_broken_tokenizer_is_named_and_the_shell_gets_control_back(faults, name):
    number = 2 + len(MODEL_NAMES) + TOKENIZER_NAMES.index(name)
    check(faults.result(number), f"{name}.tok", faults.tokenizers[name][1])


def test_a_story_is_told_after_all_these_errors(faults):
    assert parse(faults.result(-1).text).text == parse(faults.result(0).text).text
    assert faults.result(-1).status == 0


def test_all_memory_is_given_back(faults):
    def pages(result, kind):
        return int(re.search(rf"^\s*{kind}\s*:\s*([\d,]+) Pages", result.text, re.MULTILINE)[1].replace(",", ""))

    before, after = faults.result(1), faults.result(-2)
    assert pages(after, "LoaderData") == pages(before, "LoaderData")
    assert abs(pages(after, "Available") - pages(before, "Available")) < 16  # the shell's own, each way


@pytest.mark.parametrize("config, file, fault", [
    ({}, "", "model"),
    ({"model": r"\models\gone.bin", "tokenizer": rf"\{WORDS}"}, "gone.bin", "not found|no such|not there|missing"),
    ({"model": rf"\{MODEL}", "tokenizer": r"\models\gone.tok"}, "gone.tok", "not found|no such|not there|missing"),
], ids=["no-model-named", "model", "tokenizer"])
def test_a_missing_file_at_power_on_gives_control_back_to_the_firmware(machine, config, file, fault):
    booted = machine.start([(checkpoint("tiny"), MODEL), (tokenizer(288), WORDS)], config)
    line = booted.expect(r"error: ([^\r]*)\r\n", timeout=60)[1]
    assert file in line and re.search(fault, line)
    assert booted.expect_firmware() is not None, "the firmware was told that all is well"


def test_too_little_memory_is_said_with_need_and_have(machine):
    booted = machine.start([(checkpoint("15M"), MODEL), (tokenizer(32000), WORDS)],
                           {"model": rf"\{MODEL}", "tokenizer": rf"\{WORDS}", "precision": "f32"}, memory=96)
    line = booted.expect(r"error: ([^\r]*)\r\n", timeout=60)[1]
    assert "memory" in line
    assert booted.expect_firmware() is not None
