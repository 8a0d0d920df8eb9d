"""The debug image: the same program with nothing optimised."""
from story import told
from support import DEBUG, built, checkpoint, own_cases, words_of

MODEL, WORDS = r"\models\model.bin", r"\models\tokenizer.bin"


def test_the_debug_image_tells_the_same_story(machine):
    case = next(case for case in own_cases() if case["shape"] == "gqa" and not case["temperature"] and not case["prompt"])
    booted = machine.start([(checkpoint("gqa", case["versions"][0]), MODEL), (words_of("gqa"), WORDS)],
                           {"model": MODEL, "tokenizer": WORDS, "temperature": 0, "steps": case["steps"], "ids": "on",
                            "precision": case["precision"]}, program=built(DEBUG))
    assert told(booted, timeout=120).ids == case["tokens"]


def test_the_debug_image_has_lines_for_a_debugger():
    assert b".debug_line" in built(DEBUG).read_bytes(), "no DWARF line table"
