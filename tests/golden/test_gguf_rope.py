"""How positions are told: RoPE's base and scaling, rope_freqs.weight (Llama 3), heads that are longer than dim / heads, and an
output of its own, against a naive reference in double precision."""
import math
import random
import struct
import subprocess

import pytest

import gguf_files
import support

DIM, HEADS, TOKENS = 32, 2, 8
IDS = random.Random(5).choices(range(TOKENS), k=20)


class Reference:
    """The last logits of a model of one layer, as the paper has it."""

    def __init__(self, file):
        self.tensors = {t.name: (t.dims, struct.unpack(f"<{len(t.data) // 4}f", t.data)) for t in file.tensors}
        self.keys = {key: content for key, (_, content) in file.metadata.items()}
        self.length = self.keys.get("llama.attention.key_length", DIM // HEADS)

    def vector(self, name):
        return self.tensors[name][1]

    def times(self, name, x):
        (columns, rows), numbers = self.tensors[name]
        return [sum(numbers[row * columns + i] * x[i] for i in range(columns)) for row in range(rows)]

    def norm(self, name, x):
        scale = 1 / math.sqrt(sum(v * v for v in x) / len(x) + self.keys["llama.attention.layer_norm_rms_epsilon"])
        return [v * scale * gain for v, gain in zip(x, self.vector(name))]

    def turned(self, head, position):
        base = self.keys.get("llama.rope.freq_base", 10000.0)
        factor = self.keys.get("llama.rope.scaling.factor") or self.keys.get("llama.rope.scale_linear") or 1
        divisors = self.vector("rope_freqs.weight") if "rope_freqs.weight" in self.tensors else [1] * (self.length // 2)
        out = []
        for pair, divisor in enumerate(divisors):
            angle = position * base ** (-2 * pair / self.length) / divisor / factor
            a, b = head[2 * pair], head[2 * pair + 1]
            out += [a * math.cos(angle) - b * math.sin(angle), a * math.sin(angle) + b * math.cos(angle)]
        return out

    def logits(self, ids):
        keys, values = [], []
        for position, token in enumerate(ids):
            x = list(self.vector("token_embd.weight")[token * DIM:(token + 1) * DIM])
            h = self.norm("blk.0.attn_norm.weight", x)
            q, k, v = (self.times(f"blk.0.attn_{name}.weight", h) for name in "qkv")
            keys.append(self.turned(k, position))  # one head of keys and values, shared by both of queries
            values.append(v)
            attended = []
            for head in range(HEADS):
                turned = self.turned(q[head * self.length:(head + 1) * self.length], position)
                scores = [sum(a * b for a, b in zip(turned, key)) / math.sqrt(self.length) for key in keys]
                weights = [math.exp(score - max(scores)) for score in scores]
                attended += [sum(w * v[i] for w, v in zip(weights, values)) / sum(weights) for i in range(self.length)]
            x = [a + b for a, b in zip(x, self.times("blk.0.attn_output.weight", attended))]
            h = self.norm("blk.0.ffn_norm.weight", x)
            gate, up = self.times("blk.0.ffn_gate.weight", h), self.times("blk.0.ffn_up.weight", h)
            hidden = [g / (1 + math.exp(-g)) * u for g, u in zip(gate, up)]
            x = [a + b for a, b in zip(x, self.times("blk.0.ffn_down.weight", hidden))]
        classifier = "output.weight" if "output.weight" in self.tensors else "token_embd.weight"
        return self.times(classifier, self.norm("output_norm.weight", x))


def made(key_length=None, untied=False, freqs=False, sharp=40, **keys):
    """A model whose attention is sharp, so that positions decide what it says."""
    file = gguf_files.small("F32")
    if key_length:
        file.set("llama.attention.key_length", gguf_files.U32, key_length)
    for key, number in keys.items():
        file.set(f"llama.rope.{key.replace('__', '.')}", gguf_files.F32, number)
    draw, length = random.Random(3), key_length or DIM // HEADS
    shapes = {"blk.0.attn_q.weight": (DIM, HEADS * length), "blk.0.attn_k.weight": (DIM, length),
              "blk.0.attn_v.weight": (DIM, length), "blk.0.attn_output.weight": (HEADS * length, DIM)}
    if untied:
        file.tensors.append(gguf_files.Tensor("output.weight", (DIM, TOKENS), "F32",
                                              gguf_files.blocks("F32", DIM * TOKENS, draw)))
    if freqs:
        file.tensors.append(gguf_files.Tensor("rope_freqs.weight", (length // 2,), "F32", struct.pack(
            f"<{length // 2}f", *(1 if pair < 2 else 32 if pair > 4 else 5.5 for pair in range(length // 2)))))
    for name, dims in shapes.items():
        tensor = file.tensor(name)
        size = dims[0] * dims[1]
        tensor.dims = list(dims)
        scale = sharp / 10 if name[11] in "qk" else 1
        tensor.data = struct.pack(f"<{size}f", *(draw.uniform(-scale, scale) for _ in range(size)))
    return file


def logits(file, folder, *arguments):
    (folder / "ids").write_text(" ".join(map(str, IDS)))
    done = subprocess.run([support.built(support.HOST_LLAMA), file.write(folder / "made.gguf"), "--ids-from", folder / "ids",
                           "--logits", folder / "logits", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return struct.unpack(f"<{TOKENS}f", (folder / "logits").read_bytes()[-4 * TOKENS:])


def distance(a, b):
    return max(abs(x - y) for x, y in zip(a, b)) / max(map(abs, b))


KINDS = {"plain": {}, "llama-3": dict(freqs=True, freq_base=500000.0), "linear": dict(scaling__factor=4.0),
         "older-linear": dict(scale_linear=2.0), "base": dict(freq_base=100000.0), "long-heads": dict(key_length=24),
         "untied": dict(untied=True), "all": dict(freqs=True, scaling__factor=2.0, key_length=20, untied=True)}


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_a_naive_reference(kind, tmp_path):
    file = made(**KINDS[kind])
    want = Reference(file).logits(IDS)
    assert distance(logits(file, tmp_path), want) < 1e-4
    assert distance(logits(file, tmp_path, "--threads", "2"), want) < 1e-4


def test_the_scaling_is_seen_in_the_logits():
    """Otherwise the test above would say nothing."""
    plain = Reference(made()).logits(IDS)
    for kind in ("llama-3", "linear", "older-linear", "base"):
        assert distance(Reference(made(**KINDS[kind])).logits(IDS), plain) > 1e-2, kind


@pytest.mark.parametrize("wrong", (0.0, -1.0, float("nan"), float("inf")))
def test_divisors_that_are_not_positive_are_refused(wrong, tmp_path):
    file = made(freqs=True)
    tensor = file.tensor("rope_freqs.weight")
    tensor.data = struct.pack("<f", wrong) + tensor.data[4:]
    done = subprocess.run([support.HOST_LLAMA, file.write(tmp_path / "bad.gguf"), "-n", "1"], capture_output=True, text=True)
    assert done.returncode == 1 and "bad.gguf: rope_freqs.weight holds" in done.stderr, done.stderr
