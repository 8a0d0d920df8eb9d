"""The same stories on every machine of matrix.py: those of its covering subset here, all with `ninja test-matrix`.

On each machine a person reads a story of the default model and saves it, goes on to another model, reads its stories
in int8 and in float32, and leaves. What the console showed and what the disk then holds must be what the host program
says. The other model's story in float32 is another one as soon as one number anywhere has another last bit.
"""
import functools
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import make_image
import matrix
import qemu
import variables
from machine import Machine
from screen import ALPHABET, UNKNOWN, Picture, Screen, learn, read
from story import parse
from support import (DEFAULT_MODEL, DEFAULT_TOKENIZER, EFI, HOST_LLAMA, OUT, built, sensitive_checkpoint, tokenizer)

PROMPT = rf"\n> {UNKNOWN}?$"  # the cursor
PATIENCE = 300  # seconds: these machines may have to share their host with others
SAMPLING = ("-i", "once upon a time", "-t", "0.9", "-p", "0.9", "-s", "4", "-n", "40")
AGAIN = "/again 4"  # the same prompt and seed
LONG_NAMES = {"-i": "prompt", "-t": "temperature", "-p": "topp", "-s": "seed", "-n": "steps"}
# How U-Boot calls the disks, and how it is told to look for them.
UBOOT_DISKS = {"ahci": ("scsi", "scsi scan"), "virtio": ("virtio", "virtio scan"), "nvme": ("nvme", "nvme scan"),
               "usb": ("usb", "usb start")}

# The kernel of the last story. What is fastest in QEMU is not what is on such processors: each has its turn.
KERNELS = {"qemu64": "sse2", "Nehalem": "swar", "Haswell": "avx2", "max": "the fastest"}

COVERING = matrix.covering(matrix.possible(), 2)
PASSED = OUT / "test/matrix-passed.txt"  # what need not run again with the same program


class AtSerialLine:
    """The person at the serial line."""

    def __init__(self, machine):
        self.machine = machine

    def expect(self, pattern, timeout):
        return self.machine.expect(pattern, timeout)

    def type(self, text):
        self.machine.type(text)

    def say(self, line):
        """Types a line at the prompt; returns what comes until the next one."""
        self.type(line + "\r")
        self.expect(PROMPT, PATIENCE)
        return self.machine.before.replace("\r", "").partition("\n")[2]

    def first_words(self):
        """What the program says until its first prompt."""
        self.expect(r"llama\.efi \d", PATIENCE)
        self.expect(PROMPT, PATIENCE)
        return self.machine.before.replace("\r", "")


class AtScreen(Screen):
    """The person in front of the screen, with a keyboard. The screen shows earlier answers, too."""

    def say(self, line):
        line_as_shown = rf"> {re.escape(line)}"
        self.type(line)
        self.expect(rf"{line_as_shown}{UNKNOWN}?$", PATIENCE)
        self.type("\r")
        return self.expect(rf"[\s\S]*{line_as_shown}\n([\s\S]*){PROMPT}", PATIENCE)[1]

    def first_words(self):
        return self.expect(rf"llama\.efi \d([\s\S]*){PROMPT}", PATIENCE)[1]


def options(processors):
    """Name and value of every option that a machine is given."""
    values = {LONG_NAMES[flag]: value for flag, value in zip(SAMPLING[::2], SAMPLING[1::2])}
    return {**values, "ids": "on", "threads": str(processors)}


def arguments(processors):
    """The same as a command line."""
    return " ".join(f'--{name} "{value}"' if " " in value else f"--{name} {value}"
                    for name, value in options(processors).items())


