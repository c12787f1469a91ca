"""Writers in several processes, and a poller that misses nothing: dates ascend in the order in which they are seen."""

from __future__ import annotations

import concurrent.futures
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stillwatch.sharing.hub.store import Added
from stillwatch.sharing.taxii.cursor import Place
from stillwatch.sharing.taxii.selection import EVERY, Selection
from stillwatch.storage.hub.store import HubStore
from tests.storage.hub import places
from tests.storage.hub.trying import EVERYTHING, RITA, add, collection, entry, listed, prepared

POSTS = 15


def new(store: HubStore, polled: Sequence[Place]) -> list[Place]:
    """What came after the last date that was seen."""
    after_us = polled[-1].date_added_us if polled else None
    return [row.place for row in listed(store, Selection(versions=EVERY, specs=(20, 21), added_after_us=after_us))]


def test_a_poller_misses_nothing_of_two_processes(tmp_path: Path) -> None:
    """Asking again and again for what came after the last date, it gets each object once, in the order there is."""
    store = places.kept(tmp_path)
    prepared(store)
    program = [sys.executable, "-m", "tests.storage.hub.trying", places.named(tmp_path)]
    writers = [subprocess.Popen([*program, str(writer), str(POSTS)]) for writer in range(2)]  # noqa: S603 - ours
    polled: list[Place] = []
    while len(polled) < 2 * POSTS * 3 and None in [writer.poll() for writer in writers]:
        polled += new(store, polled)
    assert [writer.wait() for writer in writers] == [0, 0]
    polled += new(store, polled)
    assert polled == [row.place for row in listed(store, EVERYTHING)]
    assert len({added_us for added_us, _ in polled}) == 2 * POSTS * 3


def test_while_a_post_is_not_done_no_other_has_later_dates(tmp_path: Path) -> None:
    """A second post waits for the first, however long that takes, and nobody sees it before."""
    store, other = places.kept(tmp_path), places.kept(tmp_path)
    prepared(store)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        second: list[concurrent.futures.Future[None]] = []

        def conclude(added: Sequence[Added]) -> bytes:
            second.append(pool.submit(add, other, [entry(2)], "s2"))
            concurrent.futures.wait(second, timeout=0.2)
            assert listed(store) == []
            return b"{}"

        store.add(collection(store), [entry(1)], 1_000, RITA.name, "s1", conclude)
        second[0].result()
    assert [row.id for row in listed(store)] == ["indicator--1", "indicator--2"]
