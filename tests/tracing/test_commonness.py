"""How common a value is: among accounts, not among exchanges, and among organisations that are strangers."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.sketch.record import ZONE_SLOTS
from stillwatch.tracing.commonness import PopulationSample, common_skeletons
from stillwatch.tracing.skeleton import Conversations, Keys, Repeated

ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=40)


def rows(pairs: list[tuple[int, int]]) -> Conversations:
    """Conversations of (account, value in the first slot), sorted by account."""
    pairs = sorted(pairs, key=lambda pair: pair[0])
    zones = np.zeros((len(pairs), ZONE_SLOTS), np.uint32)
    zones[:, 0] = [value for _, value in pairs]
    return Conversations(np.array([account for account, _ in pairs], np.int64), zones)


def keys(*values: int) -> Keys:
    return np.array(values, np.uint64)


@given(ROWS)
def test_a_share_is_the_average_accounts(pairs: list[tuple[int, int]]) -> None:
    """Of each account's first eight conversations the fraction that hold the value, averaged over accounts; what no
    two accounts' worth says has half an account's share."""
    of = {account: [v for a, v in pairs if a == account][:8] for account, _ in pairs}
    sample = PopulationSample(6)
    sample.add(rows(pairs))
    expected = [np.mean([values.count(v) / len(values) for values in of.values()]) for v in (1, 2, 3)]
    floor = 0.5 / len(of)
    found = sample.count().share(keys(1, 2, 3))
    worth_counting = [share if share > 1 / len(of) + 1e-12 else floor for share in expected]
    on_the_edge = [abs(share - 1 / len(of)) < 1e-12 for share in expected]
    assert np.allclose(found, worth_counting) or any(on_the_edge)


def test_one_heavy_account_does_not_make_a_value_common() -> None:
    """1,000 conversations of one account among nine others leave the value as rare as if nobody said it."""
    sample = PopulationSample(10)
    sample.add(rows([(0, 7)] * 1000 + [(account, 0) for account in range(1, 10)]))
    assert sample.count().share(keys(7, 8)).tolist() == [0.05, 0.05]


def test_parts_add_up() -> None:
    """Accounts in two parts are one population."""
    pairs = [(account, account % 2 + 1) for account in range(10)]
    whole, halves = PopulationSample(10), PopulationSample(10)
    whole.add(rows(pairs))
    halves.add(rows(pairs[:4]))
    halves.add(rows(pairs[4:]))
    assert halves.count().share(keys(1, 2)).tolist() == whole.count().share(keys(1, 2)).tolist() == [0.5, 0.5]


def test_an_empty_population_knows_nothing_and_divides_by_nothing() -> None:
    """No conversations at all, or none with a value."""
    assert PopulationSample(0).count().share(keys(1)).tolist() == [0.5]
    sample = PopulationSample(2)
    sample.add(rows([(0, 0), (1, 0)]))
    assert sample.count().share(keys(1)).tolist() == [0.25]


def test_units_are_counted_once_however_many_accounts_they_have() -> None:
    """Forty accounts of one organisation are one witness."""
    account = np.array([0, 1, 2, 3, 3])
    repeated = Repeated(account, keys(5, 5, 5, 5, 9), np.full(5, 2))
    found = common_skeletons(repeated, np.array([0, 0, 0, 1]))
    assert found.independent_units(keys(5, 9, 7)).tolist() == [2, 1, 0]


def test_without_a_reference_no_value_has_witnesses() -> None:
    """Not even the largest key."""
    none = np.empty(0, np.int64)
    found = common_skeletons(Repeated(none, keys(), none), none)
    assert found.independent_units(keys(5, 2**37 - 1)).tolist() == [0, 0]
