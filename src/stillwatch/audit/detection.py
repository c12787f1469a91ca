"""Under whose key was a text made? Exact p-values of every candidate, and where in each text its mark is.

All texts are one piece of evidence: a cell counts once in all of them. `detect` has the null; what is added is that
each key is looked for in its own contexts, and that a text of too few cells is answered with "cannot tell".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.span import drawn_spans, spans
from stillwatch.watermark.cells import Cells, cells_of, first_cells_of
from stillwatch.watermark.contexts import Tokens, contexts_of
from stillwatch.watermark.detect import LEAST_CELLS, Score, family, score
from stillwatch.watermark.draws import DrawScore, scored_draws, surprise
from stillwatch.watermark.keys import MarkKey
from stillwatch.watermark.scheme import Kind, Scheme


@dataclass(frozen=True, slots=True)
class Detected:
    """One key: its score and its p-value among all candidates, None for both where nobody can tell."""

    key: MarkKey
    score: Score | DrawScore
    adjusted: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """Tokens `first` to `last` of a text, counted from 0, that carry a key's mark; `p` for having looked everywhere."""

    text: int
    first: int
    last: int
    p: float


def detected(texts: Sequence[Tokens], candidates: Sequence[Candidate]) -> list[Detected]:
    """Every candidate; they have one scheme. Keys that cannot be judged take no part in the correction.

    Where the scheme draws, each text is taken for one answer.
    """
    cells = _counted(texts, candidates[0].key.scheme)
    scores = _scores(cells, candidates)
    adjusted = iter(family([one.p for one in scores if one.p is not None]))
    return [
        Detected(candidate.key, one, None if one.p is None else next(adjusted))
        for candidate, one in zip(candidates, scores, strict=True)
    ]


def _counted(texts: Sequence[Tokens], scheme: Scheme) -> Cells:
    count = first_cells_of if scheme.kind is Kind.GUMBEL else cells_of
    return count(texts, scheme.window)


def _scores(cells: Cells, candidates: Sequence[Candidate]) -> list[Score | DrawScore]:
    """Which cells are a key's own depends on its fleet and layer alone: found once for a million accounts."""
    owned: dict[tuple[int, bool], Cells] = {}
    found = []
    for candidate in candidates:
        layer = id(candidate.fleet), candidate.key.account == ""
        if layer not in owned:
            own = candidate.is_own(cells)
            owned[layer] = Cells(cells.contexts[own], cells.tokens[own])
        found.append(_score(owned[layer], candidate))
    return found


def _score(cells: Cells, candidate: Candidate) -> Score | DrawScore:
    scheme = candidate.key.scheme
    if scheme.kind is Kind.GUMBEL:
        return scored_draws(cells, candidate.key)
    return score(len(cells), int(candidate.greens(cells).sum()), scheme.gamma)


def places(texts: Sequence[Tokens], candidate: Candidate, level: float) -> list[Place]:
    """Where a key's mark is; `level` is for all of the texts together."""
    return [
        Place(number, first, last, p)
        for number, text in enumerate(texts)
        for first, last, p in _places(text, candidate, level / len(texts))
    ]


def _places(text: Tokens, candidate: Candidate, level: float) -> list[tuple[int, int, float]]:
    scheme = candidate.key.scheme
    at = _first_places(contexts_of(text, scheme.window), text[scheme.window :], scheme)
    cells = Cells(contexts_of(text, scheme.window)[at], text[scheme.window :][at].astype(np.uint64))
    own = candidate.is_own(cells)
    if own.sum() < LEAST_CELLS:
        return []
    cells, at = Cells(cells.contexts[own], cells.tokens[own]), at[own] + scheme.window
    if scheme.kind is Kind.GUMBEL:
        found = drawn_spans(surprise(cells, candidate.key), level)
    else:
        found = spans(candidate.greens(cells), scheme.gamma, level)
    return [(int(at[span.first]), int(at[span.last]), span.p) for span in found]


def _first_places(contexts: np.ndarray, tokens: np.ndarray, scheme: Scheme) -> np.ndarray:
    """Where each cell that counts first stands, in order: of a context that draws, only the first was drawn."""
    if scheme.kind is Kind.GUMBEL:
        _, first = np.unique(contexts, return_index=True)
    else:
        _, first = np.unique(np.stack((contexts, tokens.astype(np.uint64))), axis=1, return_index=True)
    return np.sort(first)
