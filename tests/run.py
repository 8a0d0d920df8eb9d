#!/usr/bin/env python3
"""Runs every test and prints the sum as its last line: `N passed, N failed` (and how many were skipped).

    ninja test                     all groups: this is tests/run.py
    tests/run.py boot golden       only these groups: unit, psci, threads, firmware, fuzz, tools, train, golden, boot
    tests/run.py boot -- -k esc    what follows -- goes to pytest

The last line is also in out/test/summary.txt, and each group's results, as JUnit XML, in out/test/GROUP.xml (of unit and
firmware, which run in several processes, GROUP-1.xml and so on).
"""
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "out/test"
PROGRAMS = {"unit": ROOT / "out/check/unit_tests", "firmware": ROOT / "out/check/firmware_tests",
            "psci": ROOT / "out/check/psci_tests", "threads": ROOT / "out/threads/crew_tests"}
GROUPS = ("unit", "psci", "threads", "firmware", "fuzz", "tools", "train", "golden", "boot")  # quick ones first
PYTHON = ROOT / "tools/python"
MODULES = "pytest,pexpect"


@dataclass
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed" + (f", {self.skipped} skipped" if self.skipped else "")


def parallel():
    """Two files of tests at a time, where pytest can do that."""
    return ["-n", "2", "--dist", "loadfile"] if subprocess.run([PYTHON, f"{MODULES},xdist", "-c", ""],
                                                               stderr=subprocess.DEVNULL).returncode == 0 else []


def pytest_command(group, report, extra):
    # Those of tools build, and ninja cannot be in one folder twice.
    return [PYTHON, MODULES, "-m", "pytest", "-q", "-ra", "--tb=short", f"--junitxml={report}",
            *(parallel() if group in ("boot", "golden") else []), *extra, ROOT / "tests" / group]


def run_shards(program, report):
    """A program of GoogleTest's in as many processes as there are processors, each with a share of the tests. Returns
    the exit status and the reports; what a process says is shown when it ends."""
    count = os.cpu_count() or 1
    reports = [report.with_name(f"{report.stem}-{i + 1}.xml") for i in range(count)]
    shards = []
    for i, part in enumerate(reports):
        part.unlink(missing_ok=True)
        shards.append(subprocess.Popen([program, f"--gtest_output=xml:{part}", "--gtest_brief=1"], cwd=ROOT, text=True,
                                       env={**os.environ, "GTEST_TOTAL_SHARDS": str(count), "GTEST_SHARD_INDEX": str(i)},
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace"))
    status = 0
    with ThreadPoolExecutor(count) as pool:
        for shard, said in zip(shards, pool.map(lambda process: process.communicate()[0], shards)):
            print(said, end="", flush=True)
            status = status or shard.returncode
    return status, reports


def counted(report):
    """The sums of a JUnit file; both GoogleTest and pytest write one."""
    total = Count()
    for suite in xml.parse(report).getroot().iter("testsuite"):
        def number(name):
            return int(suite.get(name, 0))
        skipped = number("skipped") + number("disabled")
        failed = number("failures") + number("errors")
        total += Count(number("tests") - failed - skipped, failed, skipped)
    return total


def run(group, extra):
    report = RESULTS / f"{group}.xml"
    report.unlink(missing_ok=True)
    print(f"\n== {group}", flush=True)
    began = time.monotonic()
    reports = [report]
    try:
        if group in PROGRAMS:
            status, reports = run_shards(PROGRAMS[group], report)
        else:
            status = subprocess.run(pytest_command(group, report, extra), cwd=ROOT).returncode
    except OSError as error:
        print(f"{error.filename}: {error.strerror}: run ninja first")
        status = 1
    try:
        count = sum((counted(part) for part in reports), Count())
    except (OSError, xml.ParseError):
        count = Count(failed=1)  # it ended before it could report
    if status and not count.failed:
        count.failed = 1
    print(f"{group}: {count} ({time.monotonic() - began:.0f} s)", flush=True)
    return count


def main():
    arguments = sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    at = arguments.index("--") if "--" in arguments else len(arguments)
    groups, extra = arguments[:at] or GROUPS, arguments[at + 1:]
    for group in groups:
        if group not in GROUPS:
            print(__doc__)
            return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    summary = RESULTS / "summary.txt"
    summary.unlink(missing_ok=True)
    groups = [group for group in groups if group in PROGRAMS or (ROOT / "tests" / group).is_dir()]
    total = sum((run(group, extra) for group in groups), Count())
    summary.write_text(f"{total}\n")
    print(f"\n{total}", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
