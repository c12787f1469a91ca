"""What is marked and how, as values that both sides need to have in common; no key is among them.

A cell is a context (the `window` tokens before) and a token. Under a key each cell is green with chance
`green / GREENS`, independently of every other: Bernoulli cells instead of a shuffled list (Kirchenbauer et al. 2023 use
a permutation), so that the count of green cells of a text that has nothing to do with the key is exactly binomial.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Annotated

import msgspec

GREENS = 256
"""A cell's colour is one byte of the generator, so shares of green are multiples of 1 / 256."""
_WIDEST_WINDOW = 2


class Kind(StrEnum):
    """How a key moves the choice of a token."""

    RED_GREEN = "red-green"  # green tokens get a head start: survives distillation best, distorts
    GUMBEL = "gumbel"  # the draw itself is keyed: no distortion of one answer


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to mark. `window`: tokens of context. `green`: of 256 cells, for red-green. `shared`: of 256 contexts,
    how many belong to the fleet's key where an account has a key of its own.
    """

    kind: Kind = Kind.RED_GREEN
    window: Annotated[int, msgspec.Meta(ge=1, le=_WIDEST_WINDOW)] = 1
    green: Annotated[int, msgspec.Meta(ge=1, le=GREENS - 1)] = 64
    shared: Annotated[int, msgspec.Meta(ge=0, le=GREENS)] = 128
    version: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1

    @property
    def gamma(self) -> float:
        """The share of green cells."""
        return self.green / GREENS

    @property
    def name(self) -> str:
        """A word for keys and reports: the same for equal schemes only."""
        return f"{self.kind}/v{self.version}/h{self.window}/g{self.green}/s{self.shared}"

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is public about it, as 64 hexadecimal digits."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()
