"""A line of the table: what a contender's marks cost on one model, and what they buy, with intervals of 95 %.

Student's interval of a mean, over prompts where keys see many of them (a real model), over keys where few words make
up a key's texts (the made-up language, where what a mark costs depends on which words it colours).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from scipy.stats import t as student

from benchmarks.quality.contenders import Contender
from benchmarks.quality.diversity import compressed, distinct, self_bleu
from benchmarks.quality.evidence import evidence, least
from benchmarks.quality.needed import Evidence, Needed, needed


class Between(msgspec.Struct, frozen=True):
    """A mean and the ends of its interval."""

    mean: float
    low: float
    high: float

    def shown(self, digits: int) -> str:
        """As tables say it."""
        return f"{self.mean:.{digits}f} ({self.low:.{digits}f} to {self.high:.{digits}f})"

    @property
    def half(self) -> float:
        """From the mean to an end."""
        return (self.high - self.low) / 2


class Row(msgspec.Struct, frozen=True):
    """One contender on one model. `nats`: of a token, under the unmarked model. `more`: above the unmarked answers to
    the same prompts; so `alike_more` for `self_bleu`. `distinct_1`, `distinct_2` and `compressed` are of all answers
    under one key, the mean of the keys. `task`: the chance of the right answer, None where there is none.
    """

    model: str
    contender: str
    keys: int
    tokens: int
    nats: Between
    more: Between
    needed: Needed
    distinct_1: float
    distinct_2: float
    compressed: float
    self_bleu: Between
    alike_more: Between
    more_by_key: list[float] = []
    task: Between | None = None
    task_lost: Between | None = None

    @property
    def perplexity(self) -> Between:
        """Under the unmarked model."""
        return Between(math.exp(self.nats.mean), math.exp(self.nats.low), math.exp(self.nats.high))


@dataclass(frozen=True, slots=True)
class Said:
    """Answers under one key, two to a prompt behind each other. `texts`: (answers, tokens); `nats`: (answers,);
    `theirs`: as `Answer.theirs`.
    """

    texts: np.ndarray
    nats: np.ndarray
    theirs: np.ndarray


def row(
    model: str, contender: Contender, said: Sequence[Said], plain: Sequence[Said], tokenizer: str, *, is_by_key: bool
) -> Row:
    """Of answers under several keys, numbered from 0; `plain`: unmarked ones to the same prompts."""
    nats, alike = _nats(said, is_by_key), _alike(said, is_by_key)
    every = [one.texts.tolist() for one in said]
    return Row(
        model=model,
        contender=contender.name,
        keys=len(said),
        tokens=sum(one.texts.size for one in said),
        nats=between(nats),
        more=between(nats - _nats(plain, is_by_key)),
        needed=needed(read(contender, said, tokenizer), least(contender)),
        distinct_1=float(np.mean([distinct(own, 1) for own in every])),
        distinct_2=float(np.mean([distinct(own, 2) for own in every])),
        compressed=float(np.mean([compressed(own) for own in every])),
        self_bleu=between(alike),
        alike_more=between(alike - _alike(plain, is_by_key)),
        more_by_key=[float(one.nats.mean() - other.nats.mean()) for one, other in zip(said, plain, strict=True)],
    )


def read(contender: Contender, said: Sequence[Said], tokenizer: str) -> list[Evidence]:
    """What its test reads under each key."""
    return [evidence(contender, tokenizer, key, one.texts, one.theirs) for key, one in enumerate(said)]


def between(values: np.ndarray) -> Between:
    """Of independent values, two or more."""
    mean, half = float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)
    half *= float(student.ppf(0.975, len(values) - 1))
    return Between(mean, mean - half, mean + half)


def _nats(said: Sequence[Said], is_by_key: bool) -> np.ndarray:
    return _independent(np.array([one.nats.reshape(-1, 2).mean(1) for one in said]), is_by_key)


def _alike(said: Sequence[Said], is_by_key: bool) -> np.ndarray:
    """How alike two answers to a prompt are."""
    pairs = [zip(one.texts[::2].tolist(), one.texts[1::2].tolist(), strict=True) for one in said]
    return _independent(np.array([[self_bleu([pair]) for pair in own] for own in pairs]), is_by_key)


def _independent(by_prompt: np.ndarray, is_by_key: bool) -> np.ndarray:
    """Of (keys, prompts) the values that are taken as independent."""
    return np.asarray(by_prompt.mean(1) if is_by_key else by_prompt.ravel())
