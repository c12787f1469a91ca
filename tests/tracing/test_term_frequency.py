"""How common an identifier is: counted in units, never in exchanges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import ibis
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.tracing.match_weight import CLIENT, KINDS, MIXED, PAYMENT
from stillwatch.tracing.term_frequency import Frequencies, TermFrequencies, mixed_accounts, term_frequencies

from .worlds import known

COLUMNS = tuple(kind.column for kind in KINDS if kind is not MIXED)
UNKNOWN = {kind.column: kind.unknown for kind in KINDS}


def table(rows: Iterable[Mapping[str, int]]) -> ibis.Table:
    """Exchanges of an `account` each; what a row does not say is not known."""
    rows = list(rows)
    columns = {column: [row.get(column, UNKNOWN[column]) for row in rows] for column in COLUMNS}
    columns |= {name: [row.get(name, 0) for row in rows] for name in ("account", "day", "hour")}
    return ibis.memtable(pa.table({name: np.array(values, np.int64) for name, values in columns.items()}))


def counted(rows: Iterable[Mapping[str, int]], units: Mapping[int, int]) -> TermFrequencies:
    """`units`: the unit of each account."""
    accounts = np.array(sorted(units), np.int64)
    return term_frequencies(table(rows), known(accounts, unit=np.array([units[a] for a in sorted(units)], np.int64)))


def test_a_card_counts_once_for_each_unit_that_uses_it() -> None:
    """Accounts 1 and 2 are one organisation; account 3 uses the card a hundred times."""
    rows = [{"account": a, "payment": 7} for a in (1, 2)] + [{"account": 3, "payment": 7}] * 100
    found = counted([*rows, {"account": 4, "payment": 8}, {"account": 5}], {1: 0, 2: 0, 3: 1, 4: 2, 5: 3})["payment"]
    assert (found.values.tolist(), found.holders.tolist(), found.known) == ([7], [2], 3)


@settings(max_examples=15)  # each takes the engine a third of a second
@given(st.lists(st.fixed_dictionaries({"account": st.integers(1, 5), "ip": st.integers(0, 3)}), min_size=1))
def test_frequencies_are_those_of_sets(rows: list[dict[str, int]]) -> None:
    """Accounts 1 and 2 are one unit."""
    units = {1: 0, 2: 0, 3: 1, 4: 2, 5: 3}
    held = {ip: {units[row["account"]] for row in rows if row["ip"] == ip} for ip in (1, 2, 3)}
    found = counted(rows, units)["address"]
    expected = {ip: len(who) for ip, who in held.items() if len(who) > 1}
    assert dict(zip(found.values.tolist(), found.holders.tolist(), strict=True)) == expected
    assert found.known == len(set().union(*held.values()))


def test_what_is_not_listed_has_one_holder() -> None:
    found = Frequencies(np.array([3, 9]), np.array([2, 40]), 100)
    assert found.of(np.array([9, 1, 3, 10])).tolist() == [40, 1, 2, 1]
    assert Frequencies(np.empty(0, np.int64), np.empty(0, np.int64), 0).of(np.array([5])).tolist() == [1]


def test_values_that_most_units_share_are_measured_by_their_share() -> None:
    """Issued identifiers have a scale of their own, unless they turn out to identify nobody; traits never have one."""
    few, most = (Frequencies(np.array([7]), np.array([holders]), 1_000) for holders in (500, 501))
    assert (few.scale(PAYMENT), most.scale(PAYMENT)) == (100_000, 1_000)
    assert few.scale(CLIENT) == most.scale(CLIENT) == 1_000


def test_three_programs_and_three_networks_inside_one_hour_mark_an_account() -> None:
    """Not three programs on one network (an office), nor the same over three hours (a traveller)."""
    proxy = [{"account": 1, "client": n, "network": n} for n in (1, 2, 3)]
    office = [{"account": 2, "client": n, "network": 1} for n in (1, 2, 3)]
    traveller = [{"account": 3, "client": n, "network": n, "hour": n} for n in (1, 2, 3)]
    next_day = [{"account": 4, "client": n, "network": n, "day": n} for n in (1, 2, 3)]
    rows = table([*proxy, *office, *traveller, *next_day])
    assert mixed_accounts(rows).to_pyarrow().column("account").to_pylist() == [1]


def test_marked_units_are_counted_among_those_that_show_a_program() -> None:
    proxies = [{"account": a, "client": n, "network": n} for a in (1, 2) for n in (1, 2, 3)]
    found = counted([*proxies, {"account": 3, "client": 1}, {"account": 4}], {1: 0, 2: 1, 3: 2, 4: 3})["mixed"]
    assert (found.of(np.array([1])).tolist(), found.known) == ([2], 3)
