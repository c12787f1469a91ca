"""A survey that grows says what a survey of the whole says, however the exchanges came."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.sketch.keyed_hash import mix
from stillwatch.sketch.record import OPERATIONS, PROJECTION_DIMENSIONS, ZONE_SLOTS, Flag
from stillwatch.tracing.growing import GrowingSurvey
from stillwatch.tracing.skeleton import CONVERSATIONS_AT_MOST
from stillwatch.tracing.survey import Survey, survey

from .worlds import known

ROWS = 1_500
ACCOUNTS = np.arange(1, 9) * 10**15


@pytest.fixture(scope="module")
def log() -> pa.Table:
    """Exchanges of eight accounts, of which one has more conversations than are counted: dialogues with and without
    their first turn, first turns sent again, and texts that are only indexed.
    """
    rng = np.random.default_rng(7)
    account = rng.choice(ACCOUNTS, ROWS, p=[0.44, *[0.08] * 7])
    conversation = rng.integers(1, 500, ROWS) * 10**12
    exchange = rng.permutation(ROWS) + 1
    continues = (rng.random(ROWS) < 0.4) | (conversation // 10**12 % 5 == 0)
    indexed = rng.random(ROWS) < 0.05
    flags = np.where(continues, Flag.ASSISTANT_TURNS, 0) | np.where(indexed, OPERATIONS.index("embedding"), 0)
    # Who opens a conversation says the same in it again; later turns say something else.
    seeds = np.where(continues, exchange, conversation + account)
    zones, projection = _drawn(seeds)
    columns = {"account": account, "conversation": conversation, "zones": zones, "flags": flags.astype(np.int32)}
    columns |= {"payload": rng.integers(1, 2**62, ROWS), "projection": projection, "exchange_id": exchange}
    return pa.table(columns)


def _drawn(seeds: NDArray[np.int64]) -> tuple[pa.Array, pa.Array]:
    """Slot values, few of each slot, and projections; the same for the same seed."""
    places = np.arange(PROJECTION_DIMENSIONS, dtype=np.uint64)
    words = mix((seeds.astype(np.uint64)[:, None] * np.uint64(64) + places).astype(np.uint64))
    zones, projections = (words[:, :ZONE_SLOTS] % 9).astype("<u4"), (words % 19).astype(np.int8) - 9
    packed = (pa.array([row.tobytes() for row in rows], pa.binary(rows[0].nbytes)) for rows in (zones, projections))
    return next(packed), next(packed)


def said(found: Survey) -> dict[str, object]:
    """All that a survey found, as plain values."""
    sample = sorted(zip(found.sample.account.tolist(), found.sample.zones.tolist(), strict=True))
    repeated = (found.repeated.account.tolist(), found.repeated.key.tolist(), found.repeated.support.tolist())
    usual = (found.population.keys.tolist(), found.population.shares.round(12).tolist(), found.population.accounts)
    subjects = (found.subjects.account.tolist(), found.subjects.conversations.tolist(), found.subjects.mean.tolist())
    return {
        "conversations": found.conversations.tolist(),
        "repeated": repeated,
        "population": usual,
        "sample": sample,
        "subjects": subjects,
        "within": found.subjects.within.round(9).tolist(),
    }


@pytest.fixture(scope="module")
def whole(log: pa.Table) -> dict[str, object]:
    return said(survey(known(ACCOUNTS), [log]))


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_survey_of_the_whole_in_whatever_parts_and_order(
    log: pa.Table, whole: dict[str, object], seed: int
) -> None:
    """Also where some exchanges are met again, as when a compaction has moved them."""
    rng = np.random.default_rng(seed)
    growing = GrowingSurvey()
    met = np.empty(0, np.int64)
    for places in np.array_split(rng.permutation(ROWS), rng.integers(2, 30)):
        again = rng.permutation(met)[:40]
        growing.add(log.take(pa.array(np.concatenate([again, places]))))
        met = np.concatenate([met, places])
    assert said(growing.survey(known(ACCOUNTS))) == whole


def test_no_more_is_kept_of_an_account_than_is_counted(log: pa.Table, whole: dict[str, object]) -> None:
    growing = GrowingSurvey()
    for _ in range(3):
        growing.add(log)
    assert max(whole["conversations"]) == CONVERSATIONS_AT_MOST  # type: ignore[call-overload]  # a list of numbers
    assert said(growing.survey(known(ACCOUNTS))) == whole


def test_before_anything_was_added_nobody_is_known() -> None:
    found = GrowingSurvey().survey(known(ACCOUNTS[:0]))
    assert len(found.repeated.key) == len(found.conversations) == 0
