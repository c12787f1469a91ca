"""Pairs of units of a whole ledger: Splink's weights, which our own arithmetic must reproduce."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import ibis
import numpy as np
import pyarrow as pa
import pytest

from stillwatch.tracing.family import Group
from stillwatch.tracing.holdings import holdings
from stillwatch.tracing.identity import Identity, bits
from stillwatch.tracing.linkage import HOLDERS_AT_MOST, fitted, linked, pairs, records
from stillwatch.tracing.match_weight import KINDS, MIXED
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.term_frequency import TermFrequencies, term_frequencies

from .worlds import known

ACCOUNT = 100  # the pseudonym of unit 0's account; others follow
COLUMNS = tuple(kind.column for kind in KINDS if kind is not MIXED)
UNKNOWN = {kind.column: kind.unknown for kind in KINDS}


def ledger(rows: Iterable[Mapping[str, int]]) -> tuple[ibis.Table, Accounts]:
    """Exchanges as a ledger's table, one account a `unit`; what a row does not say is not known."""
    rows = list(rows)
    columns = {column: [row.get(column, UNKNOWN[column]) for row in rows] for column in COLUMNS}
    columns |= {name: [row.get(name, 0) for row in rows] for name in ("day", "hour")}
    account = np.array([ACCOUNT + row["unit"] for row in rows], np.int64)
    table = pa.table({"account": account} | {name: np.array(v, np.int64) for name, v in columns.items()})
    return ibis.memtable(table), known(np.unique(account))


def counted(rows: Iterable[Mapping[str, int]]) -> tuple[pa.Table, TermFrequencies]:
    table, found = ledger(rows)
    return records(table, found), term_frequencies(table, found)


def group_of(rows: pa.Table) -> Group:
    """The records as a group with one exchange a unit."""
    columns = {k.column: rows.column(k.name).fill_null(k.unknown).to_numpy() for k in KINDS if k is not MIXED}
    unit = np.arange(len(rows))
    columns["ts_us"] = np.zeros(len(rows), np.int64)
    return Group(unit, unit, len(rows), np.ones(len(rows), np.bool_), columns)


# -- one arithmetic, twice -----------------------------------------------------------------------------------------


def shown(seed: int, units: int) -> list[dict[str, int]]:
    """One exchange a unit; one value in five is its neighbour's, the others are mostly its own, some not known."""
    rng = np.random.default_rng(seed)
    own = np.where(rng.random((units, len(COLUMNS))) < 0.1, 0, rng.integers(1, 8 * units, (units, len(COLUMNS))))
    own[1:] = np.where(rng.random((units - 1, len(COLUMNS))) < 0.2, own[:-1], own[1:])
    return [dict(zip(COLUMNS, row, strict=True)) for row in own.tolist()]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_our_weights_are_splinks(seed: int) -> None:
    """Every pair that Splink looks at, with values of all rarities: agreeing, different and unknown."""
    rows, frequencies = counted(row | {"unit": unit} for unit, row in enumerate(shown(seed, units=300)))
    theirs = pairs(rows, frequencies, -100.0)
    assert len(theirs.bits) > 100  # some agree on several kinds, and differ in others
    held = holdings(group_of(rows), frequencies)
    np.testing.assert_allclose(bits(held, theirs.left, theirs.right), theirs.bits, atol=1e-9)


def test_a_pair_on_a_rare_card_weighs_the_same_in_both() -> None:
    """log2(0.5 / 0.0002) = 11.29, less what different keys, addresses, programs and days take off: 1.77."""
    rows, frequencies = counted([*strangers(0, 2, payment=7), *strangers(2, 4)])
    theirs = pairs(rows, frequencies, 0.0)
    assert theirs.bits.round(2).tolist() == [9.52]
    assert Identity().scores(group_of(rows), frequencies, np.random.default_rng(0)).round(2).tolist() == [
        9.52,
        9.52,
        0,
        0,
        0,
        0,
    ]


# -- whom it finds -------------------------------------------------------------------------------------------------


def strangers(first: int, units: int, **shared: int) -> list[dict[str, int]]:
    """One exchange a unit, with identifiers of its own but for those that are shared."""
    own = [dict.fromkeys(COLUMNS, 1000 + 10 * unit) for unit in range(first, first + units)]
    return [{"unit": first + place} | row | shared for place, row in enumerate(own)]


def test_units_on_one_card_are_found_in_a_ledger_and_neighbours_are_not() -> None:
    """Three on a card, thirty on a campus, a hundred others."""
    rows = [*strangers(0, 3, payment=7), *strangers(3, 30, ip=8, network=9), *strangers(33, 100)]
    table, found = ledger(rows)
    links = linked(table, found, term_frequencies(table, found))
    assert list(zip(links.left.tolist(), links.right.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]


def test_two_accounts_of_one_unit_are_no_pair() -> None:
    table, found = ledger([*strangers(0, 3, payment=7), *strangers(3, 6)])
    one = Accounts(**(vars(found) | {"unit": np.maximum(np.arange(9) - 2, 0)}))
    assert len(linked(table, one, term_frequencies(table, one), -100.0).left) == 0


def test_a_value_of_too_many_is_not_compared_in_pairs() -> None:
    """A marketplace's card: half a million pairs and more."""
    crowd = HOLDERS_AT_MOST + 1
    table, found = ledger([*strangers(0, crowd, payment=7), *strangers(crowd, crowd)])
    assert len(linked(table, found, term_frequencies(table, found), -100.0).left) == 0


def test_a_unit_is_represented_by_what_it_uses_most() -> None:
    """The smallest of several used as often; null for what it never shows."""
    rows, _ = counted([{"unit": 0, "ip": 5}, {"unit": 0, "ip": 5}, {"unit": 0, "ip": 4}, {"unit": 1, "ip": 9}])
    assert rows.column("address").to_pylist() == [5, 9]
    rows, _ = counted([{"unit": 0, "ip": 6}, {"unit": 0, "ip": 4}])
    assert rows.column("address").to_pylist() == [4]
    assert rows.column("payment").to_pylist() == [None]


def test_a_ledger_in_which_nobody_shares_has_no_pairs() -> None:
    table, found = ledger(strangers(0, 5))
    assert len(linked(table, found, term_frequencies(table, found), -100.0).left) == 0


# -- what EM makes of it -------------------------------------------------------------------------------------------

HANDS = 1_500


def test_em_finds_m_where_all_pairs_are_of_one_hand() -> None:
    """Of 1,500 pairs, each on its own card, 30 % share an address. Tolerance: five standard deviations of it."""
    rng = np.random.default_rng(3)
    rows = strangers(0, 2 * HANDS)
    together = rng.random(HANDS) < 0.3
    for unit, row in enumerate(rows):
        row["payment"] = 10 + unit // 2
        row["ip"], row["network"] = (row["ip"], row["network"]) if not together[unit // 2] else (unit // 2 + 1,) * 2
    estimates = fitted(*counted(rows))["address"]
    assert abs(estimates[0] - 0.3) < 5 * math.sqrt(0.3 * 0.7 / HANDS)


def test_em_learns_nothing_where_nobody_shares() -> None:
    assert fitted(*counted(strangers(0, 6))) == {}


def test_splinks_log_is_left_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    """Its warnings about kinds that a log does not show are no news; those of others stay on."""
    fitted(*counted(strangers(0, 6, payment=7)))
    assert caplog.records == []
