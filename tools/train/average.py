#!/usr/bin/env python3
"""Averages the weights of checkpoints that grew from one base, and writes the result as v0 and v2 files.

    python3 average.py finish1/checkpoint.pt finish2/checkpoint.pt --out averaged
"""
import argparse
from pathlib import Path

import needs

if __name__ == "__main__":
    needs.packages(__doc__, "torch")

import torch  # noqa: E402

import checkpoint  # noqa: E402
from model import Config  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--group-size", type=int, default=64)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    states = [torch.load(path, map_location="cpu") for path in args.checkpoints]
    if any(state["config"] != states[0]["config"] for state in states):
        raise SystemExit("the checkpoints are not of one shape")
    mean = {name: torch.stack([state["average"][name] for state in states]).mean(0) for name in states[0]["average"]}
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint.export(mean, Config(**states[0]["config"]), args.out, args.group_size)


if __name__ == "__main__":
    main()
