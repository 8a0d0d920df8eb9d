#!/usr/bin/env python3
"""Seconds from power-on to the first token, by each way on which a machine in QEMU's software emulation can boot; and
how fast a large model comes over HTTP. Seconds of the host's processor stand beside them: they tell whether it was busy.

    tools/python pytest,pexpect tests/bench/netboot.py disk pxe http-efi http-img ipxe --runs 3
    tools/python pytest,pexpect tests/bench/netboot.py model --model SmolLM2-135M-Instruct.Q4_1.gguf
"""
import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "boot"), str(TESTS), str(TESTS.parent / "tools")]
from conftest import Room  # noqa: E402
from served import processor_seconds  # noqa: E402
from support import DEFAULT_MODEL, DEFAULT_TOKENIZER, EFI, OUT, STANDALONE, built  # noqa: E402
from test_network_boot import CONFIG, MODEL, STORY, card, http_boot  # noqa: E402
from web import Web  # noqa: E402

FLEET = {"/fleet/llama.cfg": CONFIG.encode(), **MODEL}


def disk(room, _):
    files = [(DEFAULT_MODEL, "models/default.bin"), (DEFAULT_TOKENIZER, "models/default-tokenizer.bin")]
    return room.start(files, STORY)


def tftp(room):
    folder = room.folder / f"tftp{len(room.machines)}"
    folder.mkdir(parents=True)
    return folder


def pxe(room, _):
    folder = tftp(room)
    shutil.copy(built(STANDALONE), folder / "llama.efi")
    return room.diskless(extra=card(tftp=folder, bootfile="llama.efi"))


def http_efi(room, serve):
    return http_boot(room, serve({"/fleet/llama.efi": built(EFI).read_bytes(), **FLEET}).url("/fleet/llama.efi"))


def http_img(room, serve):
    return http_boot(room, serve({"/llama.img": built(OUT / "llama.img").read_bytes()}).url("/llama.img"))


def ipxe(room, serve):
    web, folder = serve({"/llama.efi": built(EFI).read_bytes(), **FLEET}), tftp(room)
    (folder / "boot.ipxe").write_text(
        f"#!ipxe\nkernel {web.url('/llama.efi')} -m {web.url('/fleet/models/default.bin')} -n 20\nboot\n")
    return room.diskless(extra=card("efi-virtio.rom", tftp=folder, bootfile="boot.ipxe"))


WAYS = {"disk": disk, "pxe": pxe, "http-efi": http_efi, "http-img": http_img, "ipxe": ipxe}


def started(booted):
    """Seconds until the program speaks, until the first of its story is there, and of them on a processor."""
    booted.expect(r"llama\.efi \d", 120)
    program = time.monotonic() - booted.started
    booted.expect(r"\r\n\r\n(?=\S)", 300)
    return program, time.monotonic() - booted.started, processor_seconds(booted.process.pid)


def model(room, serve, file):
    """A large model, named in the settings beside the program."""
    settings = f"model = models/{file.name}\nsteps = 8\ntemperature = 0\n"
    web = serve({"/fleet/llama.efi": built(EFI).read_bytes(), "/fleet/llama.cfg": settings.encode(),
                 f"/fleet/models/{file.name}": file.read_bytes()})
    booted = http_boot(room, web.url("/fleet/llama.efi"), memory=768, limit=400)
    booted.expect(r"llama\.efi \d", 120)
    busy = processor_seconds(booted.process.pid)
    loaded = booted.expect(r"loaded    [^\r]*", 300).group()
    return f"{loaded}, {processor_seconds(booted.process.pid) - busy:.1f} s of a processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ways", nargs="+", choices=(*WAYS, "model"))
    parser.add_argument("--model", type=Path, help="a GGUF file, for `model`")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    for way in args.ways:
        rows = []
        for run in range(args.runs):
            room, servers = Room(f"bench_netboot_{os.getpid()}", "tcg"), []

            def serve(files):
                servers.append(Web(files))
                return servers[-1]
            try:
                if way == "model":
                    print(f"{args.model.name} over HTTP: {model(room, serve, args.model)}", flush=True)
                else:
                    rows.append(started(WAYS[way](room, serve)))
            finally:
                room.close()
                for server in servers:
                    server.close()
        if rows:
            program, first, busy = (statistics.median(column) for column in zip(*rows))
            print(f"{way:9} program after {program:5.1f} s, first token after {first:5.1f} s, {busy:.1f} s of a processor; "
                  f"each run: {', '.join(f'{row[1]:.1f}' for row in rows)}", flush=True)


if __name__ == "__main__":
    main()
