"""A real key service on this machine's loopback, its clock moved by hand, and members that ask it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from stillwatch.sharing.tags.asking import Asker, RemoteKey
from stillwatch.sharing.tags.epochs import Calendar
from stillwatch.sharing.tags.key_file import EpochKeys
from stillwatch.sharing.tags.pins import Pins
from stillwatch.sharing.tags.register import Register
from stillwatch.sharing.tags.service import KeyService, Rules, application
from stillwatch.sharing.tags.suite import Suite
from stillwatch.sharing.tags.transport import HttpTransport

NOON_S = 1_800_014_400
"""A day's noon, UTC; the first epoch begins twelve hours earlier."""
POINTS = 8
DAILY = 6


@dataclass
class Clock:
    now_s: float = NOON_S

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Running:
    """A service, and how its members reach it."""

    url: str
    keys: EpochKeys
    register: Register
    suite: Suite
    clock: Clock
    tokens: dict[str, str] = field(default_factory=dict)
    opened: list[HttpTransport] = field(default_factory=list)

    @property
    def pins(self) -> Pins:
        first = self.keys.calendar.epoch_at(self.clock())
        return Pins("operator-1", tuple(self.keys.pin(epoch) for epoch in range(first, first + 3)))

    def transport(self, member: str) -> HttpTransport:
        token = self.tokens[member] = self.tokens.get(member) or self.register.admit(member)
        self.opened.append(HttpTransport(self.url, token))
        return self.opened[-1]

    def asker(self, member: str) -> Asker:
        return Asker(self.suite, [RemoteKey(self.transport(member), self.pins, self.suite)], POINTS)


@contextmanager
def served(home: Path, clock: Clock) -> Iterator[Running]:
    """A key service in a thread, until the block ends."""
    suite = Suite()
    home.mkdir()
    keys = EpochKeys.create(home / "epochs.key", Calendar(NOON_S - 43_200, 30), suite)
    register = Register.create(home / "service.sqlite")
    service = KeyService(keys, register, Rules(POINTS, DAILY), suite, clock)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application(service), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    running = Running(f"http://127.0.0.1:{listening.getsockname()[1]}", keys, register, suite, clock)
    try:
        yield running
    finally:
        for transport in running.opened:
            transport.close()
        server.should_exit = True
        thread.join()
