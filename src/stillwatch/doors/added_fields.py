"""What an observer adds to the head of an answer, one field at a time, as hosts other than the gateway want it."""

from __future__ import annotations

from stillwatch.gateway.guard import HeadChange, Header


def added_fields(change: HeadChange | None) -> list[Header]:
    """All that an observer adds to a head, those fields too that it says as they go over the wire."""
    if change is None:
        return []
    lines = [line.partition(b":") for line in change.fields.split(b"\r\n") if line]
    return [*change.headers, *[(name, value.strip()) for name, _, value in lines]]
