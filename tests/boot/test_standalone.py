"""A program with any model inside, made by tools/make_standalone, starts and tells what the host program tells."""
import subprocess

import gguf_files
from story import told
from support import HOST_LLAMA, ROOT, built


def test_a_gguf_model_inside_the_program_is_the_one_that_runs(machine, tmp_path):
    model = gguf_files.model("Q4_K").write(tmp_path / "made.gguf")
    program = tmp_path / "made.efi"
    subprocess.run([ROOT / "tools/make_standalone", model, "-o", program], check=True, capture_output=True)
    booted = machine.start([], {"prompt": "a b", "ids": "on", "temperature": 0, "steps": 12}, program=program)
    want = subprocess.run([built(HOST_LLAMA), model, "-i", "a b", "--ids", "-t", "0", "-n", "12"],
                          check=True, capture_output=True, text=True).stdout
    story = told(booted)
    assert "the built-in model: GGUF" in story.head
    assert story.ids == [int(word) for word in want.split()]
    assert booted.expect_firmware() is None
