"""How this project starts QEMU: where firmware lies, which accelerator works, the command line.

Used by run_qemu.py, by the boot tests, and by setup.sh to see whether firmware is there:
    tools/qemu.py            prints what was found, and fails when something is missing
    tools/qemu.py aarch64    the same for AArch64
"""
import json
import os
import platform
import select
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
OUT = REPOSITORY / "out"
DISKS = ("virtio", "ahci", "nvme", "usb", "usb2", "cd")


class QemuError(Exception):
    """What is missing, in a sentence for the user."""


@dataclass(frozen=True)
class Architecture:
    name: str
    program: str          # QEMU's
    variable: str         # of the environment: another QEMU
    hosts: tuple          # as platform.machine() calls them in lower case: those that run it in hardware
    firmware: str         # what it starts with unless told


ARCHITECTURES = {arch.name: arch for arch in (
    Architecture("x86_64", "qemu-system-x86_64", "QEMU", ("x86_64", "amd64"), "ovmf"),
    Architecture("aarch64", "qemu-system-aarch64", "QEMU_AARCH64", ("aarch64", "arm64"), "aavmf"),
)}


@dataclass(frozen=True)
class Firmware:
    name: str
    machine: str          # QEMU's -machine
    arguments: tuple      # what makes QEMU start this firmware
    arch: str = "x86_64"
    level: int = 1        # AArch64's exception level; hardware has 2 for the host


