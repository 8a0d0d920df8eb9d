"""The audit, on the programs as they are and on faults that somebody could plant, in those of each architecture."""
import gzip
import re
import shutil
import struct
import subprocess
import sys

import pytest

from support import ROOT, built

sys.path.insert(0, str(ROOT / "tools"))
import audit  # noqa: E402
import audit_build  # noqa: E402
import audit_image  # noqa: E402

# A tree with one program of two sources, made by the commands of build.ninja.
BUILD = """
flags = -std=c++20 -ffreestanding -fno-exceptions --target={arch}-unknown-windows -O2
rule cxx
  command = clang++ $flags -Itools/build/see/rt -MD -MF $out.d -c $in -o $out
rule archive
  command = rm -f $out && lld-link /lib /nologo /out:$out $in
rule link
  command = lld-link /nologo /subsystem:efi_application /entry:efi_start /nodefaultlib /machine:{machine} /out:$out $in
build out/rt/add.o: cxx rt/add.cpp
build out/rt.a: archive out/rt/add.o
build out/boot/main.o: cxx boot/main.cpp
build out/data.o: cxx boot/embedded.S
rule page
  command = sed 's/^ *//' $in | gzip -9n > $out
build out/page.html.gz: page boot/server/page.html
build out/page.o: cxx boot/server/page.S | out/page.html.gz
build out/program.efi: link out/boot/main.o out/data.o out/page.o out/rt.a
"""
FILES = {
    "build.ninja": BUILD,
    "rt/add.hpp": "#include <stdint.h>\nuint64_t add(uint64_t a, uint64_t b);\n",
    "rt/add.cpp": '#include "rt/add.hpp"\nuint64_t add(uint64_t a, uint64_t b) { return a + b; }\n',
    "boot/main.cpp": '#include "rt/add.hpp"\nextern "C" uint64_t efi_start(uint64_t n) { return add(n, 1); }\n',
    "boot/embedded.S": '.section .model, "dr"\n.globl model\nmodel: .long 1\n.incbin "assets/default.bin"\n',
    "boot/server/page.html": "<p>\n  page\n",
    "boot/server/page.S": '.section .rdata, "dr"\n.globl page\npage:\n.incbin "out/page.html.gz"\n',
    "assets/default.bin": "weights",
    "blob.bin": "foreign",
}
LINKER_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}
PROGRAMS = pytest.mark.parametrize("program", ["out/llama.efi", "out/llama-aa64.efi"])


