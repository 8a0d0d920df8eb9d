"""setup.sh and .ci/run on a machine that is made up: every program is a stub that notes how it was called."""
import shutil
import subprocess

import pytest

from support import ROOT

SYSTEM = ("bash", "sh", "env", "sed", "xargs", "cut", "uname", "dirname", "cat", "rm", "echo", "printf", "mkdir", "sort", "head",
          "tail")
STUBS = ("clang++", "clang", "lld-link", "ninja", "git", "mformat", "qemu-system-x86_64", "qemu-aarch64", "python3", "sbsign", "sbverify",
         "openssl", "apt-get", "apt-cache")


class Machine:
    def __init__(self, folder):
        self.root, self.bin, self.log = folder / "tree", folder / "bin", folder / "log"
        self.bin.mkdir()
        self.log.touch()
        for name in SYSTEM:
            (self.bin / name).symlink_to(shutil.which(name))
        for name in STUBS:
            self.program(self.bin / name)
        for name in ("setup.sh", ".ci/run"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        self.program(self.root / "tools/run")
        self.program(self.root / "tools/python")
        (self.root / "tools/qemu.py").touch()

    def program(self, path, then="exit 0"):
        """A program that notes its name and arguments, and then does `then`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\n[ "$1" = -x ] && cat >/dev/null\necho "{path.name} $*" >>{self.log}\n{then}\n')
        path.chmod(0o755)

    def run(self, *command):
        return subprocess.run(command, cwd=self.root, env={"PATH": str(self.bin)}, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def calls(self):
        """What was started to do something, not to see whether it is there."""
        return [call for call in self.log.read_text().splitlines()
                if call.startswith(("run ", "ninja ", "apt-get ")) or "tests/run.py" in call]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_run_boots_with_what_it_is_told(machine):
    done = machine.run("./setup.sh", "run", "--prompt", "Once upon a time")
    assert done.returncode == 0, done.stdout
    assert machine.calls()[-1] == "run --prompt Once upon a time"


def test_test_builds_and_then_tests(machine):
    done = machine.run("./setup.sh", "test", "unit")
    assert done.returncode == 0, done.stdout
    assert machine.calls()[-2:] == ["ninja test-programs", "python pytest,pexpect tests/run.py unit"]


@pytest.mark.parametrize("processor, build", [("x86_64", ""), ("aarch64", "-f tools/build/arm-host.ninja "),
                                              ("arm64", "-f tools/build/arm-host.ninja ")])
def test_programs_of_the_host_are_for_its_processor(machine, processor, build):
    (machine.bin / "uname").unlink()
    machine.program(machine.bin / "uname", f'[ "$1" = -m ] && echo {processor} || echo Linux')
    done = machine.run("./setup.sh", "test")
    assert done.returncode == 0, done.stdout
    assert machine.calls()[-2:] == [f"ninja {build}test-programs", "python pytest,pexpect tests/run.py"]


@pytest.mark.parametrize("processor, packages", [
    ("x86_64", ["qemu-user", "libc6-dev-arm64-cross", "libstdc++-14-dev-arm64-cross"]), ("aarch64", ["qemu-user"])])
def test_programs_for_arm_need_what_this_release_calls_it(machine, processor, packages):
    (machine.bin / "qemu-aarch64").unlink()
    (machine.bin / "uname").unlink()
    machine.program(machine.bin / "uname", f'[ "$1" = -m ] && echo {processor} || echo Linux')
    machine.program(machine.bin / "apt-cache", '[ "$2" != g++-aarch64-linux-gnu ] || echo "  Depends: g++-14-aarch64-linux-gnu"')
    (machine.bin / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (machine.bin / "sudo").chmod(0o755)
    done = machine.run("./setup.sh")
    assert done.returncode == 0, done.stdout
    asked = [call.split()[-1] for call in machine.calls() if " install " in call]
    assert [package for package in asked if package in packages or "arm64" in package] == packages


def test_alone_it_only_installs(machine):
    done = machine.run("./setup.sh")
    assert done.returncode == 0, done.stdout
    assert not [call for call in machine.calls() if not call.startswith("apt-get")]


def test_check_names_what_is_missing_and_installs_nothing(machine):
    (machine.bin / "mformat").unlink()
    done = machine.run("./setup.sh", "--check")
    assert done.returncode == 1
    assert "mformat" in done.stdout.partition("missing here:")[2].split()
    assert not machine.calls()


def test_what_is_missing_is_installed_before_the_build(machine):
    (machine.bin / "ninja").unlink()
    machine.program(machine.bin / "apt-get",
                    f'case "$*" in *ninja-build*) printf "#!/bin/sh\\necho ninja \\$* >>{machine.log}\\n" '
                    f'>{machine.bin}/ninja; chmod +x {machine.bin}/ninja ;; esac')
    (machine.bin / "chmod").symlink_to(shutil.which("chmod"))
    (machine.bin / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (machine.bin / "sudo").chmod(0o755)
    done = machine.run("./setup.sh", "test")
    assert done.returncode == 0, done.stdout
    calls = machine.calls()
    assert calls[-2:] == ["ninja test-programs", "python pytest,pexpect tests/run.py"]
    assert any("install" in call and "ninja-build" in call for call in calls[:-2]), calls


def test_ci_ends_with_the_sum_of_the_tests(machine):
    machine.program(machine.root / "tools/python",
                    'case "$*" in *tests/run.py*) mkdir -p out/test; echo "7 passed, 0 failed" >out/test/summary.txt; '
                    'echo "7 passed, 0 failed" ;; esac')
    done = machine.run(".ci/run")
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "7 passed, 0 failed", done.stdout


def test_ci_fails_when_the_build_does(machine):
    machine.program(machine.bin / "ninja", "exit 1")
    done = machine.run(".ci/run")
    assert done.returncode == 1 and done.stdout.splitlines()[-1] == "0 passed, 1 failed", done.stdout


def test_an_unknown_word_shows_how_it_is_used(machine):
    done = machine.run("./setup.sh", "everything")
    assert done.returncode == 1 and "./setup.sh run" in done.stdout and not machine.calls()
