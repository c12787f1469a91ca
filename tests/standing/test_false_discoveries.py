"""The rate over looks: null rings, watchers who stop or look again because of what they saw, and what goes wrong.

Every world is run through `look` itself. As all rings are null, a world with any account to act on is a false
discovery, and the share of such worlds is the false-discovery rate; bounds are exact (Clopper-Pearson), with a chance
of one in a million to fail correct code.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.standing.look import look
from stillwatch.standing.register import Register
from stillwatch.standing.sighting import Beside
from stillwatch.stats.betting import rank_bets
from stillwatch.stats.binomial import chance_of_so_few, chance_of_so_many
from stillwatch.stats.multiple import discoveries

from .reviews import DAY, people, review, ring, trial

Rng = np.random.Generator
Floats = NDArray[np.float64]
TINY = 1e-6
NINETY_PERCENT = 1.2815515655446004  # the point of the normal distribution


@dataclass
class Watch:
    """A register in use. `rings`: name of each to its accounts."""

    alpha: float
    rings: Mapping[str, frozenset[str]]
    register: Register = field(init=False)
    day: int = DAY

    def __post_init__(self) -> None:
        self.register = Register(self.alpha)

    def look(self, log_e: Mapping[str, float], days: int = 1) -> list[str]:
        """Look once more, with this evidence of the days since the last look; who may be acted on now."""
        names = sorted(log_e)
        first, self.day = self.day + 1, self.day + days
        listed = [ring(self.rings[name], log_e[name], name=name) for name in names]
        trials = [trial(self.rings[name], log_e[name], first, self.day) for name in names]
        self.register, seen = look(self.register, review(*listed, alpha=self.alpha), self.day, Beside(trials=trials))
        return [name for name, action in zip(names, seen.actions, strict=True) if action.accounts]


def rings_of(count: int) -> dict[str, frozenset[str]]:
    return {f"C-{number}": people((20 * number, 20 * number + 12)) for number in range(count)}


def hits(worlds: int, world: Callable[[Rng], bool], seed: int) -> int:
    """Worlds with a false discovery."""
    rngs = np.random.default_rng(seed).spawn(worlds)
    return sum(world(rng) for rng in rngs)


def test_nulls_that_take_turns_reach_exactly_what_they_may() -> None:
    """Three rings, four looks, stopped at a discovery: alpha * 3/4 of shares * 4/5 of weights, no more and no less.

    At trial k a ring holds just enough, 1 / (alpha * share * weight), with just that chance: a mean of 1, in the
    dependence that is worst for the rule.
    """
    alpha, worlds = 0.5, 1000
    share, weights = 1 / 4, [1 / 2, 1 / 6, 1 / 12, 1 / 20]
    chances = [alpha * share * weight for weight in weights for _ in range(3)]

    def world(rng: Rng) -> bool:
        watch = Watch(alpha, rings_of(3))
        winner = int(np.searchsorted(np.cumsum(chances), rng.uniform(), side="right"))
        for number, weight in enumerate(weights):
            held = -math.log(alpha * share * weight) + 1e-9
            log_e = {f"C-{one}": held if winner == 3 * number + one else -math.inf for one in range(3)}
            if watch.look(log_e):
                return True
        return False

    found, expected = hits(worlds, world, 201), sum(chances)
    assert expected < alpha
    assert chance_of_so_many(found, worlds, expected) > TINY
    assert chance_of_so_few(found, worlds, expected) > TINY


def test_a_watcher_who_looks_and_stops_as_it_likes_keeps_the_rate() -> None:
    """It looks again the next day when something seems to be up and rests for a week when not, and stops on success.

    Rings that were lucky are parted in two, as a split by chance would; fresh days are fair whatever was seen before.
    """
    alpha, worlds = 0.3, 400
    hope = math.log(3.0)

    def world(rng: Rng) -> bool:
        watch, lucky = Watch(alpha, rings_of(4)), False
        for _ in range(6):
            log_e = {name: float(np.log(rank_bets(rng.integers(1, 201, 1), 200)[0])) for name in watch.rings}
            if watch.look(log_e, days=1 if lucky else 7):
                return True
            lucky = max(log_e.values()) > hope
            parted = max(log_e, key=lambda name: log_e[name])
            members = sorted(watch.rings[parted])
            if lucky and len(members) > 5:
                half = {f"{parted}a": frozenset(members[:5]), parted: frozenset(members[5:])}
                watch.rings = {**watch.rings, **half}
        return False

    found = hits(worlds, world, 202)
    assert chance_of_so_many(found, worlds, alpha) > TINY


@pytest.mark.long
def test_honest_habits_are_not_multiplied() -> None:
    """A ring that is odd today is as odd at every look. Added up with weights, eight looks are worth at most one.

    Multiplied over twenty looks, more than 2 alpha of the worlds have somebody to act on.
    """
    alpha, worlds, count = 0.1, 400, 3

    def habits(rng: Rng) -> Floats:
        return rank_bets(rng.integers(1, 1001, count), 1000)

    def world(rng: Rng) -> bool:
        watch, e = Watch(alpha, rings_of(count)), np.log(habits(rng))
        return any(watch.look({f"C-{one}": float(e[one]) for one in range(count)}) for _ in range(8))

    def multiplied(rng: Rng) -> bool:
        e = habits(rng)
        return any(discoveries((looks * np.log(e)).tolist(), alpha) for looks in range(1, 21))

    assert chance_of_so_many(hits(worlds, world, 203), worlds, alpha) > TINY
    assert chance_of_so_many(hits(worlds, multiplied, 203), worlds, 2 * alpha) < TINY


@pytest.mark.long
def test_hunting_every_day_and_acting_on_any_day_breaks_the_promise() -> None:
    """One null ring, evidence of all days so far, thirty days; each day's e-value is fair by itself.

    e-BH on the day acts on it in more than 2 alpha of the worlds. The register counts days once and keeps alpha.
    """
    alpha, worlds = 0.1, 600

    def days(rng: Rng) -> list[float]:
        walk = np.cumsum(rng.normal(size=30)) / np.sqrt(np.arange(1, 31))
        held: list[float] = np.where(walk >= NINETY_PERCENT, -math.log(alpha), -math.inf).tolist()
        return held

    def every_day(rng: Rng) -> bool:
        return any(discoveries([log_e + 1e-9], alpha) for log_e in days(rng))

    def register(rng: Rng) -> bool:
        kept, accounts = Register(alpha), people((0, 12))
        for number, log_e in enumerate(days(rng)):
            listed = ring(accounts, log_e)
            beside = Beside(trials=[trial(accounts, log_e, DAY, DAY + number)])
            kept, seen = look(kept, review(listed, alpha=alpha), DAY + number, beside)
            if seen.actions[0].accounts:
                return True
        return False

    assert chance_of_so_many(hits(worlds, every_day, 204), worlds, 2 * alpha) < TINY
    assert chance_of_so_many(hits(worlds, register, 204), worlds, alpha) > TINY


def gambles(rng: Rng, alpha: float) -> list[tuple[float, float]]:
    """Two fair bets that see each other, as e-values of three looks; see `two_gamblers` in tests/stats."""
    if rng.uniform() < alpha:
        second_wins = rng.uniform() < 0.5
        return [(1 / alpha, 1 / (2 * alpha)), (0.0, 2.0) if second_wins else (2.0, 0.0), (1.0, 1.0)]
    left = 0.5 / (1 - alpha)
    late = rng.uniform() < alpha / 4 / (1 - alpha)
    return [(0.0, left), (1.0, 2 / alpha / left if late else 0.0), (1.0, 1.0)]


def test_the_best_wealth_so_far_breaks_the_promise_and_the_register_keeps_it() -> None:
    """e-BH on running maxima of two nulls acts in 1.25 alpha of the worlds; the same bets as trials stay below."""
    alpha, many, few = 0.2, 20_000, 800

    def maxima(rng: Rng) -> bool:
        wealth = np.cumprod(gambles(rng, alpha), axis=0)
        return bool(discoveries((np.log(wealth.max(axis=0).clip(1.0)) + 1e-9).tolist(), alpha))

    def register(rng: Rng) -> bool:
        watch = Watch(alpha, rings_of(2))
        with np.errstate(divide="ignore"):
            steps: Sequence[Sequence[float]] = np.log(np.array(gambles(rng, alpha))).tolist()
        return any(watch.look({f"C-{one}": step[one] for one in range(2)}) for step in steps)

    assert chance_of_so_many(hits(many, maxima, 205), many, alpha) < TINY
    assert chance_of_so_many(hits(few, register, 205), few, alpha) > TINY


def test_among_real_campaigns_the_false_share_stays_below_alpha_at_the_worst_look() -> None:
    """Two real rings among six, a ring more at each look. The mean of the worst false share is at most alpha, and real
    campaigns are found: nearly all in the end. Hoeffding: 0.18 above alpha by luck has a chance of one in a million.
    """
    alpha, worlds, count = 0.2, 220, 6
    real = {"C-0", "C-3"}
    worst, missed = [], 0
    for rng in np.random.default_rng(206).spawn(worlds):
        watch, acted, share = Watch(alpha, rings_of(count)), set[str](), 0.0
        for number in range(1, count + 1):
            top = {f"C-{one}": 3 if f"C-{one}" in real else 1000 for one in range(number)}
            ranks = {name: rng.integers(1, highest + 1, 2) for name, highest in top.items()}
            acted |= set(watch.look({name: float(np.log(rank_bets(r, 999)).sum()) for name, r in ranks.items()}))
            share = max(share, len(acted - real) / max(1, len(acted)))
        worst.append(share)
        missed += len(real - acted)
    assert np.mean(worst) <= alpha + math.sqrt(math.log(1 / TINY) / (2 * worlds))
    assert missed <= 0.05 * 2 * worlds
