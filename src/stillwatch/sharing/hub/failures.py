"""How often logins may fail: a budget for each address, and one for each address and name.

Counted are failures alone, so a member that logs in is never slowed down by itself; and the name alone has no budget,
so a stranger cannot lock a member out from elsewhere. Each process counts for itself: with N workers an address gets up
to N budgets.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

WINDOW_SECONDS = 60.0
MOST_OF_NAME = 30
"""In a window: somebody who tries a wrong password at each of the endpoints is told 401 each time. At this rate 10,000
of the commonest passwords take more than five hours from one address."""
MOST_OF_ADDRESS = 100
_KEPT = 100_000
"""Counters, oldest thrown away first: some 20 MB."""


class Failures:
    """Failed logins of the last window."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counters: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def wait_seconds(self, address: str, name: str) -> int:
        """How long the address has to wait before its next try, 0 if it need not."""
        now = self._clock()
        waits = [0.0]
        for key, most in _budgets(address, name):
            began, count = self._counters.get(key, (now, 0))
            if count >= most:
                waits.append(began + WINDOW_SECONDS - now)
        return max(0, round(max(waits) + 0.5)) if max(waits) > 0 else 0

    def record(self, address: str, name: str) -> None:
        """One failure."""
        now = self._clock()
        for key, _ in _budgets(address, name):
            began, count = self._counters.pop(key, (now, 0))
            fresh = now - began >= WINDOW_SECONDS
            self._counters[key] = (now, 1) if fresh else (began, count + 1)
        while len(self._counters) > _KEPT:
            self._counters.popitem(last=False)


def _budgets(address: str, name: str) -> Iterable[tuple[tuple[str, ...], int]]:
    return ((address,), MOST_OF_ADDRESS), ((address, name[:128]), MOST_OF_NAME)
