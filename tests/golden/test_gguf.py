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


@pytest.mark.parametrize("count", (1, 2, 3, 10, 12))
def test_a_split_model_says_what_the_whole_one_says(count, tmp_path):
    file = gguf_files.model("Q4_K", tied=False)  # 12 tensors: in twelve files, each has one
    whole = logits(file.write(tmp_path / "whole.gguf"), tmp_path)
    assert logits(gguf_files.split(file, count, tmp_path), tmp_path) == whole


def test_the_first_file_of_a_split_model_may_have_no_tensors(tmp_path):
    file = gguf_files.model()
    whole = logits(file.write(tmp_path / "whole.gguf"), tmp_path)
    for number, tensors in enumerate(([], file.tensors)):
        part = gguf_files.File()
        part.metadata = dict(file.metadata) if number == 0 else {}
        for key, width, content in (("no", gguf_files.U16, number), ("count", gguf_files.U16, 2),
                                    ("tensors.count", gguf_files.I32, len(file.tensors))):
            part.set(f"split.{key}", width, content)
        part.tensors = tensors
        part.write(gguf_files.part_path(tmp_path, "empty", number + 1, 2))
    assert logits(gguf_files.part_path(tmp_path, "empty", 1, 2), tmp_path) == whole


def _remove(path):
    path.unlink()


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _swap(path):
    """The third file under the second one's name."""
    path.write_bytes(path.with_name(path.name.replace("00002-of", "00003-of")).read_bytes())


def _other_model(path):
    path.write_bytes(gguf_files.model().bytes())


def _not_gguf(path):
    path.write_bytes(b"nothing of the kind")


@pytest.mark.parametrize("spoil, words", ((_remove, "No such file"), (_cut, "cut short"), (_swap, "split.no"),
                                          (_other_model, "split.no"), (_not_gguf, "not a GGUF file")),
                         ids=lambda value: getattr(value, "__name__", None))
def test_what_is_wrong_with_a_further_file_is_said_with_its_name(spoil, words, tmp_path):
    first = gguf_files.split(gguf_files.model(), 3, tmp_path)
    spoil(gguf_files.part_path(tmp_path, "split", 2, 3))
    done = llama(first, "-n", "1", "-t", "0")
    assert done.returncode == 1 and "split-00002-of-00003.gguf" in done.stderr and words in done.stderr, done.stderr


def test_a_split_model_must_be_whole(tmp_path):
    first = gguf_files.split(gguf_files.model(), 2, tmp_path)
    last = gguf_files.part_path(tmp_path, "split", 2, 2)
    done = llama(last, "-n", "1", "-t", "0")
    assert done.returncode == 1 and "split.no says that this is a further file" in done.stderr, done.stderr
    renamed = first.rename(tmp_path / "renamed.gguf")
    done = llama(renamed, "-n", "1", "-t", "0")
    assert done.returncode == 1 and "renamed.gguf: the model is split over 2 files; the name" in done.stderr, done.stderr
    good = gguf_files.split(gguf_files.model(), 2, tmp_path)
    part = gguf_files.File()
    part.tensors = gguf_files.model().tensors[-1:]
    part.set("split.no", gguf_files.U16, 1)
    part.set("split.count", gguf_files.U16, 2)
    part.write(last)
    done = llama(good, "-n", "1", "-t", "0")
    assert done.returncode == 1 and "split.tensors.count is 11, but all files together have 6" in done.stderr, done.stderr


@pytest.mark.parametrize("tokenizer", ("llama", "gpt2"))
def test_the_first_token_of_a_tiny_vocabulary_is_in_it(tokenizer, tmp_path):
    """BOS, where the file does not name it, is 1 or 11 by custom."""
    file = gguf_files.model("F32")
    file.tensor("token_embd.weight").dims[1] = 1
    file.tensor("token_embd.weight").data = file.tensor("token_embd.weight").data[:4 * 256]
    for key in ("bos_token_id", "eos_token_id", "scores", "token_type"):
        del file.metadata[f"tokenizer.ggml.{key}"]
    file.set("tokenizer.ggml.model", gguf_files.STRING, tokenizer)
    file.set("tokenizer.ggml.pre", gguf_files.STRING, "gpt-2")
    file.set("tokenizer.ggml.tokens", gguf_files.ARRAY, (gguf_files.STRING, ["a"]))
    done = llama(file.write(tmp_path / "tiny.gguf"), "--top", "1")
    assert done.stdout.startswith("0 0 "), (done.returncode, done.stderr)  # position 0, token 0
