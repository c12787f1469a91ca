"""The benign reference of a hunt: the groups that the same search finds among honest accounts."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.campaigns.families import KINS
from stillwatch.tracing.calibration import Reference, Scored


def of_benign_log(scored: Sequence[Scored]) -> Reference:
    """From a log that is known to be benign."""
    source = f"{len(scored)} groups of accounts that the same search links in the benign log"
    return Reference(source, tuple(scored), KINS)


def of_the_others(scored: Sequence[Scored]) -> Reference:
    """Without a benign log: the groups of the hunted log itself, honest or not, the tested one among them.

    A group is then ranked beside itself, which costs it one rank, and beside campaigns, which score higher than honest
    groups do: its claim is weaker than it might be, never stronger.
    """
    source = f"the {len(scored)} groups of accounts that this log shows, honest or not; no benign log was given"
    return Reference(source, tuple(scored), KINS)
