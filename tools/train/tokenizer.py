#!/usr/bin/env python3
"""Byte-pair-encoding tokenizer: training, encoding, decoding, and llama2.c's `tokenizer.bin` format.

Token ids: 0 `<unk>`, 1 BOS, 2 EOS, 3 to 258 the bytes 0 to 255, then single characters, then merges, the
most useful first. A token's score is minus its id, so the encoder performs merges in the order of training.

    python3 tokenizer.py --vocab-size 2048 --out tokenizer.bin stories.txt
"""
import argparse
import re
import struct
from collections import Counter, defaultdict
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Tuple

UNK, BOS, EOS, FIRST_BYTE, FIRST_LEARNED = 0, 1, 2, 3, 259

# Merges are learned inside these pieces: a word with the space before it, a contraction's tail, a number,
# a run of punctuation, or one white space character.
_PIECES = re.compile(r"'[a-z]+| ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s|_")
# Encoding works on larger pieces, each a word with what hangs on to it. Where no token has a space or a line break
# except as its first character, no merge crosses their borders and each piece can be encoded alone.
_CHUNKS = re.compile(r"[ \n]?[^ \n]+|[ \n]")


class Tokenizer:
    """Token strings and scores, with llama2.c's encoder: always merge the best-scored adjacent pair."""

    def __init__(self, tokens: Sequence[bytes], scores: Sequence[float]) -> None:
        self.tokens = list(tokens)
        self.scores = list(scores)
        # Only learned tokens can be found by their text; `<unk>`, BOS, EOS and bytes are reached by id.
        self._ids: Dict[bytes, int] = {}
        for token in range(FIRST_LEARNED, len(self.tokens)):
            self._ids.setdefault(self.tokens[token], token)
        self._cache: Dict[str, List[int]] = {}
        self._in_chunks = not any(b" " in token[1:] or b"\n" in token[1:] for token in self._ids)

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Reads a `tokenizer.bin`; the number of tokens is what the file holds."""
        raw, at = Path(path).read_bytes(), 4
        tokens, scores = [], []
        while at < len(raw):
            score, length = struct.unpack_from("<fi", raw, at)
            at += 8
            tokens.append(raw[at:at + length])
            scores.append(score)
            at += length
        return cls(tokens, scores)

    def save(self, path: Path) -> None:
        """Writes int32 longest token, then for each token float32 score, int32 length, bytes."""
        parts = [struct.pack("<i", max(map(len, self.tokens)))]
        for token, score in zip(self.tokens, self.scores):
            parts.append(struct.pack("<fi", score, len(token)) + token)
        Path(path).write_bytes(b"".join(parts))

    def encode(self, text: str, bos: bool = True) -> List[int]:
        """Tokens of `text`: BOS if asked for, then the text with a space put before it unless it is empty."""
        ids = [BOS] if bos else []
        text = " " + text if text else ""
        for chunk in _CHUNKS.findall(text) if self._in_chunks else [text]:
            if chunk not in self._cache:
                self._cache[chunk] = self._merge(self._characters(chunk))
            ids += self._cache[chunk]
        return ids

    def _characters(self, text: str) -> List[int]:
        """One token per character, or one per UTF-8 byte for characters that are not in the vocabulary."""
        ids = []
        for character in text:
            raw = character.encode("utf-8")
            known = self._ids.get(raw)
            ids += [known] if known is not None else [byte + FIRST_BYTE for byte in raw]
        return ids

    def _merge(self, ids: List[int]) -> List[int]:
        """Merges the pair whose joined text has the best score, the leftmost of equals, until none is left."""
        while True:
            best_score, best_at, best_id = float("-inf"), -1, -1
            for at in range(len(ids) - 1):
                merged = self._ids.get(self.tokens[ids[at]] + self.tokens[ids[at + 1]])
                if merged is not None and self.scores[merged] > best_score:
                    best_score, best_at, best_id = self.scores[merged], at, merged
            if best_at < 0:
                return ids
            ids = ids[:best_at] + [best_id] + ids[best_at + 2:]

    def token_bytes(self, token: int) -> bytes:
        """The text a token stands for: nothing for `<unk>`, BOS and EOS, one byte for byte tokens."""
        if token < FIRST_BYTE:
            return b""
        return bytes([token - FIRST_BYTE]) if token < FIRST_LEARNED else self.tokens[token]

    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids`, without the space that `encode` put in front."""
        raw = b"".join(map(self.token_bytes, ids))
        return raw[raw.startswith(b" "):].decode("utf-8", errors="replace")


def train(stories: Iterable[str], vocab_size: int, rare_character: int = 5) -> Tokenizer:
    """Learns a vocabulary of exactly `vocab_size` tokens by merging the most frequent pair again and again.

    Printable ASCII and every other character seen at least `rare_character` times get a token of their own; the
    rest is spelt in bytes.
    """
    pieces: Counter = Counter()
    characters: Counter = Counter()
    for story in stories:
        pieces.update(_PIECES.findall(" " + story))
        characters.update(story)
    ascii_set = {chr(code) for code in range(32, 127)} | {"\n"}
    known = ascii_set | {c for c, n in characters.items() if n >= rare_character}
    learned = sorted(known)

    words = [(list(piece), count) for piece, count in pieces.items() if known.issuperset(piece)]
    pair_counts: Counter = Counter()
    pair_words: Dict[Tuple[str, str], set] = defaultdict(set)
    for index, (symbols, count) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pair_counts[pair] += count
            pair_words[pair].add(index)

    while FIRST_LEARNED + len(learned) < vocab_size:
        if not pair_counts:
            raise SystemExit(f"the text has no more than {FIRST_LEARNED + len(learned)} different tokens")
        pair = max(pair_counts, key=lambda p: (pair_counts[p], p))  # ties by text, so that every run agrees
        for index in pair_words.pop(pair):
            symbols, count = words[index]
            for old in zip(symbols, symbols[1:]):
                pair_counts[old] -= count
            merged, at = [], 0
            while at < len(symbols):
                joined = tuple(symbols[at:at + 2]) == pair
                merged.append("".join(pair) if joined else symbols[at])
                at += 2 if joined else 1
            words[index] = (merged, count)
            for new in zip(merged, merged[1:]):
                pair_counts[new] += count
                pair_words[new].add(index)
        del pair_counts[pair]
        pair_counts = +pair_counts
        text = "".join(pair)
        if text not in known:  # two different pairs can join to the same text
            known.add(text)
            learned.append(text)

    tokens = [b"<unk>", b"\n<s>\n", b"\n</s>\n"] + [b"<0x%02X>" % byte for byte in range(256)]
    tokens += [text.encode("utf-8") for text in learned]
    scores = [0.0] * FIRST_LEARNED + [-float(rank) for rank in range(len(learned))]
    return Tokenizer(tokens, scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="+", type=Path, help="stories separated by <|endoftext|> lines; may be .gz")
    parser.add_argument("--vocab-size", type=int, default=2048)
    parser.add_argument("--hold-out", type=int, default=0, help="last stories not to learn from, as train.py's")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    from data import read_stories
    stories = [story for path in args.text for story in read_stories(path)]
    stories = stories[:len(stories) - args.hold_out]
    tokenizer = train(stories, args.vocab_size)
    tokenizer.save(args.out)
    tokens = sum(len(tokenizer.encode(story, bos=False)) for story in stories)
    size = sum(len(story.encode("utf-8")) for story in stories)
    print(f"{args.out}: {len(tokenizer)} tokens, {size / tokens:.2f} bytes a token on {len(stories):,} stories")


if __name__ == "__main__":
    main()
