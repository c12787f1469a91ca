"""A population that lives: customers who go on with what they were doing, and a campaign that joins them after a while.

What they send is the future of the cast whose past is in the ledger, played much faster than it would come: some two
thousand requests are a day of these accounts. Their order is kept, so that whoever takes turns goes on taking turns.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from stillwatch.demo.cast import CAMPAIGN, Actor, classes, live_cast
from stillwatch.demo.client import Answered
from stillwatch.demo.identities import Credentials, Loopback
from stillwatch.demo.lane import Lane
from stillwatch.demo.prepare import Prepared, keep, read
from stillwatch.demo.tally import OfClass, Tally
from stillwatch.demo.wire import Ready, ready
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.world.sent import Sent

RATE = 80.0
"""Requests a second of all together. Chosen: leaves two cores room for the model, the guard and the tracer."""
CAMPAIGN_SHARE = 0.3
"""Of the rate, once the campaign has begun: about its share of the history's last days."""
CAMPAIGN_AFTER_SECONDS = 15.0
_STATUS_SECONDS = 0.5
_MOST_BEHIND_SECONDS = 1.0  # of requests that are made up for after a pause; chosen
_FORWARDED_AT_ONCE = 8  # actors whose past is passed over before others get a turn


class Status(msgspec.Struct, frozen=True):
    """Where a population stands. `campaign_in_seconds`: until the campaign begins; 0 once it has."""

    at_us: int
    running_seconds: float
    rate: float
    campaign_in_seconds: float
    classes: Mapping[str, OfClass]


class Reached(msgspec.Struct, frozen=True):
    """How far the cast's own time was played, UTC since 1970: what comes next has not been sent."""

    honest_us: int
    campaign_us: int

    def of(self, label: str) -> int:
        """Of an actor of this label."""
        return self.campaign_us if label == CAMPAIGN else self.honest_us

    def after(self, label: str, ts_us: int) -> Reached:
        """With one more exchange played."""
        if label == CAMPAIGN:
            return Reached(self.honest_us, ts_us + 1)
        return Reached(ts_us + 1, self.campaign_us)


