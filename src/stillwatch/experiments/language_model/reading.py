"""What moved in a suspect while it reads: the product's statistic, over the tokens that the experiment knows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stillwatch.audit.reading import Moved, moved
from stillwatch.experiments.language_model.top_layers import Floats, Tokens
from stillwatch.watermark.cells import Cells

Read = tuple[Tokens, Floats]
"""Of one text: the token before each place, and the chances of each known token there, (places, known)."""
Summed = tuple[Tokens, NDArray[np.float64]]
"""Each distinct token before a place, and the chances there summed over its places, (contexts, known)."""


def summed(read: Iterable[Read], contexts: Tokens) -> Summed:
    """What was read of texts whose distinct contexts these are, sorted."""
    found: NDArray[np.float64] | None = None
    for before, chances in read:
        found = np.zeros((len(contexts), chances.shape[1])) if found is None else found
        np.add.at(found, np.searchsorted(contexts, before), chances)
    return contexts, np.empty((0, 0)) if found is None else found


def moved_between(suspect: Summed, reference: Summed, known: Tokens) -> Moved:
    """How much likelier the suspect finds each cell than the reference does, over the same texts."""
    found = moved(suspect[0].astype(np.uint64), suspect[1], reference[1])
    tokens = known[found.cells.tokens.astype(np.int64)].astype(np.uint64)  # of columns to tokens
    return Moved(Cells(found.cells.contexts, tokens), found.weights)
