"""The second pass: what each candidate's accounts sent, thinned fairly, and which rows open conversations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.campaigns.gather import (
    ROWS_PER_ACCOUNT,
    Carried,
    evenly,
    gather,
    is_carried,
    matched_keys,
)
from stillwatch.sketch.record import PROJECTION_DIMENSIONS, SLOTS_PER_ZONE, ZONE_SLOTS, Flag
from stillwatch.tracing.skeleton import Keys, keys_of
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import CARRIED_VALUES, Candidate

from .logs import accounts, exchanges

Ints = NDArray[np.int64]

NO_KEYS: Keys = np.empty(0, np.uint64)
WORDS = np.arange(101, 101 + SLOTS_PER_ZONE, dtype=np.uint32)
"""Values of a wrapper in the first zone."""


def wrapper(*members: int) -> Candidate:
    zones = np.zeros((1, ZONE_SLOTS), np.uint32)
    zones[0, :SLOTS_PER_ZONE] = WORDS
    return Candidate(np.array(members), np.sort(keys_of(zones)[zones != 0]), 1)


def worded(rows: int, carried: NDArray[np.bool_]) -> NDArray[np.uint32]:
    zones = np.random.default_rng(1).integers(1000, 2**32, (rows, ZONE_SLOTS), np.uint32)
    zones[carried, :SLOTS_PER_ZONE] = WORDS
    return zones


def gathered(candidate: Candidate, log: pa.Table, found: Accounts) -> Carried:
    (only,) = gather([candidate], found, [log])
    return only


def opened(carried: Carried) -> list[tuple[int, int]]:
    """Account and conversation of the rows that open one, in order."""
    opens = carried.columns["opens"].astype(bool)
    return sorted(zip(carried.account[opens].tolist(), carried.columns["conversation"][opens].tolist(), strict=True))


def dialogues(account: Ints, conversation: Ints, turn: Ints, **columns: Any) -> pa.Table:
    """Exchanges by turn, counted from 0; later ones have an assistant's turn before them."""
    return exchanges(account, conversation=conversation, flags=np.where(turn > 0, Flag.ASSISTANT_TURNS, 0), **columns)


def test_one_row_of_each_conversation_opens_it() -> None:
    """Its first turn, whatever the order of the log; the same conversation of two accounts is two."""
    account, conversation, turn = (grid.ravel() for grid in np.meshgrid([1, 2, 3], [11, 12], [0, 1, 2], indexing="ij"))
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(account))
        log = dialogues(account[order], conversation[order], turn[order])
        carried = gathered(Candidate(np.array([0, 2]), NO_KEYS, 0), log, accounts(3))
        assert opened(carried) == [(0, 11), (0, 12), (2, 11), (2, 12)]
        assert not (carried.columns["flags"][carried.columns["opens"].astype(bool)] & Flag.ASSISTANT_TURNS).any()
        assert len(carried.account) == len(carried.when) == 12


def test_a_conversation_without_its_beginning_is_opened_by_a_later_turn() -> None:
    """A log that starts in the middle of a dialogue shows it once."""
    log = dialogues(np.array([1, 1, 1]), np.array([5, 5, 6]), np.array([1, 2, 0]))
    assert opened(gathered(Candidate(np.array([0]), NO_KEYS, 0), log, accounts(1))) == [(0, 5), (0, 6)]


def test_only_what_carries_the_words_opens() -> None:
    """A conversation of cover is counted and not kept."""
    carried_rows = np.array([True, False, True, False])
    log = exchanges(np.array([1, 1, 2, 2]), conversation=np.arange(4), zones=worded(4, carried_rows))
    carried = gathered(wrapper(0, 1), log, accounts(2))
    assert opened(carried) == [(0, 0), (1, 2)]
    assert (len(carried.account), len(carried.when), int(carried.carries.sum())) == (2, 4, 2)


