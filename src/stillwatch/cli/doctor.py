"""`stillwatch doctor`: whether a deployment can work, asked of everything that it rests on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.checks import address, clock, conventions, disk, files, fits, marks, spans, store, system
from stillwatch.cli.checks import upstream as reached
from stillwatch.cli.checks.result import Result, State, fault, not_checked, ok
from stillwatch.cli.deployed import deployed
from stillwatch.cli.gateway import ConfigFile
from stillwatch.cli.options import Json
from stillwatch.cli.terminal import counted, print_json, say
from stillwatch.errors import StillwatchError
from stillwatch.running.deployment import Deployment, Places
from stillwatch.settings import default_secret_file

EXIT_FAULT = 1
_STYLES = {State.OK: "green", State.NOT_CHECKED: "dim", State.WARNING: "yellow", State.FAULT: "bold red"}


def doctor(
    config: ConfigFile = None,
    probe: Annotated[str, typer.Option(help="A path that the upstream knows.")] = reached.PROBE,
    as_json: Json = False,
) -> None:
    """Check all that a deployment rests on, before it starts or while it runs; changes nothing.

    Example: stillwatch doctor --config stillwatch.toml
    """
    results = list(_checked(config, probe))
    faults = sum(result.state is State.FAULT for result in results)
    if as_json:
        print_json({"healthy": not faults, "checks": [asdict(result) for result in results]})
    else:
        _show(results, faults)
    if faults:
        raise typer.Exit(EXIT_FAULT)


def _checked(config: Path | None, probe: str) -> Iterator[Result]:
    """Every check, cheap ones first."""
    began = time.time(), time.monotonic()
    yield from clock.wall(datetime.now(UTC))
    yield from clock.synchronisation()
    yield from system.versions("uvloop", "httptools")
    try:
        deployment, where = deployed(config)
    except StillwatchError as error:
        yield fault("configuration", error.problem, error.remedy)
        yield not_checked("everything else", "it depends on the configuration")
        return
    yield ok("configuration", str(config) if config else "none is named: defaults")
    yield from _of_the_tables(deployment)
    yield from _of_files(deployment, where)
    yield from _of_the_machine(deployment, where)
    yield from reached.upstream(deployment.gateway.upstream, probe)
    if deployment.store.redis:
        yield from store.store(deployment.store.redis)
    yield from spans.spans(deployment.spans)
    yield from clock.steps(time.time() - began[0], time.monotonic() - began[1])


def _of_the_tables(deployment: Deployment) -> Iterator[Result]:
    yield from fits.identity(deployment.identity)
    yield from fits.path(deployment.gateway)
    yield from fits.exposed(deployment.gateway, deployment.metrics)
    yield from fits.memory(deployment.gateway)
    yield from fits.shared(deployment.store)


def _of_files(deployment: Deployment, where: Places) -> Iterator[Result]:
    secret = where.secret or default_secret_file()
    yield from files.policy(where.policy)
    yield from files.keys(where.keys)
    yield from files.secret(secret)
    yield from files.alliance(where.alliance_secret)
    yield from marks.marks(deployment, where, secret)
    yield from conventions.conventions(deployment, where, secret)
    yield from files.certificate(deployment.gateway.listen, datetime.now(UTC))
    yield from files.journal(where.journal)
    yield from files.ledger(where.ledger, secret, where.alliance_secret)
    if deployment.tracer.on:
        yield from files.benign(where.benign, where.ledger, secret, where.alliance_secret)


def _of_the_machine(deployment: Deployment, where: Places) -> Iterator[Result]:
    listen, to = deployment.gateway.listen, deployment.gateway.upstream
    written = {
        "journal": where.journal.parent,
        "ledger": where.ledger,
        "run directory": where.run,
        "tracer": where.state,
    }
    for place, what in disk.places(written).items():
        yield from disk.disk(what, place)
    roles = _roles(where.metrics)
    yield from address.address("gateway's address", listen.host, listen.port, "worker" in roles)
    if deployment.metrics.on:
        host, port = deployment.metrics.host, deployment.metrics.port
        yield from address.address("metrics' address", host, port, address.is_exporter(host, port))
    yield from address.observer_socket(where.socket)
    yield from system.open_files(listen.most_connections, to.most_connections)
    yield from system.waiting_connections(listen.backlog)


def _roles(run: Path) -> set[str]:
    """Which roles run; none where nobody lets us look."""
    try:
        return set(address.living_roles(run))
    except (OSError, StillwatchError):
        return set()


def _show(results: list[Result], faults: int) -> None:
    wide = max(len(result.check) for result in results)
    for result in results:
        remedy = f". {result.remedy}" if result.remedy else ""
        say(f"{result.state:<12} {result.check:<{wide}}  {result.said}{remedy}", _STYLES[result.state])
    warnings = sum(result.state is State.WARNING for result in results)
    say(f"{counted(len(results), 'finding')}, {counted(faults, 'fault')}, {counted(warnings, 'warning')}.")
