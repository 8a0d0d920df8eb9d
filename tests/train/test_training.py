"""The trainer itself, on a toy: it learns, survives a kill to the last bit, and its files mean the same model."""
import csv
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

np = pytest.importorskip("numpy", reason="NumPy is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")

import checkpoint  # noqa: E402
import optimizer  # noqa: E402
import precision  # noqa: E402
from optimizer import orthogonalise  # noqa: E402
from tokenizer import train  # noqa: E402

TRAIN = Path(__file__).resolve().parents[2] / "tools/train/train.py"
STORIES = [f"Once there was a cat who had {n} mice and {n + 1} friends.\nThe end." for n in range(60)]


def run(folder, tokens, **options):
    arguments = {"text": folder / "stories.txt", "tokenizer": folder / "tokenizer.bin", "out": folder / "run",
                 "hold-out": 5, "dim": 32, "hidden-dim": 64, "layers": 2, "context": 64, "group-size": 32,
                 "tokens": tokens, "finish-tokens": 2000, "batch-tokens": 256, "threads": 1, "device": "cpu",
                 "precision": "float32", **options}
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


def test_a_run_with_a_time_ends_at_that_time_and_with_the_rate_at_zero(folder):
    began = time.monotonic()
    run(folder, 1e9, minutes=0.1)
    assert 6 <= time.monotonic() - began < 60
    with open(folder / "run/log.csv", newline="") as file:
        rates = [float(row["rate"]) for row in csv.DictReader(file)]
    assert max(rates) > 0 and rates[-1] == 0
    assert (folder / "run/model-int8.bin").exists()


def test_time_that_passes_between_two_starts_counts(folder):
    run(folder, 1e9, minutes=0.05)
    output = run(folder, 1e9, minutes=0.05)
    assert "going on from step" in output and "left" not in output


def test_a_run_goes_on_in_the_precision_that_it_began_in(folder):
    slow = "bfloat16" if precision.faster("cpu") == torch.float32 else "float32"
    run(folder, 1000, precision=slow)
    path = folder / "run/checkpoint.pt"
    assert torch.load(path)["dtype"] == getattr(torch, slow)
    assert f"in torch.{slow}" in run(folder, 2000, precision="faster")


def newton_schulz(x):
    """The five steps of Muon's paper in double precision."""
    x = x / np.linalg.norm(x)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


@pytest.mark.parametrize("dtype, least, most", ((torch.float32, 0, 1e-4), (torch.bfloat16, 1e-4, 0.1)))
def test_orthogonalised_matrices_are_as_exact_as_their_type(dtype, least, most):
    x = torch.randn(3, 32, 48, generator=torch.Generator().manual_seed(1))
    result = orthogonalise(x, dtype)
    assert result.dtype == torch.float32
    error = np.abs(result.numpy() - np.stack([newton_schulz(matrix) for matrix in x.double().numpy()])).max()
    assert least <= error < most
    singular = torch.linalg.svdvals(result)
    assert singular.min() > 0.5 and singular.max() < 1.3


def test_muon_multiplies_in_the_type_that_it_was_given():
    kinds = []
    weight = torch.nn.Parameter(torch.eye(4, 8))
    with mock.patch.object(optimizer, "orthogonalise", side_effect=lambda x, dtype: kinds.append(dtype) or x):
        for dtype in (torch.float32, torch.bfloat16):
            weight.grad = torch.ones(4, 8)
            optimizer.Muon([weight], lr=0.01, dtype=dtype).step()
    assert kinds == [torch.float32, torch.bfloat16]


def test_the_faster_type_is_the_one_that_takes_less_time():
    for slow, fast in ((torch.bfloat16, torch.float32), (torch.float32, torch.bfloat16)):
        with mock.patch.object(precision, "seconds_to_multiply", lambda _, dtype: 2.0 if dtype == slow else 1.0):
            assert precision.faster("cpu") == fast