class Tree:
    def __init__(self, root, arch):
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)
        self.write("build.ninja", BUILD.format(arch=arch, machine=LINKER_MACHINES[arch]))
        (root / "tools/build/see/rt").mkdir(parents=True)
        (root / "tools/build/see/rt/rt").symlink_to(root / "rt")

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def change(self, name, old, new):
        text = (self.root / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def problems(self):
        done = subprocess.run(["ninja", "out/program.efi"], cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        return audit_build.Build(self.root, ["out/program.efi"]).problems


@pytest.fixture(params=LINKER_MACHINES)
def tree(tmp_path, request):
    return Tree(tmp_path, request.param)


@pytest.fixture
def arm_tree(tmp_path):
    return Tree(tmp_path, "aarch64")


def test_the_program_keeps_every_promise():
    done = subprocess.run([ROOT / "tools/audit.py", "--quick"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tracked_files_alone_give_the_same_bytes_in_another_folder(tmp_path):
    """A part of the program, of each floor; the audit builds all of it, twice."""
    goals = ["out/efi/rt.a", "out/efi/boot/embedded.o", "out/efi/boot/platform/clock.o", "out/efi/model/model.o",
             "out/aa64/rt.a", "out/aa64/processor.a", "out/aa64/boot/platform/aarch64/start.o"]
    subprocess.run(["ninja", *goals], cwd=ROOT, check=True, capture_output=True)
    assert audit.built_elsewhere(tmp_path, goals) == [audit.sha256(ROOT / goal) for goal in goals]


@pytest.mark.parametrize("name", ["arm_neon.h", "arm_bf16.h", "arm_vector_types.h"])  # the last one since clang 18
def test_headers_of_vectors_are_those_of_the_compiler(name):
    assert audit_build.FREESTANDING.fullmatch(name)


def test_a_tree_without_faults_has_no_problems(tree):
    assert tree.problems() == []


def test_a_header_whose_path_looks_like_the_compilers(tree):
    tree.write("elsewhere/lib/clang/14.0.6/include/stdfoo.h", "#define ONE 1\n")
    tree.change("boot/main.cpp", '#include "rt', f'#include "{tree.root}/elsewhere/lib/clang/14.0.6/include/stdfoo.h"\n#include "rt')
    assert any("stdfoo.h" in problem for problem in tree.problems())


def test_a_link_to_a_foreign_header(tree):
    tree.write("elsewhere/secret.hpp", "#define ONE 1\n")
    (tree.root / "rt/own.hpp").symlink_to(tree.root / "elsewhere/secret.hpp")
    tree.change("boot/main.cpp", '#include "rt', '#include "rt/own.hpp"\n#include "rt')
    assert any("secret.hpp" in problem for problem in tree.problems())


def test_an_object_that_nobody_compiled_in_the_link(tree):
    tree.problems()
    shutil.copy(tree.root / "out/rt/add.o", tree.root / "spare.o")
    tree.change("build.ninja", "out/data.o out/page.o out/rt.a", "out/data.o spare.o")
    assert any("spare.o, which is not made here" in problem for problem in tree.problems())


def test_an_object_that_was_exchanged_in_its_archive(tree):
    assert tree.problems() == []
    path = tree.root / "out/rt.a"
    data = path.read_bytes()
    at = data.rindex((tree.root / "out/rt/add.o").read_bytes()[-16:])
    path.write_bytes(data[:at] + b"!" + data[at + 1:])
    assert audit_build.Build(tree.root, ["out/program.efi"]).problems == ["out/rt.a holds something else than its objects"]


def test_a_source_from_outside(tree):
    tree.write("more/extra.cpp", "int extra() { return 1; }\n")
    tree.change("build.ninja", "build out/program.efi: link", "build out/extra.o: cxx more/extra.cpp\n"
                "build out/program.efi: link out/extra.o")
    assert any(problem.startswith("more/extra.cpp is compiled: it lies outside") for problem in tree.problems())


@pytest.mark.parametrize("text", [
    'asm(".incbin \\"blob.bin\\"");',
    'asm(".inc" "bin \\"blob.bin\\"");',
    'asm(".ascii \\"a\\"; .incbin \\"blob.bin\\"");',
    'asm(".macro take what\\n.\\\\what \\"blob.bin\\"\\n.endm\\ntake incbin");',
    '[[gnu::used]] static void f() { asm volatile(".section .rdata; .INCBIN \\"blob.bin\\"; .text"); }',
    'asm("/* \\" */ .incbin \\"blob.bin\\" /* \\" */");',
    'asm("# a comment\\r.incbin \\"blob.bin\\"");',
    'asm("nop; .incbin \\"blob.bin\\"");',
])
def test_a_foreign_blob_by_the_assembler(tree, text):
    tree.change("rt/add.cpp", "uint64_t add", text + "\nuint64_t add")
    assert any("rt/add.cpp: the assembler is told" in problem for problem in tree.problems())


def test_another_blob_in_the_file_that_may_take_the_model(tree):
    tree.change("boot/embedded.S", "assets/default.bin", "blob.bin")
    assert any("boot/embedded.S: the assembler is told" in problem for problem in tree.problems())


def test_a_page_that_is_not_the_one_in_the_sources(tree):
    assert tree.problems() == []
    (tree.root / "out/page.html.gz").write_bytes(gzip.compress(b"<p>\nanother\n"))
    assert audit_build.Build(tree.root, ["out/program.efi"]).problems == [
        "out/page.html.gz is not what boot/server/page.html says"]


@pytest.mark.parametrize("option", ["-include blob.h", "-isystem elsewhere", "-fplugin=blob.so", "-Xclang -load", "-Bhere"])
def test_an_option_that_could_bring_other_code(tree, option):
    tree.write("blob.h", "")
    build = audit_build.Build.__new__(audit_build.Build)
    build.root, build.read = tree.root, set()
    words = f"clang++ -O2 {option} -MD -MF out/x.d -c rt/add.cpp -o out/x.o".split()
    assert "the compiler is told" in build.compile_again(0, (words, "rt/add.cpp", "out/x.o"), tree.root)[0]


def test_a_command_that_does_more(tree):
    tree.change("build.ninja", "-c $in -o $out", "-c $in -o $out && cp $out $out.copy")
    assert any("a command of another kind" in problem for problem in tree.problems())


def test_an_object_that_tells_the_linker_something(tree):
    tree.change("rt/add.cpp", "uint64_t add", '#pragma comment(linker, "/export:efi_start")\nuint64_t add')
    tree.change("build.ninja", "-std=c++20", "-std=c++20 -fms-extensions")
    assert any("tells the linker" in problem for problem in tree.problems())


@pytest.mark.parametrize("instruction, name", [
    ("hvc #0", "hvc"), ("smc #7", "smc"), ("svc #0", "svc"), ("msr fpcr, xzr", "msr"), ("msr daifset, #2", "msr"),
    ("msr s3_0_c1_c0_0, x0", "msr"), ("dc civac, x0", "sys"), ("tlbi vmalle1", "sys"), ("eret", "eret"),
    (".inst 0xd4000003", "smc"), (r'.section .other, \"xr\"; .long 0xd4000002; .text', "hvc"),
])
def test_an_instruction_that_only_two_files_may_have(arm_tree, instruction, name):
    arm_tree.change("rt/add.cpp", "{ return", f'{{ asm volatile("{instruction}"); return')
    assert f"rt/add.cpp has the instruction {name}" in arm_tree.problems()


def test_an_instruction_that_this_file_may_have_but_not_that_one(arm_tree):
    arm_tree.write("boot/platform/aarch64/instructions.cpp", 'void f() { asm volatile("hvc #0\\n\\tmsr fpcr, xzr"); }\n')
    arm_tree.change("build.ninja", "build out/program.efi: link", "build out/i.o: cxx boot/platform/aarch64/instructions.cpp\n"
                    "build out/program.efi: link out/i.o")
    assert arm_tree.problems() == ["boot/platform/aarch64/instructions.cpp has the instruction msr"]


class Headers:
    """A copy of a program, whose headers a test changes."""

    def __init__(self, program, path):
        self.data, self.path = bytearray(built(ROOT / program).read_bytes()), path
        self.pe = struct.unpack_from("<I", self.data, 0x3C)[0]
        self.optional = self.pe + 24
        count, size = struct.unpack_from("<H12xH", self.data, self.pe + 6)
        self.sections = {}  # name -> where its header is
        for at in range(self.optional + size, self.optional + size + 40 * count, 40):
            self.sections[self.data[at:at + 8].rstrip(b"\0").decode()] = at

    def put(self, at, form, *values):
        struct.pack_into("<" + form, self.data, at, *values)

    def broken(self):
        self.path.write_bytes(self.data)
        return [promise for promise, kept in audit_image.Image(self.path).promises() if not kept]


@pytest.fixture
def headers(tmp_path):
    return lambda program: Headers(program, tmp_path / "planted.efi")


@PROGRAMS
@pytest.mark.parametrize("directory", [0, 1, 2, 3, 9, 10, 11, 12, 13, 14])
def test_a_directory_of_the_image_that_should_be_empty(headers, program, directory):
    """1 and 13 are imports, 3 the tables by which exceptions are handled, 9 what runs for each thread."""
    image = headers(program)
    image.put(image.optional + 112 + 8 * directory, "II", 0x1000, 64)
    broken = image.broken()
    assert len(broken) == 1 and f"data directory {directory}" in broken[0]


@PROGRAMS
@pytest.mark.parametrize("plant, promise", [
    (lambda i: i.put(i.sections[".text"] + 36, "I", 0xE0000020), "nothing is writable and executable"),
    (lambda i: i.put(i.sections[".data"] + 36, "I", 0xE0000040), "nothing is writable and executable"),
    (lambda i: i.put(i.optional + 32, "I", 512), "sections are aligned to pages"),
    (lambda i: i.put(i.optional + 70, "H", 0x0040), "NX_COMPAT is set"),
    (lambda i: i.put(i.optional + 112 + 8 * 5, "II", 0, 0), "relocations are kept"),
    (lambda i: i.put(i.sections[".sbat"], "8s", b".other"), ".sbat is there, on a page of its own"),
    (lambda i: i.put(i.sections[".sbat"] + 12, "I", 0x1040), ".sbat is there, on a page of its own"),
    (lambda i: i.put(i.sections[".data"], "8s", b".CRT"), "no initialisers that run before efi_main"),
], ids=["code that is written", "data that is run", "alignment", "NX_COMPAT", "relocations", "no SBAT", "SBAT", "initialisers"])
def test_a_header_of_the_image_that_says_something_else(headers, program, plant, promise):
    image = headers(program)
    assert image.broken() == []
    plant(image)
    assert image.broken() == [promise]


@PROGRAMS
def test_a_program_for_another_machine_under_this_name(headers, program, tmp_path, capsys):
    image = headers(program)
    image.put(image.pe + 4, "H", {0x8664: 0xAA64, 0xAA64: 0x8664}[struct.unpack_from("<H", image.data, image.pe + 4)[0]])
    planted = tmp_path / (ROOT / program).name
    planted.write_bytes(image.data)
    found = audit.Audit()
    audit.check_image(found, planted)
    assert found.broken == 1 and "BROKEN  is for " in capsys.readouterr().out


@pytest.mark.parametrize("line", [
    "auto* s = g_services; s->stall(1);",
    "auto& s = *g_services; s.stall(1);",
    "auto stall = g_services->stall; stall(1);",
    "const uefi::BootServices* s = find();",
    "auto* r = g_system->runtime_services; r->reset_system(type, status, 0, nullptr);",
    "(*g_services).stall(1);",
    "pass(g_services);",
    "g_services /* a comment */ ->stall;",
])
def test_a_table_of_services_under_another_name(line):
    assert audit.hidden_tables("boot/platform/clock.cpp", f"void f() {{\n  {line}\n}}\n")


@pytest.mark.parametrize("folder", ["boot/platform/x86_64", "boot/platform/aarch64", "model/kernels/aarch64", "rt/aarch64"])
def test_a_table_of_services_is_found_in_the_folders_of_each_architecture(folder, tmp_path, monkeypatch, capsys):
    for other in ("boot", "model", "rt", folder):
        (tmp_path / other).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "starter.cpp").write_text("void f() { g_services->stall(1); }\nauto* s = g_services;\n")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    found = audit.Audit()
    audit.check_services(found)
    said = capsys.readouterr().out
    assert found.broken == 1 and f"{folder}/starter.cpp: auto* s = g_services;" in said
    assert re.search(rf"BootServices stall +{folder}/starter.cpp", said)


def test_code_is_counted_by_library():
    lines = [" 0001:00000000       efi_start       0000000140001000     start.o",
             " 0001:00000010       f               0000000140001010     rt:abi.o",
             " 0001:00000050       g               0000000140001050     model:arena.o",
             " 0002:00000000       h               0000000140002000     rt:abi.o",
             " 0001:00000070       i               0000000140001070     rt:math.o"]
    assert audit.sizes_by_library("\n".join(lines)) == {"start": 16, "rt": 64, "model": 32}


def test_a_program_that_two_folders_make_differently_is_not_reproducible(monkeypatch, capsys):
    sums = iter((["one"] * len(audit.PROGRAMS), ["one"] * (len(audit.PROGRAMS) - 1) + ["two"]))
    monkeypatch.setattr(audit, "built_elsewhere", lambda folder, goals: next(sums))
    monkeypatch.setattr(audit, "sha256", lambda path: "one")
    found = audit.Audit()
    audit.check_reproducible(found)
    assert found.broken == 1
    assert "BROKEN  out/llama-standalone-aa64.efi is the same from three folders" in capsys.readouterr().out


def test_every_form_of_the_program_is_audited():
    assert set(audit.PROGRAMS) == {f"out/llama{form}{arch}.efi" for form in ("", "-core", "-standalone") for arch in ("", "-aa64")}


def test_a_table_of_services_under_its_own_name():
    assert not audit.hidden_tables("boot/platform/clock.cpp", "// g_services\nvoid f() { (void)g_services->stall(1); }\n")


def test_budgets_are_read():
    assert audit.budgets("# a comment\nout/a.efi  1,024  # why\n\nout/b.efi 7\n") == {"out/a.efi": 1024, "out/b.efi": 7}


def test_a_program_over_its_budget_breaks_a_promise(tmp_path, monkeypatch, capsys):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/budgets.txt").write_text("a.efi 4\nb.efi 5\n")
    for name in ("a.efi", "b.efi"):
        (tmp_path / name).write_bytes(b"12345")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    found = audit.Audit()
    audit.check_budgets(found)
    assert found.broken == 1 and "BROKEN  a.efi has 5 of 4 bytes" in capsys.readouterr().out
