"""The program for AArch64 on Arm firmware: the story of x86-64, letter for letter, on AAVMF and U-Boot, with one processor
and with several, which PSCI starts and takes back."""
import itertools
import re
import subprocess

import pytest

import arm
import support
from make_image import firmware_path
from story import parse
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER

FIRMWARE = ("aavmf", "aavmf-el2", "u-boot-arm64")
CPU = ("max", "cortex-a72", "cortex-a53", "neoverse-n1")
SMP = (1, 2, 4)
# Each value in one of them.
FEW = (("aavmf", "max", 1), ("aavmf-el2", "neoverse-n1", 4), ("u-boot-arm64", "cortex-a53", 2))
STEPS = 60
FILES = [(DEFAULT_MODEL, firmware_path("models/default.bin")),
         (DEFAULT_TOKENIZER, firmware_path("models/default-tokenizer.bin"))]


def start(machine, firmware, cpu, smp, program=arm.PROGRAM, files=FILES, disk="virtio", **config):
    config = {"temperature": 0, "steps": STEPS, "color": "off", "on_finish": "exit", **config}
    return machine.start(files, config, **arm.options(firmware, program, cpu, smp, disk=disk))


@pytest.fixture(scope="module")
def expected():
    """What x86-64 tells, as words."""
    done = subprocess.run([support.built(support.HOST_LLAMA), DEFAULT_MODEL, "-z", DEFAULT_TOKENIZER, "-t", "0", "-n", str(STEPS)],
                          capture_output=True, text=True, check=True)
    return done.stdout.split()


def told(booted):
    """The head and the words of the next story."""
    end = booted.expect(r"\d+ tokens?, [\d.]+ tokens/s, first token after [\d.]+ s, memory [\d,]+ bytes", 90)
    text = (booted.before + end.group()).replace("\r", "")  # U-Boot writes it in another place
    story = parse(text[text.rfind("llama.efi 0"):])
    return story.head, story.text.split()


def expect_the_story(machine, expected, firmware, cpu, smp):
    booted = start(machine, firmware, cpu, smp, **({"threads": smp} if smp > 1 else {}))
    head, words = told(booted)
    assert words == expected
    if smp > 1:
        assert re.search(rf"cores     {smp}: [\d.]+ ms a token; using {smp}$", head), head
    assert "note:" not in head
    assert booted.expect_firmware() is None


@pytest.mark.parametrize("firmware, cpu, smp", FEW)
def test_the_story_is_that_of_x86_64(machine, expected, firmware, cpu, smp):
    expect_the_story(machine, expected, firmware, cpu, smp)


@pytest.mark.matrix
@pytest.mark.parametrize("firmware, cpu, smp", itertools.product(FIRMWARE, CPU, SMP))
def test_the_story_is_that_of_x86_64_everywhere(machine, expected, firmware, cpu, smp):
    expect_the_story(machine, expected, firmware, cpu, smp)


# Debian's AAVMF has no driver for AHCI, and so for QEMU's CD; U-Boot has none for USB 3 controllers.
DISKS = {"aavmf": ("virtio", "nvme", "usb"), "u-boot-arm64": ("virtio", "nvme", "ahci", "usb2")}


@pytest.mark.matrix
@pytest.mark.parametrize("firmware, disk", [(firmware, disk) for firmware, disks in DISKS.items() for disk in disks])
def test_the_story_comes_from_each_kind_of_disk(machine, expected, firmware, disk):
    booted = start(machine, firmware, "cortex-a72", 1, disk=disk)
    assert told(booted)[1] == expected
    assert booted.expect_firmware() is None


def test_processors_come_again_for_another_model_and_go_back(machine, expected):
    booted = start(machine, "aavmf", "cortex-a72", 2, threads=2, on_finish="prompt")
    assert told(booted)[1] == expected
    for _ in range(2):
        booted.expect(r"\n> ")
        booted.type("/model default\r")
        loaded = booted.expect(r"cores     (2: [\d.]+ ms a token; using 2)\r\n", 60)
        assert "note:" not in booted.before, loaded
        booted.expect("> ")
        booted.type("\r")
        end = booted.expect(r"\d+ tokens?, [\d.]+ tokens/s", 90)
        assert " ".join(expected) in " ".join((booted.before + end.group()).split())
    booted.expect(r"\n> ")
    booted.type("/quit\r")
    booted.expect_firmware()


@pytest.mark.parametrize("program, files", [(arm.CORE, FILES), (arm.STANDALONE, [])], ids=["core", "standalone"])
def test_the_other_forms_tell_it_too(machine, expected, program, files):
    booted = start(machine, "aavmf", "max", 1, program, files)
    assert told(booted)[1] == expected
    assert booted.expect_firmware() is None
