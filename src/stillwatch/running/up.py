"""`stillwatch up`: which processes a deployment has, with whose files, started and watched as one."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stillwatch.running.deployment import Deployment, Places, write
from stillwatch.running.process import Process, command
from stillwatch.running.running import listening, only_one, running
from stillwatch.running.snapshot import Snapshot, Watch
from stillwatch.running.stopping import stopped_by_signal

TOLD_SECONDS = 0.5
_ADDRESS = re.compile(r"([\w.:-]+):(\d+)\.?$")

Tell = Callable[[Snapshot], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment to run: its places, the secret's file, and what runs before the rest and after it."""

    deployment: Deployment
    where: Places
    secret: Path
    before: Sequence[Process] = ()
    after: Callable[[str], Sequence[Process]] = lambda address: ()
    population: Path | None = None


async def up(plan: Plan, tell: Tell) -> None:
    """Run it until SIGTERM or SIGINT; `tell` is called about twice a second. Raises `StillwatchError`."""
    async with only_one(plan.where.home), stopped_by_signal() as stop:
        work = asyncio.create_task(_run(plan, tell))
        told = asyncio.create_task(stop.wait())
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not work.done():
            work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _run(plan: Plan, tell: Tell) -> None:
    plan.where.run.mkdir(mode=0o700, exist_ok=True)
    file = plan.where.run / "deployment.json"
    write(plan.deployment, plan.where, file)
    gateway = _process("gateway", plan, command("gateway", "--config", file))
    path = [*plan.before, _process("observer", plan, command("observe", "--config", file)), gateway]
    async with running(path):
        host, port = _address(gateway.said)
        await listening(host, port, gateway)
        beside = [*_tracer(plan), *_metrics(plan, file), *plan.after(f"http://{host}:{port}")]
        async with running(beside):
            watch = Watch(plan.where, f"{host}:{port}", [*path, *beside], plan.population)
            while True:
                tell(await asyncio.to_thread(watch.taken))
                await asyncio.sleep(TOLD_SECONDS)


def _tracer(plan: Plan) -> list[Process]:
    if not plan.deployment.tracer.on:
        return []
    where, tracing = plan.where, plan.deployment.tracer
    arguments: list[str | Path] = ["trace", where.ledger, "--state", where.state, "--journal", where.journal]
    arguments += ["--every", str(tracing.every), "--secret", plan.secret]
    arguments += ["--days", str(tracing.days)] if tracing.days else []
    arguments += ["--metrics", where.metrics] if plan.deployment.metrics.on else []
    arguments += ["--alliance-secret", where.alliance_secret] if where.alliance_secret else []
    arguments += ["--policy", where.policy] if where.policy else []
    arguments += ["--calibrate", where.benign] if where.benign else []
    return [_process("tracer", plan, command(*arguments))]


def _metrics(plan: Plan, file: Path) -> list[Process]:
    is_on = plan.deployment.metrics.on
    return [_process("metrics", plan, command("metrics", "--config", file))] if is_on else []


def _process(name: str, plan: Plan, arguments: tuple[str, ...]) -> Process:
    return Process(name, arguments, plan.where.run / f"{name}.log")


def _address(said: str) -> tuple[str, int]:
    """What a process that says where it listens has said."""
    found = _ADDRESS.search(said)
    assert found is not None, said  # noqa: S101 - our own program's own sentence
    return found[1], int(found[2])


def free_port() -> int:
    """A port of loopback that nobody has at the moment."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
