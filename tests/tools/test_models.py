"""tools/models.py: which file a name stands for, and that what is known by name is fetched where it is missing."""
import subprocess

import pytest

import models
from support import ROOT

KNOWN = {"Small-1M": (models.Download("http://127.0.0.1/", "folder/small-1m.Q4_1.gguf", 5),)}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder of models, one that is known, and in place of fetch-model a script that makes its file."""
    folder = tmp_path / "models"
    folder.mkdir()
    script = tmp_path / "fetch"
    script.write_text(f'#!/bin/sh\n[ "$1" = Small-1M ] || exit 1\nprintf small > {folder}/small-1m.Q4_1.gguf\n')
    script.chmod(0o755)
    monkeypatch.setenv("LLAMA_MODELS", str(folder))
    monkeypatch.setattr(models, "MODELS", KNOWN)
    monkeypatch.setattr(models, "FETCH", script)
    return folder


@pytest.mark.parametrize("name", ["Small-1M", "small-1m.Q4_1.gguf"])
def test_what_is_known_is_fetched_once(cache, name):
    with pytest.raises(models.ModelError, match="tools/fetch-model Small-1M fetches it"):
        models.named(name)
    assert models.fetched(name) == cache / "small-1m.Q4_1.gguf"
    models.FETCH.unlink()
    assert models.fetched(name) == models.named(name) == cache / "small-1m.Q4_1.gguf"


def test_what_cannot_be_fetched_is_said(cache):
    models.FETCH.write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(models.ModelError, match="Small-1M could not be fetched"):
        models.fetched("Small-1M")


def test_a_path_is_a_path(cache, tmp_path):
    own = tmp_path / "small-1m.Q4_1.gguf"
    own.write_text("own")
    assert models.fetched(str(own)) == own
    assert models.fetched("other.bin").name == "other.bin"


@pytest.mark.parametrize("goals", [[], ["arch=aarch64"], ["model=SmolLM2-135M-Instruct.Q4_1.gguf"],
                                   ["arch=aarch64", "model=SmolLM2-135M-Instruct"]])
def test_goals_of_ninja_are_known(goals):
    """That ninja takes them; what they mean, tools/run reads off the command line of that ninja."""
    asked = subprocess.run(["ninja", "-n", "run", *goals], cwd=ROOT, capture_output=True, text=True)
    assert asked.returncode == 0, asked.stdout + asked.stderr
