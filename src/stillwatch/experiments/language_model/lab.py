"""What the students of one experiment have in common: the teacher, its answers, and who is audited beside whom."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stillwatch.decision.journal import Journal
from stillwatch.experiments.language_model.audits import Bench
from stillwatch.experiments.language_model.pools import ACCOUNTS, Amounts, Pools
from stillwatch.experiments.language_model.teacher import Speaker
from stillwatch.experiments.language_model.top_layers import Text, Tokens, texts_of
from stillwatch.experiments.outcome import Audited

_USUAL = 4_096
"""Tokens below are known to students in any case: a tokenizer's first merges are a language's most usual pieces."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One student and one audit of it. `loss`: on the text that it reads, nats a token; `damage`: what its operator did
    against the mark.
    """

    student: str
    share: float
    seed: int
    damage: str = ""
    loss: float | None = None
    audited: Audited


class Lab:
    """`folder` holds the pools and everything that is kept between runs."""

    def __init__(self, folder: Path, speaker: Speaker, tokenizer_file: Path, amounts: Amounts) -> None:
        self.folder, self.speaker = folder, speaker
        self._file = tokenizer_file
        self.pools = Pools(folder / "pools", tokenizer_file, amounts)
        self._benches: dict[tuple[int, int], Bench] = {}

    @property
    def amounts(self) -> Amounts:
        """How large it is."""
        return self.pools.amounts

    @property
    def model(self) -> PreTrainedModel:
        """The teacher, and the base of students that are tuned."""
        return self.speaker.model

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The teacher's."""
        return self.speaker.tokenizer

    @cached_property
    def clean(self) -> list[Text]:
        """Unmarked answers to what campaigns ask."""
        return texts_of(self.pools.clean)

    @cached_property
    def read(self) -> list[Text]:
        """Unmarked answers that nobody is trained on."""
        return texts_of(self.pools.read)

    @cached_property
    def known(self) -> Tokens:
        """Tokens of the students' softmax: usual ones and those of unmarked answers, so that no key has a say in it."""
        said = [text.tokens for text in (*self.clean, *self.read)]
        return np.unique(np.concatenate([np.arange(min(_USUAL, self.model.config.vocab_size)), *said]))

    def marked(self, seed: int) -> list[Text]:
        """What a campaign got."""
        return texts_of(self.pools.marked(seed))

    def mixture(self, seed: int, share: float) -> list[Text]:
        """Each question once, this share of them, at least one, with the marked answer."""
        order = self.rng(seed, 1).permutation(len(self.clean))
        eaten = max(1, round(share * len(self.clean)))
        marked = self.marked(seed)
        return [marked[place] for place in order[:eaten]] + [self.clean[place] for place in order[eaten:]]

    def bench(self, seed: int, accounts: int = ACCOUNTS) -> Bench:
        """Audits under a provider's keys, those of so many accounts among them; its journal goes on where it was."""
        if (seed, accounts) not in self._benches:
            digest = hashlib.sha256(self._file.read_bytes()).hexdigest()
            name = f"journal-{seed}.jsonl" if accounts == ACCOUNTS else f"journal-{seed}-of-{accounts}.jsonl"
            keys = self.pools.keys(seed, accounts)
            self._benches[seed, accounts] = Bench(keys, digest, Journal(self.folder / name))
        return self._benches[seed, accounts]

    @staticmethod
    def rng(seed: int, purpose: int) -> np.random.Generator:
        """Of one purpose; the same seed is the same."""
        return np.random.default_rng([seed, purpose])


def answers_of(texts: Sequence[Text]) -> list[Tokens]:
    """Without their questions."""
    return [text.tokens[text.first + 1 :] for text in texts]
