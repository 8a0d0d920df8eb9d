"""What README.md, AUDIT.md and CONTRIBUTING.md say is there, is there: files, goals, tools and their options, the program's
options with their defaults, the commands of the prompt."""
import re
import subprocess

import pytest

from support import ROOT

README, AUDIT, CONTRIBUTING = (ROOT / name for name in ("README.md", "AUDIT.md", "CONTRIBUTING.md"))
DOCS = (README, AUDIT, CONTRIBUTING)
FOLDERS = ("boot", "model", "rt", "uefi_headers", "tests", "tools", "assets")
OPTION = re.compile(r'^    \{"(\w+)", (?:\'(.)\'|0), Kind::\w+, Effect::\w+,(.*?)\},$', re.M | re.S)
COMMAND = re.compile(r'^    \{"([\w!]+)", "([^"]*)", "[^"]*", \w', re.M)


def words(path):
    """What stands between backticks, and the words of indented lines without their comments."""
    text = path.read_text()
    code = [line.partition("#")[0] for line in re.findall(r"^    (.+)$", text, re.M)]
    return {word for part in (*re.findall(r"`([^`\n]+)`", text), *code) for word in part.split()}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(path):
    named = {word.rstrip(".,:;)") for word in words(path) if re.match(rf"(\./)?({'|'.join(FOLDERS)})/[\w./!-]+", word)}
    assert len(named) > 3
    missing = {name for name in named if not (ROOT / name).exists()}
    assert not missing, f"{path.name} names what is not there"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(path):
    text = path.read_text()
    headings = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
                for heading in re.findall(r"^#+ (.+)$", text, re.M)}
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_every_goal_of_ninja_that_is_named_exists():
    goals = set(re.findall(r"^build ([\w-]+): ", (ROOT / "build.ninja").read_text(), re.M))
    for path in DOCS:
        named = set(re.findall(r"(?:`|    |\s)ninja ([a-z][\w-]*)(?=`|\s{2,}| +#|\n)", path.read_text()))
        assert named <= goals, f"{path.name}: {named - goals}"
    assert {"test", "audit", "bench", "release"} <= set(re.findall(r"ninja ([a-z-]+)", README.read_text()))


def programs():
    """What the build makes for firmware: of each architecture, by the suffix of its names."""
    names = re.findall(r"^build (out/\S+\.efi):", (ROOT / "tools/build/programs.ninja").read_text(), re.M)
    suffixes = [""] + re.findall(r"^suffix = (\S+)$", "\n".join(
        path.read_text() for path in (ROOT / "tools/build").glob("*.ninja")), re.M)
    assert len(names) == 3
    return {name.replace("$suffix", suffix) for name in names for suffix in suffixes}


def test_programs_of_the_build_that_are_named_are_made():
    named = {word.rstrip(".,;:") for path in DOCS for word in words(path) if re.match(r"out/[\w./-]+\.efi\b", word)}
    signed = {name for name in named if name.endswith("-signed.efi")}
    assert "out/llama.efi" in named
    assert named - signed <= programs()
    assert {name.replace("-signed", "") for name in signed} <= programs()


def test_tools_have_the_options_that_lines_give_them():
    checked = 0
    for path in DOCS:
        for line in re.findall(r"^    (?:sudo )?(\S*(?:tools/|setup\.sh|out/host/llama)[^#\n]*)", path.read_text(), re.M):
            program, *arguments = line.split()
            options = [word for word in arguments if re.fullmatch(r"--?[a-z][\w-]*", word)]
            if not options or not (ROOT / program).exists():
                continue
            text = subprocess.run([ROOT / program, "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
            for option in options:
                assert re.search(rf"(?<![\w-]){option}(?![\w-])", text), f"{program} has no {option}: {line}"
                checked += 1
    assert checked >= 6


def program_options():
    """Name: (letter, default) of the table in boot/options.cpp."""
    text = (ROOT / "boot/options.cpp").read_text()
    rows = text[text.index("kOptions[] = {"):text.index("kOfFirmware = ")]
    found = {name: (letter, re.findall(r'"([^"]*)"', rest)[-2]) for name, letter, rest in OPTION.findall(rows)}
    assert len(found) == len(re.findall(r'^    \{"', rows, re.M)), "a row that this test cannot read"
    return found


def test_the_table_of_options_is_that_of_the_program():
    options = program_options()
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\| `\w+` \|.*$", README.read_text(), re.M)]
    table = {name.strip("`"): (re.match(r"`-(\w)`", flag), default.strip("`")) for name, flag, _, default in rows}
    assert set(table) == set(options) - {"help", "version"}
    for name, (letter, default) in table.items():
        assert (letter[1] if letter else "") == options[name][0], f"{name}: its flag"
        if options[name][1]:
            assert default == options[name][1], f"{name}: its default"


def test_values_of_options_are_those_of_the_program():
    text = (ROOT / "boot/options.cpp").read_text()
    for name, values in re.findall(r'\{"(\w+)", 0, Kind::choice.*?"(\w+(?:\|\w+)+)"', text, re.S):
        if name not in ("help", "version"):
            row = re.search(rf"^\| `{name}` \|.*$", README.read_text(), re.M)[0]
            assert all(f"`{value}`" in row for value in values.split("|")), row


def test_the_table_of_commands_is_that_of_the_program():
    text = (ROOT / "boot/commands.cpp").read_text()
    commands = dict(COMMAND.findall(text))
    assert len(commands) > 10
    rows = re.findall(r"^\| (`/.*?) \|", README.read_text(), re.M)
    named = {found[0].lstrip("/"): found[1].strip() for row in rows
             for found in re.findall(r"`(/[\w!]+)((?: [\[\]A-Z ]+)?)`", row)}
    assert named == commands


def test_two_commands_head_the_readme():
    first = [line.split("#")[0].strip() for line in README.read_text().splitlines()[2:4]]
    assert first == ["./setup.sh run", "./setup.sh test"]


def test_the_table_of_programs_names_all():
    named = {f"out/{name}" for name in re.findall(r"^\| `out/(\S+\.efi)` \|", README.read_text(), re.M)}
    assert named == {name for name in programs() if "-aa64" not in name}


def test_the_matrix_of_contributing_has_tables_that_exist():
    """A word in backticks like kName is in the file beside it."""
    for row in re.findall(r"^\|.*\bk[A-Z]\w+.*$", CONTRIBUTING.read_text(), re.M):
        for table, file in re.findall(r"`(k[A-Z]\w+)` in `([\w./]+)`", row):
            assert f" {table}[]" in (ROOT / file).read_text(), f"{file} has no table {table}"
