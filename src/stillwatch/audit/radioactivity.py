"""Does a suspect's text lean towards a key that it should know nothing of?

Null: the suspect's training has nothing to do with the key. Distinct (context, token) cells are then independent
coins, or exponentials under a key that draws, whatever the suspect says. What would break this is looked for before
anything is said: repeated cells (each stands once), marks that a prompt hands on (taken out), a filter chosen
afterwards (its digest is in the frozen plan), a test that is out of order (a panel of wrong keys), a text that leans by
itself (a clean control). Where one of these is missing or fails, there is no p-value but a refusal that says why.

Green cells of a suspect alone are counted, and the count is exactly binomial. Beside a reference that never saw marked
text (the suspect's public base, or a model of ours), and under keys that draw, a cell weighs how much oftener the
suspect says it (`said`): training shows in what a suspect says oftener than its like, and a draw's mark in one token of
each context, which is lost where every token counts one.

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

from stillwatch.audit.candidates import Candidate, Owned
from stillwatch.audit.chernoff import Mass
from stillwatch.audit.finding import Finding, Found, Refused, Test, p_of, with_gates
from stillwatch.audit.protocol import Mode, Protocol, digest_of_contexts
from stillwatch.audit.reading import PANEL_WEIGHED, Moved, weighed
from stillwatch.audit.said import NOTHING, Said, set_against
from stillwatch.audit.sequential import DrawnWealth, Wealth
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.detect import LEAST_CELLS, Score, family, score
from stillwatch.watermark.keys import MarkKey
from stillwatch.watermark.scheme import Kind

PANEL_CELLS = 100_000
"""Of the suspect's, the first that wrong keys are tried on. Chosen: four hundred keys take a second or two on so many,
and what is out of order among cells, repetition above all, is so among the first as well."""
_NO_REFERENCE = "answers of a reference are given, and the plan names none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an audit looks at. `said` is the suspect's, `carried` the cells that its prompts hold, `control` what a
    model that never saw marked text says to the same prompts; `among` the filter's contexts, None for all; `reference`
    what the plan's reference says to questions of the same kind.
    """

    said: Said
    carried: Cells
    control: Said
    among: Words | None = None
    reference: Said | None = None


def judged(
    protocol: Protocol, evidence: Evidence, keys: Mapping[str, Candidate], wrong: Sequence[MarkKey]
) -> Finding | Refused:
    """The finding, or why there is none. `keys`: the candidates, by their commitments' digests."""
    cells, control = (_looked_at(one.cells, evidence) for one in (evidence.said, evidence.control))
    if reasons := _missing(protocol, evidence, cells, control):
        return Refused(reasons)
    if protocol.scheme.kind is Kind.RED_GREEN and evidence.reference is None:
        tests = _counting(cells, control)
        count = len(cells)
    else:
        suspect = _against(evidence.said, evidence)
        tests = _weighing(suspect, _against(evidence.control, evidence))
        count = len(suspect.cells)
    found = with_gates(protocol, count, tests[0], tests[1], keys, wrong, tests[2])
    if isinstance(found, Refused):
        return found
    avoided = _avoided(protocol, evidence, keys, wrong)
    if isinstance(avoided, Refused):
        return avoided
    new = cells if evidence.reference is None else cells.without(evidence.reference.cells)
    owned = Owned(new)
    bet = tuple(replace(one, log_e=_log_e(owned, keys[one.commitment.digest])) for one in found.keys)
    return replace(found, keys=_by_bets(bet) if protocol.mode is Mode.SERVED else bet, avoided=avoided)


def scored(cells: Cells, candidate: Candidate) -> Score:
    """How green a candidate's own cells are."""
    return _scored(Owned(cells), candidate)


def _scored(owned: Owned, candidate: Candidate) -> Score:
    greens = candidate.greens(owned.of(candidate))
    return score(len(greens), int(greens.sum()), candidate.key.scheme.gamma)


def _counting(cells: Cells, control: Cells) -> tuple[Test, Test, Test]:
    """The tests of suspect, control and panel where green cells are counted."""
    first = Cells(cells.contexts[:PANEL_CELLS], cells.tokens[:PANEL_CELLS])
    return _count(cells), _count(control), _count(first)


def _count(cells: Cells) -> Test:
    owned = Owned(cells)
    return lambda candidate: _scored(owned, candidate)


def _weighing(suspect: Moved, control: Moved) -> tuple[Test, Test, Test]:
    """The same where cells weigh what was said of them."""
    return _weigh(suspect), _weigh(control), _weigh(suspect.heaviest(PANEL_WEIGHED))


def _weigh(found: Moved) -> Test:
    owned = Owned(found.cells)
    return lambda candidate: weighed(found, candidate, owned)


def _avoided(
    protocol: Protocol, evidence: Evidence, keys: Mapping[str, Candidate], wrong: Sequence[MarkKey]
) -> tuple[Found, ...] | Refused:
    """The other side of the weighed cells, where the plan looks at it: what marks a key, and is said less."""
    if not protocol.avoidance:
        return ()
    suspect, control = (_against(said, evidence).turned() for said in (evidence.said, evidence.control))
    tests = _weighing(suspect, control)
    found = with_gates(protocol, len(suspect.cells), tests[0], tests[1], keys, wrong, tests[2])
    if isinstance(found, Refused):
        return Refused(tuple(f"looking for keys that are avoided, {reason}" for reason in found.reasons))
    return found.keys


def _against(said: Said, evidence: Evidence) -> Moved:
    found = set_against(said, evidence.reference or NOTHING).without(evidence.carried)
    return found if evidence.among is None else found.among(evidence.among)


def _log_e(owned: Owned, candidate: Candidate) -> float:
    cells = owned.of(candidate)
    if candidate.draws:
        return DrawnWealth().bet(candidate.surprises(cells))
    return Wealth(candidate.key.scheme.gamma).bet(candidate.greens(cells))


def _by_bets(found: Sequence[Found]) -> tuple[Found, ...]:
    """With p-values that hold however many cells the key let count: P(e >= x) <= 1 / x (Markov)."""
    scores = [_bounded(one.score, -max(one.log_e or 0.0, 0.0)) for one in found]
    adjusted = family([p_of(one) for one in scores])
    return tuple(replace(one, score=score, adjusted=p) for one, score, p in zip(found, scores, adjusted, strict=True))


def _bounded(score: Score | Mass, log_p: float) -> Score | Mass:
    if isinstance(score, Mass):
        return replace(score, log_p=log_p)
    return replace(score, p=None if score.p is None else math.exp(log_p))


def _looked_at(cells: Cells, evidence: Evidence) -> Cells:
    left = cells.without(evidence.carried)
    return left if evidence.among is None else left.among(evidence.among)


def _missing(protocol: Protocol, evidence: Evidence, cells: Cells, control: Cells) -> tuple[str, ...]:
    reasons = []
    if protocol.mode is Mode.READING:
        reasons.append("the plan is to read distributions, and these are answers")
    if bool(protocol.reference) != (evidence.reference is not None):
        reasons.append(
            "the plan names a reference, and its answers are missing" if protocol.reference else _NO_REFERENCE
        )
    elif evidence.reference is not None and not len(evidence.reference.cells):
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
