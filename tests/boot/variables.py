"""UEFI variables that a machine starts with: boot entries, and the keys of Secure Boot. Written straight into what
firmware keeps them in, so that no earlier boot has to set them.

OVMF and AAVMF keep them in flash: a firmware volume that holds a variable store (UEFI PI 1.7 volume 3, §3.2.1; EDK II,
MdeModulePkg/Include/Guid/VariableFormat.h and SecurityPkg's authenticated form of it). U-Boot keeps them in the file
ubootefi.var of the EFI system partition (EBBR 2.1, "File Format For Storing EFI Variables").
"""
import struct
import uuid
import zlib
from pathlib import Path

import make_image

GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")             # UEFI 2.10 §3.3
NV_DATA_VOLUME = uuid.UUID("fff12b8d-7696-4c8b-a985-2747075b4f50")
SECURITY_DATABASE = uuid.UUID("d719b2cb-3d3a-4596-a3bc-dad00e67656f")  # §32.4.1: db and dbx
X509 = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")               # §32.4.1: a signature is a certificate
AUTHENTICATED_STORE = uuid.UUID("aaf32c78-947b-439a-a180-2e144ec37792")

NON_VOLATILE, BOOT_SERVICE, RUNTIME, TIME_BASED_AUTH = 1, 2, 4, 0x20
PLAIN = NON_VOLATILE | BOOT_SERVICE | RUNTIME

UBOOT_FILE = "ubootefi.var"


class Variable:
    def __init__(self, name, data, vendor=GLOBAL, attributes=PLAIN):
        self.name = (name + "\0").encode("utf-16-le")
        self.data, self.vendor, self.attributes = data, vendor, attributes


def in_flash(variables, empty):
    """The bytes of OVMF's empty variable store with these variables in it."""
    store = bytearray(empty)
    volume_header, = struct.unpack_from("<H", store, 0x30)
    if store[0x28:0x2c] != b"_FVH" or store[volume_header:volume_header + 16] != AUTHENTICATED_STORE.bytes_le:
        raise ValueError("this is no firmware volume with an authenticated variable store")
    at = volume_header + 28  # behind the store's own header
    time = struct.pack("<HBBBBBxIhBx", 2025, 1, 1, 0, 0, 0, 0, 0, 0)
    for variable in variables:
        added = 0x3f
        header = struct.pack("<HBxIQ16sIII16s", 0x55aa, added, variable.attributes, 0, time, 0, len(variable.name),
                             len(variable.data), variable.vendor.bytes_le)
        record = header + variable.name + variable.data
        if set(store[at:at + len(record)]) != {0xff}:
            raise ValueError("the variable store is not empty, or too small")
        store[at:at + len(record)] = record
        at += -(-len(record) // 4) * 4
    return bytes(store)


def in_file(variables):
    """The same as the bytes of ubootefi.var."""
    entries = b""
    for variable in variables:
        entry = struct.pack("<IIQ16s", len(variable.data), variable.attributes, 0, variable.vendor.bytes_le)
        entry += variable.name + variable.data
        entries += entry.ljust(-(-len(entry) // 8) * 8, b"\0")
    head = 24
    return struct.pack("<Q7sBII", 0, b"UbEfiVa", 1, head + len(entries), zlib.crc32(entries)) + entries


def boot_entry(number, program, options="", sectors=None):
    """A variable Boot####, as an installer sets it, for a program on an image of tools/make_image.py whose partition
    is that long. The path is of a short form, as nothing is known of the machine: it begins at the partition, or,
    without `sectors`, has the file alone. The options are as the specification wants them: UTF-16, without the
    program's name. UEFI 2.10 §3.1.3, §10.3.5."""
    signature, partition = struct.pack("<I12x", make_image.SERIAL), b""
    if sectors:
        partition = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, make_image.PARTITION_START, sectors, signature, 1, 1)
    name = (make_image.firmware_path(program) + "\0").encode("utf-16-le")
    file = struct.pack("<BBH", 4, 4, 4 + len(name)) + name
    path = partition + file + struct.pack("<BBH", 0x7f, 0xff, 4)
    active = 1
    description = (Path(program).stem + "\0").encode("utf-16-le")
    optional = (options + "\0").encode("utf-16-le") if options else b""
    return Variable(f"Boot{number:04X}", struct.pack("<IH", active, len(path)) + description + path + optional)


def http_entry(number, url, options=""):
    """The same for what a web server has. UEFI 2.10 §10.3.4.23; firmware looks for a card by itself."""
    url = url.encode()
    path = struct.pack("<BBH", 3, 24, 4 + len(url)) + url + struct.pack("<BBH", 0x7f, 0xff, 4)
    optional = (options + "\0").encode("utf-16-le") if options else b""
    return Variable(f"Boot{number:04X}", struct.pack("<IH", 1, len(path)) + "web\0".encode("utf-16-le") + path + optional)


def boot_entries(programs, sectors=None):
    """Boot#### for each program (path, options), and BootOrder: firmware tries them one after the other."""
    entries = [boot_entry(number, *program, sectors) for number, program in enumerate(programs)]
    return [*entries, Variable("BootOrder", struct.pack(f"<{len(entries)}H", *range(len(entries))))]


def partition_sectors(image):
    """The length of an image's one partition, from its partition table."""
    with open(image, "rb") as disk:
        return struct.unpack("<I", disk.read(make_image.SECTOR)[446 + 12:446 + 16])[0]


def keys(certificate):
    """PK, KEK and db with one certificate (DER), which switch Secure Boot on. UEFI 2.10 §32.3, §32.4.1."""
    owner = uuid.UUID(int=0)
    signature = owner.bytes_le + certificate
    list_of_one = X509.bytes_le + struct.pack("<III", 28 + len(signature), 0, len(signature)) + signature
    return [Variable(name, list_of_one, vendor, PLAIN | TIME_BASED_AUTH)
            for name, vendor in (("PK", GLOBAL), ("KEK", GLOBAL), ("db", SECURITY_DATABASE))]


def empty_store(path):
    """The bytes of firmware's empty variable store. AAVMF's may be a file of zeros, which firmware formats when it first
    starts: then, what it makes of it."""
    data = Path(path).read_bytes()
    if any(data):
        return data
    block, blocks = 0x40000, 3  # variables, work in progress, spare: ArmVirtPkg/VarStore.fdf.inc
    head = struct.pack("<16x16sQ4sIHHHBBIIII", NV_DATA_VOLUME.bytes_le, blocks * block, b"_FVH", 0xe36, 72, 0, 0, 0, 2,
                       blocks, block, 0, 0)
    checksum = -sum(struct.unpack("<36H", head)) & 0xffff
    head = head[:0x32] + struct.pack("<H", checksum) + head[0x34:]
    formatted, healthy = 0x5a, 0xfe
    head += struct.pack("<16sIBB6x", AUTHENTICATED_STORE.bytes_le, block - len(head), formatted, healthy)
    return head.ljust(blocks * block, b"\xff") + data[blocks * block:]


def flash_file(path, variables, empty):
    """Writes the variable store `path` for Machine(variables=path)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = in_flash(variables, empty_store(empty))
    with open(path, "wb") as file:
        file.write(data.rstrip(b"\0"))  # AAVMF's has 63 MiB of zeros behind it
        file.truncate(len(data))
    return path
