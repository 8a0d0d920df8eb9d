"""What many clients ask of one machine at the same time, for hours: conversations and texts, streamed and whole, the
page and the figures, clients that go away, wrong requests, more questions than may wait. Each request gets a whole
answer or an honest 503; the machine's memory and what it answers stay as they were."""
import collections
import contextlib
import http.client
import json
import random
import statistics
import struct
import threading
import time

import pexpect

import attacks

NAMES = ("a cat", "the sea", "a little boat", "two friends", "the moon", "an old tree")
WRONG = (("POST", "/v1/chat/completions", '{"messages": [', 400),
         ("POST", "/v1/chat/completions", '{"messages": [{"role": "user", "content": "Hello"}], "n": 2}', 400),
         ("POST", "/v1/chat/completions", '{"messages": [{"content": "Hello"}]}', 400),
         ("POST", "/v1/completions", '{"prompt": "Once", "temperature": "hot"}', 400),
         ("GET", "/v2/models", None, 404), ("PUT", "/health", "{}", 405))
GREEDY = {"prompt": "Once upon a time", "temperature": 0, "max_tokens": 40}
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: nothing is sent any more, the other side learns it at once
PATIENCE = 300                   # s; an answer that takes longer counts as lost

# QEMU's user network listens with a backlog of one. Linux answers more that come at the same time with SYN cookies and
# resets those that fail (TcpExtSyncookiesFailed): the machine never hears of them. So one client connects at a time.
CONNECTING = threading.Lock()


def connect(address):
    with CONNECTING:
        return attacks.connect(address, PATIENCE)


class Busy(Exception):
    """503, as it must be."""


class Client:
    """One that asks again and again, on a connection that it sometimes keeps."""

    def __init__(self, address, seed):
        self.address, self.draw = address, random.Random(seed)
        self.connection, self.talk, self.fresh = None, [], True

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def send(self, method, path, body=None):
        """The head of the answer. A kept connection that the server closed meanwhile is made anew, as HTTP allows."""
        kept = self.connection is not None
        if not kept:
            self.connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE)
            self.connection.sock = connect(self.address)
        headers = {"Content-Type": "application/json"} if body else {}
        if self.draw.random() < 0.5:
            headers["Connection"] = "close"
        try:
            self.connection.request(method, path, body, headers)
            return self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.close()
            if not kept:
                raise
            return self.send(method, path, body)

    def ask(self, method, path, body=None, expected=200):
        answer = self.send(method, path, body)
        told = answer.read()
        if answer.status == 503:
            assert answer.headers["Retry-After"] and json.loads(told)["error"], told
            raise Busy
        assert answer.status == expected, (answer.status, told[:200])
        return told, answer

    def settings(self, stream):
        greedy = self.draw.random() < 0.3
        return {"max_tokens": self.draw.randint(4, 48), "temperature": 0 if greedy else 0.8,
                "seed": self.draw.randint(1, 1000), "stream": stream}

    def messages(self):
        """A conversation that goes on for some turns, then another."""
        if len(self.talk) > 4 or self.draw.random() < 0.2:
            self.talk = []
        return [*self.talk, {"role": "user", "content": f"Tell me about {self.draw.choice(NAMES)}."}]

    def events(self, told, answer):
        assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.headers
        lines = [line for line in told.decode().split("\n\n") if line]
        assert lines[-1] == "data: [DONE]", lines[-1]
        choices = [json.loads(line.removeprefix("data: "))["choices"][0] for line in lines[:-1]]
        assert choices[-1]["finish_reason"] in ("stop", "length"), choices[-1]
        return choices

    # What is asked

    def chat(self):
        messages = self.messages()
        told, _ = self.ask("POST", "/v1/chat/completions", json.dumps({"messages": messages, **self.settings(False)}))
        choice = json.loads(told)["choices"][0]
        assert choice["finish_reason"] in ("stop", "length"), choice
        self.talk = [*messages, choice["message"]]

    def chat_streamed(self):
        messages = self.messages()
        body = json.dumps({"messages": messages, **self.settings(True)})
        choices = self.events(*self.ask("POST", "/v1/chat/completions", body))
        text = "".join(choice["delta"].get("content") or "" for choice in choices)
        self.talk = [*messages, {"role": "assistant", "content": text}]

    def text(self):
        told, _ = self.ask("POST", "/v1/completions", json.dumps({"prompt": "Once upon", **self.settings(False)}))
        assert json.loads(told)["usage"]["completion_tokens"] > 0, told

    def text_streamed(self):
        body = json.dumps({"prompt": self.draw.choice(NAMES), **self.settings(True)})
        self.events(*self.ask("POST", "/v1/completions", body))

    def models(self):
        assert json.loads(self.ask("GET", "/v1/models")[0])["data"]

    def health(self):
        assert json.loads(self.ask("GET", "/health")[0]) == {"status": "ok"}

    def figures(self):
        assert b"llama_uptime_seconds" in self.ask("GET", "/metrics")[0]

    def page(self):
        told, answer = self.ask("GET", "/")
        assert len(told) == int(answer.headers["Content-Length"]) > 1000

    def wrong(self):
        method, path, body, status = self.draw.choice(WRONG)
        assert json.loads(self.ask(method, path, body, status)[0])["error"]["message"]

    def goes_away(self):
        """In the middle of an answer, or while it waits for one; politely or not."""
        self.close()
        body = json.dumps({"prompt": "Once", "max_tokens": 200, "stream": True}).encode()
        pieces = self.draw.choice((0, 1, 2, 5, 20))
        with connect(self.address) as connection:
            connection.sendall(attacks.request(body))
            for _ in range(pieces):
                told = connection.recv(4096)
                assert told, "closed in the middle of an answer"
                if b" 503 " in told[:20]:
                    raise Busy
                if b"[DONE]" in told:
                    break
            if self.draw.random() < 0.5:
                connection.setsockopt(attacks.socket.SOL_SOCKET, attacks.socket.SO_LINGER, RESET)

    def crowd(self):
        """More questions than may wait, at one moment."""
        body = attacks.request(json.dumps({"prompt": "Once", "max_tokens": 3}).encode(), b"Connection: close\r\n")
        with contextlib.ExitStack() as opened:
            connections = [opened.enter_context(connect(self.address)) for _ in range(6)]
            for connection in connections:
                connection.sendall(body)
            refused = 0
            for connection in connections:
                told = b""
                while piece := connection.recv(65536):
                    told += piece
                status = attacks.status(told)
                whole = b'"finish_reason"' if status == 200 else b"Retry-After"
                assert status in (200, 503) and whole in told, told[:300]
                refused += status == 503
        if refused:
            raise Busy


