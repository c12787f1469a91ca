"""`stillwatch up`: everything at once on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from stillwatch.cli.gateway import ConfigFile
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import progress_bar, say, stdout
from stillwatch.demo.prepare import prepare
from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Configuration, Listen, Upstream
from stillwatch.running.deployment import Deployment, Files, Metrics, places, read, upstream_of
from stillwatch.running.process import Process, command
from stillwatch.running.screen import changes, page, where_logs_are
from stillwatch.running.snapshot import Snapshot
from stillwatch.running.up import Plan, free_port
from stillwatch.running.up import up as run
from stillwatch.settings import default_journal


def up(
    upstream: Annotated[
        str | None, typer.Option(help="The model API to guard, as http://HOST:PORT.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    port: Annotated[int, typer.Option(help="Where clients connect, on loopback.", min=0, max=65_535)] = 8080,
    metrics_port: Annotated[int, typer.Option(help="Where Prometheus reads, on loopback.", min=0, max=65_535)] = 9464,
    home: Annotated[
        Path | None, typer.Option(help="Where everything is kept; in your state directory if not said.")
    ] = None,
) -> None:
    """Start gateway, observer and tracer, and show what they do; Ctrl-C stops all of it.

    Without --upstream and --config it guards a small model server of its own, which a simulated population asks.

    Example: stillwatch up --upstream http://127.0.0.1:8000
    """
    if config and (upstream or home):
        raise UsageError("--config says what --upstream and --home would say", "Leave these out")
    plan = _planned(upstream, config, port, metrics_port, home)
    with _shown(_title(plan)) as tell:
        asyncio.run(run(plan, tell))
    say(f"Everything has stopped. {where_logs_are(plan.where.run)}")


def _planned(upstream: str | None, config: Path | None, port: int, metrics_port: int, home: Path | None) -> Plan:
    if config:
        return _configured(config)
    return _guarding(upstream, port, metrics_port, home) if upstream else _demo(port, metrics_port, home)


def _configured(file: Path) -> Plan:
    return _plan(read(file), file.parent)


def _guarding(upstream: str, port: int, metrics_port: int, home: Path | None) -> Plan:
    gateway = Configuration(listen=Listen(port=port), upstream=upstream_of(upstream))
    files = Files(home=str(home.absolute()) if home else "")
    return _plan(Deployment(gateway=gateway, files=files, metrics=Metrics(port=metrics_port)), Path())


_LONGEST_NAME = "2026-11-21.1.1.1.25"
"""Of a directory below a demonstration's home."""


def _demo(port: int, metrics_port: int, home: Path | None) -> Plan:
    """A model of ours, a population, and a past that both continue."""
    base = home.absolute() if home else default_journal().parent / "demo"
    places(Deployment(files=Files(home=str(base / _LONGEST_NAME))), base)  # said before a minute's work, not after it
    with progress_bar(quiet=False) as bar:
        prepared = prepare(base, bar)
    files = Files(
        home=str(prepared.directory),
        policy=str(prepared.policy_file),
        keys=str(prepared.keys_file),
        benign=str(prepared.benign_ledger),
        secret=str(prepared.secret_file),
    )
    upstream = Upstream(port=free_port())
    gateway = Configuration(listen=Listen(port=port), upstream=upstream)
    deployment = Deployment(gateway=gateway, files=files, metrics=Metrics(port=metrics_port))
    where = places(deployment, base)
    status = where.run / "population.json"

    def population(address: str) -> list[Process]:
        asking = command("population", address, prepared.directory, "--status", status)
        return [Process("population", asking, where.run / "population.log")]

    model = Process("model", command("model", "--port", str(upstream.port)), where.run / "model.log")
    return Plan(deployment, where, prepared.secret_file, [model], population, status)


def _plan(deployment: Deployment, base: Path) -> Plan:
    where = places(deployment, base)
    secrets = secrets_in(where.secret, where.alliance_secret)
    return Plan(deployment, where, secrets.file)


def _title(plan: Plan) -> str:
    if plan.population:
        return "for a model server of ours, which simulated customers ask"
    upstream = plan.deployment.gateway.upstream
    return f"for http{'s' if upstream.tls else ''}://{upstream.host}:{upstream.port}"


@contextmanager
def _shown(title: str) -> Generator[Callable[[Snapshot], None]]:
    """A page on a terminal; elsewhere a line for each change."""
    before: list[Snapshot] = []

    def told(seen: Snapshot) -> None:
        if not before:
            say(f"Requests are taken at http://{seen.address}, {title}.")
        for line in changes(before[-1] if before else None, seen):
            say(line)
        before[:] = [seen]

    if not stdout.is_terminal:
        yield told
        return
    with Live(console=stdout, refresh_per_second=4, transient=False) as live:
        yield lambda seen: live.update(page(seen, title))
