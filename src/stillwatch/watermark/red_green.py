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
    with np.errstate(invalid="ignore"):  # rows that are no numbers are not open
        rows = np.flatnonzero(gate.is_open(scores, least_nats))
    if strength and len(rows):
        raised[rows] = raise_green(raised[rows], contexts[rows], layers, strength)
    return raised


def raise_green(scores: Scores, contexts: Words, layers: Layers, strength: float) -> Scores:
    """The same in place and without a gate: the one place where a mark is made. Returns `scores`."""
    can_come = np.isfinite(scores)
    many = np.count_nonzero(can_come)
    if many < scores.size:
        can_come[np.isnan(scores).any(axis=1)] = False
        many = np.count_nonzero(can_come)
    if many * FEW < scores.size:
        rows, tokens = np.divmod(np.flatnonzero(can_come), scores.shape[1])  # `nonzero` takes twice as long
        is_green = green(layers, contexts[rows], tokens.astype(np.uint64))
        scores[rows[is_green], tokens[is_green]] += scores.dtype.type(strength)
    else:
        is_green = layers.rows(contexts, scores.shape[1]) < layers.scheme.green
        is_green[~can_come.any(axis=1)] = False
        scores += is_green * scores.dtype.type(strength)
    return scores
