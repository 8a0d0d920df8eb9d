"""llama2.c's files for tests: checkpoints of all three versions, and tokenizer.bin. What lies in them is the caller's."""
import struct

MAGIC = 0x616b3432
HEADER_BYTES = 256  # of versions 1 and 2
NORMS = ("attn_norm", "ffn_norm", "final_norm")
MATRICES = ("embedding", "wq", "wk", "wv", "wo", "w1", "w2", "w3", "classifier")


def tensors(shape):
    """Name to weights of a copy, copies, and whether it is a norm: in the order of version 0. shape: dim, hidden_dim,
    n_layers, n_heads, n_kv_heads, vocab_size, seq_len."""
    dim, hidden, layers, heads, kv_heads, vocabulary, context = shape
    kv = dim // heads * kv_heads
    return {"embedding": (vocabulary * dim, 1, False), "attn_norm": (dim, layers, True), "wq": (dim * dim, layers, False),
            "wk": (dim * kv, layers, False), "wv": (dim * kv, layers, False), "wo": (dim * dim, layers, False),
            "ffn_norm": (dim, layers, True), "w1": (dim * hidden, layers, False), "w2": (dim * hidden, layers, False),
            "w3": (dim * hidden, layers, False), "final_norm": (dim, 1, True),
            "rope": (context * (dim // heads), 1, False), "classifier": (vocabulary * dim, 1, False)}


def header(shape, version=0, shared=True, group=64):
    """What a file begins with."""
    if version == 0:
        return struct.pack("<7i", *shape[:5], shape[5] if shared else -shape[5], shape[6])
    head = struct.pack("<Ii7iB", MAGIC, version, *shape, shared)
    if version == 2:
        head += struct.pack("<i", group)
    return head.ljust(HEADER_BYTES, b"\0")


def checkpoint(shape, content, version=0, shared=True, group=64):
    """A whole file; content(name): the bytes of a tensor, all its copies."""
    names = tensors(shape) if version == 0 else NORMS + MATRICES
    return header(shape, version, shared, group) + b"".join(
        content(name) for name in names if not (shared and name == "classifier"))


def byte_pieces():
    """The 256 bytes as SentencePiece vocabularies have them."""
    return [f"<0x{byte:02X}>" for byte in range(256)]


def tokenizer(pieces):
    """tokenizer.bin with these pieces, texts or bytes: earlier ones merge first."""
    pieces = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
    return struct.pack("<i", max(map(len, pieces))) + b"".join(
        struct.pack("<fi", -float(i), len(piece)) + piece for i, piece in enumerate(pieces))
