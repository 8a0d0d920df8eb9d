"""More stories from few: the same story with other children in it."""
import re
from collections import Counter
from typing import Dict, Iterable, List, Sequence

import numpy as np

_GIRLS = ("Lily Anna Mia Molly Lucy Sara Sarah Jane Jill Sue Sally Lila Jen Daisy Elly Amy Jenny Sandy Ella Rachel "
          "Polly Sophie Mimi Becky Alice Mary Emma").split()
_BOYS = ("Ben Tom Timmy Jack Sam Tim Max Bob John Joe Tommy Benny Billy Jimmy James Frank Andy Gary Leo Jake Ted Jim "
         "Peter Pete Danny Charles").split()
_NAME = re.compile(r"\b(?:" + "|".join(_GIRLS + _BOYS) + r")\b")


class Renamer:
    """Gives the children of a story other names: girls' for girls, boys' for boys, as often as `stories` use them."""

    def __init__(self, stories: Iterable[str]) -> None:
        in_stories = Counter(name for story in stories for name in set(_NAME.findall(story)))
        self._names = {name: names for names in (_GIRLS, _BOYS) for name in names}
        self._weights = {name: in_stories[name] + 1.0 for name in self._names}

    def rename(self, story: str, rng: np.random.Generator) -> str:
        """The story with every name replaced; two children never get the same new name.

        A story with Tim and Timmy in it stays as it is: they may well be one child.
        """
        names = sorted(set(_NAME.findall(story)))
        if any(after.startswith(before) for before, after in zip(names, names[1:])):
            return story
        new: Dict[str, str] = {}
        for name in names:
            free = [n for n in self._names[name] if n not in new.values()]
            weights = np.array([self._weights[n] for n in free])
            new[name] = str(rng.choice(free, p=weights / weights.sum()))
        return _NAME.sub(lambda match: new[match[0]], story)


def with_renamed(stories: Sequence[str], copies: int, seed: int) -> List[str]:
    """`stories`, followed by `copies` renamed versions of each."""
    renamer, rng = Renamer(stories), np.random.default_rng(seed)
    return list(stories) + [renamer.rename(story, rng) for _ in range(copies) for story in stories]
