"""tools/make_standalone: what is inside the program that it makes, and what it refuses. tests/boot starts one."""
import subprocess

import pytest

import gguf_files
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, ROOT, STANDALONE, built


def make(*arguments):
    return subprocess.run([ROOT / "tools/make_standalone", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("arch, program", [("x86_64", STANDALONE), ("aarch64", STANDALONE.with_name("llama-standalone-aa64.efi"))])
def test_the_default_model_gives_the_program_of_the_build(tmp_path, arch, program):
    out = tmp_path / "mine.efi"
    done = make(DEFAULT_MODEL, "-o", out, "--arch", arch)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == built(program).read_bytes()


def test_a_model_and_its_tokenizer_are_inside_whatever_they_are_called(tmp_path):
    model, tokenizer = tmp_path / 'a "model" \\ of $mine.bin', tmp_path / "it's words.bin"
    model.write_bytes(b"weights" * 1000)
    tokenizer.write_bytes(b"words" * 1000)
    out = tmp_path / "folder/mine.efi"
    done = make(model, "--tokenizer", tokenizer, "-o", out)
    assert done.returncode == 0, done.stderr
    data = out.read_bytes()
    assert model.read_bytes() in data and tokenizer.read_bytes() in data
    assert DEFAULT_MODEL.read_bytes() not in data and DEFAULT_TOKENIZER.read_bytes() not in data


def test_a_gguf_file_needs_no_tokenizer_beside_it(tmp_path):
    model = gguf_files.model().write(tmp_path / "made.gguf")
    done = make(model, "-o", tmp_path / "made.efi")
    assert done.returncode == 0 and model.read_bytes() in (tmp_path / "made.efi").read_bytes(), done.stderr


@pytest.mark.parametrize("name, content, fault", [
    ("gone.gguf", None, "gone.gguf: no such file"),
    ("empty.gguf", b"", "empty.gguf: is empty"),
    ("lonely.bin", b"weights", "no lonely-tokenizer.bin or tokenizer.bin beside"),
    ("large.gguf", 3_000_000_000, "large.gguf: 3,000,000,000 bytes; a program with a model inside is at most"),
], ids=["missing", "empty", "tokenizer", "large"])
def test_what_cannot_be_is_refused_and_leaves_nothing_behind(tmp_path, monkeypatch, name, content, fault):
    monkeypatch.setenv("LLAMA_MODELS", str(tmp_path / "none"))
    model = tmp_path / name
    if isinstance(content, bytes):
        model.write_bytes(content)
    elif content:
        with open(model, "wb") as file:
            file.truncate(content)
    done = make(model, "-o", tmp_path / "mine.efi")
    assert done.returncode == 1 and done.stderr.startswith("error: ") and fault in done.stderr, done.stderr
    assert not list(tmp_path.glob("*.efi*"))
