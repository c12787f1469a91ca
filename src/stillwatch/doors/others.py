"""What becomes of requests that no dialect reads: the same rule at every door that sees all of a host's paths.

A path below one that a dialect reads never passes by itself: `GET /v1/responses/ID` fetches an answer that was made in
the background, past every count.
"""

from __future__ import annotations

from stillwatch.doors.configuration import Door, Others
from stillwatch.gateway.dialects.dialect import dialect_of

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def passes(door: Door, path: str, method: str) -> bool:
    """Whether a request goes on without a question. `path` is decoded, as its host chooses routes by it."""
    if path in door.unguarded:
        return True
    if dialect_of(path) is not None:
        return method == "OPTIONS"  # what a browser asks before it asks
    if door.others is Others.READ:
        return method in _READING and not _lies_below_a_model(path)
    return door.others is Others.PASS


def socket_passes(door: Door, path: str) -> bool:
    """Whether a websocket may be opened: not where a model would answer in it."""
    if path in door.unguarded or door.others is Others.PASS:
        return True
    is_models = dialect_of(path) is not None or path.rstrip("/").endswith("/realtime")
    return door.others is Others.READ and not is_models and not _lies_below_a_model(path)


def _lies_below_a_model(path: str) -> bool:
    segments = path.split("/")
    return any(dialect_of("/".join(segments[:end])) is not None for end in range(2, len(segments)))
