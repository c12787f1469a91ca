"""What honest programs have in common: a desk, moments, and a maker of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from stillwatch.world import facts
from stillwatch.world.chance import Chance
from stillwatch.world.desk import Desk
from stillwatch.world.rhythm import heavy
from stillwatch.world.sent import Ask, Sent
from stillwatch.world.stage import Stage

Made = tuple[Ask, str]
"""A request and its answer."""
Maker = Callable[[], Made]


def sends(desk: Desk, moments: Iterable[int], make: Maker) -> Iterator[Sent]:
    """One request of `make` at each moment."""
    for ts_us in moments:
        ask, answered = make()
        yield desk.send(ts_us, ask, answered)


def busy(stage: Stage, chance: Chance, desk: Desk, per_day: float = facts.HEAVY_PER_DAY) -> Iterator[int]:
    """Moments of a heavy client whose own rate is lognormal around `per_day`, at most twenty times it."""
    begins = max(stage.first_us, desk.account.account_created_us)
    rate = min(chance.lognormal(per_day, facts.HEAVY_SIGMA), 20 * per_day)
    return heavy(chance, begins, stage.last_us, rate, desk.account.zone)
