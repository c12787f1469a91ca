"""One suspect audited in every mode by the product's own code: plan frozen in the journal, gates, family of keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from stillwatch.audit.candidates import candidates
from stillwatch.audit.protocol import Mode, digest_of_contexts, digest_of_prompts
from stillwatch.audit.protocol import Protocol as Plan
from stillwatch.audit.radioactivity import Evidence, filter_of, judged
from stillwatch.audit.reading import Moved, Places, gathered, moved, read
from stillwatch.audit.record import commit, freeze
from stillwatch.audit.said import Said, said_in
from stillwatch.decision.journal import Journal
from stillwatch.experiments.harvest import SUBJECTS_HARVESTED, TOKENIZER, Teaching
from stillwatch.experiments.outcome import Audited, told
from stillwatch.experiments.source import SUBJECTS, Tokens
from stillwatch.experiments.student import Floats
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.keys import MarkKey

WINDOW = 1
LEAST_OFTEN = 8
"""A context counts in a supervised audit from so many occurrences in the clean model's answers on. Chosen: a tenth of
the contexts, which hold most of what the campaign's subjects have of their own."""
_TIMES = 4
"""Questions to the base for one to the suspect: what the base says is then known better than what the suspect says."""
_READ_AT_ONCE = 256
"""Contexts."""
_NOTHING = Cells(np.empty(0, np.uint64), np.empty(0, np.uint64))


class Model(Protocol):
    """A student of the made-up language: what an audit may ask it."""

    def answers(self, words: Tokens, length: int, rng: np.random.Generator) -> Tokens: ...
    def chances(self, contexts: Tokens) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """What audits of one teaching have in common: the journal they are frozen in, and the clean control."""

    teaching: Teaching
    journal: Journal
    control: Model

    def __post_init__(self) -> None:
        commit(self.journal, [key.commitment() for key in self.teaching.keys.candidates()], 0)

    def closed(self, suspect: Model, base: Model | None = None) -> Audited:
        """Asked about everything, by prompts of ours; beside what its base says, where that can be asked too."""
        prompts = self.teaching.source.prompts(range(SUBJECTS), self._prompts, self.teaching.rng(21))[0]
        return self._asked(Mode.CLOSED, suspect, prompts, None, base)

    def supervised(self, suspect: Model) -> Audited:
        """Asked what the campaign asked; contexts that a clean model often has there."""
        rng = self.teaching.rng(22)
        asked = self.teaching.source.prompts(SUBJECTS_HARVESTED, self._prompts, rng)
        clean = self.teaching.source.answers(asked, self.teaching.size.answer, rng)
        among = filter_of(clean[:, :-1].ravel().astype(np.uint64), LEAST_OFTEN)
        return self._asked(Mode.SUPERVISED, suspect, asked[0], among)

    def reading(self, suspect: Model, reference: Model, name: str) -> Audited:
        """It reads unmarked text, beside a reference."""
        rng = self.teaching.rng(23)
        prompts = self.teaching.source.prompts(SUBJECTS_HARVESTED, self.teaching.size.read // 40, rng)
        text = self.teaching.source.answers(prompts, 40, rng).ravel()
        plan = self._plan(Mode.READING, text, None, reference=name)
        known, counts = np.unique(text, return_counts=True)
        moves = [_moved(known, counts, one, reference) for one in (suspect, self.control)]
        keys = self.teaching.keys
        found = read(plan, moves[0], moves[1], _NOTHING, candidates(keys.candidates(), layered=True), self._wrong())
        return told(f"reading beside {name}", found, keys)

    def _asked(
        self, mode: Mode, suspect: Model, prompts: Tokens, among: Words | None, base: Model | None = None
    ) -> Audited:
        plan = self._plan(mode, prompts, among, reference="its base" if base else "")
        reference = self._said(base, np.tile(prompts, _TIMES), 26) if base else None
        # A prompt shows the suspect its last word alone, so it carries no cell.
        evidence = Evidence(
            self._said(suspect, prompts, 24), _NOTHING, self._said(self.control, prompts, 25), among, reference
        )
        found = judged(plan, evidence, candidates(self.teaching.keys.candidates(), layered=True), self._wrong())
        name = mode.value + (" beside its base" if base else "")
        return told(name, found, self.teaching.keys)

    def _said(self, model: Model, prompts: Tokens, purpose: int) -> Said:
        return said_in(model.answers(prompts, self.teaching.size.answer, self.teaching.rng(purpose)), WINDOW)

    def _plan(self, mode: Mode, prompts: Tokens, among: Words | None, reference: str = "") -> Plan:
        plan = Plan(
            suspect="a student",
            mode=mode,
            tokenizer=TOKENIZER,
            prompts=len(prompts),
            prompts_digest=digest_of_prompts(map(str, prompts)),
            keys=tuple(key.commitment() for key in self.teaching.keys.candidates()),
            filter_digest="" if among is None else digest_of_contexts(among),
            reference=reference,
            made_us=len(list(self.journal.read())),
        )
        freeze(self.journal, plan)
        return plan

    def _wrong(self) -> list[MarkKey]:
        return self.teaching.keys.wrong(self.teaching.size.wrong_keys)

    @property
    def _prompts(self) -> int:
        return self.teaching.size.asked // self.teaching.size.answer


def _moved(contexts: Tokens, counts: Tokens, suspect: Model, reference: Model) -> Moved:
    """What moved after contexts that come so often. In pieces: whole distributions after all of them may not fit."""
    found = []
    for piece in np.array_split(np.arange(len(contexts)), -(-len(contexts) // _READ_AT_ONCE)):
        at, times = contexts[piece], counts[piece][:, None]
        one = moved(at.astype(np.uint64), suspect.chances(at) * times, reference.chances(at) * times)
        tokens = one.cells.tokens.astype(np.int64)
        found.append(Places(one.cells.contexts, tokens[:, None], one.weights[:, None]))
    return gathered(found)
