"""The engine on AArch64, as a program for Linux that qemu-aarch64 runs: its kernels give the bits of the scalar set, and
the whole of it the tokens and logits of x86-64; and the program on the fake firmware, as on a host with such a processor."""
import array
import functools
import math
import os
import shutil
import struct
import subprocess

import pytest

import gguf_files
import support
from support import case_name, checkpoint, own_cases, words_of
from test_chat import ANSWERS, transcript

LLAMA = support.OUT / "arm/llama"
KERNEL_TESTS = support.OUT / "arm/kernel_tests"
PROCESSOR_TESTS = support.OUT / "arm/processor_tests"
HOST_TESTS = [support.OUT / "arm/firmware_tests", support.OUT / "arm/psci_tests"]
KERNELS = ("neondot", "neon", "swar", "scalar")
# Not sweeps of many floats through functions of plain C++, which the unit tests of this machine make.
UNIT_TESTS = "*:-Math.*IsCloseForEveryFloat:Math.Pow*:Math.*IsGlibcs:Math.*IsTheNearestFloat:*OfModelsShapes*/scalar"

OWN = list(own_cases())
SOME = OWN[::5]  # an emulated processor takes seconds for a case


@functools.cache
def missing():
    """What is not here of what these programs need, or None."""
    if not shutil.which("qemu-aarch64"):
        return "qemu-aarch64 is not installed"
    source = '#include <vector>\nint main() { return int(std::vector<int>(3).size()) - 3; }'
    flags = ("--target=aarch64-linux-gnu", "-static", "-fuse-ld=lld")
    done = subprocess.run(["clang++", *flags, "-x", "c++", "-", "-o", "/dev/null"], input=source.encode(), capture_output=True)
    return "there is no C++ library for AArch64" if done.returncode else None


def run(program, *arguments, cpu="max", timeout=120):
    if why := missing():
        pytest.skip(why)
    return subprocess.run(["qemu-aarch64", "-cpu", cpu, program, *arguments], capture_output=True, text=True,
                          encoding="utf-8", timeout=timeout)


@functools.cache
def build(program):
    done = subprocess.run(["ninja", program.relative_to(support.ROOT)], cwd=support.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]


