"""Is a suspect's text greener than chance under a key that it should know nothing of?

Null: the suspect's training has nothing to do with the key. Distinct (context, token) cells are then independent
coins, so the count is binomial whatever the suspect says. What would break this is looked for before anything is
said: repeated cells (counted once by `Cells`), marks that a prompt hands on (taken out), a filter chosen afterwards
(its digest is in the frozen plan), a test that is out of order (a panel of wrong keys), a text that is green by
itself (a clean control). Where one of these is missing or fails, there is no p-value but a refusal that says why.

A reference that never saw marked text (the suspect's public base, or a model of ours) takes out what any model says:
what the suspect alone says is where training shows. It knows no key, so leaving its cells out is as sound as a filter.

A filter is a set of contexts, and one that has nothing to do with the key: of prompts, or of what an unmarked model
answers to them. Taken as pairs of marked text it would find every suspect guilty, and only the clean control would
tell. *Served*: the contexts that an account's marked answers reached, each once, whatever followed. Whether a context
is ever reached is settled before its own colours are first looked at, so bets on its cells stay fair (`sequential`),
and the p-value is the bound that they give, 1 / e: with the number of cells left to the key, a count alone is exact in
its mean and not in its tail.

Says: trained on text that carries this key's mark, or on a copy of such text. Does not say who fetched it, or why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.finding import Finding, Found, Refused, Test, with_gates
from stillwatch.audit.protocol import Mode, Protocol, digest_of_contexts
from stillwatch.audit.sequential import Wealth
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.detect import LEAST_CELLS, Score, family, score
from stillwatch.watermark.keys import MarkKey

PANEL_CELLS = 100_000
"""Of the suspect's, the first that wrong keys are tried on. Chosen: four hundred keys take a second or two on so many,
and what is out of order among cells, repetition above all, is so among the first as well."""
_NO_REFERENCE = "answers of a reference are given, and the plan names none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an audit looks at. `cells` are the suspect's, `carried` those that its prompts hold, `control` those of a
    model that never saw marked text, on the same prompts; `among` the filter's contexts, None for all; `reference`
    what the plan's reference says to questions of the same kind, whose cells are left out.
    """

    cells: Cells
    carried: Cells
    control: Cells
    among: Words | None = None
    reference: Cells | None = None


def judged(
    protocol: Protocol, evidence: Evidence, keys: Mapping[str, Candidate], wrong: Sequence[MarkKey]
) -> Finding | Refused:
    """The finding, or why there is none. `keys`: the candidates, by their commitments' digests."""
    cells, control = (_looked_at(found, evidence) for found in (evidence.cells, evidence.control))
    if reasons := _missing(protocol, evidence, cells, control):
        return Refused(reasons)
    panel = _test(Cells(cells.contexts[:PANEL_CELLS], cells.tokens[:PANEL_CELLS]))
    found = with_gates(protocol, len(cells), _test(cells), _test(control), keys, wrong, panel)
    if isinstance(found, Refused):
        return found
    bet = tuple(replace(one, log_e=_log_e(cells, keys[one.commitment.digest])) for one in found.keys)
    return replace(found, keys=_by_bets(bet) if protocol.mode is Mode.SERVED else bet)


def scored(cells: Cells, candidate: Candidate) -> Score:
    """How green a candidate's own cells are."""
    own = candidate.is_own(cells)
    greens = candidate.greens(cells)[own]
    return score(len(greens), int(greens.sum()), candidate.key.scheme.gamma)


def _test(cells: Cells) -> Test:
    return lambda candidate: scored(cells, candidate)


def _log_e(cells: Cells, candidate: Candidate) -> float:
    own = candidate.is_own(cells)
    return Wealth(candidate.key.scheme.gamma).bet(candidate.greens(cells)[own])


def _by_bets(found: Sequence[Found]) -> tuple[Found, ...]:
    """With p-values that hold however many cells the key let count: P(e >= x) <= 1 / x (Markov)."""
    scores = [
        replace(one.score, p=None if one.score.p is None else min(1.0, math.exp(-(one.log_e or 0.0))))
        for one in found
        if isinstance(one.score, Score)
    ]
    adjusted = family([1.0 if one.p is None else one.p for one in scores])
    return tuple(replace(one, score=score, adjusted=p) for one, score, p in zip(found, scores, adjusted, strict=True))


def _looked_at(cells: Cells, evidence: Evidence) -> Cells:
    left = cells.without(evidence.carried)
    if evidence.reference is not None:
        left = left.without(evidence.reference)
    return left if evidence.among is None else left.among(evidence.among)


def _missing(protocol: Protocol, evidence: Evidence, cells: Cells, control: Cells) -> tuple[str, ...]:
    reasons = []
    if protocol.mode is Mode.READING:
        reasons.append("the plan is to read distributions, and these are answers")
    if bool(protocol.reference) != (evidence.reference is not None):
        reasons.append(
            "the plan names a reference, and its answers are missing" if protocol.reference else _NO_REFERENCE
        )
    elif evidence.reference is not None and not len(evidence.reference):
        reasons.append("cannot tell: the reference has said nothing")
    given = digest_of_contexts(evidence.among) if evidence.among is not None else ""
    if given != protocol.filter_digest:
        reasons.append("the filter is not the one that was frozen")
    for what, few in (("the suspect's text", cells), ("the clean control", control)):
        if len(few) < LEAST_CELLS:
            reasons.append(f"cannot tell: {what} has {len(few)} cells that count, and {LEAST_CELLS} are the least")
    return tuple(reasons)


def filter_of(contexts: Words, least: int) -> Words:
    """Those that come at least so often. Give contexts of prompts or of an unmarked model's answers, which have
    nothing to do with any key.
    """
    known, counts = np.unique(contexts, return_counts=True)
    kept: Words = known[counts >= least]
    return kept
