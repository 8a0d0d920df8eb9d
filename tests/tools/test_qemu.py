"""tools/qemu.py: finding firmware, choosing an accelerator."""
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import qemu
import run_qemu


@pytest.fixture
def no_firmware(monkeypatch, tmp_path):
    """A machine on which no distribution has put firmware anywhere."""
    for variable in ("OVMF_CODE", "OVMF_VARS", "AAVMF_CODE", "AAVMF_VARS"):
        monkeypatch.delenv(variable, raising=False)
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


@pytest.mark.parametrize("name, prefix", [("ovmf", "OVMF"), ("aavmf", "AAVMF"), ("aavmf-el2", "AAVMF")])
def test_the_environment_names_other_firmware(no_firmware, monkeypatch, name, prefix):
    with pytest.raises(qemu.QemuError, match=f"set {prefix}_CODE and {prefix}_VARS"):
        qemu.find_firmware(name)
    for file in ("mine-code.qcow2", "mine-vars.qcow2"):
        (no_firmware / file).touch()
    monkeypatch.setenv(f"{prefix}_CODE", str(no_firmware / "mine-code.qcow2"))
    monkeypatch.setenv(f"{prefix}_VARS", str(no_firmware / "mine-vars.qcow2"))
    arguments = " ".join(qemu.find_firmware(name).arguments)
    assert "mine-code.qcow2" in arguments and "format=qcow2" in arguments
    monkeypatch.setenv(f"{prefix}_VARS", "/no/such/file")
    with pytest.raises(qemu.QemuError, match=f"{prefix}_VARS: /no/such/file"):
        qemu.find_firmware(name)


def test_firmware_that_no_variable_names_is_not_said_to_have_one(no_firmware):
    with pytest.raises(qemu.QemuError, match="secure") as told:
        qemu.find_firmware("ovmf-secure")
    assert "or set" not in str(told.value)


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


class Host:
    """A machine that is made up: its system, its processor, its files. Only tools/qemu.py sees it."""

    def __init__(self, monkeypatch):
        self.patch = monkeypatch

    def be(self, system, processor, files, programs="/usr/bin"):
        files, self.programs = set(files), programs

        class MadePath(type(Path())):
            def is_file(self):
                return str(self) in files

            def resolve(self):
                return self

        made = {
            "platform": SimpleNamespace(system=lambda: system, machine=lambda: processor, release=lambda: "1"),
            "os": SimpleNamespace(environ={}, R_OK=1, W_OK=1, access=lambda path, how: path in files,
                                  path=SimpleNamespace(exists=lambda path: path in files),
                                  stat=lambda _: SimpleNamespace(st_mtime_ns=1)),
            "shutil": SimpleNamespace(which=lambda name: f"{programs}/{name}"),
            "Path": MadePath}
        for name, value in made.items():
            self.patch.setattr(qemu, name, value)


@pytest.fixture
def host(monkeypatch):
    return Host(monkeypatch)


DEBIAN = {"x86_64": ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
          "aarch64": ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd")}
FEDORA = {"x86_64": ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
          "aarch64": ("/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw", "/usr/share/edk2/aarch64/vars-template-pflash.raw")}
HOMEBREW = {"x86_64": ("/opt/homebrew/share/qemu/edk2-x86_64-code.fd", "/opt/homebrew/share/qemu/edk2-i386-vars.fd"),
            "aarch64": ("/opt/homebrew/share/qemu/edk2-aarch64-code.fd", "/opt/homebrew/share/qemu/edk2-arm-vars.fd")}
KVM, HVF = ["/dev/kvm"], []
HOSTS = [("Linux", "x86_64", DEBIAN, KVM, {"x86_64": "kvm"}), ("Linux", "aarch64", DEBIAN, KVM, {"aarch64": "kvm"}),
         ("Linux", "aarch64", FEDORA, KVM, {"aarch64": "kvm"}), ("Linux", "aarch64", DEBIAN, [], {}),
         ("Darwin", "arm64", HOMEBREW, HVF, {"aarch64": "hvf"}), ("Darwin", "x86_64", HOMEBREW, HVF, {"x86_64": "hvf"})]


@pytest.mark.parametrize("system, processor, firmware, device, hardware", HOSTS,
                         ids=["debian", "debian-arm", "fedora-arm", "arm-without-kvm", "apple-silicon", "intel-mac"])
@pytest.mark.parametrize("arch, kind", [("x86_64", "q35"), ("aarch64", "virt")])
def test_a_machine_is_started_as_its_host_can(host, monkeypatch, tmp_path, system, processor, firmware, device, hardware, arch, kind):
    """The whole command line, of both architectures on each host."""
    host.be(system, processor, [*sum(firmware.values(), ()), *device],
            "/opt/homebrew/bin" if firmware is HOMEBREW else "/usr/bin")
    monkeypatch.setattr(qemu, "OUT", tmp_path)
    (tmp_path / "image").touch()
    tried, started = [], []
    monkeypatch.setattr(qemu, "runs_firmware", lambda accel, of: tried.append((accel, of)) or True)
    run = SimpleNamespace(run=lambda line: started.append(line) or SimpleNamespace(returncode=0))
    monkeypatch.setattr(run_qemu, "subprocess", run)
    args = SimpleNamespace(firmware=None, arch=arch, accel="auto", cpu="max", smp=2, memory="512", display=False, disk="virtio")
    assert run_qemu.run_image(tmp_path / "image", args) == 0
    line = " ".join(map(str, started[0]))
    code, store = firmware[arch]
    assert line.startswith(f"{host.programs}/qemu-system-{arch} -nodefaults -machine {kind} -accel {hardware.get(arch, 'tcg')} "
                           "-cpu max -smp 2 -m 512 ")
    assert f"if=pflash,unit=0,format=raw,readonly=on,file={code}" in line
    assert f"if=pflash,unit=1,format=raw,snapshot=on,file={store}" in line
    assert tried == [(hardware[arch], arch) for _ in hardware if arch in hardware]


def test_an_arm_machine_of_many_processors_has_an_interrupt_controller_for_them(host):
    host.be("Linux", "x86_64", DEBIAN["aarch64"] + DEBIAN["x86_64"])

    def machine(name, processors):
        line = qemu.command(qemu.find_firmware(name), smp=processors)
        return line[line.index("-machine") + 1]

    assert machine("aavmf", 8) == "virt" and machine("aavmf", 9) == "virt,gic-version=max"
    assert machine("aavmf-el2", 16) == "virt,virtualization=on,gic-version=max"
    assert machine("ovmf", 16) == "q35"


def test_what_hardware_keeps_for_itself_is_emulated(host):
    host.be("Linux", "aarch64", [*DEBIAN["aarch64"], "/dev/kvm"])
    name, note = qemu.accelerator("auto", "aarch64", qemu.find_firmware("aavmf-el2").level)
    assert name == "tcg" and "exception level 2" in note
    assert qemu.accelerator("kvm", "aarch64", 2) == ("kvm", None)
    host.be("Linux", "x86_64", [*DEBIAN["aarch64"], "/dev/kvm"])
    assert qemu.accelerator("auto", "aarch64", 2) == ("tcg", None)


def test_qemu_decides_itself_whether_processors_are_emulated_side_by_side(host):
    """Those of x86-64 cannot be on a processor that orders memory less strictly."""
    host.be("Linux", "aarch64", DEBIAN["x86_64"])
    assert "thread" not in " ".join(map(str, qemu.command(qemu.find_firmware(), smp=2)))
