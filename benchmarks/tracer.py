"""Time to verdict: a ledger fed at a stated rate through a real observer, a real tracer, and the journal.

    members     new accounts of an operator send the wrapper of a campaign that has a verdict
    campaigns   new operators send wrappers that nobody knows, with new accounts
    looks       what one costs at ledgers of growing size: the first, and the next one after ten seconds of traffic

The rest of the traffic is honest. For a new account the clock runs from the end of its third conversation, with which
the rule first holds, to the journal's entry; gateways follow the journal about every half second.

New campaigns are found by looks back to back, and wait for CPU time. So their clock is the CPU time of the looks, plus
the pauses between them, as if the tracer had a core to itself: other work on the machine does not count. It runs from
the moment when the last of a campaign's accounts has sent three conversations, to the end of the first look that has
all of them in a campaign, which is when they are under a verdict.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from benchmarks import scratch
from benchmarks.figures import Figure
from benchmarks.hunt import write
from benchmarks.world import Plan, World
from stillwatch.decision.journal import Journal
from stillwatch.ledger.ledger import Ledger
from stillwatch.observing.frames import Observed
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sketch.record import COLUMN_NAMES
from stillwatch.sketching.run import sketch_logs
from stillwatch.standing.register import Register
from stillwatch.tracer.looking import Asked, Looks, Sources
from stillwatch.tracer.run import LEAST_PAUSE_SECONDS
from stillwatch.tracer.seen import Seen

RATE = 1_000
SECONDS = 60
TARGET_SECONDS = 30.0
NEWCOMERS = 40
RING = 40
HONEST = 2_000
CONVERSATIONS = 4
"""Of each newcomer, in its own time within the run."""
CAMPAIGNS = 10
OPERATORS_ACCOUNTS = 20
BURST_SECONDS = 10
"""In which a new campaign sends all that it sends: `CONVERSATIONS` of each account."""
COMMIT_US = 500_000
"""From an exchange to its sketch in the ledger, at most (`observing.observer`)."""
ALPHA = 0.01
HISTORY_DAYS = 4
SIZES = (10_000, 100_000, 300_000)
MORE_SECONDS = 10
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
    """Times to verdict, what they cost, and what looks do."""
    with scratch.folder(below, _ROOM) as place:
        yield from _figures(*_run(place, _members()))
    with scratch.folder(below, _ROOM) as place:
        yield _new_campaigns(place)
    for exchanges in sizes:
        with scratch.folder(below, _ROOM) as place:
            yield from _looks(exchanges, place)


def _run(place: Path, plan: list[str]) -> tuple[Path, _Sent, _Cpu]:
    """Feed a plan to a tracer that has looked once; the journal, what was sent, and the CPU time it took."""
    secret = Secret.create(place / "secret.key")
    (place / "policy.toml").write_text('[tracer]\nshown = "delay"\n')
    (place / "deployment.toml").write_text(f'[files]\nhome = "{place}"\nsecret = "{place / "secret.key"}"\n')
    sketch_logs([_history(place / "history.jsonl")], place / "ledger", secret)
    journal = place / "journal.jsonl"
    with ExitStack() as started:
        observer = started.enter_context(_process("observe", "--config", place / "deployment.toml"))
        names = ("--state", place / "campaigns", "--journal", journal)
        options = ("--policy", place / "policy.toml", "--secret", place / "secret.key")
        tracer = started.enter_context(_process("trace", place / "ledger", *names, *options))
        _line(observer)
        assert _look_line(tracer)["campaigns"] >= 1
        begun = _Cpu.of(observer.pid, tracer.pid)
        sent = asyncio.run(_fed(place / "run" / "observer.sock", plan))
        _settled(journal, sent)
        used = _Cpu.of(observer.pid, tracer.pid).less(begun)
    return journal, sent, used


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
    named = _named(journal)
    waited = sorted((named[name] - at) / 1e6 for name, at in sent.ready_us.items() if name in named)
    case = f"members at {sent.exchanges / sent.seconds:,.0f} exchanges a second"
    yield _times(case, "joined", waited, len(sent.ready_us), _honest(named), sent.exchanges, used.tracer)
    yield from _meanwhile(sent, used)


def _new_campaigns(place: Path) -> Figure:
    """Looks at a ledger that has, at the beginning of each, what was sent until half a second before."""
    secret, plan = Secret.create(place / "secret.key"), _campaigns()
    begun_us = time.time_ns() // 1_000 // _US_PER_DAY * _US_PER_DAY + _US_PER_DAY // 2
    sketch_logs([_history(place / "history.jsonl")], place / "ledger", secret)
    sketch_logs([_log(place / "log.jsonl", plan, begun_us)], place / "sent", secret)
    sent = pa.Table.from_batches(Ledger.open(place / "sent").scan(COLUMN_NAMES)).sort_by("ts_us")
    waiting = _last_of_three(plan, begun_us, Pseudonymiser(secret, "account"))
    waited, took, wrong, of = [], [], 0, len(waiting)
    with threadpool_limits(1):
        for seen, cpu_seconds, at_us in _looked(place, secret, sent, begun_us):
            took.append(cpu_seconds)
            for found in (one.accounts for one in seen.campaigns if one.is_campaign):
                whole = [accounts for accounts in waiting if accounts <= found]
                waited += [max(0, at_us - waiting.pop(accounts)) / 1e6 for accounts in whole]
                wrong += sum(name.startswith("honest") for name in found)
            if not waiting or at_us > begun_us + 4 * SECONDS * 1_000_000:
                break
    case = f"new campaigns at {RATE:,} exchanges a second"
    figure = _times(case, "found whole", sorted(waited), of, wrong, len(plan), sum(took))
    return replace(figure, found=f"{figure.found}; looks of up to {max(took):.1f} CPU s")


def _looked(place: Path, secret: Secret, sent: pa.Table, begun_us: int) -> Iterator[tuple[Seen, float, int]]:
    """Looks back to back, the CPU seconds that each took, and when it ended on their clock."""
    ledger, register, clock_us, place_in = Ledger.open(place / "ledger"), Register(ALPHA), begun_us, 0
    looks = Looks(Sources(place / "ledger", place / "scratch", secret))
    register = looks.take(Asked(clock_us, register, frozenset())).register
    ts_us = sent.column("ts_us").to_numpy()
    while True:
        until = int(np.searchsorted(ts_us, clock_us - COMMIT_US))
        if until > place_in:
            _add(ledger, sent.slice(place_in, until - place_in))
        place_in, before = until, time.process_time()
        seen = looks.take(Asked(clock_us, register, frozenset()))
        cpu_seconds, register = time.process_time() - before, seen.register
        clock_us += int(cpu_seconds * 1e6)
        yield seen, cpu_seconds, clock_us
        clock_us += int(LEAST_PAUSE_SECONDS * 1e6)


def _last_of_three(plan: list[str], begun_us: int, pseudonym: Pseudonymiser) -> dict[frozenset[str], int]:
    """By the accounts of a new campaign, as a look names them, when the last of them had sent three conversations."""
    at: dict[str, list[int]] = {}
    for number, account in enumerate(plan):
        at.setdefault(account, []).append(begun_us + number * 1_000_000 // RATE)
    campaigns: dict[str, list[str]] = {}
    for account in at:
        if account.startswith("op"):
            campaigns.setdefault(account.partition("-")[0], []).append(account)
    return {
        frozenset(f"{pseudonym(name):016x}" for name in names): max(at[name][2] for name in names)
        for names in campaigns.values()
    }


def _times(
    case: str, what: str, waited: list[float], of: int, honest: int, exchanges: int, cpu_seconds: float
) -> Figure:
    p50, p95 = (statistics.median(waited), waited[int(0.95 * (len(waited) - 1))]) if waited else (math.nan, math.nan)
    found = f"{len(waited)} of {of} {what}, p50 {p50:.1f} s, p95 {p95:.1f} s; {honest} honest accounts"
    met = p95 <= TARGET_SECONDS and len(waited) == of and not honest
    target = f"p95 {TARGET_SECONDS:g} s"
    return Figure("tracer", case, exchanges, cpu_seconds, found=found, target=target, is_met=met)


def _meanwhile(sent: _Sent, used: _Cpu) -> Iterator[Figure]:
    for name, seconds in (("observer", used.observer), ("tracer between looks", used.tracer), ("looks", used.looker)):
        each = f"{seconds / sent.exchanges * 1e6:.0f} ms of CPU for 1,000 exchanges"
        yield Figure("tracer", f"{name}, meanwhile", sent.exchanges, seconds, found=each)


def _looks(exchanges: int, place: Path) -> Iterator[Figure]:
    """The first look at a world of the hunt's benchmark, most of it of a day that still runs, and the next one."""
    secret = Secret.create(place / "secret.key")
    world = World(Plan())
    today_us = time.time_ns() // 1_000 // _US_PER_DAY * _US_PER_DAY
    write(world, exchanges // 10, place / "ledger", secret)
    ledger = Ledger.open(place / "ledger")
    _add(ledger, world.drawn(exchanges - exchanges // 10, today_us, ledger.identity))
    where = ("--state", place / "campaigns", "--journal", place / "journal.jsonl", "--secret", place / "secret.key")
    with _process("trace", place / "ledger", *where) as tracer:
        first = _look_line(tracer)
        cold = _Cpu.of(tracer.pid, tracer.pid).looker
        _add(ledger, world.drawn(RATE * MORE_SECONDS, today_us, ledger.identity))
        while (second := _look_line(tracer))["exchanges"] == first["exchanges"]:
            pass
        more = _Cpu.of(tracer.pid, tracer.pid).looker - cold
    yield _look_figure("first look", exchanges, cold, first)
    yield _look_figure(f"next look after {MORE_SECONDS} s of traffic", exchanges, more, second)


def _add(ledger: Ledger, rows: pa.Table) -> None:
    with ledger.writer() as writer:
        writer.commit(rows)


def _look_figure(name: str, exchanges: int, cpu_seconds: float, look: dict[str, Any]) -> Figure:
    """CPU time of the process that looks; the first has its start in it."""
    return Figure("tracer", f"{name} at {exchanges:,}", look["exchanges"], cpu_seconds)


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
    wrapper = _wrapper(account)
    own = f"{wrapper}\n\n{asked}" if wrapper else asked
    return json.dumps({"model": "m-1", "messages": [{"role": "user", "content": own}]}).encode()


def _wrapper(account: str) -> str:
    """What an account puts before what it asks; empty for honest ones."""
    if account.startswith("op"):
        rng = random.Random(account.partition("-")[0])  # noqa: S311 - made again, not kept secret
        return "You write fully worked solutions. " + " ".join(rng.choices(_WORDS, k=30))
    return _WRAPPER if account.startswith(("ring", "new")) else ""


def _log(log: Path, plan: list[str], begun_us: int) -> Path:
    """What the plan says, at the rate."""
    rng = random.Random(_SEED + 4)  # noqa: S311 - made again, not kept secret
    with log.open("w") as rows:
        for number, account in enumerate(plan):
            at_us = begun_us + number * 1_000_000 // RATE
            row = {"id": f"{account}/{number}", "ts_us": at_us, "account": account, "organization": f"org-{account}"}
            row |= {"payment": _card(account), "path": "/v1/chat/completions", "body": json.loads(_body(account, rng))}
            rows.write(json.dumps(row) + "\n")
    return log


async def _fed(socket: Path, plan: list[str]) -> _Sent:
    """`RATE` exchanges a second, by whom the plan says."""
    rng = random.Random(_SEED + 1)  # noqa: S311 - made again, not kept secret
    outbox = Outbox(socket)
    connected = asyncio.create_task(outbox.keep_connected())
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
        if not account.startswith("honest") and count[account] == 3:
            ready[account] = time.time_ns() // 1_000
    seconds = time.monotonic() - begun
    await asyncio.sleep(1.0)  # what is in the socket's buffers goes out
    connected.cancel()
    return _Sent(len(plan), outbox.shed, seconds, ready)


def _honest_plan(rng: random.Random) -> list[str]:
    """Who sends each exchange, before others take some places."""
    return [f"honest-{rng.randrange(HONEST):05}" for _ in range(RATE * SECONDS)]


def _members() -> list[str]:
    """Newcomers' conversations at times of their own."""
    rng = random.Random(_SEED + 2)  # noqa: S311 - made again, not kept secret
    plan = _honest_plan(rng)
    for newcomer in range(NEWCOMERS):
        begins = rng.randrange(len(plan) // 2)
        for _ in range(CONVERSATIONS):
            plan[rng.randrange(begins, begins + len(plan) // 2)] = f"new-{newcomer:03}"
    return plan


def _campaigns() -> list[str]:
    """Each new campaign sends all that it sends within `BURST_SECONDS`; its accounts in any order."""
    rng = random.Random(_SEED + 3)  # noqa: S311 - made again, not kept secret
    plan = _honest_plan(rng)
    for campaign in range(CAMPAIGNS):
        begins = rng.randrange(len(plan) - RATE * BURST_SECONDS)
        places = rng.sample(range(begins, begins + RATE * BURST_SECONDS), CONVERSATIONS * OPERATORS_ACCOUNTS)
        for place, number in zip(places, range(len(places)), strict=True):
            plan[place] = f"op{campaign:02}-{number % OPERATORS_ACCOUNTS:03}"
    return plan


def _observed(account: str, number: int, rng: random.Random) -> Observed:
    answer = b'{"choices":[{"message":{"content":"So."},"finish_reason":"stop"}],"usage":{}}'
    now = time.time_ns() // 1_000
    return Observed(
        now, f"{account}/{number}", account, "/v1/chat/completions", "POST", 200, _body(account, rng), answer,
        organization=f"org-{account}", payment=_card(account),
    )  # fmt: skip


def _card(account: str) -> str:
    """Four accounts of a new operator pay with one."""
    operator, _, number = account.partition("-")
    return f"card-{operator}-{int(number) // 4}" if operator.startswith("op") else f"card-{account}"


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
    return look


def _settled(journal: Path, sent: _Sent) -> None:
    """Wait until all who were ready are under a verdict, but no longer than four times the target."""
    end = time.monotonic() + 4 * TARGET_SECONDS
    while not sent.ready_us.keys() <= _named(journal).keys() and time.monotonic() < end:
        time.sleep(0.2)


def _named(journal: Path) -> dict[str, int]:
    """When each account was first under a verdict, but for those of the history's ring."""
    found: dict[str, int] = {}
    for entry, _ in Journal(journal).read():
        for account in entry.body.get("accounts", ()):
            if not account.startswith("ring"):
                found.setdefault(account, entry.ts_us)
    return found


def _honest(named: dict[str, int]) -> int:
    return sum(account.startswith("honest") for account in named)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK
