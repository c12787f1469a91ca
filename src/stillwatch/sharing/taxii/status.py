"""The status resource (4.3.1): what became of each object of a posted envelope.

Counts are the lengths of the lists, so they cannot disagree with them; a list that is empty is left out (section 2).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import msgspec

from stillwatch.sharing.taxii.timestamps import read_us, write_us


class Fate(Enum):
    """What became of one object."""

    SUCCESS = "successes"
    FAILURE = "failures"
    PENDING = "pendings"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One object of the envelope, by id and version; `message` says more, empty if there is no more to say."""

    id: str
    version: str
    fate: Fate
    message: str = ""


def status_resource(id: str, request_us: int, outcomes: Iterable[Outcome]) -> bytes:
    """The resource as JSON."""
    lists: dict[Fate, list[dict[str, str]]] = {fate: [] for fate in Fate}
    for outcome in outcomes:
        detail = {"id": outcome.id, "version": outcome.version}
        lists[outcome.fate].append(detail | {"message": outcome.message} if outcome.message else detail)
    resource: dict[str, object] = {
        "id": id,
        "status": "pending" if lists[Fate.PENDING] else "complete",
        "request_timestamp": write_us(request_us),
        "total_count": sum(map(len, lists.values())),
        "success_count": len(lists[Fate.SUCCESS]),
        "failure_count": len(lists[Fate.FAILURE]),
        "pending_count": len(lists[Fate.PENDING]),
    }
    return msgspec.json.encode(resource | {fate.value: details for fate, details in lists.items() if details})


def settled(resource: bytes, outcome: Outcome) -> bytes:
    """The resource after one of its pending objects has become what `outcome` says; complete once none is pending."""
    status = msgspec.json.decode(resource)
    outcomes = [
        Outcome(detail["id"], detail["version"], fate, detail.get("message", ""))
        for fate in Fate
        for detail in status.get(fate.value, [])
    ]
    for at, one in enumerate(outcomes):
        if (one.id, one.version, one.fate) == (outcome.id, outcome.version, Fate.PENDING):
            outcomes[at] = outcome
            break
    return status_resource(status["id"], read_us(status["request_timestamp"]), outcomes)
