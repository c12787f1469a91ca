"""What each contender's own test reads in answers under one key, token by token, and from where it finds the mark.

Ours by what `stillwatch watermark detect` counts; KGW by its green lists, with our exact test of distinct pairs in the
place of its normal approximation, which counts pairs again; SynthID by its published weighted mean.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom

from benchmarks.quality import tournament
from benchmarks.quality.contenders import Contender, Maker
from benchmarks.quality.needed import LEVEL, Evidence
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.contexts import contexts_of
from stillwatch.watermark.detect import LEAST_CELLS
from stillwatch.watermark.draws import WEIGHTS, surprise
from stillwatch.watermark.gamma_sums import tail
from stillwatch.watermark.red_green import green
from stillwatch.watermark.serving.mark import Mark

GREEN = 0.25
SYNTHID_NGRAM = 5
_UNMARKED = Contender(Maker.OURS, 1.0)
"""As which unmarked text is read."""


def evidence(contender: Contender, tokenizer: str, key: int, texts: np.ndarray, theirs: np.ndarray) -> Evidence:
    """Of `texts`, (answers, tokens), made under the key of that number. `theirs`: as `Answer.theirs`; of ours empty."""
    if contender.maker is Maker.KGW:
        return Evidence(grams(texts, 2), _padded(theirs, texts))
    if contender.maker is Maker.SYNTHID:
        return synthid_evidence(texts, theirs, tournament.WEIGHTED)
    read_as = _UNMARKED if contender.maker is Maker.NONE else contender
    return _ours(read_as.mark(tokenizer, key), texts)


def synthid_evidence(texts: np.ndarray, theirs: np.ndarray, weights: np.ndarray) -> Evidence:
    """Its tuples and their weighted bits; without tuples whose context the answer has had, which are not marked."""
    cells = grams(texts, SYNTHID_NGRAM)
    bits = _padded(theirs, texts, -1).astype(np.int64)
    cells[bits < 0] = -1
    return Evidence(cells, tournament.totals(np.maximum(bits, 0).ravel(), weights).reshape(texts.shape))


def _ours(mark: Mark, texts: np.ndarray) -> Evidence:
    cells = grams(texts, mark.window + 1)
    contexts = np.concatenate([contexts_of(text, mark.window) for text in texts])
    found = Cells(contexts, texts[:, mark.window :].ravel().astype(np.uint64))
    if mark.draws:
        before = grams(texts[:, :-1], mark.window)[:, mark.window - 1 :]
        cells[:, mark.window :][_has_been(before)] = -1
        counted = surprise(found, mark.fleet)
    else:
        counted = green(mark.layers, found.contexts, found.tokens).astype(np.float64)
    return Evidence(cells, _padded(counted.reshape(len(texts), -1), texts))


def least(contender: Contender) -> Callable[[int], float]:
    """The total from which so many distinct cells of it are found at the level."""
    if contender.maker is Maker.DRAWN:
        return _least_of_draws
    if contender.maker is Maker.SYNTHID:
        return partial(tournament.least, level=LEVEL)
    return _least_greens


def _least_greens(cells: int) -> float:
    return float(binom.isf(LEVEL, cells, GREEN)) + 1 if cells >= LEAST_CELLS else np.inf


def _least_of_draws(cells: int) -> float:
    if cells < LEAST_CELLS:
        return np.inf
    return float(brentq(lambda at: np.log(tail(cells, WEIGHTS, at) / LEVEL), cells, cells + 20 * cells**0.5))


def grams(texts: np.ndarray, length: int) -> np.ndarray:
    """The number of the n-gram that ends at each token, the same for the same in all texts, and -1 before the first."""
    every = np.lib.stride_tricks.sliding_window_view(texts, length, axis=1)
    numbers = np.unique(every.reshape(-1, length), axis=0, return_inverse=True)[1]
    return _padded(numbers.reshape(len(texts), -1), texts, -1).astype(np.int64)


def _padded(values: np.ndarray, texts: np.ndarray, filler: float = 0.0) -> np.ndarray:
    """To the texts' shape, by as much on the left as is missing."""
    values = np.asarray(values, np.float64)
    return np.pad(values, ((0, 0), (texts.shape[1] - values.shape[1], 0)), constant_values=filler)


def _has_been(numbers: np.ndarray) -> np.ndarray:
    """Where a row has had the same number before."""
    found = np.ones(numbers.shape, np.bool_)
    for row, own in enumerate(numbers):
        found[row, np.unique(own, return_index=True)[1]] = False
    return found
