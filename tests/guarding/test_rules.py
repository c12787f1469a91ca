"""Rules as a process holds them: read from files, followed, and tidy."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from contextlib import suppress
from pathlib import Path

import pytest

from stillwatch.decision.core import Context, Now
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy_record import ADOPTED
from stillwatch.errors import UsageError
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import Keys
from stillwatch.guarding.rules import SWEEP_SECONDS, Rules
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.limits.meters import SWEPT_AT_ONCE

LIMIT = '[[limit]]\nlevel = "account"\nmeasure = "requests"\nquantity = {}\nwindow = "1m"\n'


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = Now(0, 1_795_000_000_000_000)

    def __call__(self) -> Now:
        return self.now

    def forward(self, seconds: int) -> None:
        self.now = Now(self.now.ns + seconds * NANOSECONDS, self.now.us + seconds * 1_000_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text(LIMIT.format(5))
    holder = {"sha256": hashlib.sha256(b"sk-1").hexdigest(), "account": "acct-1"}
    (tmp_path / "keys.jsonl").write_text(json.dumps(holder) + "\n")
    return tmp_path


def gate_of(rules: Rules, clock: Clock) -> Gate:
    return Gate(rules.core(None), rules.keys, clock, lambda observed: None)


def asked(gate: Gate, account: str, clock: Clock) -> None:
    """One request of this account, done at once."""
    decision = gate.core.decide(Context(account), clock())
    assert decision.reservation is not None
    gate.core.reservations.settle(decision.reservation, clock().ns)


def test_who_never_comes_again_is_forgotten_within_minutes(folder: Path) -> None:
    """Without this each stranger of a day would keep some kilobytes until ten thousand others had come."""
    clock = Clock()
    rules = Rules(folder / "policy.toml", Keys([]), None, clock=clock)
    gate = gate_of(rules, clock)
    for number in range(100):
        asked(gate, f"stranger-{number}", clock)
    rules.tidy(gate)
    assert len(gate.core.meters) == 100
    clock.forward(SWEEP_SECONDS)
    asked(gate, "acct-1", clock)
    rules.tidy(gate)
    assert len(gate.core.meters) == 1


def test_a_crowd_is_looked_at_in_slices(folder: Path) -> None:
    """A look at all of them at once would hold up the loop for milliseconds a thousand."""
    clock = Clock()
    rules = Rules(folder / "policy.toml", Keys([]), None, clock=clock)
    gate = gate_of(rules, clock)
    meters = gate.core.meters
    for number in range(2 * SWEPT_AT_ONCE + 100):
        asked(gate, f"stranger-{number}", clock)
    clock.forward(SWEEP_SECONDS)
    left = []
    while meters:
        rules.tidy(gate)
        left.append(len(meters))
    assert left == [SWEPT_AT_ONCE + 100, 100, 0]


def test_a_policy_goes_on_record_only_where_that_is_wanted(folder: Path) -> None:
    journal = folder / "journal.jsonl"
    Rules(folder / "policy.toml", Keys([]), journal)
    assert not journal.exists() or not list(Journal(journal).read(0))
    for _ in range(2):
        Rules(folder / "policy.toml", Keys([]), journal, records=True)
    assert [entry.kind for entry, _ in Journal(journal).read(0)] == [ADOPTED]


def test_files_that_change_take_hold_and_wrong_ones_change_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    rules = Rules(folder / "policy.toml", folder / "keys.jsonl", None, clock=clock)
    gate = gate_of(rules, clock)

    async def changed() -> None:
        following = asyncio.create_task(rules.followed_by(gate))
        (folder / "policy.toml").write_text(LIMIT.format(7))
        (folder / "keys.jsonl").write_text("")
        while gate.core.policy.limits[0].quantity != 7 or rules.keys.holder(b"sk-1") is not None:
            await asyncio.sleep(0.02)
        (folder / "policy.toml").write_text("no policy at all")
        while not rules.numbers()[("stillwatch_reload_failures_total",)]:
            await asyncio.sleep(0.02)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    with caplog.at_level(logging.ERROR, "stillwatch.guarding.rules"):
        asyncio.run(changed())
    assert gate.core.policy.limits[0].quantity == 7
    assert "Everything stays as it was" in caplog.text


def test_files_that_are_none_are_told_at_once(folder: Path) -> None:
    (folder / "policy.toml").write_text("[[limit]]")
    with pytest.raises(UsageError, match=r"policy\.toml"):
        Rules(folder / "policy.toml", Keys([]), None)
