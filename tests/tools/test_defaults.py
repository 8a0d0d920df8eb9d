"""The sampling defaults stand once, in model/; every text that names them says the same."""
import re

import pytest

from support import ROOT

PLACES = {
    "boot/options.cpp": r'\{"%s", .*"(\S+)",$',
    "README.md": r"^\| `%s` \|.*\| (\S+) \|$",
}
NAMES = ("temperature", "topp", "top_k", "min_p", "repeat_penalty")


def default(name):
    number = re.search(rf" {name} = ([-\d.]+)f?;", (ROOT / "model/sampler.hpp").read_text())[1]
    return {"-1": "usual", "1.0": "1"}.get(number, number)


def usual_topp():
    return re.search(r"kUsualTopp = ([\d.]+)f;", (ROOT / "model/llama2c_sampler.hpp").read_text())[1]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_text_names_the_default_of_the_code(path, name):
    named = re.search(PLACES[path] % name, (ROOT / path).read_text(), re.M)
    if path == "README.md" and not named: pytest.skip(f"README.md does not name {name}")
    assert named and named[1] in (default(name), usual_topp() if path == "README.md" and name == "topp" else None)
