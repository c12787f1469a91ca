"""MMD against its definition, and against rows of the same and of another law."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.evaluation.kernel import Discrepancy, unit_rows


def rows(seed: int, count: int, shift: float = 0.0) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    rng = np.random.default_rng(seed)
    return unit_rows(np.clip(rng.normal(shift, 30, (count, 64)), -127, 127).astype(np.int8))


def test_the_estimate_is_the_sum_over_pairs() -> None:
    reference, own = rows(1, 30), rows(2, 12, 20.0)
    against = Discrepancy.to(reference)

    def k(x: np.ndarray, y: np.ndarray) -> float:  # type: ignore[type-arg]  # of any numbers
        return float(np.exp(-((x.astype(float) - y) ** 2).sum() / (2 * against.bandwidth**2)))

    among = [k(own[i], own[j]) for i in range(12) for j in range(12) if i != j]
    inside = [k(reference[i], reference[j]) for i in range(30) for j in range(30) if i != j]
    across = [k(x, y) for x in own for y in reference]
    assert against.unbiased(own) == pytest.approx(np.mean(among) + np.mean(inside) - 2 * np.mean(across), abs=1e-5)


def test_it_is_near_zero_for_the_same_law_however_few_rows() -> None:
    against = Discrepancy.to(rows(1, 400))
    few, many = ([against.unbiased(rows(seed, count)) for seed in range(10, 40)] for count in (10, 100))
    assert abs(np.mean(few)) < 3 * np.std(few) / np.sqrt(30) + 1e-3
    assert abs(np.mean(many)) < 3 * np.std(many) / np.sqrt(30) + 1e-3
    assert min(against.unbiased(rows(seed, 50, 20.0)) for seed in range(10)) > max(few)
