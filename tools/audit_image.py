"""PE32+ images, COFF objects and archives, as far as the audit reads them. Microsoft PE Format."""
import struct
from pathlib import Path

READ, WRITE, EXECUTE = 0x40000000, 0x80000000, 0x20000000
NX_COMPAT = 0x0100
PAGE = 4096
SIGNATURE, RELOCATIONS, DEBUG = 4, 5, 6  # data directories; the last holds the hash of a reproducible build
AARCH64 = 0xAA64
MACHINES = {0x8664: "x86-64", AARCH64: "AArch64"}
# Of AArch64: name, mask and value. Arm Architecture Reference Manual (DDI 0487), C4.1.
UNCOMMON = (("svc", 0xFFE0001F, 0xD4000001), ("hvc", 0xFFE0001F, 0xD4000002), ("smc", 0xFFE0001F, 0xD4000003),
            ("msr", 0xFFF00000, 0xD5100000), ("msr", 0xFFF8F01F, 0xD500401F),
            ("sys", 0xFFF80000, 0xD5080000), ("eret", 0xFFFFFBFF, 0xD69F03E0))


class Image:
    """The headers of a PE32+ file."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        pe = struct.unpack_from("<I", data, 0x3C)[0]
        sections, optional_size = struct.unpack_from("<H12xH", data, pe + 6)
        optional = pe + 24
        self.bytes = len(data)
        self.machine = MACHINES.get(struct.unpack_from("<H", data, pe + 4)[0], "another machine")
        self.alignment = struct.unpack_from("<I", data, optional + 32)[0]
        self.subsystem, self.characteristics = struct.unpack_from("<HH", data, optional + 68)
        count = struct.unpack_from("<I", data, optional + 108)[0]
        self.directories = [struct.unpack_from("<II", data, optional + 112 + 8 * i) for i in range(count)]
        self.sections = []
        for i in range(sections):
            at = optional + optional_size + 40 * i
            name, size, address = struct.unpack_from("<8sII", data, at)
            flags, = struct.unpack_from("<I", data, at + 36)
            self.sections.append((name.rstrip(b"\0").decode(), address, size, flags))

    def promises(self):
        """What an image must have, and whether this one has it: pairs of a promise and a bool."""
        names = {name: address for name, address, _, _ in self.sections}
        others = [i for i, directory in enumerate(self.directories)
                  if directory != (0, 0) and i not in (RELOCATIONS, DEBUG, SIGNATURE)]
        return [
            ("imports nothing, at once or delayed, exports nothing, runs nothing by a table"
             + "".join(f" (data directory {i})" for i in others), not others),
            ("nothing is writable and executable",
             not any(flags & WRITE and flags & EXECUTE for *_, flags in self.sections)),
            ("sections are aligned to pages", self.alignment % PAGE == 0),
            ("NX_COMPAT is set", bool(self.characteristics & NX_COMPAT)),
            ("relocations are kept", self.directories[RELOCATIONS] != (0, 0)),
            (".sbat is there, on a page of its own", ".sbat" in names and names[".sbat"] % PAGE == 0),
            ("no initialisers that run before efi_main", ".CRT" not in names),
        ]


def is_object(data):
    return len(data) >= 20 and struct.unpack_from("<H", data)[0] in MACHINES


def object_sections(data):
    """Name, flags and contents of each section of an object."""
    sections, _, _, _, optional = struct.unpack_from("<HIIIH", data, 2)
    for i in range(sections):
        name, _, _, size, at, _, _, _, flags = struct.unpack_from("<8sIIIIIIII", data, 20 + optional + 40 * i)
        yield name.rstrip(b"\0"), flags, data[at:at + size]


def directives(data):
    """What an object tells the linker: it could ask for libraries, exports and imports."""
    told = b"".join(contents for name, _, contents in object_sections(data) if name == b".drectve")
    return told.decode(errors="replace").strip()


def uncommon_instructions(data):
    """Which instructions of an object for AArch64, that no compiler makes by itself, speak to firmware below UEFI or change
    how the processor works: their names. Every instruction has four bytes, so none can hide."""
    if struct.unpack_from("<H", data)[0] != AARCH64:
        return set()
    return {name for _, flags, contents in object_sections(data) if flags & EXECUTE
            for word, in struct.iter_unpack("<I", contents[:len(contents) // 4 * 4])
            for name, mask, value in UNCOMMON if word & mask == value}


def archive_members(path):
    """The contents of an archive's members, without its tables of symbols and names."""
    data, at = Path(path).read_bytes(), 8
    members = []
    while at + 60 <= len(data):
        name, size = data[at:at + 16].rstrip(), int(data[at + 48:at + 58])
        if name not in (b"/", b"//"):
            members.append(data[at + 60:at + 60 + size])
        at += 60 + size + size % 2
    return members
