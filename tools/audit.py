#!/usr/bin/env python3
"""Prints what an auditor of llama.efi wants to know, and fails where a promise is broken.

    ninja audit
    tools/audit.py --quick      without building the programs twice more

Two more builds in different folders must give the same bytes. Every command of the build must be of a kind that is
known; every file that the compiler read must be in this tree or be one of the compiler's own freestanding headers; no
bytes come in by the assembler but the default model and the server's page; what is linked must be what was compiled. The program must import
nothing, and no part of it may be both writable and executable. It calls the tables of firmware under their own names,
and it is no larger than tools/budgets.txt says. On AArch64, where they can be told from others, instructions that speak to
firmware below UEFI or change how the processor works are in two files only.
"""
import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from audit_build import Build
from audit_image import EXECUTE, READ, WRITE, Image

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = tuple(f"out/llama{form}{arch}.efi" for arch in ("", "-aa64") for form in ("", "-core", "-standalone"))


class Audit:
    """Counts the promises that are broken."""

    def __init__(self):
        self.broken = 0

    def check(self, kept, promise):
        print(f"  {'kept  ' if kept else 'BROKEN'}  {promise}")
        self.broken += not kept


def run(*command, folder=ROOT):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def built_elsewhere(folder, goals):
    """The sums of the goals when the tracked files, and nothing else, are built in another folder."""
    for file in run("git", "ls-files", "-z").split("\0"):
        source = ROOT / file
        if file and (source.is_file() or source.is_symlink()):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / file, follow_symlinks=False)
    run("ninja", *goals, folder=folder)
    return [sha256(folder / goal) for goal in goals]


def check_reproducible(audit):
    print("Builds")
    with tempfile.TemporaryDirectory() as scratch:
        builds = [built_elsewhere(Path(scratch, name), PROGRAMS) for name in ("one", "another/and-deeper")]
    here = [sha256(ROOT / program) for program in PROGRAMS]
    for i, program in enumerate(PROGRAMS):
        print(f"  {here[i]}  {program}")
        audit.check({here[i]} == {build[i] for build in builds}, f"{program} is the same from three folders")


def check_build(audit):
    print("Commands, sources, headers and objects")
    build = Build(ROOT, PROGRAMS)
    own = [path.relative_to(ROOT) for path in build.read if path.is_relative_to(ROOT)]
    for folder, count in sorted(Counter(path.parts[0] for path in own).items()):
        print(f"  {count:4}  {folder}/")
    compiler = sorted(path.name for path in build.read if not path.is_relative_to(ROOT))
    print(f"  {len(compiler):4}  of the compiler: {', '.join(compiler)}")
    for problem in build.problems:
        print(f"          {problem}")
    audit.check(not build.problems, "nothing else was read or linked, and every command is of a known kind")


def check_image(audit, program):
    image = Image(ROOT / program)
    print(f"{program}: {image.bytes:,} bytes")
    for name, address, size, flags in image.sections:
        rights = "".join(letter if flags & right else "-" for letter, right in (("r", READ), ("w", WRITE), ("x", EXECUTE)))
        print(f"  {name:8} {rights}  {size:9,} bytes at {address:#x}")
    machine = "AArch64" if "-aa64" in Path(program).name else "x86-64"
    audit.check(image.machine == machine, f"is for {machine}")
    for promise, kept in image.promises():
        audit.check(kept, promise)


def budgets(text):
    """The lines of budgets.txt: a program and the most bytes that it may have."""
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return {line[0]: int(line[1].replace(",", "")) for line in lines if line}


def check_budgets(audit):
    print("Sizes, and what tools/budgets.txt allows")
    for program, most in budgets((ROOT / "tools/budgets.txt").read_text()).items():
        size = (ROOT / program).stat().st_size
        audit.check(size <= most, f"{program} has {size:,} of {most:,} bytes")


def sizes_by_library(link_map):
    """Bytes of code that each library brought into a program."""
    symbols = re.findall(r"^ 0001:([0-9a-f]{8}) +\S+ +[0-9a-f]+ +(?:(\w+):)?(\w+)\.o$", link_map, re.M)
    places = sorted((int(address, 16), library or "start") for address, library, _ in symbols)
    sizes = Counter()
    for (start, folder), (end, _) in zip(places, places[1:]):
        sizes[folder] += end - start
    return sizes


def print_sizes():
    names = ("llama.efi", "llama-aa64.efi")
    print("Code by folder, from the link maps of", " and ".join(names))
    both = [sizes_by_library((ROOT / f"out/{name}.map").read_text()) for name in names]
    for folder, size in both[0].most_common():
        print(f"  {size:7,} {both[1][folder]:7,}  {folder}")


TABLES = r"(?:g_services|boot_services|runtime_services)"
# The only places where a table goes under another name: it arrives there.
ARRIVALS = {
    "boot/platform/firmware.hpp": ["inline constinit uefi::BootServices* g_services = nullptr;",
                                   "g_services = system->boot_services;"],
}


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def hidden_tables(name, text):
    """Lines in which a table of services is taken for something else than one call, or its type for a variable."""
    found = []
    for line in without_comments(text).splitlines():
        line = line.strip()
        if line.startswith("#include") or line in ARRIVALS.get(name, ()):
            continue
        # One call, whose result may be used at will: table->service(
        rest = re.sub(rf"\b(?:g_system->)?{TABLES}->\w+\(", "(", line)
        if re.search(rf"\b{TABLES}\b|\b(?:Boot|Runtime)Services\b", rest):
            found.append(line)
    return found


def check_services(audit):
    print("Firmware services and protocols that can be called, and from where")
    callers = defaultdict(set)
    patterns = ((r"(?:g_services|boot_services)->(\w+)\(", "BootServices"), (r"runtime_services->(\w+)\(", "RuntimeServices"),
                (r"(?:locate|handle)_protocol<uefi::(\w+)>", "protocol"),
                (r"(\w+)::kGuid", "protocol"))
    hidden = []
    for folder in ("boot", "model", "rt"):
        for path in sorted((ROOT / folder).rglob("*.?pp")):
            name, text = str(path.relative_to(ROOT)), path.read_text()
            hidden += [f"{name}: {line}" for line in hidden_tables(name, text)]
            for pattern, kind in patterns:
                for service in re.findall(pattern, text):
                    if service != "P":
                        callers[f"{kind} {service}"].add(name)
    for name, paths in sorted(callers.items()):
        print(f"  {name:38} {', '.join(sorted(paths))}")
    for line in hidden:
        print(f"          {line}")
    audit.check(not hidden, "no table of services goes under another name")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="do not build the programs twice more")
    args = parser.parse_args()
    audit = Audit()
    if not args.quick:
        check_reproducible(audit)
    check_build(audit)
    for program in PROGRAMS:
        check_image(audit, program)
    check_budgets(audit)
    print_sizes()
    check_services(audit)
    print("every promise is kept" if not audit.broken else f"{audit.broken} promises are broken")
    return audit.broken != 0


if __name__ == "__main__":
    sys.exit(main())
