"""Stories: reading them from text files, encoding them, and drawing batches of them in a repeatable order."""
import gzip
import re
from array import array
from pathlib import Path
from typing import Iterable, Iterator, List, NamedTuple, Sequence

import numpy as np

from tokenizer import BOS, Tokenizer

SEPARATOR = "<|endoftext|>"


def read_stories(path: Path) -> Iterator[str]:
    """The stories of a text file (or .gz) in which a line `<|endoftext|>` ends each story."""
    opener = gzip.open if str(path).endswith(".gz") else open
    lines: List[str] = []
    with opener(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip() != SEPARATOR:
                lines.append(line)
                continue
            story, lines = "".join(lines).strip(), []
            if story:
                yield story
    story = "".join(lines).strip()
    if story:
        yield story


class Corpus:
    """Encoded stories, back to back in one array of 16-bit tokens."""

    def __init__(self, tokens: np.ndarray, ends: np.ndarray) -> None:
        self.tokens = tokens  # uint16 [all tokens]
        self.ends = ends      # int64 [stories], where each story stops
        self.starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.tokens[self.starts[index]:self.ends[index]]

    @classmethod
    def encode(cls, stories: Sequence[str], tokenizer: Tokenizer, context: int, start: int = BOS) -> "Corpus":
        """Encodes stories as `start`, text, BOS: a BOS after the text is where generation ends.

        A story is cut after context + 1 tokens, so that it gives at most `context` predictions.
        """
        tokens, ends = array("H"), []
        for story in stories:
            tokens.extend(([start] + tokenizer.encode(story, bos=False) + [BOS])[:context + 1])
            ends.append(len(tokens))
        return cls(np.array(tokens, dtype=np.uint16), np.array(ends, dtype=np.int64))


class Shuffled:
    """An endless walk over a corpus: every story once, in random order, then again in another order."""

    def __init__(self, corpus: Corpus, seed: int) -> None:
        self.corpus, self.seed, self.taken = corpus, seed, 0
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def next(self) -> np.ndarray:
        epoch, at = divmod(self.taken, len(self.corpus))
        if epoch != self._epoch:
            self._epoch, self._order = epoch, np.random.default_rng([self.seed, epoch]).permutation(len(self.corpus))
        self.taken += 1
        return self.corpus[self._order[at]]


class Batch(NamedTuple):
    inputs: np.ndarray   # int64 [stories, longest], padded with BOS
    targets: np.ndarray  # int64 [stories, longest], -1 where nothing is to be predicted
    tokens: int          # how many targets are real


def make_batch(stories: Sequence[np.ndarray]) -> Batch:
    """Pads stories of similar length to a rectangle; targets are the inputs shifted by one."""
    longest = max(map(len, stories)) - 1
    inputs = np.full((len(stories), longest), BOS, np.int64)
    targets = np.full((len(stories), longest), -1, np.int64)
    for row, story in enumerate(stories):
        inputs[row, :len(story) - 1] = story[:-1]
        targets[row, :len(story) - 1] = story[1:]
    return Batch(inputs, targets, int((targets >= 0).sum()))


def group_by_length(stories: Sequence[np.ndarray], batch_tokens: int) -> List[Batch]:
    """Batches of at most `batch_tokens` positions (at least one story), of stories of similar length."""
    batches: List[Batch] = []
    group: List[np.ndarray] = []
    for story in sorted(stories, key=len):
        if group and (len(group) + 1) * (len(story) - 1) > batch_tokens:
            batches.append(make_batch(group))
            group = []
        group.append(story)
    return batches + [make_batch(group)]


class Mixture:
    """Batches in which a given share of the tokens comes from `text` and the rest from `teacher`.

    The order depends only on the seed and on how far the walk has come, so a run that was killed goes on
    with exactly the batches it would have seen.
    """

    def __init__(self, text: Corpus, teacher: Corpus, seed: int, batch_tokens: int, batches_at_once: int = 32) -> None:
        self.seed, self.batch_tokens, self.batches_at_once = seed, batch_tokens, batches_at_once
        self.sources = [Shuffled(text, seed), Shuffled(teacher, seed + 1)]
        self.drawn = [0, 0]  # tokens drawn from text and teacher
        self.rounds = 0

    def round(self, text_share: float) -> List[Batch]:
        """The next `batches_at_once` batches or so, in random order."""
        rng = np.random.default_rng([self.seed + 2, self.rounds])
        self.rounds += 1
        stories, wanted = [], self.batch_tokens * self.batches_at_once
        quota = [wanted * text_share, wanted * (1 - text_share)]
        for which, source in enumerate(self.sources):
            # The remainder of a token quota smaller than a story is settled by chance.
            while quota[which] > 0 and len(source.corpus):
                story = source.next()
                if quota[which] < len(story) and rng.random() > quota[which] / len(story):
                    source.taken -= 1
                    break
                quota[which] -= len(story)
                self.drawn[which] += len(story) - 1
                stories.append(story)
        batches = group_by_length(stories, self.batch_tokens)
        return [batches[i] for i in rng.permutation(len(batches))]

    def state(self) -> dict:
        return {"taken": [s.taken for s in self.sources], "drawn": list(self.drawn), "rounds": self.rounds}

    def restore(self, state: dict) -> None:
        for source, taken in zip(self.sources, state["taken"]):
            source.taken = taken
        self.drawn, self.rounds = list(state["drawn"]), state["rounds"]


_WORD = re.compile(r"[a-z]+")
_SENTENCE = re.compile(r"[^.!?\n]+")


def sound_stories(stories: Iterable[str], examples: Sequence[str]) -> List[str]:
    """Those stories that come to an end, say no sentence of five words twice and use only words of `examples`.

    Meant for stories sampled from a small model: it leaves out the misspelt, the cut off and the stuck.
    """
    words = {word for story in examples for word in _WORD.findall(story.lower())}

    def sound(story: str) -> bool:
        sentences = [s.strip() for s in _SENTENCE.findall(story) if s.count(" ") >= 4]
        return (story[-1] in ".!?\"'" and len(sentences) == len(set(sentences))
                and words.issuperset(_WORD.findall(story.lower())))

    return [story for story in stories if sound(story)]
