#!/usr/bin/env python3
"""Tokens per second, loading and the first token as the program itself states them, booted in QEMU's software
emulation: the default model, and made-up ones: the 15M shape in int8 and float32, and SmolLM2-135M's shape as a GGUF file in
Q4_1, on one and two processors.

    tools/python pytest,pexpect tests/bench/booted.py --runs 3 --steps 64
    tools/python pytest,pexpect tests/bench/booted.py --arch both --kernels     each kernel set, Arm beside x86-64
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
import arm  # noqa: E402
from machine import Machine, Shell  # noqa: E402
from make_image import make_image  # noqa: E402
from story import parse  # noqa: E402
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, EFI, OUT, ROOT, checkpoint, tokenizer  # noqa: E402

# What is run: the arguments, the share of the steps, and the weights that meet each token.
CASES = {"default": (r"\default.bin -z \default-tokenizer.bin", 2, 0),
         "q8": (r"\model.bin -z \tokenizer.bin --precision q8", 1, 15_187_968),
         "f32": (r"\model.bin -z \tokenizer.bin --precision f32", 1, 15_187_968),
         "gguf": (r"\model.gguf --context 256", 0.25, 134_479_872)}
GGUF = OUT / "bench/135M-Q4_1.gguf"
PROGRAMS = {"x86_64": (EFI, "ovmf"), "aarch64": (arm.PROGRAM, "aavmf")}  # and what starts them


@dataclass(frozen=True)
class Run:
    """One run of the program."""
    arch: str
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


def kernel_sets(arch):
    """Those of an image, by name."""
    return [name.lower() for name in re.findall(r"&k(\w+)Kernels", (ROOT / f"model/kernels/{arch}/sets.cpp").read_text())]


def run_of(text, arch, processors, precision, kernel):
    """None where this processor lacks the kernels. The program tells their name where it has chosen them itself."""
    if "cannot run" in text:
        return None
    story = parse(text)
    load = re.search(r"(?:^|\r)loaded +([\d.]+) MiB/s", text, re.MULTILINE)
    kernel = kernel or re.search(r"^kernel +(\w+)", text, re.MULTILINE)[1]
    return Run(arch, processors, precision, kernel, story.speed, float(load[1]), story.first_token, story.memory)


def measure(runs=3, steps=64, processors=(1, 2), arch="x86_64", kernels=("",)):
    """Every run of one boot for each number of processors; the precisions and the kernel sets take turns. kernels: by name,
    or "" for the fastest."""
    (OUT / "bench").mkdir(parents=True, exist_ok=True)
    measured = []
    program, firmware = PROGRAMS[arch]
    for count in processors:
        plan = [(precision, kernel) for _ in range(runs) for precision in CASES for kernel in kernels]
        commands = [f"llama.efi {CASES[name][0]} -t 0 -n {int(steps * CASES[name][1])} --ids --on_finish exit --threads {count}"
                    + (f" --kernel {kernel}" if kernel else "") for name, kernel in plan]
        with tempfile.TemporaryDirectory(prefix="qemu-", dir=OUT / "bench") as folder:
            image = Path(folder, "disk.img")
            make_image(image, [(program, "llama.efi"), (DEFAULT_MODEL, "default.bin"),
                               (DEFAULT_TOKENIZER, "default-tokenizer.bin"), (checkpoint("15M"), "model.bin"), (tokenizer(32000), "tokenizer.bin"),
                               (gguf_model(), "model.gguf"),
                               (Shell.script(commands), "startup.nsh")])
            machine = Machine(image, Path(folder), firmware=firmware, smp=count, limit=600 * len(kernels))
            try:
                shell = Shell(machine, commands)
                done = [run_of(shell.result(number, timeout=300).text, arch, count, precision, kernel)
                        for number, (precision, kernel) in enumerate(plan)]
                measured += [run for run in done if run]
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


def kernel_table(measured):
    """Lines of text: tokens/s, median and best, of each kernel set, precision and number of processors."""
    kinds = list(dict.fromkeys((run.arch, run.kernel) for run in measured))
    columns = [(name, processors) for name in CASES for processors in sorted({run.processors for run in measured})]
    lines = [f"{'tokens/s':20}" + "".join(f"{f'{name}, {n} CPU' + 's' * (n > 1):>18}" for name, n in columns)]
    for arch, kernel in kinds:
        line = f"{arch:8} {kernel:11}"
        for name, processors in columns:
            speed = [run.speed for run in of(measured, name, processors) if (run.arch, run.kernel) == (arch, kernel)]
            line += f"{f'{statistics.median(speed):.1f} ({max(speed):.1f})' if speed else '-':>18}"
        lines.append(line)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="of each precision in a boot (default 3)")
    parser.add_argument("--steps", type=int, default=64, help="tokens of a run (default 64)")
    parser.add_argument("--arch", choices=(*PROGRAMS, "both"), default="x86_64", help="which program (default x86_64)")
    parser.add_argument("--kernels", action="store_true", help="tokens per second of each kernel set")
    args = parser.parse_args()
    for arch in PROGRAMS if args.arch == "both" else (args.arch,):
        measured = measure(args.runs, args.steps, arch=arch, kernels=kernel_sets(arch) if args.kernels else ("",))
        print(f"{arch}:", *(kernel_table if args.kernels else table)(measured), sep="\n", flush=True)


if __name__ == "__main__":
    main()
