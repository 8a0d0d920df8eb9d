"""Boot, read the model from the disk, tell the story: as a person at the serial line sees it."""
import hashlib
import re

import pytest

from make_image import firmware_path
from story import parse, told
from support import (DEFAULT_MODEL, DEFAULT_TOKENIZER, STANDALONE, case_name, checkpoint, llama2c_cases, own_cases,
                     sampling_arguments, shared, tokenizer, words_of)

MODEL, WORDS = r"\models\model.bin", r"\models\tokenizer.bin"


def typed(text):
    """Whether a prompt can be given on one line of the UEFI shell, whose special characters are these."""
    return not set(text) & set('\r\n"^%#<>|') and text.isascii()


def command(model, words, case, more=""):
    """The shell command that runs a golden case."""
    prompt = f' -i "{case["prompt"]}"' if case["prompt"] else ""
    arguments = " ".join(sampling_arguments(case))
    return f"llama.efi {model} -z {words} {arguments} --precision {case.get('precision', 'f32')} --ids{prompt}{more}"


REAL = [case for case in llama2c_cases("run", "stories260K.bin") if typed(case["prompt"])]
OWN = [case for case in own_cases() if case["shape"] != "15M" and typed(case["prompt"])]
# The same on every kernel that QEMU's emulated processors can run, and on both processors.
KERNELS = [f" --kernel {name}" for name in ("sse2", "avx2", "swar")]
RUNS = [(case, "") for case in OWN]
RUNS += [(case, more) for case in OWN if case["shape"] == "gqa" and case["temperature"] and case["prompt"]
         for more in [*KERNELS, " --threads 2"]]


@pytest.fixture(scope="module")
def real_stories(module_machine):
    """All real cases in one boot."""
    files = [(shared("data/stories260K.bin"), MODEL), (shared("data/tok512.bin"), WORDS)]
    return module_machine.shell([command(MODEL, WORDS, case) for case in REAL], files)


@pytest.fixture(scope="module")
def own_stories(module_machine):
    """All cases of our golden files but the large shape's, in one boot of a machine with two processors."""
    def model(shape, version):
        return firmware_path(f"models/{shape}-v{version}.bin")

    shapes = sorted({(case["shape"], version) for case in OWN for version in case["versions"]})
    files = [(checkpoint(*shape), model(*shape)) for shape in shapes]
    files += [(words_of(shape), firmware_path(f"models/{shape}.tok")) for shape in {s for s, _ in shapes}]
    return module_machine.shell([command(model(case["shape"], case["versions"][0]),
                                         firmware_path(f"models/{case['shape']}.tok"), case, more) for case, more in RUNS],
                                files, smp=2)


@pytest.mark.parametrize("number", range(len(REAL)), ids=[case_name(case) for case in REAL])
def test_the_shell_gets_the_tokens_of_llama2c(real_stories, number):
    result = real_stories.result(number)
    assert parse(result.text).ids == REAL[number]["tokens"]
    assert result.status == 0


@pytest.mark.parametrize("number", range(len(RUNS)), ids=[case_name(case) + more.replace(" ", "-") for case, more in RUNS])
def test_the_shell_gets_the_tokens_of_our_golden_files(own_stories, number):
    result = own_stories.result(number)
    if "this processor cannot run" in result.text:
        pytest.skip("this QEMU emulates no processor for that kernel")
    assert parse(result.text).ids == RUNS[number][0]["tokens"]
    assert result.status == 0


def test_the_greedy_story_of_a_real_model_is_told_at_power_on(machine):
    case = llama2c_cases("run", "stories260K.bin")[0] if REAL else pytest.skip("../shared is not here")
    booted = machine.start([(shared("data/stories260K.bin"), MODEL), (shared("data/tok512.bin"), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "temperature": 0, "steps": case["steps"],
                            "precision": "f32", "on_finish": "exit"})
    story = told(booted)
    assert story.text.split() == case["stdout"].split()  # lines end where the console does
    assert story.tokens == len(case["tokens"])
    assert booted.expect_firmware() is None


@pytest.mark.parametrize("smp", [1, 2])
def test_the_15M_shape_runs_in_256_MiB(machine, smp):
    case = next(case for case in own_cases() if case["shape"] == "15M" and case["precision"] == "f32" and case["prompt"])
    booted = machine.start([(checkpoint("15M"), MODEL), (tokenizer(32000), WORDS)],
                           {"model": MODEL.replace("\\", "/"), "tokenizer": WORDS.replace("\\", "/"),
                            "prompt": case["prompt"], "temperature": case["temperature"], "topp": case["topp"],
                            "seed": case["seed"], "steps": case["steps"], "precision": "f32", "ids": "on"}, memory=256, smp=smp)
    story = told(booted)
    assert story.ids == case["tokens"]
    assert story.memory < 80 << 20
    assert booted.expect_firmware() is None


def test_the_15M_shape_in_int8_asks_firmware_for_at_most_20_MiB(machine):
    case = next(case for case in own_cases() if case["shape"] == "15M" and case["precision"] == "q8" and case["prompt"])
    booted = machine.start([(checkpoint("15M"), MODEL), (tokenizer(32000), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "prompt": case["prompt"],
                            "temperature": case["temperature"], "topp": case["topp"], "seed": case["seed"],
                            "steps": case["steps"], "ids": "on", "on_finish": "prompt"}, memory=128, smp=2)
    story = told(booted)
    assert story.ids == case["tokens"]
    assert story.memory <= 20 << 20
    booted.expect("> ")
    booted.type("/info\r")
    booted.expect("\n> ")
    for kind in ("weights", "KV cache", "tokenizer", "buffers", "image"):
        assert re.search(rf"{kind} [\d,]+", booted.before), kind


def test_the_standalone_program_tells_its_own_story_without_a_disk_file(machine):
    case = next(case for case in own_cases() if case["shape"] == "default" and case["precision"] == "q8" and case["prompt"])
    booted = machine.start([], {"prompt": case["prompt"].replace("\n", " "), "ids": "on", "temperature": 0, "steps": 20},
                           program=STANDALONE)
    assert len(told(booted).ids) == 20
    assert booted.expect_firmware() is None


def test_it_boots_from_a_cd(machine):
    case = next(case for case in own_cases() if case["shape"] == "default" and case["precision"] == "q8" and case["prompt"])
    booted = machine.start([(DEFAULT_MODEL, MODEL), (DEFAULT_TOKENIZER, WORDS)],
                           {"prompt": case["prompt"].replace("\n", " "), "ids": "on", "temperature": 0, "steps": 20,
                            "model": MODEL, "tokenizer": WORDS}, disk="cd")
    assert len(told(booted).ids) == 20
    assert booted.expect_firmware() is None


@pytest.mark.parametrize("press", [lambda machine: machine.send_key("esc"), lambda machine: machine.type("\x03")],
                         ids=["esc-on-the-keyboard", "ctrl-c-on-the-serial-line"])
def test_a_key_stops_the_story(machine, press):
    booted = machine.start([(checkpoint("15M"), MODEL), (tokenizer(32000), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "temperature": 0, "steps": 256, "precision": "f32",
                            "ids": "on"})
    booted.expect(r"\r\n\r\n\d+ \d+ ", timeout=60)
    press(booted)
    tokens = int(booted.expect(r"(\d+) tokens?, [\d.]+ tokens/s", timeout=5)[1])
    assert 2 <= tokens < 250
    booted.expect_firmware()


def test_the_machine_is_switched_off_when_asked(machine):
    booted = machine.start([(checkpoint("tiny"), MODEL), (tokenizer(288), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "steps": 8, "on_finish": "poweroff"})
    told(booted)
    assert booted.wait() == 0


def test_comments_case_and_spaces_in_the_configuration_do_not_matter(machine):
    config = f"# a story\r\n\r\n  model={MODEL.upper()}\r\n  # its words\r\ntokenizer =\t/models/tokenizer.bin\nsteps = 5\r\n" \
             "temperature=0\nids = on\non_finish=exit"
    booted = machine.start([(checkpoint("tiny"), MODEL), (tokenizer(288), WORDS), (config.encode(), "llama.cfg")])
    assert len(told(booted).ids) == 5
    assert booted.expect_firmware() is None


@pytest.fixture(scope="module")
def sums(module_machine):
    """The tiny model beside its right SHA-256, beside a wrong one, beside nonsense, and alone."""
    model = checkpoint("tiny").read_bytes()
    right = hashlib.sha256(model).hexdigest()
    names = {"right": right.upper() + "  tiny.bin\n", "wrong": "0" * 64, "nonsense": "hello", "alone": None}
    files = [(tokenizer(288), "words.bin")]
    for name, content in names.items():
        files.append((model, f"{name}.bin"))
        if content is not None:
            files.append((content.encode(), f"{name}.bin.sha256"))
    verify = {"alone": " --verify"}
    commands = [f"llama.efi {name}.bin -z words.bin -n 4{verify.get(name, '')}" for name in names]
    return module_machine.shell(commands, files), list(names), right


def test_a_model_that_is_what_its_sha256_says_is_told_so(sums):
    shell, names, right = sums
    result = shell.result(names.index("right"))
    assert f"sha256    {right}, as expected" in result.text and result.status == 0


def test_a_model_that_is_not_what_its_sha256_says_is_refused_with_both_sums(sums):
    shell, names, right = sums
    result = shell.result(names.index("wrong"))
    assert f"error: wrong.bin: damaged: its SHA-256 is {right}, and its .sha256 file says {'0' * 64}" in result.text
    assert result.status != 0


def test_a_sha256_file_with_something_else_in_it_is_refused(sums):
    shell, names, _ = sums
    assert "error: nonsense.bin.sha256: not a SHA-256" in shell.result(names.index("nonsense")).text


def test_verify_prints_the_sum_of_what_was_read(sums):
    shell, names, right = sums
    assert f"sha256    {right}\n" in shell.result(names.index("alone")).text.replace("\r", "")
