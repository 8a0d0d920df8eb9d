"""Figures, not checks: `tools/python pytest,pexpect -m pytest -s -m measure tests/boot` prints them."""
import re
import time

import pytest

from story import STATISTICS, parse
from support import STANDALONE, checkpoint, shared, tokenizer

MODEL, WORDS = r"\models\model.bin", r"\models\tokenizer.bin"


def measure(name, booted):
    """Prints what a boot took from QEMU's start, and the figures that the program itself gives."""
    booted.expect(r"BdsDxe: starting Boot\w+ [^\n]*\r\n", timeout=60)
    program = time.monotonic()
    booted.expect(r"\r\n\r\n\d", timeout=120)
    first_token = time.monotonic()
    head = booted.before
    end = booted.expect(STATISTICS, timeout=120)
    story = parse(head + "\n\n" + booted.before + end.group())
    loaded = re.search(r"(?:^|\r)loaded +([^\r\n]*)", head, re.MULTILINE)
    print(f"\n{name}: QEMU's start to first output {booted.serial.began - booted.started:.2f} s, "
          f"to the program {program - booted.started:.2f} s, to the first token {first_token - booted.started:.2f} s; "
          f"loaded at {loaded[1] if loaded else '(not said)'}; {story.speed} tokens/s over {story.tokens} tokens, "
          f"memory {story.memory:,} bytes")


@pytest.mark.measure
@pytest.mark.parametrize("precision", ["f32", "q8"])
@pytest.mark.parametrize("shape, steps", [("stories260K", 256), ("15M", 64)])
def test_measure_a_boot(machine, shape, steps, precision):
    if shape == "15M":
        files = [(checkpoint("15M"), MODEL), (tokenizer(32000), WORDS)]
    else:
        files = [(shared("data/stories260K.bin"), MODEL), (shared("data/tok512.bin"), WORDS)]
    booted = machine.start(files, {"model": MODEL, "tokenizer": WORDS, "temperature": 0, "steps": steps,
                                   "precision": precision, "ids": "on"})
    measure(f"{shape} {precision}", booted)


@pytest.mark.measure
@pytest.mark.parametrize("smp", [1, 2])
def test_measure_the_standalone_program(machine, smp):
    booted = machine.start([], {"seed": 1, "ids": "on"}, program=STANDALONE, smp=smp)
    measure(f"standalone, {smp} processors", booted)
