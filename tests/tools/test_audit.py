"""The audit, on the program as it is and on faults that somebody could plant."""
import shutil
import struct
import subprocess
import sys

import pytest

from support import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import audit  # noqa: E402
import audit_build  # noqa: E402
import audit_image  # noqa: E402

# A tree with one program of two sources, made by the commands of build.ninja.
BUILD = """
flags = -std=c++20 -ffreestanding -fno-exceptions --target=x86_64-unknown-windows -O2
rule cxx
  command = clang++ $flags -Itools/build/see/rt -MD -MF $out.d -c $in -o $out
rule archive
  command = rm -f $out && lld-link /lib /nologo /out:$out $in
rule link
  command = lld-link /nologo /subsystem:efi_application /entry:efi_start /nodefaultlib /machine:x64 /out:$out $in
build out/rt/add.o: cxx rt/add.cpp
build out/rt.a: archive out/rt/add.o
build out/boot/main.o: cxx boot/main.cpp
build out/data.o: cxx boot/embedded.S
build out/program.efi: link out/boot/main.o out/data.o out/rt.a
"""
FILES = {
    "build.ninja": BUILD,
    "rt/add.hpp": "#include <stdint.h>\nuint64_t add(uint64_t a, uint64_t b);\n",
    "rt/add.cpp": '#include "rt/add.hpp"\nuint64_t add(uint64_t a, uint64_t b) { return a + b; }\n',
    "boot/main.cpp": '#include "rt/add.hpp"\nextern "C" uint64_t efi_start(uint64_t n) { return add(n, 1); }\n',
    "boot/embedded.S": '.section .model, "dr"\n.globl model\nmodel: .long 1\n.incbin "assets/default.bin"\n',
    "assets/default.bin": "weights",
    "blob.bin": "foreign",
}
LISTED = "boot/main.o: cxx boot/main.cpp\n"


class Tree:
    def __init__(self, root):
        self.root = root
        for name, text in FILES.items():
            self.write(name, text)
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


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def test_the_program_keeps_every_promise():
    done = subprocess.run([ROOT / "tools/audit.py", "--quick"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tracked_files_alone_give_the_same_bytes_in_another_folder(tmp_path):
    """A part of the program, of each floor; the audit builds all of it, twice."""
    goals = ["out/efi/rt.a", "out/efi/boot/embedded.o", "out/efi/boot/platform/clock.o", "out/efi/model/model.o"]
    subprocess.run(["ninja", *goals], cwd=ROOT, check=True, capture_output=True)
    assert audit.built_elsewhere(tmp_path, goals) == [audit.sha256(ROOT / goal) for goal in goals]


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
    tree.change("build.ninja", "out/data.o out/rt.a", "out/data.o spare.o")
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
    assert any("more/extra.cpp" in problem for problem in tree.problems())


@pytest.mark.parametrize("text", [
    'asm(".incbin \\"blob.bin\\"");',
    'asm(".inc" "bin \\"blob.bin\\"");',
    'asm(".ascii \\"a\\"; .incbin \\"blob.bin\\"");',
    'asm(".macro take what\\n.\\\\what \\"blob.bin\\"\\n.endm\\ntake incbin");',
    '[[gnu::used]] static void f() { asm volatile(".section .rdata; .INCBIN \\"blob.bin\\"; .text"); }',
    'asm("/* \\" */ .incbin \\"blob.bin\\" /* \\" */");',
])
def test_a_foreign_blob_by_the_assembler(tree, text):
    tree.change("rt/add.cpp", "uint64_t add", text + "\nuint64_t add")
    assert any("rt/add.cpp: the assembler is told" in problem for problem in tree.problems())


def test_another_blob_in_the_file_that_may_take_the_model(tree):
    tree.change("boot/embedded.S", "assets/default.bin", "blob.bin")
    assert any("boot/embedded.S: the assembler is told" in problem for problem in tree.problems())


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


@pytest.mark.parametrize("directory", [0, 1, 2, 3, 9, 10, 11, 12, 13, 14])
def test_a_directory_of_the_image_that_should_be_empty(tmp_path, directory):
    """13 is a delay import."""
    data = bytearray((ROOT / "out/llama.efi").read_bytes())
    optional = struct.unpack_from("<I", data, 0x3C)[0] + 24
    struct.pack_into("<II", data, optional + 112 + 8 * directory, 0x1000, 64)
    (tmp_path / "planted.efi").write_bytes(data)
    broken = [promise for promise, kept in audit_image.Image(tmp_path / "planted.efi").promises() if not kept]
    assert len(broken) == 1 and f"data directory {directory}" in broken[0]


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
