"""`stillwatch up` and our own model server under a steady mixture, and what all of it takes, every ten seconds.

The first half is for warming up: caches fill, and the observer's compaction comes to its largest segment (131,072
exchanges, 27 minutes at this rate). From then to the end every process has to stay as it is, but for the tracer, which
holds what it knows of each account: there it is said how much that is. Nothing may be lost: every event of a stream,
every exchange on its way to the ledger. The disk may grow by what an exchange takes there. A short run shows that all
of this works, and has no target of memory.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.proxy.load import Unanswered
from benchmarks.proxy.run import _await, _free_port, _process
from benchmarks.soak.asks import LIMIT_A_MINUTE
from benchmarks.soak.watching import Moment, Taken, moment
from stillwatch.ledger.ledger import Ledger
from stillwatch.pseudonym import Secret

MINUTES = 2.0
RATE = 80
"""Requests a second. Chosen: what one organisation of a few hundred accounts sends, and a third of a core here."""
SAMPLE_SECONDS = 10.0
WARM_MINUTES = 30.0
"""A run of twice that has a target of memory. See above."""
MOST_GROWTH, MORE_BYTES, MORE_FILES = 1.05, 2_000_000, 20
"""From half of a run to its end: a share, and what an allocator or a moment with more open streams makes of it."""
MOST_BYTES_AN_EXCHANGE = 1_000
"""On disk. Chosen: a sketch has 384 bytes; as much again until segments are compacted, and room."""
_GROWS = ("trace", "trace's children")
_ROOM = 2_000_000_000
_SEED = 5
_START_SECONDS = _STOP_SECONDS = 120.0
_NICE = ["nice", "-n", "10"]
_CLI = [*_NICE, sys.executable, "-m", "stillwatch.cli.main"]
_POLICY = f"""[[limit]]
level = "account"
measure = "requests"
quantity = {LIMIT_A_MINUTE}
window = "1m"
burst = 30

[[limit]]
level = "account"
measure = "concurrent"
quantity = 20

[[limit]]
level = "organization"
measure = "output_tokens"
quantity = 1000000
window = "1m"
"""


@dataclass(frozen=True, slots=True)
class Soaked:
    """What was seen. `load`: what clients told; `numbers`: the deployment's own, at the end; `kept`: in the ledger."""

    moments: Sequence[Moment]
    load: dict[str, Any]
    numbers: dict[str, float]
    kept: int


def run(below: Path, minutes: float) -> Iterator[Figure]:
    """What was lost, then a figure for each kind of process, and the disk."""
    with scratch.folder(below, _ROOM) as place:
        soaked = soak(place, minutes or MINUTES)
    yield _flow(soaked, minutes or MINUTES)
    for role in soaked.moments[-1].processes:
        yield _process_figure(soaked, role, minutes or MINUTES)
    yield _disk(soaked)


def soak(place: Path, minutes: float) -> Soaked:
    """Start everything below `place`, ask for so long, and stop it. Raises `CalledProcessError` where a part fails."""
    port, metrics, upstream = _free_port(), _free_port(), _free_port()
    home = place / "home"
    with ExitStack() as started:
        roots = {"model": started.enter_context(_process([*_CLI, "model", "--port", str(upstream)], upstream))}
        store, redis = _store(started, place)
        roots |= redis
        file = _configured(place, port, upstream, metrics, store)
        with (place / "said").open("wb") as said:
            up = subprocess.Popen([*_CLI, "up", "--config", str(file)], stdout=said, stderr=said)  # noqa: S603 - our own
        started.callback(_ended, up)
        _ready(metrics)
        roots["up"] = up.pid
        moments, load = _asked(port, minutes * 60, lambda seconds: moment(seconds, roots, home))
        time.sleep(SAMPLE_SECONDS)  # what was asked last is committed and told
        moments.append(moment(minutes * 60 + SAMPLE_SECONDS, roots, home))
        numbers = _numbers(metrics)
    return Soaked(moments, load, numbers, Ledger.open(home / "ledger").counts().exchanges)


def _ready(port: int) -> None:
    """Until the last part of a deployment listens, which a busy machine takes its time for."""
    latest = time.monotonic() + _START_SECONDS
    while True:
        try:
            return _await(port)
        except Unanswered:
            if time.monotonic() > latest:
                raise


def _ended(up: subprocess.Popen[bytes]) -> None:
    up.send_signal(signal.SIGINT)
    up.wait(_STOP_SECONDS)


def _store(started: ExitStack, place: Path) -> tuple[str, dict[str, int]]:
    """A Redis for two workers to share limits, and its process; nothing where there is none, and then one worker."""
    program = shutil.which("redis-server")
    if program is None:
        return "", {}
    port = _free_port()
    command = [*_NICE, program, "--port", str(port), "--save", "", "--dir", str(place), "--logfile", "redis.log"]
    return f"redis://127.0.0.1:{port}/0", {"redis": started.enter_context(_process(command, port))}


