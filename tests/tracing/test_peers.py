"""Which stratum a group and an account are compared in: one definition for both, by form alone."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.sketch.record import Flag, Intent
from stillwatch.tracing.peers import called, strata_of, stratum_of
from stillwatch.tracing.strata import TRAITS, traits

from .groups import group
from .worlds import known


@pytest.mark.parametrize(
    ("flags", "intent", "temperature", "stratum"),
    [
        (0, 0, -1, "chat"),
        (Flag.TOOL_TURNS, 0, -1, "agent"),
        (Flag.CLOSED_SCHEMA, 0, -1, "extraction"),
        (Flag.SEED, 0, 0, "eval"),
        (0, Intent.CONTEXT_ANSWER, -1, "app"),
        (0, Intent.TRANSLATION, -1, "translation"),
    ],
)
def test_an_account_and_a_group_of_the_same_exchanges_are_peers(
    flags: int, intent: int, temperature: int, stratum: str
) -> None:
    """Ten exchanges alike, as a group and as an account's counts."""
    columns = {"flags": np.full(10, flags), "intent": np.full(10, intent), "temperature": np.full(10, temperature)}
    assert stratum_of(group(np.zeros(10, np.int64), **columns)) == stratum
    counted = {name: np.array([int(np.sum(hits))]) for name, hits in traits(*columns.values()).items()}
    account = known(np.array([7]), exchanges=np.array([10]), traits=counted)
    assert strata_of(account, np.array([0])) == [stratum]


def test_a_group_without_exchanges_has_the_plainest_stratum() -> None:
    """Nothing is known of it."""
    assert stratum_of(group(np.empty(0, np.int64), units=2)) == "chat"
    nobody = known(np.array([7]), exchanges=np.array([0]), traits=dict.fromkeys(TRAITS, np.array([0])))
    assert strata_of(nobody, np.array([0])) == ["chat"]


def test_peers_of_a_ring_of_programs_are_not_called_chats() -> None:
    """By form alone, single requests of programs and people's chats are one stratum, and sentences name both."""
    assert (called("chat"), called("agent")) == ("strata chat and batch", "stratum agent")