class Population:
    """Everybody who is live, on one event loop."""

    def __init__(self, base_url: str, prepared: Prepared, rate: float, campaign_after: float) -> None:
        """Raises `UsageError` for an address that is none, `SecretError` without the prepared secret."""
        parts = urlsplit(base_url)
        if parts.scheme != "http" or not parts.hostname or parts.port is None:
            raise UsageError(f"{base_url} is no address of a gateway", "Name one as http://127.0.0.1:8080")
        self._host, self._port = parts.hostname, parts.port
        self._cast, self._rate, self._campaign_after = prepared.cast, rate, campaign_after
        self.reached = _reached(prepared)
        self._credentials = Credentials(Secret.load(prepared.secret_file))
        self._clock = asyncio.get_running_loop().time
        self._started = 0.0
        self._tallies = {label: Tally() for label in classes()}
        self._accounts = dict.fromkeys(classes(), 0)
        self._labels: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._places = Loopback(())

    def status(self) -> Status:
        """Counts by class."""
        now = self._clock()
        running = now - self._started if self._started else 0.0
        found = {label: tally.seen(now, self._accounts[label]) for label, tally in self._tallies.items()}
        return Status(
            time.time_ns() // 1_000,
            round(running, 1),
            self._rate,
            round(max(0.0, self._campaign_after - running), 1),
            found,
        )

    async def live(self) -> None:
        """Send until cancelled, or until the played days are over."""
        honest, campaign = await self._futures()
        self._started = self._clock()
        await asyncio.gather(
            self._play(honest, self._rate * (1 - CAMPAIGN_SHARE), 0.0),
            self._play(campaign, self._rate * CAMPAIGN_SHARE, self._campaign_after),
        )

    def close(self) -> None:
        """End all connections."""
        for lane in self._lanes.values():
            lane.close()

    async def _futures(self) -> tuple[Iterator[Sent], Iterator[Sent]]:
        """What honest actors and the campaign send from now on, each by time."""
        cast = list(live_cast(self._cast.seed, self._cast.first_us, self._cast.scale))
        self._places = Loopback(account for actor in cast for account in actor.accounts)
        streams: dict[bool, list[Iterator[Sent]]] = {False: [], True: []}
        for number, actor in enumerate(cast):
            self._know(actor)
            streams[actor.label == CAMPAIGN].append(_from(actor.stream, self.reached.of(actor.label)))
            if number % _FORWARDED_AT_ONCE == 0:
                await asyncio.sleep(0)
        honest, campaign = (heapq.merge(*some, key=lambda sent: sent.ts_us) for some in streams.values())
        return honest, campaign

    def _know(self, actor: Actor) -> None:
        self._accounts[actor.label] += len(actor.accounts)
        for account in actor.accounts:
            self._labels[account.account] = actor.label
            self._keys[account.account] = self._credentials.key(account)

    async def _play(self, stream: Iterator[Sent], rate: float, after: float) -> None:
        """One request every 1 / rate seconds; what a pause has held up is made up for, a second's worth at most."""
        await asyncio.sleep(after)
        due = self._clock()
        for sent in stream:
            due = max(due + 1.0 / rate, self._clock() - _MOST_BEHIND_SECONDS)
            wait = due - self._clock()
            if wait > 0:
                await asyncio.sleep(wait)
            self._send(sent)

    def _send(self, sent: Sent) -> None:
        account = sent.account.account
        self.reached = self.reached.after(self._labels[account], sent.ts_us)
        made = ready(sent, self._cast.seed, self._keys[account], f"{self._host}:{self._port}")
        taken = self._lane(account, self._places[sent.address]).send(made)
        self._tallies[self._labels[account]].count(self._clock(), "sent" if taken else "held_back")

    def _lane(self, account: str, address: str) -> Lane:
        lane = self._lanes.get((account, address))
        if lane is None:
            tally = self._tallies[self._labels[account]]

            def done(made: Ready, answered: Answered | None) -> None:
                tally.ended(self._clock(), answered, wanted_reasoning=made.wants_reasoning)

            lane = self._lanes[account, address] = Lane(self._host, self._port, address, done)
        return lane


def _from(stream: Iterator[Sent], now_us: int) -> Iterator[Sent]:
    """What is left of a stream from a moment on; its past is passed over here and now."""
    first = next((sent for sent in stream if sent.ts_us >= now_us), None)
    return iter(()) if first is None else _with_first(first, stream)


def _with_first(first: Sent, stream: Iterator[Sent]) -> Iterator[Sent]:
    yield first
    yield from stream


def _reached(prepared: Prepared) -> Reached:
    """Where the last population stopped, or the end of the history."""
    try:
        return msgspec.json.decode(prepared.played.read_bytes(), type=Reached)
    except FileNotFoundError:
        return Reached(prepared.cast.now_us, prepared.cast.now_us)


async def run(
    base_url: str,
    directory: Path,
    status_file: Path,
    stop: asyncio.Event,
    rate: float = RATE,
    campaign_after: float = CAMPAIGN_AFTER_SECONDS,
) -> None:
    """Let the population that was prepared in `directory` live until `stop` is set.

    `status_file` is replaced twice a second by `Status` as JSON, and once more at the end.
    """
    prepared = read(directory)
    population = Population(base_url, prepared, rate, campaign_after)
    living = asyncio.create_task(population.live())
    try:
        while not stop.is_set() and not living.done():
            _keep(population, prepared, status_file)
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait((waiting, living), timeout=_STATUS_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        if living.done():
            living.result()  # what ended it is not swallowed
    finally:
        living.cancel()
        population.close()
        _keep(population, prepared, status_file)


def _keep(population: Population, prepared: Prepared, status_file: Path) -> None:
    """The status, and how far it came: killed, it sends half a second again when it is started anew."""
    keep(population.status(), status_file)
    keep(population.reached, prepared.played)
