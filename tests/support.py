"""What all Python tests share: where things are, and models and tokenizers to test with."""
import array
import contextlib
import functools
import itertools
import json
import os
import random
import struct
import subprocess
from pathlib import Path

import pytest

import llama2c_files
import models

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"
EFI = OUT / "llama.efi"
STANDALONE = OUT / "llama-standalone.efi"
CORE = OUT / "llama-core.efi"
DEBUG = OUT / "llama-debug.efi"
HOST_LLAMA = OUT / "host/llama"
MAKE_CHECKPOINT = OUT / "host/make-checkpoint"
MODELS = OUT / "test/models"
DEFAULT_MODEL = ROOT / "assets/default.bin"
DEFAULT_TOKENIZER = ROOT / "assets/default-tokenizer.bin"
GOLDEN = ROOT / "tests/golden"
VOCABULARY = {"tiny": 288, "gqa": 512, "15M": 32000, "42M": 32000, "110M": 32000}


def shared_or_none(path):
    """A file of ../shared, the data that lies beside a checkout in some places."""
    found = ROOT.parent / "shared" / path
    return found if found.exists() else None


def shared(path):
    """The same; skips the test where the file is not there."""
    return shared_or_none(path) or pytest.skip(f"../shared/{path} is not here")


@functools.cache
def fetched(name):
    """The path of the real model of that name, and None; or None, and why it is not here."""
    beside = ROOT.parent / "shared/data"
    if path := models.find(name, (models.folder(), beside, beside / "gguf")):
        return path, None
    done = subprocess.run([ROOT / "tools/fetch-model", name], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    path = models.find(name)
    return (path, None) if path else (None, (done.stderr.strip() or f"tools/fetch-model {name} fails").splitlines()[0])


def real_model(name):
    """The path of a model that tools/fetch-model knows by name: where it fetched it earlier, else in ../shared, else it is
    fetched now. Skips the test where it cannot be had."""
    path, why = fetched(name)
    return path or pytest.skip(f"{name} cannot be had: {why}")


def built(program):
    """A program of ours, or the advice to build it."""
    if not program.exists():
        pytest.fail(f"{program.relative_to(ROOT)} is not built: run ninja", pytrace=False)
    return program


@contextlib.contextmanager
def replaced(path):
    """A name to write a file to that becomes `path` when it is whole: two test processes may make it at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    yield unfinished
    unfinished.replace(path)


def checkpoint(shape, version=0, seed=1):
    """A llama2.c checkpoint with made-up weights, the same bytes everywhere; kept in out/test/models. The shape
    "default" is the model of assets/."""
    if shape == "default":
        return DEFAULT_MODEL
    path = MODELS / f"{shape}-v{version}-seed{seed}.bin"
    maker = built(MAKE_CHECKPOINT)
    if not path.exists() or path.stat().st_mtime < maker.stat().st_mtime:
        with replaced(path) as unfinished:
            subprocess.run([maker, shape, unfinished, "--version", str(version), "--seed", str(seed)], check=True)
    return path


def chat_model():
    """A GGUF file of a small model with made-up weights and a chat template; kept in out/test/models."""
    path, maker = MODELS / "chat.gguf", built(MAKE_CHECKPOINT)
    if not path.exists() or path.stat().st_mtime < maker.stat().st_mtime:
        with replaced(path) as unfinished:
            subprocess.run([maker, "chat", unfinished], check=True)
    return path


def sensitive_checkpoint(changed=None):
    """A llama2.c checkpoint that, in float32, says the same only where arithmetic is the same to the last bit: it is
    deep, each of its 40 layers weighs as much as all before it, and attention is sharp, so that an error grows from
    layer to layer until it decides on the first token that is drawn. changed: of the first layer, the first
    "weight" or "norm" has another last bit."""
    path = MODELS / f"sensitive{'-' + changed if changed else ''}.bin"
    dim, hidden, layers, heads, vocabulary, context = 32, 64, 40, 4, 288, 64
    numbers = random.Random(1)

    def matrices(rows, columns, size):
        return [array.array("f", (numbers.uniform(-1, 1) * size(layer) * (3 / columns) ** 0.5
                                  for _ in range(rows * columns))) for layer in range(layers)]

    embedding = array.array("f", (numbers.uniform(-1.7, 1.7) for _ in range(vocabulary * dim)))
    query, key = (matrices(dim, dim, lambda _: 4) for _ in range(2))
    value, out = matrices(dim, dim, lambda _: 1), matrices(dim, dim, lambda layer: 2 * 2**layer)
    w1, w3 = (matrices(hidden, dim, lambda _: 4) for _ in range(2))
    w2 = matrices(dim, hidden, lambda layer: 2**layer)
    norms = array.array("f", [1]) * (layers * dim)
    last_norm, unused = array.array("f", [3]) * dim, array.array("f", [0]) * (context * dim // heads)
    first_norms = norms[:]
    if changed:
        values = {"weight": w1[0], "norm": first_norms}[changed]
        bits, = struct.unpack("<i", struct.pack("<f", values[0]))
        values[0], = struct.unpack("<f", struct.pack("<i", bits ^ 1))
    tensors = {"embedding": [embedding], "attn_norm": [first_norms], "wq": query, "wk": key, "wv": value, "wo": out,
               "ffn_norm": [norms], "w1": w1, "w2": w2, "w3": w3, "final_norm": [last_norm], "rope": [unused]}
    data = llama2c_files.checkpoint((dim, hidden, layers, heads, heads, vocabulary, context),
                                    lambda name: b"".join(tensor.tobytes() for tensor in tensors[name]))
    if not path.exists() or path.read_bytes() != data:
        with replaced(path) as unfinished:
            unfinished.write_bytes(data)
    return path


def tokenizer_pieces(vocabulary):
    """A made-up vocabulary: the control tokens and bytes of every LLaMA-2 tokenizer, the letters, then all pairs of
    letters, all triples, and so on until there are enough."""
    letters = " abcdefghijklmnopqrstuvwxyz.,"
    yield from ("<unk>", "\n<s>\n", "\n</s>\n")
    yield from llama2c_files.byte_pieces()
    left = vocabulary - 3 - 256
    words = itertools.chain.from_iterable(itertools.product(letters, repeat=n) for n in itertools.count(1))
    yield from ("".join(word) for word in itertools.islice(words, left))


def tokenizer_bytes(vocabulary):
    """The file tokenizer.bin of that vocabulary."""
    return llama2c_files.tokenizer(tokenizer_pieces(vocabulary))


def tokenizer(vocabulary):
    """The path of that file in out/test/models."""
    path = MODELS / f"tokenizer{vocabulary}.bin"
    data = tokenizer_bytes(vocabulary)
    if not path.exists() or path.read_bytes() != data:
        with replaced(path) as unfinished:
            unfinished.write_bytes(data)
    return path


def words_of(shape):
    """The tokenizer of the checkpoint of that shape."""
    return DEFAULT_TOKENIZER if shape == "default" else tokenizer(VOCABULARY[shape])


def llama2c_cases(engine="run", model=None):
    """What llama2.c printed, from ../shared, or nothing where that is not here."""
    path = shared_or_none("golden/llama2c.json")
    cases = json.loads(path.read_text(encoding="utf-8"))["generate"] if path else []
    return [case for case in cases if case["engine"] == engine and model in (None, case["model"])]


def own_cases():
    """The cases of tests/golden/*.json, each with the shape of its model."""
    for path in sorted(GOLDEN.glob("*.json")):
        golden = json.loads(path.read_text(encoding="utf-8"))
        for case in golden["cases"]:
            yield {**case, "shape": golden["shape"]}


def case_name(case):
    """A readable name for a golden case: the test's id."""
    model = case.get("shape") or Path(case["model"]).stem
    sampling = "greedy" if case["temperature"] == 0 else f"t{case['temperature']}-p{case['topp']}-s{case['seed']}"
    prompt = "-".join(case["prompt"].split()[:3]) or "no-prompt"
    return f"{model}-{sampling}-{prompt}-{case.get('precision') or case['engine']}"


def sampling_arguments(case):
    """llama2.c's flags for a golden case."""
    return ["-t", str(case["temperature"]), "-p", str(case["topp"]), "-s", str(case["seed"]), "-n", str(case["steps"])]
