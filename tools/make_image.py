#!/usr/bin/env python3
"""Make a bootable disk image: an MBR partition table and one FAT32 EFI system partition.

    tools/make_image.py out/llama.img --efi out/llama.efi --model stories15M.bin --tokenizer tokenizer.bin \\
        --config temperature=0.8
    tools/make_image.py out/llama.iso --efi out/llama.efi --model SmolLM2-135M-Instruct.Q4_1.gguf

The image boots in QEMU, and from a USB stick when written to one (tools/make-stick does that). One whose name ends in
.iso is the same disk and a CD at once: for virtual machines, remote consoles, and sticks too.
The same inputs give the same bytes: volume serial, disk signature and all timestamps are fixed
(SOURCE_DATE_EPOCH, where set, gives the time). Needs mtools, and no root.
"""
import argparse
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

import iso

BOOT_PATH = "EFI/BOOT/BOOTX64.EFI"
BOOT_PATH_AA64 = "EFI/BOOT/BOOTAA64.EFI"  # where Arm firmware looks; one image may have both
CONFIG_PATH = "llama.cfg"
MODEL_FOLDER = "models"

SECTOR = 512
PARTITION_START = 2048  # sectors: 1 MiB, where every partitioning tool puts the first one
SERIAL = 0x4C4C4D41
EPOCH = "1735689600"    # 2025-01-01 00:00 UTC
MIB = 1 << 20
FAT_FILE_LIMIT = (1 << 32) - 1
FAT_OEM_NAME = b"MSWIN4.1"  # mtools would put its version there
FAT32_COPY = 6              # the sector of a FAT32 volume with a copy of its first
LEAST_FAT32_CLUSTERS = 66000  # fewer than 65,525 and readers take the volume for FAT16


class ImageError(Exception):
    """What is wrong with the inputs, in one sentence."""


def volume_path(name):
    """A path as people write it for the volume ("\\models\\a.bin", "models/a.bin"), with / and no root."""
    return str(PurePosixPath(name.replace("\\", "/").lstrip("/")))


def firmware_path(name):
    """The same path as the program and the UEFI shell write it: \\models\\a.bin."""
    return "\\" + volume_path(name).replace("/", "\\")


def config_text(settings):
    """llama.cfg: one `key = value` line per pair."""
    lines = []
    for key, value in settings:
        if any(c in f"{key}{value}" for c in "\r\n"):
            raise ImageError(f"{key}: a value in llama.cfg is one line")
        lines.append(f"{key} = {value}\n")
    return "".join(lines).encode()


