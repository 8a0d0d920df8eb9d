"""Machines without a disk, which get all they need over the network: PXE, HTTP Boot, iPXE; each architecture."""
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

import arm
import qemu
import variables
from story import STATISTICS, told
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, EFI, OUT, ROOT, STANDALONE, built, checkpoint, tokenizer
from web import Web

STORY = {"steps": 20, "temperature": 0, "ids": "on", "on_finish": "exit"}
BOTH = pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
CONFIG = "".join(f"{name} = {value}\n" for name, value in STORY.items())
MODEL = {"/fleet/models/default.bin": DEFAULT_MODEL.read_bytes(),
         "/fleet/models/default-tokenizer.bin": DEFAULT_TOKENIZER.read_bytes()}


def card(rom="", **netdev):
    """A network card; without a ROM of its own, firmware drives it."""
    user = "".join(f",{name}={value}" for name, value in netdev.items())
    return ("-netdev", f"user,id=net{user}", "-device", f"virtio-net-pci,netdev=net,romfile={rom},bootindex=0")


@pytest.fixture
def serve():
    """serve(files) -> a web server with them."""
    servers = []

    def start(files):
        servers.append(Web(files))
        return servers[-1]
    yield start
    for server in servers:
        server.close()


def program(arch):
    return built({"x86_64": EFI, "aarch64": arm.PROGRAM}[arch])


def diskless(machine, arch, **options):
    """A machine of that architecture, without a disk."""
    if arch == "aarch64":
        arm.need()
        options = {"firmware": "aavmf", "accel": "tcg", **options}
    return machine.diskless(**options)


def http_boot(machine, url, options="", arch="x86_64", extra=None, **more):
    """A machine whose one boot entry is that URL; an empty one stands for what DHCP tells."""
    if arch == "aarch64":
        arm.need()
    empty = qemu.flash_files("aavmf" if arch == "aarch64" else "ovmf")[1]
    entries = [variables.http_entry(0, url, options), variables.Variable("BootOrder", struct.pack("<H", 0))]
    try:
        store = variables.flash_file(machine.folder / "variables.fd", entries, empty)
    except ValueError as error:
        pytest.skip(f"{empty}: {error}")
    return diskless(machine, arch, variables=store, extra=extra or card(), **more)


@pytest.mark.parametrize("arch", ["x86_64", pytest.param("aarch64", marks=pytest.mark.matrix)])
def test_http_boot_finds_settings_and_model_beside_the_program(machine, serve, arch):
    web = serve({"/fleet/llama.efi": program(arch).read_bytes(), "/fleet/llama.cfg": CONFIG.encode(), **MODEL})
    booted = http_boot(machine, web.url("/fleet/llama.efi"), arch=arch)
    assert len(told(booted).ids) == STORY["steps"]
    asked = [path for path in web.asked if path != "/fleet/llama.efi" and not path.startswith("HEAD")]
    assert asked == ["/fleet/llama.cfg", "/fleet/models/default.bin", "/fleet/models/default-tokenizer.bin",
                     "/fleet/models/default.bin.sha256"]


@pytest.mark.matrix
def test_http_boot_takes_another_model_that_its_options_name(machine, serve):
    web = serve({"/llama.efi": built(EFI).read_bytes(), "/own/tiny.bin": checkpoint("tiny").read_bytes(),
                 "/own/tokenizer.bin": tokenizer(288).read_bytes()})
    booted = http_boot(machine, web.url("/llama.efi"), r"-m \own\tiny.bin -n 20 -t 0 --on_finish exit")
    booted.expect(STATISTICS, timeout=60)
    assert "/own/tiny.bin: " in booted.text


@pytest.mark.matrix
def test_http_boot_without_a_model_says_where_it_was_looked_for(machine, serve):
    web = serve({"/fleet/llama.efi": built(EFI).read_bytes()})
    booted = http_boot(machine, web.url("/fleet/llama.efi"))
    line = booted.expect(r"error: ([^\r]*)\r\n", timeout=60)[1]
    assert web.url("/fleet/models/default.bin") in line and "no such file" in line


