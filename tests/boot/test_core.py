"""llama-core.efi: the same stories, without a conversation after them."""
import pytest

from make_image import firmware_path
from story import parse, told
from support import CORE, EFI, case_name, checkpoint, own_cases, tokenizer, words_of
from test_story import KERNELS, MODEL, WORDS, command, typed

SMALL = [case for case in own_cases() if case["shape"] != "15M" and typed(case["prompt"])]
# Of each shape and precision a greedy case, and one with temperature.
CASES = list({(case["shape"], case["precision"], bool(case["temperature"])): case for case in SMALL}.values())
MORE = [""] * len(CASES) + [more for more in [*KERNELS, " --threads 2"] if "sse2" not in more]
RUNS = CASES + [next(case for case in CASES if case["shape"] == "gqa")] * (len(MORE) - len(CASES))


@pytest.fixture(scope="module")
def stories(module_machine):
    files = [(checkpoint(*shape), firmware_path(f"models/{shape[0]}-v{shape[1]}.bin"))
             for shape in sorted({(case["shape"], case["versions"][0]) for case in CASES})]
    files += [(words_of(shape), firmware_path(f"models/{shape}.tok")) for shape in sorted({case["shape"] for case in CASES})]
    commands = [command(firmware_path(f"models/{case['shape']}-v{case['versions'][0]}.bin"),
                        firmware_path(f"models/{case['shape']}.tok"), case, more) for case, more in zip(RUNS, MORE)]
    return module_machine.shell(commands, files, smp=2, program=CORE)


@pytest.mark.parametrize("number", range(len(RUNS)), ids=[case_name(case) + more.replace(" ", "-")
                                                          for case, more in zip(RUNS, MORE)])
def test_the_core_gets_the_tokens_of_our_golden_files(stories, number):
    result = stories.result(number)
    if "this processor cannot run" in result.text:
        pytest.skip("this QEMU emulates no processor for that kernel")
    assert parse(result.text).ids == RUNS[number]["tokens"]
    assert result.status == 0


def test_the_core_tells_a_story_at_power_on_and_returns(machine):
    case = next(case for case in CASES if case["shape"] == "gqa" and case["temperature"])
    booted = machine.start([(checkpoint("gqa", case["versions"][0]), MODEL), (words_of("gqa"), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "temperature": case["temperature"], "topp": case["topp"],
                            "seed": case["seed"], "steps": case["steps"], "precision": case["precision"],
                            "prompt": case["prompt"], "ids": "on", "on_finish": "prompt"}, program=CORE)
    story = told(booted)
    assert story.ids == case["tokens"]
    assert booted.expect_firmware() is None


def test_escape_stops_the_core(machine):
    booted = machine.start([(checkpoint("15M"), MODEL), (tokenizer(32000), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "temperature": 0, "steps": 256, "precision": "f32",
                            "ids": "on"}, program=CORE)
    booted.expect(r"\r\n\r\n\d+ \d+ ", timeout=60)
    booted.send_key("esc")
    assert 2 <= int(booted.expect(r"(\d+) tokens?, [\d.]+ tokens/s", timeout=5)[1]) < 250
    booted.expect_firmware()


def test_the_core_names_a_missing_model(machine):
    booted = machine.start([(tokenizer(288), WORDS)], {"model": r"\models\none.bin", "tokenizer": WORDS}, program=CORE)
    booted.expect(r"none\.bin: there is no such file")


def test_the_core_is_smaller():
    assert CORE.stat().st_size < EFI.stat().st_size
