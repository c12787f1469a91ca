"""What moved between two models' distributions, cell by cell."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from stillwatch.audit.candidates import candidates
from stillwatch.audit.finding import Finding, Refused
from stillwatch.audit.protocol import Mode
from stillwatch.audit.reading import moved, read
from stillwatch.errors import UsageError
from stillwatch.watermark.layers import Layers

from .test_radioactivity import COMMITMENTS, KEYS, NOTHING, PLAN, WRONG

READING = msgspec.structs.replace(PLAN, mode=Mode.READING, reference="its base", keys=COMMITMENTS)
CANDIDATES = candidates(KEYS, layered=False)
CONTEXTS = np.repeat(np.arange(200, dtype=np.uint64), 2)


def spoken(seed: int, leaning: float = 0.0) -> np.ndarray:
    """Distributions at 400 places over 64 tokens, leaning towards the second key's green."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 0.05, (200, 64)) + leaning * (Layers(KEYS[1]).rows(CONTEXTS[::2], 64) < 64)
    weights = np.exp(logits)
    return np.repeat(weights / weights.sum(axis=1, keepdims=True), 2, axis=0)


def test_places_with_one_context_are_summed_into_one_cell() -> None:
    found = moved(np.array([5, 5, 7], np.uint64), np.eye(3), np.zeros((3, 3)))
    assert list(zip(found.cells.contexts.tolist(), found.cells.tokens.tolist(), found.weights, strict=True)) == [
        (5, 0, 1.0),
        (5, 1, 1.0),
        (7, 2, 1.0),
    ]


def test_only_the_cells_that_moved_most_are_kept() -> None:
    found = moved(np.array([1], np.uint64), np.array([[0.1, 0.7, 0.2]]), np.zeros((1, 3)), most=2)
    assert found.cells.tokens.tolist() == [1, 2]


def test_a_suspect_that_moved_towards_green_is_found_and_the_control_is_not() -> None:
    base = spoken(1)
    found = read(
        READING, moved(CONTEXTS, spoken(2, 0.1), base), moved(CONTEXTS, spoken(3), base), NOTHING, CANDIDATES, WRONG
    )
    assert isinstance(found, Finding)
    assert found.keys[1].adjusted < 1e-6
    assert min(found.keys[0].adjusted, found.keys[2].adjusted) > 0.01


def test_a_suspect_that_did_not_move_cannot_be_judged() -> None:
    base = spoken(1)
    found = read(READING, moved(CONTEXTS, base, base), moved(CONTEXTS, spoken(3), base), NOTHING, CANDIDATES, WRONG)
    assert isinstance(found, Refused)
    assert found.reasons[0].startswith("cannot tell")


def test_a_plan_to_ask_is_no_plan_to_read() -> None:
    base = spoken(1)
    one = moved(CONTEXTS, spoken(2), base)
    found = read(PLAN, one, one, NOTHING, CANDIDATES, WRONG)
    assert isinstance(found, Refused)
    assert "to ask for answers" in found.reasons[0]


def test_what_is_no_pair_of_distributions_is_refused() -> None:
    base = spoken(1)
    with pytest.raises(UsageError, match="have shape"):
        moved(CONTEXTS, base[:, 1:], base)
    broken = base.copy()
    broken[0, 0] = np.nan
    with pytest.raises(UsageError, match="no number"):
        moved(CONTEXTS, broken, base)
