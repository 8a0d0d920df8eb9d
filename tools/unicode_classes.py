#!/usr/bin/env python3
"""Writes model/tokenizers/unicode_table.hpp: which characters are letters, numbers and white space.

    tools/unicode_classes.py            writes the table
    tools/unicode_classes.py --check    compares the one in the tree with what would be written

Tokenizers cut texts into words by these classes, so the table stays at one version of Unicode, whatever the machine
has. Python's unicodedata has that version in Python 3.13; otherwise the module unicodedata2 has it
(pip install unicodedata2==15.1.0).
"""
import argparse
import sys
import unicodedata
from pathlib import Path

VERSION = "15.1.0"
TABLE = Path(__file__).resolve().parent.parent / "model/tokenizers/unicode_table.hpp"
# The property White_Space, which the module does not have; it has not changed since Unicode 6.3.
SPACES = [*range(0x9, 0xe), 0x20, 0x85, 0xa0, 0x1680, *range(0x2000, 0x200b), 0x2028, 0x2029, 0x202f, 0x205f, 0x3000]
OTHER, LETTER, NUMBER, SPACE = range(4)  # as in model/tokenizers/unicode.hpp


def data():
    """A module with the version's data, or None."""
    if unicodedata.unidata_version == VERSION:
        return unicodedata
    try:
        import unicodedata2
    except ImportError:
        return None
    return unicodedata2 if unicodedata2.unidata_version == VERSION else None


def classes(module):
    """The class of every code point."""
    of = {"L": LETTER, "N": NUMBER}
    found = bytearray(of.get(module.category(chr(c))[0], OTHER) for c in range(0x110000))
    for c in SPACES:
        found[c] = SPACE
    return found


def runs(found):
    """The classes as (length, class) of one run after the other."""
    start = 0
    for c in range(1, len(found) + 1):
        if c == len(found) or found[c] != found[start]:
            yield c - start, found[start]
            start = c


def pack(pairs):
    """Each run as length * 4 + class, seven bits a byte, the lowest first; all bytes but the last have the eighth."""
    out = bytearray()
    for length, kind in pairs:
        value = length << 2 | kind
        while value >= 0x80:
            out.append(value & 0x7f | 0x80)
            value >>= 7
        out.append(value)
    return bytes(out)


def unpack(data):
    """The classes of all code points, from the packed runs."""
    found, value, shift = bytearray(), 0, 0
    for byte in data:
        value |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            found += bytes([value & 3]) * (value >> 2)
            value = shift = 0
    return found


def table(module):
    """The header's text."""
    pairs = list(runs(classes(module)))
    packed = pack(pairs)
    lines, line = [], "   "
    for byte in packed:
        item = f" {byte},"
        if len(line) + len(item) > 118:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    return f"""#pragma once
#include <stdint.h>

// Written by tools/unicode_classes.py from Unicode {VERSION}; do not edit.
namespace model {{

/// The classes (unicode.hpp) of all characters from 0 to 10FFFF, as runs: each is its length * 4 + its class, seven
/// bits a byte, the lowest first; all bytes but a run's last have the eighth bit.
inline constexpr uint32_t kUnicodeRuns = {len(pairs)};
inline constexpr uint8_t kUnicodeTable[{len(packed)}] = {{
{chr(10).join(lines)}
}};

}}  // namespace model
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    args = parser.parse_args()
    module = data()
    if not module:
        sys.exit(f"error: no Unicode {VERSION} here (unicodedata has {unicodedata.unidata_version}): "
                 f"pip install unicodedata2=={VERSION}")
    text = table(module)
    if args.check:
        if TABLE.read_text() != text:
            sys.exit(f"error: {TABLE.name} is not what Unicode {VERSION} gives")
        return
    TABLE.write_text(text)
    print(f"{TABLE.name}: Unicode {VERSION}")


if __name__ == "__main__":
    main()
