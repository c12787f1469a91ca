"""What a process counts while it works: plain integers of one owner and one thread, read once a second, never locked.

Nothing here knows a name of an account, a model or a path: what clients choose would make as many numbers as they like.
"""

from __future__ import annotations

from collections import defaultdict

from stillwatch.telemetry.histogram import LOOK_BOUNDS, Histogram

OUTCOMES = ("allow", "delay", "degrade", "verify", "deny", "limited", "unknown_key", "not_found", "bad_request")
"""What became of a request. The first five are the steps of `decision.verdict.Step`, at its numbers."""
LIMITED, UNKNOWN_KEY, NOT_FOUND, BAD_REQUEST = range(5, 9)
ADMITTED = slice(0, 3)
"""The outcomes after which a request goes on."""
ENDS = ("complete", "client_left", "upstream_failed", "cut")
"""How an admitted request ended, as `gateway.guard.End` says; the client of one that was not sent has left."""
NO_DIALECT = "none"
"""Of a path that nobody documents."""


class GateCounts:
    """What the guard of one worker did. `requests[dialect][outcome]`, `ended[cause]`, tokens of settled answers."""

    __slots__ = ("answer_seconds", "ended", "first_byte_seconds", "guard_seconds", "input_tokens", "output_tokens",
                 "requests")  # fmt: skip

    def __init__(self) -> None:
        self.requests: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(OUTCOMES))
        self.ended = dict.fromkeys(ENDS, 0)
        self.input_tokens = 0
        self.output_tokens = 0
        self.guard_seconds = Histogram()
        self.first_byte_seconds = Histogram()
        self.answer_seconds = Histogram()

    @property
    def open(self) -> int:
        """Exchanges that were admitted and have not ended."""
        return sum(sum(outcomes[ADMITTED]) for outcomes in self.requests.values()) - sum(self.ended.values())


class LookCounts:
    """What the tracer did: looks that ended, looks that failed, and how long they took."""

    __slots__ = ("failed", "looks", "seconds")

    def __init__(self) -> None:
        self.looks = 0
        self.failed = 0
        self.seconds = Histogram(LOOK_BOUNDS)

    def looked(self, seconds: float) -> None:
        """One look has ended."""
        self.looks += 1
        self.seconds.observe(seconds)
