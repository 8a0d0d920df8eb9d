"""A floor of the house sees only those below it: what includes from above does not compile."""
import re
import subprocess

import pytest

from support import ROOT

BUILD = (ROOT / "build.ninja").read_text()


def include_flags(layer):
    """The -I flags that build.ninja gives the sources of a layer."""
    value = re.search(rf"^see_{layer} = (.*)$", BUILD, re.M)[1]
    return re.sub(r"\$see_(\w+)", lambda match: include_flags(match[1]), value)


@pytest.fixture
def compiles(tmp_path):
    """Whether a source of a layer that includes a header compiles."""
    def attempt(layer, header):
        source = tmp_path / "source.cpp"
        source.write_text(f'#include "{header}"\n')
        command = ["clang++", "-std=c++20", "-fsyntax-only", "-ffreestanding", *include_flags(layer).split(), source]
        return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    return attempt


@pytest.mark.parametrize("layer, header", [("model", "uefi_headers/types.hpp"), ("model", "boot/options.hpp"),
                                           ("rt", "model/token.hpp"), ("rt", "uefi_headers/types.hpp"),
                                           ("platform", "model/token.hpp"), ("platform", "boot/options.hpp")])
def test_a_header_from_above_is_not_found(compiles, layer, header):
    assert not compiles(layer, header)


@pytest.mark.parametrize("layer, header", [
    ("model", "model/token.hpp"), ("model", "rt/arena.hpp"), ("rt", "rt/arena.hpp"),
    ("boot", "uefi_headers/system_table.hpp"), ("platform", "boot/platform/clock.hpp"),
    ("platform", "uefi_headers/types.hpp"), ("boot", "model/tensor.hpp")])
def test_a_header_of_the_own_floor_or_below_is_found(compiles, layer, header):
    assert compiles(layer, header)


@pytest.mark.parametrize("include", ["../boot/options.hpp", "./../boot/options.hpp", "rt/../boot/options.hpp"])
def test_an_include_that_climbs_does_not_compile(tmp_path, include):
    """As ninja does it: the compiler, then stays-below."""
    for name in ("rt", "boot", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "model").mkdir()
    (tmp_path / "model/source.cpp").write_text(f'#include "{include}"\n')
    rule = re.search(r"rule cxx_model\n  command = (.*)\n", BUILD)[1]
    (tmp_path / "build.ninja").write_text(
        "cxx = clang++\ncommon = -std=c++20\nstays_below = tools/build/stays-below\n"
        f"freestanding = -ffreestanding\nsee_model = {include_flags('model')}\n"
        f"rule cxx_model\n  command = {rule}\nbuild source.o: cxx_model model/source.cpp\n")
    done = subprocess.run(["ninja", "-C", tmp_path], capture_output=True, text=True)
    assert done.returncode and not (tmp_path / "source.o").exists()
    assert "climbs out of its folder" in done.stdout or "file not found" in done.stdout


def test_boot_knows_no_uefi():
    """What the user sees is written in words of the platform floor, which alone knows firmware's."""
    sources = [path for path in ROOT.glob("boot/**/*.[ch]pp") if "platform" not in path.parts]
    assert len(sources) > 50
    found = [f"{path.relative_to(ROOT)}:{number}: {line}" for path in sources
             for number, line in enumerate(path.read_text().splitlines(), 1)
             if re.search(r"\buefi(::|_headers)|\befi_main\(|\bg_(system|services|image)\b", line)]
    assert not found


def test_every_conversion_is_one_that_our_printf_has():
    """The compiler checks formats as those of C, which has more."""
    of_c = re.compile(r"%[-+ 0#']*(?:\d+|\*)?(?:\.(?:\d+|\*)?)?[hlqjztL]*[a-zA-Z]T?")
    ours = re.compile(r"%[-0']*(?:\d+|\*)?(?:(?:\.(?:\d+|\*))?[sf]|c|pT|(?:ll|z)?[dux])")
    found = []
    for path in (path for layer in ("rt", "model", "boot") for path in (ROOT / layer).rglob("*.cpp")):
        for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', path.read_text(encoding="utf-8")):
            found += [f"{path.relative_to(ROOT)}: {literal}" for text in of_c.findall(literal.replace("%%", ""))
                      if not ours.match(text)]
    assert not found


def test_no_line_is_wider_than_120_columns():
    """In the program itself."""
    sources = [path for layer in ("rt", "uefi_headers", "model", "boot") for path in (ROOT / layer).rglob("*")
               if path.suffix in (".hpp", ".cpp", ".S", ".ninja")]
    assert len(sources) > 200
    wide = [f"{path.relative_to(ROOT)}:{number}" for path in sources
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if len(line) > 120]
    assert not wide
