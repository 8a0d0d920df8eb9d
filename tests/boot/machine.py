"""A machine in QEMU that a test starts, reads and types to as a person at its serial line would.

    machine = Machine(image, folder)
    machine.expect("tokens/s", timeout=30)
    machine.type("hello\\r")
"""
import contextlib
import fcntl
import json
import re
import socket
import subprocess
import threading
import time
from dataclasses import dataclass

import pexpect
from pexpect import fdpexpect

import png
import qemu

EXIT_DEVICE = ("-device", "isa-debug-exit,iobase=0xf4,iosize=4")  # outl(0xf4, n): exit status 2 * n + 1

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[^\[()])")
UNFINISHED_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[()])?\Z")

# How each firmware says that a program it had started came back. Group "status": how it ended.
CONTROL_IS_BACK = {
    "ovmf": r'BdsDxe: (?:loading Boot\w+ "UiApp"|failed to start Boot\w+ [^\n]*: (?P<status>[\w ]+))',
    "u-boot": r"(?:## Application failed, r = (?P<status>\d+)\s+)?EFI LOAD FAILED: continuing",
}
for name in ("ovmf-secure", "aavmf", "aavmf-el2"):
    CONTROL_IS_BACK[name] = CONTROL_IS_BACK["ovmf"]
CONTROL_IS_BACK["u-boot-arm64"] = CONTROL_IS_BACK["u-boot"]


CRASH = r"!!!! X64 Exception Type|Synchronous Exception at 0x|\"Synchronous Abort\" handler"  # and then it hangs


class MachineError(AssertionError):
    """The machine did not do what the test expects. Its last lines are part of the message."""


def deepen(pipe):
    """Makes a pipe hold a megabyte where the system allows that. When the serial line is not read for a fraction of a
    second, OVMF drops what it has to say: the machine must never wait for the test."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def plain_text(text):
    """Console output without terminal escape sequences."""
    return ESCAPE.sub("", text)


class SerialLine(fdpexpect.fdspawn):
    """pexpect on the serial line, in plain text: escape sequences are gone before patterns are tried. The line is a
    pair of pipes: `output` from the machine, `input` to it."""

    def __init__(self, output, input, encoding):
        super().__init__(output.fileno(), encoding=encoding, codec_errors="replace", maxread=1 << 16)
        self.delayafterread = None
        self._input = input
        self.text = ""      # everything so far
        self._held = ""     # the beginning of an escape sequence
        self.began = None   # when the first byte came

    def read_nonblocking(self, size=1, timeout=-1):
        text = self._held + super().read_nonblocking(size, timeout)
        self.began = self.began or time.monotonic()
        unfinished = UNFINISHED_ESCAPE.search(text)
        self._held = unfinished.group() if unfinished else ""
        text = plain_text(text[:len(text) - len(self._held)])
        self.text += text
        return text

    def send(self, s):
        self._input.write(s.encode())
        self._input.flush()


class Monitor:
    """QEMU's machine protocol (QMP): one JSON object per line, both ways."""

    def __init__(self, connection):
        self._stream = connection.makefile("rw", encoding="utf-8", newline="\n")
        self._stream.readline()  # greeting
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while True:
            line = self._stream.readline()
            if not line:
                raise MachineError(f"QEMU ended before it answered {command}")
            answer = json.loads(line)
            if "error" in answer:
                raise MachineError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:  # anything else is an event
                return answer["return"]


