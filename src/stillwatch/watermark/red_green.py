"""Red and green cells: green tokens get a head start of `strength` logits (Kirchenbauer et al. 2023, soft rule).

Where only some tokens can still come (top-k, top-p), those are all that is looked at. NaN and rows in which nothing can
come are the model's fault and are passed on untouched.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark import gate
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.prf import Words

Scores = TypeVar("Scores", NDArray[np.float32], NDArray[np.float64])

FEW = 16
"""Rows where fewer than one token in so many can come are looked at token by token. Chosen: measured crossing point."""


def green(layers: Layers, contexts: Words, tokens: Words) -> NDArray[np.bool_]:
    """Which cells are green, one for each pair of context and token."""
    return layers.cells(contexts, tokens) < layers.scheme.green


def biased(scores: Scores, contexts: Words, layers: Layers, strength: float, *, least_nats: float = 0.0) -> Scores:
    """Logits with green tokens raised by `strength`; (rows, tokens), one context for each row. A new array."""
    raised = scores.copy()
    if not strength:
        return raised
    with np.errstate(invalid="ignore"):
        can_come = np.isfinite(scores)
        is_sound = can_come.any(axis=1) & ~np.isnan(scores).any(axis=1)
    rows = np.flatnonzero(is_sound)
    rows = rows[gate.is_open(scores[rows], least_nats)]
    if not len(rows):
        return raised
    if can_come[rows].sum() * FEW < rows.size * scores.shape[1]:
        which, tokens = np.nonzero(can_come[rows])
        marked = green(layers, contexts[rows][which], tokens.astype(np.uint64))
        raised[rows[which[marked]], tokens[marked]] += strength
    else:
        marked = layers.rows(contexts[rows], scores.shape[1]) < layers.scheme.green
        raised[rows] += marked * scores.dtype.type(strength)
    return raised
