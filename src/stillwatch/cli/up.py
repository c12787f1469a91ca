"""`stillwatch up`: everything at once on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live

from stillwatch.assembly import load_secrets
from stillwatch.cli.gateway import ConfigFile
from stillwatch.cli.terminal import say, say_new_secret, stdout
from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Configuration, Listen
from stillwatch.running.deployment import Deployment, Files, places, read, upstream_of
from stillwatch.running.screen import changes, page, where_logs_are
from stillwatch.running.snapshot import Snapshot
from stillwatch.running.up import Plan
from stillwatch.running.up import up as run


def up(
    upstream: Annotated[
        str | None, typer.Option(help="The model API to guard, as http://HOST:PORT.", show_default=False)
    ] = None,
    config: ConfigFile = None,
    port: Annotated[int, typer.Option(help="Where clients connect, on loopback.", min=0, max=65_535)] = 8080,
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
    plan = _configured(config) if config else _guarding(upstream, port, home) if upstream else _demo(port, home)
    with _shown(_title(plan)) as tell:
        asyncio.run(run(plan, tell))
    say(f"Everything has stopped. {where_logs_are(plan.where.run)}")


def _configured(file: Path) -> Plan:
    return _plan(read(file), file.parent)


def _guarding(upstream: str, port: int, home: Path | None) -> Plan:
    gateway = Configuration(listen=Listen(port=port), upstream=upstream_of(upstream))
    return _plan(Deployment(gateway=gateway, files=Files(home=str(home.absolute()) if home else "")), Path())


def _demo(port: int, home: Path | None) -> Plan:
    raise UsageError("no upstream is named", "Name one with --upstream")


def _plan(deployment: Deployment, base: Path) -> Plan:
    where = places(deployment, base)
    secrets = load_secrets(where.secret, where.alliance_secret)
    if secrets.is_new:
        say_new_secret(secrets.file)
    return Plan(deployment, where, secrets.file)


def _title(plan: Plan) -> str:
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
