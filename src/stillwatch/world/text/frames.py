"""Frames with places to fill: `{a}` `{b}` `{c}` terms, `{n}` `{m}` numbers, `{d}` the domain, and names.

`{w}` is a person, `{p}` a place, `{x}` a thing of the owner's, `{t}` a day. The same place twice is filled the same.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache
from importlib.resources import files

from stillwatch.world.chance import Chance
from stillwatch.world.text.lexicon import DAYS, Subject

_PLACE = re.compile(r"(\{[a-z]\})")
Piece = str | tuple[str, ...]
"""A literal, a place's letter, or ways to say the same."""


def fill(frame: str, subject: Subject, chance: Chance) -> str:
    """The frame with its places filled from `subject`. This is where a world's time goes: keep it quick."""
    filled: dict[str, str] = {}
    taken: list[int] = []
    random = chance.random
    parts: list[str] = []
    for is_place, piece in _pieces(frame):
        if isinstance(piece, tuple):
            parts.append(piece[int(random() * len(piece))])
        elif not is_place:
            parts.append(piece)
        else:
            word = filled.get(piece)
            if word is None:
                known = _term(subject.terms, taken, chance) if piece in "abc" else _name(piece, subject, chance)
                word = filled[piece] = known
            parts.append(word)
    return "".join(parts)


@lru_cache(maxsize=8192)
def _pieces(frame: str) -> tuple[tuple[bool, Piece], ...]:
    """The frame in pieces; phrases with synonyms (`words/synonyms.txt`) become tuples of them."""
    pieces: list[tuple[bool, Piece]] = []
    for number, part in enumerate(_PLACE.split(frame)):
        if number % 2:
            pieces.append((True, part[1]))
        else:
            pieces += [(False, _ways(piece)) for piece in _phrases().split(part) if piece]
    return tuple(pieces)


def _ways(piece: str) -> Piece:
    """The ways to say a phrase, in its own case; a piece without synonyms as it is."""
    ways = _synonyms().get(piece.lower())
    if ways is None:
        return piece
    return tuple(map(sentence_case, ways)) if piece[0].isupper() else ways


@cache
def frames_of(name: str) -> tuple[str, ...]:
    """The frames of `words/NAME.txt`, one a line."""
    text = files("stillwatch.world").joinpath("words", f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _synonyms() -> dict[str, tuple[str, ...]]:
    sets = [tuple(line.split(" | ")) for line in frames_of("synonyms")]
    return {ways[0].lower(): ways for ways in sets}


@cache
def _phrases() -> re.Pattern[str]:
    """Any phrase with synonyms, longer ones first, as whole words."""
    known = sorted(_synonyms(), key=lambda phrase: (-len(phrase), phrase))
    return re.compile(rf"\b({'|'.join(map(re.escape, known))})\b", re.IGNORECASE)


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
