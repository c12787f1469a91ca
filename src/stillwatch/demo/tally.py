"""What became of a population's requests, class by class: since the start, and in the last seconds."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from statistics import quantiles

import msgspec

from stillwatch.demo.client import Answered

RECENT_SECONDS = 10.0
"""What *recent* looks back on. Chosen: long enough for a rate, short enough to see a verdict take hold."""
DELAYED_SECONDS = 0.5
"""Who waits for the first byte so much longer than the model took was delayed. Chosen: far above a machine's own."""
_LIMITED, _REFUSED = 429, (401, 403)


class Seen(msgspec.Struct, frozen=True):
    """Counts of requests. `sent` = answered + limited + refused + failed + those under way.

    `delayed`, `wanted_reasoning` and `without_reasoning` are some of the answered; `held_back` were never sent because
    too many of the account's waited. Seconds are those of answered requests, to the last byte.
    """

    sent: int = 0
    answered: int = 0
    limited: int = 0
    refused: int = 0
    failed: int = 0
    held_back: int = 0
    delayed: int = 0
    wanted_reasoning: int = 0
    without_reasoning: int = 0
    seconds_median: float = 0.0
    seconds_95: float = 0.0


class OfClass(msgspec.Struct, frozen=True):
    """One class: its accounts, everything so far, and the last `RECENT_SECONDS`."""

    accounts: int
    total: Seen
    recent: Seen


class Tally:
    """Counts of one class. Times are those of one monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._total: Counter[str] = Counter()
        self._recent: deque[tuple[float, tuple[str, ...], float]] = deque()
        self._seconds: deque[float] = deque(maxlen=2_000)

    def count(self, now: float, *what: str, seconds: float = -1.0) -> None:
        """One request was `what`, all at once; `seconds` where it was answered."""
        self._total.update(what)
        self._recent.append((now, what, seconds))
        if seconds >= 0:
            self._seconds.append(seconds)

    def ended(self, now: float, answered: Answered | None, *, wanted_reasoning: bool) -> None:
        """A request came to an end; None where its connection broke."""
        if answered is None or answered.status >= 500:
            self.count(now, "failed")
        elif answered.status == _LIMITED:
            self.count(now, "limited")
        elif answered.status in _REFUSED:
            self.count(now, "refused")
        elif answered.status >= 400:
            self.count(now, "failed")
        else:
            what = ["answered"]
            what += ["delayed"] if answered.waited_seconds > DELAYED_SECONDS else []
            what += ["wanted_reasoning"] if wanted_reasoning else []
            what += ["without_reasoning"] if wanted_reasoning and not answered.has_reasoning else []
            self.count(now, *what, seconds=answered.seconds)

    def seen(self, now: float, accounts: int) -> OfClass:
        """Where it stands."""
        while self._recent and self._recent[0][0] < now - RECENT_SECONDS:
            self._recent.popleft()
        recent: Counter[str] = Counter()
        for _, what, _ in self._recent:
            recent.update(what)
        lately = [seconds for _, _, seconds in self._recent if seconds >= 0]
        return OfClass(accounts, _seen(self._total, tuple(self._seconds)), _seen(recent, lately))


def _seen(counts: Counter[str], seconds: Sequence[float]) -> Seen:
    if len(seconds) < 2:
        return Seen(**counts, seconds_median=round(sum(seconds), 3), seconds_95=round(sum(seconds), 3))
    cuts = quantiles(seconds, n=20, method="inclusive")
    return Seen(**counts, seconds_median=round(cuts[9], 3), seconds_95=round(cuts[18], 3))
