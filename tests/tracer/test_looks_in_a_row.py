"""Looks that remember say what one says that begins anew: so a tracer may be killed, and its next look is a hunt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from end_to_end.worlds import DAY_US, START_US, seeded
from threadpoolctl import threadpool_limits

from stillwatch.ledger.ledger import Ledger
from stillwatch.standing.register import Register
from stillwatch.tracer.looking import Asked, Looks, Sources
from stillwatch.tracer.seen import Seen

from .place import ALPHA, RING, SECRET, SEED, a_world, sketched

# Ibis 12 calls a DuckDB method that DuckDB 2 has renamed; remove this once Ibis calls the new one.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

HOUR_US = DAY_US // 24
MIDNIGHT_US = START_US - START_US % DAY_US


class Desk:
    """A ledger that grows, looks in a row at it, and for each of them one that knows nothing but the register."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "ledger"
        self.rows: list[dict[str, Any]] = a_world(seeded(SEED)).rows(SEED)
        self.register = Register(ALPHA)
        self.sent = 0
        self._looks: Looks | None = None

    def send(self, rows: list[dict[str, Any]]) -> None:
        self.sent += 1
        sketched(rows, self.folder / f"log-{self.sent}.jsonl", self.ledger)

    def until(self, before_us: int) -> list[dict[str, Any]]:
        """The rows before this moment that were not sent; one in eight comes late, if ever."""
        due = [row for row in self.rows if row["ts_us"] < before_us and hash_of(row) % 8]
        self.rows = [row for row in self.rows if row["ts_us"] >= before_us or not hash_of(row) % 8]
        return due

    def look(self, now_us: int) -> Plain:
        """One that remembers."""
        self._looks = self._looks or Looks(Sources(self.ledger, self.folder / "remembering", SECRET, alpha=ALPHA))
        seen = self._looks.take(Asked(now_us, self.register, frozenset()))
        self.register = seen.register
        return Plain.of(seen)

    def both(self, now_us: int) -> tuple[Plain, Plain]:
        """One that remembers, and one that begins anew with the same register."""
        asked = Asked(now_us, self.register, frozenset())
        anew = Looks(Sources(self.ledger, self.folder / "anew", SECRET, alpha=ALPHA)).take(asked)
        return self.look(now_us), Plain.of(anew)


def hash_of(row: dict[str, Any]) -> int:
    return sum(row["id"].encode())


@dataclass(frozen=True)
class Plain:
    """What a look says, but how long it took, and but sentences: these are said once and stand until days end."""

    seen: Seen
    wrappers: list[tuple[str, list[int], list[int]]]

    @classmethod
    def of(cls, seen: Seen) -> Plain:
        campaigns = tuple(replace(one, evidence=()) for one in seen.campaigns)
        wrappers = [(one.campaign, one.keys.tolist(), one.ring.tolist()) for one in seen.wrappers]
        return cls(replace(seen, took_seconds=0.0, campaigns=campaigns, wrappers=()), wrappers)


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """As the command line has it: threads of small matrices wait for each other more than they work."""
    with threadpool_limits(1):
        yield


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_look_is_the_one_that_a_tracer_takes_which_begins_anew(desk: Desk) -> None:
    """While a day runs, after a compaction, when days have ended, and when exchanges of these come late."""
    desk.send(desk.until(MIDNIGHT_US + 3 * DAY_US))
    first, anew = desk.both(MIDNIGHT_US + 3 * DAY_US + HOUR_US)
    assert first == anew
    assert [one.accounts for one in first.seen.campaigns] == [RING]
    desk.send(desk.until(MIDNIGHT_US + 3 * DAY_US + 12 * HOUR_US))
    running, anew = desk.both(MIDNIGHT_US + 3 * DAY_US + 12 * HOUR_US)
    assert running == anew
    assert running.seen.exchanges > first.seen.exchanges
    late, desk.rows = desk.rows[:200:2], [*desk.rows[1:200:2], *desk.rows[200:]]
    desk.send(late)
    assert Ledger.open(desk.ledger).compact() > 0
    desk.send(desk.until(MIDNIGHT_US + 5 * DAY_US))
    ended, anew = desk.both(MIDNIGHT_US + 5 * DAY_US + HOUR_US)
    assert ended == anew
    assert ended.seen.segments.isdisjoint(first.seen.segments)


def test_a_look_at_what_has_not_changed_says_the_same_of_another_moment(desk: Desk) -> None:
    desk.send(desk.until(MIDNIGHT_US + 2 * DAY_US))
    now_us = MIDNIGHT_US + 2 * DAY_US + HOUR_US
    first, again = desk.look(now_us), desk.look(now_us + 1)
    assert again == replace(first, seen=replace(first.seen, asked_us=now_us + 1))
