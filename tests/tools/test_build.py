"""The build lists every source, and every object that it makes is used."""
import re
import subprocess

import pytest

from support import ROOT

LISTS = sorted({path for path in ROOT.glob("**/*.ninja") if "out" not in path.relative_to(ROOT).parts})
ARCHITECTURES = ("x86_64", "aarch64")


def of_each_architecture(line):
    """A line of the build, once for each architecture that it speaks of."""
    return [line.replace("$arch", arch) for arch in (ARCHITECTURES if "$arch" in line else ("",))]


TEXT = "\n".join(each for path in LISTS for line in path.read_text().replace("$\n", " ").split("\n")
                 for each in of_each_architecture(line))
EDGES = [line.partition(":") for line in re.findall(r"^build (.+)$", TEXT, re.M)]
COMPILED = [(out, words.split()[1]) for out, _, words in EDGES if re.match(r" (cxx_\w+|embed) ", words)]
FOLDERS = ("rt", "model", "boot", "tests")


@pytest.mark.parametrize("source", sorted(str(path.relative_to(ROOT)) for folder in FOLDERS for ending in ("cpp", "S")
                                          for path in (ROOT / folder).rglob(f"*.{ending}")))
def test_a_source_is_listed_once(source):
    # start.S is in the images and, as it is, in a test of its own; so is what AArch64 does in plain C++.
    times = [name for out, name in COMPILED if not (name.startswith("boot/platform/") and "tests" in out)].count(source)
    assert times == 1, f"{source} stands {times} times in the lists of sources"


@pytest.mark.parametrize("name", sorted({out for out, _ in COMPILED}))
def test_an_object_is_in_a_library_or_a_program(name):
    # The list of kernel sets goes into the library of the layer by a variable, and so does main() into programs of tests.
    used = any(name in words.split()[1:] for _, _, words in EDGES) or re.search(rf"^(?:sets|main) = {re.escape(name)}$", TEXT, re.M)
    assert used, f"nothing is made of {name}: its source is not used"


def test_a_variable_that_a_rule_uses_is_explained_or_local():
    """What rules take from the build that uses them is what section 3 of build.ninja lists."""
    explained = set(re.findall(r"^#   (\w+)  +", (ROOT / "build.ninja").read_text(), re.M)) | {"isa"}
    known = set(re.findall(r"^(\w+) =", (ROOT / "build.ninja").read_text(), re.M))
    local = set(re.findall(r"^  (\w+) =", TEXT, re.M)) | {"in", "out"}
    used = {name for command in re.findall(r"^  command = (.+)$", TEXT, re.M)
            for name in re.findall(r"(?<!\$)\$\{?(\w+)", command)}
    assert not used - explained - known - local


def commands(goal, *options):
    return subprocess.run(["ninja", *options, "-t", "commands", goal], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_an_arm_machine_builds_its_own_host_program_and_the_same_images():
    arm = ("-f", "tools/build/arm-host.ninja")
    for image in ("out/llama.img", "out/llama-core.efi", "out/llama-standalone-aa64.efi", "out/llama-debug.efi"):
        assert commands(image, *arm) == commands(image)
    here, there = commands("out/host/llama"), commands("out/host/llama", *arm)
    assert "kernels/x86_64/" in here and "aarch64" not in here
    assert "kernels/aarch64/" in there and "x86_64" not in there


def test_an_arm_machine_builds_every_test_for_its_own_processor():
    """No source of the other one; and a char has a sign, as everywhere else."""
    for program in ("check/unit_tests", "check/firmware_tests", "check/psci_tests", "threads/crew_tests", "fuzz/all",
                    "coverage/all", "host/make-checkpoint", "host/serve", "host/bench"):
        there = commands(f"out/{program}", "-f", "tools/build/arm-host.ninja")
        assert "x86" not in there and "-mavx" not in there, program
        assert all("-fsigned-char" in line for line in there.splitlines() if " -c " in line), program


def test_no_line_of_the_build_ends_in_a_blank():
    assert not [f"{path.name}:{number}" for path in LISTS
                for number, line in enumerate(path.read_text().split("\n"), 1) if line != line.rstrip()]


def test_git_ignores_the_keys_that_the_readme_creates():
    made = sorted(set(re.findall(r"-(?:keyout|out) (\S+?)`?(?=\s|\.\s)", (ROOT / "README.md").read_text())))
    assert made == ["db.cer", "db.crt", "db.key"]
    ignored = subprocess.run(["git", "check-ignore", *made], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert ignored == made


@pytest.mark.parametrize("program, arch", [("llama.efi", "x86_64"), ("llama-aa64.efi", "aarch64")])
def test_an_image_has_only_the_kernel_sets_of_its_list(program, arch):
    linked = set(re.findall(r"(?:\?|5model\d+)k(\w+)Kernels(?:@model@@|E )", (ROOT / f"out/{program}.map").read_text()))
    listed = (ROOT / f"model/kernels/{arch}/sets.cpp").read_text()
    assert linked == set(re.findall(r"&k(\w+)Kernels", listed))
    assert "Scalar" not in linked
