"""tools/make-stick: writes to a plain file that stands for a stick; and whether it tells sticks from other disks, on a
machine that is made up."""
import subprocess
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

import make_image
from support import ROOT

IMAGE = bytes(range(256)) * 40_000  # more than two pieces


def make_stick(*arguments, answer="yes\n", **more):
    return subprocess.run([ROOT / "tools/make-stick", *arguments], input=answer, capture_output=True, text=True, **more)


@pytest.fixture
def stick(tmp_path):
    """A file of 12 MB that was something else, and the image beside it."""
    (tmp_path / "image").write_bytes(IMAGE)
    path = tmp_path / "stick"
    path.write_bytes(b"old" * 4_000_000)
    return path


def test_it_names_the_stick_asks_writes_and_compares(stick):
    done = make_stick(stick, "--image", stick.with_name("image"))
    assert done.returncode == 0, done.stderr
    named, asked = done.stdout.splitlines()[:2]
    assert named == f"{stick}: a plain file, 12.0 MB" and asked.startswith("EVERYTHING ON IT WILL BE LOST")
    assert "written and compared" in done.stdout
    assert stick.read_bytes() == IMAGE + (b"old" * 4_000_000)[len(IMAGE):]


@pytest.mark.parametrize("answer", ["", "\n", "no\n", "y\n", "yes please\n"])
def test_without_a_yes_nothing_is_written(stick, answer):
    done = make_stick(stick, "--image", stick.with_name("image"), answer=answer)
    assert done.returncode == 1 and done.stdout.endswith("Nothing was written.\n")
    assert stick.read_bytes() == b"old" * 4_000_000


@pytest.mark.parametrize("device, image, fault", [
    ("{folder}/gone", "{folder}/image", "gone: No such file"),
    ("/dev/null", "{folder}/image", "/dev/null: is no disk"),
    ("{folder}", "{folder}/image", "is no disk"),
    ("{folder}/image", "{folder}/stick", "The image is larger: 12.0 MB"),
    ("{folder}/stick", "{folder}/gone", "gone: no such file"),
], ids=["gone", "null", "folder", "small", "image"])
def test_what_is_no_stick_is_refused_before_it_asks(stick, device, image, fault):
    done = make_stick(device.format(folder=stick.parent), "--image", image.format(folder=stick.parent))
    assert done.returncode == 1 and fault in done.stderr and "EVERYTHING" not in done.stdout
    assert stick.read_bytes() == b"old" * 4_000_000


def test_a_model_of_ones_own_goes_onto_the_stick(tmp_path):
    stick, model = tmp_path / "stick", tmp_path / "mine.gguf"
    model.write_bytes(b"weights")
    with open(stick, "wb") as file:
        file.truncate(64 << 20)
    done = make_stick(stick, "--model", model, "--config", "temperature=0")
    assert done.returncode == 0, done.stderr
    volume = f"{stick}@@{make_image.PARTITION_START * make_image.SECTOR}"
    config = subprocess.run(["mtype", "-i", volume, "::/llama.cfg"], capture_output=True, check=True).stdout
    assert config == b"model = \\models\\mine.gguf\ntemperature = 0\n"


def test_what_reads_back_differently_is_said(stick, monkeypatch):
    tool = load_tool()
    monkeypatch.setattr(tool.os, "pread", lambda *_: b"something else")
    with open(stick.with_name("image"), "rb") as image, pytest.raises(tool.StickError, match="reads back differently"):
        tool.write(image, stick)


def load_tool():
    loader = SourceFileLoader("make_stick", str(ROOT / "tools/make-stick"))
    module = module_from_spec(spec_from_loader("make_stick", loader))
    loader.exec_module(module)
    return module


