"""When things happen: moments in simulated time that follow a population's day.

Real clients answer each other in milliseconds here, so their own clock says nothing. The recipe gives every exchange a
moment in the simulated week instead, keeping the order that the client sent them in.
"""

import random
from collections.abc import Sequence

DAY_SECONDS = 86_400
DAYS = 5
WEEK_START_US = 1_788_739_200_000_000  # Monday, 7 September 2026, 00:00 UTC

# Relative activity by local hour, chosen to resemble published traffic: people rest at night and have two peaks,
# offices work from eight to six, and a job that runs by itself has a mild wave from whoever restarts it.
PEOPLE = (2, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 10, 11, 10, 9, 9, 10, 11, 13, 15, 16, 14, 9, 5)
OFFICE = (0, 0, 0, 0, 0, 0, 1, 4, 10, 14, 14, 12, 8, 11, 13, 12, 9, 5, 2, 1, 1, 0, 0, 0)
UNATTENDED = (9, 9, 9, 8, 8, 8, 9, 9, 10, 11, 11, 11, 10, 10, 11, 11, 11, 11, 10, 10, 10, 10, 9, 9)


def moments(count: int, curve: Sequence[int], zone_hours: int, rng: random.Random) -> list[int]:
    """`count` moments in microseconds since 1970, ascending, spread over the week by `curve` in local time."""
    drawn = []
    for _ in range(count):
        local_hour = rng.choices(range(24), weights=curve)[0]
        seconds = rng.randrange(DAYS) * DAY_SECONDS + (local_hour - zone_hours) % 24 * 3600 + rng.uniform(0, 3600)
        drawn.append(WEEK_START_US + int(seconds * 1e6))
    return sorted(drawn)


def bursts(
    lengths: Sequence[int], curve: Sequence[int], zone_hours: int, gap_seconds: float, rng: random.Random
) -> list[int]:
    """Moments of consecutive bursts: each starts by `curve`; within it one follows the other after `gap_seconds` or so.

    A burst is a conversation whose turns are read and typed, or requests that one question causes.
    """
    drawn: list[int] = []
    for start, length in zip(moments(len(lengths), curve, zone_hours, rng), lengths, strict=True):
        moment = max(start, drawn[-1] + 1_000_000) if drawn else start
        for _ in range(length):
            drawn.append(moment)
            moment += int(gap_seconds * rng.lognormvariate(0.0, 0.8) * 1e6)
    return drawn
