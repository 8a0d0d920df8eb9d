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


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_text_names_the_default_of_the_code(path, name):
    named = re.search(PLACES[path] % name, (ROOT / path).read_text(), re.M)
    assert named and named[1].strip("`") == default(name)


@pytest.mark.parametrize("sampler, of", [("llama2c", "for files of llama2.c"), ("chain", "for GGUF")])
def test_the_readme_says_what_is_usual(sampler, of):
    usual = re.search(r"kUsualTopp = ([\d.]+)f;", (ROOT / f"model/{sampler}_sampler.hpp").read_text())[1]
    row = re.search(r"^\| `topp` \|.*$", (ROOT / "README.md").read_text(), re.M)[0]
    assert f"{usual} {of}" in row
