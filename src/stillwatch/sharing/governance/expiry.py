"""Everything that is shared ends: by type, at most so many days, and then it is gone from the hub and from members.

Source for the spans: practice of the field as the alliance set it; tags die with their epoch, infrastructure changes
hands within half a year, a campaign is history after one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

LONGEST_DAYS = {
    "identifier-tag": 90,
    "indicator": 180,
    "infrastructure": 180,
    "campaign": 365,
    "intrusion-set": 365,
    "threat-actor": 365,
    "report": 365,
    "note": 365,
    "opinion": 365,
    "sighting": 180,
    "attack-pattern": 730,
    "location": 730,
    "identity": 730,
    "relationship": 365,
}


def objection(kind: str, created: datetime, until: datetime | None) -> str | None:
    """Why an object of type `kind` may not last from `created` to `until`."""
    if until is None:
        return "it has no end: valid_until (or retention_until) is missing"
    if until <= created:
        return "it ends before it begins"
    days = LONGEST_DAYS.get(kind)
    if days is None:
        return f"no {kind} is shared"
    if until - created > timedelta(days=days):
        return f"a {kind} lasts at most {days} days"
    return None
