"""Suspects audited by the product's own code: plans on record, gates, a family of keys, a panel of wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.audit.candidates import Candidate, candidates
from stillwatch.audit.protocol import Mode, Protocol, digest_of_contexts, digest_of_prompts
from stillwatch.audit.radioactivity import Evidence, filter_of, judged
from stillwatch.audit.reading import Moved, read
from stillwatch.audit.record import commit, freeze
from stillwatch.audit.said import said_in
from stillwatch.decision.journal import Journal
from stillwatch.experiments.harvest import Keys
from stillwatch.experiments.language_model.top_layers import Tokens
from stillwatch.experiments.outcome import Audited, told
from stillwatch.watermark.cells import Cells, cells_of
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.keys import MarkKey

WRONG_KEYS = 400
LEAST_OFTEN = 8
"""A context counts in a supervised audit from so many occurrences in unmarked answers on. Chosen as in `audited`."""
_WINDOW = 1
_NOTHING = Cells(np.empty(0, np.uint64), np.empty(0, np.uint64))


@dataclass(frozen=True, slots=True)
class Bench:
    """What audits under one provider's keys have in common."""

    keys: Keys
    tokenizer: str
    journal: Journal

    def __post_init__(self) -> None:
        commit(self.journal, [key.commitment() for key in self.keys.candidates()], 0)

    def reading(self, suspect: Moved, control: Moved, text: Sequence[Tokens], reference: str) -> Audited:
        """It reads unmarked text beside a reference; `control`: how an untouched model moved there."""
        plan = self._plan(Mode.READING, text, None, reference)
        found = read(plan, suspect, control, _NOTHING, self._candidates(), self._wrong())
        return told(f"reading beside {reference}", found, self.keys)

    def answers(self, said: Sequence[Tokens], control: Sequence[Tokens], asked: Sequence[Tokens]) -> Audited:
        """Its answers to questions of ours, (question, tokens) without the question's."""
        plan = self._plan(Mode.CLOSED, asked, None)
        evidence = Evidence(said_in(said, _WINDOW), _carried(asked), said_in(control, _WINDOW))
        return self._judged("closed", plan, evidence)

    def beside(
        self, said: Sequence[Tokens], control: Sequence[Tokens], asked: Sequence[Tokens], base: Sequence[Tokens]
    ) -> Audited:
        """The same beside what its base says."""
        plan = self._plan(Mode.CLOSED, asked, None, "its base")
        counted = [said_in(texts, _WINDOW) for texts in (said, control, base)]
        evidence = Evidence(counted[0], _carried(asked), counted[1], reference=counted[2])
        return self._judged("closed beside its base", plan, evidence)

    def supervised(
        self, said: Sequence[Tokens], control: Sequence[Tokens], asked: Sequence[Tokens], unmarked: Sequence[Tokens]
    ) -> Audited:
        """The same in contexts that are frequent in unmarked answers to the campaign's questions."""
        among = filter_of(np.concatenate([text[:-1] for text in unmarked]).astype(np.uint64), LEAST_OFTEN)
        plan = self._plan(Mode.SUPERVISED, asked, among)
        evidence = Evidence(said_in(said, _WINDOW), _carried(asked), said_in(control, _WINDOW), among)
        return self._judged("supervised", plan, evidence)

    def _judged(self, mode: str, plan: Protocol, evidence: Evidence) -> Audited:
        return told(mode, judged(plan, evidence, self._candidates(), self._wrong()), self.keys)

    def _plan(self, mode: Mode, texts: Sequence[Tokens], among: Words | None, reference: str = "") -> Protocol:
        plan = Protocol(
            suspect="a student",
            mode=mode,
            tokenizer=self.tokenizer,
            prompts=len(texts),
            prompts_digest=digest_of_prompts(" ".join(map(str, text)) for text in texts),
            keys=tuple(key.commitment() for key in self.keys.candidates()),
            filter_digest="" if among is None else digest_of_contexts(among),
            reference=reference,
            made_us=sum(1 for _ in self.journal.read()),
        )
        freeze(self.journal, plan)
        return plan

    def _candidates(self) -> dict[str, Candidate]:
        return candidates(self.keys.candidates(), layered=True)

    def _wrong(self) -> list[MarkKey]:
        return self.keys.wrong(WRONG_KEYS)


def _carried(asked: Sequence[Tokens]) -> Cells:
    return cells_of(asked, _WINDOW)
