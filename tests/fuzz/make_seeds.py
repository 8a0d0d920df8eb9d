#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets, tests/fuzz/corpus/TARGET/NAME: small inputs that reach what random bytes would
not. To be run again where a target reads its input in another way."""
import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import gguf_files  # noqa: E402
import llama2c_files  # noqa: E402

CORPUS = Path(__file__).resolve().parent / "corpus"

SMALL = (8, 12, 2, 4, 2, 20, 24)  # dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, seq_len
ODD = (6, 10, 1, 3, 1, 17, 5)
LEAST = (2, 1, 1, 1, 1, 1, 1)


def checkpoint(shape, version=0, shared=True, group=4, seed=1):
    draw = random.Random(seed)
    sizes = llama2c_files.tensors(shape)

    def floats(name):
        weights, copies, norm = sizes[name]
        return b"".join(struct.pack("<f", draw.uniform(0.9, 1.1) if norm else draw.uniform(-0.5, 0.5))
                        for _ in range(weights * copies))

    def groups(name):
        weights, copies, norm = sizes[name]
        if norm:
            return floats(name)
        return b"".join(bytes(draw.randrange(256) for _ in range(weights)) +
                        b"".join(struct.pack("<f", draw.uniform(0, 0.01)) for _ in range(weights // group))
                        for _ in range(copies))

    return llama2c_files.checkpoint(shape, groups if version == 2 else floats, version, shared, group)


def checkpoint_seeds():
    def plan(length=0, storage=0, piece=60, shortage=0, steps=18, kernel=6):
        return bytes((length, storage, piece, shortage, steps, kernel))
    for version in (0, 1, 2):
        yield f"v{version}", plan(kernel=8 + version) + checkpoint(SMALL, version)
        yield f"v{version}-f32", (plan(storage=0x41, piece=6, kernel=18 + version) +
                                  checkpoint(SMALL, version, shared=False))
        yield f"v{version}-odd", plan(piece=0, kernel=30 + version) + checkpoint(ODD, version, group=2)
        yield f"v{version}-least", plan(piece=0, steps=0) + checkpoint(LEAST, version, group=1)
        yield f"v{version}-cut", plan(length=2) + checkpoint(ODD, version, group=2)[:400]
        yield f"v{version}-filled", plan(length=1, piece=140) + checkpoint((64, 48, 1, 2, 2, 40, 9), version)[:500]
        yield f"v{version}-no-memory", plan(length=1, shortage=1) + checkpoint(SMALL, version)[:300]
    huge = (32768, 65536, 1024, 1024, 1024, 1 << 20, 1 << 20)
    yield "v0-huge", plan(length=1) + llama2c_files.header(huge)
    yield "v2-huge", plan(length=1) + llama2c_files.header(huge, 2)
    yield "v2-groups", plan(length=1) + checkpoint(SMALL, 2)[:37] + struct.pack("<i", 5).ljust(400, b"\1")
    yield "v1-odd-heads", plan(length=1) + checkpoint((10, 12, 2, 2, 2, 20, 24), 1)[:500]
    yield "v1-nan", plan(length=1, steps=9, kernel=8) + checkpoint(SMALL, 1)[:320] + b"\xff" * 32
    yield "v3", plan() + llama2c_files.header(SMALL, 3)
    yield "gguf", plan() + b"GGUF" + bytes(60)
    yield "too-long", plan(length=4 * 33 + 3) + checkpoint(LEAST)
    yield "short", plan() + bytes(27)


def gguf_seeds():
    def plan(precision=0, piece=150, shortage=0, steps=18, kernel=6):
        return bytes((precision, piece, shortage, steps, kernel))
    for number, kind in enumerate(("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL")):
        yield kind, plan(number % 4, kernel=number * 5) + gguf_files.small(kind).bytes()
    file = gguf_files.small("F32")
    file.version = 2
    file.tensors[-2:] = file.tensors[:-3:-1]
    file.tensors.append(gguf_files.Tensor("output.weight", (32, 8), "Q8_0", gguf_files.blocks("Q8_0", 256, random.Random(1))))
    file.tensors.append(gguf_files.Tensor("rope_freqs.weight", (8,), "F32", struct.pack("<8f", *range(1, 9))))
    yield "untied", plan(2, piece=3) + file.bytes()
    yield "bpe", plan(1) + gguf_files.small("Q4_0", tokenizer="gpt2").bytes()
    yield "linear", plan() + gguf_files.small("Q4_1", llama__rope__scaling__factor=(gguf_files.F32, 4.0),
                                        general__alignment=(gguf_files.U32, 64)).bytes()
    yield "wide-heads", plan() + gguf_files.small("Q8_0", llama__attention__key_length=(gguf_files.U32, 16)).bytes()
    yield "shortage", plan(shortage=1) + gguf_files.small("Q4_0").bytes()
    yield "split", plan() + gguf_files.small("Q4_0", split__count=(gguf_files.U16, 2)).bytes()
    yield "cut", plan() + gguf_files.small("Q4_0").bytes()[:-40]
    # One matrix of 256 columns for each type with blocks of that many would be large: half of a head will do.
    yield "head-of-k-types", plan() + gguf_files.model("Q4_K").header()[:2000]


def program_seeds():
    def seed(fault=(0, 0, 0, 0), lacks=0, hurry=0, options=b"", config=b"", keys=b"/quit\r"):
        return bytes(fault) + struct.pack("<HB", lacks, hurry) + options + b"\0" + config + b"\0" + keys
    session = (b"abc\r/stats\r/save \\a.txt\r/model\r/set show confidence\r\r/model other\r/set\r/seed 9\r\r/help\r"
               b"/save \\a.txt\r/quit\r")
    yield "quit", seed()
    yield "session", seed(keys=session)
    yield "editor", seed(keys=b"hello\xe4\xe4x\b\xe5\xe6\xe8 \xc3\xa9\r\xe1\xe1\xe2\r/mo\t\r/he\t\r" + b"long" * 40 + b"\r\x03")
    yield "set", seed(keys=b"/set temperature 2\r/set topp x\r/set prompt a b\r/set model \\x.bin\r\r/model none\r/off\r")
    yield "config", seed(config=b"prompt = ab\nsteps = 5\nids = on\non_finish = exit\nverify = on\n")
    yield "wrong-config", seed(config=b"prompt\n")
    yield "options", seed(options=b"llama.efi \\models\\other.bin -t 0 -n 3 --precision f32 --on_finish reboot")
    yield "help", seed(options=b"-h")
    yield "bare", seed(lacks=0b11101110111, keys=session)
    yield "no-keyboard", seed(lacks=0b1000)
    yield "other-machine", seed(lacks=0b1111000000000000, keys=session)
    yield "hurry", seed(hurry=9)
    yield "gguf", seed(keys=b"/model small.gguf\rabc\r/model\r/stats\r/model default.bin\r/quit\r")
    yield "gguf-fault", seed(fault=(19, 9, 2, 7), keys=b"/model small.gguf\rabc\r/quit\r")
    for service, call, kind in (("read", 5, 2), ("open", 8, 0), ("allocate", 2, 0), ("stall", 1, 8), ("get_info", 4, 9)):
        number = {"read": 19, "open": 16, "allocate": 0, "stall": 12, "get_info": 22}[service]
        yield f"fault-{service}", seed(fault=(number, call, kind, 7), lacks=1 << 15, keys=session)


def tokenizer_seeds():
    def seed(pieces, piece_size=3, trouble=0, text=b"", count=None, cut=None):
        return (struct.pack("<HBB", (count or len(pieces)) - 1, piece_size, trouble) + text + b"\0" +
                llama2c_files.tokenizer(pieces)[:cut])
    few = [b"<unk>", b"\n<s>\n", b"\n</s>\n", b" ", b"a", b"b", b" a", b"ab", b" ab", b"<0x41>", b"<0xg1>", b"a"]
    full = few[:3] + llama2c_files.byte_pieces() + [
        b" ", b"t", b"h", b"e", b"th", b"the", b" the", b"\xc3\xa9"]
    yield "few", seed(few, text=b"abba ab")
    yield "full", seed(full, piece_size=200, text=b"the \xc3\xa9 the")
    yield "no-memory", seed(few, trouble=1)
    yield "broken", seed(few, trouble=128 + 50)
    yield "cut", seed(few, cut=-3)
    yield "too-many", seed(few, count=11)
    yield "too-few", seed(few, count=13)
    yield "one", seed([b""])
    yield "sixteen", seed([bytes([byte]) for byte in range(65, 81)], text=b"Z")  # a power of two, all different
    yield "empty", struct.pack("<HBB", 3, 0, 0)


def encoder_seeds():
    yield "empty", b"\0"
    yield "story", b"Once upon a time, there was a little girl named Lily.\0"
    yield "spaces", b"  the   end \n\n\0"
    yield "letters", b"the other theatre's stories, and then the rest\0"
    yield "characters", "é ü 中文 文中 😀😀😀 ABCABC AAAA BB\0".encode()
    yield "bytes", bytes(range(1, 256)) + b"\0"
    yield "continued", b"\x80\x80\xbf e\xcc\x81\x81\x81\x81\x81 \xf0\x9f\0"
    yield "mergers", b"DEDEDEDEDEDEDEDEEDDEDE\0"
    yield "no-memory", b"Once upon a time\xa0"


def config_seeds():
    yield "example", (b"# llama.cfg\r\nmodel = \\models\\stories15M.bin\r\ntokenizer = \\models\\tokenizer.bin\r\n"
                      b"temperature = 0.8\r\ntopp=0.9\nseed = 42\nsteps = 0\non_finish = poweroff\n")
    yield "all", (b"\xef\xbb\xbfprompt = Once = upon \nprompt_file=p.txt\nprecision = f32\nkernel = swar\n"
                  b"threads = 64\nids = on\nshow = confidence\ncolor = off\nverify = on\nhelp = off\n"
                  b"system = Be brief.\nmore = on\noutput = \\answers.txt")
    yield "wrong", b"steps = 1048577"
    yield "no-equals", b"\n\nmodel stories15M.bin\n"
    yield "unknown", b"temprature = 1\n"
    yield "numbers", (b"temperature = 1e-3\ntemperature=+.5\ntemperature = 1.17549435e-38\ntemperature=1e-45\n"
                      b"topp = 0.99999999\nseed = 18446744073709551615\nx 3.4028235e38")
    yield "last", b"seed = 1\nseed = -9223372036854775808"


def load_options_seeds():
    def text(line, form=0, room=0, passed_over=40):
        return bytes((form, room, passed_over)) + line
    yield "shell", text(b'FS0:\\llama.efi \\models\\stories15M.bin -z "my tok.bin" -i "Lily and ^"Tom^"" -t 0 -n 100')
    yield "names", text(b"--precision f32 --ids --color off --on_finish poweroff --threads 3 -s 1 -p 0.5 "
                        b"--show nothing")
    yield "linux", text(b"root=/dev/sdb3 init=/sbin/init rootwait ro", passed_over=20)
    yield "small-room", text("Müller 中文 😀😀😀😀😀😀😀".encode(), room=3)
    yield "wrong", text(b"-t hot -q --steps")
    yield "load-option", text(b"-t 0.5", form=2)
    yield "raw", text("-n 7".encode("utf-16-le"), form=1 | 4)
    yield "raw-load-option", text("-n 7\0".encode("utf-16-le"), form=3)
    yield "description", text(struct.pack("<IH", 1, 4) + "llama\0".encode("utf-16-le") + b"\x7f\xff\x04\0" +
                              "-i x".encode("utf-16-le"), form=1)
    yield "bytes", text(bytes(range(256)), form=1)


def format_seeds():
    def seed(format, *arguments):
        return format.encode() + b"\0" + b"".join(struct.pack("<H", room) + value for room, value in arguments)
    def real(digits, halvings):
        return struct.pack("<qB", digits, halvings)
    yield "integers", seed("%5d|%-8u|%08x|%llx", (3, b"\xff\xff\xff\xff"), (99, b"1234"), (0, b"\1\2\3\4"),
                           (20, b"12345678"))
    yield "lengths", seed("%lld %zu %llu %zd", (30, b"\x80" + b"\0" * 7), (9, b"abcdefgh"), (9, b"\xff" * 8), (9, b"\xff" * 8))
    yield "reals", seed("%f %.3f %015.9f %.15f", (30, real(1 << 50, 0)), (9, real(-12345678901234567, 3)), (40, real(7, 0)),
                        (50, real(2 ** 63 - 1, 0)))
    yield "ties", seed("%.0f %.1f %.2f", (9, real(5 << 49, 0)), (9, real(1 << 48, 0)), (9, real(9 << 47, 0)))
    yield "strings", seed("é%s%10.3s%-5c", (2, b"one\0"), (5, "中文\0".encode()), (3, b"x"))
    yield "stars", seed("%*d%-*.*f%.*s", (9, b"abcd" + struct.pack("<hh", -9, 0)),
                        (9, real(13 << 48, 0) + struct.pack("<hh", 12, 5)), (9, b"stars\0" + struct.pack("<hh", 3, 0)))
    yield "groups", seed("%'d %'llu %'012.3f", (30, b"\1\2\3\4"), (40, b"\xff" * 8), (40, real(1234567891 << 23, 0)))
    yield "unknown", seed("%y %5% %", (9, b""), (9, b""), (9, b""))


def network_seeds():
    def node(kind, sub_kind, data):
        return struct.pack("<BBH", kind, sub_kind, 4 + len(data)) + data
    yield "url", b"\0http://10.0.2.2:8000/models/a.gguf?x=1"
    yield "url-name", b"\0http://server.example/a"
    yield "url-wrong", b"\0https://me@[::1]:99999/a b#c"
    yield "answer", b"\1HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nContent-Type: a/b\r\n\r\nbody"
    yield "moved", b"\1HTTP/1.0 302 Found\nLocation: http://a/b\n\n"
    yield "chunked", b"\1HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
    yield "twice", b"\1HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
    yield "path", (b"\2" + node(2, 1, bytes(8)) + node(3, 11, bytes(33)) + node(3, 12, b"\x0a\0\2\x0f" + bytes(19)) +
                   node(3, 31, b"\0") + node(3, 24, b"http://10.0.2.2/x.efi") + node(0x7f, 0xff, b""))
    yield "path-broken", b"\2" + node(3, 24, b"http://10.0.2.2/x.efi")[:9]


def utf_seeds():
    text = "aé中😀\u07ff\u0800\uffff\U00010000\U0010ffff".encode()
    yield "valid", text + b"\0"
    yield "cut", text + b"\x85"
    yield "invalid", b"\xc0\x80\xe0\x9f\x80\xed\xa0\x80\xf0\x8f\xbf\xbf\xf4\x90\x80\x80\xf5\x80\xff" + b"\0"
    yield "half", b"\xe4\xb8\xe4\xb8\xad\xf0\x9f\x98" + b"\1"
    yield "utf16", "a\u00e9\u4e2d\U0001f600z".encode("utf-16-le") + b"\1"
    yield "surrogates", b"\x3d\xd8\x41\0\0\xdc\x3d\xd8\x3d\xd8\0\xde\x3d\xd8" + b"\0"
    yield "utf16-cut", "\U0001f600\U0001f600\u4e2d\u4e2d".encode("utf-16-le") + b"\x87"


def http_seeds():
    chat = b'{"messages":[{"role":"user","content":"Hi"}],"stream":true,"stop":["lo"]}'
    text = b'{"prompt":"Once","max_tokens":2}'
    def post(path, body, more=b""):
        return (b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
                % (path, len(body), more, body))
    def get(path):
        return b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path
    yield "chat", b"\x7f" + post(b"/v1/chat/completions", chat)
    yield "text", b"\x7f" + post(b"/v1/completions", text, b"Expect: 100-continue\r\n") + b"\0" + get(b"/")
    yield "two", b"\x7f" + post(b"/v1/completions", text) + b"\0" + post(b"/v1/chat/completions", chat)
    yield "slow", b"\0" + get(b"/health")
    yield "pipelined", b"\x50" + get(b"/metrics") + get(b"/v1/models")
    yield "smuggled", b"\x50" + post(b"/", text, b"Transfer-Encoding: chunked\r\n")
    yield "old", b"\x7fPOST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n" + b'{"prompt":"x"}'
    yield "others", b"\x7fHEAD http://a/ HTTP/1.1\r\nHost: a\r\n\r\n\0OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def json_seeds():
    yield "chat", (b'{"messages":[{"role":"system","content":"a\\u00e9\\ud83d\\ude00"},{"role":"user","name":"b","content":'
                   b'[{"type":"text","text":"c"},{"type":"text","text":"\\n"}]}],"stop":["x","\\"y"],"temperature":0.5,'
                   b'"max_tokens":9,"stream":true,"stream_options":{"include_usage":true},"n":1,"tools":[],"seed":-1}')
    yield "text", b'{"prompt":["Once"],"top_p":1e-1,"top_k":3,"min_p":0,"stop":"\\t","logit_bias":{ },"echo":false}'
    yield "values", b'[null,true,false,-0.5e+7,"",{},[[]],{"a":{"a":"\xc3\xa9"}}]'
    yield "twice", b'{"a":1,"\\u0061":2}'


def main():
    for name, seeds in sorted(globals().items()):
        if not name.endswith("_seeds"):
            continue
        folder = CORPUS / name.removesuffix("_seeds")
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for seed, content in seeds():
            (folder / seed).write_bytes(content)


if __name__ == "__main__":
    main()
