"""GGUF files for tests: a writer, made-up models of every stored type, and files that must be refused.

Nothing here knows how the program reads: layouts are those of the format's description (ggml, docs/gguf.md), and weights
are random blocks with small scales, valid for their type.
"""
import random
import struct

import llama2c_files

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
_PACK = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}

# Stored types: id, columns of a block, where its halves (scales) lie, bytes of a block.
TYPES = {
    "F32": (0, 1, (), 4), "F16": (1, 1, (0,), 2), "BF16": (30, 1, (), 2),
    "Q8_0": (8, 32, (0,), 34), "Q4_0": (2, 32, (0,), 18), "Q4_1": (3, 32, (0, 2), 20),
    "Q5_0": (6, 32, (0,), 22), "Q5_1": (7, 32, (0, 2), 24),
    "Q2_K": (10, 256, (80, 82), 84), "Q3_K": (11, 256, (108,), 110), "Q4_K": (12, 256, (0, 2), 144),
    "Q5_K": (13, 256, (0, 2), 176), "Q6_K": (14, 256, (208,), 210),
    "IQ4_NL": (20, 32, (0,), 18), "IQ4_XS": (23, 256, (0,), 136),
}


def string(text):
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def value(kind, content):
    """A value's bytes, its type in front. An array's content is (element type, elements)."""
    return struct.pack("<I", kind) + bare_value(kind, content)


def bare_value(kind, content):
    if kind == STRING:
        return string(content)
    if kind == ARRAY:
        element, items = content
        return struct.pack("<IQ", element, len(items)) + b"".join(bare_value(element, item) for item in items)
    return struct.pack("<" + _PACK[kind], content)