class Machine:
    """One run of QEMU. Whatever happens, it ends after `limit` seconds. image: None for a machine without a disk."""

    def __init__(self, image, folder, *, firmware="ovmf", variables=None, accel="tcg", cpu="max", smp=1, memory=512,
                 disk="virtio", screen=False, serial=True, limit=120, snapshot=True, reboots=False, extra=()):
        self.folder = folder
        self.firmware = firmware
        self.limit = limit
        control, control_far = socket.socketpair()
        found = qemu.find_firmware(firmware, variables)
        line = [*qemu.command(found, accel, cpu, smp, memory, screen), *(qemu.disk_arguments(image, disk, snapshot) if image else ()),
                "-display", "none", *(EXIT_DEVICE if found.arch == "x86_64" else ()), *([] if reboots else ["-no-reboot"]),
                *(("-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial") if serial else ()),
                "-chardev", f"socket,id=control,fd={control_far.fileno()}", "-mon", "chardev=control,mode=control",
                *extra]
        (folder / "command.txt").write_text(" ".join(line) + "\n")
        self._errors = open(folder / "qemu.txt", "w+")
        self.started = time.monotonic()
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
                                        pass_fds=[control_far.fileno()])
        control_far.close()
        deepen(self.process.stdout)
        self._control_socket, self._monitor = control, None
        self.serial = SerialLine(self.process.stdout, self.process.stdin, "utf-8" if firmware.startswith("u-boot") else "cp437")
        self._timed_out = False
        self._timer = threading.Timer(limit, self._out_of_time)
        self._timer.daemon = True
        self._timer.start()

    # What the user sees and types

    def expect(self, pattern, timeout=30):
        """Waits for a regular expression on the serial line, in plain text from where the last one ended.
        Returns its match; `before` has the text up to it."""
        try:
            if self.serial.expect([pattern, CRASH], timeout=timeout):
                self._crashed()
        except pexpect.TIMEOUT:
            raise MachineError(self._report(f"no {pattern!r} within {timeout} s: it hangs, or says something else")) from None
        except pexpect.EOF:
            why = f"was stopped after {self.limit} s, its limit" if self._timed_out else "ended"
            raise MachineError(self._report(f"QEMU {why} while the test waited for {pattern!r}")) from None
        return self.serial.match

    @property
    def before(self):
        """What came between the last two expected things."""
        return self.serial.before

    @property
    def text(self):
        """Everything on the serial line so far that an expect() has read, in plain text."""
        return self.serial.text

    def type(self, text):
        """Types on the serial line; Enter is "\\r". OVMF waits two seconds after a lone Esc ("\\x1b") for the
        rest of an escape sequence: send_key("esc") has no such wait."""
        self.serial.send(text)

    def expect_firmware(self, timeout=15):
        """Waits until the firmware has control again after a program it started as \\EFI\\BOOT\\BOOTX64.EFI.
        Returns how the program ended: None for success, else what the firmware calls its status."""
        return self.expect(CONTROL_IS_BACK[self.firmware], timeout)["status"]

    def _crashed(self):
        try:
            self.serial.expect(r"ImageBase=[^\n]*\n", timeout=3)  # the last line of the dump
        except pexpect.ExceptionPexpect:
            pass
        raise MachineError(self._report("the program crashed: the firmware dumps the processor's registers"))

    # The monitor

    @property
    def monitor(self):
        if not self._monitor:
            self._control_socket.settimeout(30)
            self._monitor = Monitor(self._control_socket)
        return self._monitor

    def send_key(self, *keys, hold=100):
        """Presses keys of the machine's keyboard at the same time, by QEMU's names: "esc", "ctrl", "c"; for so many
        milliseconds."""
        self.monitor.execute("send-key", keys=[{"type": "qcode", "data": key} for key in keys], **{"hold-time": hold})

    def dump_screen(self):
        """The machine's screen as a binary PPM file. Needs screen=True."""
        raw = self.folder / "screen.ppm"
        self.monitor.execute("screendump", filename=str(raw))
        picture = raw.read_bytes()
        raw.unlink()
        return picture

    def screenshot(self, name="screen"):
        """Saves it as FOLDER/NAME.png."""
        picture = self.folder / f"{name}.png"
        picture.write_bytes(png.from_ppm(self.dump_screen()))
        return picture

    def press_power_button(self):
        self.monitor.execute("system_powerdown")

    # The end

    def wait(self, timeout=15):
        """Waits until the machine is off; returns QEMU's exit status (0: powered off)."""
        try:
            self.expect(pexpect.EOF, timeout)
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise MachineError(self._report(f"QEMU did not end within {timeout} s")) from None

    def stop(self):
        """Ends QEMU, if it still runs, and saves what was on the serial line."""
        self._timer.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        try:
            self.serial.expect(pexpect.EOF, timeout=5)
        except pexpect.ExceptionPexpect:
            pass
        (self.folder / "serial.txt").write_text(self.text)
        for stream in (self._errors, self.process.stdin, self.process.stdout, self._control_socket):
            with contextlib.suppress(BrokenPipeError):
                stream.close()

    def _out_of_time(self):
        self._timed_out = True
        self.process.kill()

    def last_lines(self, count=25):
        lines = [line.rstrip() for line in re.split(r"[\r\n]+", self.text) if line.strip()]
        return "\n".join(line if len(line) < 400 else f"{line[:180]} ... {line[-180:]}" for line in lines[-count:])

    def _report(self, what):
        self._errors.flush()
        self._errors.seek(0)
        errors = self._errors.read().strip()
        said = f"\nQEMU said:\n{errors}" if errors else ""
        return f"{what}\nThe last lines of the serial line:\n{self.last_lines() or '(nothing)'}{said}"


@dataclass
class Result:
    """What a command in the UEFI shell printed, and the status with which it came back."""
    command: str
    text: str
    status: int


class Shell:
    """A machine whose firmware ends in the UEFI shell, which runs a list of commands from startup.nsh: many runs of
    the program in one boot. Each command's end is marked by an echo of its status, so an answer also shows that
    control came back to the shell."""

    def __init__(self, machine, commands):
        self.machine = machine
        self.commands = list(commands)
        self.results = []
        self._trouble = None

    @staticmethod
    def script(commands):
        lines = ["@echo -off", "fs0:"]
        for number, command in enumerate(commands):
            lines += [f"echo == run {number}", command, "echo == status %lasterror%"]
        return ("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode("utf-16-le")

    def result(self, number, timeout=60):
        """The answer to command `number`, waited for if it is not there yet."""
        while len(self.results) <= number:
            if self._trouble:
                raise MachineError(f"an earlier run hung, and this one was never reached: {self._trouble}")
            try:
                self._next(timeout)
            except MachineError as error:
                self._trouble = self.commands[len(self.results)]
                raise MachineError(f"{self._trouble}\n{error}") from None
        return self.results[number]

    def _next(self, timeout):
        if not self.results:
            self.machine.expect(r"startup\.nsh", timeout=60)
            self.machine.type("\r")  # any key skips the five seconds that the shell waits
        self.machine.expect(rf"== run {len(self.results)}\r\n", timeout=60)
        status = self.machine.expect(r"== status (0x[0-9A-F]+)\r\n", timeout)[1]
        text = self.machine.before.replace("\r\n", "\n")
        self.results.append(Result(self.commands[len(self.results)], text, int(status, 16)))
