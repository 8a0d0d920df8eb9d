"""What the program prints, taken apart: head, story, statistics."""
import re
from dataclasses import dataclass

STATISTICS = (r"(?P<tokens>\d[\d,]*) tokens?, (?P<speed>[\d.]+) tokens/s, first token after (?P<first>[\d.]+) s, "
              r"memory (?P<memory>[\d,]+) bytes")


@dataclass
class Story:
    head: str          # everything before the blank line that begins the story
    text: str
    tokens: int
    speed: float       # tokens/s
    first_token: float # seconds
    memory: int        # bytes asked of firmware

    @property
    def ids(self):
        """The token ids, when the program was asked for those instead of text."""
        return [int(word) for word in self.text.split()]


def parse(output):
    """The story in the plain text that one run of the program printed."""
    output = output.replace("\r\n", "\n")
    end = re.search(STATISTICS, output)
    assert end, f"no line of statistics in:\n{output}"
    head, blank, text = output[:end.start()].partition("\n\n")
    assert blank, f"no blank line before the story in:\n{output}"
    number = lambda name: int(end[name].replace(",", ""))  # noqa: E731
    return Story(head, text.rstrip("\n"), number("tokens"), float(end["speed"]), float(end["first"]), number("memory"))


def told(machine, timeout=60):
    """Waits for the story that a booting machine tells by itself."""
    machine.expect(r'BdsDxe: starting Boot\w+ [^\n]*\r\n', timeout=machine.limit)
    end = machine.expect(STATISTICS, timeout)
    return parse(machine.before + end.group())
