"""What the connections of one worker share. One owner, one event loop, no locks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields

import msgspec

from stillwatch.gateway.answer_head import KnownAnswer
from stillwatch.gateway.configuration import Configuration
from stillwatch.gateway.deadlines import Deadlines
from stillwatch.gateway.guard import Guard, KnownRequest
from stillwatch.gateway.hygiene import answer_kinds, request_kinds
from stillwatch.gateway.known_heads import KnownHeads


@dataclass(slots=True)
class Counters:
    """What happened since the worker started."""

    connections: int = 0
    requests: int = 0
    refused: int = 0
    upstream_failed: int = 0
    client_left: int = 0
    cut: int = 0
    retried: int = 0
    upstream_opened: int = 0
    upstream_unreachable: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{field.name} {getattr(self, field.name)}" for field in fields(self))


class WorkerState:
    """Configuration, guard and bookkeeping. `buffered_bytes`: request bodies that are held at the moment."""

    def __init__(self, configuration: Configuration, guard: Guard, loop: asyncio.AbstractEventLoop) -> None:
        self.configuration = configuration
        self.bounds = configuration.bounds
        self.time_outs = configuration.time_outs
        self.guard = guard
        self.loop = loop
        self.now = loop.time
        self.deadlines = Deadlines(loop, min(msgspec.structs.astuple(self.time_outs)))
        self.request_kinds = request_kinds(configuration.headers)
        self.answer_kinds = answer_kinds()
        self.known_requests: KnownHeads[KnownRequest] = KnownHeads()
        self.known_answers: KnownHeads[KnownAnswer] = KnownHeads()
        self.counters = Counters()
        self.buffered_bytes = 0
        self.is_draining = False

    def went_on(self, known: KnownRequest) -> None:
        """Know this head from now on: the guard let a request with it pass."""
        self.known_requests.learn(known.key, known)
        known.key = b""
