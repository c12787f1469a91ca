"""What an audit will do, fixed and put on record before the first question is asked.

A p-value is worth what its plan was worth: prompts, sizes, keys, filter and level are digested and entered into the
journal first, so that nobody, the auditor included, can choose them by what came out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
import numpy as np

from stillwatch.errors import UsageError
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.keys import Commitment
from stillwatch.watermark.scheme import Scheme

LEAST_WRONG_KEYS = 400
"""Prescribed: with fewer, a miscalibrated test cannot be told from a lucky one at 1 %."""
FROZEN = "audit frozen"
"""The kind of its entry in the journal."""


class Mode(StrEnum):
    """What the suspect lets one see, from the least to the most."""

    CLOSED = "closed"  # its answers to prompts of ours
    SUPERVISED = "supervised"  # its answers to prompts of suspected accounts, in contexts that are frequent there
    SERVED = "served"  # the same, in contexts that an account's marked answers reached
    READING = "reading"  # its distributions over a text, beside a reference's


class Protocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One audit's plan. `keys` are the candidates, by their commitments; `level` is for all of them together.

    `layered`: accounts had keys of their own, so that each key is looked for in its own contexts. `avoidance`: the
    share of the level at which keys are looked for that the suspect avoids; 0: that side is not looked at.
    """

    suspect: str
    mode: Mode
    tokenizer: str
    prompts: Annotated[int, msgspec.Meta(ge=1)]
    prompts_digest: str
    keys: Annotated[tuple[Commitment, ...], msgspec.Meta(min_length=1)]
    layered: bool = True
    filter_digest: str = ""  # of the contexts that count; empty: all
    reference: str = ""  # of the reference model, where there is one
    level: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 1e-6
    avoidance: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    wrong_keys: Annotated[int, msgspec.Meta(ge=LEAST_WRONG_KEYS)] = LEAST_WRONG_KEYS
    made_us: int

    def __post_init__(self) -> None:
        if self.mode is Mode.READING and not self.reference:
            raise UsageError("an audit by reading compares with a reference, and none is named")
        if self.mode in (Mode.SUPERVISED, Mode.SERVED) and not self.filter_digest:
            raise UsageError("a supervised audit looks among what accounts were served, and no filter is named")
        if len({key.scheme.digest for key in self.keys}) > 1:
            raise UsageError("the keys are of several schemes, which count different things", "Plan an audit of each")

        if self.avoidance and (self.reference or self.mode in (Mode.READING, Mode.SERVED)):
            raise UsageError(
                "beside a reference that learned marked text a clean suspect seems to avoid the key, and bets on what "
                "was served look at one side",
                "Look for avoided keys by answers alone, in an audit without a reference",
            )

    @property
    def level_found(self) -> float:
        """For the keys that the suspect leans towards, all together."""
        return self.level * (1 - self.avoidance)

    @property
    def level_avoided(self) -> float:
        """For those that it avoids, all together."""
        return self.level * self.avoidance

    @property
    def scheme(self) -> Scheme:
        """Of all its keys."""
        return self.keys[0].scheme

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, as 64 hexadecimal digits."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


def digest_of_prompts(prompts: Iterable[str]) -> str:
    """Of prompts in their order, told apart by their lengths."""
    found = hashlib.sha256()
    for prompt in prompts:
        encoded = prompt.encode("utf-8", "surrogatepass")
        found.update(len(encoded).to_bytes(8, "big") + encoded)
    return found.hexdigest()


def digest_of_contexts(contexts: Words) -> str:
    """Of a filter, whatever the order in which its contexts are given."""
    return hashlib.sha256(np.unique(contexts).astype("<u8").tobytes()).hexdigest()