@BOTH
def test_pxe_boots_the_program_that_has_a_model(machine, arch):
    folder = machine.folder / "tftp"
    folder.mkdir(parents=True)
    shutil.copy(built({"x86_64": STANDALONE, "aarch64": arm.STANDALONE}[arch]), folder / "llama.efi")
    booted = diskless(machine, arch, extra=card(tftp=folder, bootfile="llama.efi"))
    booted.expect(STATISTICS, timeout=90)
    assert "the built-in model" in booted.text


def readme_configuration(interface, folder):
    """What README.md says that dnsmasq is to be told, for this interface and this folder."""
    lines = re.search(r"dnsmasq for both:\n\n((?:    .*\n)+)", (ROOT / "README.md").read_text())[1].split()
    own = {"interface": interface, "tftp-root": folder}
    names = [line.partition("=")[0] for line in lines]
    assert set(own) <= set(names), lines
    return "".join(f"{name}={own[name]}\n" if name in own else f"{line}\n" for name, line in zip(names, lines))


@pytest.fixture
def link():
    """A network interface at which a machine is plugged in."""
    name = f"llama{os.getpid() % 100000}"
    tool = shutil.which("ip") or "/sbin/ip"
    try:
        made = subprocess.run([tool, "tuntap", "add", "dev", name, "mode", "tap"], capture_output=True, text=True)
    except OSError as error:
        pytest.skip(f"no interface can be made: {error}")
    if made.returncode:
        pytest.skip(f"no interface can be made: {made.stderr.strip()}")
    subprocess.run([tool, "address", "add", "10.9.0.1/24", "dev", name], check=True)
    subprocess.run([tool, "link", "set", name, "up"], check=True)
    yield name
    subprocess.run([tool, "link", "delete", name], check=True)


