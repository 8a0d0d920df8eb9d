"""Fixtures that boot machines. `machine` lives as long as one test, `module_machine` as long as a test file."""
import os
import re
import shutil

import pytest

import make_image
import support
from machine import Machine, Shell

SHELL_PROGRAM = "llama.efi"  # where the program lies when the UEFI shell starts it


class Room:
    """Makes images, starts machines, and cleans up after them. All they leave is in out/test/boot/NAME."""

    def __init__(self, name, accel):
        self.folder = support.OUT / "test/boot" / re.sub(r"[^\w.-]+", "_", name)
        self.accel = accel
        self.machines = []
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, files=(), config=(), boot_path=make_image.BOOT_PATH, program=support.EFI, **options):
        """Boots the program, from \\EFI\\BOOT\\BOOTX64.EFI unless `boot_path` says otherwise. files: pairs of a
        path or bytes, and a name on the volume; config: a mapping, llama.cfg."""
        if not program.exists():
            pytest.fail(f"{program} is not built: run ninja")
        if not any(name == make_image.CONFIG_PATH for _, name in files):
            config = {"on_finish": "exit", **dict(config)}  # unattended: no prompt after the story
        folder = self.folder / str(len(self.machines) + 1)
        folder.mkdir(parents=True)
        image = folder / ("disk.iso" if options.get("disk") == "cd" else "disk.img")
        make_image.make_image(image, [(program, boot_path), *files], list(dict(config).items()))
        options.setdefault("accel", self.accel)
        machine = Machine(image, folder, **options)
        self.machines.append(machine)
        return machine

    def diskless(self, **options):
        """Boots a machine that has no disk: from a network, by what `extra` and `variables` say."""
        folder = self.folder / str(len(self.machines) + 1)
        folder.mkdir(parents=True)
        options.setdefault("accel", self.accel)
        machine = Machine(None, folder, **options)
        self.machines.append(machine)
        return machine

    def shell(self, commands, files=(), limit=600, **options):
        """Boots to the UEFI shell, which runs the commands one after the other."""
        files = [*files, (Shell.script(commands), "startup.nsh")]
        machine = self.start(files, boot_path=SHELL_PROGRAM, limit=limit, **options)
        return Shell(machine, commands)

    def close(self):
        for machine in self.machines:
            machine.stop()
            if not os.environ.get("KEEP_IMAGES"):
                for image in machine.folder.glob("disk.*"):
                    image.unlink()


def pytest_addoption(parser):
    parser.addoption("--accel", default="tcg", choices=("tcg", "kvm", "hvf"), help="QEMU's accelerator for boot tests")


@pytest.fixture
def machine(request):
    """The room of one test: machine.start(...) and machine.shell(...)."""
    room = Room(request.node.nodeid.partition("tests/boot/")[2] or request.node.name, request.config.getoption("--accel"))
    yield room
    room.close()


@pytest.fixture(scope="module")
def module_machine(request):
    """The same for a whole test file, where many tests share a boot."""
    room = Room(request.node.name, request.config.getoption("--accel"))
    yield room
    room.close()
