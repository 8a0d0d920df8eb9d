#!/usr/bin/env python3
"""Draws the loss curves of one or more runs.

    python3 plot.py base/log.csv finish/log.csv --out loss.png
"""
import argparse
import csv
from pathlib import Path

import needs

if __name__ == "__main__":
    needs.packages(__doc__, "matplotlib")

import matplotlib  # noqa: E402

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

WARM_UP_STEPS = 100  # left out: their losses would squeeze the rest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", type=Path, help="log.csv files, each going on where the one before stopped")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    figure, (top, bottom) = pyplot.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
    before = 0.0
    for path in args.logs:
        with open(path, newline="") as file:
            rows = [row for row in csv.DictReader(file) if int(row["step"]) > WARM_UP_STEPS]
        millions = [before + float(row["tokens"]) / 1e6 for row in rows]
        top.plot(millions, [float(row["loss"]) for row in rows], linewidth=0.8, label=path.parent.name)
        measured = [(x, float(y)) for x, row in zip(millions, rows) if (y := row["held_out_bits_per_byte"])]
        bottom.plot([x for x, _ in measured], [y for _, y in measured], marker=".", label=path.parent.name)
        before = millions[-1]
    top.set(ylabel="training loss, nats per token")
    bottom.set(ylabel="held-out stories, bits per byte", xlabel="million tokens")
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(args.out, dpi=100)


if __name__ == "__main__":
    main()