def files(combination):
    """What lies on the disk, and where, for this way to start."""
    common = [(DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin"),
              (sensitive_checkpoint(), "models/bits.bin"), (tokenizer(288), "models/bits-tokenizer.bin")]
    if combination.start == "power-on":
        config = make_image.config_text(options(combination.processors).items())
        return [(EFI, make_image.BOOT_PATH), (config, make_image.CONFIG_PATH), *common]
    if combination.start == "entry":
        return [(EFI, "EFI/llama/llama.efi"), *common]
    script = f"@echo -off\r\nfs0:\r\nllama.efi {arguments(combination.processors)}\r\necho == status %lasterror%\r\n"
    return [(EFI, "llama.efi"), (("\ufeff" + script).encode("utf-16-le"), "startup.nsh"), *common]


def empty(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def start(combination, folder, accel):
    """Makes the disk, with a boot entry if that is the way, and switches the machine on."""
    image, store, disk = folder / "disk.img", None, combination.disk
    contents = files(combination)
    make_image.make_image(image, contents)
    uboot_usb = (combination.firmware, combination.disk) == ("u-boot", "usb")
    if uboot_usb:
        disk = "usb2"  # U-Boot has no driver for USB 3 controllers
    if combination.firmware == "ovmf-secure" and combination.processors > 1 and accel == "tcg":
        # For every SMI all processors gather and wait for each other. They do that ten times faster when they take
        # turns than when each is a thread and there are not as many cores for them: 8 s to the program, and not 80.
        accel = "tcg,thread=single"
    if combination.start == "entry":
        # U-Boot recognizes a partition alone on all disks but those of USB.
        sectors = None if uboot_usb else variables.partition_sectors(image)
        entry = variables.boot_entries([("EFI/llama/llama.efi", arguments(combination.processors))], sectors)
        if combination.firmware == "u-boot":
            make_image.make_image(image, [(variables.in_file(entry), variables.UBOOT_FILE), *contents])
        else:
            store = variables.flash_file(folder / "variables.fd", entry, qemu.flash_files(combination.firmware)[1])
    return Machine(image, folder, firmware=combination.firmware, variables=store, accel=accel, cpu=combination.cpu,
                   smp=combination.processors, disk=disk, screen=combination.console == "screen",
                   serial=combination.console == "serial", snapshot=False, limit=4 * PATIENCE)


def give_command(combination, person):
    """At the firmware's own command line: starts the program there."""
    if combination.firmware != "u-boot":
        if not person.expect(r"(startup\.nsh)|UiApp|Boot Manager|No bootable option", PATIENCE)[1]:
            pytest.skip(f"{combination.firmware} has no shell in this build")
        person.type("\r")  # any key skips the five seconds that the shell waits
        return
    kind, scan = UBOOT_DISKS[combination.disk]
    person.expect("Hit any key", PATIENCE)
    person.type(" ")
    for command in (scan, f"load {kind} 0:1 ${{kernel_addr_r}} llama.efi",
                    f"setenv bootargs '{arguments(combination.processors)}'"):
        person.expect(r"=> $", PATIENCE)
        person.type(command + "\r")
        person.expect(r"\n", PATIENCE)
    person.expect(r"=> $", PATIENCE)
    person.type("bootefi ${kernel_addr_r}\r")


def leave(combination, person):
    """Ends the program, and waits until whoever started it has control again."""
    person.type("/quit\r")
    if combination.firmware == "u-boot":
        assert "failed" not in person.expect(r"([\s\S]*)\n=> $", PATIENCE)[1]
    elif combination.start == "command":
        assert person.expect(r"== status (0x\d+)", PATIENCE)[1] == "0x0"
    elif combination.console == "screen":
        person.expect("Boot Manager", PATIENCE)
    else:
        assert person.machine.expect_firmware(PATIENCE) is None


def saved(image, name):
    volume = f"{image}@@{make_image.PARTITION_START * make_image.SECTOR}"
    return subprocess.run(["mtype", "-i", volume, f"::/{name}"], capture_output=True, check=True).stdout


def check_head(combination, story):
    """That the machine is the one that was meant: its processors work, and it has no instructions that its model
    of a CPU lacks."""
    cores = re.search(r"^cores +(.*)$", story.head, re.MULTILINE)[1]
    if combination.firmware == "u-boot":
        assert cores == "1: this firmware cannot start others"
    elif combination.processors == 1:
        assert cores == "1"
    else:
        assert re.fullmatch(r"(\d): [\d.]+ ms a token; using \1", cores)
        assert cores.startswith(str(combination.processors))
    if combination.cpu in ("qemu64", "Nehalem"):
        assert not any("avx" in name for name in kernels(story))


def kernels(story):
    """The names of the kernels that were measured, the fastest first; none where one was chosen by name."""
    line = re.search(r"^kernel +(.*)$", story.head, re.MULTILINE)
    return re.findall(r"\b(?:scalar|sse2|avx\w+|swar)\b", line[1]) if line else []


def run(combination, expected, font, folder, accel):
    """Everything that a person does on one machine. Returns a line about it."""
    began = time.monotonic()
    empty(folder)
    machine = start(combination, folder, accel)
    try:
        person = AtSerialLine(machine) if combination.console == "serial" else AtScreen(machine, font.result()[0])
        if combination.start == "command":
            give_command(combination, person)
        stories = [parse(person.first_words())]
        assert "bytes in" in person.say("/save it")
        person.say("/model bits")
        stories.append(parse(person.say(AGAIN)))
        person.say("/set precision f32")
        last = KERNELS[combination.cpu]
        if last in kernels(stories[0]):  # an older QEMU has no AVX2
            person.say(f"/set kernel {last}")
        stories.append(parse(person.say(AGAIN)))
        leave(combination, person)
    finally:
        machine.stop()
    check_head(combination, stories[0])
    assert [story.ids for story in stories] == expected.ids
    assert saved(folder / "disk.img", "it") == expected.text
    if not os.environ.get("KEEP_IMAGES"):
        (folder / "disk.img").unlink()
    used = ", ".join((kernels(story) or [last])[0] for story in stories)
    return f"{combination}: the same stories with {used} in {time.monotonic() - began:.1f} s"


def host_says(model, words, precision="q8", what=("--ids",)):
    """A story from the same engine on this machine, its token ids or its text."""
    line = [built(HOST_LLAMA), model, "-z", words, *SAMPLING, "--precision", precision, *what]
    told = subprocess.run(line, check=True, capture_output=True).stdout
    return [int(word) for word in told.split()] if what else told.removesuffix(b"\n")


@dataclass
class Expected:
    ids: list   # of each story
    text: bytes # of the first one


@pytest.fixture(scope="module")
def expected():
    default, bits = (DEFAULT_MODEL, DEFAULT_TOKENIZER), (sensitive_checkpoint(), tokenizer(288))
    return Expected([host_says(*default), host_says(*bits), host_says(*bits, "f32")], host_says(*default, what=()))


def why_not(combination):
    """Why this system cannot have such a machine, or None."""
    try:
        qemu.find_firmware(combination.firmware)
        if combination.start == "entry" and combination.firmware != "u-boot":
            variables.in_flash([], qemu.flash_files(combination.firmware)[1].read_bytes())
    except (qemu.QemuError, ValueError) as error:
        return str(error).partition(":")[0]
    return None


class Laboratory:
    """Boots the machines of a test session, two at a time, in the order of their tests, and no one twice."""

    def __init__(self, combinations, expected, accel):
        self.folder = OUT / "test/boot/matrix"
        self.accel = accel
        self.pool = ThreadPoolExecutor(2)
        self.font = self.pool.submit(self.learn) if any(c.console == "screen" for c in combinations) else None
        self.results = {combination: self.pool.submit(run, combination, expected, self.font,
                                                      self.folder / str(combination), accel)
                        for combination in combinations}

    def learn(self):
        """What characters look like, from a machine with a serial line and a screen; and what both showed."""
        folder = self.folder / "alphabet"
        empty(folder)
        image = folder / "disk.img"
        make_image.make_image(image, files(matrix.Combination("ovmf", "max", 1, "virtio", "power-on", "screen")))
        machine = Machine(image, folder, screen=True, accel=self.accel, limit=4 * PATIENCE)
        try:
            machine.expect(PROMPT, PATIENCE)
            time.sleep(1)  # the screen is written after the serial line
            line, picture, font = machine.text.replace("\r", ""), Picture(machine.dump_screen()), {}
            for part in (ALPHABET[:60], ">" + ALPHABET[60:]):  # a row does not hold all; learn() looks for the >
                machine.type(part)
                machine.expect(re.escape(part[-1]) + "$", PATIENCE)
                time.sleep(1)
                font.update(learn(machine, part))
                machine.type("\x03")  # clears the line
                time.sleep(1)
            return font, line, read(picture, font)
        finally:
            machine.stop()
            image.unlink()


@pytest.fixture(scope="module")
def laboratory(request, expected):
    built(EFI)
    chosen = [item.callspec.params["combination"] for item in request.session.items
              if getattr(item, "module", None) is request.module and "combination" in item.fixturenames]
    found = Laboratory([c for c in dict.fromkeys(chosen) if not why_not(c) and not passed_before(c)], expected,
                       request.config.getoption("--accel"))
    yield found
    found.pool.shutdown(cancel_futures=True)


@functools.cache
def program_name():
    """A sum over the program and this test: what has passed has passed for both."""
    return hashlib.sha256(EFI.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]


def passed_before(combination):
    line = f"{program_name()} {combination}:"
    return PASSED.exists() and any(other.startswith(line) for other in PASSED.read_text().splitlines())


def check(laboratory, combination):
    if why := why_not(combination):
        pytest.skip(why)
    print(line := laboratory.results[combination].result())
    return line


@pytest.mark.parametrize("combination", COVERING, ids=str)
def test_the_same_stories_on_a_covering_subset_of_the_machines(laboratory, combination):
    check(laboratory, combination)


@pytest.mark.matrix
@pytest.mark.parametrize("combination", matrix.whole(), ids=str)
def test_the_same_stories_on_every_machine(laboratory, combination, capsys):
    if passed_before(combination):
        pytest.skip("passed before, with the same program")
    line = check(laboratory, combination)
    with open(PASSED, "a") as file:
        file.write(f"{program_name()} {line}\n")
    with capsys.disabled():
        print(f"\n{line}", end="", flush=True)


def test_every_pair_that_is_possible_occurs_in_the_covering_subset():
    def pairs(combinations):
        return {pair for c in combinations for pair in itertools.combinations(c.values().items(), 2)}

    assert pairs(COVERING) == pairs(matrix.possible())
    assert len(COVERING) < 25
    assert not any(matrix.why_impossible(combination) for combination in COVERING)


@pytest.mark.parametrize("changed", ["weight", "norm"])
def test_another_last_bit_makes_another_story(expected, changed):
    """What the comparison above is worth."""
    ids, other = expected.ids[2], host_says(sensitive_checkpoint(changed), tokenizer(288), "f32")
    prompt = next(i for i, (a, b) in enumerate(zip(ids, other)) if a != b)
    assert prompt <= 18, "it should differ where the prompt ends"


def test_the_screen_is_read_as_the_serial_line_is(laboratory):
    if not laboratory.font:
        pytest.skip("no screen in these tests")
    def from_the_story(text):
        return text[text.index("\nseed "):].removesuffix(UNKNOWN).split()  # before it, a bar was drawn again and again

    _, line, screen = laboratory.font.result()
    assert from_the_story(screen) == from_the_story(line)
