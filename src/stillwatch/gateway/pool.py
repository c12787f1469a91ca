"""Connections to the upstream, kept open between exchanges; the one used last is used first."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from stillwatch.gateway.upstream import Carried, UpstreamConnection
from stillwatch.gateway.worker_state import WorkerState


class Waiting(Carried, Protocol):
    """An exchange that needs a connection."""

    def upstream_opened(self, upstream: UpstreamConnection) -> None:
        """Here it is."""

    def upstream_unreachable(self, status: int, why: str) -> None:
        """There is none."""


class Pool:
    """The connections of one worker to one upstream."""

    def __init__(self, state: WorkerState, tls: ssl.SSLContext | None) -> None:
        self._state = state
        self._tls = tls
        self._idle: list[UpstreamConnection] = []
        self._count = 0
        self._opening: set[asyncio.Task[None]] = set()

    def take(self) -> UpstreamConnection | None:
        """An idle connection, or None: then `open` one."""
        while self._idle:
            upstream = self._idle.pop()
            if upstream.is_open:
                return upstream
        return None

    def open(self, exchange: Waiting) -> None:
        """Connect and tell `exchange`; it may have ended by then."""
        if self._count >= self._state.configuration.upstream.most_connections:
            exchange.upstream_unreachable(503, "Too many requests at once. Try again.")
            return
        self._count += 1
        task = self._state.loop.create_task(self._connect(exchange))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def give(self, upstream: UpstreamConnection) -> None:
        if len(self._idle) < self._state.configuration.upstream.most_idle and not self._state.is_draining:
            self._idle.append(upstream)
        else:
            upstream.close()

    def lost(self, upstream: UpstreamConnection) -> None:
        self._count -= 1
        if upstream in self._idle:
            self._idle.remove(upstream)

    def close(self) -> None:
        """Close what is idle and stop opening."""
        for task in self._opening:
            task.cancel()
        for upstream in list(self._idle):
            upstream.close()

    async def _connect(self, exchange: Waiting) -> None:
        to = self._state.configuration.upstream
        try:
            async with asyncio.timeout(self._state.time_outs.connect):
                _, upstream = await self._state.loop.create_connection(
                    lambda: UpstreamConnection(self._state, self),
                    to.host,
                    to.port,
                    ssl=self._tls,
                    server_hostname=to.host if self._tls else None,
                )
        except TimeoutError:
            self._count -= 1
            self._state.counters.upstream_unreachable += 1
            exchange.upstream_unreachable(504, "The upstream could not be reached in time.")
        except OSError:
            self._count -= 1
            self._state.counters.upstream_unreachable += 1
            exchange.upstream_unreachable(502, "The upstream could not be reached.")
        else:
            self._state.counters.upstream_opened += 1
            exchange.upstream_opened(upstream)
