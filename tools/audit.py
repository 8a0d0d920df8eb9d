#!/usr/bin/env python3
"""Prints what an auditor of llama.efi wants to know, and fails where a promise is broken.

    ninja audit

Two builds in different folders must give the same bytes; every file that the compiler read must be in this tree or be
one of the compiler's own freestanding headers; the program must import nothing, and no part of it may be both writable
and executable.
"""
import hashlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("out/llama.efi", "out/llama-standalone.efi")
OWN_FOLDERS = ("boot", "model", "rt", "uefi_headers")
FREESTANDING = re.compile(r"/lib/clang/[^/]+/include/[\w.]+\.h$")
READ, WRITE, EXECUTE = 0x40000000, 0x80000000, 0x20000000
NX_COMPAT = 0x0100
PAGE = 4096


class Audit:
    """Counts the promises that are broken."""

    def __init__(self):
        self.broken = 0

    def check(self, kept, promise):
        print(f"  {'kept  ' if kept else 'BROKEN'}  {promise}")
        self.broken += not kept


def run(*command, folder=ROOT):
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def built_elsewhere(scratch, name):
    """The programs' sums when the tracked files are built in a folder called `name`."""
    folder = Path(scratch, name)
    for file in run("git", "ls-files", "-z").split("\0"):
        source = ROOT / file
        if file and source.is_file():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / file)
    run("ninja", *PROGRAMS, folder=folder)
    return [sha256(folder / program) for program in PROGRAMS]


def check_reproducible(audit):
    print("Builds")
    with tempfile.TemporaryDirectory() as scratch:
        builds = [built_elsewhere(scratch, name) for name in ("one", "another/and deeper".replace(" ", "-"))]
    here = [sha256(ROOT / program) for program in PROGRAMS]
    for i, program in enumerate(PROGRAMS):
        print(f"  {here[i]}  {program}")
        audit.check({here[i]} == {build[i] for build in builds}, f"{program} is the same from three folders")


def inputs():
    """Every file that the compiler read for the program, from the dependencies that it wrote itself."""
    found = set()
    for line in run("ninja", "-t", "deps").splitlines():
        if line.startswith("out/efi/"):
            keep = True
        elif line and not line.startswith(" "):
            keep = False
        elif line.strip() and keep:
            path = Path(ROOT, line.strip())
            found.add(path.resolve())
    return sorted(found)


def check_inputs(audit):
    print("Sources and headers")
    folders, compiler, foreign = Counter(), set(), []
    for path in inputs():
        if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in OWN_FOLDERS:
            folders[path.relative_to(ROOT).parts[0]] += 1
        elif FREESTANDING.search(str(path)):
            compiler.add(path.name)
        else:
            foreign.append(str(path))
    for folder, count in sorted(folders.items()):
        print(f"  {count:4}  {folder}/")
    print(f"  {len(compiler):4}  of the compiler: {', '.join(sorted(compiler))}")
    audit.check(not foreign, f"nothing else was read {' '.join(foreign)}")


class Image:
    """The headers of a PE32+ file. Microsoft PE Format."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        pe = struct.unpack_from("<I", data, 0x3C)[0]
        sections, optional_size = struct.unpack_from("<H12xH", data, pe + 6)
        optional = pe + 24
        self.bytes = len(data)
        self.alignment = struct.unpack_from("<I", data, optional + 32)[0]
        self.subsystem, self.characteristics = struct.unpack_from("<HH", data, optional + 68)
        count = struct.unpack_from("<I", data, optional + 108)[0]
        self.directories = [struct.unpack_from("<II", data, optional + 112 + 8 * i) for i in range(count)]
        self.sections = []
        for i in range(sections):
            at = optional + optional_size + 40 * i
            name, size, address, _, flags = struct.unpack_from("<8sIIII", data, at)[:4] + \
                (struct.unpack_from("<I", data, at + 36)[0],)
            self.sections.append((name.rstrip(b"\0").decode(), address, size, flags))


def check_image(audit, program):
    image = Image(ROOT / program)
    print(f"{program}: {image.bytes:,} bytes")
    for name, address, size, flags in image.sections:
        rights = "".join(letter if flags & right else "-" for letter, right in (("r", READ), ("w", WRITE), ("x", EXECUTE)))
        print(f"  {name:8} {rights}  {size:9,} bytes at {address:#x}")
    names = {name: (address, flags) for name, address, _, flags in image.sections}
    audit.check(image.directories[1] == (0, 0), "imports nothing")
    audit.check(not any(flags & WRITE and flags & EXECUTE for *_, flags in image.sections),
                "nothing is writable and executable")
    audit.check(image.alignment % PAGE == 0, "sections are aligned to pages")
    audit.check(bool(image.characteristics & NX_COMPAT), "NX_COMPAT is set")
    audit.check(image.directories[5] != (0, 0), "relocations are kept")
    audit.check(".sbat" in names and names[".sbat"][0] % PAGE == 0, ".sbat is there, on a page of its own")
    audit.check(".CRT" not in names, "no initialisers that run before efi_main")


def print_sizes():
    print("Code by folder, from the link map")
    symbols = re.findall(r"^ 0001:([0-9a-f]{8}) +\S+ +[0-9a-f]+ +(?:(\w+):)?(\w+)\.o$",
                         (ROOT / "out/llama.efi.map").read_text(), re.M)
    places = sorted((int(address, 16), library or "start") for address, library, _ in symbols)
    sizes = Counter()
    for (start, folder), (end, _) in zip(places, places[1:]):
        sizes[folder] += end - start
    for folder, size in sizes.most_common():
        print(f"  {size:7,}  {folder}")


def print_services():
    print("Firmware services and protocols that can be called, and from where")
    callers = defaultdict(set)
    patterns = ((r"g_services->(\w+)\(", "BootServices"), (r"runtime_services->(\w+)\(", "RuntimeServices"),
                (r"(?:locate|handle)_protocol<uefi::(\w+)>", "protocol"),
                (r"(\w+)::kGuid", "protocol"))
    for path in sorted(ROOT.glob("boot/**/*.?pp")):
        for pattern, kind in patterns:
            for name in re.findall(pattern, path.read_text()):
                if name != "P":
                    callers[f"{kind} {name}"].add(str(path.relative_to(ROOT)))
    for name, paths in sorted(callers.items()):
        print(f"  {name:38} {', '.join(sorted(paths))}")


def main():
    audit = Audit()
    check_reproducible(audit)
    check_inputs(audit)
    for program in PROGRAMS:
        check_image(audit, program)
    print_sizes()
    print_services()
    print("every promise is kept" if not audit.broken else f"{audit.broken} promises are broken")
    return audit.broken != 0


if __name__ == "__main__":
    sys.exit(main())
