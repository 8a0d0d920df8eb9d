#!/usr/bin/env python3
"""Put what is given to others into one folder: the programs, a disk image and a CD with the default model, SHA256SUMS.

    ninja release                        builds, and fills out/release
    tools/make_release.py FOLDER         only fills a folder with what is built

The same programs give the same bytes everywhere, and the same compiler gives the same programs: ninja audit shows that.
"""
import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import make_image

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"
KINDS = ("llama", "llama-core", "llama-standalone")
PROGRAMS = tuple(f"{kind}{suffix}.efi" for kind in KINDS for suffix in ("", "-aa64"))
IMAGES = ("llama.img", "llama.iso")
MODEL, TOKENIZER = ROOT / "assets/default.bin", ROOT / "assets/default-tokenizer.bin"
SUMS = "SHA256SUMS"


def make_release(folder):
    for name in PROGRAMS:
        if not (OUT / name).is_file():
            raise make_image.ImageError(f"out/{name} is not built: ninja release builds all")
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.name not in (*PROGRAMS, *IMAGES, SUMS):  # a folder of something else, or of an older program
            raise make_image.ImageError(f"{path}: is in the folder already, and no part of a release; move it away")
    for name in PROGRAMS:
        shutil.copyfile(OUT / name, folder / name)
    files, config = make_image.with_models([(OUT / "llama.efi", make_image.BOOT_PATH),
                                            (OUT / "llama-aa64.efi", make_image.BOOT_PATH_AA64)], (), MODEL, TOKENIZER)
    for name in IMAGES:
        make_image.make_image(folder / name, files, config)
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in sorted(PROGRAMS + IMAGES)]
    (folder / SUMS).write_text("".join(sums))
    return "".join(sums)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=OUT / "release",
                        help="default: out/release")
    args = parser.parse_args()
    try:
        print(make_release(args.folder), end="")
    except (make_image.ImageError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
