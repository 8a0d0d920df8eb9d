#!/usr/bin/env python3
"""Tokens per second, loading and the first token as the program itself states them, booted in QEMU's software
emulation with made-up models: the 15M shape in int8 and float32, and SmolLM2-135M's shape as a GGUF file in Q4_1, on one and
two processors.

    tools/python pytest,pexpect tests/bench/booted.py --runs 3 --steps 64
"""
import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "boot"), str(TESTS.parent / "tools")]
from machine import Machine, Shell  # noqa: E402
from make_image import make_image  # noqa: E402
from story import parse  # noqa: E402
from support import EFI, OUT, checkpoint, tokenizer  # noqa: E402

# What is run: the arguments, the share of the steps, and the weights that meet each token.
CASES = {"q8": (r"\model.bin -z \tokenizer.bin --precision q8", 1, 15_187_968),
         "f32": (r"\model.bin -z \tokenizer.bin --precision f32", 1, 15_187_968),
         "gguf": (r"\model.gguf --context 256", 0.25, 134_479_872)}
GGUF = OUT / "bench/135M-Q4_1.gguf"


@dataclass(frozen=True)
class Run:
    """One run of the program."""
    processors: int
    precision: str
    kernel: str
    speed: float        # tokens/s after the first
    load: float         # MiB/s of the file
    first_token: float  # seconds from the program's start
    memory: int         # bytes asked of firmware


def gguf_model():
    """The file of that shape, which the host's benchmark makes where it is missing."""
    if not GGUF.exists():
        subprocess.run([OUT / "host/bench", "--benchmark_filter=load/135M/Q4_1", "--benchmark_min_time=0"], cwd=OUT.parent,
                       check=True, capture_output=True)
    return GGUF


def run_of(text, processors, precision):
    story = parse(text)
    load = re.search(r"(?:^|\r)loaded +([\d.]+) MiB/s", text, re.MULTILINE)
    kernel = re.search(r"^kernel +(\w+)", text, re.MULTILINE)
    return Run(processors, precision, kernel[1], story.speed, float(load[1]), story.first_token, story.memory)


def measure(runs=3, steps=64, processors=(1, 2)):
    """Every run of one boot for each number of processors; the precisions take turns."""
    (OUT / "bench").mkdir(parents=True, exist_ok=True)
    measured = []
    for count in processors:
        plan = [precision for _ in range(runs) for precision in CASES]
        commands = [f"llama.efi {CASES[name][0]} -t 0 -n {int(steps * CASES[name][1])} --ids --on_finish exit --threads {count}"
                    for name in plan]
        with tempfile.TemporaryDirectory(prefix="qemu-", dir=OUT / "bench") as folder:
            image = Path(folder, "disk.img")
            make_image(image, [(EFI, "llama.efi"), (checkpoint("15M"), "model.bin"), (tokenizer(32000), "tokenizer.bin"),
                               (gguf_model(), "model.gguf"),
                               (Shell.script(commands), "startup.nsh")])
            machine = Machine(image, Path(folder), smp=count, limit=600)
            try:
                shell = Shell(machine, commands)
                measured += [run_of(shell.result(number, timeout=200).text, count, precision)
                             for number, precision in enumerate(plan)]
            finally:
                machine.stop()
    return measured


def of(measured, precision, processors):
    return [run for run in measured if (run.precision, run.processors) == (precision, processors)]


def table(measured):
    """Lines of text: median and best of each precision and number of processors."""
    lines = [f"{'':14}{'tokens/s':>16}{'load, MiB/s':>16}{'first token, s':>18}",
             f"{'':14}{'median':>8}{'best':>8}{'median':>8}{'best':>8}{'median':>10}{'best':>8}"]
    for precision in CASES:
        for processors in sorted({run.processors for run in measured}):
            runs = of(measured, precision, processors)
            speed, load, first = ([getattr(run, name) for run in runs] for name in ("speed", "load", "first_token"))
            kernels = ", ".join(sorted({run.kernel for run in runs}))
            lines.append(f"{precision:5}{processors} CPU{'s' if processors > 1 else ' '}   "
                         f"{statistics.median(speed):8.1f}{max(speed):8.1f}"
                         f"{statistics.median(load):8.0f}{max(load):8.0f}"
                         f"{statistics.median(first):10.2f}{min(first):8.2f}"
                         f"   {kernels}; memory {runs[0].memory:,} bytes")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="of each precision in a boot (default 3)")
    parser.add_argument("--steps", type=int, default=64, help="tokens of a run (default 64)")
    args = parser.parse_args()
    print("\n".join(table(measure(args.runs, args.steps))))


if __name__ == "__main__":
    main()
