"""The machines that the program has to run on, as data: what there is, what goes together, and which few of them show
every pair."""
import itertools
from dataclasses import dataclass, fields

FIRMWARE = ("ovmf", "ovmf-secure", "u-boot")
CPU = ("qemu64", "Nehalem", "Haswell", "max")
PROCESSORS = (1, 2, 4)
DISK = ("ahci", "virtio", "nvme", "usb")
# How the program is started, and what tells it its options: \\EFI\\BOOT\\BOOTX64.EFI and llama.cfg; a command of the
# firmware's shell and its arguments; a boot entry and its optional data.
START = ("power-on", "command", "entry")
CONSOLE = ("serial", "screen")  # one without the other


@dataclass(frozen=True)
class Combination:
    firmware: str
    cpu: str
    processors: int
    disk: str
    start: str
    console: str

    def __str__(self):
        return f"{self.firmware}-{self.cpu}-{self.processors}cpu-{self.disk}-{self.start}-{self.console}"

    def values(self):
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def together(self, count):
        """Every choice of so many of its values."""
        return set(itertools.combinations(self.values().items(), count))


# What does not go together, and why. U-Boot is Debian's 2023.01 for qemu-x86_64.
IMPOSSIBLE = (
    ("U-Boot finds no expansion ROM that it can run, and so no screen",
     lambda c: c.firmware == "u-boot" and c.console == "screen"),
    ("U-Boot looks at NVMe only when told to: it is not in its boot_targets",
     lambda c: c.firmware == "u-boot" and c.disk == "nvme" and c.start != "command"),
)


def why_impossible(combination):
    return next((why for why, applies in IMPOSSIBLE if applies(combination)), None)


def possible():
    """Every combination that is possible."""
    every = (Combination(*values) for values in itertools.product(FIRMWARE, CPU, PROCESSORS, DISK, START, CONSOLE))
    return [combination for combination in every if not why_impossible(combination)]


def together(combinations, count):
    """Every so many values that occur together in one of them."""
    return set().union(*(combination.together(count) for combination in combinations))


def covering(combinations, count):
    """A few of them in which all values that occur together do so, by twos or by threes: always the one that has
    most of what is missing. The same few every time."""
    missing, chosen = together(combinations, count), []
    while missing:
        best = max(combinations, key=lambda combination: len(missing & combination.together(count)))
        chosen.append(best)
        missing -= best.together(count)
    return chosen


def whole():
    """Every combination that is possible, those first that show most: whoever stops early has seen all pairs, or all
    triples."""
    every = possible()
    return list(dict.fromkeys([*covering(every, 2), *covering(every, 3), *every]))
