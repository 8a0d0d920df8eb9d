"""The screen of a machine as text, and its keyboard: for machines without a serial line.

    font = learn(machine, ALPHABET)      on a machine with both, after that line was typed at the prompt
    screen = Screen(other, font)
    screen.expect("tokens/s")

EDK II's text console draws characters of 8 by 19 pixels and centres its rows and columns on the screen
(MdeModulePkg/Universal/Console/GraphicsConsoleDxe). What each looks like is not known here: it is learnt from a line
whose text the serial line tells.
"""
import functools
import re
import time

from machine import MachineError

WIDTH, HEIGHT = 8, 19
ALPHABET = "".join(chr(c) for c in range(0x21, 0x7f))
UNKNOWN = "\ufffd"  # the cursor, arrows, frames
KEYS = {" ": "spc", "/": "slash", "\\": "backslash", "-": "minus", ".": "dot", "\r": "ret", "\x1b": "esc"}


class Picture:
    """A screendump with one byte per pixel: its colour, of the 27 that dark, middle and bright channels make."""
    LEVEL = bytes(0 if value < 64 else 1 if value < 208 else 2 for value in range(256))

    def __init__(self, ppm):
        head = re.match(rb"P6\s+(\d+)\s+(\d+)\s+255\s", ppm)
        self.width, self.height = int(head[1]), int(head[2])
        red, green, blue = (int.from_bytes(ppm[head.end() + i::3].translate(self.LEVEL), "little") for i in range(3))
        self.pixels = (red + 3 * green + 9 * blue).to_bytes(self.width * self.height, "little")

    def grids(self):
        """Where the first whole character may begin: an even or odd number of columns and rows in the middle."""
        return [((self.width - odd_x * WIDTH) // 2 % WIDTH, (self.height - odd_y * HEIGHT) // 2 % HEIGHT)
                for odd_x in (0, 1) for odd_y in (0, 1)]

    def rows(self, grid):
        """Rows of characters, each a list of pictures: which pixels have not the colour of the first."""
        left, top = grid
        for y in range(top, self.height - HEIGHT + 1, HEIGHT):
            lines = [self.pixels[at:at + self.width]
                     for at in range(y * self.width, (y + HEIGHT) * self.width, self.width)]
            yield [ink(b"".join([line[x:x + WIDTH] for line in lines]))
                   for x in range(left, self.width - WIDTH + 1, WIDTH)]


@functools.cache  # most cells are blank, and letters come again
def ink(cell):
    """The drawn pixels of a character, or None for a blank."""
    return None if cell.count(cell[0]) == len(cell) else bytes(pixel != cell[0] for pixel in cell)


def learn(machine, alphabet=ALPHABET):
    """What characters look like, from the row of the screen that shows the prompt "> " and this line."""
    picture = Picture(machine.dump_screen())
    for grid in picture.grids():
        for row in picture.rows(grid):
            drawn = [i for i, cell in enumerate(row) if cell]
            cells = row[drawn[0]:][:2 + len(alphabet)] if drawn else []
            if len(set(cells[2:])) == len(alphabet) and cells[1] is None and all(cells[2:]) \
                    and cells[0] == cells[2 + alphabet.index(">")]:
                return dict(zip(cells[2:], alphabet))
    raise MachineError("no row of the screen shows the alphabet")


def read(picture, font):
    """The text on the screen, without the margins. A row that is full goes on in the next."""
    best, most = "", -1
    for grid in picture.grids():
        rows = ["".join(" " if cell is None else font.get(cell, UNKNOWN) for cell in row) for row in picture.rows(grid)]
        known = sum(len(row) - row.count(" ") - 2 * row.count(UNKNOWN) for row in rows)
        if known > most:
            best, most = rows, known
    margin = min((len(row) - len(row.lstrip()) for row in best if row.strip()), default=0)  # some line begins there
    rows = [row[margin:len(row) - margin] for row in best]
    return "".join(row.rstrip() + "\n" if row.endswith(" ") else row for row in rows).strip("\n")


class Screen:
    """The person in front of it."""

    def __init__(self, machine, font):
        self.machine, self.font = machine, font

    @property
    def text(self):
        return read(Picture(self.machine.dump_screen()), self.font)

    def expect(self, pattern, timeout=30):
        """Waits until the screen shows a regular expression; returns its match."""
        end = time.monotonic() + timeout
        while True:
            text = self.text
            if found := re.search(pattern, text):
                return found
            if time.monotonic() > end:
                raise MachineError(f"no {pattern!r} on the screen within {timeout} s. It shows:\n{text}")
            time.sleep(0.3)

    def type(self, text):
        for character in text:
            self.machine.send_key(KEYS.get(character, character), hold=20)
            time.sleep(0.06)  # the keyboard's queue is short
