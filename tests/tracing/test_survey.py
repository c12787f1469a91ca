"""The first pass: accounts rolled up as counted by hand, units that are never confused, sharing between units."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import ibis
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.sketch.record import COLUMN_NAMES, Flag, Intent
from stillwatch.tracing.rules import hits
from stillwatch.tracing.strata import traits
from stillwatch.tracing.survey import (
    account_strata,
    accounts,
    fixed_bytes,
    sharing_rates,
    slot_values,
    survey,
    templated_share,
)

from .worlds import known, sketch_rows

ROWS = 3000


@pytest.fixture(scope="module")
def columns() -> dict[str, NDArray[np.int64]]:
    """Rows of about 40 accounts, half of them in six organisations."""
    rng = np.random.default_rng(141)
    account = rng.integers(1, 41, ROWS) * 10**15
    return {
        "account": account,
        "organization": np.where(account % (2 * 10**15) == 0, account // 10**15 % 6 + 1, 0),
        "ts_us": rng.integers(0, 2**50, ROWS),
        "flags": rng.integers(0, Flag.MANY_BIASED * 2, ROWS),
        "intent": rng.integers(0, Intent.EXTRACTION * 2, ROWS),
        "temperature": rng.choice([-1, 0, 70], ROWS),
        "choices": rng.integers(0, 40, ROWS),
        "input_tokens": rng.integers(-1, 500, ROWS),
        "output_tokens": rng.integers(-1, 500, ROWS),
        "ip": rng.integers(0, 60, ROWS),
        "network": rng.integers(0, 10, ROWS),
        "payment": np.zeros(ROWS, np.int64),
    }


def ledger_of(columns: dict[str, NDArray[np.int64]]) -> ibis.Table:
    """A ledger with these columns; the others are 0."""
    rows = len(columns["account"])
    given = columns | {"day": columns["ts_us"] // 86_400_000_000}
    return ibis.memtable(pa.table({name: given.get(name, np.zeros(rows, np.int64)) for name in COLUMN_NAMES}))


def test_accounts_are_rolled_up_as_by_hand(columns: dict[str, NDArray[np.int64]]) -> None:
    """Counts, first and last, tokens (an unknown number is none), traits and rules, account by account."""
    found = accounts(ledger_of(columns))
    shown = traits(columns["flags"], columns["intent"], columns["temperature"])
    hit = hits(columns["flags"], columns["intent"], columns["choices"])
    assert found.account.tolist() == sorted(set(columns["account"].tolist()))
    assert len(found) == len(found.account)
    for index, account in enumerate(found.account):
        mine = columns["account"] == account
        assert found.exchanges[index] == mine.sum()
        assert (found.first_us[index], found.last_us[index]) == (
            columns["ts_us"][mine].min(),
            columns["ts_us"][mine].max(),
        )
        assert found.output_tokens[index] == np.maximum(columns["output_tokens"][mine], 0).sum()
        assert {name: values[index] for name, values in found.traits.items()} == {
            name: values[mine].sum() for name, values in shown.items()
        }
        assert {name: values[index] for name, values in found.rules.items()} == {
            name: values[mine].sum() for name, values in hit.items()
        }
    assert found.seen == {
        name: int((columns["flags"] & bit != 0).sum())
        for name, bit in {
            "body": Flag.HAS_BODY,
            "response": Flag.HAS_RESPONSE,
            "headers": Flag.HAS_HEADERS,
            "network": Flag.HAS_NETWORK,
        }.items()
    }


def test_a_unit_is_an_organisation_or_an_account_without_one() -> None:
    """Two accounts of one organisation are one unit; an account whose pseudonym equals an organisation's is its own."""
    rows = {name: np.zeros(4, np.int64) for name in ("ts_us", "flags", "intent", "temperature", "choices")}
    rows |= {"account": np.array([1, 2, 3, 7]), "organization": np.array([7, 7, 0, 0])}
    rows |= dict.fromkeys(("input_tokens", "output_tokens"), np.zeros(4, np.int64))
    unit = accounts(ledger_of(rows)).unit
    assert unit[0] == unit[1]
    assert len(set(unit.tolist())) == 3
    assert set(unit.tolist()) == {0, 1, 2}


