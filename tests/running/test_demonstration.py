"""`stillwatch up` without an upstream: the campaign is found, throttled and explained, and nobody else notices."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal, verify
from stillwatch.decision.verdict import Step, Verdict

from .deployments import until, up

ENOUGH = 30
"""Requests of the campaign that were stopped or treated, after which the rest is looked at."""


@pytest.fixture
def short() -> Generator[Path]:
    """A folder whose name leaves room for a socket's, which a test's own may not."""
    with TemporaryDirectory(prefix="up-") as folder:
        yield Path(folder)


def only(home: Path, pattern: str) -> Path | None:
    """The one file that there is, once it is there."""
    found = list(home.glob(pattern))
    return found[0] if found else None


def fared(home: Path) -> dict[str, Any]:
    """What each class of the population has met so far."""
    status = only(home, "*/run/population.json")
    said: dict[str, Any] = json.loads(status.read_text()) if status else {"classes": {}}
    return {label: kind["total"] for label, kind in said["classes"].items()}


def in_force(home: Path) -> list[Verdict]:
    journal = only(home, "*/journal.jsonl")
    if journal is None:
        return []
    docket = Docket(Journal(journal))
    docket.follow()
    return docket.in_force(0)


def throttled(home: Path) -> int:
    """How often the campaign met the guard."""
    met = fared(home).get("campaign", {})
    return sum(met.get(name, 0) for name in ("limited", "refused", "without_reasoning"))


def test_the_campaign_is_found_throttled_and_explained_while_others_go_on(tmp_path: Path, short: Path) -> None:
    home = short / "demo"
    with up(tmp_path, "--home", str(home), "--port", "0", "--metrics-port", "0") as running:
        until(lambda: bool(in_force(home)))
        until(lambda: throttled(home) >= ENOUGH)
        shown = json.loads(next(home.glob("*/campaigns/status.json")).read_text())["campaigns"]
        assert running.end() == 0
    truth = json.loads(next(home.glob("*/truth.json")).read_text())
    named = {account for verdict in in_force(home) for account in verdict.accounts}
    assert named <= set(truth["campaign"])
    assert len(named) > len(truth["campaign"]) / 2
    assert [one["accounts"] for one in shown] == [len(truth["campaign"])]  # nobody else is listed
    (hardest,) = {verdict.campaign for verdict in in_force(home) if verdict.step is Step.DEGRADE}
    assert hardest is not None
    assert all(len(verdict.reasons) >= 2 for verdict in in_force(home))
    for label, met in fared(home).items():
        if label != "campaign":
            assert (met["limited"], met["refused"], met["without_reasoning"]) == (0, 0, 0), label
            assert met["answered"] > 0, label
    journal = only(home, "*/journal.jsonl")
    assert journal is not None
    assert verify(journal)[0] >= 1
