"""tools/make_image.py: what a disk image holds, and what is refused."""
import subprocess
import sys

import pytest

import make_image
from make_image import ImageError
from support import ROOT

PARTITION = f"@@{make_image.PARTITION_START * make_image.SECTOR}"
FILES = [(b"MZ program", make_image.BOOT_PATH), (b"weights" * 1000, r"\models\A long name of a model.bin")]


def read(image, name):
    return subprocess.run(["mtype", "-i", f"{image}{PARTITION}", f"::/{name}"], capture_output=True, check=True).stdout


def test_files_lie_where_they_were_asked_for(tmp_path):
    image = tmp_path / "disk.img"
    make_image.make_image(image, FILES, [("prompt", "Once upon a time"), ("steps", 5)])
    assert read(image, "EFI/BOOT/BOOTX64.EFI") == b"MZ program"
    assert read(image, "models/A long name of a model.bin") == b"weights" * 1000
    assert read(image, "llama.cfg") == b"prompt = Once upon a time\nsteps = 5\n"


def test_the_disk_has_one_efi_system_partition(tmp_path):
    image = tmp_path / "disk.img"
    make_image.make_image(image, FILES)
    table = image.read_bytes()[446:512]
    assert table[4] == 0xEF and table[16:64] == bytes(48) and table[64:] == b"\x55\xaa"
    start, sectors = (int.from_bytes(table[at:at + 4], "little") for at in (8, 12))
    assert start == 2048 and (start + sectors) * 512 == image.stat().st_size
    volume = image.read_bytes()[start * 512:(start + 1) * 512]
    assert volume[82:90] == b"FAT32   "
    assert int.from_bytes(volume[28:32], "little") == start, "hidden sectors"


@pytest.mark.parametrize("size", [0, 1 << 20, 61 << 20, 300 << 20])
def test_there_are_enough_clusters_for_FAT32_and_room_for_saving(tmp_path, size):
    big = tmp_path / "big"
    with open(big, "wb") as file:
        file.truncate(size)
    image = tmp_path / "disk.img"
    make_image.make_image(image, [(big, "big")], free_mib=16)
    volume = image.open("rb").read(2049 * 512)[2048 * 512:]
    per_cluster, reserved = volume[13], int.from_bytes(volume[14:16], "little")
    sectors, per_table = (int.from_bytes(volume[at:at + 4], "little") for at in (32, 36))
    clusters = (sectors - reserved - 2 * per_table) // per_cluster
    assert 65525 <= clusters < 300_000
    assert clusters * per_cluster * 512 >= size + (16 << 20)


def test_the_same_inputs_give_the_same_bytes(tmp_path, monkeypatch):
    for ending in ("img", "iso"):
        a, b = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
        for path, zone in ((a, "UTC"), (b, "America/New_York")):
            monkeypatch.setenv("TZ", zone)
            make_image.make_image(path, FILES, [("steps", 5)])
        assert a.read_bytes() == b.read_bytes()


def test_no_image_tells_the_version_of_what_made_it(tmp_path):
    make_image.make_image(tmp_path / "disk.img", FILES)
    assert b"MTOO" not in (tmp_path / "disk.img").read_bytes()


def both(data):
    """A number that stands twice, in both orders."""
    half = len(data) // 2
    assert data[:half] == data[half:][::-1]
    return int.from_bytes(data[:half], "little")


@pytest.mark.parametrize("size, count", [(1000, 0), (61 << 20, 0)])
def test_a_cd_is_the_same_disk_and_says_where_firmware_boots_from(tmp_path, size, count):
    """Read by hand, beside ECMA-119 8.4 and 9.1, and El Torito 2."""
    files = [*FILES, (bytes(size), "large")]
    make_image.make_image(tmp_path / "disk.iso", files)
    make_image.make_image(tmp_path / "disk.img", files, free_mib=0)
    cd, disk = ((tmp_path / name).read_bytes() for name in ("disk.iso", "disk.img"))
    assert len(cd) == len(disk) and cd[1 << 20:] == disk[1 << 20:] and cd[:512] == disk[:512]
    first, boot, last = (cd[sector * 2048:(sector + 1) * 2048] for sector in (16, 17, 18))
    assert [part[:7] for part in (first, boot, last)] == [b"\1CD001\1", b"\0CD001\1", b"\xffCD001\1"]
    assert both(first[80:88]) * 2048 == len(cd) and both(first[128:132]) == 2048
    root = first[156:190]
    assert root[0] == 34 and both(root[10:18]) == 2048 and root[25] == 2
    at = both(root[2:10]) * 2048
    entries = {}
    while cd[at]:
        record = cd[at:at + cd[at]]
        entries[record[33:33 + record[32]]] = both(record[2:10]) * 2048, both(record[10:18])
        at += cd[at]
    assert entries[b"EFI.IMG;1"] == (1 << 20, len(cd) - (1 << 20))
    assert boot[7:39].rstrip(b"\0") == b"EL TORITO SPECIFICATION"
    catalog = int.from_bytes(boot[71:75], "little") * 2048
    assert entries[b"BOOT.CAT;1"][0] == catalog
    entry = cd[catalog:catalog + 64]
    assert entry[:2] == b"\1\xef" and entry[30:34] == b"\x55\xaa\x88\0"
    assert sum(int.from_bytes(entry[at:at + 2], "little") for at in range(0, 32, 2)) % 65536 == 0
    assert int.from_bytes(entry[38:40], "little") == count and int.from_bytes(entry[40:44], "little") * 2048 == 1 << 20


def test_a_cd_that_would_be_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("iso.LARGEST_FILE", 30 << 20)
    with pytest.raises(ImageError, match="too large for a CD"):
        make_image.make_image(tmp_path / "disk.iso", FILES)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("files, config, fault", [
    ([("/no/such/file", "a")], [], "/no/such/file: no such file"),
    ([(b"", "A.bin"), (b"", r"\a.BIN")], [], "two files"),
    ([], [("prompt", "two\nlines")], "one line"),
], ids=["missing", "twice", "two-lines"])
def test_what_cannot_be_is_refused_and_leaves_nothing_behind(tmp_path, files, config, fault):
    with pytest.raises(ImageError, match=fault):
        make_image.make_image(tmp_path / "disk.img", files, config)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_names_model_and_tokenizer_in_the_configuration(tmp_path):
    for name in ("p.efi", "m.bin", "t.bin", "extra"):
        (tmp_path / name).write_text(name)
    image = tmp_path / "disk.img"
    subprocess.run([sys.executable, ROOT / "tools/make_image.py", image, "--efi", tmp_path / "p.efi", "--model",
                    tmp_path / "m.bin", "--tokenizer", tmp_path / "t.bin", "--file", f"{tmp_path}/extra:docs/extra",
                    "--config", "prompt=a = b"], check=True)
    assert read(image, "llama.cfg") == b"model = \\models\\m.bin\ntokenizer = \\models\\t.bin\nprompt = a = b\n"
    assert read(image, "models/t.bin") == b"t.bin"
    assert read(image, "docs/extra") == b"extra"