def test_sharing_rates_are_counted_in_units(columns: dict[str, NDArray[np.int64]]) -> None:
    """Of the units with a known identifier, those that share one with another unit; unknown kinds have rate 0."""
    table = ledger_of(columns)
    found = sharing_rates(table, accounts(table))
    for kind in ("ip", "network"):
        users = defaultdict(set)
        for account, organization, value in zip(
            columns["account"], columns["organization"], columns[kind], strict=True
        ):
            if value:
                users[value].add(int(organization or account))
        known_units = set().union(*users.values())
        sharing = set().union(*(who for who in users.values() if len(who) > 1))
        assert found[kind] == pytest.approx(len(sharing) / len(known_units))
    assert found["payment"] == 0.0


def test_parts_of_whole_accounts_are_one_survey() -> None:
    """Cut between accounts, the log gives what it gives whole; an empty part gives nothing."""
    rng = np.random.default_rng(142)
    account = np.repeat(np.arange(1, 7), 10)
    table = sketch_rows(account, rng.permutation(60), np.zeros(60), rng.integers(0, 3, (60, 32)).astype(np.uint32))
    found = known(np.arange(1, 7))
    whole, parts = survey(found, [table]), survey(found, [table[:20], table[20:20], table[20:50], table[50:]])
    assert whole.conversations.tolist() == parts.conversations.tolist()
    for name in ("account", "key", "support"):
        assert getattr(whole.repeated, name).tolist() == getattr(parts.repeated, name).tolist()
    assert whole.population.shares.tolist() == pytest.approx(parts.population.shares.tolist())


def test_no_parts_are_an_empty_survey() -> None:
    """An empty log has accounts without conversations."""
    found = survey(known(np.arange(3)), [])
    assert found.conversations.tolist() == [0, 0, 0]
    assert templated_share(found).tolist() == [0.0, 0.0, 0.0]


def test_the_templated_share_is_that_of_the_most_repeated_value() -> None:
    """Three of four conversations of one account, none of another's."""
    zones = np.arange(1, 5 * 32 + 1, dtype=np.uint32).reshape(5, 32)
    zones[:3, 4] = 7
    table = sketch_rows(np.array([1, 1, 1, 1, 2]), np.arange(5), np.zeros(5), zones)
    assert templated_share(survey(known(np.array([1, 2])), [table])).tolist() == [0.75, 0.0]


def test_each_account_gets_the_stratum_of_its_shares() -> None:
    """Shares are of its own exchanges."""
    none = np.zeros(2, np.int64)
    counted = dict.fromkeys(("embedding", "dialogue", "closed_schema", "reproducible", "context"), none)
    counted |= dict.fromkeys(("extraction", "translation"), none) | {"tool_turns": np.array([1, 1])}
    found = known(np.arange(2), exchanges=np.array([5, 50]), traits=counted)
    assert account_strata(found, np.array([1.0, 1.0])) == ["agent", "batch"]


@pytest.mark.parametrize("chunks", [[5], [2, 3], [0, 1, 4]])
def test_packed_columns_are_read_through_chunks_and_slices(chunks: list[int]) -> None:
    """Whatever lies before the slice and however the column is cut."""
    zones = np.arange(7 * 32, dtype=np.uint32).reshape(7, 32)
    table = sketch_rows(np.arange(7), np.arange(7), np.zeros(7), zones)[1:6]
    edges = np.cumsum([0, *chunks])
    cut = pa.concat_tables([table[a:b] for a, b in pairwise(edges)])
    assert (slot_values(cut, "zones", 32) == zones[1:6]).all()
    assert fixed_bytes(table[:0], "zones").tolist() == []
