"""One node of the test with many: `python -m tests.storage.hammer URL SECONDS` prints what it has admitted so far.

Each line: requests admitted, and requests open.
"""

from __future__ import annotations

import asyncio
import sys
import time

from stillwatch.limits.limit import NANOSECONDS, Level, Limit, Measure
from stillwatch.limits.reservation import Reservation, Reservations
from stillwatch.limits.sharing import Sharing
from stillwatch.storage.link import Link
from stillwatch.storage.shared import SharedMeters

NODES = 16
"""Eight that run, and room for the successors of the killed."""
# Patient, because eight processes share few cores here; the window is long, so that the bound stays at one per cent.
PATIENT = Sharing(nodes=NODES, interval_seconds=0.1, timeout_seconds=2.0, life_seconds=3.0)
REQUESTS = Limit(Level.CAMPAIGN, Measure.REQUESTS, 20_000, 600)
OPEN = Limit(Level.ACCOUNT, Measure.CONCURRENT, 64)
NAMES = (None, "account", None, None, None, "campaign")


async def hammer(url: str, seconds: float) -> None:
    meters = SharedMeters([REQUESTS, OPEN], PATIENT, Link(url, PATIENT.timeout_seconds))
    await meters.start()
    reservations = Reservations(3_600 * NANOSECONDS)
    ladder = meters.ladder(NAMES, time.monotonic_ns())
    end, admitted, held = time.monotonic() + seconds, 0, []
    while time.monotonic() < end:
        for _ in range(50):
            made = await meters.reserve(reservations, ladder, (1, 0, 0, 0))
            if isinstance(made, Reservation):
                admitted += 1
                held.append(made)
            if len(held) > 4:
                reservations.settle(held.pop(0), time.monotonic_ns(), (1, 0, 0, 0))
        print(admitted, len(held), flush=True)
        await asyncio.sleep(0)
    for reservation in held:
        reservations.settle(reservation, time.monotonic_ns(), (1, 0, 0, 0))
    await meters.close()
    print(admitted, 0, flush=True)


if __name__ == "__main__":
    asyncio.run(hammer(sys.argv[1], float(sys.argv[2])))
