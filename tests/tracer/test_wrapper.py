"""Words count for a campaign only while they are nobody else's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.sketch.record import ZONE_SLOTS, Flag
from stillwatch.tracer.wrapper import Wrapper, is_sent, own_wrappers
from stillwatch.tracing.commonness import CommonSkeletons
from stillwatch.tracing.skeleton import Keys, keys_in

NOBODY = CommonSkeletons(np.empty(0, np.uint64), np.empty(0, np.int64))
NONE = np.empty(0, np.uint64)
RING = np.arange(1, 6)
TEMPLATE = {8: 1_008, 9: 1_009, 10: 1_010, 11: 1_011}  # slots of one zone, and their values
CHAT = 0


Row = tuple[int, int, dict[int, int]]


def keys(slots: dict[int, int]) -> Keys:
    return np.sort(np.concatenate([keys_in(slot, np.array([value], np.uint32)) for slot, value in slots.items()]))


def zones(slots: dict[int, int]) -> NDArray[np.uint32]:
    row = np.zeros(ZONE_SLOTS, "<u4")
    for slot, value in slots.items():
        row[slot] = value
    return row


def table(rows: list[Row], flags: int = CHAT) -> pa.Table:
    """Rows of (account, organisation, slots)."""
    return pa.table(
        {
            "account": pa.array([row[0] for row in rows], pa.int64()),
            "organization": pa.array([row[1] for row in rows], pa.int64()),
            "flags": pa.array([flags] * len(rows), pa.int32()),
            "zones": pa.array([zones(row[2]).tobytes() for row in rows], pa.binary(4 * ZONE_SLOTS)),
        }
    )


def own(rows: list[Row], common: CommonSkeletons = NOBODY, ignored: Keys = NONE) -> Keys:
    (found,) = own_wrappers({"C-1": (keys(TEMPLATE), RING)}, RING, [table(rows)], common, ignored)
    return found.keys


def sent_by(accounts: range, slots: dict[int, int], times: int = 3, organization: int = 0) -> list[Row]:
    return [(account, organization, slots) for account in accounts for _ in range(times)]


def test_what_only_the_ring_sends_is_its_own() -> None:
    rows = sent_by(range(1, 6), TEMPLATE) + sent_by(range(50, 90), {8: 5, 9: 6})
    assert np.array_equal(own(rows), keys(TEMPLATE))


def test_what_three_strangers_hold_is_not_its_own_and_what_two_hold_still_is() -> None:
    """Two may still be one operator's past, as everywhere else."""
    assert np.array_equal(own(sent_by(range(50, 52), {8: 1_008})), keys(TEMPLATE))
    left = own(sent_by(range(50, 53), {8: 1_008}))
    assert np.array_equal(left, keys({slot: TEMPLATE[slot] for slot in (9, 10, 11)}))


def test_a_wrapper_that_strangers_hold_has_nothing_of_its_own() -> None:
    """A published tool's: with fewer than three values of a zone left no conversation can match."""
    assert len(own(sent_by(range(50, 53), TEMPLATE))) == 0
    assert len(own(sent_by(range(50, 53), {8: 1_008, 9: 1_009}))) == 0


def test_one_organisation_s_many_accounts_are_one_stranger() -> None:
    assert len(own(sent_by(range(50, 90), TEMPLATE, organization=7))) == 4


def test_newcomers_are_no_strangers_yet() -> None:
    """Else a campaign's next accounts would make its wrapper look published."""
    assert len(own(sent_by(range(50, 90), TEMPLATE, times=2))) == 4


def test_later_turns_of_a_dialogue_are_no_conversations() -> None:
    rows = table(sent_by(range(50, 90), TEMPLATE), Flag.ASSISTANT_TURNS)
    (found,) = own_wrappers({"C-1": (keys(TEMPLATE), RING)}, RING, [rows], NOBODY, NONE)
    assert len(found.keys) == 4


def test_what_one_benign_organisation_repeats_or_every_product_says_never_counts() -> None:
    benign = CommonSkeletons(keys({8: 1_008}), np.array([1]))
    assert np.array_equal(own([], benign), keys({slot: TEMPLATE[slot] for slot in (9, 10, 11)}))
    assert len(own([], benign, keys({9: 1_009}))) == 0


def test_accounts_of_other_campaigns_are_no_witnesses() -> None:
    """They may share an operator."""
    rows = [table(sent_by(range(50, 60), TEMPLATE))]
    other = keys({8: 7})
    both = {"C-1": (keys(TEMPLATE), RING), "C-2": (other, np.arange(50, 60))}
    found = own_wrappers(both, np.concatenate([RING, np.arange(50, 60)]), rows, NOBODY, NONE)
    assert [len(one.keys) for one in found] == [4, 0]


@pytest.mark.parametrize(
    ("slots", "matches"),
    [
        ({8: 1_008, 9: 1_009, 10: 1_010}, True),
        ({8: 1_008, 9: 1_009}, False),
        ({8: 1_009, 9: 1_008, 10: 1_011}, False),
        ({0: 1_008, 1: 1_009, 2: 1_010}, False),
        ({}, False),
    ],
    ids=["three", "two", "other slots", "another zone", "empty"],
)
def test_a_conversation_matches_with_three_values_in_their_places(slots: dict[int, int], matches: bool) -> None:
    assert Wrapper("C-1", keys(TEMPLATE), RING).in_rows(zones(slots)[None, :]).tolist() == [matches]


def test_a_wrapper_without_values_matches_nothing() -> None:
    assert Wrapper("C-1", NONE, RING).in_rows(np.zeros((2, ZONE_SLOTS), "<u4")).tolist() == [False, False]


def test_three_conversations_and_the_larger_part_of_all() -> None:
    assert [is_sent(*counts) for counts in ((3, 3), (3, 5), (2, 2), (3, 6), (12, 13), (0, 0))] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
