"""Is a suspect's text greener than chance under a key that it should know nothing of?

Null: the suspect's training has nothing to do with the key. Distinct (context, token) cells are then independent
coins, so the count is binomial whatever the suspect says. What would break this is looked for before anything is
said: repeated cells (counted once by `Cells`), marks that a prompt hands on (taken out), a filter chosen afterwards
(its digest is in the frozen plan), a test that is out of order (a panel of wrong keys), a text that is green by
itself (a clean control). Where one of these is missing or fails, there is no p-value but a refusal that says why.

Says: trained on text that carries this key's mark, or on a copy of such text. Does not say who fetched it, or why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.audit.protocol import Protocol, digest_of_contexts
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.detect import LEAST_CELLS, Score, family, scored
from stillwatch.watermark.keys import Commitment, MarkKey
from stillwatch.watermark.layers import Layers

_PANEL_LEVEL = 0.01
_BROKEN = 1e-4
"""A panel or a control that would come by chance less often than this says that something is wrong. Chosen."""


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate key: its score, and its p-value among all candidates (Holm)."""

    commitment: Commitment
    score: Score
    adjusted: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no p-value is printed."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The panel of wrong keys on the same cells, and the clean control under the right ones.

    `crossed`: wrong keys at 1 % or below; `least`: their smallest p; `control`: the smallest of the clean control's.
    """

    wrong_keys: int
    crossed: int
    least: float
    control: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What an audit says: of each candidate, with how the test behaved where there was nothing to find."""

    protocol: str
    cells: int
    keys: tuple[Found, ...]
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an audit looks at. `cells` are the suspect's, `carried` those that its prompts hold, `control` those of a
    model that never saw marked text, on the same prompts; `among` the filter's contexts, None for all.
    """

    cells: Cells
    carried: Cells
    control: Cells
    among: Words | None = None


def judged(
    protocol: Protocol, evidence: Evidence, keys: Mapping[str, Layers], wrong: Sequence[MarkKey]
) -> Finding | Refused:
    """The finding, or why there is none. `keys`: the layers that score each candidate, by their commitment's digest."""
    cells, control = (_looked_at(found, evidence) for found in (evidence.cells, evidence.control))
    reasons = list(_missing(protocol, evidence, keys, wrong, cells, control))
    if reasons:
        return Refused(tuple(reasons))
    scores = [scored(cells, keys[commitment.digest]) for commitment in protocol.keys]
    adjusted = family([_p(score) for score in scores])
    calibration = _calibration(cells, control, wrong, [keys[one.digest] for one in protocol.keys])
    reasons = list(_broken(calibration, len(protocol.keys)))
    if reasons:
        return Refused(tuple(reasons))
    found = tuple(Found(*each) for each in zip(protocol.keys, scores, adjusted, strict=True))
    return Finding(protocol.digest, len(cells), found, calibration)


def _looked_at(cells: Cells, evidence: Evidence) -> Cells:
    left = cells.without(evidence.carried)
    return left if evidence.among is None else left.among(evidence.among)


def _missing(
    protocol: Protocol,
    evidence: Evidence,
    keys: Mapping[str, Layers],
    wrong: Sequence[MarkKey],
    cells: Cells,
    control: Cells,
) -> Sequence[str]:
    reasons = []
    if len(wrong) < protocol.wrong_keys:
        reasons.append(f"a panel of {len(wrong)} wrong keys is no check: {protocol.wrong_keys} were planned")
    given = digest_of_contexts(evidence.among) if evidence.among is not None else ""
    if given != protocol.filter_digest:
        reasons.append("the filter is not the one that was frozen")
    if unknown := [one.digest for one in protocol.keys if one.digest not in keys]:
        reasons.append(f"{len(unknown)} of the {len(protocol.keys)} keys that were committed to are not given")
    for what, few in (("the suspect's text", cells), ("the clean control", control)):
        if len(few) < LEAST_CELLS:
            reasons.append(f"cannot tell: {what} has {len(few)} cells that count, and {LEAST_CELLS} are the least")
    return reasons


def _calibration(cells: Cells, control: Cells, wrong: Sequence[MarkKey], right: Sequence[Layers]) -> Calibration:
    panel = [_p(scored(cells, Layers(key))) for key in wrong]
    crossed = sum(p <= _PANEL_LEVEL for p in panel)
    clean = min(family([_p(scored(control, layers)) for layers in right]))
    return Calibration(len(panel), crossed, float(np.min(panel)), clean)


def _broken(seen: Calibration, candidates: int) -> Sequence[str]:
    reasons = []
    if chance_of_so_many(seen.crossed, seen.wrong_keys, _PANEL_LEVEL) < _BROKEN:
        reasons.append(f"the test is out of order: {seen.crossed} of {seen.wrong_keys} wrong keys are found at 1 %")
    if seen.least * seen.wrong_keys < _BROKEN:
        reasons.append(f"the test is out of order: a wrong key is found with p {seen.least:.1e}")
    if seen.control < _BROKEN:
        reasons.append(f"a model that saw no mark is found with p {seen.control:.1e} under {candidates} keys")
    return reasons


def _p(score: Score) -> float:
    return 1.0 if score.p is None else score.p
