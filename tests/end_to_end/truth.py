"""Findings beside the truth of a world."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .worlds import World

Findings = Mapping[str, Any]


def entries(findings: Findings) -> list[frozenset[str]]:
    """The accounts of each campaign entry, whatever its verdict."""
    return [frozenset(entry["accounts"]) for entry in findings["campaigns"]]


def recall(findings: Findings, world: World) -> dict[str, float]:
    """For each ring, the share of its accounts in the entry that has most of them."""
    found = entries(findings)
    return {
        ring: max((len(members & entry) for entry in found), default=0) / len(members)
        for ring, members in world.rings.items()
    }


def rings_touched(findings: Findings, world: World) -> list[list[str]]:
    """For each entry, the rings that have an account in it."""
    return [[ring for ring, members in world.rings.items() if members & entry] for entry in entries(findings)]


def accused(findings: Findings, world: World) -> dict[str, frozenset[str]]:
    """Honest accounts in any entry, by what they are."""
    listed = frozenset().union(*entries(findings))
    return {what: members & listed for what, members in world.honest.items() if members & listed}


def verdicts(findings: Findings) -> dict[frozenset[str], str]:
    """The verdict of each entry."""
    return {frozenset(entry["accounts"]): entry["verdict"] for entry in findings["campaigns"]}


def acted_on(findings: Findings) -> frozenset[str]:
    """Accounts with the verdict "act"."""
    return frozenset(account["account"] for account in findings["accounts"] if account["verdict"] == "act")
