"""Eight processes on one limit through a real Redis, some killed without warning."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from stillwatch.limits.limit import NANOSECONDS
from stillwatch.limits.reservation import Reservation, Reservations
from stillwatch.storage.link import Link
from stillwatch.storage.shared import SharedMeters
from tests.storage.hammer import NAMES, OPEN, PATIENT, REQUESTS
from tests.storage.private_redis import PrivateRedis

ROOT = Path(__file__).parents[2]
SECONDS = 4.0


def started(url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.hammer", url, str(SECONDS)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program


def last_said(process: subprocess.Popen[str]) -> int:
    """Requests that it admitted, as far as it could say: a killed one admitted at most 50 more."""
    said, _ = process.communicate()
    return int(said.splitlines()[-1].split()[0]) if said else 0


async def slots_free_now(url: str) -> int:
    """How many slots a newcomer gets once the killed nodes' lives are over."""
    meters = SharedMeters([OPEN], PATIENT, Link(url, PATIENT.timeout_seconds))
    await meters.start()
    reservations = Reservations(3_600 * NANOSECONDS)
    ladder = meters.ladder(NAMES, time.monotonic_ns())
    got = 0
    for _ in range(OPEN.quantity):
        made = await meters.reserve(reservations, ladder, (1, 0, 0, 0))
        got += isinstance(made, Reservation)
    await meters.close()
    return got


def test_eight_processes_of_which_three_are_killed_keep_within_the_bound(server: PrivateRedis, client):
    begun = time.monotonic()
    processes = [started(server.url) for _ in range(8)]
    for process in processes[:3]:
        assert process.stdout is not None
        process.stdout.readline()  # it is admitting
        process.kill()
    admitted = sum(last_said(process) for process in processes)
    elapsed = time.monotonic() - begun
    allowed = REQUESTS.quantity * (1 + elapsed / REQUESTS.window_seconds) + PATIENT.overshoot(REQUESTS)
    assert [process.returncode for process in processes] == [-9] * 3 + [0] * 5
    assert PATIENT.overshoot(REQUESTS) <= 0.01 * REQUESTS.quantity
    assert admitted <= allowed
    assert admitted + 3 * 50 >= REQUESTS.quantity * (1 - 8 * 0.02)  # what the killed held, and slices, may be idle
    while client.zcount("{limits}:nodes", server_time_us(client), "+inf"):
        pass  # until the lives of the killed are over
    assert asyncio.run(slots_free_now(server.url)) == OPEN.quantity


def server_time_us(client) -> int:
    seconds, microseconds = client.time()
    return seconds * 1_000_000 + microseconds
