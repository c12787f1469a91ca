"""One process: a listening socket, its clients, its upstream connections, and a drain that lets answers end."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import uvloop

from stillwatch.gateway import tls
from stillwatch.gateway.client import ClientConnection
from stillwatch.gateway.configuration import Configuration
from stillwatch.gateway.guard import Guard
from stillwatch.gateway.pool import Pool
from stillwatch.gateway.request_head import RequestHead
from stillwatch.gateway.worker_state import WorkerState

_log = logging.getLogger(__name__)


def listening_socket(configuration: Configuration) -> socket.socket:
    """A socket bound to the configured address, which other workers may bind as well."""
    listen = configuration.listen
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((listen.host, listen.port))
    except OSError:
        bound.close()
        raise
    return bound


class Worker:
    """Serves one socket until it is told to stop."""

    def __init__(self, configuration: Configuration, guard: Guard) -> None:
        self.state = WorkerState(configuration, guard, asyncio.get_running_loop())
        self._pool = Pool(self.state, tls.of_upstream(configuration.upstream))
        self._heads = RequestHead(configuration)
        self._clients: set[ClientConnection] = set()
        self._empty = asyncio.Event()
        self._stop = asyncio.Event()

    @property
    def open_connections(self) -> int:
        """Clients that are connected now."""
        return len(self._clients)

    def stop(self) -> None:
        """Begin to drain. May be called by a signal."""
        self._stop.set()

    async def serve(self, bound: socket.socket, ready: asyncio.Event | None = None) -> None:
        """Serve until `stop`, then let open exchanges end, at most for the time-out `drain`."""
        listen = self.state.configuration.listen
        server = await self.state.loop.create_server(
            lambda: ClientConnection(self.state, self._pool, self._heads, self),
            sock=bound,
            backlog=listen.backlog,
            ssl=tls.of_server(listen),
        )
        if ready is not None:
            ready.set()
        await self._stop.wait()
        server.close()
        await self._drain()
        self._pool.close()
        self.state.deadlines.close()
        await asyncio.sleep(0)  # closed connections say so in the loop's next turn

    async def _drain(self) -> None:
        self.state.is_draining = True
        for client in list(self._clients):
            client.drain()
        if not self._clients:
            return
        try:
            async with asyncio.timeout(self.state.time_outs.drain):
                await self._empty.wait()
        except TimeoutError:
            _log.warning("%d exchanges did not end in time and were cut off", len(self._clients))
            for client in list(self._clients):
                client.cut_off()

    def joined(self, client: ClientConnection) -> bool:
        if len(self._clients) >= self.state.configuration.listen.most_connections:
            return False
        self._clients.add(client)
        return True

    def left(self, client: ClientConnection) -> None:
        self._clients.discard(client)
        if self.state.is_draining and not self._clients:
            self._empty.set()


MakeWorker = Callable[[Configuration], AbstractAsyncContextManager[Worker]]
"""Entered in the process's loop before it listens, left after the last exchange has ended."""


def run(configuration: Configuration, make_worker: MakeWorker, bound: socket.socket) -> None:
    """The whole life of a worker process: serve until SIGTERM or SIGINT."""
    _raise_file_limit()
    uvloop.run(_run(configuration, make_worker, bound))


async def _run(configuration: Configuration, make_worker: MakeWorker, bound: socket.socket) -> None:
    async with make_worker(configuration) as worker:
        for number in (signal.SIGTERM, signal.SIGINT):
            worker.state.loop.add_signal_handler(number, worker.stop)
        await worker.serve(bound)
        _log.info("Worker ended: %s", worker.state.counters)


def _raise_file_limit() -> None:
    """A connection is an open file, and the usual soft limit is 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
