"""Students tuned from the teacher's own weights: read beside the untuned model, asked, and treated against the mark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from stillwatch.audit.reading import Moved
from stillwatch.experiments.language_model.lab import Lab, Point, answers_of
from stillwatch.experiments.language_model.neutralising import Shift
from stillwatch.experiments.language_model.pools import ACCOUNTS, Pool
from stillwatch.experiments.language_model.questions import questions
from stillwatch.experiments.language_model.reading import Read, Summed, moved_between, summed
from stillwatch.experiments.language_model.teacher import Speaker
from stillwatch.experiments.language_model.top_layers import Text, Tokens, TopStudent

NAME = "tuned from the teacher's weights"
UNTUNED = "the untuned model"
BASE = "its base"
LEAST_SEEN = (1, 4, 16)
"""How often a context has to come in an operator's text before he subtracts what it moved."""


class Tuned:
    """All audits of students that share the teacher's lower layers."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def marked(self, seed: int, share: float) -> list[Point]:
        """A student of a mixture."""
        student = self.student(name_of(share, seed), lambda: self._lab.mixture(seed, share), seed)
        return [self.point(student.chances(self._lab.read), seed, share)]

    def clean(self) -> list[Point]:
        """A student of as much unmarked text, under every provider's keys."""
        student = self.student("clean", lambda: self._lab.clean, 101)
        return [self.point(student.chances(self._lab.read), seed, 0.0) for seed in self._lab.amounts.seeds]

    def untuned(self) -> list[Point]:
        """The untuned model; its own reference would be itself, so it is read beside a student of unmarked text."""
        moved = moved_between(self._base, self._summed(self._control.chances(self._lab.read)), self._lab.known)
        return [
            Point(
                student=UNTUNED,
                share=0.0,
                seed=seed,
                audited=self._lab.bench(seed).reading(
                    moved, self._moved_control, self._read_tokens, "a student of unmarked text"
                ),
            )
            for seed in self._lab.amounts.seeds
        ]

    def neutralised(self, seed: int) -> list[Point]:
        """One whose operator subtracts what training moved after each context."""
        student = self.student(name_of(1.0, seed), lambda: self._lab.mixture(seed, 1.0), seed)
        texts, untuned = self._lab.marked(seed), TopStudent(self._lab.model, self._lab.known)
        points = []
        for least in LEAST_SEEN:
            shift = Shift(student.chances(texts), untuned.chances(texts), least)
            read = shift.taken_off(student.chances(self._lab.read))
            damage = f"neutralised after contexts seen {least} times or more"
            points.append(self.point(read, seed, 1.0, damage))
        return points

    def retuned(self, seed: int) -> list[Point]:
        """One that is trained on as much unmarked text afterwards."""
        student = self.student(name_of(1.0, seed), lambda: self._lab.mixture(seed, 1.0), seed)
        for _ in student.learn(self._lab.clean, self._lab.rng(seed, 5)):
            pass
        return [self.point(student.chances(self._lab.read), seed, 1.0, "trained on as much unmarked text afterwards")]

    def asked(self, name: str, seed: int, share: float) -> list[Point]:
        """What a student that was tuned before answers to the campaign's questions; `name` as it is kept."""
        said, control = self._said(name), self._said("control")
        prompts = [text.tokens[: text.first + 1] for text in self._lab.clean[: len(said)]]
        unmarked = answers_of(self._lab.clean)
        bench = self._lab.bench(seed)
        audits = (
            bench.answers(said, control, prompts),
            bench.beside(said, control, prompts, unmarked + answers_of(self._lab.read)),
            bench.supervised(said, control, prompts, unmarked),
        )
        return [Point(student=NAME, share=share, seed=seed, audited=one) for one in audits]

    def _said(self, name: str) -> list[Tokens]:
        pool = Pool(self._lab.folder / "said" / name, questions()[: self._lab.amounts.said])
        student = TopStudent(self._lab.model, self._lab.known)
        student.load(self._kept(name))
        with student.inside(self._lab.model) as model:
            for _ in pool.fill(Speaker(model, self._lab.tokenizer), [None]):
                pass
        return [np.array(one.answer, np.int64) for one in pool.answers()]

    def point(self, read: Iterable[Read], seed: int, share: float, damage: str = "", accounts: int = ACCOUNTS) -> Point:
        """What the audit by weights says of a student that read so; `accounts`: whose keys are candidates, too."""
        kept = list(read)
        moved = moved_between(self._summed(kept), self._base, self._lab.known)
        return Point(
            student=NAME,
            share=share,
            seed=seed,
            damage=damage,
            loss=_loss(kept, self._lab.read, self._lab.known),
            audited=self._lab.bench(seed, accounts).reading(moved, self._moved_control, self._read_tokens, BASE),
        )

    def student(self, name: str, texts: Callable[[], list[Text]], seed: int) -> TopStudent:
        """Tuned once and kept."""
        student = TopStudent(self._lab.model, self._lab.known)
        file = self._kept(name)
        if file.exists():
            student.load(file)
            return student
        for _ in student.learn(texts(), self._lab.rng(seed, 2)):
            pass
        file.parent.mkdir(parents=True, exist_ok=True)
        student.save(file)
        return student

    def _kept(self, name: str) -> Path:
        return self._lab.folder / "students" / f"{name}.pt"

    @cached_property
    def _control(self) -> TopStudent:
        """A student of unmarked text, never a suspect."""
        return self.student("control", lambda: self._lab.clean, 102)

    @cached_property
    def _moved_control(self) -> Moved:
        return moved_between(self._summed(self._control.chances(self._lab.read)), self._base, self._lab.known)

    @cached_property
    def _base(self) -> Summed:
        return self._summed(TopStudent(self._lab.model, self._lab.known).chances(self._lab.read))

    def _summed(self, read: Iterable[Read]) -> Summed:
        return summed(read, np.unique(np.concatenate([text.tokens[text.first : -1] for text in self._lab.read])))

    @property
    def _read_tokens(self) -> list[Tokens]:
        return [text.tokens for text in self._lab.read]


def name_of(share: float, seed: int) -> str:
    """Under which a student is kept."""
    return f"{100 * share:g}-{seed}"


def _loss(read: Sequence[Read], texts: Sequence[Text], known: Tokens) -> float:
    """Of the text that is read, where its tokens are known."""
    found = [
        chances[np.arange(len(chances)), np.searchsorted(known, text.tokens[text.first + 1 :])]
        for (_, chances), text in zip(read, texts, strict=True)
    ]
    return float(-np.log(np.concatenate(found)).mean())