def llama(*arguments, **more):
    if not missing():
        build(LLAMA)
    done = run(LLAMA, *arguments, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pass_their_tests(program, tests="*", timeout=300):
    if why := missing():
        pytest.skip(why)
    if not os.path.exists("/usr/src/googletest/googletest/src/gtest-all.cc"):
        pytest.skip("the sources of GoogleTest are not installed")
    build(program)
    done = run(program, "--gtest_brief=1", f"--gtest_filter={tests}", timeout=timeout)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " 0 tests" not in done.stdout


def test_kernels_packing_and_cores_pass_their_unit_tests():
    pass_their_tests(KERNEL_TESTS, UNIT_TESTS)


def test_the_program_passes_what_a_host_with_this_processor_tests_of_it():
    """Not what takes long: 60,000 looks at a clock."""
    pass_their_tests(PROCESSOR_TESTS, "*:-Processors.EndsOnlyWhenTheLastProcessorIsBack")


@pytest.mark.matrix
@pytest.mark.parametrize("program", HOST_TESTS, ids=lambda program: program.name)
def test_the_program_passes_all_that_a_host_with_this_processor_tests_of_it(program):
    """Every fault of firmware among it, which takes minutes."""
    pass_their_tests(program, timeout=1800)


def test_the_default_model_tells_the_same_story_on_a_processor_without_dot_products_too():
    """A processor that has none is told by the host program from one that has."""
    told = [llama(support.DEFAULT_MODEL, "-t", "0", "-n", "60", cpu=cpu) for cpu in ("max", "cortex-a53")]
    kernels = [llama(support.DEFAULT_MODEL, "--list-kernels", cpu=cpu).split() for cpu in ("max", "cortex-a53")]
    assert told == [here(support.DEFAULT_MODEL, "-t", "0", "-n", "60")] * 2
    assert kernels == [list(KERNELS), list(KERNELS[1:])]


def expect_the_tokens(case, kernel):
    told = llama(checkpoint(case["shape"], case["versions"][0]), "-z", words_of(case["shape"]),
                 *support.sampling_arguments(case), "-i", case["prompt"], "--ids", "--precision", case["precision"],
                 "--kernel", kernel)
    assert [int(word) for word in told.split()] == case["tokens"]


@pytest.mark.parametrize("number", range(len(SOME)), ids=map(case_name, SOME))
def test_the_tokens_are_those_of_our_golden_files(number):
    """One kernel set a case, in turn."""
    expect_the_tokens(SOME[number], KERNELS[number % len(KERNELS)])


@pytest.mark.matrix
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", OWN, ids=map(case_name, OWN))
def test_the_tokens_are_those_of_our_golden_files_on_every_kernel_set(case, kernel):
    expect_the_tokens(case, kernel)


IDS = "1 261 270 5 280 262 263 19 280 281"


def logits(folder, how, model, *arguments):
    """The bits of all logits after a few tokens; what is no number is the same whatever its bits: architectures differ there."""
    ids, out = folder / "ids", folder / "logits"
    ids.write_text(IDS)
    how(model, "--ids-from", ids, "--logits", out, *arguments)
    numbers = array.array("f", out.read_bytes())
    return [struct.pack("<f", number) if not math.isnan(number) else "NaN" for number in numbers]


def here(*arguments):
    done = subprocess.run([support.built(support.HOST_LLAMA), *arguments], capture_output=True, text=True,
                          encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", gguf_files.TYPES)
def test_a_type_of_gguf_gives_the_same_bits_on_both_architectures(kind, tmp_path):
    model = gguf_files.model(kind).write(tmp_path / "made.gguf")
    want = logits(tmp_path, here, model)
    assert logits(tmp_path, llama, model, "--kernel", "neon", "--threads", "2") == want


@pytest.mark.parametrize("precision", ("f32", "q8"))
@pytest.mark.parametrize("wrong", (math.nan, math.inf, -math.inf, 3e38, -3e38, 1e-45), ids=str)
def test_a_damaged_model_gives_the_same_bits_on_both_architectures(wrong, precision, tmp_path):
    data = bytearray(checkpoint("tiny").read_bytes())
    for at in range(28 + 4 * 5000, len(data) - 4, 4 * 3001):  # here and there a weight
        struct.pack_into("<f", data, at, wrong)
    model = tmp_path / "damaged.bin"
    model.write_bytes(data)
    arguments = ("-z", words_of("tiny"), "--precision", precision)
    want = logits(tmp_path, here, model, *arguments)
    for kernel in ("neon", "swar"):
        assert logits(tmp_path, llama, model, *arguments, "--kernel", kernel) == want, kernel


def talk(folder, answer):
    """A conversation in a file, and the arguments with which the host program answers it."""
    file = folder / "talk.txt"
    file.write_text(transcript(answer["messages"]), encoding="utf-8", newline="")
    return support.real_model("SmolLM2-135M-Instruct"), "--conversation", file


@pytest.mark.skipif(not ANSWERS, reason="../shared/golden/smollm2.json is not here")
# An emulated processor takes 0.1 s for a token of this model with the swar kernels, 0.3 s with the others.
@pytest.mark.parametrize("answer", [pytest.param(answer, id=answer["name"].replace(" ", "-"),
                                                 marks=() if answer["name"] == "capital" else pytest.mark.matrix)
                                    for answer in ANSWERS])
def test_a_real_model_answers_as_the_exact_one(answer, tmp_path):
    arguments = talk(tmp_path, answer)
    assert [int(word) for word in llama(*arguments, "--ids").split()] == answer["ids"]
    limit = str(len(answer["answer"]))
    assert llama(*arguments, "-t", "0", "-n", limit, "--kernel", "swar", timeout=900)[:-1] == answer["text"]


@pytest.mark.matrix
@pytest.mark.skipif(not ANSWERS, reason="../shared/golden/smollm2.json is not here")
@pytest.mark.parametrize("number", range(len(ANSWERS)), ids=[answer["name"].replace(" ", "-") for answer in ANSWERS])
def test_each_token_of_an_answer_is_the_likeliest_and_its_logits_are_those_of_x86_64(number, tmp_path):
    answer = ANSWERS[number]
    ids = tmp_path / "ids"
    ids.write_text(" ".join(map(str, answer["ids"] + answer["answer"])))
    arguments = (support.real_model("SmolLM2-135M-Instruct"), "--ids-from", ids, "--logits")
    llama(*arguments, tmp_path / "there", "--kernel", KERNELS[number % 2], timeout=1800)
    here(*arguments, tmp_path / "here")
    data = (tmp_path / "there").read_bytes()
    assert data == (tmp_path / "here").read_bytes()
    count = len(answer["ids"]) + len(answer["answer"])
    every = array.array("f", data)
    rows = [every[at:at + len(every) // count] for at in range(0, len(every), len(every) // count)]
    likeliest = [row.index(max(row)) for row in rows[len(answer["ids"]) - 1:-1]]
    assert likeliest == answer["answer"]