def blocks(kind, count, rng):
    """`count` weights of a stored type: random codes under scales that keep a model's numbers small."""
    _, columns, halves, size = TYPES[kind]
    if kind == "F32":
        return b"".join(struct.pack("<f", rng.uniform(-0.1, 0.1)) for _ in range(count))
    if kind == "F16":
        return b"".join(struct.pack("<e", rng.uniform(-0.1, 0.1)) for _ in range(count))
    if kind == "BF16":
        return b"".join(struct.pack("<f", rng.uniform(-0.1, 0.1))[2:] for _ in range(count))
    out = bytearray()
    for _ in range(count // columns):
        block = bytearray(rng.randbytes(size))
        for at in halves:
            struct.pack_into("<e", block, at, rng.uniform(0.0005, 0.002) * rng.choice((-1, 1)))
        out += block
    return bytes(out)


class Tensor:
    def __init__(self, name, dims, kind, data):
        self.name, self.dims, self.data = name, list(dims), data
        self.type = TYPES[kind][0]
        self.offset = None  # where it lies; None: behind the one before


class File:
    """A GGUF file in pieces, so that a test can spoil one of them."""

    def __init__(self):
        self.magic, self.version, self.alignment = b"GGUF", 3, 32
        self.metadata, self.tensors, self.tail = {}, [], b""
        self.raw_metadata = []      # (key, bytes of type and value) behind the others
        self.tensor_count = self.key_count = None  # where the header lies about them

    def set(self, key, kind, content):
        self.metadata[key] = (kind, content)

    def tensor(self, name):
        return next(t for t in self.tensors if t.name == name)

    def header(self):
        pairs = [string(key) + value(*pair) for key, pair in self.metadata.items()]
        pairs += [string(key) + data for key, data in self.raw_metadata]
        at, infos = 0, []
        for t in self.tensors:
            offset = at if t.offset is None else t.offset
            infos.append(string(t.name) + struct.pack(f"<I{len(t.dims)}QIQ", len(t.dims), *t.dims, t.type, offset))
            at = offset + self.padded(len(t.data))
        tensors = len(infos) if self.tensor_count is None else self.tensor_count
        keys = len(pairs) if self.key_count is None else self.key_count
        return (self.magic + struct.pack("<IQQ", self.version, tensors, keys) + b"".join(pairs) + b"".join(infos))

    def padded(self, size):
        return (size + self.alignment - 1) // self.alignment * self.alignment

    def bytes(self):
        head = self.header()
        out = bytearray(head + bytes(self.padded(len(head)) - len(head)))
        for t in self.tensors:
            out += t.data + bytes(self.padded(len(t.data)) - len(t.data))
        return bytes(out) + self.tail

    def write(self, path):
        path.write_bytes(self.bytes())
        return path


LETTERS = "abcdefghijklmnopqrstuvwxyz.,ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def spm_vocabulary():
    """Tokens, scores and types of a small SentencePiece vocabulary: control tokens, bytes, letters with the space mark."""
    tokens = ["<unk>", "<s>", "</s>"] + llama2c_files.byte_pieces() + ["\u2581"]
    tokens += list(LETTERS) + ["\u2581" + letter for letter in "abcdefgh"]
    tokens += [f"\u2581word{number}" for number in range(320 - len(tokens))]
    types = [2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259)
    return tokens, [-float(i) for i in range(len(tokens))], types


def model(kind="Q4_0", seed=1, tied=True, embedding=None, vocabulary=True):
    """A made-up model of one layer with 256 columns: every matrix of type `kind`, the embedding of another if given."""
    rng, dim, hidden, heads, kv_heads = random.Random(seed), 256, 512, 8, 4
    kv_dim = dim * kv_heads // heads
    tokens, scores, types = spm_vocabulary()
    file = File()
    for key, width, number in (("block_count", U32, 1), ("context_length", U32, 128), ("embedding_length", U32, dim),
                               ("feed_forward_length", U32, hidden), ("attention.head_count", U32, heads),
                               ("attention.head_count_kv", U32, kv_heads), ("rope.dimension_count", U32, dim // heads),
                               ("attention.layer_norm_rms_epsilon", F32, 1e-5), ("rope.freq_base", F32, 10000.0)):
        file.set(f"llama.{key}", width, number)
    file.metadata = {"general.architecture": (STRING, "llama"), "general.name": (STRING, f"made up, {kind}"), **file.metadata}
    if vocabulary:
        file.set("tokenizer.ggml.model", STRING, "llama")
        file.set("tokenizer.ggml.tokens", ARRAY, (STRING, tokens))
        file.set("tokenizer.ggml.scores", ARRAY, (F32, scores))
        file.set("tokenizer.ggml.token_type", ARRAY, (I32, types))
        file.set("tokenizer.ggml.bos_token_id", U32, 1)
        file.set("tokenizer.ggml.eos_token_id", U32, 2)

    def matrix(name, rows, columns, of=kind):
        file.tensors.append(Tensor(name, (columns, rows), of, blocks(of, rows * columns, rng)))

    def gain(name):
        data = b"".join(struct.pack("<f", rng.uniform(0.9, 1.1)) for _ in range(dim))
        file.tensors.append(Tensor(name, (dim,), "F32", data))

    matrix("token_embd.weight", len(tokens), dim, embedding or kind)
    gain("output_norm.weight")
    if not tied:
        matrix("output.weight", len(tokens), dim, embedding or kind)
    gain("blk.0.attn_norm.weight")
    gain("blk.0.ffn_norm.weight")
    for name, rows, columns in (("attn_q", dim, dim), ("attn_k", kv_dim, dim), ("attn_v", kv_dim, dim),
                                ("attn_output", dim, dim), ("ffn_gate", hidden, dim), ("ffn_up", hidden, dim),
                                ("ffn_down", dim, hidden)):
        matrix(f"blk.0.{name}.weight", rows, columns)
    return file


def small(kind="F32", dim=32, tokenizer="llama", **others):
    """A model of one layer as small as the type's blocks allow. others: further keys, __ for a dot, as (type, value)."""
    draw = random.Random(kind)
    file = File()
    for key, number in (("block_count", 1), ("context_length", 24), ("embedding_length", dim),
                        ("feed_forward_length", dim), ("attention.head_count", 2), ("attention.head_count_kv", 1)):
        file.set(f"llama.{key}", U32, number)
    file.set("general.architecture", STRING, "llama")
    file.set("llama.attention.layer_norm_rms_epsilon", F32, 1e-5)
    tokens = ["<unk>", "<s>", "</s>", "\u2581" if tokenizer == "llama" else "\u0120", "a", "b", "ab", "</s>x"]
    file.set("tokenizer.ggml.model", STRING, tokenizer)
    file.set("tokenizer.ggml.tokens", ARRAY, (STRING, tokens))
    file.set("tokenizer.ggml.token_type", ARRAY, (I32, [2, 3, 3, 1, 1, 1, 1, 4]))
    if tokenizer == "gpt2":
        file.set("tokenizer.ggml.pre", STRING, "smollm")
        file.set("tokenizer.ggml.merges", ARRAY, (STRING, ["a b"]))
    for key, pair in others.items():
        file.set(key.replace("__", "."), *pair)
    half = dim // 2
    gain = blocks("F32", dim, draw)
    shapes = (("token_embd", (dim, len(tokens))), ("output_norm", (dim,)), ("blk.0.attn_norm", (dim,)),
              ("blk.0.ffn_norm", (dim,)), ("blk.0.attn_q", (dim, dim)), ("blk.0.attn_k", (dim, half)),
              ("blk.0.attn_v", (dim, half)), ("blk.0.attn_output", (dim, dim)), ("blk.0.ffn_gate", (dim, dim)),
              ("blk.0.ffn_up", (dim, dim)), ("blk.0.ffn_down", (dim, dim)))
    for name, dims in shapes:
        matrix = len(dims) > 1
        data = blocks(kind, dims[0] * dims[1], draw) if matrix else gain
        file.tensors.append(Tensor(f"{name}.weight", dims, kind if matrix else "F32", data))
    return file


def from_checkpoint(checkpoint, tokenizer):
    """A llama2.c checkpoint of version 0 and its tokenizer.bin as a GGUF file in F32."""
    dim, hidden, layers, heads, kv_heads, vocabulary, context = struct.unpack_from("<7i", checkpoint)
    shared, vocabulary, at = vocabulary > 0, abs(vocabulary), 28
    kv_dim = dim // heads * kv_heads
    file = File()
    file.set("general.architecture", STRING, "llama")
    for key, number in (("block_count", layers), ("context_length", context), ("embedding_length", dim),
                        ("feed_forward_length", hidden), ("attention.head_count", heads),
                        ("attention.head_count_kv", kv_heads)):
        file.set(f"llama.{key}", U32, number)
    file.set("llama.attention.layer_norm_rms_epsilon", F32, 1e-5)
    tokens, scores, place = [], [], 4
    while place < len(tokenizer):
        score, size = struct.unpack_from("<fi", tokenizer, place)
        tokens.append(tokenizer[place + 8:place + 8 + size].strip(b"\n").replace(b" ", "\u2581".encode()) if len(tokens) < 3
                      else tokenizer[place + 8:place + 8 + size].replace(b" ", "\u2581".encode()))
        scores.append(score)
        place += 8 + size
    file.set("tokenizer.ggml.model", STRING, "llama")
    file.set("tokenizer.ggml.tokens", ARRAY, (STRING, tokens))
    file.set("tokenizer.ggml.scores", ARRAY, (F32, scores))
    file.set("tokenizer.ggml.token_type", ARRAY, (I32, [2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259)))
    file.set("tokenizer.ggml.bos_token_id", U32, 1)
    file.set("tokenizer.ggml.eos_token_id", U32, 1)  # the next story begins where one ends

    def tensor(name, *dims):
        nonlocal at
        size = 4
        for number in dims:
            size *= number
        file.tensors.append(Tensor(f"{name}.weight", dims, "F32", checkpoint[at:at + size]))
        at += size

    def each(name, *dims):
        for layer in range(layers):
            tensor(f"blk.{layer}.{name}", *dims)

    tensor("token_embd", dim, vocabulary)
    each("attn_norm", dim)
    each("attn_q", dim, dim)
    each("attn_k", dim, kv_dim)
    each("attn_v", dim, kv_dim)
    each("attn_output", dim, dim)
    each("ffn_norm", dim)
    each("ffn_gate", dim, hidden)
    each("ffn_down", hidden, dim)
    each("ffn_up", dim, hidden)
    tensor("output_norm", dim)
    at += 4 * context * (dim // heads)
    if not shared:
        tensor("output", dim, vocabulary)
    return file


def split(file, count, folder, name="split"):
    """Writes a file as `count` files, as gguf-split does: the keys in the first alone, tensors shared out in their order.
    Returns the path of the first."""
    for number in range(count):
        part = File()
        if number == 0:
            part.metadata = dict(file.metadata)
        part.set("split.no", U16, number)
        part.set("split.count", U16, count)
        part.set("split.tensors.count", I32, len(file.tensors))
        part.tensors = file.tensors[len(file.tensors) * number // count:len(file.tensors) * (number + 1) // count]
        part.write(part_path(folder, name, number + 1, count))
    return part_path(folder, name, 1, count)


def part_path(folder, name, number, count):
    return folder / f"{name}-{number:05}-of-{count:05}.gguf"


def _spoiled(change):
    file = model()
    change(file)
    return file.bytes()


def _drop(name):
    return lambda f: f.tensors.remove(f.tensor(name))


def _key(key, kind, content):
    return lambda f: f.set(key, kind, content)


def _attribute(**values):
    def change(f):
        for name, content in values.items():
            setattr(f, name, content)
    return change


def _tensor(name, **values):
    def change(f):
        for attribute, content in values.items():
            setattr(f.tensor(name), attribute, content)
    return change


def _half(name, at, bits):
    """A scale that is no number, in one block of a tensor."""
    def change(f):
        data = bytearray(f.tensor(name).data)
        struct.pack_into("<H", data, at, bits)
        f.tensor(name).data = bytes(data)
    return change


def _without_key(key):
    return lambda f: f.metadata.pop(key)


def _extra(name, dims=(256,), kind="F32"):
    return lambda f: f.tensors.append(Tensor(name, dims, kind, bytes(4 * 256)))


Q, DOWN = "blk.0.attn_q.weight", "blk.0.ffn_down.weight"

# Files that must be refused: a name, what is wrong with it, and a word that the message must hold.
REFUSED = {
    "version-1": (_attribute(version=1), "version 1"),
    "version-4": (_attribute(version=4), "version 4"),
    "big-endian": (_attribute(version=3 << 24), "big-endian"),
    "other-architecture": (_key("general.architecture", STRING, "mamba"), "mamba"),
    "no-architecture": (_without_key("general.architecture"), "general.architecture"),
    "architecture-a-number": (_key("general.architecture", U32, 7), "general.architecture"),
    "experts": (_key("llama.expert_count", U32, 8), "expert"),
    "no-layers-key": (_without_key("llama.block_count"), "llama.block_count"),
    "layers-zero": (_key("llama.block_count", U32, 0), "llama.block_count"),
    "layers-many": (_key("llama.block_count", U32, 100000), "llama.block_count"),
    "layers-a-text": (_key("llama.block_count", STRING, "one"), "llama.block_count"),
    "dim-zero": (_key("llama.embedding_length", U32, 0), "llama.embedding_length"),
    "dim-huge": (_key("llama.embedding_length", U64, 1 << 40), "llama.embedding_length"),
    "heads-zero": (_key("llama.attention.head_count", U32, 0), "llama.attention.head_count"),
    "heads-not-shared": (_key("llama.attention.head_count_kv", U32, 3), "head_count_kv"),
    "rope-dimension": (_key("llama.rope.dimension_count", U32, 16), "llama.rope.dimension_count"),
    "rope-yarn": (_key("llama.rope.scaling.type", STRING, "yarn"), "yarn"),
    "context-zero": (_key("llama.context_length", U32, 0), "llama.context_length"),
    "epsilon-nan": (_key("llama.attention.layer_norm_rms_epsilon", F32, float("nan")), "layer_norm_rms_epsilon"),
    "alignment-odd": (_key("general.alignment", U32, 48), "general.alignment"),
    "no-embedding": (_drop("token_embd.weight"), "token_embd.weight"),
    "no-matrix": (_drop(Q), Q),
    "no-norm": (_drop("blk.0.ffn_norm.weight"), "blk.0.ffn_norm.weight"),
    "bias": (_extra("blk.0.attn_q.bias"), "blk.0.attn_q.bias"),
    "tensor-twice": (_extra("output_norm.weight"), "output_norm.weight"),
    "tensor-unknown-type": (_tensor(Q, type=99), Q),
    "tensor-codebook-type": (_tensor(Q, type=16), f"{Q} is stored as IQ2_XXS, which is not supported; take the model in Q2_K"),
    "tensor-removed-type": (_tensor(Q, type=31), f"{Q} is stored as Q4_0_4_4, which is not supported; take the model in Q4_0"),
    "tensor-ternary-type": (_tensor(Q, type=34), f"{Q} is stored as TQ1_0"),
    "tensor-mxfp4": (_tensor(Q, type=39), f"{Q} is stored as MXFP4"),
    "tensor-integers": (_tensor(Q, type=26), f"{Q} is stored as I32"),
    "tensor-wrong-shape": (_tensor(Q, dims=[128, 512]), Q),
    "tensor-five-dims": (_tensor(Q, dims=[256, 256, 1, 1, 1]), Q),
    "tensor-hole": (_tensor(Q, offset=1 << 20), Q),
    "tensor-overlap": (_tensor(Q, offset=0), Q),
    "tensor-unaligned": (_tensor(Q, offset=7), Q),
    "scale-infinite": (_half(DOWN, 18, 0x7C00), DOWN),
    "scale-nan": (_half(DOWN, 0, 0x7E01), DOWN),
    "tokens-too-few": (_key("tokenizer.ggml.tokens", ARRAY, (STRING, ["a", "b"])), "tokenizer.ggml"),
    "scores-too-few": (_key("tokenizer.ggml.scores", ARRAY, (F32, [0.0])), "tokenizer.ggml.scores"),
    "array-nested": (_key("general.tags", ARRAY, (ARRAY, [(U8, [1])])), "general.tags"),
    "key-twice": (lambda f: f.raw_metadata.append(("llama.block_count", value(U32, 1))), "llama.block_count"),
    "value-type-unknown": (lambda f: f.raw_metadata.append(("odd.key", struct.pack("<I", 77))), "odd.key"),
    "counts-huge": (_attribute(tensor_count=1 << 60), "tensor"),
    "keys-huge": (_attribute(key_count=1 << 60), "key"),
}


def refused(name):
    """The bytes of a file that must be refused, and the word that the message must hold."""
    change, word = REFUSED[name]
    return _spoiled(change), word


def cut(share):
    """A good file that ends too early."""
    data = model().bytes()
    return data[:int(len(data) * share)]
