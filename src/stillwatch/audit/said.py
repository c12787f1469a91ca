"""How much oftener a suspect says a cell than a reference does: of answers, what `reading` makes of distributions.

Of n_s places with a context the suspect says a token a times, the reference b of n_r. Then the cell weighs

    W = (a / n_s - b / (n_r + 50)) / (1 / n_s + 1 / (n_r + 50) + 1 / 3000)

a difference of two shares over its variance, up to the token's own chance: that of the suspect's sample, of the
reference's, and of two models that differ anyway. Where nothing is known of a context, 50 takes the place of what the
reference said there; so the same rule serves without a reference. Each cell stands once, however often it was said.

Any weights that know no key are sound (`green_mass`). Both numbers are chosen: in the made-up language of
`experiments` 20 to 100 and 1,000 and more come to about the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.audit.chernoff import Floats
from stillwatch.audit.reading import Moved
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import Tokens, contexts_of

_UNKNOWN = 50.0
"""Words of a reference that knowing nothing of a context is worth."""
_ALIKE = 3_000.0
"""Words of a context beyond which more of them say no more about two models."""
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Said:
    """Distinct cells of answers in the order in which they first came, and how often each was said."""

    cells: Cells
    times: Counts


NOTHING = Said(Cells(np.empty(0, np.uint64), np.empty(0, np.uint64)), np.empty(0, np.int64))


def said_in(texts: Iterable[Tokens], window: int) -> Said:
    """What these texts of one tokenizer say. Raises `UsageError` for numbers that are no tokens."""
    contexts, tokens = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
    for text in texts:
        contexts.append(contexts_of(text, window))
        tokens.append(text[window:].astype(np.uint64))
    every = Cells(np.concatenate(contexts), np.concatenate(tokens))
    order, starts = _sorted(every)
    first = np.minimum.reduceat(order, starts) if len(starts) else order
    by_place = np.argsort(first)
    at = first[by_place]
    return Said(Cells(every.contexts[at], every.tokens[at]), np.diff(np.append(starts, len(order)))[by_place])


def set_against(suspect: Said, reference: Said) -> Moved:
    """What the suspect says more, and less, than the reference, in contexts that it says at all."""
    contexts, places = np.unique(suspect.cells.contexts, return_inverse=True)
    known = np.isin(reference.cells.contexts, contexts)
    others = Cells(reference.cells.contexts[known], reference.cells.tokens[known])
    at = np.searchsorted(contexts, others.contexts)
    own = np.bincount(places, suspect.times, len(contexts))
    theirs = np.bincount(at, reference.times[known], len(contexts)) + _UNKNOWN
    worth = 1 / (1 / own + 1 / theirs + 1 / _ALIKE)
    more = np.multiply(suspect.times, (worth / own)[places], dtype=np.float64)
    less = np.multiply(-reference.times[known], (worth / theirs)[at], dtype=np.float64)
    return _summed((suspect.cells, others), (more, less))


def _summed(cells: tuple[Cells, Cells], weights: tuple[Floats, Floats]) -> Moved:
    """Both sides' weights of a cell together, each cell once."""
    both = Cells(np.concatenate([one.contexts for one in cells]), np.concatenate([one.tokens for one in cells]))
    order, starts = _sorted(both)
    sums = np.add.reduceat(np.concatenate(weights)[order], starts) if len(starts) else np.empty(0)
    at = order[starts]
    return Moved(Cells(both.contexts[at], both.tokens[at]), sums)


def _sorted(cells: Cells) -> tuple[Counts, Counts]:
    """The order by context and token, and where in it each distinct cell begins."""
    order = np.lexsort((cells.tokens, cells.contexts))
    contexts, tokens = cells.contexts[order], cells.tokens[order]
    is_first = np.ones(len(order), np.bool_)
    is_first[1:] = (contexts[1:] != contexts[:-1]) | (tokens[1:] != tokens[:-1])
    return order, np.flatnonzero(is_first)
