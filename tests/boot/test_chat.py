"""A whole session at the prompt, typed as a person would: stories, editing, settings, models, saving, leaving."""
import re
import struct
import subprocess

import pytest

import make_image
from story import STATISTICS, parse
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, checkpoint, tokenizer

PROMPT = r"\n> $"
DEFAULT = ((DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin"))
OTHER = ((lambda: checkpoint("tiny"), "models/tiny.bin"), (lambda: tokenizer(288), "models/tiny-tokenizer.bin"))
UP, LEFT, HOME, DELETE = "\x1b[A", "\x1b[D", "\x1b[H", "\x1b[3~"


def files():
    return [*DEFAULT, *((make(), name) for make, name in OTHER)]


def say(booted, text, timeout=60):
    """Types a line at the prompt; returns what came until the next prompt, without the line itself."""
    booted.type(text + "\r")
    booted.expect(PROMPT, timeout)
    return booted.before.replace("\r", "").partition("\n")[2]


@pytest.fixture
def session(machine):
    booted = machine.start(files(), {"on_finish": "prompt", "seed": 3, "temperature": 0.8, "steps": 40},
                           snapshot=False)
    booted.expect(PROMPT, timeout=90)
    return booted


def story(said):
    return parse(said).text.split()


def test_enter_tells_the_next_story_and_a_seed_tells_the_same_again(session):
    second, third = say(session, ""), say(session, "")
    assert "seed      4" in second and "seed      5" in third
    assert story(second) != story(third)
    assert say(session, "/seed 4") == ""
    assert story(say(session, "")) == story(second)


def test_what_is_typed_begins_the_story_and_can_be_edited_and_recalled(session):
    assert story(say(session, "The dog ran"))[:3] == ["The", "dog", "ran"]
    session.type("he cat" + HOME + "T" + "\x05" + "s" + "\x7f")  # Ctrl-E: to the end; DEL: Backspace
    assert story(say(session, ""))[:2] == ["The", "cat"]
    session.type(UP + UP)
    assert story(say(session, ""))[:3] == ["The", "dog", "ran"]


def test_tab_completes_a_command(session):
    session.type("/sta\t")
    assert "surprise" in say(session, "")


def test_settings_are_checked_and_shown(session):
    assert "temperature wants a number from 0 to 10, not 'hot'" in say(session, "/set temperature hot")
    assert say(session, "/set temperature 0") == ""
    assert re.search(r"\n  temperature  0 +0\.8 +0: always the likeliest token\n", say(session, "/set"))
    assert story(say(session, "")) == story(say(session, ""))  # greedy: the seed does not matter
    assert "there is no command 'nonsense'" in say(session, "/nonsense")


def test_a_prompt_longer_than_the_context_is_refused_with_its_tokens(session):
    say(session, "/model tiny")  # context 64
    refusal = say(session, "x" * 300)
    assert re.search(r"the prompt has \d+ tokens, the context of this model holds 64", refusal)


def test_models_are_listed_and_switched_and_a_bad_name_keeps_the_old_one(session):
    listed = say(session, "/model")
    size, dim = DEFAULT_MODEL.stat().st_size / 2**20, struct.unpack_from("<i", DEFAULT_MODEL.read_bytes(), 8)[0]
    assert re.search(rf"\\models\\default\.bin\s+{size:.1f} MiB\s+int8, dim {dim}\b", listed)
    assert re.search(r"\\models\\tiny\.bin\s+0\.\d MiB\s+float32, dim 32", listed)
    say(session, "/model tiny")
    assert "dim 32, hidden 96" in say(session, "/info")
    say(session, "/set temperature 0")
    told = story(say(session, ""))
    said = say(session, "/model nowhere")
    assert "\\models\\nowhere.bin: there is no such file" in said
    assert "loaded" not in said and "note:" not in said
    assert story(say(session, "")) == told


def test_stats_draws_two_plots(session):
    said = say(session, "/stats")
    assert "tokens/s" in said and "surprise, bits per token" in said
    assert said.count("|") == 10


def test_the_last_story_is_saved_to_the_volume(session, machine):
    told = parse(say(session, "One day"))
    assert re.search(r"\d+ bytes in \\story\.txt", say(session, "/save \\story.txt"))
    assert "error: " in say(session, "/save \\no\\such\\folder\\story.txt")
    session.type("/off\r")
    assert session.wait() == 0
    volume = f"{session.folder / 'disk.img'}@@{make_image.PARTITION_START * make_image.SECTOR}"
    saved = subprocess.run(["mtype", "-i", volume, "::/story.txt"], capture_output=True, text=True, check=True).stdout
    assert saved.split() == told.text.split()


@pytest.mark.parametrize("press", [lambda m: m.send_key("esc"), lambda m: m.type("\x03")], ids=["esc", "ctrl-c"])
def test_a_key_stops_the_story_and_keeps_the_session(session, press):
    say(session, "/set steps 0")
    session.type("\r")
    session.expect(r"seed +4[\s\S]{40}", timeout=30)
    press(session)
    said = session.expect(STATISTICS + r"\s+stopped", timeout=10)
    assert int(said["tokens"]) < 500
    session.expect(PROMPT, timeout=10)
    press(session)  # nothing to stop any more: it only clears the line
    assert "seed      5" in say(session, "")
    session.type("\x04")
    session.expect_firmware()


def test_quit_goes_back_to_the_firmware(session):
    session.type("/quit\r")
    assert session.expect_firmware() is None


def test_many_stories_take_no_more_memory(session):
    say(session, "/set steps 4")
    first = parse(say(session, "")).memory
    for _ in range(30):
        assert parse(say(session, "")).memory == first


def test_a_prompt_comes_from_a_file_and_strange_characters_are_replaced(machine):
    prompt = "“Curly” quotes — a dash, a café… and 中"
    booted = machine.start([*DEFAULT, (prompt.encode(), "prompt.txt")],
                           {"on_finish": "exit", "prompt_file": "\\prompt.txt", "steps": 60, "temperature": 0})
    booted.expect(STATISTICS, timeout=90)
    told = " ".join(booted.before.split())
    assert re.search(r'"Curly" quotes - a dash, a caf(é|e)\.\.\. and \?', told)
