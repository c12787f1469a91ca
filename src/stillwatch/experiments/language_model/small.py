"""Small students of random weights, in the teacher's tokens or their own: read beside another of their kind, asked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from stillwatch.audit.reading import Moved
from stillwatch.experiments.language_model.from_scratch import SmallStudent
from stillwatch.experiments.language_model.lab import Lab, Point, answers_of
from stillwatch.experiments.language_model.own_tokens import OwnTokens
from stillwatch.experiments.language_model.reading import Summed, moved_between, summed
from stillwatch.experiments.language_model.top_layers import Tokens

NAME = "a small model from random weights"
OWN = "the same with a tokenizer of its own"
REFERENCE = "another base"
SAID = 400
"""Answers that a small student is asked for: it is fast."""
LENGTH = 64


class Small:
    """All audits of students that have nothing of the teacher's but its answers."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def marked(self, seed: int, share: float) -> list[Point]:
        """A student of a mixture: read, and asked."""
        student = self._trained(answers_of(self._lab.mixture(seed, share)), seed)
        return self._points(student, share, [seed])

    def clean(self) -> list[Point]:
        """A student of as much unmarked text, under every provider's keys."""
        return self._points(self._trained(answers_of(self._lab.clean), 101), 0.0, self._lab.amounts.seeds)

    def own_tokens(self, seed: int, share: float) -> list[Point]:
        """A student whose tokenizer is its own: asked, as that is all that text lets one do."""
        said = self._said_in_own(answers_of(self._lab.mixture(seed, share)), seed)
        control = self._said_in_own(answers_of(self._lab.clean), 102)
        audited = self._lab.bench(seed).answers(said, control, self._asked)
        return [Point(student=OWN, share=share, seed=seed, audited=audited)]

    def _points(self, student: SmallStudent, share: float, seeds: Sequence[int]) -> list[Point]:
        moved = moved_between(self._summed(student), self._reference, self._lab.known)
        said = student.answers(self._first, LENGTH, 3)
        points = []
        for seed in seeds:
            bench = self._lab.bench(seed)
            audits = (
                bench.reading(moved, self._moved_control, self._read, REFERENCE),
                bench.answers(said, self._said_control, self._asked),
            )
            points += [Point(student=NAME, share=share, seed=seed, audited=one) for one in audits]
        return points

    def _trained(self, texts: list[Tokens], seed: int) -> SmallStudent:
        student = SmallStudent(self._lab.known, seed)
        for _ in student.learn(texts, self._lab.rng(seed, 3)):
            pass
        return student

    def _said_in_own(self, texts: list[Tokens], seed: int) -> list[Tokens]:
        own = OwnTokens(self._lab.tokenizer, texts)
        student = SmallStudent(own.vocabulary, seed)
        encoded = own.encoded(texts)
        for _ in student.learn(encoded, self._lab.rng(seed, 4)):
            pass
        first = np.array([text[0] for text in encoded if len(text)])
        return own.decoded(student.answers(np.resize(first, SAID), LENGTH, seed))

    @cached_property
    def _control(self) -> SmallStudent:
        return self._trained(answers_of(self._lab.clean), 102)

    @cached_property
    def _said_control(self) -> list[Tokens]:
        return self._control.answers(self._first, LENGTH, 4)

    @cached_property
    def _moved_control(self) -> Moved:
        return moved_between(self._summed(self._control), self._reference, self._lab.known)

    @cached_property
    def _reference(self) -> Summed:
        """A student of unmarked text that is neither suspect nor control."""
        return self._summed(self._trained(answers_of(self._lab.clean), 103))

    def _summed(self, student: SmallStudent) -> Summed:
        contexts = np.unique(np.concatenate([text[:-1] for text in self._read]))
        return summed(student.chances(self._read), contexts)

    @cached_property
    def _read(self) -> list[Tokens]:
        return answers_of(self._lab.read)

    @property
    def _first(self) -> Tokens:
        """What its answers begin with."""
        return np.resize(np.array([text[0] for text in self._read]), SAID)

    @property
    def _asked(self) -> list[Tokens]:
        """One token is no cell, so no prompt carries any."""
        return [self._first[place : place + 1] for place in range(SAID)]
