"""Every tool can be started, and says how it is used before anything else: without packages, a build or a network."""
import os
import subprocess
import sys

import pytest

from support import ROOT

NO_HELP = {"tools/python",             # hands its arguments on
           "tools/build/stays-below"}  # a step of the build
OTHERS = ("setup.sh", "tests/run.py", "tests/fuzz/run.py")


def scripts():
    """The files of tools/ that say what runs them, and what else a person starts."""
    files = [path for path in (ROOT / "tools").rglob("*")
             if path.is_file() and not {"__pycache__", "see"} & set(path.parts)]
    found = [path for path in (*files, *(ROOT / name for name in OTHERS)) if path.read_bytes()[:2] == b"#!"]
    return sorted(str(path.relative_to(ROOT)) for path in found)


@pytest.mark.parametrize("script", scripts())
def test_a_script_is_executable(script):
    assert os.access(ROOT / script, os.X_OK), f"chmod +x {script}"


@pytest.mark.parametrize("script", [name for name in scripts() if name not in NO_HELP])
def test_help_needs_nothing(script, tmp_path):
    """python3 is one without any package but its own, and nothing else is on the path."""
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    for name in ("bash", "sh", "env", "sed", "dirname", "uname"):
        (tmp_path / name).symlink_to(f"/bin/{name}" if os.path.exists(f"/bin/{name}") else f"/usr/bin/{name}")
    done = subprocess.run([ROOT / script, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, env={"PATH": str(tmp_path), "HOME": str(tmp_path),
                                                         "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == 0, done.stderr
    assert script.rpartition("/")[2] in done.stdout, "it does not show how it is called"


def test_a_script_that_runs_by_name_is_one_that_says_what_runs_it():
    """A tool without its first line would be taken for a module here, and never looked at."""
    tools = [path for path in (ROOT / "tools").iterdir() if path.is_file() and os.access(path, os.X_OK)]
    assert len(tools) > 8
    assert not [path.name for path in tools if path.read_bytes()[:2] != b"#!"]
