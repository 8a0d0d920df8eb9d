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
    for name, zone in (("a", "UTC"), ("b", "America/New_York")):
        monkeypatch.setenv("TZ", zone)
        make_image.make_image(tmp_path / name, FILES, [("steps", 5)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


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
