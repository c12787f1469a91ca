"""How many requests are open at once, of which none can be forgotten.

A slot is held from admission to the end of the answer. Whoever holds it may die without saying so (a worker that was
killed, a counterpart of another node), so every slot has a deadline after which it counts as free; a stream that is
alive moves its deadline on.
"""

from __future__ import annotations

from stillwatch.limits.limit import Limit


class Slots:
    """The open requests of one principal: a deadline for each, in nanoseconds of the owner's clock."""

    __slots__ = ("__weakref__", "_deadlines", "limit")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._deadlines: dict[int, int] = {}

    def are_free(self, now: int) -> bool:
        """Is a slot free? Forgets those whose deadline has passed where it matters."""
        return len(self._deadlines) < self.limit.quantity or self._open(now) < self.limit.quantity

    def are_held(self, now: int) -> bool:
        """Is any slot still held?"""
        return bool(self._deadlines) and self._open(now) > 0

    def hold(self, holder: int, until: int) -> None:
        """Hold a slot for `holder` until it lets go or `until` passes."""
        self._deadlines[holder] = until

    def keep(self, holder: int, until: int) -> None:
        """Move the deadline of a slot that is held."""
        self._deadlines[holder] = until

    def release(self, holder: int) -> None:
        """Let go; nothing happens where the slot was lost to its deadline."""
        self._deadlines.pop(holder, None)

    def _open(self, now: int) -> int:
        self._deadlines = {holder: until for holder, until in self._deadlines.items() if until > now}
        return len(self._deadlines)
