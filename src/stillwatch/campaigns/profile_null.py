"""How often a stranger with the same wrapper is as like a known operator: the measured null of `profiles`.

`profile_null.json` counts pairs of a campaign's profile and a ring that is not that campaign's but has its wrapper
(other campaigns with one harness, honest users of it) by how like they are, in hundredths. The rate at a similarity is
(1 + pairs as high) / (1 + pairs): never 0, and never finer than the hundredth below. Pairs of one campaign hang
together; the file says how many campaigns stand behind them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

SCHEMA = "stillwatch.profile-null/1"
STEPS = 100


class Pairs(msgspec.Struct, frozen=True):
    """Pairs of strangers. `at_least[i]`: how many have a similarity of i / 100 or more; the first counts all."""

    at_least: tuple[int, ...]

    @property
    def count(self) -> int:
        return self.at_least[0]

    def rate(self, similarity: float) -> float:
        return (1 + self.at_least[int(similarity * STEPS + 1e-9)]) / (1 + self.count)

    def least(self, rate: float) -> float:
        """The least similarity, in hundredths, at which no more than `rate` is reached; above 1 where none is."""
        return next((step / STEPS for step in range(STEPS + 1) if self.rate(step / STEPS) <= rate), 1.01)


class FalseMatches(msgspec.Struct, frozen=True):
    """The measured null: of comparisons by skeleton (one deployment) and by signature (an alliance)."""

    keyed: Pairs
    alliance: Pairs
    provenance: Mapping[str, str]
    schema: str = SCHEMA

    def rate(self, similarity: float, *, is_keyed: bool) -> float:
        return (self.keyed if is_keyed else self.alliance).rate(similarity)


def pairs_of(similarities: Sequence[float]) -> Pairs:
    """The null of these similarities, 0 .. 1."""
    return Pairs(tuple(sum(one >= step / STEPS for one in similarities) for step in range(STEPS + 1)))


@cache
def shipped() -> FalseMatches:
    """The null in the package."""
    text = files("stillwatch.campaigns").joinpath("profile_null.json").read_text(encoding="utf-8")
    return msgspec.json.decode(text, type=FalseMatches)
