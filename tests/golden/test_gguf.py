"""GGUF files through the host program: every type runs on every kernel set with the same bits, and what must be refused
is refused by name."""
import struct
import subprocess

import pytest

import gguf_files
import support
from test_host_golden import kernels

VOCABULARY = len(gguf_files.spm_vocabulary()[0])
NUMBERS = 10 * VOCABULARY  # logits after ten tokens
IDS = "1 261 270 5 300 262 263 19 280 281"


def llama(model, *arguments):
    return subprocess.run([support.built(support.HOST_LLAMA), model, *arguments], capture_output=True, text=True, timeout=120)


def logits(model, folder, *arguments):
    ids, out = folder / "ids", folder / "logits"
    ids.write_text(IDS)
    done = llama(model, "--ids-from", ids, "--logits", out, *arguments)
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


@pytest.mark.parametrize("kind", gguf_files.TYPES)
def test_a_type_gives_the_same_bits_on_every_kernel_set_and_number_of_cores(kind, tmp_path):
    model = gguf_files.model(kind).write(tmp_path / "made.gguf")
    want = logits(model, tmp_path, "--kernel", "scalar")
    assert len(want) == 4 * NUMBERS
    for kernel in kernels():
        for threads in ("1", "2", "4"):
            assert logits(model, tmp_path, "--kernel", kernel, "--threads", threads) == want, (kernel, threads)


@pytest.mark.parametrize("kind", gguf_files.TYPES)
def test_products_are_near_those_of_floats(kind, tmp_path):
    model = gguf_files.model(kind, tied=False, embedding="Q8_0").write(tmp_path / "made.gguf")
    exact = struct.unpack(f"<{NUMBERS}f", logits(model, tmp_path))
    floats = struct.unpack(f"<{NUMBERS}f", logits(model, tmp_path, "--precision", "f32"))
    largest = max(map(abs, floats))
    assert largest > 0
    assert max(abs(a - b) for a, b in zip(exact, floats)) < 2e-3 * largest


@pytest.mark.parametrize("name", gguf_files.REFUSED)
def test_is_refused_by_name(name, tmp_path):
    data, word = gguf_files.refused(name)
    model = tmp_path / "bad.gguf"
    model.write_bytes(data)
    done = llama(model, "-n", "1", "-t", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("llama: ") and "bad.gguf" in done.stderr and word in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("share", (0, 0.0001, 0.01, 0.05, 0.3, 0.9, 0.9999))
def test_a_file_that_ends_too_early_is_refused(share, tmp_path):
    model = tmp_path / "bad.gguf"
    model.write_bytes(gguf_files.cut(share))
    done = llama(model, "-n", "1", "-t", "0")
    assert done.returncode == 1 and "bad.gguf" in done.stderr, done.stderr
