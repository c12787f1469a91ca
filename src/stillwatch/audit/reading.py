"""Audits of open weights: a suspect reads a text, and what it would say next is set beside what a reference would.

Each cell weighs what moved there (`green_mass` and `draw_mass` have the null, and why any weights are sound). The text
is one that holds no marks, or whose marked cells are taken out. The reference is chosen and frozen first. One pass of a
model over a text gives whole distributions, so no sampling noise is left, and what the suspect said before it was
trained is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.audit.candidates import Candidate, Owned
from stillwatch.audit.chernoff import Floats, Mass
from stillwatch.audit.draw_mass import draw_mass
from stillwatch.audit.finding import Finding, Refused, Test, with_gates
from stillwatch.audit.green_mass import mass
from stillwatch.audit.protocol import Mode, Protocol
from stillwatch.errors import UsageError
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import Words
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.keys import MarkKey

NO_REFERENCE = "none: the suspect alone"
"""What a plan names where no reference is read: cells then weigh what the suspect says, which is sound and weak."""
MOST_CELLS = 40_000
"""Cells that moved most are looked at and the others left: they hold nearly all of the statistic. Weights know no key,
so leaving some out is as sound as a filter."""
PANEL_WEIGHED = 10_000
"""Of these, the heaviest, that wrong keys are tried on: they have most of a say, and four hundred keys take a second
then."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Distinct cells, and how much more the suspect says each than the reference does, summed over a text."""

    cells: Cells
    weights: Floats

    def without(self, carried: Cells) -> Moved:
        """Those that are none of `carried`."""
        return self._where(~self.cells.are_among(carried))

    def among(self, contexts: Words) -> Moved:
        """Those with one of these contexts: a filter that was fixed before anything was scored."""
        return self._where(np.isin(self.cells.contexts, contexts))

    def turned(self) -> Moved:
        """The same with its sign turned: a key that these lean towards is one that the suspect avoids."""
        return Moved(self.cells, -self.weights)

    def heaviest(self, most: int) -> Moved:
        """At most so many, those that moved most."""
        if len(self.weights) <= most:
            return self
        return self._where(np.sort(np.argpartition(-np.abs(self.weights), most)[:most]))

    def _where(self, kept: NDArray[np.bool_] | NDArray[np.int64]) -> Moved:
        return Moved(Cells(self.cells.contexts[kept], self.cells.tokens[kept]), self.weights[kept])


def moved(contexts: Words, suspect: Floats, reference: Floats, most: int = MOST_CELLS) -> Moved:
    """What moved over the places of a text. `contexts`: one a place; both distributions are (places, vocabulary).

    Places with one context are summed into its cells. Raises `UsageError` for what is no pair of distributions.
    """
    if suspect.shape != reference.shape or len(contexts) != len(suspect):
        raise UsageError(f"a suspect's distributions have shape {suspect.shape}, the reference's {reference.shape}")
    difference = suspect - reference
    if not np.isfinite(difference).all():
        raise UsageError("a distribution holds what is no number", "Leave out the places where the model fails")
    known, places = np.unique(contexts, return_inverse=True)
    sums = np.zeros((len(known), suspect.shape[1]))
    np.add.at(sums, places, difference)
    flat = sums.ravel()
    kept = np.argpartition(-np.abs(flat), most)[:most] if len(flat) > most else np.arange(len(flat))
    kept = np.sort(kept[flat[kept] != 0])
    rows, tokens = np.divmod(kept, suspect.shape[1])
    return Moved(Cells(known[rows], tokens.astype(np.uint64)), flat[kept])


@dataclass(frozen=True, slots=True)
class Places:
    """Places of a text, and what moved most at each: `contexts` (places,), `tokens` and `weights` (places, k)."""

    contexts: Words
    tokens: NDArray[np.int64]
    weights: Floats


NOTHING = Moved(Cells(np.empty(0, np.uint64), np.empty(0, np.uint64)), np.empty(0))


def gathered(places: Sequence[Places], most: int = MOST_CELLS) -> Moved:
    """What moved, of places that hold no whole distributions: those with one context are summed into its cells.

    Raises `UsageError` for weights that are no numbers.
    """
    contexts = np.concatenate([np.repeat(one.contexts, one.tokens.shape[1]) for one in places])
    tokens = np.concatenate([one.tokens.ravel() for one in places]).astype(np.uint64)
    weights = np.concatenate([one.weights.ravel() for one in places])
    if not np.isfinite(weights).all():
        raise UsageError("a distribution holds what is no number", "Leave out the places where the model fails")
    order = np.lexsort((tokens, contexts))
    contexts, tokens = contexts[order], tokens[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (contexts[1:] != contexts[:-1]) | (tokens[1:] != tokens[:-1])
    starts = np.flatnonzero(is_first)
    sums = np.add.reduceat(weights[order], starts)
    kept = np.argpartition(-np.abs(sums), most)[:most] if len(sums) > most else np.arange(len(sums))
    kept = np.sort(kept[sums[kept] != 0])
    return Moved(Cells(contexts[starts][kept], tokens[starts][kept]), sums[kept])


def read(
    protocol: Protocol,
    suspect: Moved,
    control: Moved,
    carried: Cells,
    keys: Mapping[str, Candidate],
    wrong: Sequence[MarkKey],
) -> Finding | Refused:
    """The finding, or why there is none. `control`: how a model that saw no mark moved on the same text."""
    suspect, control = suspect.without(carried), control.without(carried)
    reasons = []
    if protocol.mode is not Mode.READING:
        reasons.append("the plan is to ask for answers, and these are distributions")
    for what, few in (("the suspect", suspect), ("the clean control", control)):
        if len(few.cells) < LEAST_CELLS:
            reasons.append(f"cannot tell: {what} moved in {len(few.cells)} cells, and {LEAST_CELLS} are the least")
    if reasons:
        return Refused(tuple(reasons))
    panel = _test(suspect.heaviest(PANEL_WEIGHED))
    return with_gates(protocol, len(suspect.cells), _test(suspect), _test(control), keys, wrong, panel)


def weighed(found: Moved, candidate: Candidate, owned: Owned | None = None) -> Mass:
    """How far a candidate's own cells lean towards its green, or towards what it draws.

    `owned`: of these cells, where many keys are tried on them.
    """
    owned = owned or Owned(found.cells)
    cells, weights = owned.of(candidate), found.weights[owned.by(candidate)]
    if candidate.draws:
        return draw_mass(weights, candidate.surprises(cells))
    return mass(weights, candidate.greens(cells), candidate.key.scheme.gamma)


def _test(found: Moved) -> Test:
    owned = Owned(found.cells)
    return lambda candidate: weighed(found, candidate, owned)
