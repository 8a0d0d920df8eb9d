"""Token by token: what the host program generates on every kernel, against llama2.c's own output and against the
project's golden files."""
import subprocess

import pytest

import support
from support import case_name, checkpoint, llama2c_cases, own_cases, shared, words_of

PRECISION = {"run": "f32", "runq": "q8"}  # llama2.c's two programs


def kernels():
    """The names that --list-kernels prints. Without a host program one test fails and says so."""
    try:
        listed = subprocess.run([support.HOST_LLAMA, "--list-kernels"], capture_output=True, text=True, check=True)
        return listed.stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return ["not-built"]


def generate(model, words, case, kernel, precision, threads=1):
    """The token ids after BOS."""
    command = [support.built(support.HOST_LLAMA), model, "-z", words, *support.sampling_arguments(case),
               "-i", case["prompt"], "--ids", "--precision", precision, "--kernel", kernel,
               "--threads", str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [int(word) for word in done.stdout.split()]


def model_and_tokenizer(case):
    """The files that a case of llama2.c's is about: a real model from ../shared, or the made-up one of that shape."""
    made_up = {"syn_15M.bin": ("15M", 0), "syn_gqa.bin": ("gqa", 0), "syn_15M_q80.bin": ("15M", 2)}
    model = checkpoint(*made_up[case["model"]]) if case["model"] in made_up else shared(f"data/{case['model']}")
    return model, shared(f"data/{case['tokenizer']}")


LLAMA2C = llama2c_cases("run") + llama2c_cases("runq")
OWN = list(own_cases())
KERNELS = kernels()


@pytest.mark.skipif(not LLAMA2C, reason="../shared/golden/llama2c.json is not here")
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", LLAMA2C, ids=map(case_name, LLAMA2C))
def test_the_tokens_are_those_of_llama2c(case, kernel):
    model, words = model_and_tokenizer(case)
    for threads in (1, 2):
        told = generate(model, words, case, kernel, PRECISION[case["engine"]], threads)
        assert told == case["tokens"], f"{threads} threads"


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", OWN, ids=map(case_name, OWN))
def test_the_tokens_are_those_of_our_golden_files(case, kernel):
    words = words_of(case["shape"])
    for version in case["versions"]:
        model = checkpoint(case["shape"], version)
        assert generate(model, words, case, kernel, case["precision"]) == case["tokens"], f"checkpoint version {version}"
