"""With Secure Boot on, on each architecture, and a throw-away key in the firmware's list of those it trusts: what is signed with it starts,
and nothing else."""
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import arm
import qemu
import variables
from make_image import BOOT_PATH, BOOT_PATH_AA64
from story import told
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, EFI, ROOT, STANDALONE, built, own_cases

CASE = next(case for case in own_cases()
            if case["shape"] == "default" and case["temperature"] and "\n" not in case["prompt"])
CONFIG = {"ids": "on", **{name: CASE[name] for name in ("prompt", "temperature", "topp", "seed", "steps",
                                                    "precision")}}
MODEL = ((DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin"))


class Key:
    """A key and its certificate, made for these tests."""

    def __init__(self, folder, name):
        self.key, self.cert, self.der = (folder / f"{name}.{kind}" for kind in ("key", "crt", "der"))
        self.openssl("req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", f"/CN={name}/",
                     "-keyout", self.key, "-out", self.cert)
        self.openssl("x509", "-in", self.cert, "-outform", "DER", "-out", self.der)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def sign(self, program, folder):
        """A signed copy of the program."""
        copy = shutil.copy(built(program), folder)
        subprocess.run([ROOT / "tools/sign", "--key", self.key, "--cert", self.cert, copy],
                       check=True, capture_output=True)
        return folder / f"{program.stem}-signed.efi"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("secure-boot")


@pytest.fixture(scope="module")
def trusted(folder):
    for tool in ("openssl", "sbsign", "sbverify"):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")
    return Key(folder, "trusted")


@dataclass(frozen=True)
class Kind:
    """An architecture: its programs, its firmware with Secure Boot, and where that looks for a program."""
    program: Path
    standalone: Path
    firmware: str
    boot_path: str

    def empty_store(self):
        """The firmware's variable store, into which keys can be put."""
        try:
            qemu.qemu(qemu.find_firmware(self.firmware).arch)
            store = qemu.flash_files(self.firmware)[1]
            variables.in_flash([], variables.empty_store(store))
        except (qemu.QemuError, ValueError) as error:
            pytest.skip(str(error).partition(":")[0])
        return store


KINDS = {"x86_64": Kind(EFI, STANDALONE, "ovmf-secure", BOOT_PATH),
         "aarch64": Kind(arm.PROGRAM, arm.STANDALONE, "aavmf", BOOT_PATH_AA64)}


@pytest.fixture
def kind(request):
    return KINDS[request.param]


def flipped(path, at):
    """The file's bytes with one bit changed."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    return bytes(data)


@pytest.mark.parametrize("kind", KINDS, indirect=True)
def test_signed_starts_and_nothing_else_does(machine, folder, trusted, kind):
    signed = trusted.sign(kind.program, folder)
    (folder / "stranger").mkdir(exist_ok=True)
    foreign = Key(folder, "stranger").sign(kind.program, folder / "stranger")
    refused = {"unsigned": kind.program, "foreign": foreign,
               "flipped-program": flipped(signed, kind.program.stat().st_size // 2),
               "flipped-signature": flipped(signed, signed.stat().st_size - 100)}
    programs = {**refused, "signed": signed}
    # Firmware tries one after the other until one starts.
    entries = variables.boot_entries([(f"{name}.efi", "") for name in programs])
    keys = variables.keys(trusted.der.read_bytes())
    store = variables.flash_file(folder / f"refuse-{kind.firmware}.fd", [*keys, *entries], kind.empty_store())
    booted = machine.start([*MODEL, *((program, f"{name}.efi") for name, program in refused.items())], CONFIG,
                           program=signed, boot_path="signed.efi", firmware=kind.firmware, variables=store)
    for number, name in enumerate(refused):
        said = booted.expect(rf'BdsDxe: (starting|failed to load) Boot{number:04X} "{name}" ([^\n]*)\r\n', timeout=120)
        assert said[1] == "failed to load" and said[2].endswith(": Access Denied")
    assert "llama.efi " not in booted.text
    assert told(booted).ids == CASE["tokens"]
    assert booted.expect_firmware() is None


@pytest.mark.parametrize("kind", ["x86_64", pytest.param("aarch64", marks=pytest.mark.matrix)], indirect=True)
def test_the_standalone_program_starts_when_signed(machine, folder, trusted, kind):
    store = variables.flash_file(folder / f"standalone-{kind.firmware}.fd", variables.keys(trusted.der.read_bytes()),
                                 kind.empty_store())
    booted = machine.start([], CONFIG, program=trusted.sign(kind.standalone, folder), boot_path=kind.boot_path,
                           firmware=kind.firmware, variables=store)
    assert told(booted).ids == CASE["tokens"]
    assert booted.expect_firmware() is None
