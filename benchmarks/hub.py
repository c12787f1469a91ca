"""The TAXII hub as its members have it: `stillwatch hub serve` in a process of its own, asked over loopback HTTP.

Everything is on that a deployment has on: passwords, rights, markings, validation, a durable transaction a post, a
line of log a request. Stores of several sizes are filled first, by the code that reads a seed; then the collection is
read in pages of a thousand, from its beginning and from nine tenths on, and objects are posted in envelopes of a
thousand. Stores are SQLite files; or, for one size, the empty database of PostgreSQL whose URL is in
STILLWATCH_HUB_STORE. Rates are those of one core (CPU time of the server). What a client waits is wall time and means
what it says on a quiet machine only, so the load of the machine stands beside it.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from benchmarks import scratch
from benchmarks.figures import Figure
from stillwatch.sharing.hub.markings import Visibility
from stillwatch.sharing.hub.seed import read_seed, sow
from stillwatch.sharing.hub.store import Entry
from stillwatch.sharing.taxii.timestamps import read_us, write_us
from stillwatch.storage.hub.opening import open_store, store_place

SIZES = (1_000, 10_000, 100_000, 1_000_000)
POSTED = 10_000
PAGE = 1_000
MOST_PAGES = 60
"""Of one size: half from the beginning, half from nine tenths on."""
LEAST_POSTED, LEAST_READ = 3_000, 20_000
MOST_MS = 100.0
MOST_SLOPE = 1.2
_STORE = "STILLWATCH_HUB_STORE"
_ROOM = 2_000_000_000
_TAXII = "application/taxii+json;version=2.1"
_COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
_OBJECTS = f"/alliance/collections/{_COLLECTION}/objects/"
_BATCH = 20_000
_VERSION_US = 1_767_225_600_000_000
_MEAN_STEP_US = 8
"""Between dates that the store gives (storage.hub.adding)."""
_TICKS = os.sysconf("SC_CLK_TCK")


def run(below: Path, sizes: Sequence[int] = SIZES) -> Iterator[Figure]:
    """For each size what posting and reading cost, and whether reading is as fast in the largest as in the smallest."""
    costs = []
    for size in sizes:
        with scratch.folder(below, _ROOM) as folder:
            filled = _filled(folder, size)
            with _serving(filled) as hub:
                figure, cost_us = _reading(hub, size)
                yield figure
                costs.append(cost_us)
                yield _posting(hub, size)
    slope = costs[-1] / costs[0]
    found = f"an object costs {slope:.2f} x as much to read in {sizes[-1]:,} as in {sizes[0]:,}"
    yield Figure("hub", "flat", found=found, target=f"at most {MOST_SLOPE} x", is_met=slope <= MOST_SLOPE)


@dataclass
class Client:
    """One member on one connection, and the server's process."""

    http: http.client.HTTPConnection
    process: int
    login: str = "alice:alice"
    """Name and password; empty for none."""

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of the answer, which has to be a good one."""
        headers = {"Accept": _TAXII} | ({"Content-Type": _TAXII} if body else {})
        if self.login:
            headers["Authorization"] = "Basic " + base64.b64encode(self.login.encode()).decode()
        self.http.request(method, path, body, headers)
        answer = self.http.getresponse()
        said = answer.read()
        assert answer.status in (200, 202), said[:500]
        return said

    def cpu_seconds(self) -> float:
        """What the server has used so far, with the workers that it began."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split()
        return sum(map(_ticks, [self.process, *map(int, children)])) / _TICKS


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def envelopes(first: int, count: int) -> list[bytes]:
    """So many indicators in envelopes of a thousand."""
    return [
        json.dumps({"objects": [indicator(number) for number in range(at, min(at + PAGE, first + count))]}).encode()
        for at in range(first, first + count, PAGE)
    ]


def _posting(hub: Client, size: int) -> Figure:
    bodies = envelopes(10**7, POSTED)
    before, began = hub.cpu_seconds(), time.perf_counter()
    for body in bodies:
        assert json.loads(hub.ask("POST", _OBJECTS, body))["success_count"] == PAGE
    wall, used = time.perf_counter() - began, hub.cpu_seconds() - before
    return Figure(
        "hub",
        f"POST to {size:,} objects",
        POSTED,
        used,
        found=f"{POSTED / used:,.0f} objects a CPU second, {POSTED / wall:,.0f} a second waited",
        target=f"at least {LEAST_POSTED:,} a CPU second",
        is_met=POSTED / used >= LEAST_POSTED,
    )


