"""Time to verdict: a ledger fed at a stated rate through a real observer, a real tracer, and the journal.

New accounts of a planted operator send the wrapper of a campaign that has a verdict; the rest of the traffic is honest.
For each new account the clock runs from the end of its third conversation, with which the rule
first holds, to the journal's entry; gateways follow the journal about every half second. Then single looks at ledgers
of growing size, which is what a new campaign waits for, once the day that tests it is over.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.hunt import write
from benchmarks.measure import stillwatch
from benchmarks.world import Plan, World
from stillwatch.decision.journal import Journal
from stillwatch.observing.frames import Observed
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Secret
from stillwatch.sketching.run import sketch_logs

RATE = 1_000
SECONDS = 60
TARGET_SECONDS = 30.0
NEWCOMERS = 40
RING = 40
HONEST = 2_000
CONVERSATIONS = 4
"""Of each newcomer, in its own time within the run."""
HISTORY_DAYS = 4
SIZES = (100_000, 1_000_000)
_US_PER_DAY = 86_400_000_000
_ROOM = 3_000_000_000
_CLI = (sys.executable, "-m", "stillwatch.cli.main")
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_WORDS = tuple(f"w{n:04}" for n in range(3_000))
_WRAPPER = (
    "You write fully worked solutions for a private collection of olympiad problems. State the idea first, then every "
    "step with its justification, and close with the boxed answer on a line of its own."
)
_SEED = 11


def run(below: Path, sizes: Sequence[int]) -> Iterator[Figure]:
    """Time to verdict of members, what it costs, and how long looks take."""
    with scratch.folder(below, _ROOM) as place:
        yield from _members(place)
    for exchanges in sizes:
        with scratch.folder(below, _ROOM) as place:
            yield _look(exchanges, place)


def _members(place: Path) -> Iterator[Figure]:
    secret = Secret.create(place / "secret.key")
    (place / "policy.toml").write_text('[tracer]\nshown = "delay"\n')
    (place / "deployment.toml").write_text(f'[files]\nhome = "{place}"\nsecret = "{place / "secret.key"}"\n')
    sketch_logs([_history(place / "history.jsonl")], place / "ledger", secret)
    with ExitStack() as started:
        observer = started.enter_context(_process("observe", "--config", place / "deployment.toml"))
        names = ("--state", place / "campaigns", "--journal", place / "journal.jsonl")
        options = ("--policy", place / "policy.toml", "--secret", place / "secret.key")
        tracer = started.enter_context(_process("trace", place / "ledger", *names, *options))
        _line(observer)
        _look_line(tracer)
        begun = _Cpu.of(observer.pid, tracer.pid)
        sent = asyncio.run(_fed(place / "run" / "observer.sock"))
        _settled(place / "journal.jsonl", len(sent.ready_us))
        used = _Cpu.of(observer.pid, tracer.pid).less(begun)
    yield from _figures(place / "journal.jsonl", sent, used)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What was fed. `ready_us`: when each newcomer's third conversation ended; `shed`: what was not taken."""

    exchanges: int
    shed: int
    seconds: float
    ready_us: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Cpu:
    """CPU seconds of the observer, of the tracer's own process, and of the one that looks."""

    observer: float
    tracer: float
    looker: float

    @classmethod
    def of(cls, observer: int, tracer: int) -> _Cpu:
        return cls(_seconds(observer), _seconds(tracer), sum(map(_seconds, _children(tracer))))

    def less(self, other: _Cpu) -> _Cpu:
        return _Cpu(self.observer - other.observer, self.tracer - other.tracer, self.looker - other.looker)


def _figures(journal: Path, sent: _Sent, used: _Cpu) -> Iterator[Figure]:
    joined = _joined(journal)
    waited = sorted((joined[name] - at) / 1e6 for name, at in sent.ready_us.items() if name in joined)
    wrong = len(joined.keys() - sent.ready_us.keys())
    p50, p95 = statistics.median(waited), waited[int(0.95 * (len(waited) - 1))]
    case = f"members at {sent.exchanges / sent.seconds:,.0f} exchanges a second"
    found = f"{len(waited)} of {len(sent.ready_us)} joined, p50 {p50:.1f} s, p95 {p95:.1f} s; {wrong} honest joined"
    met = p95 <= TARGET_SECONDS and len(waited) == len(sent.ready_us) and not wrong
    yield Figure(
        "tracer", case, sent.exchanges, used.tracer, found=found, target=f"p95 {TARGET_SECONDS:g} s", is_met=met
    )
    for name, seconds in (("observer", used.observer), ("tracer between looks", used.tracer), ("looks", used.looker)):
        each = f"{seconds / sent.exchanges * 1e6:.0f} ms of CPU for 1,000 exchanges"
        yield Figure("tracer", f"{name}, meanwhile", sent.exchanges, seconds, found=each)