class Computer:
    """/sys, /proc and /dev of a computer with one built-in disk; `mounts` and `swaps` are lines of /proc."""

    def __init__(self, root):
        self.sys, self.proc, self.dev = root / "sys", root / "proc", root / "dev"
        self.dev.mkdir()
        self.mounts, self.swaps = [], []
        self.write(self.proc / "self/mountinfo", "")
        self.add("nvme0n1", "pci0000:00/nvme/nvme0", "259:0", {"nvme0n1p1": "259:1", "nvme0n1p2": "259:2"})

    @staticmethod
    def write(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def add(self, name, where, number, partitions, removable=0, sectors=1 << 20):
        folder = self.sys / "devices" / where / "block" / name
        self.write(folder / "dev", f"{number}\n")
        self.write(folder / "size", f"{sectors}\n")
        self.write(folder / "removable", f"{removable}\n")
        self.write(folder / "device/model", "Sturdy 3000   \n")
        (folder / "holders").mkdir()
        for part, number_of_part in partitions.items():
            self.write(folder / part / "dev", f"{number_of_part}\n")
            self.write(folder / part / "partition", "1\n")
            (folder / part / "holders").mkdir()
        for link in ("block", "class/block"):
            for each, path in ((name, folder), *((part, folder / part) for part in partitions)):
                if link == "block" and each != name:
                    continue
                (self.sys / link).mkdir(parents=True, exist_ok=True)
                (self.sys / link / each).symlink_to(path)
                (self.dev / each).touch()
        return folder

    def mount(self, number, source, place):
        self.mounts.append(f"30 1 {number} / {place} rw,relatime shared:1 - ext4 {source} rw")
        self.write(self.proc / "self/mountinfo", "\n".join(self.mounts))

    def swap(self, source):
        self.write(self.proc / "swaps", f"Filename Type Size Used Priority\n{source} partition 1 0 -2\n")


@pytest.fixture
def computer(tmp_path):
    return Computer(tmp_path)


@pytest.fixture
def tool(computer, monkeypatch):
    tool = load_tool()
    tool.SYS, tool.PROC, tool.DEV = computer.sys, computer.proc, computer.dev
    monkeypatch.setattr(tool.stat, "S_ISREG", lambda _: False)  # all files there are disks
    monkeypatch.setattr(tool.stat, "S_ISBLK", lambda _: True)
    return tool


def test_sticks_and_cards_are_listed_and_built_in_disks_are_not(computer, tool):
    computer.add("sda", "pci0000:00/ata1/host0", "8:0", {})
    computer.add("sdb", "pci0000:00/usb2/2-1", "8:16", {"sdb1": "8:17"})
    computer.add("sdc", "pci0000:00/ata2/host1", "8:32", {}, removable=1)
    computer.add("mmcblk0", "pci0000:00/mmc0", "179:0", {})
    computer.add("sdd", "pci0000:00/usb2/2-2", "8:48", {}, sectors=0)  # a reader without a card
    assert [disk.name for disk in tool.disks()] == ["mmcblk0", "sdb", "sdc"]
    words, size = tool.check(computer.dev / "sdb")
    assert words == f"{computer.dev}/sdb: Sturdy 3000, 536.9 MB" and size == 1 << 29


def test_a_built_in_disk_is_refused(computer, tool):
    with pytest.raises(tool.StickError, match="built in"):
        tool.check(computer.dev / "nvme0n1")


def test_a_partition_is_refused_with_the_name_of_its_disk(computer, tool):
    computer.add("sdb", "pci0000:00/usb2/2-1", "8:16", {"sdb1": "8:17"})
    with pytest.raises(tool.StickError, match=f"name the whole one, {computer.dev}/sdb$"):
        tool.check(computer.dev / "sdb1")


@pytest.mark.parametrize("use, fault", [
    (lambda computer, _: computer.mount("8:17", "/dev/whatever", "/media/me"), "sdb1 is mounted at /media/me"),
    (lambda computer, _: computer.mount("8:16", "/dev/whatever", "/media/me"), "sdb is mounted at /media/me"),
    (lambda computer, _: computer.mount("0:35", f"{computer.dev}/sdb1", "/data"), "sdb1 is mounted at /data"),
    (lambda computer, _: computer.swap(f"{computer.dev}/sdb1"), "sdb1 is swap"),
    (lambda _, folder: (folder / "sdb1/holders/dm-0").touch(), "sdb1 is part of dm-0"),
    (lambda _, folder: (folder / "holders/md127").touch(), "sdb is part of md127"),
], ids=["partition", "whole", "btrfs", "swap", "crypt", "raid"])
def test_a_stick_that_is_in_use_is_refused(computer, tool, use, fault):
    computer.mount("259:2", f"{computer.dev}/nvme0n1p2", "/")
    folder = computer.add("sdb", "pci0000:00/usb2/2-1", "8:16", {"sdb1": "8:17"})
    tool.check(computer.dev / "sdb")
    use(computer, folder)
    with pytest.raises(tool.StickError, match=fault):
        tool.check(computer.dev / "sdb")


def test_it_asks_before_and_looks_again_after(computer, tool, monkeypatch, capsys, tmp_path):
    """Desktops mount a stick while the question stands."""
    computer.add("sdb", "pci0000:00/usb2/2-1", "8:16", {"sdb1": "8:17"})
    (tmp_path / "image").write_bytes(IMAGE)

    class Person:
        def readline(self):
            computer.mount("8:17", "/dev/sdb1", "/media/me")
            return "yes\n"

    monkeypatch.setattr(tool.sys, "stdin", Person())
    monkeypatch.setattr(tool.sys, "argv", ["make-stick", str(computer.dev / "sdb"), "--image", str(tmp_path / "image")])
    assert tool.main() == 1
    assert "mounted at /media/me" in capsys.readouterr().err
    assert (computer.dev / "sdb").read_bytes() == b""
