"""The weights in the tables of docs/families/identity.md are what the code says today."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.tracing.match_weight import (
    ADDRESS,
    API_KEY,
    CLIENT,
    COMPARISONS,
    CREATED,
    MIXED,
    NETWORK,
    PAYMENT,
    Kind,
)


@pytest.mark.parametrize(
    ("kind", "bits"),
    [
        (PAYMENT, {20: 11.3, 100: 9.0, 1_000: 5.6}),
        (API_KEY, {2: 11.3, 100: 5.6}),
        (ADDRESS, {10: 4.6, 40: 2.6, 250: 0.0}),
        (NETWORK, {10: 3.9, 50: 1.6, 150: 0.0}),
        (CLIENT, {1: 2.0, 100: 2.0, 250: 0.7}),
        (CREATED, {1: 2.0}),
        (MIXED, {1: 2.0}),
    ],
)
def test_the_table_of_weights_is_true(kind: Kind, bits: dict[int, float]) -> None:
    """Bits by holders; traits in a log of 1,000 units."""
    found = kind.agreement(np.array(list(bits)), kind.scale or 1_000)
    assert found.round(1).tolist() == list(bits.values())


def test_what_differing_costs_is_true() -> None:
    costs = {comparison.name: round(-comparison.disagreement, 1) for comparison in COMPARISONS}
    assert costs == {"payment": 1.0, "api_key": 0.1, "address": 0.7, "client": 0.6, "created": 0.4, "mixed": 0.0}