def partition_sectors(sizes, free_bytes):
    """Sectors of a FAT32 partition that holds files of these sizes, and sectors per cluster."""
    need = sum(sizes) + free_bytes + 4096 * len(sizes)  # a cluster of slack for each file
    per_cluster = 1
    while per_cluster < 64 and need // (2 * per_cluster * SECTOR) >= LEAST_FAT32_CLUSTERS:
        per_cluster *= 2
    clusters = max(need // (per_cluster * SECTOR) + 1024, LEAST_FAT32_CLUSTERS)
    sectors = clusters * per_cluster + 2 * clusters * 4 // SECTOR + 64  # data, two tables, boot sectors
    whole_mib = MIB // SECTOR
    return -(-sectors // whole_mib) * whole_mib, per_cluster


def partition_table(sectors):
    """The first sector of the disk: one partition of type 0xEF (EFI system partition)."""
    chs = b"\xfe\xff\xff"  # "see the LBA fields"
    entry = b"\0" + chs + b"\xef" + chs + struct.pack("<II", PARTITION_START, sectors)
    return bytes(440) + struct.pack("<IH", SERIAL, 0) + entry + bytes(48) + b"\x55\xaa"


def mtools(command, volume, *arguments):
    environment = {**os.environ, "TZ": "UTC0", "MTOOLSRC": os.devnull, "MTOOLS_SKIP_CHECK": "1",
                   "SOURCE_DATE_EPOCH": str(seconds())}
    try:
        done = subprocess.run([command, "-i", volume, *arguments], env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)
    except FileNotFoundError:
        raise ImageError(f"{command} is not installed (package mtools; ./setup.sh installs it)") from None
    if done.returncode:
        raise ImageError(f"{command} {' '.join(map(str, arguments))}: {done.stderr.strip() or 'failed'}")


def name_maker(image):
    """Names the maker of the volume, in its first sector and in the copy of that."""
    with open(image, "r+b") as disk:
        for sector in (0, FAT32_COPY):
            disk.seek((PARTITION_START + sector) * SECTOR + 3)
            disk.write(FAT_OEM_NAME)


def seconds():
    """The time of everything in an image, since 1970."""
    return int(os.environ.get("SOURCE_DATE_EPOCH", EPOCH))


def make_image(out, files, config=(), free_mib=None):
    """Writes the image `out`; a CD if its name ends in .iso. files: pairs (source, name on the volume); a source is a
    path or bytes. config: pairs for llama.cfg, which is left out when there are none. free_mib: room for saving; 16,
    but none on a CD, which nobody can write to."""
    out = Path(out)
    is_cd = out.suffix.lower() == ".iso"
    if free_mib is None:
        free_mib = 0 if is_cd else 16
    files = [(source, volume_path(name)) for source, name in files]
    if config:
        files.append((config_text(config), CONFIG_PATH))
    names = [name.upper() for _, name in files]
    for name in names:
        if names.count(name) > 1:
            raise ImageError(f"{name}: two files with this name")

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="image-", dir=out.parent) as scratch:
        sources = []
        for number, (source, name) in enumerate(files):
            if isinstance(source, bytes):
                path = Path(scratch, str(number))
                path.write_bytes(source)
            else:
                path = Path(source)
            if not path.is_file():
                raise ImageError(f"{path}: no such file")
            if path.stat().st_size > FAT_FILE_LIMIT:
                raise ImageError(f"{path}: a file on a FAT volume must be smaller than 4 GiB")
            sources.append((path, name))

        sectors, per_cluster = partition_sectors([path.stat().st_size for path, _ in sources], free_mib * MIB)
        image = Path(scratch, "image")
        with open(image, "wb") as disk:
            disk.write(partition_table(sectors))
            disk.truncate((PARTITION_START + sectors) * SECTOR)
        volume = f"{image}@@{PARTITION_START * SECTOR}"
        mtools("mformat", volume, "-F", "-T", str(sectors), "-h", "255", "-s", "63", "-H", str(PARTITION_START),
               "-c", str(per_cluster), "-N", f"{SERIAL:08x}", "-v", "LLAMA", "::")

        folders = {str(parent) for _, name in sources for parent in PurePosixPath(name).parents if parent.name}
        for folder in sorted(folders):
            mtools("mmd", volume, f"::/{folder}")
        for path, name in sources:
            mtools("mcopy", volume, str(path), f"::/{name}")
        name_maker(image)
        if is_cd:
            if sectors * SECTOR > iso.LARGEST_FILE:
                raise ImageError(f"{out}: the files are too large for a CD; take an image that ends in .img")
            with open(image, "r+b") as disk:
                iso.describe(disk, PARTITION_START * SECTOR, sectors * SECTOR, "LLAMA", seconds())
        shutil.move(image, out)


def with_models(files, config, model=None, tokenizer=None):
    """Adds a model and a tokenizer to the files, under their own names in \\models, and to llama.cfg."""
    files, lines = list(files), []
    for key, source in (("model", model), ("tokenizer", tokenizer)):
        if source:
            name = f"{MODEL_FOLDER}/{Path(source).name}"
            files.append((source, name))
            lines.append((key, firmware_path(name)))
    return files, lines + list(config)


def pair(separator, what):
    def parse(text):
        left, found, right = text.rpartition(separator) if separator == ":" else text.partition(separator)
        if not found or not left:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return left.strip(), right.strip()
    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="the image to write")
    parser.add_argument("--efi", help=f"the program: becomes {firmware_path(BOOT_PATH)}, which firmware starts by itself")
    parser.add_argument("--efi-aa64", help=f"the program for AArch64: becomes {firmware_path(BOOT_PATH_AA64)}")
    parser.add_argument("--model", help=f"goes to {firmware_path(MODEL_FOLDER)} and is named in llama.cfg")
    parser.add_argument("--tokenizer", help="the same for the tokenizer")
    parser.add_argument("--file", action="append", default=[], metavar="SRC:DEST", type=pair(":", "SOURCE:DESTINATION"),
                        help="any other file")
    parser.add_argument("--config", action="append", default=[], metavar="KEY=VALUE", type=pair("=", "KEY=VALUE"),
                        help="a line of llama.cfg")
    parser.add_argument("--free", type=int, metavar="MIB", help="room left for saving (default 16 MiB, on a CD none)")
    args = parser.parse_args()

    files, config = with_models(args.file, args.config, args.model, args.tokenizer)
    if args.efi:
        files.append((args.efi, BOOT_PATH))
    if args.efi_aa64:
        files.append((args.efi_aa64, BOOT_PATH_AA64))
    try:
        make_image(args.out, files, config, args.free)
    except ImageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
