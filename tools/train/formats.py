"""llama2.c's model files v0 (float32) and v2 (int8 in groups, "Q8_0"), read and written with NumPy alone.

Weights are a dictionary of float32 arrays, matrices as [outputs, inputs] and one array for all layers:

    embedding      [vocab_size, dim]       w1, w3         [n_layers, hidden_dim, dim]
    wq, wo         [n_layers, dim, dim]    w2             [n_layers, dim, hidden_dim]
    wk, wv         [n_layers, kv_dim, dim] attention_norm, feed_forward_norm  [n_layers, dim]
    classifier     [vocab_size, dim], only where it is not the embedding      norm  [dim]
"""
import struct
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

import numpy as np

Weights = Dict[str, np.ndarray]

_MAGIC = b"24ka"
_HEADER_SIZE = 256
_V0_ORDER = ("embedding", "attention_norm", "wq", "wk", "wv", "wo", "feed_forward_norm", "w1", "w2", "w3", "norm")
_V2_NORMS = ("attention_norm", "feed_forward_norm", "norm")
_V2_MATRICES = ("embedding", "wq", "wk", "wv", "wo", "w1", "w2", "w3")


class Shape(NamedTuple):
    """The seven numbers in the header, in file order."""
    dim: int
    hidden_dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    vocab_size: int
    seq_len: int

    @property
    def head_dim(self) -> int:
        return self.dim // self.n_heads

    def arrays(self) -> Dict[str, Tuple[int, ...]]:
        """The shape of every array but the classifier."""
        kv_dim, layers = self.head_dim * self.n_kv_heads, self.n_layers
        return {
            "embedding": (self.vocab_size, self.dim),
            "attention_norm": (layers, self.dim), "feed_forward_norm": (layers, self.dim), "norm": (self.dim,),
            "wq": (layers, self.dim, self.dim), "wo": (layers, self.dim, self.dim),
            "wk": (layers, kv_dim, self.dim), "wv": (layers, kv_dim, self.dim),
            "w1": (layers, self.hidden_dim, self.dim), "w3": (layers, self.hidden_dim, self.dim),
            "w2": (layers, self.dim, self.hidden_dim),
        }


def quantise(matrix: np.ndarray, group: int) -> Tuple[np.ndarray, np.ndarray]:
    """int8 [n] and float32 scales [n / group]: the largest of a group becomes +-127, ties round to even."""
    rows = matrix.astype(np.float32).reshape(-1, group)
    scale = np.abs(rows).max(axis=1) / np.float32(127)
    safe = np.where(scale > 0, scale, np.float32(1))
    return np.rint(rows / safe[:, None]).astype(np.int8).reshape(-1), scale


def dequantise(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """float32 [n] again."""
    return (values.reshape(len(scale), -1) * scale[:, None]).reshape(-1)


def write_v0(path: Path, shape: Shape, weights: Weights) -> None:
    """float32, with the two RoPE tables that the format has room for."""
    shared = "classifier" not in weights
    header = struct.pack("<7i", *shape._replace(vocab_size=shape.vocab_size if shared else -shape.vocab_size))
    frequencies = 10000.0 ** (-np.arange(0, shape.head_dim, 2) / shape.head_dim)
    angles = np.outer(np.arange(shape.seq_len), frequencies)
    arrays = [weights[name] for name in _V0_ORDER] + [np.cos(angles), np.sin(angles)]
    arrays += [] if shared else [weights["classifier"]]
    Path(path).write_bytes(header + b"".join(array.astype("<f4").tobytes() for array in arrays))


def write_v2(path: Path, shape: Shape, weights: Weights, group: int = 64) -> None:
    """int8 in groups of `group` weights; a group never straddles two rows of a matrix."""
    if shape.dim % group or shape.hidden_dim % group:
        raise ValueError(f"group size {group} does not divide dim {shape.dim} and hidden_dim {shape.hidden_dim}")
    shared = "classifier" not in weights
    parts = [(_MAGIC + struct.pack("<i7iBi", 2, *shape, shared, group)).ljust(_HEADER_SIZE, b"\0")]
    parts += [weights[name].astype("<f4").tobytes() for name in _V2_NORMS]
    for name in _V2_MATRICES + (() if shared else ("classifier",)):
        array = weights[name]
        for matrix in array if array.ndim == 3 else [array]:
            values, scale = quantise(matrix, group)
            parts += [values.tobytes(), scale.astype("<f4").tobytes()]
    Path(path).write_bytes(b"".join(parts))


def read(path: Path) -> Tuple[Shape, Weights]:
    """A v0 or v2 file; int8 weights come back as the float32 numbers that they stand for."""
    raw = Path(path).read_bytes()
    return _read_v2(raw) if raw[:4] == _MAGIC else _read_v0(raw)


def _read_v0(raw: bytes) -> Tuple[Shape, Weights]:
    shape = Shape(*struct.unpack_from("<7i", raw))
    shared, shape = shape.vocab_size > 0, shape._replace(vocab_size=abs(shape.vocab_size))
    data, at, weights = np.frombuffer(raw, "<f4", offset=28), 0, {}
    sizes = shape.arrays()
    for name in _V0_ORDER:
        count = int(np.prod(sizes[name]))
        weights[name] = data[at:at + count].reshape(sizes[name])
        at += count
    if not shared:
        weights["classifier"] = data[at + shape.seq_len * shape.head_dim:].reshape(sizes["embedding"])
    return shape, weights


def _read_v2(raw: bytes) -> Tuple[Shape, Weights]:
    version, *numbers, shared, group = struct.unpack_from("<i7iBi", raw, 4)
    if version != 2:
        raise ValueError(f"version {version} is not one that this program reads")
    shape, at, weights = Shape(*numbers), _HEADER_SIZE, {}
    sizes = shape.arrays()
    sizes["classifier"] = sizes["embedding"]
    for name in _V2_NORMS:
        count = int(np.prod(sizes[name]))
        weights[name] = np.frombuffer(raw, "<f4", count, at).reshape(sizes[name])
        at += 4 * count
    for name in _V2_MATRICES + (() if shared else ("classifier",)):
        size = sizes[name]
        matrices = size[0] if len(size) == 3 else 1
        count, parts = int(np.prod(size)) // matrices, []
        for _ in range(matrices):
            values = np.frombuffer(raw, np.int8, count, at)
            scale = np.frombuffer(raw, "<f4", count // group, at + count)
            at += count + 4 * (count // group)
            parts.append(dequantise(values, scale))
        weights[name] = np.concatenate(parts).reshape(size)
    if at != len(raw):
        raise ValueError(f"the file has {len(raw)} bytes where its header asks for {at}")
    return shape, weights
