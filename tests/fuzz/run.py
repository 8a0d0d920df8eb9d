#!/usr/bin/env python3
"""Runs the fuzz targets, as many at a time as there are processors, and prints what each one did and reached.

    ninja fuzz                               every target for 20 s
    FUZZ_SECONDS=600 ninja fuzz              for ten minutes
    tests/fuzz/run.py checkpoint utf --seconds 60
    ninja fuzz-coverage                      which lines all inputs so far reach, by llvm-cov

An input that shows a defect goes to out/fuzz/findings; the command that is printed with it runs it again. New inputs
that reach something new go to out/fuzz/corpus, where the next run begins; the seeds are in tests/fuzz/corpus."""
import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "out/fuzz"
COVERAGE = ROOT / "out/coverage"
# Half again as many executions; what a report then lacks, the same input brings when it is run by itself.
SANITIZER = "malloc_context_size=3:quarantine_size_mb=16"
SECONDS = int(os.environ.get("FUZZ_SECONDS", 20))

# Each target, with the sources that it is there for.
TARGETS = {
    "checkpoint": ("model/formats/llama2c.cpp", "model/formats/llama2c_load.cpp", "model/pack.cpp", "model/transformer.cpp",
                   "model/llama2c_sampler.cpp", "model/chain_sampler.cpp", "rt/source.cpp"),
    "config": ("boot/option_sources.cpp", "boot/options.cpp", "rt/parse.cpp"),
    "encoder": ("model/tokenizers/sentencepiece.cpp",),
    "format": ("rt/format.cpp",),
    "gguf": ("model/formats/gguf.cpp", "model/formats/gguf_header.cpp", "model/formats/gguf_reader.cpp",
             "model/formats/gguf_tensors.cpp", "model/formats/gguf_tokenizer.cpp", "model/formats/stored_types.cpp",
             "model/exact.cpp", "model/pack.cpp"),
    "http": ("boot/server/http.cpp", "boot/server/server.cpp", "boot/server/routes.cpp", "boot/server/answer.cpp",
             "boot/server/outbox.cpp"),
    "json": ("boot/server/json.cpp", "boot/server/job.cpp"),
    "load_options": ("boot/platform/program.cpp", "boot/option_sources.cpp", "boot/options.cpp"),
    "network": ("boot/platform/network/answer.cpp", "boot/platform/network/boot_path.cpp", "boot/platform/network/url.cpp"),
    "program": tuple(sorted(str(path.relative_to(ROOT)) for path in (ROOT / "boot").glob("**/*.cpp"))),
    "tokenizer": ("model/tokenizers/sentencepiece.cpp", "rt/source.cpp"),
    "utf": ("rt/utf.cpp",),
}


@dataclass
class Outcome:
    """What one run of a target did; the numbers are libFuzzer's."""
    target: str
    executions: int = 0
    per_second: int = 0
    edges: int = 0      # branches that were taken
    all_edges: int = 0  # of this many in the program, other parts of its layers included
    inputs: int = 0     # that each reach something of their own
    status: int = 0
    trouble: str = ""   # what was found, and how to run it again
    findings: list = field(default_factory=list)

    def __str__(self):
        return (f"{self.target:14}{self.executions:12,}{self.per_second:9,}/s  {self.edges:6,} of {self.all_edges:6,}"
                f"{self.inputs:8,}{len(self.findings):10}")


HEAD = f"{'target':14}{'executions':>12}{'speed':>11}  {'edges reached':>16}{'inputs':>8}{'findings':>10}"


def number(pattern, log):
    """The last number that the log has in that place."""
    found = re.findall(pattern, log)
    return int(found[-1]) if found else 0


def folders(target):
    """Where inputs are: new ones go to the first."""
    grown = OUT / "corpus" / target
    grown.mkdir(parents=True, exist_ok=True)
    return [grown, HERE / "corpus" / target]


def run_target(target, seconds=SECONDS, program=None):
    """Runs one target and reads libFuzzer's log."""
    program = program or OUT / target
    findings = OUT / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    before = set(findings.iterdir())
    dictionary = HERE / f"{target}.dict"
    log_path = OUT / f"{target}.log"
    with log_path.open("w") as log:
        status = subprocess.run([program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024",
                                 "-print_final_stats=1", f"-artifact_prefix={findings}/{target}-",
                                 *([f"-dict={dictionary}"] if dictionary.exists() else []), *folders(target)],
                                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                env={**os.environ, "ASAN_OPTIONS": SANITIZER}).returncode
    log = log_path.read_text(errors="replace")
    outcome = Outcome(target, number(r"stat::number_of_executed_units:\s+(\d+)", log),
                      number(r"stat::average_exec_per_sec:\s+(\d+)", log), number(r"cov: (\d+)", log),
                      number(r"\((\d+) inline 8-bit counters\)", log), number(r"corp: (\d+)/", log), status)
    outcome.findings = sorted(path for path in set(findings.iterdir()) - before if path.name.startswith(f"{target}-"))
    if status:
        said = re.findall(r"^.*(?:does not hold|runtime error|ERROR: |SUMMARY: ).*$", log, re.M)
        again = [f"again with: {program.relative_to(ROOT)} {path.relative_to(ROOT)}" for path in outcome.findings]
        outcome.trouble = "\n".join([f"{target}: exit status {status}", *(said or log.splitlines()[-20:]), *again])
    return outcome


def fuzz(targets, seconds):
    print(f"{seconds} s for each target\n{HEAD}", flush=True)
    failed = False
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda target: run_target(target, seconds), targets):
            print(outcome, flush=True)
            if outcome.trouble:
                print(outcome.trouble, flush=True)
                failed = True
    return failed


def covered(target):
    """Runs all inputs of a target once and yields (source, lines that were reached, lines)."""
    program, raw, merged = (COVERAGE / f"{target}{end}" for end in ("", ".profraw", ".profdata"))
    subprocess.run([program, "-runs=0", *folders(target)], check=True, capture_output=True,
                   env={**os.environ, "LLVM_PROFILE_FILE": str(raw)})
    subprocess.run(["llvm-profdata", "merge", "-sparse", raw, "-o", merged], check=True)
    report = subprocess.run(["llvm-cov", "export", "-summary-only", program, f"-instr-profile={merged}",
                             *(ROOT / source for source in TARGETS[target])], check=True, capture_output=True).stdout
    for file in json.loads(report)["data"][0]["files"]:
        lines = file["summary"]["lines"]
        yield Path(file["filename"]).resolve().relative_to(ROOT), lines["covered"], lines["count"]


def print_coverage(targets):
    for target in targets:
        print(target, flush=True)
        for source, reached, lines in covered(target):
            print(f"  {str(source):32}{reached:5} of {lines:5} lines {100 * reached / lines:6.1f} %", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)} (all)")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="for each target (%(default)s)")
    parser.add_argument("--coverage", action="store_true", help="print the lines that the inputs so far reach instead")
    arguments = parser.parse_args()
    targets = arguments.targets or list(TARGETS)
    if unknown := set(targets) - set(TARGETS):
        parser.error(f"no fuzz target is called {' or '.join(sorted(unknown))}")
    if arguments.coverage:
        print_coverage(targets)
        return 0
    return fuzz(targets, arguments.seconds)


if __name__ == "__main__":
    sys.exit(main())
