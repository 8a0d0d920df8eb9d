#!/usr/bin/env python3
"""Trains a LLaMA-2 story model and writes it as llama2.c files: model-f32.bin (v0) and model-int8.bin (v2).

Training has two phases. In the first the learning rate is constant; in the last `--finish-tokens` tokens it falls
to zero and the mixture of `--text` and `--teacher` may change. A run that was killed goes on from its last
checkpoint when the same command is given again. All decisions go by tokens, none by the clock, unless `--minutes`
says when the run has to end: then the finish is the last `--finish-share` of that time, however many tokens it holds.

    python3 train.py --text stories.txt --tokenizer tokenizer.bin --out run
"""
import argparse
import copy
import csv
import time
from pathlib import Path
from typing import Iterator, List, Optional, Tuple

import needs

if __name__ == "__main__":
    needs.packages(__doc__, "numpy", "torch")

import numpy as np  # noqa: E402
import torch  # noqa: E402

import checkpoint  # noqa: E402
from augment import with_renamed  # noqa: E402
from data import Batch, Corpus, Mixture, read_stories, sound_stories  # noqa: E402
from evaluate import bits_per_byte  # noqa: E402
from model import Config, Transformer, parameter_count  # noqa: E402
from optimizer import make_optimizers  # noqa: E402
from precision import faster  # noqa: E402
from tokenizer import EOS, UNK, Tokenizer  # noqa: E402

LOG_FIELDS = ("step", "tokens", "text_tokens", "rate", "loss", "held_out_bits_per_byte", "seconds")
WARM_UP_STEPS = 100


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = parser.add_argument_group("data")
    data.add_argument("--text", nargs="+", type=Path, required=True,
                      help="stories, each ended by a line <|endoftext|>; may be .gz")
    data.add_argument("--teacher", nargs="*", type=Path, default=[],
                      help="stories of a lesser kind, told apart by their first token: EOS in place of BOS")
    data.add_argument("--tokenizer", type=Path, required=True)
    data.add_argument("--hold-out", type=int, default=60,
                      help="last stories of --text to measure on and not to train on")
    data.add_argument("--renamed-copies", type=int, default=0,
                      help="versions of each story of --text with other names in it")
    data.add_argument("--text-share", type=float, default=0.03, help="of the tokens, where there is a teacher")
    data.add_argument("--finish-text-share", type=float, default=0.6)
    shape = parser.add_argument_group("shape")
    shape.add_argument("--dim", type=int, default=192)
    shape.add_argument("--hidden-dim", type=int, default=512)
    shape.add_argument("--layers", type=int, default=5)
    shape.add_argument("--heads", type=int, default=4)
    shape.add_argument("--kv-heads", type=int, default=2)
    shape.add_argument("--context", type=int, default=512)
    shape.add_argument("--group-size", type=int, default=64, help="weights that share a scale in the int8 file")
    course = parser.add_argument_group("course")
    course.add_argument("--tokens", type=float, default=15e6, help="in all, finish included")
    course.add_argument("--finish-tokens", type=float, default=3e6)
    course.add_argument("--minutes", type=float,
                        help="instead of --tokens: the time that the run may take, pauses and restarts included")
    course.add_argument("--finish-share", type=float, default=0.7, help="of --minutes, in place of --finish-tokens")
    course.add_argument("--batch-tokens", type=int, default=4096)
    course.add_argument("--rate", type=float, default=0.02, help="of Muon; AdamW's is --adam-ratio of it")
    course.add_argument("--adam-ratio", type=float, default=0.3)
    course.add_argument("--weight-decay", type=float, default=0.1)
    course.add_argument("--dropout", type=float, default=0.0)
    course.add_argument("--finish-dropout", type=float, default=0.15)
    course.add_argument("--word-dropout", type=float, default=0.05, help="share of input tokens hidden in the finish")
    course.add_argument("--average", type=float, default=0.998, help="how much of the averaged weights survives a step")
    course.add_argument("--seed", type=int, default=1)
    run = parser.add_argument_group("run")
    run.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log and model files")
    run.add_argument("--init", type=Path, help="checkpoint whose averaged weights to start from")
    run.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    run.add_argument("--precision", choices=("faster", "float32", "bfloat16"), default="faster",
                     help="of the matrix products; as a rule the faster one, which is measured at the start")
    run.add_argument("--threads", type=int, default=0, help="CPU threads; 0: as PyTorch chooses")
    run.add_argument("--checkpoint-seconds", type=float, default=120)
    run.add_argument("--evaluate-tokens", type=float, default=5e5,
                     help="between two measurements on the held-out stories")
    return parser.parse_args()


