"""The program for this machine takes the options of llama.efi, by the same names, and says in one sentence what is wrong."""
import re
import shutil
import subprocess

import pytest

from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, HOST_LLAMA as PROGRAM, ROOT



def run(*arguments, folder=ROOT):
    return subprocess.run([PROGRAM, *map(str, arguments)], cwd=folder, capture_output=True, text=True)


def told(*arguments, **where):
    result = run(*arguments, **where)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_printed_when_asked_for(flag):
    shown = told(flag)
    assert shown.startswith("usage: llama MODEL [options]\n")
    for line in ("  -t, --temperature  0 to 10", "      --prompt_file  FILE", "      --perplexity   FILE"):
        assert f"\n{line}" in shown
    assert "on_finish" not in shown
    assert all(len(line) < 80 for line in shown.splitlines())


def test_the_version_is_one_line():
    assert re.fullmatch(r"llama \d+\.\d+\n", told("--version"))


def test_long_names_and_short_ones_tell_the_same_story_with_the_tokenizer_beside_the_model(tmp_path):
    shutil.copy(DEFAULT_MODEL, tmp_path / "one.bin")
    shutil.copy(DEFAULT_TOKENIZER, tmp_path / "one-tokenizer.bin")
    (tmp_path / "prompt.txt").write_text("Once upon\n")
    short = told("one.bin", "-t", "0.5", "-s", "3", "-n", "30", "-i", "Once upon", folder=tmp_path)
    assert short.startswith("Once upon")
    assert told("--model=one.bin", "--temperature=0.5", "--seed", "3", "--steps=30", "--prompt_file", "prompt.txt",
                folder=tmp_path) == short
    assert told(tmp_path / "one.bin", "-t", "0.5", "-s", "3", "-n", "30", "-i", "Once upon", folder="/") == short
    assert told("one.bin", "-z", "one-tokenizer.bin", "-s", "3", "-n", "5", "--ids", folder=tmp_path).count(" ") == 4


@pytest.mark.parametrize("arguments, sentence", [
    ((), "which model? llama MODEL; --help tells the options"),
    (("m.bin", "--tempertaure", "1"), "there is no option 'tempertaure'; did you mean 'temperature'?"),
    (("m.bin", "-q"), "there is no option '-q' (--help lists them)"),
    (("m.bin", "--on_finish", "exit"), "there is no option 'on_finish' (--help lists them)"),
    (("m.bin", "--list_kernel"), "there is no option 'list_kernel'; did you mean 'list-kernels'?"),
    (("m.bin", "-t", "hot"), "temperature wants a number from 0 to 10, not 'hot'"),
    (("m.bin", "--threads=65"), "threads wants a whole number up to 64, not '65'"),
    (("m.bin", "--group-size", "0"), "group-size wants a whole number from 1 on"),
    (("m.bin", "n.bin"), "one model, not also 'n.bin'"),
    (("m.bin", "-n"), "steps wants a value"),
    (("m.bin", "--kernel", "x"), "no kernel 'x'; --list-kernels tells which there are"),
])
def test_a_wrong_command_line_is_one_sentence(arguments, sentence):
    model = [DEFAULT_MODEL if argument == "m.bin" else argument for argument in arguments]
    result = run(*model)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", f"llama: {sentence}\n")
