"""What partners say of an object, and what that does to it: seen, supported, disputed, suspended.

A score from 0 to 100 that the hub publishes beside the object. One member counts once, its newest word only, so nobody
wins by repeating. Two disputes by different members suspend an object until its author answers with a new version or
withdraws it: it stays readable, marked, and nothing acts on it. A source's record weighs what it says next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

SUSPENDED_BY = 2
"""Members. Chosen: one could be mistaken or hostile; a third would leave a wrong accusation standing for too long."""
_PRIOR_RIGHT, _PRIOR_ALL = 4.0, 5.0
"""A source that nobody knows yet is believed as if four of its first five objects had held. Chosen."""


class Word(Enum):
    """What a member says of another's object: STIX 2.1's opinions (section 4.12) with a sighting above them."""

    SEEN = "seen"
    STRONGLY_AGREE = "strongly-agree"
    AGREE = "agree"
    NEUTRAL = "neutral"
    DISAGREE = "disagree"
    STRONGLY_DISAGREE = "strongly-disagree"


_SUPPORTS = {Word.SEEN: 1.0, Word.STRONGLY_AGREE: 0.5, Word.AGREE: 0.25}
_DISPUTES = {Word.DISAGREE, Word.STRONGLY_DISAGREE}


@dataclass(frozen=True, slots=True)
class Said:
    """One member's word on an object at a time."""

    member: str
    word: Word
    ts_us: int


@dataclass(frozen=True, slots=True)
class Standing:
    """`score`: 0..100. `contributors`: members behind it, its author among them, who did not dispute it."""

    score: int
    contributors: int
    disputes: int

    @property
    def is_suspended(self) -> bool:
        """Nothing may act on it until its author has answered."""
        return self.disputes >= SUSPENDED_BY


def standing(author: str, confidence: int, record: float, said: Iterable[Said]) -> Standing:
    """An object's standing: its author's confidence (0..100) and record (0..1), what members said of this version.

    Each support closes a part of the distance to 100, each dispute halves the score.
    """
    newest: dict[str, Said] = {}
    for one in said:
        if one.member != author and (one.member not in newest or newest[one.member].ts_us <= one.ts_us):
            newest[one.member] = one
    score, disputes = confidence * record, 0
    for one in newest.values():
        score += (100 - score) * _SUPPORTS.get(one.word, 0.0) / 2
    for one in newest.values():
        if one.word in _DISPUTES:
            disputes += 1
            score /= 2
    supports = sum(one.word in _SUPPORTS for one in newest.values())
    return Standing(round(score), 1 + supports, disputes)


def track_record(held: int, failed: int) -> float:
    """How far a source is believed, 0..1: the share of its judged objects that held, with a prior."""
    return (_PRIOR_RIGHT + held) / (_PRIOR_ALL + held + failed)
