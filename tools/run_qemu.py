#!/usr/bin/env python3
"""Start QEMU with UEFI firmware and a disk image, its serial console on this terminal.

    tools/run_qemu.py out/llama.img
    tools/run_qemu.py out/llama.img --smp 4 --memory 1024 --display -- -device virtio-rng-pci

What you type goes to the machine, Ctrl-C too. To leave: Ctrl-A, then X.
"""
import argparse
import subprocess
import sys
from pathlib import Path

import qemu


def add_machine_options(parser):
    parser.add_argument("--smp", type=int, default=2, help="processors (default 2)")
    parser.add_argument("--memory", default="512", help="MiB, or with a suffix as 2G (default 512)")
    parser.add_argument("--cpu", default="max", help="QEMU's CPU model (default max)")
    parser.add_argument("--disk", choices=qemu.DISKS, default="virtio", help="what the disk is attached to")
    parser.add_argument("--accel", choices=("auto", "kvm", "hvf", "tcg"), default="auto",
                        help="default: hardware where it works, else software emulation")
    parser.add_argument("--arch", choices=qemu.ARCHITECTURES, default="x86_64", help="the machine (default x86_64)")
    parser.add_argument("--firmware", choices=qemu.FIRMWARE, help="default: ovmf, for AArch64 aavmf")
    parser.add_argument("--display", action="store_true", help="open a window with the machine's screen, too")


def split_extra(arguments):
    """Our arguments, and those after `--`, which are QEMU's."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1:]


def run_image(image, args, extra=()):
    """Runs QEMU until the machine is switched off. Returns its exit status."""
    if not Path(image).is_file():
        raise qemu.QemuError(f"{image}: no such file")
    firmware = qemu.find_firmware(args.firmware or qemu.ARCHITECTURES[args.arch].firmware)
    if firmware.arch != args.arch:
        raise qemu.QemuError(f"{firmware.name} is firmware for {firmware.arch}: add --arch {firmware.arch}")
    accel, note = qemu.accelerator(args.accel, firmware.arch, firmware.level)
    if note:
        print(note, flush=True)
    line = [*qemu.command(firmware, accel, args.cpu, args.smp, args.memory, args.display),
            *qemu.disk_arguments(image, args.disk), "-serial", "mon:stdio", "-name", "llama.efi",
            *([] if args.display else ["-display", "none"]), *extra]
    print("Starting the machine. To leave QEMU: Ctrl-A X.", flush=True)
    try:
        return subprocess.run(line).returncode
    except KeyboardInterrupt:  # only before QEMU has taken the terminal over
        return 130
    finally:
        if sys.stdout.isatty():
            print("\x1b[0m", flush=True)  # firmware leaves its colours behind


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    add_machine_options(parser)
    ours, extra = split_extra(sys.argv[1:])
    args, unknown = parser.parse_known_args(ours)
    try:
        return run_image(args.image, args, [*unknown, *extra])
    except qemu.QemuError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
