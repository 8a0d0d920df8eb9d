"""How the program was made, as the audit reads it: the commands, what the compiler reads and what it hands to the
assembler, and the objects that are linked. None of it is believed because of its name.

Every command of the build must be one of five kinds, with options from a list. A compilation is done again, as far as
assembly: the compiler says which files it reads, and the assembly shows what inline assembly comes to."""
import gzip
import re
import shlex
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import audit_image

OWN_FOLDERS = ("boot", "model", "rt", "uefi_headers")
DATA = {"boot/embedded.S": {"assets/default.bin", "assets/default-tokenizer.bin"},  # who may take which files in whole
        "boot/server/page.S": {"out/page.html.gz"}}
PAGE = ("boot/server/page.html", "out/page.html.gz")  # the one thing that is not compiled but packed
# Which sources for AArch64 may have instructions that no compiler makes by itself, and which.
UNCOMMON = {"boot/platform/aarch64/start.S": {"hvc", "smc", "msr", "sys"},
            "boot/platform/aarch64/instructions.cpp": {"hvc", "smc", "sys"}}
FREESTANDING = re.compile(r"(float|limits|stdarg|stddef|stdint|stdalign|__std\w+|__wmmintrin_\w+|cpuid|mm_malloc|arm_neon|arm_bf16|arm_vector_types|[a-z0-9_]*intrin)\.h")
# Nothing that names a file, a plugin or another program; -B, -Xclang, @FILE, -include and -isystem are not here.
COMPILER_OPTION = re.compile(
    r"-std=c\+\+\d\d|-O[0-3sz]|-g|-W[a-z][\w=-]*|-m[\w.=+-]+|-MD|-f(?!plugin|pass-plugin|profile|module|sanitize|use)[\w=-]+"
    r"|-nostdlibinc|--target=[\w-]+|-Itools/build/see/\w+|-D(MODEL|TOKENIZER)=.*")
LINKER_OPTION = re.compile(r"/nologo|/subsystem:efi_application|/entry:efi_start|/nodefaultlib|/opt:[\w,]+|/dynamicbase|/nxcompat"
                           r"|/Brepro|/machine:\w+|/map:\S+|/debug:dwarf")
# What brings bytes that the compiler does not list, or could hide the word that does.
ASSEMBLER_TRICK = re.compile(r"\.(incbin|include|macro|altmacro|irpc?|rept|rep|code64_from)\b|\\\(\)", re.I)
TEXT_LINE = re.compile(r'\s*\.(ascii|asciz|string)\s+"(\\.|[^"\\])*"\s*(#.*)?')


