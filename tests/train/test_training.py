"""The trainer itself, on a toy: it learns, survives a kill to the last bit, and its files mean the same model."""
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import checkpoint  # noqa: E402
from tokenizer import train  # noqa: E402

TRAIN = Path(__file__).resolve().parents[2] / "tools/train/train.py"
STORIES = [f"Once there was a cat who had {n} mice and {n + 1} friends.\nThe end." for n in range(60)]


def run(folder, tokens, **options):
    arguments = {"text": folder / "stories.txt", "tokenizer": folder / "tokenizer.bin", "out": folder / "run",
                 "hold-out": 5, "dim": 32, "hidden-dim": 64, "layers": 2, "context": 64, "group-size": 32,
                 "tokens": tokens, "finish-tokens": 2000, "batch-tokens": 256, "threads": 1, "device": "cpu", **options}
    command = [sys.executable, TRAIN] + [str(x) for name, value in arguments.items() for x in (f"--{name}", value)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "stories.txt").write_text("\n<|endoftext|>\n".join(STORIES))
    train(STORIES, vocab_size=400).save(tmp_path / "tokenizer.bin")
    return tmp_path


def test_a_toy_model_learns_and_its_two_files_agree(folder):
    output = run(folder, 12000)
    measured = [float(line.split("held out ")[1].split()[0]) for line in output.splitlines() if "bits/byte" in line]
    assert measured[-1] < 0.7 * measured[0]
    full, small = (checkpoint.load_model(folder / "run" / name) for name in ("model-f32.bin", "model-int8.bin"))
    tokens = torch.tensor([[1, 300, 310, 320]])
    with torch.no_grad():
        assert torch.allclose(full(tokens), small(tokens), atol=0.1)


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(folder):
    run(folder, 6000, out=folder / "whole")
    whole = torch.load(folder / "whole/checkpoint.pt")
    # A run of fewer tokens is the same run stopped early, as long as both stay in the first phase.
    run(folder, 3000, **{"finish-tokens": 0})
    run(folder, 6000)
    stopped = torch.load(folder / "run/checkpoint.pt")
    assert stopped["step"] == whole["step"] and stopped["tokens"] == whole["tokens"]
    assert all(torch.equal(stopped["model"][name], whole["model"][name]) for name in whole["model"])
