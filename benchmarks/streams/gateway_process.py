"""One worker with a gate, as a process of its own: `PORT UPSTREAM_PORT`. Its limits bind nobody and count all."""

from __future__ import annotations

import hashlib
import sys
import time
from contextlib import nullcontext

from stillwatch.decision.core import Core, Now
from stillwatch.decision.policy import Policy
from stillwatch.gateway.configuration import Configuration, Listen, Upstream
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.worker import Worker, listening_socket, run
from stillwatch.limits.limit import Level, Limit, Measure
from stillwatch.observing.frames import Observed

_MANY = 10**12
_LIMITS = tuple(
    Limit(Level.ACCOUNT, measure, _MANY)
    for measure in (Measure.REQUESTS, Measure.INPUT_TOKENS, Measure.OUTPUT_TOKENS, Measure.CONCURRENT)
)


def _now() -> Now:
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


def _unobserved(observed: Observed) -> None:
    """Nobody is told: what observation costs is measured elsewhere."""


def gate() -> Gate:
    """A gate that knows the one key of this benchmark."""
    holder = KeyHolder(hashlib.sha256(b"sk-benchmark").hexdigest(), "benchmark")
    return Gate(Core(Policy(_LIMITS)), Keys([holder]), _now, _unobserved)


if __name__ == "__main__":
    configuration = Configuration(listen=Listen(port=int(sys.argv[1])), upstream=Upstream(port=int(sys.argv[2])))
    run(configuration, lambda c: nullcontext(Worker(c, gate())), listening_socket(configuration))
