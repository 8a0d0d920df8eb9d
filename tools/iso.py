"""Makes a disk with an EFI system partition a CD as well: ISO 9660, and El Torito for firmware to boot from.

A module for make_image.py. A CD begins with 32 KiB that nobody reads, where the partition table is; what describes the CD
fits between those and the partition. So both ways lead to the same bytes of the partition.

ECMA-119 (ISO 9660); El Torito 1.0, and what UEFI 2.10, 13.3.2.1 says of it.
"""
import struct
import time

SECTOR = 2048
DESCRIPTORS = 16  # the first sector that a CD's reader looks at
PATHS_LITTLE, PATHS_BIG, ROOT, CATALOG = range(DESCRIPTORS + 3, DESCRIPTORS + 7)
LARGEST_FILE = (1 << 32) - SECTOR
EFI_PLATFORM = 0xEF
BOOTABLE, NO_EMULATION = 0x88, 0


def both(layout, number):
    """A number as ISO 9660 writes most of them: little-endian, then big-endian."""
    return struct.pack("<" + layout, number) + struct.pack(">" + layout, number)


def record(name, sector, size, when, is_folder=False):
    """An entry of a folder."""
    t = time.gmtime(when)
    date = bytes((t.tm_year - 1900, t.tm_mon, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, 0))
    body = both("I", sector) + both("I", size) + date + bytes((2 if is_folder else 0, 0, 0)) + both("H", 1)
    body += bytes((len(name),)) + name + bytes(1 - len(name) % 2)
    return bytes((len(body) + 2, 0)) + body


def root_record(when):
    return record(b"\0", ROOT, SECTOR, when, is_folder=True)


def primary_descriptor(sectors, volume, when):
    """What a reader of ISO 9660 begins with."""
    def text(words, length):
        return words.encode("ascii").ljust(length)

    date = time.strftime("%Y%m%d%H%M%S00", time.gmtime(when)).encode() + b"\0"
    never = b"0" * 16 + b"\0"
    data = b"\1CD001\1\0" + text("", 32) + text(volume, 32) + bytes(8) + both("I", sectors) + bytes(32)
    data += both("H", 1) + both("H", 1) + both("H", SECTOR) + both("I", 10)  # of one disc; a path table of 10 bytes
    data += struct.pack("<II", PATHS_LITTLE, 0) + struct.pack(">II", PATHS_BIG, 0) + root_record(when)
    data += text("", 128 * 4) + text("", 37 * 3) + date + date + never + never + b"\1\0"
    return data


def boot_catalog(first_sector, bytes_of_image):
    """Who boots: UEFI, from the FAT volume. Its length is counted in 16 bits of 512 bytes; 0 means to the disc's end."""
    validation = struct.pack("<BBH24sHBB", 1, EFI_PLATFORM, 0, b"llama.efi", 0, 0x55, 0xAA)
    total = sum(struct.unpack("<16H", validation)) & 0xFFFF
    validation = validation[:28] + struct.pack("<H", -total & 0xFFFF) + validation[30:]
    count = bytes_of_image // 512
    return validation + struct.pack("<BBHBBHI", BOOTABLE, NO_EMULATION, 0, 0, 0, count if count < 1 << 16 else 0,
                                    first_sector)


def describe(disk, offset, size, volume, when):
    """Writes what makes the disk a CD with one file, its partition: `size` bytes from `offset` to the disk's end."""
    first = offset // SECTOR
    root = root_record(when) + record(b"\1", ROOT, SECTOR, when, is_folder=True)
    root += record(b"BOOT.CAT;1", CATALOG, SECTOR, when) + record(b"EFI.IMG;1", first, size, when)
    sectors = {
        DESCRIPTORS: primary_descriptor((offset + size) // SECTOR, volume, when),
        DESCRIPTORS + 1: b"\0CD001\1" + b"EL TORITO SPECIFICATION".ljust(64, b"\0") + struct.pack("<I", CATALOG),
        DESCRIPTORS + 2: b"\xffCD001\1",
        PATHS_LITTLE: b"\1\0" + struct.pack("<IH", ROOT, 1) + b"\0\0",
        PATHS_BIG: b"\1\0" + struct.pack(">IH", ROOT, 1) + b"\0\0",
        ROOT: root,
        CATALOG: boot_catalog(first, size),
    }
    for sector, data in sectors.items():
        assert len(data) <= SECTOR and sector < first
        disk.seek(sector * SECTOR)
        disk.write(data)
