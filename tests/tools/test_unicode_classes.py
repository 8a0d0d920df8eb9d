"""The table of Unicode classes is what the generator writes, and agrees with this machine's own data."""
import re
import unicodedata

import pytest

import unicode_classes as generator


def packed():
    """The table's bytes as the tree has them."""
    body = re.search(r"kUnicodeTable\[(\d+)\] = \{(.*?)\}", generator.TABLE.read_text(), re.S)
    data = bytes(map(int, re.findall(r"\d+", body[2])))
    assert len(data) == int(body[1])
    return data


def test_the_table_is_what_the_generator_writes():
    module = generator.data()
    if not module:
        pytest.skip(f"no Unicode {generator.VERSION} here: pip install unicodedata2=={generator.VERSION}")
    assert generator.table(module) == generator.TABLE.read_text()


def test_the_table_covers_every_character_once_and_says_how_many_runs_it_has():
    found = generator.unpack(packed())
    assert len(found) == 0x110000
    assert int(re.search(r"kUnicodeRuns = (\d+)", generator.TABLE.read_text())[1]) == len(list(generator.runs(found)))
    assert generator.pack(generator.runs(found)) == packed()


def test_characters_that_this_machine_knows_have_its_classes():
    """Whatever version it has: characters are added from version to version; their kinds stay."""
    found, own = generator.unpack(packed()), generator.classes(unicodedata)
    known = [c for c in range(0x110000) if unicodedata.category(chr(c)) != "Cn"]
    differing = [hex(c) for c in known if own[c] != found[c] and found[c] != generator.OTHER]
    assert len(known) > 280000 and differing == []
    if unicodedata.unidata_version <= generator.VERSION:
        assert [hex(c) for c in known if own[c] != found[c]] == []


def test_white_space_is_what_this_machine_strips():
    """str.isspace() also takes the four separators 1C to 1F, which Unicode does not call white space."""
    own = [c for c in range(0x110000) if chr(c).isspace() and not 0x1c <= c <= 0x1f]
    assert own == generator.SPACES
