"""Long runs: past the firmware's watchdog, and through many stories."""
import re

from machine import Shell
from story import parse, told
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, checkpoint, tokenizer

PROMPT = r"\n> $"
FILES = ((DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin"))
WATCHDOG = 300  # seconds after which firmware resets a machine whose boot option neither ends nor switches it off
ENOUGH = 8_000  # tokens


def test_a_story_may_take_longer_than_the_firmware_waits(machine):
    """The machine's time is what its processor has done: each instruction takes half a microsecond, and where all wait
    for an interrupt, it comes at once. So the processor is slow enough for a story of six minutes, and these pass in
    seconds of ours. A reset ends QEMU."""
    sampling = {"temperature": 0.8, "seed": 260, "steps": 0}  # a story as long as the context
    booted = machine.start(FILES, {"ids": "on", **sampling}, accel="tcg,thread=single", limit=600,
                           extra=("-icount", "shift=9,sleep=off", "-rtc", "clock=vm"))
    story = told(booted, timeout=500)
    rounding = 0.05
    assert (story.tokens - 1) / (story.speed + rounding) > WATCHDOG + 30
    assert booted.expect_firmware(timeout=60) is None


def test_eight_thousand_tokens_take_no_more_memory_than_the_first(machine):
    files = [*FILES]
    for shape, words in (("gqa", 512), ("tiny", 288)):
        files += [(checkpoint(shape), f"models/{shape}.bin"), (tokenizer(words), f"models/{shape}-tokenizer.bin")]
    commands = ["memmap", "llama.efi --steps 64 --seed 1", "memmap"]
    booted = machine.start([*files, (Shell.script(commands), "startup.nsh")], {"on_finish": "prompt"},
                           boot_path="llama.efi", smp=2, limit=600)

    def say(line):
        booted.type(line + "\r")
        booted.expect(PROMPT, timeout=60)
        return parse(booted.before.partition("\n")[2])

    def loader_pages():
        booted.expect(r"== run \d\r\n", timeout=60)
        booted.expect(r"== status 0x0\r\n", timeout=60)
        return re.search(r"LoaderData *: *([\d,]+) Pages", booted.before)[1]

    booted.expect(r"startup\.nsh", timeout=60)
    booted.type("\r")  # any key skips the five seconds that the shell waits
    before = loader_pages()
    booted.expect(PROMPT, timeout=60)

    tokens, stories, loads, peaks = 0, 0, {"default": [], "gqa": [], "tiny": []}, []
    while tokens < ENOUGH:
        for model, more in (("default", 3), ("gqa", 3), ("tiny", 60)):
            for command in (f"/model {model}", "/info"):
                booted.type(command + "\r")
                booted.expect(PROMPT, timeout=60)
            loads[model].append(re.search(r"^memory +.*\n +.*$", booted.before.replace("\r", ""), re.MULTILINE)[0])
            session = [say("") for _ in range(more)]
            peaks += [story.memory for story in session]
            tokens += sum(story.tokens for story in session)
            stories += len(session)
    loaded = sum(len(figures) for figures in loads.values())
    print(f"{tokens:,} tokens in {stories} stories, models loaded {loaded} times, at most {peaks[-1]} bytes")
    # A new model and the old one are in memory together; after a round every pair was.
    assert len(set(peaks[len(peaks) // 2:])) == 1
    for model, figures in loads.items():
        assert len(figures) > 2 and len(set(figures)) == 1, (model, figures)
    booted.type("/quit\r")
    booted.expect(r"== status 0x0\r\n", timeout=30)
    assert loader_pages() == before
