"""How this project starts QEMU: where firmware lies, which accelerator works, the command line.

Used by run_qemu.py, by the boot tests, and by setup.sh to see whether firmware is there:
    tools/qemu.py            prints what was found, and fails when something is missing
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
PROGRAM = "qemu-system-x86_64"
DISKS = ("virtio", "ahci", "nvme", "usb", "usb2", "cd")


class QemuError(Exception):
    """What is missing, in a sentence for the user."""


@dataclass(frozen=True)
class Firmware:
    name: str
    machine: str          # QEMU's -machine
    arguments: tuple      # what makes QEMU start this firmware


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


def qemu():
    program = os.environ.get("QEMU") or shutil.which(PROGRAM)
    if not program:
        raise QemuError(f"{PROGRAM} is not installed: ./setup.sh installs it")
    return program


def data_folders():
    """QEMU's own: share/qemu beside the folder of its program."""
    program = shutil.which(os.environ.get("QEMU", PROGRAM))
    found = [Path(program).parent, Path(program).resolve().parent] if program else []
    return [folder.parent / "share/qemu" for folder in found]


def first_present(candidates):
    """The first tuple of paths of which every one is a file."""
    for paths in candidates:
        folders = [Path("/")] if paths[0].startswith("/") else data_folders()
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
    """The code and the empty variable store of OVMF: two paths."""
    code, store = os.environ.get("OVMF_CODE"), os.environ.get("OVMF_VARS")
    if name == "ovmf" and code and store:
        for path in (code, store):
            if not Path(path).is_file():
                raise QemuError(f"OVMF_CODE, OVMF_VARS: {path} is not a file")
        return [Path(code), Path(store)]
    candidates = OVMF if name == "ovmf" else OVMF_SECURE
    found = first_present(candidates)
    if not found:
        places = "\n  ".join(code for code, _ in candidates)
        raise QemuError(f"no {name} firmware found: ./setup.sh installs it, or set OVMF_CODE and OVMF_VARS "
                        f"to its two files. Looked for\n  {places}")
    return found


def find_firmware(name="ovmf", variables=None):
    """The firmware called `name`: ovmf, ovmf-secure (with Secure Boot and SMM) or u-boot.
    variables: another variable store than the empty one that comes with it."""
    if name == "u-boot":
        found = first_present([(path,) for path in UBOOT])
        if not found:
            raise QemuError(f"U-Boot for QEMU is not installed (looked for {', '.join(UBOOT)})")
        return Firmware(name, "pc", ("-bios", str(found[0])))

    if name not in ("ovmf", "ovmf-secure"):
        raise QemuError(f"no firmware is called {name}: ovmf, ovmf-secure, u-boot")
    found = flash_files(name)
    arguments = flash(0, found[0], writable=False) + flash(1, Path(variables or found[1]), writable=True)
    if name == "ovmf-secure":
        return Firmware(name, "q35,smm=on", ("-global", "driver=cfi.pflash01,property=secure,value=on", *arguments))
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
    """The machine without disks and consoles: a list of arguments to add to."""
    engine = "tcg,thread=multi" if accel == "tcg" else accel
    return [qemu(), "-nodefaults", "-machine", firmware.machine, "-accel", engine, "-cpu", cpu, "-smp", str(smp),
            "-m", str(memory), "-vga", "std" if screen else "none", "-net", "none", *firmware.arguments]


def hardware_accelerator():
    """The name of the accelerator that this machine should have, or None and why not."""
    system, machine = platform.system(), platform.machine().lower()
    if machine not in ("x86_64", "amd64"):
        return None, None
    if system == "Linux" and os.path.exists("/dev/kvm"):
        usable = os.access("/dev/kvm", os.R_OK | os.W_OK)
        return ("kvm", None) if usable else (None, "no permission to use /dev/kvm")
    return ("hvf", None) if system == "Darwin" else (None, None)


def runs_firmware(accel, seconds=10):
    """Whether OVMF says anything on the serial line within this time, which it does late in its start. Some machines
    have /dev/kvm and still stop at the first unusual instruction."""
    line = [*command(find_firmware(), accel, smp=1), "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"]
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


def accelerator(choice="auto"):
    """The accelerator to use, and a line for the user when it is not the obvious one. "auto" takes
    hardware where it truly runs firmware; the answer is kept in out/accelerator.json."""
    if choice != "auto":
        return choice, None
    name, refusal = hardware_accelerator()
    if not name:
        return "tcg", refusal and f"{refusal}: QEMU emulates the CPU in software (slow)"
    cache = OUT / "accelerator.json"
    key = " ".join([name, qemu(), str(os.stat(qemu()).st_mtime_ns), platform.release(), *find_firmware().arguments])
    try:
        works = json.loads(cache.read_text())[key]
    except (OSError, ValueError, KeyError, TypeError):
        works = runs_firmware(name)
        OUT.mkdir(exist_ok=True)
        cache.write_text(json.dumps({key: works}) + "\n")
    if works:
        return name, None
    return "tcg", f"{name.upper()} is here but does not run the firmware: QEMU emulates the CPU in software (slow)"


def main():
    try:
        print(qemu())
        print(*find_firmware().arguments)
    except QemuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
