"""A campaign's harvest and the student that is trained on it: marked by the product's own code, under real keys.

A campaign of several accounts asks about a few subjects. Its answers are marked in the hybrid layout: half the contexts
under the fleet's key, half under a key of each account's, or, from when the campaign is known, one key of the
campaign's. A student learns from a mixture of these answers and of text that has nothing to do with us.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from stillwatch.experiments.drawn import DRAWN, DrawnSource
from stillwatch.experiments.source import SUBJECTS, Source, Tokens
from stillwatch.experiments.student import Student
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MarkKey, MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.scheme import Scheme

TOKENIZER = "words of a made-up language"
STRENGTH = 2.0
"""What the policy gives campaigns where nothing else is said (`mark_strength` in docs/policy.md)."""
SUBJECTS_HARVESTED = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Size:
    """How large an experiment is. Tokens are words here; `asked` of the suspect's, `read` of the text that it reads.

    `harvest`: how much of the training there is from the campaign, with marks and without, at most all. `others`:
    accounts and campaigns that have keys and marked nothing that the student saw.
    """

    words: int = 3_000
    corpus: int = 200_000
    answer: int = 40
    harvest: float = 1.0
    asked: int = 60_000
    read: int = 8_000
    accounts: int = 5
    others: int = 20
    wrong_keys: int = 400


class Layout(StrEnum):
    """Whose key has the contexts that are not the fleet's."""

    ACCOUNTS = "each account's own"
    CAMPAIGN = "the campaign's"


class Keys:
    """All keys of one provider, made from a seed: its fleet's, its accounts', and its campaigns'."""

    def __init__(self, seed: int, size: Size, scheme: Scheme | None = None, tokenizer: str = TOKENIZER) -> None:
        self._master = MasterKeys(Secret(seed.to_bytes(32, "big")))
        self._scheme = scheme or Scheme()
        self._tokenizer = tokenizer
        self.fleet = self._made("provider", "")
        self.campaign = self._made("provider", "campaign-0")
        self.accounts = [self._made("provider", f"account-{number}") for number in range(size.accounts)]
        self.others = [
            self._made("provider", f"{kind}-{number}")
            for number in range(100, 100 + size.others // 2)
            for kind in ("campaign", "account")
        ]

    def wrong(self, count: int) -> list[MarkKey]:
        """Keys that mark nothing, for the panel."""
        return [self._made(f"nobody-{number}", "") for number in range(count)]

    def candidates(self) -> list[MarkKey]:
        """Everybody's, as an audit would ask about them."""
        return [self.fleet, self.campaign, *self.accounts, *self.others]

    def marking(self, layout: Layout) -> list[MarkKey]:
        """The key beside the fleet's, for each account of the campaign."""
        return self.accounts if layout is Layout.ACCOUNTS else [self.campaign] * len(self.accounts)

    def _made(self, tenant: str, account: str) -> MarkKey:
        return self._master.key(self._scheme, self._tokenizer, tenant=tenant, account=account)


class Teaching:
    """One teacher, one campaign and what the world has beside them. The same seed is the same.

    A `DrawnSource` marks by keyed draws, which have no strength.
    """

    def __init__(self, source: Source, size: Size, seed: int) -> None:
        self.source, self.size, self.seed = source, size, seed
        self.keys = Keys(seed, size, DRAWN if isinstance(source, DrawnSource) else None)

    @cached_property
    def base(self) -> Tokens:
        """Text that the student's maker had before: all subjects, no marks."""
        return self._clean(range(SUBJECTS), 11, self._texts)

    @cached_property
    def proxy(self) -> Tokens:
        """Other text of that kind, for a reference that is not the student's own base."""
        return self._clean(range(SUBJECTS), 12, self._texts)

    @cached_property
    def unmarked(self) -> Tokens:
        """What the campaign would have harvested without marks."""
        return self._clean(SUBJECTS_HARVESTED, 13, self._harvested)

    def harvest(self, layout: Layout, strength: float = STRENGTH) -> Tokens:
        """As many marked answers as a student can eat, an equal part from each account; shuffled."""
        rng, found = self.rng(14), []
        for key in self.keys.marking(layout):
            prompts = self.source.prompts(SUBJECTS_HARVESTED, self._harvested // self.size.accounts, rng)
            found.append(self._marked(prompts, rng, key, strength))
        whole: Tokens = rng.permutation(np.concatenate(found))
        return whole

    def _marked(
        self, prompts: tuple[Tokens, Tokens], rng: np.random.Generator, key: MarkKey, strength: float
    ) -> Tokens:
        if isinstance(self.source, DrawnSource):
            return self.source.drawn(prompts, self.size.answer, rng, self.keys.fleet, key)
        return self.source.answers(prompts, self.size.answer, rng, Layers(self.keys.fleet, key), strength)

    def student(self, harvested: Tokens, share: float) -> Student:
        """Trained on a mixture in which this share is harvested, and the rest is the base."""
        eaten = round(share * self._texts)
        mixed = np.concatenate((harvested[:eaten], self.base[: self._texts - eaten]))
        return Student(mixed, self.size.words)

    def under(self, scheme: Scheme) -> Teaching:
        """The same world with keys of another scheme; text that has been made is not made again."""
        found = copy(self)
        found.keys = Keys(self.seed, self.size, scheme)
        return found

    def rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose])

    @property
    def _texts(self) -> int:
        return self.size.corpus // self.size.answer

    @property
    def _harvested(self) -> int:
        return round(self.size.harvest * self._texts)

    def _clean(self, subjects: range | tuple[int, ...], purpose: int, texts: int) -> Tokens:
        rng = self.rng(purpose)
        return self.source.answers(self.source.prompts(subjects, texts, rng), self.size.answer, rng)
