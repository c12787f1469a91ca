"""The machine's clocks: limits are measured by the one that never goes back, verdicts end by the one that says UTC."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from datetime import UTC, datetime

from stillwatch.cli.checks.result import Result, fault, not_checked, ok, warning

_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""No deployment is older than this program."""
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_STEP_SECONDS = 0.5
"""Chosen: clocks are slewed by 0.5 ms a second at most (adjtime), so in the seconds of a check this was a step."""
_UNSYNC = 0x40  # STA_UNSYNC, linux/timex.h
_TIME_ERROR = 5
_REMEDY = "Run a time service: chrony, systemd-timesyncd or ntpd"


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it is read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def wall(now: datetime) -> list[Result]:
    """Whether UTC can be right."""
    said = f"it is {now:%Y-%m-%d %H:%M:%S} UTC"
    if not _EARLIEST <= now < _LATEST:
        return [fault("clock", said, f"Set the machine's clock: verdicts end at once, or never. {_REMEDY}")]
    return [ok("clock", said)]


def steps(wall_seconds: float, monotonic_seconds: float) -> list[Result]:
    """Whether UTC jumped, from how long both clocks say that the checks took."""
    jump = wall_seconds - monotonic_seconds
    if abs(jump) > _STEP_SECONDS:
        return [warning("clock", f"UTC jumped by {jump:+.1f} s while this ran", "See why the machine's clock is set")]
    return []


def synchronisation() -> list[Result]:
    """What the kernel knows of a time service; asking changes nothing."""
    timex = _Timex()
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return [not_checked("time service", "this system does not say", _REMEDY)]
    state = adjtimex(ctypes.byref(timex))
    if state < 0:
        return [not_checked("time service", f"the kernel does not say: {os.strerror(ctypes.get_errno())}", _REMEDY)]
    return synchronised(state, timex.status, timex.maxerror)


def synchronised(state: int, status: int, most_us: int) -> list[Result]:
    """From adjtimex: its answer, the status, and the largest error in microseconds."""
    if state == _TIME_ERROR or status & _UNSYNC:
        return [warning("time service", "the clock is not kept by any", _REMEDY)]
    return [ok("time service", f"the clock is kept, to within {most_us / 1000:.0f} ms")]
