#!/usr/bin/env python3
"""Bits per byte of an exported model on a text file, with the weights as the file holds them.

Each story is encoded with BOS and cut at the context length; the figure is the sum of -log2 p over every
predicted token, divided by the bytes of those tokens' text without the space that encoding puts in front.

    python3 evaluate.py model.bin tokenizer.bin stories.txt
"""
import argparse
import math
from pathlib import Path
from typing import Sequence

import needs

if __name__ == "__main__":
    needs.packages(__doc__, "numpy", "torch")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from checkpoint import load_model  # noqa: E402
from data import group_by_length, read_stories  # noqa: E402
from model import Transformer  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402


@torch.no_grad()
def bits_per_byte(model: Transformer, tokenizer: Tokenizer, stories: Sequence[str], batch_tokens: int = 4096) -> float:
    """Bits per byte of text; runs in the model's own precision, float32 unless autocast is on."""
    was_training = model.training
    model.eval()
    device = model.embedding.weight.device
    encoded = [np.array(tokenizer.encode(story)[:model.config.seq_len]) for story in stories]
    nats, size = 0.0, 0
    for batch in group_by_length([story for story in encoded if len(story) > 1], batch_tokens):
        inputs, targets = (torch.from_numpy(x).to(device) for x in (batch.inputs, batch.targets))
        nats += model.losses(inputs, targets).double().sum().item()
        predicted = batch.targets[batch.targets >= 0]
        size += sum(len(tokenizer.token_bytes(token)) for token in predicted) - len(batch.targets)
    model.train(was_training)
    return nats / math.log(2) / size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a v0 (float32) or v2 (int8) file")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("text", type=Path)
    args = parser.parse_args()
    stories = list(read_stories(args.text))
    result = bits_per_byte(load_model(args.model), Tokenizer.load(args.tokenizer), stories)
    print(f"{args.model.name}: {result:.4f} bits per byte on {len(stories)} stories")


if __name__ == "__main__":
    main()
