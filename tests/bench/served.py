#!/usr/bin/env python3
"""What a machine that serves costs and gives, booted in QEMU's software emulation: the load of the host while nobody
asks, requests per second, bursts of connections, tokens per second served beside those at its own console, and hours
of a mixed load.

    tools/python pytest,pexpect tests/bench/served.py idle rates bursts --program out/llama.efi
    tools/python pytest,pexpect tests/bench/served.py speed --model SmolLM2-135M-Instruct.Q4_1.gguf --processors 2
    tools/python pytest,pexpect tests/bench/served.py mixed --minutes 120 --clients 8 --table out/mixed.txt
"""
import argparse
import json
import os
import signal
import statistics
import sys
import threading
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "boot"), str(TESTS), str(TESTS.parent / "tools")]
import attacks  # noqa: E402
import mixed  # noqa: E402
from conftest import Room  # noqa: E402
from support import EFI, OUT  # noqa: E402
from test_serve import FILES, Served  # noqa: E402

HEALTH = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
QUESTIONS = ("Tell me about the sea.", "And about ships?", "Why do they float?")


def exchange(connection, said=HEALTH):
    connection.sendall(said)
    told = b""
    while not told.endswith(b"}"):
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionError(told)
        told += piece


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(served, seconds=10):
    time.sleep(2)
    before = processor_seconds(served.machine.process.pid)
    time.sleep(seconds)
    spent = processor_seconds(served.machine.process.pid) - before
    print(f"idle: {100 * spent / seconds:.0f} % of a processor of the host")


def rates(served, seconds=4):
    for clients in (1, 4, 16):
        counts = [0] * clients
        end = time.monotonic() + seconds

        def ask(number):
            with attacks.connect(served.address) as connection:
                while time.monotonic() < end:
                    exchange(connection)
                    counts[number] += 1
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"/health, {clients} kept connections: {sum(counts) / seconds:.0f} requests/s")
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        with attacks.connect(served.address) as connection:
            exchange(connection, LAST)
        count += 1
    print(f"/health, a new connection each: {count / seconds:.0f} requests/s")
    waits = []
    with attacks.connect(served.address) as connection:
        for _ in range(20):
            time.sleep(0.4)
            began = time.monotonic()
            exchange(connection)
            waits.append((time.monotonic() - began) * 1000)
    print(f"/health after a rest of 0.4 s: median {statistics.median(waits):.1f} ms, worst {max(waits):.1f} ms")


def bursts(served, count=20, size=16):
    worst = []
    for _ in range(count):
        waits = [0.0] * size
        start = threading.Barrier(size)

        def ask(number):
            start.wait()
            began = time.monotonic()
            with attacks.connect(served.address) as connection:
                exchange(connection, LAST)
            waits[number] = time.monotonic() - began
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        worst.append(max(waits))
        time.sleep(0.5)
    print(f"bursts of {size} connections, worst answer of each: median {statistics.median(worst):.2f} s, "
          f"worst {max(worst):.2f} s, {sum(wait > 1 for wait in worst)} of {count} over 1 s")


def stream(served, messages, tokens):
    """An answer, seconds to its first text, tokens/s after that, and the longest gap between two events."""
    body = json.dumps({"messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True}).encode()
    said = attacks.request(body).replace(b"/v1/completions", b"/v1/chat/completions", 1)
    began, times, told, text = time.monotonic(), [], b"", ""
    with attacks.connect(served.address, 300) as connection:
        connection.sendall(said)
        while b"[DONE]" not in told:
            piece = connection.recv(65536)
            if not piece:
                raise ConnectionError(told)
            told += piece
            while b"\n\n" in told:
                event, _, rest = told.partition(b"\n\n")
                if b"[DONE]" in event:
                    break
                told = rest
                piece = json.loads(event.partition(b"data: ")[2])["choices"][0]["delta"].get("content")
                if piece:
                    text += piece
                    times.append(time.monotonic())
    gaps = [b - a for a, b in zip(times, times[1:])]
    return text, times[0] - began, (len(times) - 1) / (times[-1] - times[0]), max(gaps)


def speed(served, tokens, runs=2):
    console = served.machine
    for _ in range(runs):
        console.type("/serve off\r")
        console.expect(r"\n> $", 10)
        console.type("/clear\r")
        console.expect(r"\n> $", 10)
        console.type(QUESTIONS[0] + "\r")
        at_console = float(console.expect(r"\d tokens, (?P<speed>[\d.]+) tokens/s", 300)["speed"])
        console.expect(r"\n> $", 10)
        console.type("/serve\r")
        console.expect("serving on", 30)
        messages = [{"role": "user", "content": QUESTIONS[0]}]
        text, first, rate, gap = stream(served, messages, tokens)
        print(f"console {at_console:.1f} tokens/s, served {rate:.1f} tokens/s ({100 * rate / at_console:.0f} %), first after "
              f"{first:.2f} s, longest gap {gap * 1000:.0f} ms of {1000 / rate:.0f}", flush=True)
        for question in QUESTIONS[1:]:
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": question}]
            text, first, rate, gap = stream(served, messages, tokens)
            print(f"  turn {len(messages) // 2 + 1}: first text after {first:.2f} s, {rate:.1f} tokens/s, "
                  f"longest gap {gap * 1000:.0f} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=("idle", "rates", "bursts", "speed", "mixed"))
    parser.add_argument("--program", type=Path, default=EFI)
    parser.add_argument("--model", type=Path, help="a GGUF file (default: the model of assets)")
    parser.add_argument("--processors", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--minutes", type=float, default=120, help="of mixed load")
    parser.add_argument("--clients", type=int, default=8, help="of mixed load")
    parser.add_argument("--table", type=Path, default=OUT / "mixed.txt", help="written each minute of mixed load")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the table is written then too
    room = Room(f"bench_served_{os.getpid()}", "tcg")
    files, config = FILES, {"temperature": 0, "steps": args.tokens}
    if args.model:
        files, config = [(args.model, "models/model.gguf")], {**config, "model": r"\models\model.gguf"}
    wrong = []
    if "mixed" in args.what and not args.model:
        config["template"] = "chatml"  # the model of assets has none of its own
    try:
        served = Served(room, files, config, program=args.program, smp=args.processors, memory=768,
                        limit=900 + 90 * args.minutes * ("mixed" in args.what))
        for what in args.what:
            if what == "mixed":
                wrong += mixed.mixed(served, args.minutes, args.clients, args.table)
            else:
                globals()[what](served, *([args.tokens] if what == "speed" else []))
    finally:
        room.close()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
