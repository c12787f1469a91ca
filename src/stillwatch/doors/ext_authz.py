"""Envoy's external authorization over HTTP: Envoy asks with the request and its body, and does what it is told.

The service is the gateway's data plane with a guard that always answers itself. 200 lets the request go on, with header
fields for the upstream and the client; anything else goes to the client as it is, a body in its dialect.

What it cannot do: it sees no answer, so nothing is cut, hidden or counted, and a request costs all that was reserved
for it; a body cannot be changed, so a degraded account's request goes on whole, with `x-stillwatch-step: degrade` for
the upstream to act on. Limits of open requests have no end to wait for and bind nobody.

Source: Envoy 1.40, api/envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto, `HttpService`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from stillwatch.doors.added_fields import added_fields
from stillwatch.doors.configuration import Door
from stillwatch.doors.station import Station, delayed
from stillwatch.gateway.configuration import Bounds, Configuration, Forwarded, Headers
from stillwatch.gateway.guard import Answer, End, Header, Passage, Request, Waiting
from stillwatch.gateway.settling import Settling
from stillwatch.gateway.worker import Worker

STEP = b"x-stillwatch-step"
_OK = 200


class Checking:
    """The data plane's guard that lets Envoy know what the gate says."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def on_request(self, request: Request) -> Answer | Waiting:
        said = self._station.asked(request)
        if isinstance(said, Passage) and said.delay_seconds == 0:
            return _passed(said)
        return said if isinstance(said, Answer) else Waiting(self._checked(said))

    async def _checked(self, said: Passage | Waiting) -> Answer:
        """After what the gate waits for, and after the delay."""
        if isinstance(said, Waiting):
            later = await said.coming  # what it raises is a refusal by the data plane, 503
            return later if isinstance(later, Answer) else await self._checked(later)
        await delayed(said)
        return _passed(said)


def _passed(passage: Passage) -> Answer:
    """What Envoy gives to the upstream and to the client; the exchange ends here as far as we see."""
    observer = passage.observer
    headers: list[Header] = []
    if isinstance(observer, Settling):
        headers = [*added_fields(observer.on_head(_OK, [])), (STEP, observer.step.name.lower().encode())]
        observer.leave()
    elif observer is not None:
        observer.on_end(End.COMPLETE, 0)
    return Answer(_OK, headers, b"")


def configuration(door: Door) -> Configuration:
    """How the data plane serves this door. Envoy's word on who the client is counts where `identity` trusts it."""
    headers = Headers(forwarded=Forwarded.APPEND)
    return Configuration(listen=door.listen, bounds=Bounds(body_bytes=door.body_bytes), headers=headers)


@asynccontextmanager
async def worker(door: Door) -> AsyncGenerator[Worker]:
    """The service in this process's loop. Raises `StillwatchError` for files that are none."""
    station = Station(door, "ext-authz")
    await station.start()
    try:
        yield Worker(configuration(door), Checking(station))
    finally:
        await station.close()