def load_data(args: argparse.Namespace, tokenizer: Tokenizer) -> Tuple[Mixture, List[str]]:
    """The training mixture and the held-out stories."""
    text = [story for path in args.text for story in read_stories(path)]
    split = len(text) - args.hold_out
    teacher = [story for path in args.teacher for story in read_stories(path)]
    sound = sound_stories(teacher, text[:split])
    own = with_renamed(text[:split], args.renamed_copies, args.seed)
    corpora = [Corpus.encode(own, tokenizer, args.context),
               Corpus.encode(sound, tokenizer, args.context, start=EOS)]
    print(f"text: {len(own):,} stories, {len(corpora[0].tokens):,} tokens; "
          f"teacher: {len(sound):,} of {len(teacher):,} stories, {len(corpora[1].tokens):,} tokens; "
          f"held out: {args.hold_out} stories")
    return Mixture(corpora[0], corpora[1], args.seed, args.batch_tokens), text[split:]


class Trainer:
    """The state of a run: model, averaged weights, optimizers, place in the data."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.tokenizer = Tokenizer.load(args.tokenizer)
        self.mixture, self.held_out = load_data(args, self.tokenizer)
        torch.manual_seed(args.seed)
        self.config = Config(args.dim, args.hidden_dim, args.layers, args.heads, args.kv_heads,
                             len(self.tokenizer), args.context)
        self.model = Transformer(self.config, args.dropout).to(args.device)
        if args.init:
            self.model.load_state_dict(torch.load(args.init, map_location=args.device)["average"])
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.dtype = faster(args.device) if args.precision == "faster" else getattr(torch, args.precision)
        self.optimizers = make_optimizers(self.model, args.rate, args.rate * args.adam_ratio, args.weight_decay,
                                          self.dtype)
        self.muon = self.optimizers[0]
        self.step = self.tokens = self.in_round = 0
        self.seconds = 0.0
        self.began = time.time()
        self.round_start = self.mixture.state()
        self.path = args.out / "checkpoint.pt"
        if self.path.exists():
            self.restore()

    def save(self) -> None:
        checkpoint.save(self.path, {
            "config": vars(self.config), "model": self.model.state_dict(), "average": self.average,
            "optimizers": [o.state_dict() for o in self.optimizers], "random": torch.get_rng_state(),
            "mixture": self.round_start, "in_round": self.in_round,
            "step": self.step, "tokens": self.tokens, "seconds": self.seconds,
            "began": self.began, "dtype": self.dtype})

    def restore(self) -> None:
        state = torch.load(self.path, map_location=self.args.device)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        torch.set_rng_state(state["random"].cpu())
        self.mixture.restore(state["mixture"])
        self.round_start, self.in_round = state["mixture"], state["in_round"]
        self.step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]
        self.began = state["began"]
        if self.args.precision == "faster":  # a second measurement might come out otherwise
            self.dtype = self.muon.dtype = state["dtype"]
        print(f"going on from step {self.step:,}, {self.tokens:,} tokens")

    def left(self) -> float:
        """How much of the course is left, in lengths of the finish: 1 where the finish begins, 0 at the end."""
        args = self.args
        if args.minutes is None:
            return (args.tokens - self.tokens) / max(args.finish_tokens, 1)
        return (args.minutes * 60 - (time.time() - self.began)) / max(args.minutes * 60 * args.finish_share, 1)

    @property
    def finishing(self) -> bool:
        return self.left() <= 1

    def batches(self) -> Iterator[Batch]:
        """Endless training batches, from where the checkpoint stopped."""
        while True:
            self.round_start = self.mixture.state()
            share = self.args.finish_text_share if self.finishing else self.args.text_share
            share = share if self.args.teacher else 1.0
            for batch in self.mixture.round(share)[self.in_round:]:
                self.in_round += 1
                yield batch
            self.in_round = 0

    def rate(self) -> float:
        """The learning rate as a share of its peak."""
        warm = min(1.0, (self.step + 1) / WARM_UP_STEPS)
        return warm * min(1.0, max(self.left(), 0.0))

    def train_on(self, batch: Batch) -> float:
        """One step; the mean loss in nats per token."""
        args, rate = self.args, self.rate()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * rate
        self.set_dropout(args.finish_dropout if self.finishing else args.dropout)
        inputs, targets = (torch.from_numpy(x).to(args.device) for x in (batch.inputs, batch.targets))
        if self.finishing and args.word_dropout:
            hidden = torch.rand(inputs.shape, device=inputs.device) < args.word_dropout
            hidden[:, 0] = False
            inputs = inputs.masked_fill(hidden, UNK)
        with torch.autocast(torch.device(args.device).type, dtype=torch.bfloat16,
                            enabled=self.dtype == torch.bfloat16):
            loss = self.model.losses(inputs, targets).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        with torch.no_grad():
            keep = min(args.average, (self.step + 1) / (self.step + 10))
            for name, value in self.model.state_dict().items():
                self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        self.tokens += batch.tokens
        return loss.item()

    def set_dropout(self, share: float) -> None:
        for module in self.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = share

    def measure(self) -> float:
        """Bits per byte of the averaged weights on the held-out stories."""
        averaged = copy.deepcopy(self.model)
        averaged.load_state_dict(self.average)
        return bits_per_byte(averaged, self.tokenizer, self.held_out) if self.held_out else float("nan")


def main() -> None:
    args = parse_arguments()
    args.out.mkdir(parents=True, exist_ok=True)
    if args.threads:
        torch.set_num_threads(args.threads)
    trainer = Trainer(args)
    length = f"{args.tokens:,.0f} tokens" if args.minutes is None else f"{args.minutes:g} minutes"
    print(f"{parameter_count(trainer.model):,} parameters, {length} on {args.device} in {trainer.dtype}", flush=True)
    losses, durations, since_save, next_measure = [], [], time.monotonic(), trainer.tokens
    log_path = args.out / "log.csv"
    batches = trainer.batches()
    while trainer.left() > 0:
        began = time.monotonic()
        losses.append(trainer.train_on(next(batches)))
        durations = (durations + [time.monotonic() - began])[-50:]
        trainer.seconds += float(np.median(durations))  # the median is blind to pauses
        done = trainer.left() <= 0
        if trainer.tokens >= next_measure or done:
            next_measure = trainer.tokens + args.evaluate_tokens
            log(log_path, trainer, float(np.mean(losses)), trainer.measure())
            losses = []
        elif trainer.step % 20 == 0:
            log(log_path, trainer, float(np.mean(losses)), None)
            losses = []
        if done or time.monotonic() - since_save > args.checkpoint_seconds:
            trainer.save()
            since_save = time.monotonic()
    checkpoint.export(trainer.average, trainer.config, args.out, args.group_size)


def log(path: Path, trainer: Trainer, loss: float, held_out: Optional[float]) -> None:
    """One line for the eye and one for log.csv. Time left supposes that the pace of the whole run is kept."""
    speed = trainer.tokens / trainer.seconds if trainer.seconds else 0.0
    args = trainer.args
    if args.minutes is None:
        left = (args.tokens - trainer.tokens) / speed if speed else 0.0
    else:
        left = args.minutes * 60 - (time.time() - trainer.began)
    shown = "" if held_out is None else f"  held out {held_out:.4f} bits/byte"
    print(f"step {trainer.step:6,}  {trainer.tokens / 1e6:7.2f}M tokens  loss {loss:.4f}  {speed:,.0f} tokens/s  "
          f"{left / 60:.1f} min left{shown}", flush=True)
    row = (trainer.step, trainer.tokens, trainer.mixture.drawn[0], f"{trainer.rate():.4f}", f"{loss:.4f}",
           "" if held_out is None else f"{held_out:.5f}", f"{trainer.seconds:.0f}")
    new = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(([LOG_FIELDS] if new else []) + [row])


if __name__ == "__main__":
    main()
