#!/usr/bin/env python3
"""Rewrites the golden files of this folder from what out/host/llama generates now.

Run it only when the tokens are meant to change, and read the difference by hand before you commit it:
    ninja && tools/python pytest tests/golden/update.py && git diff tests/golden
"""
import itertools
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "tools")]

import support  # noqa: E402
from test_host_golden import KERNELS, generate  # noqa: E402

ABOUT = ("Token ids after BOS that out/host/llama generates with the made-up checkpoint of this shape (seed 1) and the "
         "made-up tokenizer of tests/support.py, or with the model of assets/ where the shape is default; the same for "
         "each of the checkpoint versions. Written by update.py.")
PROMPTS = ("", "once upon a time", "A dog,\nand caf\u00e9 \U0001f642.")
SAMPLING = ((0.0, 0.9, 1), (1.0, 0.9, 42), (0.8, 1.0, 1337))  # temperature, top-p, seed
STEPS = {"tiny": 64, "gqa": 64, "15M": 24, "default": 120}
PRECISIONS = (("f32", [0, 1]), ("q8", [0]), ("q8", [2]))
DEFAULT_PRECISIONS = (("f32", [2]), ("q8", [2]))  # assets/default.bin is a version 2 file


def cases(shape):
    words = support.words_of(shape)
    precisions = DEFAULT_PRECISIONS if shape == "default" else PRECISIONS
    for (precision, versions), prompt, sampling in itertools.product(precisions, PROMPTS, SAMPLING):
        case = dict(zip(("temperature", "topp", "seed"), sampling), prompt=prompt, steps=STEPS[shape],
                    precision=precision, versions=versions)
        model = support.checkpoint(shape, versions[0])
        case["tokens"] = generate(model, words, case, KERNELS[0], precision)
        yield case


def main():
    for shape in STEPS:
        lines = ",\n".join("    " + json.dumps(case) for case in cases(shape))
        head = json.dumps({"about": ABOUT, "shape": shape}, indent=2)[:-2]
        path = HERE / f"{shape}.json"
        path.write_text(f'{head},\n  "cases": [\n{lines}\n  ]\n}}\n', encoding="utf-8")
        print(f"{path}: {lines.count(chr(10)) + 1} cases")


if __name__ == "__main__":
    main()
