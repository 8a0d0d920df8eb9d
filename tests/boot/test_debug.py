"""The debug image: the same program with nothing optimised."""
import pytest

import arm
from story import told
from support import DEBUG, built, checkpoint, own_cases, words_of

MODEL, WORDS = r"\models\model.bin", r"\models\tokenizer.bin"
IMAGES = pytest.mark.parametrize("image", [DEBUG, arm.DEBUG], ids=["x86_64", "aarch64"])


@IMAGES
def test_the_debug_image_tells_the_same_story(machine, image):
    case = next(case for case in own_cases() if case["shape"] == "gqa" and not case["temperature"] and not case["prompt"])
    options = arm.options(program=image) if image == arm.DEBUG else {"program": built(image)}
    booted = machine.start([(checkpoint("gqa", case["versions"][0]), MODEL), (words_of("gqa"), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "temperature": 0, "steps": case["steps"], "ids": "on",
                            "precision": case["precision"]}, **options)
    assert told(booted, timeout=120).ids == case["tokens"]


@IMAGES
def test_the_debug_image_has_lines_for_a_debugger(image):
    assert b".debug_line" in built(image).read_bytes(), "no DWARF line table"
