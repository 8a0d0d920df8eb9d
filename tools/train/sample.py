#!/usr/bin/env python3
"""Prints stories sampled from an exported model, one for each seed.

    python3 sample.py model.bin tokenizer.bin --count 10
"""
import argparse
from pathlib import Path
from typing import List, Sequence

import needs

if __name__ == "__main__":
    needs.packages(__doc__, "numpy", "torch")

import numpy as np  # noqa: E402
import torch  # noqa: E402

from checkpoint import load_model  # noqa: E402
from model import Transformer  # noqa: E402
from tokenizer import BOS, Tokenizer  # noqa: E402


def pick(logits: np.ndarray, temperature: float, top_p: float, rng: np.random.Generator) -> int:
    """A token drawn from the most likely ones that together have probability `top_p`. logits: [vocab_size]."""
    if temperature == 0:
        return int(logits.argmax())
    scaled = np.exp((logits - logits.max()) / temperature)
    probabilities = scaled / scaled.sum()
    order = np.argsort(-probabilities, kind="stable")
    kept = order[:int(np.searchsorted(np.cumsum(probabilities[order]), top_p)) + 1]
    return int(rng.choice(kept, p=probabilities[kept] / probabilities[kept].sum()))


@torch.no_grad()
def sample(model: Transformer, tokenizer: Tokenizer, seeds: Sequence[int], steps: int, temperature: float,
           top_p: float, prompt: str = "") -> List[str]:
    """One story for each seed, all told in step; a story ends at BOS or after `steps` tokens.

    The prefix is computed anew for each token: simple, and quick enough for a few stories of a small model.
    """
    start = tokenizer.encode(prompt)
    tokens = torch.tensor([start] * len(seeds))
    rngs = [np.random.default_rng(seed) for seed in seeds]
    ended = [False] * len(seeds)
    while tokens.shape[1] <= min(steps, model.config.seq_len - 1) and not all(ended):
        logits = torch.nn.functional.linear(model.hidden(tokens)[:, -1], model.embedding.weight).numpy()
        drawn = [BOS if over else pick(row.astype(np.float64), temperature, top_p, rng)
                 for row, rng, over in zip(logits, rngs, ended)]
        ended = [token == BOS for token in drawn]
        tokens = torch.cat((tokens, torch.tensor(drawn).unsqueeze(1)), 1)
    return [tokenizer.decode(row) for row in tokens.tolist()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a v0 (float32) or v2 (int8) file")
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--count", type=int, default=10, help="seeds 1 to count")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-p", type=float, default=0.9)
    parser.add_argument("--prompt", default="")
    args = parser.parse_args()
    seeds = range(1, args.count + 1)
    stories = sample(load_model(args.model), Tokenizer.load(args.tokenizer), seeds, args.steps, args.temperature,
                     args.top_p, args.prompt)
    for seed, story in zip(seeds, stories):
        print(f"--- seed {seed}\n{story}\n")


if __name__ == "__main__":
    main()