def _configured(place: Path, port: int, upstream: int, metrics: int, store: str) -> Path:
    Secret.create(place / "secret.key")
    (place / "policy.toml").write_text(_POLICY)
    lines = [f"[gateway]\nworkers = {2 if store else 1}", f"[gateway.listen]\nport = {port}"]
    lines += [f"[gateway.upstream]\nport = {upstream}", f"[metrics]\nport = {metrics}"]
    lines += ['[files]\nhome = "home"\npolicy = "policy.toml"\nsecret = "secret.key"']
    lines += [f'[store]\nredis = "{store}"'] if store else []
    file = place / "stillwatch.toml"
    file.write_text("\n".join(lines))
    return file


def _asked(port: int, seconds: float, look: Callable[[float], Moment]) -> tuple[list[Moment], dict[str, Any]]:
    """Look at it while the clients ask."""
    arguments = [str(port), str(RATE), str(seconds), str(_SEED)]
    command = [*_NICE, sys.executable, "-m", "benchmarks.soak.load", *arguments]
    moments, began = [], time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as clients:  # noqa: S603 - our own command
        while clients.poll() is None:
            moments.append(look(time.monotonic() - began))
            _told(moments[-1])
            time.sleep(SAMPLE_SECONDS)
        assert clients.stdout is not None
        return moments, json.loads(clients.stdout.read())


def _told(now: Moment) -> None:
    """A line for who waits an hour."""
    parts = [f"{role} {taken.own_bytes / 1e6:.1f} MB {taken.files} files" for role, taken in now.processes.items()]
    print(f"{now.seconds:.0f} s: {', '.join(parts)}; disk {sum(now.disk.values()) / 1e6:.1f} MB", file=sys.stderr)


def _numbers(port: int) -> dict[str, float]:
    """The deployment's metrics, as `name{labels}`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^([^#\s]\S*) (\S+)$", text, re.MULTILINE)}


def _flow(soaked: Soaked, minutes: float) -> Figure:
    """Whether anything was lost between a client and the ledger."""
    load, numbers = soaked.load, soaked.numbers
    shed = int(numbers['stillwatch_observations_total{outcome="shed"}'])
    sent = int(numbers['stillwatch_observations_total{outcome="sent"}'])
    refused, away = (load["statuses"].get(status, 0) for status in ("429", "503"))
    broken = load["broken"] + load["unsaid"]
    found = f"{load['lost_events']} of {load['events']:,} events lost, {broken} answers broken, {shed} shed, "
    found += f"{sent - soaked.kept} of {sent:,} not in the ledger; {load['left']:,} left, {refused:,} refused, "
    found += f"{away:,} answered 503"
    return Figure(
        "soak",
        f"{minutes:g} minutes at {RATE} requests a second",
        load["asked"],
        sum(taken.cpu_seconds for taken in soaked.moments[-1].processes.values()),
        found=found,
        target="nothing lost",
        is_met=not (load["lost_events"] or broken or shed or sent - soaked.kept),
    )


def _process_figure(soaked: Soaked, role: str, minutes: float) -> Figure:
    early, half, last = (_usual(soaked.moments, role, share) for share in (0.1, 0.5, 0.9))
    sizes = " ".join(f"{taken.own_bytes / 1e6:.1f}" for taken in (early, half, last))
    found = f"{sizes} MB after a tenth, at half and at the end; {half.files} files, then {last.files}"
    most = max(taken.rss_bytes for now in soaked.moments if (taken := now.processes.get(role)))
    used = soaked.moments[-1].processes[role].cpu_seconds
    if role in _GROWS:
        each = (last.own_bytes - half.own_bytes) / max(soaked.kept * 0.4, 1.0)
        return Figure("soak", role, 0, used, most, found=f"{found}; {each:.0f} bytes an exchange")
    if minutes < 2 * WARM_MINUTES:
        return Figure("soak", role, 0, used, most, found=found)
    is_flat = last.own_bytes <= half.own_bytes * MOST_GROWTH + MORE_BYTES and last.files <= half.files + MORE_FILES
    return Figure("soak", role, 0, used, most, found=found, target="flat from half on", is_met=is_flat)


def _usual(moments: Sequence[Moment], role: str, share: float) -> Taken:
    """The median of what a role took in a tenth of the run that begins after this share of it."""
    first = int(len(moments) * share)
    part = moments[first : first + max(len(moments) // 10, 1)]
    taken = [now.processes[role] for now in part if role in now.processes]
    own, files = (statistics.median(getattr(one, name) for one in taken) for name in ("own_bytes", "files"))
    return Taken(int(own), files=int(files))


def _disk(soaked: Soaked) -> Figure:
    disk = soaked.moments[-1].disk
    each = sum(disk.values()) / soaked.kept
    parts = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in disk.items() if size > 50_000)
    target = f"at most {MOST_BYTES_AN_EXCHANGE} bytes an exchange"
    return Figure(
        "soak",
        "disk",
        soaked.kept,
        found=f"{each:.0f} bytes an exchange: {parts}",
        target=target,
        is_met=each <= MOST_BYTES_AN_EXCHANGE,
    )