# Firmware code and its empty variable store, in the order in which we like them. A relative path is
# looked for in QEMU's own data folders (Homebrew, Nix, builds from source).
OVMF = (
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),             # Debian, Ubuntu
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),         # Fedora
    ("/usr/share/edk2/ovmf/OVMF_CODE_4M.qcow2", "/usr/share/edk2/ovmf/OVMF_VARS_4M.qcow2"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),     # Arch
    ("/usr/share/edk2-ovmf/x64/OVMF_CODE.fd", "/usr/share/edk2-ovmf/x64/OVMF_VARS.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/qemu/ovmf-x86_64-code.bin", "/usr/share/qemu/ovmf-x86_64-vars.bin"),   # openSUSE
    ("edk2-x86_64-code.fd", "edk2-i386-vars.fd"),
)
OVMF_SECURE = (
    ("/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.secboot.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    ("edk2-x86_64-secure-code.fd", "edk2-i386-vars.fd"),
)
UBOOT = ("/usr/lib/u-boot/qemu-x86_64/u-boot.rom",)
# AArch64's.
AAVMF = (
    ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"),                        # Debian, Ubuntu
    ("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw"),  # Fedora
    ("/usr/share/edk2/aarch64/QEMU_CODE.fd", "/usr/share/edk2/aarch64/QEMU_VARS.fd"),            # Arch
    ("/usr/share/qemu/aavmf-aarch64-code.bin", "/usr/share/qemu/aavmf-aarch64-vars.bin"),        # openSUSE
    ("edk2-aarch64-code.fd", "edk2-arm-vars.fd"),
)
UBOOT_AARCH64 = ("/usr/lib/u-boot/qemu_arm64/u-boot.bin",)
FIRMWARE = ("ovmf", "ovmf-secure", "u-boot", "aavmf", "aavmf-el2", "u-boot-arm64")


def qemu(arch="x86_64"):
    arch = ARCHITECTURES[arch]
    program = os.environ.get(arch.variable) or shutil.which(arch.program)
    if not program:
        raise QemuError(f"{arch.program} is not installed: ./setup.sh installs it")
    return program


def data_folders(arch="x86_64"):
    """QEMU's own: share/qemu beside the folder of its program."""
    arch = ARCHITECTURES[arch]
    program = shutil.which(os.environ.get(arch.variable, arch.program))
    found = [Path(program).parent, Path(program).resolve().parent] if program else []
    return [folder.parent / "share/qemu" for folder in found]


def first_present(candidates, arch="x86_64"):
    """The first tuple of paths of which every one is a file."""
    for paths in candidates:
        folders = [Path("/")] if paths[0].startswith("/") else data_folders(arch)
        for folder in folders:
            if all((folder / path).is_file() for path in paths):
                return [folder / path for path in paths]
    return None


def flash(unit, path, writable):
    kind = "qcow2" if path.suffix == ".qcow2" else "raw"
    # The variable store is a private, temporary layer over the file: nothing is ever written to it.
    access = "snapshot=on" if writable else "readonly=on"
    return ["-drive", f"if=pflash,unit={unit},format={kind},{access},file={path}"]


def flash_files(name):
    """The code and the empty variable store of OVMF or AAVMF: two paths."""
    own = {"ovmf": ("OVMF_CODE", "OVMF_VARS"), "aavmf": ("AAVMF_CODE", "AAVMF_VARS")}.get(name.removesuffix("-el2"), ())
    paths = [Path(os.environ[variable]) for variable in own if os.environ.get(variable)]
    if len(paths) == 2:
        for path in paths:
            if not path.is_file():
                raise QemuError(f"{', '.join(own)}: {path} is not a file")
        return paths
    candidates = {"ovmf": OVMF, "ovmf-secure": OVMF_SECURE, "aavmf": AAVMF, "aavmf-el2": AAVMF}[name]
    found = first_present(candidates, "aarch64" if name.startswith("aavmf") else "x86_64")
    if not found:
        places = "\n  ".join(code for code, _ in candidates)
        otherwise = f", or set {' and '.join(own)} to its two files" if own else ""
        raise QemuError(f"no {name} firmware found: ./setup.sh installs it{otherwise}. Looked for\n  {places}")
    return found


def bios_file(paths):
    found = first_present([(path,) for path in paths])
    if not found:
        raise QemuError(f"U-Boot for QEMU is not installed (looked for {', '.join(paths)})")
    return str(found[0])


def find_firmware(name="ovmf", variables=None):
    """The firmware called `name`: ovmf, ovmf-secure (with Secure Boot and SMM), u-boot; for AArch64 aavmf, aavmf-el2
    (at exception level 2, as on a machine without hypervisor), u-boot-arm64.
    variables: another variable store than the empty one that comes with it."""
    if name == "u-boot":
        return Firmware(name, "pc", ("-bios", bios_file(UBOOT)))
    if name == "u-boot-arm64":
        return Firmware(name, "virt", ("-bios", bios_file(UBOOT_AARCH64)), "aarch64")

    if name not in FIRMWARE:
        raise QemuError(f"no firmware is called {name}: {', '.join(FIRMWARE)}")
    found = flash_files(name)
    arguments = flash(0, found[0], writable=False) + flash(1, Path(variables or found[1]), writable=True)
    if name == "ovmf-secure":
        return Firmware(name, "q35,smm=on", ("-global", "driver=cfi.pflash01,property=secure,value=on", *arguments))
    if name.startswith("aavmf"):  # at exception level 1, or 2
        if name == "aavmf-el2":
            return Firmware(name, "virt,virtualization=on", tuple(arguments), "aarch64", level=2)
        return Firmware(name, "virt", tuple(arguments), "aarch64")
    return Firmware(name, "q35", tuple(arguments))


def disk_arguments(image, kind="virtio", snapshot=False):
    """A disk on the bus `kind` from which firmware boots first. snapshot: what is written to it is forgotten."""
    device = {
        "virtio": ["-device", "virtio-blk-pci,drive=disk,bootindex=0"],
        "ahci": ["-device", "ahci,id=ahci", "-device", "ide-hd,drive=disk,bus=ahci.0,bootindex=0"],
        "nvme": ["-device", "nvme,drive=disk,serial=llama,bootindex=0"],
        "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=disk,bootindex=0"],
        "cd": ["-device", "ahci,id=ahci", "-device", "ide-cd,drive=disk,bus=ahci.0,bootindex=0"],
        "usb2": ["-device", "usb-ehci", "-device", "usb-storage,drive=disk,bootindex=0"],
    }
    if kind not in device:
        raise QemuError(f"no disk is called {kind}: {', '.join(DISKS)}")
    keep = ",media=cdrom,readonly=on" if kind == "cd" else ",snapshot=on" if snapshot else ""
    return ["-drive", f"if=none,id=disk,format=raw{keep},file={image}", *device[kind]]


