"""Groups as the families get them, by hand: what a test does not say of an exchange is as usual as can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.sketch.record import LINEAGE_SLOTS, PROJECTION_DIMENSIONS, Flag
from stillwatch.stats import binomial, conformal
from stillwatch.tracing.family import Group

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def group(unit: Ints, units: int | None = None, **columns: NDArray[Any]) -> Group:
    """Exchanges of these units, each unit one account, each exchange a conversation of one turn of its own."""
    rows = len(unit)
    numbers = np.arange(1, rows + 1)
    usual: dict[str, NDArray[Any]] = {
        "projection": np.ones((rows, PROJECTION_DIMENSIONS), np.int8),
        "lineage": np.zeros((rows, LINEAGE_SLOTS), np.uint32),
        "flags": np.full(rows, Flag.HAS_BODY),
        "messages": np.ones(rows, np.int64),
        "max_tokens": np.full(rows, -1),
        "temperature": np.full(rows, -1),
        "prompt_chars": np.full(rows, -1),
        "output_tokens": np.full(rows, -1),
        **dict.fromkeys(("conversation", "exchange_id", "payload"), numbers),
        **{name: np.zeros(rows, np.int64) for name in ("intent", "parameters", "choices", "tools")},
    }
    count = int(unit.max(initial=-1)) + 1 if units is None else units
    return Group(unit.astype(np.int64), unit.astype(np.int64), count, np.ones(rows, np.bool_), usual | columns)


def in_order(one: Group, order: Ints) -> Group:
    """The same exchanges in another order."""
    columns = {name: column[order] for name, column in one.columns.items()}
    return Group(one.account[order], one.unit[order], one.units, one.carries[order], columns)


def renamed(one: Group, names: Ints) -> Group:
    """Unit u is called `names[u]`; its accounts keep their names."""
    return replace(one, unit=names[one.unit])


def same(left: Floats, right: Floats) -> bool:
    """Whether scores agree but for rounding."""
    return bool(np.allclose(left, right, rtol=1e-9, atol=1e-12, equal_nan=True))


ALPHA = 0.1
SO_MANY = (
    1e-4  # chance that a correct family fails one such test, at most: seeds are fixed, so it fails never or always
)


def are_surprising(subjects: Floats, honest: Floats) -> bool:
    """Whether more of `subjects` than chance allows are among the highest tenth of `honest`, which are independent."""
    hits = int((conformal.p_values(subjects, honest) <= ALPHA).sum())
    return binomial.chance_of_so_many(hits, len(subjects), ALPHA) < SO_MANY
