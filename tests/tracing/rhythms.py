"""When simulated accounts send: honest ones of every kind, each on its own, and fleets that one hand moves.

A rhythm is the moments of one account in seconds from the log's first midnight, a Monday; a group is a list of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.tracing.activity import DAY_US, Activity, by_account, keys_of
from stillwatch.tracing.family import Group

Ints = NDArray[np.int64]
Seconds = NDArray[np.float64]
Rng = np.random.Generator

FIRST_DAY = 20_003  # a Monday
DAYS = 14
DAY, HOUR = 86_400.0, 3_600.0
PEOPLE = np.array([2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 10, 11, 10, 9, 9, 10, 11, 13, 15, 16, 14, 9, 5], float)
OFFICE = np.array([0, 0, 0, 0, 0, 0, 1, 4, 10, 14, 14, 12, 8, 11, 13, 12, 9, 5, 2, 1, 1, 0, 0, 0], float)


def sessions(rng: Rng, a_day: float, curve: NDArray[np.float64] = PEOPLE, turns: float = 4.0) -> Seconds:
    """Bursts of some turns, at hours drawn from `curve`, fewer on weekends: people, agents, reviews of changes."""
    zone = rng.integers(0, 24)
    starts = []
    for day in range(DAYS):
        count = rng.poisson(a_day * (0.4 if day % 7 >= 5 else 1.0))
        hours = (rng.choice(24, count, p=curve / curve.sum()) + zone) % 24
        starts.append(day * DAY + (hours + rng.random(count)) * HOUR)
    return within([start + np.cumsum(rng.lognormal(3.5, 1.0, rng.geometric(1 / turns))) for start in np.hstack(starts)])


def renewals(rng: Rng, a_day: float, cv: float, from_day: float = 0.0, to_day: float = DAYS) -> Seconds:
    """Day and night, with gaps of this coefficient of variation: below 1 more even than chance, as many honest are."""
    shape = 1.0 / cv**2
    count = int(a_day * (to_day - from_day) * 2) + 50
    moments = from_day * DAY + np.cumsum(rng.gamma(shape, DAY / a_day / shape, count)) - rng.random() * DAY / a_day
    return moments[(moments >= from_day * DAY) & (moments < to_day * DAY)]


def polls(rng: Rng) -> Seconds:
    """A program that asks every so many minutes, exactly."""
    period = float(rng.choice([1200, 1800, 3600, 7200]))
    return within([np.arange(rng.random() * period, DAYS * DAY, period) + rng.normal(0, 2.0)])


def at_full_hours(rng: Rng) -> Seconds:
    """Jobs of a popular scheduler: at the full hour, a few requests each."""
    hours = np.arange(rng.integers(0, 3), DAYS * 24, rng.choice([1, 2, 3, 4]))
    return within([hour * HOUR + np.cumsum(rng.exponential(3.0, rng.integers(1, 6))) for hour in hours])


def student(rng: Rng) -> Seconds:
    """A class on Tuesday and Thursday at ten, mostly attended, and evenings of one's own."""
    lessons = [week * 7 + day for week in range(DAYS // 7) for day in (1, 3)]
    attended = [day for day in lessons if rng.random() < 0.85]
    asked = [day * DAY + 10 * HOUR + rng.uniform(0, 1.5 * HOUR, rng.poisson(8)) for day in attended]
    return within([*asked, sessions(rng, 0.5)])


def evaluation(rng: Rng) -> Seconds:
    """A question set on the day of a release, and about once a week else."""
    starts = [8 * DAY + rng.uniform(0, 20 * HOUR), *(rng.uniform(0, DAYS * DAY, rng.poisson(2)))]
    return within([start + np.cumsum(rng.lognormal(0.7, 0.7, 60)) for start in starts])


def heavy(rng: Rng) -> Seconds:
    """A business client of any burstiness, up to very even, through day and night or the office's hours."""
    if rng.random() < 0.5:
        return renewals(rng, rng.lognormal(3.0, 0.7), rng.choice([0.5, 0.9, 1.1, 1.4, 3.0]))
    return sessions(rng, rng.lognormal(1.5, 0.5), OFFICE)


HONEST: dict[str, Callable[[Rng], Seconds]] = {
    "people": lambda rng: sessions(rng, rng.lognormal(0.0, 0.7)),
    "heavy": heavy,
    "even": lambda rng: renewals(rng, 10.0, 0.5),
    "polls": polls,
    "full hours": at_full_hours,
    "class": student,
    "evaluation": evaluation,
    "office": lambda rng: sessions(rng, 5.0, OFFICE, 2.5),
}
"""Every kind of account that sends on its own."""


def strangers(kind: str, rng: Rng, accounts: int = 16) -> list[Seconds]:
    """A group of honest accounts of one kind; each has sent something."""
    made: list[Seconds] = []
    while len(made) < accounts:
        moments = HONEST[kind](rng)
        made += [moments] if len(moments) else []
    return made


def dealt(flow: Seconds, order: Callable[[int], Ints], accounts: int) -> list[Seconds]:
    """A flow, dealt out round by round; `order` says in which order a round of so many accounts goes."""
    rounds = -(-len(flow) // accounts)
    turn = np.concatenate([order(accounts) for _ in range(rounds)])[: len(flow)]
    return [flow[turn == account] for account in range(accounts)]


def dispatched(flow: Seconds, rng: Rng, accounts: int) -> list[Seconds]:
    """A flow, each exchange by an account at random."""
    turn = rng.integers(0, accounts, len(flow))
    return [flow[turn == account] for account in range(accounts)]


def relieved(flow: Seconds, accounts: int, quota: int) -> list[Seconds]:
    """A flow, sent by one account until its quota is used up, then by the next."""
    turn = np.arange(len(flow)) // quota % accounts
    return [flow[turn == account] for account in range(accounts)]


def bursts(rng: Rng, a_day: float, size: int) -> Seconds:
    """A queue that sends `size` requests at once, whenever it has as many."""
    return within([start + rng.exponential(4.0, size) for start in renewals(rng, a_day / size, 1.0)])


def within(parts: Sequence[Seconds]) -> Seconds:
    """One account's moments in order, those of the log's days."""
    moments = np.sort(np.hstack(parts)) if len(parts) else np.empty(0)
    return moments[(moments >= 0) & (moments < DAYS * DAY)]


def log_of(*groups: Sequence[Seconds]) -> tuple[Activity, list[Group]]:
    """A log of these groups' accounts, each its own unit, and the groups as families see them."""
    accounts = [moments for group in groups for moments in group]
    sizes = [len(moments) for moments in accounts]
    ts_us = FIRST_DAY * DAY_US + (np.hstack(accounts) * 1e6).astype(np.int64)
    days = np.arange(FIRST_DAY, FIRST_DAY + DAYS)
    log = by_account(days, keys_of(np.repeat(np.arange(len(accounts)), sizes), ts_us, days), len(accounts))
    ends = np.cumsum([len(group) for group in groups])
    return log, [group_of(np.arange(end - len(group), end)) for group, end in zip(groups, ends, strict=True)]


def group_of(accounts: Ints) -> Group:
    """Accounts as a group, each its own unit; the families of time read their moments from the log."""
    return Group(accounts, np.arange(len(accounts)), len(accounts), np.ones(len(accounts), bool), {})
