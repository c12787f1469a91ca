"""Installations of one application have settings of their own in its wrapper; one operator's accounts have not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.campaigns.gather import Carried, matched_keys
from stillwatch.campaigns.installations import own_settings
from stillwatch.sketch.record import SLOTS_PER_ZONE, ZONE_SLOTS
from stillwatch.tracing.skeleton import Conversations, keys_in, mine
from stillwatch.tracing.template import Candidate

COUNT = 10
EACH = 8
WRAPPER = 5  # of the eight values of the system zone; the other three are whatever stands beside it

Words = NDArray[np.uint32]


def share(beside: Words, cover: Words | None = None, each: int = EACH) -> float:
    """Of `COUNT` accounts; `beside`: (accounts, conversations, 3) what stands in the wrapper's zone beside it.

    `cover`: (accounts, conversations, 8), the system zone of conversations without the wrapper.
    """
    zones = np.zeros((COUNT, each, ZONE_SLOTS), np.uint32)
    zones[:, :, :WRAPPER] = np.arange(1, WRAPPER + 1)
    zones[:, :, WRAPPER:SLOTS_PER_ZONE] = beside
    keys = np.sort(np.concatenate([keys_in(slot, np.array([slot + 1], np.uint32)) for slot in range(WRAPPER)]))
    account = np.repeat(np.arange(COUNT), each)
    sent = zones.reshape(-1, ZONE_SLOTS)
    columns: dict[str, Any] = {"matches": matched_keys(sent, keys), "opens": np.ones(len(sent), bool)}
    carried = Carried(account, columns, account, account, np.ones(len(sent), bool))
    everything, who = sent, account
    if cover is not None:
        beyond = np.zeros((*cover.shape[:2], ZONE_SLOTS), np.uint32)
        beyond[:, :, :SLOTS_PER_ZONE] = cover
        everything = np.concatenate([sent, beyond.reshape(-1, ZONE_SLOTS)])
        who = np.concatenate([account, np.repeat(np.arange(COUNT), cover.shape[1])])
    order = np.argsort(who, kind="stable")
    skeleton = mine(Conversations(who[order], everything[order]))
    return own_settings(Candidate(np.arange(COUNT), keys, 1), carried, np.arange(COUNT), skeleton)


def words(*shape: int) -> Words:
    """Different ones everywhere."""
    return np.arange(100, 100 + int(np.prod(shape)), dtype=np.uint32).reshape(shape)


def the_same_in_each_request(own: Words, each: int = EACH) -> Words:
    return np.repeat(own[:, None], each, axis=1)


def test_each_shop_names_itself() -> None:
    assert share(the_same_in_each_request(words(COUNT, 3))) == 1.0


def test_one_word_of_a_setting_is_enough() -> None:
    """The rest of the zone is different in each request."""
    beside = words(COUNT, EACH, 3)
    beside[:, :, 0] = np.arange(COUNT)[:, None] + 10_000
    assert share(beside) == 1.0


@pytest.mark.parametrize("changed", [1, 2])
def test_settings_may_change_once(changed: int) -> None:
    """Of eight conversations seven have the new ones; with six the setting is no part of nearly every request."""
    beside = the_same_in_each_request(words(COUNT, 3))
    beside[:, :changed] = words(COUNT, changed, 3) + 10_000
    assert share(beside) == (changed == 1)


def test_an_operators_wrapper_has_none() -> None:
    """What he harvests is different each time, or it is the same for all."""
    assert share(words(COUNT, EACH, 3)) == 0.0
    assert share(np.broadcast_to(words(3), (COUNT, EACH, 3))) == 0.0


def test_a_wording_that_two_accounts_have_is_not_their_own() -> None:
    """A stock of wordings dealt out to accounts, each for good, is a stock still."""
    assert share(the_same_in_each_request(np.repeat(words(COUNT // 2, 3), 2, axis=0))) == 0.0


def test_an_application_as_cover_is_no_setting() -> None:
    """What fills the wrapper's own slots in other requests does not stand in the wrapper."""
    cover = the_same_in_each_request(words(COUNT, SLOTS_PER_ZONE))
    cover[:, :, WRAPPER:] = words(COUNT, EACH, 3) + 10_000
    assert share(words(COUNT, EACH, 3) + 20_000, cover) == 0.0


def test_two_conversations_show_no_habit() -> None:
    assert share(the_same_in_each_request(words(COUNT, 3), 2), each=2) == 0.0