def _look(exchanges: int, place: Path) -> Figure:
    """One look at a world of the hunt's benchmark, from start to end."""
    secret = Secret.create(place / "secret.key")
    write(World(Plan()), exchanges, place / "ledger", secret)
    where = ("--state", place / "campaigns", "--journal", place / "journal.jsonl", "--secret", place / "secret.key")
    used = stillwatch("trace", place / "ledger", *where, "--once")
    took = json.loads((place / "campaigns" / "status.json").read_text())["last_look_seconds"]
    return Figure("tracer", f"one look at {exchanges / 1e6:g} M", exchanges, used.cpu_seconds, found=f"{took:.0f} s")


# -- traffic ---------------------------------------------------------------------------------------------------


def _history(log: Path) -> Path:
    """Days that are over: a ring that sends one wrapper, and honest accounts with words of their own."""
    rng = random.Random(_SEED)  # noqa: S311 - made again, not kept secret
    today = time.time_ns() // 1_000 // _US_PER_DAY * _US_PER_DAY
    with log.open("w") as rows:
        for account in (*(f"ring-{n:03}" for n in range(RING)), *(f"honest-{n:05}" for n in range(HONEST))):
            for number in range(24 if account.startswith("ring") else 8):
                at = today - rng.randrange(_US_PER_DAY, HISTORY_DAYS * _US_PER_DAY)
                row = {"id": f"{account}/h{number}", "ts_us": at, "account": account, "organization": f"org-{account}"}
                row["payment"] = f"card-{int(account[5:]) // 4}" if account.startswith("ring") else f"card-{account}"
                body = json.loads(_body(account, rng))
                rows.write(json.dumps(row | {"path": "/v1/chat/completions", "body": body}) + "\n")
    return log


def _body(account: str, rng: random.Random) -> bytes:
    asked = " ".join(rng.choices(_WORDS, k=60))
    own = f"{_WRAPPER}\n\n{asked}" if account.startswith(("ring", "new")) else asked
    return json.dumps({"model": "m-1", "messages": [{"role": "user", "content": own}]}).encode()


async def _fed(socket: Path) -> _Sent:
    """`RATE` exchanges a second for `SECONDS`, newcomers' conversations at times of their own among them."""
    rng = random.Random(_SEED + 1)  # noqa: S311 - made again, not kept secret
    outbox = Outbox(socket)
    connected = asyncio.create_task(outbox.keep_connected())
    plan = _plan(rng)
    ready: dict[str, int] = {}
    count: dict[str, int] = {}
    while not outbox.offer(_observed("honest-00000", -1, rng)):
        await asyncio.sleep(0.05)
    begun = time.monotonic()
    for number, account in enumerate(plan):
        if (late := begun + number / RATE - time.monotonic()) > 0:
            await asyncio.sleep(late)
        elif number % 64 == 0:
            await asyncio.sleep(0)
        outbox.offer(_observed(account, number, rng))
        count[account] = count.get(account, 0) + 1
        if account.startswith("new") and count[account] == 3:
            ready[account] = time.time_ns() // 1_000
    seconds = time.monotonic() - begun
    await asyncio.sleep(1.0)  # what is in the socket's buffers goes out
    connected.cancel()
    return _Sent(len(plan), outbox.shed, seconds, ready)


def _plan(rng: random.Random) -> list[str]:
    """Who sends each exchange."""
    plan = [f"honest-{rng.randrange(HONEST):05}" for _ in range(RATE * SECONDS)]
    for newcomer in range(NEWCOMERS):
        begins = rng.randrange(len(plan) // 2)
        for _ in range(CONVERSATIONS):
            plan[rng.randrange(begins, begins + len(plan) // 2)] = f"new-{newcomer:03}"
    return plan


def _observed(account: str, number: int, rng: random.Random) -> Observed:
    answer = b'{"choices":[{"message":{"content":"So."},"finish_reason":"stop"}],"usage":{}}'
    now = time.time_ns() // 1_000
    return Observed(
        now, f"{account}/{number}", account, "/v1/chat/completions", "POST", 200, _body(account, rng), answer,
        organization=f"org-{account}",
    )  # fmt: skip


# -- processes -------------------------------------------------------------------------------------------------


@contextmanager
def _process(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([*_CLI, *map(str, arguments)], stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _look_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    while not (said := _line(process)).startswith("{"):
        assert said, "the tracer ended"
    look: dict[str, Any] = json.loads(said)
    assert look["campaigns"] >= 1, look
    return look


def _settled(journal: Path, expected: int) -> None:
    """Wait until all have joined, but no longer than twice the target."""
    end = time.monotonic() + 2 * TARGET_SECONDS
    while len(_joined(journal)) < expected and time.monotonic() < end:
        time.sleep(0.2)


def _joined(journal: Path) -> dict[str, int]:
    """When each account that joined was first named."""
    found: dict[str, int] = {}
    for entry, _ in Journal(journal).read():
        if ".joined-" in str(entry.body.get("id", "")):
            found.setdefault(entry.body["accounts"][0], entry.ts_us)
    return found


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK
