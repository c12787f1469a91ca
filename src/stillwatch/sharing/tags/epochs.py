"""Epochs: how long a key lives, and how tags move to the next one.

An epoch lasts 30 to 90 days. In its last week the next one is open too, so that contributors re-evaluate what they
still stand behind and the set has no hole when the key changes; what nobody contributes again dies with its key.
Whoever joins, leaves or is breached bears on one epoch's tags and no other's.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.errors import UsageError

DAY_SECONDS = 86_400
SHORTEST_DAYS, LONGEST_DAYS = 30, 90
"""Prescribed by the alliance's rules: shorter ones cost members a re-evaluation too often, longer ones keep tags
linkable and a leaked key useful for too long."""
OVERLAP_DAYS = 7
"""Chosen: at the default quota, 344,000 tags a member can be evaluated again in it."""


class EpochClosed(UsageError):
    """The key of an epoch is gone, or not open yet."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When epochs begin: number 0 at `origin_s` (seconds since 1970), each of `epoch_days`."""

    origin_s: int
    epoch_days: int = 60

    def __post_init__(self) -> None:
        if not SHORTEST_DAYS <= self.epoch_days <= LONGEST_DAYS:
            raise UsageError(f"an epoch of {self.epoch_days} days", f"Choose {SHORTEST_DAYS} to {LONGEST_DAYS} days")

    def epoch_at(self, now_s: float) -> int:
        """The epoch whose key is in use. Raises `UsageError` before the first."""
        if now_s < self.origin_s:
            raise UsageError("the first epoch has not begun", "Check the clock")
        return int(now_s - self.origin_s) // (self.epoch_days * DAY_SECONDS)

    def begins_s(self, epoch: int) -> int:
        return self.origin_s + epoch * self.epoch_days * DAY_SECONDS

    def ends_s(self, epoch: int) -> int:
        return self.begins_s(epoch + 1)

    def is_open(self, epoch: int, now_s: float) -> bool:
        """Whether the service evaluates under this epoch's key now: the present one, and the next in the last week."""
        present = self.epoch_at(now_s)
        in_last_week = now_s >= self.ends_s(present) - OVERLAP_DAYS * DAY_SECONDS
        return epoch == present or (in_last_week and epoch == present + 1)