def test_without_words_all_that_asks_is_looked_at_and_indexed_texts_are_not() -> None:
    embedding = 2
    log = exchanges(np.array([1, 1, 2]), conversation=np.arange(3), flags=np.array([0, embedding, 0]))
    assert opened(gathered(Candidate(np.array([0, 1]), NO_KEYS, 0), log, accounts(2))) == [(0, 0), (1, 2)]


def test_candidates_get_their_own_rows_from_every_part() -> None:
    """And nobody else's; one without any rows is empty and has all columns."""
    parts = [exchanges(np.array([1, 1, 2])), exchanges(np.array([3, 4])), exchanges(np.empty(0, np.int64))]
    members = [Candidate(np.array(some), NO_KEYS, 0) for some in ([0, 2], [1], [4])]
    found = gather(members, accounts(5), parts)
    assert [sorted(one.account.tolist()) for one in found] == [[0, 0, 2], [1], []]
    assert found[2].columns.keys() == found[0].columns.keys()
    assert found[2].columns["projection"].shape == (0, PROJECTION_DIMENSIONS)


def test_openings_and_later_turns_are_thinned_apart() -> None:
    """Long dialogues leave room for the openings; what is left out is counted."""
    conversation, turn = (grid.ravel() for grid in np.meshgrid(np.arange(100), np.arange(20), indexing="ij"))
    log = dialogues(np.ones(len(turn), np.int64), conversation, turn)
    carried = gathered(Candidate(np.array([0]), NO_KEYS, 0), log, accounts(1))
    assert len(opened(carried)) == 100
    assert len(carried.account) - 100 <= ROWS_PER_ACCOUNT
    assert len(carried.when) == len(turn)


def test_a_part_of_what_was_gathered_is_what_these_accounts_sent() -> None:
    carried = gathered(Candidate(np.array([0, 1]), NO_KEYS, 0), exchanges(np.array([1, 1, 2])), accounts(2))
    part = carried.of(np.array([0]))
    assert (part.account.tolist(), part.who.tolist(), part.columns["opens"].shape) == ([0, 0], [0, 0], (2,))


def test_words_are_known_by_slot_and_value() -> None:
    """The same value in another slot is another word."""
    keys = wrapper(0).keys
    zones = np.zeros((3, ZONE_SLOTS), np.uint32)
    zones[0, :SLOTS_PER_ZONE], zones[1, 1 : SLOTS_PER_ZONE + 1], zones[2, 1] = WORDS, WORDS, WORDS[1]
    matched = matched_keys(zones, keys)
    assert matched[0, :SLOTS_PER_ZONE].tolist() == list(range(1, SLOTS_PER_ZONE + 1))
    assert not matched[1].any()
    assert matched[2].nonzero()[0].tolist() == [1]
    assert not matched_keys(zones, NO_KEYS).any()


def test_enough_words_of_one_zone_carry() -> None:
    """As many in two zones together are none's."""
    matched = np.zeros((3, ZONE_SLOTS), np.int32)
    matched[0, :CARRIED_VALUES] = 1
    matched[1, : CARRIED_VALUES - 1] = 1
    matched[2, SLOTS_PER_ZONE - CARRIED_VALUES + 1 : SLOTS_PER_ZONE + 1] = 1
    assert is_carried(matched).tolist() == [True, False, False]


@pytest.mark.parametrize("at_most", [1, 7, 100])
def test_rows_are_kept_evenly_over_time(at_most: int) -> None:
    """No account has more than it may, each has some, and the gaps between kept ones are alike."""
    rng = np.random.default_rng(at_most)
    account = rng.permutation(np.repeat([0, 3, 4], [1000, 5, 60]))
    when = rng.permutation(len(account))
    kept = evenly(account, when, at_most)
    sizes = np.bincount(account[kept], minlength=5)
    assert (sizes <= at_most).all()
    assert (sizes[[0, 3, 4]] > 0).all()
    place = np.argsort(np.argsort(when[account == 0]))
    assert len(np.unique(np.diff(np.sort(place[np.isin(np.flatnonzero(account == 0), kept)])))) <= 1
