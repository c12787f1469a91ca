"""The skeleton miner counts exactly, over conversations and not over turns, with a bound on both."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillwatch.sketch.record import SLOTS_PER_ZONE, ZONE_SLOTS, Flag
from stillwatch.tracing import skeleton
from stillwatch.tracing.skeleton import (
    CONVERSATIONS_AT_MOST,
    Conversations,
    distinct_conversations,
    joined,
    keys_of,
    mine,
    value_of,
    zone_of,
)
from stillwatch.tracing.survey import Survey, survey

from .worlds import known, sketch_rows

VALUES = st.integers(0, 3)  # few, so that they repeat; 0 is an empty slot
CONVERSATIONS = st.lists(st.tuples(st.integers(0, 4), st.lists(VALUES, min_size=4, max_size=4)), max_size=40)


def at_both_ends(values: list[list[int]]) -> NDArray[np.uint32]:
    """Rows of slots with two values in the first slots and two in the last, one of them the largest there is."""
    zones = np.zeros((len(values), ZONE_SLOTS), np.uint32)
    if values:
        zones[:, [0, 1, ZONE_SLOTS - 2, ZONE_SLOTS - 1]] = np.array(values, np.uint32) * np.uint32(2**32 // 3)
    return zones


def test_of_equal_conversations_the_first_rows_stand() -> None:
    """On every machine: an unstable sort of equal values leaves them as its vector instructions happen to."""
    rows = 2 * CONVERSATIONS_AT_MOST
    conversation = np.repeat([2, 1], CONVERSATIONS_AT_MOST)
    chosen = distinct_conversations(np.zeros(rows, np.int64), conversation, np.zeros(rows, bool))
    assert chosen.tolist() == list(range(CONVERSATIONS_AT_MOST, rows))


@given(CONVERSATIONS, st.integers(1, 9))
def test_mining_is_counting(rows: list[tuple[int, list[int]]], slice_rows: int) -> None:
    """Every (account, slot, value) that comes at least twice, with its count; whole accounts at a time, so few or many
    rows in a slice give the same."""
    rows = sorted(rows, key=lambda row: row[0])
    zones = at_both_ends([values for _, values in rows])
    expected = Counter(
        (account, (slot << 32) + int(value))
        for (account, _), row in zip(rows, zones, strict=True)
        for slot, value in enumerate(row)
        if value
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skeleton, "_SORT_ROWS", slice_rows)
        found = mine(Conversations(np.array([account for account, _ in rows], np.int64), zones))
    triples = list(zip(found.account.tolist(), found.key.tolist(), found.support.tolist(), strict=True))
    assert triples == sorted((account, key, n) for (account, key), n in expected.items() if n >= 2)


def test_no_conversations_repeat_nothing() -> None:
    """An empty part is a part."""
    found = mine(Conversations(np.empty(0, np.int64), np.empty((0, ZONE_SLOTS), np.uint32)))
    assert len(found.account) == len(found.key) == len(found.support) == 0


def test_parts_of_different_accounts_are_one_table() -> None:
    """In the order given."""
    first, second = (mine(Conversations(np.array([a, a]), np.full((2, ZONE_SLOTS), 7, np.uint32))) for a in (1, 2))
    assert joined([first, second]).account.tolist() == [1] * ZONE_SLOTS + [2] * ZONE_SLOTS


def test_a_key_knows_its_zone_and_value() -> None:
    """Slot position above, value below."""
    keys = keys_of(np.arange(1, ZONE_SLOTS + 1, dtype=np.uint32)[None])
    assert zone_of(keys[0]).tolist() == [slot // SLOTS_PER_ZONE for slot in range(ZONE_SLOTS)]
    assert value_of(keys[0]).tolist() == list(range(1, ZONE_SLOTS + 1))


class TestConversations:
    """What counts as once: a dialogue, however many turns of it are in the log."""

    TEMPLATE = np.arange(1, ZONE_SLOTS + 1, dtype=np.uint32)

    def surveyed(self, rows: list[tuple[int, int, int]]) -> Survey:
        """Of (account, conversation, flags) rows that all carry the same values."""
        account, conversation, flags = (np.array(column, np.int64) for column in zip(*rows, strict=True))
        table = sketch_rows(account, conversation, flags, np.tile(self.TEMPLATE, (len(rows), 1)))
        return survey(known(np.unique(account)), [table])

    def test_the_turns_of_one_dialogue_count_once(self) -> None:
        """A long chat repeats its own first turn in every request, and that is no template."""
        found = self.surveyed([(5, 1, 0), *[(5, 1, Flag.ASSISTANT_TURNS)] * 9])
        assert found.conversations.tolist() == [1]
        assert len(found.repeated.key) == 0

    def test_a_dialogue_whose_beginning_is_not_in_the_log_counts_once(self) -> None:
        """Logs begin in the middle."""
        found = self.surveyed([*[(5, 1, Flag.ASSISTANT_TURNS)] * 3, *[(5, 2, Flag.ASSISTANT_TURNS)] * 3])
        assert found.conversations.tolist() == [2]
        assert set(found.repeated.support.tolist()) == {2}

    def test_the_same_first_turn_sent_again_counts_again(self) -> None:
        """Sampling one prompt many times is a template too."""
        found = self.surveyed([(5, 1, 0)] * 7)
        assert found.conversations.tolist() == [7]
        assert set(found.repeated.support.tolist()) == {7}

    def test_two_accounts_do_not_count_for_each_other(self) -> None:
        """The same conversation in two accounts repeats in neither."""
        found = self.surveyed([(5, 1, 0), (6, 1, 0)])
        assert found.conversations.tolist() == [1, 1]
        assert len(found.repeated.key) == 0

    def test_an_account_is_counted_up_to_a_bound(self) -> None:
        """256 conversations tell what an account repeats; its millionth tells no more. Others keep their own count."""
        found = self.surveyed([*[(5, n, 0) for n in range(1000)], (6, 1, 0), (6, 2, 0)])
        assert found.conversations.tolist() == [256, 2]
        assert sorted(set(found.repeated.support.tolist())) == [2, 256]

    @given(st.permutations(range(300)))
    def test_which_conversations_are_counted_does_not_depend_on_the_order_of_the_log(self, order: list[int]) -> None:
        """300 conversations in any order: the same 256, chosen by hash."""
        conversation = np.random.default_rng(91).permutation(300)[order]
        zones = np.repeat(conversation[:, None] % 100 + 1, ZONE_SLOTS, axis=1).astype(np.uint32)
        none = np.zeros(300, np.int64)
        found = survey(known(np.array([5])), [sketch_rows(none + 5, conversation, none, zones)]).repeated
        kept = np.arange(256) % 100 + 1
        values, counts = np.unique(kept, return_counts=True)
        assert value_of(found.key[zone_of(found.key) == 0][:100]).tolist() == values.tolist()
        assert found.support[:100].tolist() == counts.tolist()

    def test_what_is_only_indexed_is_not_mined(self) -> None:
        """Embeddings harvest nothing."""
        found = self.surveyed([(5, n, 2) for n in range(9)])
        assert found.conversations.tolist() == [0]
        assert len(found.repeated.key) == 0