KINDS = {Client.chat: 16, Client.chat_streamed: 20, Client.text: 12, Client.text_streamed: 12, Client.models: 6,
         Client.health: 10, Client.figures: 6, Client.page: 5, Client.wrong: 6, Client.goes_away: 6, Client.crowd: 1}


class Load:
    """The clients, and what became of what they asked. A crowd is one request here, and busy if one of it was."""

    def __init__(self, address, count):
        self.address = address
        self.counts = collections.Counter()
        self.waits = collections.defaultdict(list)
        self.lost = []
        self.lock = threading.Lock()
        self.over, self.go, self.resting = threading.Event(), threading.Event(), threading.Semaphore(0)
        self.threads = [threading.Thread(target=self.work, args=(Client(address, seed),)) for seed in range(count)]
        for thread in self.threads:
            thread.start()

    def work(self, client):
        while not self.over.is_set():
            if not self.go.is_set():
                client.close()
                self.resting.release()
                self.go.wait()
                continue
            kind, = client.draw.choices(list(KINDS), KINDS.values())
            began = time.monotonic()
            outcome = "complete"
            try:
                kind(client)
            except Busy:
                outcome = "busy"
            except Exception as error:  # whatever it is, an answer is missing
                outcome = "lost"
                client.close()
                with self.lock:
                    self.lost.append(f"{time.strftime('%H:%M:%S')} {kind.__name__}: {type(error).__name__} {error}, "
                                     f"{time.monotonic() - began:.0f} s after it was asked"[:400])
            with self.lock:
                self.counts[kind.__name__, outcome] += 1
                self.waits[kind.__name__].append(time.monotonic() - began)
            time.sleep(client.draw.uniform(0.5, 2) if outcome == "busy" else client.draw.uniform(0, 0.6))

    def rest(self):
        """Waits until each client is between two requests, and the machine knows it."""
        self.go.clear()
        for _ in self.threads:
            if not self.resting.acquire(timeout=2 * PATIENCE):
                raise TimeoutError("a client waits for an answer that does not come")
        end = time.monotonic() + 60
        while attacks.metric(self.address, "connections") > 1 and time.monotonic() < end:
            time.sleep(0.5)

    def end(self):
        self.over.set()
        self.go.set()
        for thread in self.threads:
            thread.join(2 * PATIENCE)

    def table(self):
        with self.lock:
            lines = [f"{'kind':14} {'complete':>9} {'busy 503':>9} {'lost':>5}   median s   worst s"]
            for kind in (kind.__name__ for kind in KINDS):
                waits = self.waits[kind] or [0]
                lines.append(f"{kind:14} {self.counts[kind, 'complete']:9} {self.counts[kind, 'busy']:9} "
                             f"{self.counts[kind, 'lost']:5} {statistics.median(waits):10.2f} {max(waits):9.2f}")
            sums = [sum(count for (_, what), count in self.counts.items() if what == outcome)
                    for outcome in ("complete", "busy", "lost")]
            lines.append("{:14} {:9} {:9} {:5}".format("all", *sums))
            return "\n".join(lines + [f"lost: {line}" for line in self.lost[:20]])


