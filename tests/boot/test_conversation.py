"""A chat with a booted machine: questions, answers, commands; a batch job that nobody watches."""
import json
import re
import subprocess

import pytest

import make_image
from support import chat_model, real_model, shared

PROMPT = r"\n> $"
FIGURES = r"[\d,]+ tokens?, [\d.]+ tokens/s, first token after [\d.]+ s(?:, (?P<read>\d+) read, (?P<kept>\d+) kept)?"
SMOLLM2 = "SmolLM2-135M-Instruct"


def say(booted, text, timeout=60):
    """Types a line, or several lines between quotes; returns what came until the next prompt, without what was typed."""
    lines = text.split("\n")
    if len(lines) > 1:
        lines = ['"""' + lines[0], *lines[1:-1], lines[-1] + '"""']
        for line in lines[:-1]:
            booted.type(line + "\r")
            booted.expect(r"\n[^\n]*$", timeout)
    booted.type(lines[-1] + "\r")
    booted.expect(PROMPT, timeout)
    return booted.before.replace("\r", "").partition("\n")[2]


def answer(said):
    """The answer alone: without the figures behind it, on one line."""
    found = re.search(FIGURES, said)
    assert found, said
    return " ".join(said[:found.start()].split())


def file_on(booted, name):
    volume = f"{booted.folder / 'disk.img'}@@{make_image.PARTITION_START * make_image.SECTOR}"
    return subprocess.run(["mtype", "-i", volume, f"::/{name}"], capture_output=True, check=True).stdout.decode()


@pytest.fixture
def session(machine):
    booted = machine.start([(chat_model(), "models/chat.gguf")],
                           {"on_finish": "prompt", "model": "\\models\\chat.gguf", "seed": 3, "steps": 40}, snapshot=False)
    booted.expect(r"chat      template chatml, context of 256 tokens", timeout=90)
    booted.expect(PROMPT)
    return booted


def test_questions_answers_commands_and_a_conversation_that_is_saved_and_read_again(session):
    first, second = say(session, "hello"), say(session, "and now?")
    assert int(re.search(FIGURES, second)["kept"]) > int(re.search(FIGURES, first)["kept"])
    assert answer(say(session, "/again")) == answer(second)
    assert answer(say(session, "/retry")) != answer(second)
    assert re.search(r"\d+ of 256 tokens, \d+ left; 4 turns", say(session, "/context"))
    assert "bytes in \\chat.txt" in say(session, "/save \\chat.txt")
    assert "error: " in say(session, "/load \\none.txt")
    assert "You are made up" in say(session, "/system")
    say(session, "/clear")
    assert "4 turns in \\chat.txt" in say(session, "/load \\chat.txt")
    assert "error: " in say(session, "/save \\chat.txt")
    assert "bytes in \\again.txt" in say(session, "/save \\again.txt")
    session.type("/off\r")
    assert session.wait() == 0
    saved = file_on(session, "chat.txt")
    assert re.fullmatch(r"--- user\nhello\n--- assistant\n[^-]*\n--- user\nand now\?\n--- assistant\n[^-]*\n", saved), saved
    assert file_on(session, "again.txt") == saved


def test_several_lines_are_one_question(session):
    say(session, "one\n--- two\n\\three")
    say(session, "/save \\chat.txt")
    session.type("/off\r")
    assert session.wait() == 0
    assert file_on(session, "chat.txt").startswith("--- user\none\n\\--- two\n\\\\three\n--- assistant\n")


def test_a_batch_job_answers_a_file_of_questions_into_another_and_switches_off(machine):
    booted = machine.start([(chat_model(), "models/chat.gguf"), (b"hello\n---\nand now?\n---\nand then?\n", "asks.txt")],
                           {"on_finish": "poweroff", "model": "\\models\\chat.gguf", "seed": 3, "steps": 40, "more": "on",
                            "prompt_file": "\\asks.txt", "output": "\\answers.txt"}, snapshot=False, serial=False)
    assert booted.process.wait(90) == 0
    assert file_on(booted, "answers.txt").count("---\n") == 2


def golden(name):
    answers = json.loads(shared("golden/smollm2.json").read_text())["answers"]
    return next(a for a in answers if a["name"] == name)


def ids(said):
    return [int(word) for word in answer(said).split()]


def test_a_real_model_answers_as_the_exact_model_does(machine):
    """Three questions to one machine: two of those whose answers are known to the last token, and one that is stopped."""
    capital, specials = golden("capital"), golden("typed specials")
    booted = machine.start([(real_model(SMOLLM2), "models/smollm2.gguf")],
                           {"on_finish": "prompt", "model": "\\models\\smollm2.gguf", "temperature": 0, "ids": "on",
                            "prompt": capital["messages"][0][1], "output": "\\answers.txt"},
                           snapshot=False, smp=2, memory=1024, limit=400)
    booted.expect(r"> What is the capital of France\?", timeout=200)
    booted.expect(PROMPT, timeout=200)
    assert ids(booted.before.replace("\r", "")) == capital["answer"]
    say(booted, "/clear")
    said = say(booted, specials["messages"][0][1], timeout=200)
    assert ids(said) == specials["answer"]  # nobody ends a turn by typing that
    say(booted, "/set ids off")
    booted.type("Tell me a very long story.\r")
    booted.expect(r"story\.\s*\n\s*\w+ \w+ ", timeout=200)
    booted.send_key("esc")
    booted.expect(r"stopped", timeout=60)
    booted.expect(PROMPT, timeout=60)
    kept = re.search(FIGURES, say(booted, "Is Paris a city?", timeout=200))
    assert int(kept["kept"]) > 60
    booted.type("/off\r")
    assert booted.wait(60) == 0
    assert file_on(booted, "answers.txt").startswith("The capital of France is Paris.\n---\n2 + 2 = 4\n---\n")
