"""The hub beside two other TAXII 2.1 servers, medallion and OpenTAXII, each asked the same on this machine in one run.

Each server is a process of its own with one worker, begun empty; the same indicators are posted to it in envelopes of
a thousand, then the collection is read in pages of a thousand along `next`. Rates are those of one core (CPU time of
the server). Who has used up its minute for a step is stopped there and judged by what it did; who could not take a
size whole is not asked for a larger one. What stands below is in the others' favour: OpenTAXII checks no password, and
medallion keeps all in memory.

The others are no part of Stillwatch, and are left out where they are not installed. Once, in any folder:

    export STILLWATCH_PEERS=$PWD/peers
    python -m venv peers/medallion && peers/medallion/bin/pip install medallion==3.0.0
    git clone https://github.com/eclecticiq/OpenTAXII
    python -m venv peers/opentaxii && peers/opentaxii/bin/pip install ./OpenTAXII gunicorn
    python -m benchmarks peers

OpenTAXII from its repository, because its last release (0.9.3) answers 500 when asked for its collections.
"""

from __future__ import annotations

import http.client
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.hub import MOST_PAGES, PAGE, Client, empty_store, envelopes

SIZES = (1_000, 10_000, 100_000)
MOST_CPU_SECONDS = 60.0
"""Of one step; the hub needs under a minute for the largest."""
MOST_WAIT_SECONDS = 180.0
"""For one answer: three times the minute, since the machine may be doing something else."""
_START_SECONDS = 60.0
_ROOM = 1_000_000_000
_LOGIN = "alice:alice"
_STOPPED = (TimeoutError, ConnectionError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server: `prepare` makes it ready in a folder and returns its command and what its environment has besides."""

    name: str
    program: Path
    prepare: Callable[[Path, Path, int], tuple[list[str], dict[str, str]]]
    login: str = _LOGIN


@dataclass(frozen=True, slots=True)
class Did:
    """What a server did in a step. `waits` are seconds; `is_whole` is false if it was stopped."""

    objects: int
    cpu_seconds: float
    waits: tuple[float, ...]
    is_whole: bool

    @property
    def rate(self) -> float:
        """Objects a CPU second."""
        return self.objects / self.cpu_seconds if self.cpu_seconds else 0.0


def run(below: Path, sizes: Sequence[int] = SIZES) -> Iterator[Figure]:
    """For each size what posting to and reading from each server cost."""
    present = []
    for one in _contestants(Path(os.environ.get("STILLWATCH_PEERS", "peers"))):
        if one.program.exists():
            present.append(one)
        else:
            yield Figure("peers", one.name, found="not installed: benchmarks/hub_peers.py says how")
    for size in sizes:
        hub: dict[str, Did] = {}
        for one in list(present):
            did = {}
            with scratch.folder(below, _ROOM) as folder, _serving(one, folder) as client:
                did = _measured(client, size)
            hub = hub or did
            for (step, done), stored in zip(did.items(), (size, did["POST"].objects), strict=True):
                yield _figure(one.name, f"{step}, {stored:,} objects", done, hub[step])
            if not all(done.is_whole for done in did.values()):
                present.remove(one)


def _contestants(peers: Path) -> list[Contestant]:
    return [
        Contestant("hub", Path(sys.executable), _hub),
        Contestant("medallion", peers / "medallion" / "bin" / "medallion", _medallion),
        Contestant("OpenTAXII", peers / "opentaxii" / "bin" / "gunicorn", _opentaxii, login=""),
    ]


def _figure(name: str, case: str, did: Did, hub: Did) -> Figure:
    found = [f"{did.rate:,.0f} objects a CPU second" if did.objects else "none"]
    if did is not hub and did.objects:
        found.append(f"the hub {_times(hub.rate / did.rate)} as many")
    if case.startswith("GET"):
        found.append(_waited(did.waits))
    if not did.is_whole:
        found.append(f"stopped after {did.objects:,}")
    return Figure("peers", f"{name}: {case}", did.objects, did.cpu_seconds, found="; ".join(found))


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} x" if ratio >= 10 else f"{ratio:.1f} x"


def _waited(waits: Sequence[float]) -> str:
    if not waits:
        return f"no page within {MOST_WAIT_SECONDS:.0f} s"
    ascending = sorted(waits)
    at = [ascending[math.ceil(share * len(ascending)) - 1] * 1000 for share in (0.5, 0.99)]
    return f"a page waited for: p50 {at[0]:,.0f}, p99 {at[1]:,.0f} ms, of {len(waits)}"


def _measured(client: Client, size: int) -> dict[str, Did]:
    objects = _objects(client)
    posted = _posted(client, objects, size)
    return {"POST": posted, "GET": _read(client, objects, posted.objects)}


def _posted(client: Client, objects: str, size: int) -> Did:
    before, count = client.cpu_seconds(), 0
    waits: list[float] = []
    for body in envelopes(0, size):
        began = time.perf_counter()
        try:
            said = json.loads(client.ask("POST", objects, body))
        except _STOPPED:
            break
        assert said["failure_count"] == 0, said["failures"][0]
        count += said["total_count"]
        waits.append(time.perf_counter() - began)
        if client.cpu_seconds() - before > MOST_CPU_SECONDS:
            break
    return Did(count, client.cpu_seconds() - before, tuple(waits), count == size)


def _read(client: Client, objects: str, stored: int) -> Did:
    """Pages from the beginning on, again and again until there were enough; whole if the first walk saw everything."""
    before, count = client.cpu_seconds(), 0
    waits: list[float] = []
    query, is_whole = f"?limit={PAGE}", stored > MOST_PAGES * PAGE
    while len(waits) < MOST_PAGES and client.cpu_seconds() - before < MOST_CPU_SECONDS:
        began = time.perf_counter()
        try:
            page = json.loads(client.ask("GET", objects + query))
        except _STOPPED:
            return Did(count, client.cpu_seconds() - before, tuple(waits), is_whole=False)
        waits.append(time.perf_counter() - began)
        count += len(page["objects"])
        is_whole |= count >= stored
        query = f"?limit={PAGE}&next={page['next']}" if page["more"] else f"?limit={PAGE}"
    return Did(count, client.cpu_seconds() - before, tuple(waits), is_whole)


def _objects(client: Client) -> str:
    """The path of the first collection's objects, as the server itself tells it."""
    site = json.loads(client.ask("GET", "/taxii2/"))
    root = urlsplit(site["api_roots"][0]).path
    collection = json.loads(client.ask("GET", f"{root}collections/"))["collections"][0]["id"]
    return f"{root}collections/{collection}/objects/"


@contextmanager
def _serving(one: Contestant, folder: Path) -> Generator[Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command, more = one.prepare(folder, one.program, port)
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **more}) as process,  # noqa: S603 - named above
    ):
        try:
            _wait_for(port)
            http_ = http.client.HTTPConnection("127.0.0.1", port, timeout=MOST_WAIT_SECONDS)
            yield Client(http_, process.pid, one.login)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """A server that is busy with one page for minutes does not hear that it is asked to end."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), 9)
        process.kill()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing listens after {_START_SECONDS:.0f} s")


def _hub(folder: Path, program: Path, port: int) -> tuple[list[str], dict[str, str]]:
    store = str(empty_store(folder))
    command = [str(program), "-m", "stillwatch.cli.main", "hub", "serve", "--store", store, "--port", str(port)]
    return command, {}


def _medallion(folder: Path, program: Path, port: int) -> tuple[list[str], dict[str, str]]:
    collection: dict[str, object]
    collection = {"id": "91a7b528-80eb-42ed-a74d-c6fbd5a26116", "title": "C", "can_read": True, "can_write": True}
    collection |= {"media_types": ["application/stix+json;version=2.1"]}
    information = {"title": "R", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 10**8}
    root = {"information": information, "status": [], "collections": [collection | {"manifest": [], "objects": []}]}
    url = f"http://127.0.0.1:{port}/alliance/"
    data = {"/discovery": {"title": "T", "default": url, "api_roots": [url]}, "alliance": root}
    (folder / "data.json").write_text(json.dumps(data))
    name, _, password = _LOGIN.partition(":")
    settings = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(folder / "data.json"),
        },
        "users": {name: password},
        "taxii": {"max_page_size": PAGE},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    return [str(program), "--host", "127.0.0.1", "--port", str(port), str(folder / "settings.json")], {}


def _opentaxii(folder: Path, program: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Its settings are YAML, which JSON is too."""
    stores = {name: f"sqlite:///{folder}/{name}.db" for name in ("auth", "data")}
    settings = {
        "domain": f"127.0.0.1:{port}",
        "auth_api": _sql("opentaxii.auth.sqldb.SQLDatabaseAPI", stores["auth"], secret="not one"),  # noqa: S106 - a benchmark's
        "taxii1": None,
        "taxii2": {
            "persistence_api": _sql("opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI", stores["data"]),
            "title": "T",
            "public_discovery": True,
            "max_content_length": 10**8,
        },
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    more = {"OPENTAXII_CONFIG": str(folder / "settings.json")}
    root = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
    tool = program.parent
    _done([f"{tool}/opentaxii-add-api-root", "-t", "R", "--default", "--public", "-i", root], more)
    _done([f"{tool}/opentaxii-add-collection", "-r", root, "-t", "C", "--public", "--public-write"], more)
    return [str(program), "opentaxii.http:app", "--bind", f"127.0.0.1:{port}", "--timeout", "0"], more


def _sql(kind: str, connection: str, **more: str) -> dict[str, object]:
    return {"class": kind, "parameters": {"db_connection": connection, "create_tables": True, **more}}


def _done(command: Sequence[str], more: Mapping[str, str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **more})  # noqa: S603 - named above
