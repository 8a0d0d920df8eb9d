"""Model files: the bytes of v0 and v2, and what int8 loses."""
import struct

import pytest

numpy = pytest.importorskip("numpy", reason="NumPy is not installed")

import formats  # noqa: E402

SHAPE = formats.Shape(dim=64, hidden_dim=128, n_layers=2, n_heads=4, n_kv_heads=2, vocab_size=300, seq_len=16)


@pytest.fixture
def weights():
    rng = numpy.random.default_rng(1)
    return {name: rng.standard_normal(size).astype("f4") for name, size in SHAPE.arrays().items()}


def test_v0_reads_back_exactly(weights, tmp_path):
    path = tmp_path / "model.bin"
    formats.write_v0(path, SHAPE, weights)
    shape, again = formats.read(path)
    assert shape == SHAPE
    assert all((again[name] == weights[name]).all() for name in weights)


def test_v0_has_room_for_the_rope_tables(weights, tmp_path):
    path = tmp_path / "model.bin"
    formats.write_v0(path, SHAPE, weights)
    floats = sum(array.size for array in weights.values()) + SHAPE.seq_len * SHAPE.head_dim
    assert path.stat().st_size == 28 + 4 * floats


def test_v0_marks_a_classifier_of_its_own(weights, tmp_path):
    path = tmp_path / "model.bin"
    weights["classifier"] = weights["embedding"] + 1
    formats.write_v0(path, SHAPE, weights)
    assert struct.unpack_from("<7i", path.read_bytes())[5] == -300
    assert (formats.read(path)[1]["classifier"] == weights["classifier"]).all()


def test_v2_header_is_where_llama2c_looks_for_it(weights, tmp_path):
    path = tmp_path / "model.bin"
    formats.write_v2(path, SHAPE, weights, group=32)
    raw = path.read_bytes()
    assert raw[:4] == b"24ka"  # 0x616b3432, little-endian
    assert struct.unpack_from("<i7iBi", raw, 4) == (2, *SHAPE, 1, 32)
    assert raw[41:256] == bytes(215)


@pytest.mark.parametrize("group", [32, 64])
def test_v2_is_exact_in_size_and_within_half_a_step(weights, tmp_path, group):
    path = tmp_path / "model.bin"
    formats.write_v2(path, SHAPE, weights, group)
    shape, again = formats.read(path)
    assert shape == SHAPE
    norms = sum(array.size for name, array in weights.items() if name.endswith("norm"))
    matrices = sum(array.size for array in weights.values()) - norms
    assert path.stat().st_size == 256 + 4 * norms + matrices + 4 * matrices // group
    for name, array in weights.items():
        if name.endswith("norm"):
            assert (again[name] == array).all()
            continue
        rows, read = array.reshape(-1, group), again[name].reshape(-1, group)
        step = numpy.abs(rows).max(axis=1, keepdims=True) / 127
        assert (numpy.abs(rows - read) <= step * 0.50001).all()


def test_a_group_of_zeros_stays_zero():
    values, scale = formats.quantise(numpy.zeros((2, 64), "f4"), 64)
    assert not values.any() and not scale.any()


def test_a_group_that_would_straddle_rows_is_refused(weights, tmp_path):
    with pytest.raises(ValueError, match="group size 48"):
        formats.write_v2(tmp_path / "model.bin", SHAPE, weights, group=48)


def test_a_file_of_another_length_is_refused(weights, tmp_path):
    path = tmp_path / "model.bin"
    formats.write_v2(path, SHAPE, weights)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match="where its header asks for"):
        formats.read(path)