class Build:
    """Reads the commands that make `programs` in the tree at `root`; `problems` says what is wrong, `read` which files
    the compiler read."""

    def __init__(self, root, programs):
        self.root = Path(root).resolve()
        self.problems = []
        self.read = set()
        self.made = {}  # path -> bytes of each object, sources compiled
        self.compilations = []
        self.archives = {}
        self.links = []
        commands = self.run("ninja", "-t", "commands", *programs).splitlines()
        for command in commands:
            self.sort_out(command)
        self.resource_headers = Path(self.run("clang++", "-print-resource-dir").strip()).resolve() / "include"
        with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor() as pool:
            for found in pool.map(lambda job: self.compile_again(*job, Path(scratch)), enumerate(self.compilations)):
                self.problems += found
        self.check_objects()

    def run(self, *command):
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout

    def sort_out(self, command):
        """Which of the five kinds a command is; anything else is a problem."""
        words = shlex.split(command)
        cleaned = re.fullmatch(r"rm -f (\S+) && (.*)", command)
        if words[0] == "clang++":
            compiled = re.fullmatch(r"(clang\+\+ .* -c (\S+) -o (\S+))(?: && tools/build/stays-below (\S+))?", command)
            if compiled and not re.search(r"[;|`$<>&]", compiled[1]) and compiled[4] in (None, compiled[3]):
                self.compilations.append((shlex.split(compiled[1]), compiled[2], compiled[3]))
                return
        elif cleaned and cleaned[2].startswith("lld-link /lib /nologo /out:"):
            out, *members = cleaned[2].removeprefix("lld-link /lib /nologo /out:").split()
            if out == cleaned[1]:
                self.archives[out] = members
                return
        elif words[0] == "lld-link":
            out = [word.removeprefix("/out:") for word in words[1:] if word.startswith("/out:")]
            inputs = [word for word in words[1:] if not word.startswith("/")]
            strange = [word for word in words[1:] if word.startswith("/") and not word.startswith("/out:")
                       and not LINKER_OPTION.fullmatch(word)]
            if len(out) == 1 and not strange:
                self.links.append((out[0], inputs))
                return
            self.problems += [f"the linker is told {word}" for word in strange]
        elif command == "sed 's/^ *//' {} | gzip -9n > {}".format(*PAGE):
            self.check_page()
            return
        self.problems.append(f"a command of another kind: {command[:200]}")

    def check_page(self):
        """The page in the program is the one in the sources, but for what its lines begin with."""
        page, packed = (self.root / name for name in PAGE)
        self.read.add(page)
        if gzip.decompress(packed.read_bytes()) != re.sub(rb"^ *", b"", page.read_bytes(), flags=re.M):
            self.problems.append(f"{PAGE[1]} is not what {PAGE[0]} says")

    def compile_again(self, number, job, scratch):
        """As far as assembly; returns the problems."""
        words, source, made = job
        problems = []
        strange = [word for i, word in enumerate(words[1:], 1)
                   if not COMPILER_OPTION.fullmatch(word) and word not in ("-c", "-o", "-MF", source, made)
                   and words[i - 1] != "-MF"]
        if strange:
            return [f"{source}: the compiler is told {' '.join(strange)}"]
        text, depends = scratch / f"{number}.s", scratch / f"{number}.d"
        kept = [word for i, word in enumerate(words[1:], 1)
                if word not in ("-c", "-o", "-MD", "-MF", made) and words[i - 1] != "-MF" and not re.match("-O|-Wframe", word)]
        # Without the assembler inside the compiler, inline assembly is shown as it was written.
        how = ["-E", "-P"] if source.endswith(".S") else ["-S", "-O0", "-fno-integrated-as"]
        done = subprocess.run(["clang++", *kept, *how, "-o", text, "-MD", "-MF", depends, "-MT", "it"], cwd=self.root,
                              capture_output=True, text=True)
        if done.returncode:
            return [f"{source}: does not compile again: {done.stderr[:200]}"]
        names = depends.read_text().replace("\\\n", " ").partition(":")[2]
        for name in re.split(r"(?<!\\)\s+", names.strip()):
            problem = self.read_file(self.root / name.replace("\\ ", " "))
            problems += [f"{source}: reads {problem}"] if problem else []
        for line in text.read_text(errors="replace").splitlines():
            if self.is_trick(line, source):
                problems.append(f"{source}: the assembler is told: {line.strip()[:80]}")
        return problems

    def read_file(self, path):
        """Notes a file that the compiler read; its name if it is none of ours and none of the compiler's own."""
        path = path.resolve()
        if path.is_relative_to(self.root) and path.relative_to(self.root).parts[0] in OWN_FOLDERS:
            self.read.add(path)
        elif path.parent == self.resource_headers and FREESTANDING.fullmatch(path.name):
            self.read.add(path)
        else:
            return str(path)
        return None

    @staticmethod
    def is_trick(line, source):
        """Whether a line of assembly takes in a file, or could: but for the model of the standalone program."""
        if line.lstrip().startswith("#") or TEXT_LINE.fullmatch(line) or not ASSEMBLER_TRICK.search(line):
            return False
        taken = re.fullmatch(r'\s*\.incbin\s+"([^"]+)"\s*', line)
        return not (taken and taken[1] in DATA.get(source, ()))

    def check_objects(self):
        """What is linked is what was compiled, byte for byte, and tells the linker nothing."""
        objects = {made: source for _, source, made in self.compilations}
        for _, source, made in self.compilations:
            if not source.startswith(tuple(f"{folder}/" for folder in OWN_FOLDERS)) or ".." in source:
                self.problems.append(f"{source} is compiled: it lies outside {', '.join(OWN_FOLDERS)}")
        contents = {}
        for made in objects:
            contents[made] = (self.root / made).read_bytes()
            if not audit_image.is_object(contents[made]):
                self.problems.append(f"{made} is no object")
                continue
            if told := audit_image.directives(contents[made]):
                self.problems.append(f"{made} tells the linker {told}")
            for name in sorted(audit_image.uncommon_instructions(contents[made]) - UNCOMMON.get(objects[made], set())):
                self.problems.append(f"{objects[made]} has the instruction {name}")
        for archive, members in self.archives.items():
            self.problems += [f"{archive} is made of {name}, which is not compiled here"
                              for name in members if name not in objects]
            wanted = sorted(contents[name] for name in members if name in objects)
            if sorted(audit_image.archive_members(self.root / archive)) != wanted:
                self.problems.append(f"{archive} holds something else than its objects")
        for program, inputs in self.links:
            self.problems += [f"{program} is linked with {name}, which is not made here"
                              for name in inputs if name not in objects and name not in self.archives]
