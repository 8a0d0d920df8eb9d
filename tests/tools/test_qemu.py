"""tools/qemu.py: finding firmware, choosing an accelerator."""
import json

import pytest

import qemu


@pytest.fixture
def no_firmware(monkeypatch, tmp_path):
    """A machine on which no distribution has put firmware anywhere."""
    monkeypatch.delenv("OVMF_CODE", raising=False)
    monkeypatch.delenv("OVMF_VARS", raising=False)
    for places in ("OVMF", "OVMF_SECURE", "AAVMF"):
        monkeypatch.setattr(qemu, places, ((str(tmp_path / "CODE.fd"), str(tmp_path / "VARS.fd")),))
    return tmp_path


def test_missing_firmware_is_said_with_the_places_that_were_searched(no_firmware):
    with pytest.raises(qemu.QemuError, match="setup.sh(.|\n)*CODE.fd"):
        qemu.find_firmware()


def test_firmware_needs_both_of_its_files(no_firmware):
    (no_firmware / "CODE.fd").touch()
    with pytest.raises(qemu.QemuError):
        qemu.find_firmware()
    (no_firmware / "VARS.fd").touch()
    arguments = " ".join(qemu.find_firmware().arguments)
    assert f"readonly=on,file={no_firmware}/CODE.fd" in arguments
    assert f"snapshot=on,file={no_firmware}/VARS.fd" in arguments


def test_the_environment_names_other_firmware(no_firmware, monkeypatch):
    for name in ("mine-code.qcow2", "mine-vars.qcow2"):
        (no_firmware / name).touch()
    monkeypatch.setenv("OVMF_CODE", str(no_firmware / "mine-code.qcow2"))
    monkeypatch.setenv("OVMF_VARS", str(no_firmware / "mine-vars.qcow2"))
    arguments = " ".join(qemu.find_firmware().arguments)
    assert "mine-code.qcow2" in arguments and "format=qcow2" in arguments
    monkeypatch.setenv("OVMF_VARS", "/no/such/file")
    with pytest.raises(qemu.QemuError, match="/no/such/file"):
        qemu.find_firmware()


@pytest.mark.parametrize("works", [True, False])
def test_an_accelerator_is_tried_once_and_the_answer_kept(monkeypatch, tmp_path, works):
    tried = []
    monkeypatch.setattr(qemu, "OUT", tmp_path)
    monkeypatch.setattr(qemu, "hardware_accelerator", lambda _: ("kvm", None))
    monkeypatch.setattr(qemu, "runs_firmware", lambda *_: tried.append(1) or works)
    answers = [qemu.accelerator() for _ in range(2)]
    assert answers[0] == answers[1] and len(tried) == 1
    name, note = answers[0]
    assert (name, bool(note)) == (("kvm", False) if works else ("tcg", True))
    assert json.loads((tmp_path / "accelerator.json").read_text())
    assert qemu.accelerator("tcg") == ("tcg", None)


def test_a_machine_without_virtualisation_emulates(monkeypatch):
    monkeypatch.setattr(qemu, "hardware_accelerator", lambda _: (None, None))
    assert qemu.accelerator() == ("tcg", None)


@pytest.mark.parametrize("arch", qemu.ARCHITECTURES)
def test_hardware_runs_its_own_architecture_only(monkeypatch, arch):
    monkeypatch.setattr(qemu.platform, "system", lambda: "Darwin")
    for host in ("x86_64", "arm64"):
        monkeypatch.setattr(qemu.platform, "machine", lambda host=host: host)
        name, _ = qemu.hardware_accelerator(arch)
        assert (name == "hvf") == (host in qemu.ARCHITECTURES[arch].hosts)


def test_an_arm_machine_has_arm_firmware_and_no_parts_of_a_pc(monkeypatch, no_firmware):
    for name in ("CODE.fd", "VARS.fd"):
        (no_firmware / name).touch()
    monkeypatch.setenv("QEMU_AARCH64", "/arm/qemu")
    line = qemu.command(qemu.find_firmware("aavmf"), screen=True)
    assert line[0] == "/arm/qemu" and "virt" in line and "-vga" not in line and "ramfb" in line
