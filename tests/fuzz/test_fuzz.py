"""Every fuzz target for 6 s (or FUZZ_SECONDS), from the seeds in the tree: no input may show a defect."""
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import run as fuzz  # noqa: E402

SECONDS = int(os.environ.get("FUZZ_SECONDS", 6))


def has_fuzzer():
    """Apple's clang, for one, comes without libFuzzer."""
    source = 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, decltype(sizeof 0)) { return 0; }'
    return subprocess.run(["clang++", "-fsanitize=fuzzer", "-x", "c++", "-", "-o", os.devnull], input=source.encode(),
                          capture_output=True).returncode == 0


@pytest.fixture(scope="session")
def outcomes(request):
    """The runs of all targets that were asked for, as many at a time as there are processors."""
    asked = [item.callspec.params["target"] for item in request.session.items if "outcomes" in item.fixturenames]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {target: pool.submit(fuzz.run_target, target, SECONDS) for target in asked if (fuzz.OUT / target).exists()}
        yield runs
    with request.config.pluginmanager.get_plugin("capturemanager").global_and_fixture_disabled():
        print("", fuzz.HEAD, *(run.result() for run in runs.values()), sep="\n")


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_no_input_shows_a_defect(target, outcomes):
    if target not in outcomes:
        if not has_fuzzer():
            pytest.skip("clang++ here has no libFuzzer; that of LLVM's own releases has")
        pytest.fail(f"out/fuzz/{target} is not built: run ninja", pytrace=False)
    outcome = outcomes[target].result()
    assert not outcome.trouble, outcome.trouble
    seeds = len(list((fuzz.HERE / "corpus" / target).iterdir()))
    assert outcome.executions > seeds, "it hardly ran"


def test_a_finding_is_told_with_the_command_that_shows_it_again(tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "ROOT", tmp_path)
    monkeypatch.setattr(fuzz, "OUT", tmp_path / "out/fuzz")
    program = tmp_path / "out/fuzz/utf"
    program.parent.mkdir(parents=True)
    program.write_text("""#!/bin/sh
for argument; do case $argument in -artifact_prefix=*) prefix=${argument#*=} ;; esac; done
echo 'INFO: Loaded 1 modules   (1234 inline 8-bit counters): 1234 [0x1, 0x2),'
echo '#8	INITED cov: 312 ft: 561 corp: 7/124b exec/s: 0 rss: 31Mb'
echo 'tests/fuzz/utf_fuzz.cpp:1: does not hold: two is one'
echo 'stat::number_of_executed_units: 1789'
touch "${prefix}crash-0"
exit 77
""")
    program.chmod(0o755)
    outcome = fuzz.run_target("utf", 1, program)
    assert (outcome.executions, outcome.edges, outcome.all_edges, outcome.inputs) == (1789, 312, 1234, 7)
    assert outcome.trouble.splitlines() == ["utf: exit status 77",
                                            "tests/fuzz/utf_fuzz.cpp:1: does not hold: two is one",
                                            "again with: out/fuzz/utf out/fuzz/findings/utf-crash-0"]
