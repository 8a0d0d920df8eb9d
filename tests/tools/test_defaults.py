"""The sampling defaults stand once, in model/sampler.hpp; every text that names them says the same."""
import re

import pytest

from support import ROOT

PLACES = {
    "boot/options.cpp": r'\{"%s", .*"([\d.]+)",$',
    "README.md": r"^\| `%s` \|.*\| (\S+) \|$",
}
NAMES = ("temperature", "topp")


def default(name):
    return re.search(rf"float {name} = ([\d.]+)f;", (ROOT / "model/sampler.hpp").read_text())[1]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_text_names_the_default_of_the_code(path, name):
    named = re.search(PLACES[path] % name, (ROOT / path).read_text(), re.M)
    assert named and named[1] == default(name)