def drain(machine, over, path):
    """Writes what the machine says on its serial line, which else would hold it, to a file, each piece with its time."""
    with open(path, "w") as log, contextlib.suppress(pexpect.EOF, OSError):
        while not over.is_set():
            with contextlib.suppress(pexpect.TIMEOUT):
                piece = machine.serial.read_nonblocking(1 << 16, 1)
                print(time.strftime("%H:%M:%S"), " ".join(piece.split()), file=log, flush=True)
            machine.serial.text = machine.serial.text[-20000:]


def mixed(served, minutes, clients, path, pause=10):
    """The load for so many minutes; each minute its table is written to `path`, each `pause` minutes all rest and the
    machine's memory and its greedy answer are looked at. Returns what is wrong, or an empty list."""
    load = Load(served.address, clients)
    reader_over = threading.Event()
    reader = threading.Thread(target=drain, args=(served.machine, reader_over, path.with_suffix(".log")))
    reader.start()
    looks, wrong = [], []
    began = time.monotonic()

    def look():
        load.rest()
        text = served.ask("/v1/completions", **GREEDY)["choices"][0]["text"]
        attacks.metric(served.address, "connections")
        looks.append(((time.monotonic() - began) / 60, int(attacks.metric(served.address, "memory_bytes")), text))

    def report():
        gone = (time.monotonic() - began) / 60
        text = [f"mixed load: {clients} clients, {gone:.1f} of {minutes:g} minutes", load.table()]
        text += [f"memory at minute {minute:.1f}: {memory:,} bytes, greedy answer "
                 f"{'the same' if told == looks[0][2] else f'ANOTHER: {told!r}'}" for minute, memory, told in looks]
        path.write_text("\n".join(text + [f"wrong: {what}" for what in wrong]) + "\n")

    try:
        load.rest()
        load.go.set()  # a minute, until all that is made at need is there
        time.sleep(min(60, minutes * 10))
        while True:
            look()
            report()
            if (time.monotonic() - began) / 60 >= minutes:
                break
            load.go.set()
            end = min(began + minutes * 60, time.monotonic() + pause * 60)
            while time.monotonic() < end and served.machine.process.poll() is None:
                time.sleep(min(60, max(0.1, end - time.monotonic())))
                report()
            if served.machine.process.poll() is not None:
                raise RuntimeError("the machine ended")
    except (Exception, KeyboardInterrupt) as error:
        wrong.append(f"stopped: {type(error).__name__} {error}")
    finally:
        load.end()
        reader_over.set()
        reader.join()
    wrong += [f"{len(load.lost)} answers lost"] * bool(load.lost)
    wrong += ["memory grew"] * (len({memory for _, memory, _ in looks}) > 1)
    wrong += ["the greedy answer changed"] * (len({text for _, _, text in looks}) > 1)
    report()
    print(path.read_text(), end="")
    return wrong