def command(firmware, accel="tcg", cpu="max", smp=2, memory=512, screen=False):
    """The machine without disks and consoles: a list of arguments to add to. QEMU itself knows whether it can emulate
    processors side by side: x86-64's not on an Arm machine, which orders memory less strictly."""
    machine = firmware.machine
    if firmware.arch == "aarch64":  # no PC: neither VGA nor a keyboard controller
        if smp > 8:  # the oldest interrupt controller, which QEMU takes unless told, has no more
            machine += ",gic-version=max"
        display = ["-device", "ramfb", "-device", "qemu-xhci,id=input", "-device", "usb-kbd,bus=input.0"] if screen else []
    else:
        display = ["-vga", "std" if screen else "none"]
    return [qemu(firmware.arch), "-nodefaults", "-machine", machine, "-accel", accel, "-cpu", cpu,
            "-smp", str(smp), "-m", str(memory), *display, "-net", "none", *firmware.arguments]


def hardware_accelerator(arch="x86_64"):
    """The name of the accelerator that this machine should have, or None and why not."""
    system, machine = platform.system(), platform.machine().lower()
    if machine not in ARCHITECTURES[arch].hosts:
        return None, None
    if system == "Linux" and os.path.exists("/dev/kvm"):
        usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
        return ("kvm", None) if usable else (None, "no permission to use /dev/kvm")
    return ("hvf", None) if system == "Darwin" else (None, None)


def runs_firmware(accel, arch="x86_64", seconds=10):
    """Whether firmware says anything on the serial line within this time, which it does late in its start. Some machines
    have /dev/kvm and still stop at the first unusual instruction."""
    line = [*command(find_firmware(ARCHITECTURES[arch].firmware), accel, smp=1), "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"]
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([process.stdout, process.stderr], [], [], 0.2)
            if process.stdout in ready:
                return bool(os.read(process.stdout.fileno(), 1))
            if process.stderr in ready:
                text = os.read(process.stderr.fileno(), 4096)
                if not text or b"error" in text.lower() or b"fail" in text.lower():
                    return False
        return False
    finally:
        process.kill()
        process.wait()


def accelerator(choice="auto", arch="x86_64", level=1):
    """The accelerator to use, and a line for the user when it is not the obvious one. "auto" takes
    hardware where it truly runs firmware; the answer is kept in out/accelerator.json."""
    if choice != "auto":
        return choice, None
    name, refusal = hardware_accelerator(arch)
    if name and level != 1:
        return "tcg", f"hardware keeps exception level {level} for itself: QEMU emulates the CPU in software (slow)"
    if not name:
        return "tcg", refusal and f"{refusal}: QEMU emulates the CPU in software (slow)"
    cache = OUT / "accelerator.json"
    program, firmware = qemu(arch), find_firmware(ARCHITECTURES[arch].firmware)
    key = " ".join([name, program, str(os.stat(program).st_mtime_ns), platform.release(), *firmware.arguments])
    try:
        works = json.loads(cache.read_text())[key]
    except (OSError, ValueError, KeyError, TypeError):
        works = runs_firmware(name, arch)
        OUT.mkdir(exist_ok=True)
        cache.write_text(json.dumps({key: works}) + "\n")
    if works:
        return name, None
    return "tcg", f"{name.upper()} is here but does not run the firmware: QEMU emulates the CPU in software (slow)"


def main():
    arch = sys.argv[1] if len(sys.argv) > 1 else "x86_64"
    try:
        print(qemu(arch))
        print(*find_firmware(ARCHITECTURES[arch].firmware).arguments)
    except QemuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