def _reading(hub: Client, size: int) -> tuple[Figure, float]:
    half = min(MOST_PAGES // 2, max(1, size // PAGE // 10))
    late = f"?limit={PAGE}&added_after={_late(hub, size)}"
    before = hub.cpu_seconds()
    read: list[tuple[int, float]] = []
    while len(read) < MOST_PAGES:
        read += _pages(hub, f"?limit={PAGE}", half)
        read += _pages(hub, late, half)
    used, count = hub.cpu_seconds() - before, sum(objects for objects, _ in read)
    waits = [seconds * 1000 for _, seconds in read]
    p50, p99 = statistics.median(waits), statistics.quantiles(waits, n=100)[98]
    found = f"{count / used:,.0f} objects a CPU second; a page of {PAGE:,} waited for: p50 {p50:.0f}, p99 {p99:.0f} ms"
    found += f" at load {os.getloadavg()[0]:.0f}"
    figure = Figure(
        "hub",
        f"GET from {size:,} objects",
        count,
        used,
        found=found,
        target=f"at least {LEAST_READ:,} a CPU second, p99 below {MOST_MS:.0f} ms",
        is_met=count / used >= LEAST_READ and p99 < MOST_MS,
    )
    return figure, used / count * 1e6


def _late(hub: Client, size: int) -> str:
    """The date that a page at nine tenths of the collection ends with."""
    page = json.loads(hub.ask("GET", f"{_OBJECTS.replace('/objects/', '/manifest/')}?limit=1"))
    first_us = read_us(page["objects"][0]["date_added"])
    return write_us(first_us + int(size * _MEAN_STEP_US * 0.9) - _MEAN_STEP_US * PAGE // 2)


def _pages(hub: Client, query: str, most: int) -> Iterator[tuple[int, float]]:
    """Objects and seconds of at most so many pages."""
    for _ in range(most):
        began = time.perf_counter()
        body = hub.ask("GET", _OBJECTS + query)
        yield body.count(b'"id":"indicator--'), time.perf_counter() - began
        head = json.loads(body[:200].partition(b',"objects"')[0] + b"}")
        if not head["more"]:
            return
        query = f"{query.partition('&next=')[0]}&next={head['next']}"


def empty_store(folder: Path) -> str:
    """A store with one member and one open collection."""
    password = PasswordHasher().hash("alice")
    root = {"name": "alliance", "title": "T", "collections": [{"id": _COLLECTION, "title": "C"}]}
    (folder / "seed.json").write_text(
        json.dumps({"users": [{"name": "alice", "password": password}], "api_roots": [root]})
    )
    place = os.environ.get(_STORE, str(folder / "hub.sqlite"))
    sow(read_seed(folder / "seed.json"), open_store(store_place(place)), time.time_ns() // 1000)
    return place


def _filled(folder: Path, size: int) -> str:
    """A store with so many objects of somebody else's."""
    place = empty_store(folder)
    store, now_us = open_store(store_place(place)), time.time_ns() // 1000
    for first in range(0, size, _BATCH):
        entries = [(_entry(number), None) for number in range(first, min(size, first + _BATCH))]
        store.seed(1, "alliance", entries, now_us)
    return place


def _entry(number: int) -> Entry:
    one = indicator(number)
    stored = json.dumps(one, separators=(",", ":")).encode()
    return Entry(one["id"], one["type"], 21, one["modified"], _VERSION_US, Visibility(contributor="bob"), stored)


def indicator(number: int) -> dict[str, Any]:
    """Some 430 bytes, as measured of others' servers; ids are spread, as random ones are."""
    spread = number * 0x9E3779B97F4A7C15 % 2**64
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{spread >> 32:08x}-{spread >> 16 & 0xFFFF:04x}-4{spread & 0xFFF:03x}-8000-{number:012x}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "name": f"indicator {number}",
        "description": "an address that answers were harvested from, seen by one member",
        "indicator_types": ["anomalous-activity"],
        "pattern": f"[ipv4-addr:value = '192.0.2.{number % 256}']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
    }


@contextmanager
def _serving(store: str) -> Generator[Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "stillwatch.cli.main", "hub", "serve", "--store", store, "--port", str(port)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            assert process.stdout is not None
            process.stdout.readline()
            hub = Client(http.client.HTTPConnection("127.0.0.1", port), process.pid)
            hub.ask("GET", "/taxii2/")
            yield hub
        finally:
            process.terminate()
