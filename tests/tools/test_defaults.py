"""The sampling defaults stand once, in model/sampler.hpp; every text that names them says the same."""
import re

import pytest

from support import ROOT

PLACES = {
    "boot/options.cpp": r'\{"%s", .*"([\d.]+)",$',
    "tests/host/main.cpp": r"^  -\w [TP] +%s, .*\((\S+)\)$",
    "README.md": r"^\| `%s` \|.*\| (\S+) \|$",
}
NAMES = {"temperature": "temperature", "topp": "top-p"}  # in the code, and where the host program explains it


def default(name):
    return re.search(rf"float {name} = ([\d.]+)f;", (ROOT / "model/sampler.hpp").read_text())[1]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_text_names_the_default_of_the_code(path, name):
    shown = NAMES[name] if path == "tests/host/main.cpp" else name
    named = re.search(PLACES[path] % shown, (ROOT / path).read_text(), re.M)
    assert named and named[1] == default(name)
