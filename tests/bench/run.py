#!/usr/bin/env python3
"""How fast everything is, in one table: this machine's memory, decoding, prompts, loading, and the program in QEMU.

    ninja bench                                 all of it
    tests/bench/run.py --host                   only this machine; --qemu: only QEMU
    tests/bench/run.py --host --benchmark_filter=15M/q8
    tests/bench/run.py --json > bench.json      Google Benchmark's JSON of the host part, as it is

Flags that begin with --benchmark_ go to out/host/bench. Figures are medians of repetitions that are spread over the
whole run, and where a mark stands beside one, so does the best. Without ninja, begin with tools/python pytest,pexpect.
"""
import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import booted

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / "out/host/bench"
FLAGS = ("--benchmark_repetitions=3", "--benchmark_enable_random_interleaving=true")
THREADS = (1, 2)


@dataclass
class Samples:
    """What the repetitions of one benchmark measured."""
    values: dict = field(default_factory=dict)  # name of a figure: list

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def median(self, name):
        return statistics.median(self.values[name])

    def best(self, name):
        return max(self.values[name])


def host_json(flags):
    print("measuring on this machine: about five minutes", file=sys.stderr, flush=True)
    done = subprocess.run([PROGRAM, "--benchmark_format=json", *FLAGS, *flags], cwd=ROOT, stdout=subprocess.PIPE,
                          text=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def host_samples(text):
    """Benchmarks by name, in the order in which they were listed, not in that in which they ran."""
    found = {}
    entries = json.loads(text)["benchmarks"] if text.strip() else []
    for entry in sorted(entries, key=lambda entry: entry["family_index"]):
        if entry["run_type"] != "iteration":
            continue
        samples = found.setdefault(entry["run_name"].removesuffix("/real_time"), Samples())
        for name in ("tokens/s", "bytes/token", "of_read_line", "bytes_per_second"):
            if name in entry:
                samples.add(name, entry[name])
    return found


def names(found, what):
    """The distinct names that begin with `what`, without threads and context."""
    return list(dict.fromkeys(name.partition("/threads")[0] for name in found if name.startswith(what + "/")))


def cell(found, name, figure, form, scale=1.0, width=9):
    return f"{format(found[name].median(figure) * scale, form) if name in found else '-':>{width}}"


def threads_head(width):
    return f"{'':30}" + "".join(f"{f'{n} threads' if n > 1 else '1 thread':>{width}}" for n in THREADS)


def read_lines(found):
    lines = [threads_head(12)]
    for name in names(found, "read"):
        lines.append(f"{name[5:]:30}" + "".join(
            cell(found, f"{name}/threads:{n}", "bytes_per_second", ".1f", 1e-9, width=12) for n in THREADS) + "  GB/s")
    return lines


def decode_lines(found):
    """Tokens/s over positions 0..15 and over 240..255, and the read line's share that the former is."""
    lines = [threads_head(30), f"{'':30}" + f"{'at 0..15':>10}{'at 240..255':>12}{'of line':>8}" * len(THREADS)]
    for name in names(found, "decode"):
        line = f"{name[7:]:30}"
        for n in THREADS:
            short, long = f"{name}/threads:{n}/context:16", f"{name}/threads:{n}/context:256"
            line += cell(found, short, "tokens/s", ",.0f", width=10) + cell(found, long, "tokens/s", ",.0f", width=12)
            line += cell(found, short, "of_read_line", ".0%", width=8)
        sizes = [s.median("bytes/token") for other, s in found.items() if other.startswith(name + "/")]
        lines.append(f"{line}  {sizes[0] / 1e6:.1f} MB a token")
    return lines


def prompt_lines(found):
    """Tokens/s, and how many times decoding's rate that is."""
    lines = [threads_head(20), f"{'':30}" + f"{'tokens/s':>11}{'x decode':>9}" * len(THREADS)]
    for name in names(found, "prompt"):
        line = f"{name[7:]:30}"
        for n in THREADS:
            prompt = f"{name}/threads:{n}"
            decode = f"decode{prompt[6:]}/context:16"
            line += cell(found, prompt, "tokens/s", ",.0f", width=11)
            both = prompt in found and decode in found
            times = found[prompt].median("tokens/s") / found[decode].median("tokens/s") if both else None
            line += f"{'-' if times is None else f'{times:.2f}':>9}"
        lines.append(line)
    return lines


def gguf_lines(found):
    """Tokens/s at the ends of two contexts, the read line's share at the former, and a prompt of 200."""
    lines = [threads_head(37), f"{'':30}" + f"{'at 240':>9}{'at 2,032':>10}{'of line':>8}{'prompt':>10}" * len(THREADS)]
    for name in names(found, "gguf-decode"):
        line = f"{name[12:]:30}"
        for n in THREADS:
            short, long = (f"{name}/threads:{n}/context:{context}" for context in (256, 2048))
            line += cell(found, short, "tokens/s", ",.1f") + cell(found, long, "tokens/s", ",.1f", width=10)
            line += cell(found, short, "of_read_line", ".0%", width=8)
            line += cell(found, f"{name.replace('decode', 'prompt')}/threads:{n}", "tokens/s", ",.0f", width=10)
        sizes = [s.median("bytes/token") for other, s in found.items() if other.startswith(name + "/")]
        lines.append(f"{line}  {min(sizes) / 1e6:.1f} MB a token at 240")
    return lines


def load_lines(found):
    return [f"{name[5:]:30}" + cell(found, name, "bytes_per_second", ".2f", 1e-9) + "  GB/s of file"
            for name in names(found, "load")]


def figure(text, form, mark, value):
    """One figure beside its mark, or nothing where it was not measured. value: from Samples.median or Samples.best to
    the figure."""
    try:
        median, best = value(Samples.median), value(Samples.best)
    except KeyError:
        return []
    verdict = "met" if median >= mark else "met at best" if best >= mark else "missed"
    return [f"{text:46}{median:>9{form}}{best:>9{form}}{mark:>9{form}}   {verdict}"]


FIGURES_HEAD = f"{'':46}{'median':>9}{'best':>9}{'mark':>9}"


def host_figures(found):
    """What the project holds itself to: the 15M shape with its fastest kernels."""
    def of(name, counter="tokens/s"):
        return lambda pick: pick(found[name], counter)

    def over(above, below):
        return lambda pick: of(above)(pick) / of(below)(pick)

    def fastest(precision):
        """Shape, precision and kernel. Prompts tell kernels apart; decoding may wait for memory with all of them."""
        prompts = {name: found[at].median("tokens/s") for name in names(found, f"prompt/15M/{precision}")
                   if (at := f"{name}/threads:1") in found}
        return max(prompts, key=prompts.get, default="").removeprefix("prompt/")

    def decode(model, threads=1, context=16):
        return f"decode/{model}/threads:{threads}/context:{context}"

    q8, f32 = fastest("q8"), fastest("f32")
    lines = [*figure("int8 decode, 1 thread, tokens/s", ",.0f", 2500, of(decode(q8))),
             *figure("int8 decode, 1 thread, of its read line", ".0%", 0.5, of(decode(q8), "of_read_line")),
             *figure("int8 decode, 2 threads over 1", ".2f", 1.6, over(decode(q8, 2), decode(q8))),
             *figure("float32 decode, 1 thread, of its read line", ".0%", 0.75, of(decode(f32), "of_read_line")),
             *figure("float32 decode, 2 threads over 1", ".2f", 1.3, over(decode(f32, 2), decode(f32))),
             *figure("int8 prompt of 200 over decode, 1 thread", ".2f", 3, over(f"prompt/{q8}/threads:1", decode(q8)))]
    for text, model in (("int8", q8), ("float32", f32)):
        for n in THREADS:
            lines += figure(f"{text} speed at 240..255 over 0..15, {n} thread{'s' if n > 1 else ''}", ".2f", 1 / 1.1,
                            over(decode(model, n, 256), decode(model, n)))
    return lines + figure("load of float32 as int8, 1 thread, GB/s", ".2f", 1,
                          lambda pick: pick(found["load/15M/file"], "bytes_per_second") / 1e9)


def qemu_figures(measured):
    lines = []
    for text, precision, processors, mark in (("int8, 1 CPU", "q8", 1, 60), ("int8, 2 CPUs", "q8", 2, 90),
                                              ("float32, 1 CPU", "f32", 1, 10)):
        samples = Samples()
        for run in booted.of(measured, precision, processors):
            samples.add("tokens/s", run.speed)
        lines += figure(f"QEMU, {text}, tokens/s", ".1f", mark, lambda pick: pick(samples, "tokens/s"))

    def rate(name, processors):
        """Weights that met a token, a second: the best of the runs."""
        return max(run.speed for run in booted.of(measured, name, processors)) * booted.CASES[name][2]

    lines += figure("QEMU, Q4_1 of 135M over int8 of 15M, weights/s", ".0%", 0.6, lambda pick: rate("gguf", 1) / rate("q8", 1))
    return lines + figure("QEMU, Q4_1 of 135M, 2 CPUs over 1", ".2f", 1.75, lambda pick: rate("gguf", 2) / rate("gguf", 1))


def section(title, lines):
    """Prints a section of the table, unless nothing was measured for it."""
    if lines:
        print(f"\n{title}", *lines, sep="\n", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", action="store_true", help="measure this machine only")
    parser.add_argument("--qemu", action="store_true", help="measure the program in QEMU only")
    parser.add_argument("--json", action="store_true", help="print Google Benchmark's JSON; the host part only")
    args, flags = parser.parse_known_args()
    wrong = [flag for flag in flags if not flag.startswith("--benchmark_")]
    if wrong:
        parser.error(f"no option {wrong[0]}")
    if args.json:
        print(host_json(flags), end="")
        return
    figures = []
    if args.host or not args.qemu:
        found = host_samples(host_json(flags))
        for what, title, lines in (
                ("read", "Reading memory again and again, four streams: the read line", read_lines),
                ("decode", "Decode, tokens/s at positions 0..15 and 240..255; of the read line at 0..15", decode_lines),
                ("prompt", "Prompt of 200 tokens, beside decode at 0..15", prompt_lines),
                ("gguf-decode", "GGUF: decode at the ends of contexts of 256 and 2,048, a prompt of 200", gguf_lines),
                ("load", "Loading: a float32 file into int8, GGUF files as they are", load_lines)):
            section(title, names(found, what) and lines(found))
        figures += host_figures(found)
    if args.qemu or not args.host:
        print("measuring in QEMU: about two minutes", file=sys.stderr, flush=True)
        measured = booted.measure()
        section("QEMU's software emulation: the 15M shape, and 135M as GGUF in Q4_1", booted.table(measured))
        figures += qemu_figures(measured)
    section("Figures and their marks, 15M shape", [FIGURES_HEAD, *figures] if figures else [])


if __name__ == "__main__":
    main()
