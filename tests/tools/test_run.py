"""tests/run.py: a failure anywhere is counted, also of a program that runs in several processes."""
import importlib.util

import pytest

from support import ROOT

REPORT = '<testsuites><testsuite tests="3" failures="%d" skipped="1"/></testsuites>'


@pytest.fixture
def runner(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("run_tests", ROOT / "tests/run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


@pytest.fixture
def program(tmp_path):
    """What GoogleTest is to the runner: a program that writes a report and ends. `then` is a script; in it, $report is
    where the report goes, $good and $bad are two."""
    def make(then):
        for name, failures in (("good", 0), ("bad", 1)):
            (tmp_path / f"{name}.xml").write_text(REPORT % failures)
        path = tmp_path / "program"
        path.write_text(f'#!/bin/sh\nreport=${{1#*xml:}} good={tmp_path}/good.xml bad={tmp_path}/bad.xml\n'
                        f'echo "shard $GTEST_SHARD_INDEX of $GTEST_TOTAL_SHARDS"\n{then}\n')
        path.chmod(0o755)
        return path
    return make


@pytest.mark.parametrize("then, passed, failed, skipped", [
    ("cp $good $report", 4, 0, 2),
    ("[ $GTEST_SHARD_INDEX = 1 ] && cp $good $report || { cp $bad $report; exit 1; }", 3, 1, 2),
    ("cp $good $report; exit 1", 4, 1, 2),
    ("exit 1", 0, 1, 0),
    ("exit 0", 0, 1, 0),
    ("[ $GTEST_SHARD_INDEX = 1 ] || cp $good $report", 0, 1, 0),
], ids=["passed", "one-failed", "status", "crash", "no-report", "half-a-report"])
def test_shards_are_summed(runner, program, monkeypatch, capsys, then, passed, failed, skipped):
    monkeypatch.setattr(runner.os, "cpu_count", lambda: 2)
    runner.PROGRAMS = {"unit": program(then)}
    assert runner.run("unit", []) == runner.Count(passed, failed, skipped)
    said = capsys.readouterr().out
    assert "shard 0 of 2" in said and "shard 1 of 2" in said


def test_a_program_that_is_not_built_fails(runner, tmp_path, capsys):
    runner.PROGRAMS = {"unit": tmp_path / "gone"}
    assert runner.run("unit", []).failed == 1
    assert "run ninja first" in capsys.readouterr().out


def test_reports_of_an_earlier_run_do_not_count(runner, program):
    runner.PROGRAMS = {"unit": program("cp $good $report")}
    assert runner.run("unit", []).failed == 0
    runner.PROGRAMS = {"unit": program("exit 1")}
    assert runner.run("unit", []) == runner.Count(0, 1, 0)