@pytest.fixture
def dnsmasq(machine, link):
    """dnsmasq with the README's configuration. log(): what it said; folder: what it has for PXE; card: a network card at
    which it is heard."""
    program = shutil.which("dnsmasq", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.skip("dnsmasq is not installed: ./setup.sh --network-tests installs it")
    folder = (machine.folder / "tftp").resolve()
    folder.mkdir(parents=True)
    shutil.copy(built(STANDALONE), folder)
    (machine.folder / "dnsmasq.conf").write_text(readme_configuration(link, folder))
    log = machine.folder / "dnsmasq.log"
    # Names are another server's business, and that may be running here.
    server = subprocess.Popen([program, "--keep-in-foreground", "--port=0", "--user=root", "--bind-interfaces", "--log-dhcp",
                               f"--conf-file={machine.folder / 'dnsmasq.conf'}", f"--log-facility={log}",
                               f"--dhcp-leasefile={machine.folder / 'leases'}", f"--pid-file={machine.folder / 'pid'}"])
    card = ("-netdev", f"tap,id=net,ifname={link},script=no,downscript=no", "-device",
            "virtio-net-pci,netdev=net,romfile=,bootindex=0")
    yield SimpleNamespace(log=log.read_text, folder=folder, card=card)
    server.terminate()
    server.wait()


def test_a_real_dnsmasq_boots_a_machine_as_the_readme_says(machine, dnsmasq):
    booted = machine.diskless(extra=dnsmasq.card)
    booted.expect(STATISTICS, timeout=100)
    assert "the built-in model" in booted.text
    assert f"sent {dnsmasq.folder}/{STANDALONE.name} to 10.9.0." in dnsmasq.log()


@pytest.mark.parametrize("arch, program, number", [
    ("x86_64", "llama.efi", 16), pytest.param("aarch64", "llama-aa64.efi", 19, marks=pytest.mark.matrix)])
def test_a_real_dnsmasq_tells_a_machine_the_url_to_boot(machine, dnsmasq, arch, program, number):
    """HTTP Boot without a URL of the machine's own: its kind and its processor decide what it is told."""
    files = {path.removeprefix("/fleet"): data for path, data in MODEL.items()}
    files |= {f"/{program}": built(OUT / program).read_bytes(), "/llama.cfg": CONFIG.encode()}
    try:
        web = Web(files, "10.9.0.1", 8000)
    except OSError as error:
        pytest.skip(f"no web server at the README's address: {error}")
    try:
        booted = http_boot(machine, "", arch=arch, extra=dnsmasq.card)
        assert len(told(booted).ids) == STORY["steps"]
    finally:
        web.close()
    assert f"URI: http://10.9.0.1:8000/{program}" in booted.text
    assert "/models/default.bin" in web.asked
    assert f"vendor class: HTTPClient:Arch:{number:05}" in dnsmasq.log()


@pytest.mark.parametrize("arch", ["x86_64", pytest.param("aarch64", marks=pytest.mark.matrix)])
def test_pxe_alone_says_that_it_brings_no_model(machine, arch):
    folder = machine.folder / "tftp"
    folder.mkdir(parents=True)
    shutil.copy(program(arch), folder / "llama.efi")
    booted = diskless(machine, arch, extra=card(tftp=folder, bootfile="llama.efi"))
    line = booted.expect(r"error: ([^\r]*)\r\n", timeout=60)[1]
    assert "PXE hands over this program alone" in line and "HTTP" in line


@pytest.mark.matrix
def test_http_boot_of_an_image_is_a_disk_in_memory(machine, serve):
    image = built(OUT / "llama.img")
    web = serve({"/llama.img": image.read_bytes()})
    booted = http_boot(machine, web.url("/llama.img"))
    booted.expect(STATISTICS, timeout=90)
    assert {path for path in web.asked if not path.startswith("HEAD")} == {"/llama.img"}


@pytest.mark.matrix
def test_ipxe_gives_each_machine_its_own_settings(machine, serve):
    if not any((folder / "efi-virtio.rom").is_file() for folder in (*qemu.data_folders(), Path("/usr/lib/ipxe/qemu"))):
        pytest.skip("QEMU's ROM of iPXE is not installed")
    own = CONFIG + "model = \\tiny.bin\ntokenizer = \\tokenizer.bin\n"
    web = serve({"/llama.efi": built(EFI).read_bytes(), "/fleet/52-54-00-12-34-56.cfg": own.encode(),
                 "/tiny.bin": checkpoint("tiny").read_bytes(), "/tokenizer.bin": tokenizer(288).read_bytes()})
    folder = machine.folder / "tftp"
    folder.mkdir(parents=True)
    (folder / "boot.ipxe").write_text(
        f"#!ipxe\nkernel {web.url('/llama.efi')}\n"
        f"initrd --name llama.cfg {web.url('/fleet/')}${{net0/mac:hexhyp}}.cfg\n"
        f"initrd {web.url('/tiny.bin')}\ninitrd {web.url('/tokenizer.bin')}\nboot\n")
    booted = machine.diskless(extra=card("efi-virtio.rom", tftp=folder, bootfile="boot.ipxe"))
    booted.expect(r"context[^\r]*\r\n", timeout=90)
    booted.expect(r"20 tokens, ", timeout=60)


@pytest.mark.matrix
def test_ipxe_boots_a_program_that_fetches_its_model_itself(machine, serve):
    web = serve({"/llama.efi": built(EFI).read_bytes(), **MODEL})
    folder = machine.folder / "tftp"
    folder.mkdir(parents=True)
    (folder / "boot.ipxe").write_text(
        f"#!ipxe\nkernel {web.url('/llama.efi')} -m {web.url('/fleet/models/default.bin')} -n 20 --on_finish exit\nboot\n")
    booted = machine.diskless(extra=card("efi-virtio.rom", tftp=folder, bootfile="boot.ipxe"))
    booted.expect(r"20 tokens, ", timeout=90)
