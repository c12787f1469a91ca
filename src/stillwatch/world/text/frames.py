"""Frames with places to fill: `{a}` `{b}` `{c}` terms, `{n}` `{m}` numbers, `{d}` the domain, and names.

`{w}` is a person, `{p}` a place, `{x}` a thing of the owner's, `{t}` a day. The same place twice is filled the same.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from stillwatch.world.chance import Chance
from stillwatch.world.text.lexicon import DAYS, Subject

_PLACE = re.compile(r"\{([a-z])\}")


def fill(frame: str, subject: Subject, chance: Chance) -> str:
    """The frame with its places filled from `subject`. This is where a world's time goes: keep it quick."""
    pieces = _pieces(frame)
    filled: dict[str, str] = {}
    taken: list[int] = []
    parts = list(pieces)
    for i in range(1, len(parts), 2):
        place = parts[i]
        word = filled.get(place)
        if word is None:
            word = filled[place] = (
                _term(subject.terms, taken, chance) if place in "abc" else _name(place, subject, chance)
            )
        parts[i] = word
    return "".join(parts)


@lru_cache(maxsize=4096)
def _pieces(frame: str) -> tuple[str, ...]:
    """Literal, place, literal, place, ..., literal."""
    return tuple(_PLACE.split(frame))


def _term(terms: tuple[str, ...], taken: list[int], chance: Chance) -> str:
    """A term by its rank (Zipf), another one than those `taken`, where there are others."""
    rank = int(math.exp(chance.random() * math.log(len(terms) + 1))) - 1
    while rank in taken and len(taken) < len(terms):
        rank = (rank + 1) % len(terms)
    taken.append(rank)
    return terms[rank]


def _name(place: str, subject: Subject, chance: Chance) -> str:
    if place in "nm":
        return str(int(math.exp(chance.random() * 6.9)) + 1)  # 2 to 1,000, small ones more often
    if place == "w":
        return chance.pick(subject.people)
    if place == "p":
        return chance.pick(subject.places)
    if place == "x":
        return chance.pick(subject.things)
    return subject.domain if place == "d" else chance.pick(DAYS)


def sentence_case(text: str) -> str:
    """The first letter large."""
    return text[:1].upper() + text[1:]
