"""PE32+ images, COFF objects and archives, as far as the audit reads them. Microsoft PE Format."""
import struct
from pathlib import Path

READ, WRITE, EXECUTE = 0x40000000, 0x80000000, 0x20000000
NX_COMPAT = 0x0100
PAGE = 4096
SIGNATURE, RELOCATIONS, DEBUG = 4, 5, 6  # data directories; the last holds the hash of a reproducible build
MACHINES = {0x8664: "x86-64", 0xAA64: "AArch64"}


class Image:
    """The headers of a PE32+ file."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        pe = struct.unpack_from("<I", data, 0x3C)[0]
        sections, optional_size = struct.unpack_from("<H12xH", data, pe + 6)
        optional = pe + 24
        self.bytes = len(data)
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


def directives(data):
    """What an object tells the linker: it could ask for libraries, exports and imports."""
    sections, _, _, _, optional = struct.unpack_from("<HIIIH", data, 2)
    told = b""
    for i in range(sections):
        name, _, _, size, at = struct.unpack_from("<8sIIII", data, 20 + optional + 40 * i)
        if name.rstrip(b"\0") == b".drectve":
            told += data[at:at + size]
    return told.decode(errors="replace").strip()


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
