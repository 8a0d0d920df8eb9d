"""The head names the build: the checksum of the code that is in the file."""
import struct
import zlib

import pytest

from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, EFI, STANDALONE


def code(program):
    """The bytes of the program's only executable section, as they lie in memory."""
    image = program.read_bytes()
    at = struct.unpack_from("<I", image, 0x3c)[0]
    sections, optional = struct.unpack_from("<H12xH", image, at + 6)
    for i in range(sections):
        header = at + 24 + optional + 40 * i
        size, _, raw, offset = struct.unpack_from("<4I", image, header + 8)
        if struct.unpack_from("<I", image, header + 36)[0] & 0x20000000:
            return image[offset:offset + min(size, raw)].ljust(size, b"\0")
    raise ValueError("no code")


def test_the_head_names_the_build(machine):
    booted = machine.start([(DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin")],
                           {"on_finish": "exit", "steps": 1})
    said = booted.expect(r"llama\.efi ([\d.]+), build ([0-9a-f]{8})\r", timeout=60)
    assert int(said[2], 16) == zlib.crc32(code(EFI))


@pytest.mark.parametrize("program", [EFI, STANDALONE])
def test_the_code_is_the_same_wherever_it_is_loaded(program):
    """No relocation lies in the code, so its checksum does not depend on the place in memory."""
    image = program.read_bytes()
    at = struct.unpack_from("<I", image, 0x3c)[0]
    sections, optional = struct.unpack_from("<H12xH", image, at + 6)
    headers = [struct.unpack_from("<8s4I12xI", image, at + 24 + optional + 40 * i) for i in range(sections)]
    begin, end = next((start, start + size) for _, size, start, _, _, flags in headers if flags & 0x20000000)
    table, size = struct.unpack_from("<2I", image, at + 24 + 112 + 5 * 8)
    _, _, start, _, offset, _ = next(h for h in headers if h[2] <= table < h[2] + h[1]) if size else headers[0]
    place = offset + table - start
    while size > 0:
        page, block = struct.unpack_from("<2I", image, place)
        for entry in struct.unpack_from(f"<{(block - 8) // 2}H", image, place + 8):
            assert entry >> 12 == 0 or not begin <= page + (entry & 0xfff) < end
        place, size = place + block, size - block
