"""Frames with places to fill: `{a}` `{b}` `{c}` terms, `{n}` `{m}` numbers, `{d}` the domain, and names."""

from __future__ import annotations

from stillwatch.world.chance import Chance
from stillwatch.world.text.lexicon import DAYS, Subject


class Slots(dict[str, str]):
    """Fills a frame's places as they are met; the same place twice is filled the same."""

    __slots__ = ("_chance", "_subject")

    def __init__(self, subject: Subject, chance: Chance) -> None:
        super().__init__()
        self._subject, self._chance = subject, chance

    def __missing__(self, place: str) -> str:
        filled = self[place] = self._fill(place[0])
        return filled

    def _fill(self, kind: str) -> str:
        subject, chance = self._subject, self._chance
        if kind in "abc":
            taken = {self.get(other) for other in "abc"}
            return next((t for t in (subject.term(chance) for _ in range(6)) if t not in taken), subject.domain)
        if kind in "nm":
            return str(int(chance.lognormal(40.0, 1.3)) + 2)
        return {
            "d": lambda: subject.domain,
            "w": lambda: chance.pick(subject.people),
            "p": lambda: chance.pick(subject.places),
            "x": lambda: chance.pick(subject.things),
            "t": lambda: chance.pick(DAYS),
        }[kind]()


def fill(frame: str, subject: Subject, chance: Chance) -> str:
    """The frame with its places filled from `subject`."""
    return frame.format_map(Slots(subject, chance))


def sentence_case(text: str) -> str:
    """The first letter large."""
    return text[:1].upper() + text[1:]
