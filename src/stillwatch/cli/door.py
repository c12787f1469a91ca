"""`stillwatch door`: services that hosts ask, until they are told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.faults import faults_as_errors
from stillwatch.cli.terminal import say
from stillwatch.doors.configuration import DOOR_VARIABLE, read

app = typer.Typer(help="Services that Envoy asks about each request.", no_args_is_help=True)

ConfigFile = Annotated[
    Path, typer.Option("--config", envvar=DOOR_VARIABLE, help="The door's TOML file (docs/doors.md).")
]


@app.callback()
def _door() -> None:
    """Services that Envoy asks about each request."""


@app.command(name="ext-authz")
@faults_as_errors(ends_itself=True)
def ext_authz(config: ConfigFile) -> None:
    """Answer Envoy's external authorization over HTTP; one process, as its limits are its own.

    Example: stillwatch door ext-authz --config door.toml
    """
    from stillwatch.doors.ext_authz import configuration, worker
    from stillwatch.gateway.worker import listening_socket, run

    told = read(config)
    bound = listening_socket(configuration(told))
    say(f"Envoy may ask at {told.listen.host}:{bound.getsockname()[1]}.")
    run(configuration(told), lambda _: worker(told), bound)


@app.command()
@faults_as_errors(ends_itself=True)
def rls(config: ConfigFile) -> None:
    """Answer Envoy's rate-limit protocol over gRPC; needs the extra `rls`.

    Example: stillwatch door rls --config door.toml
    """
    from stillwatch.doors.rls import serving
    from stillwatch.running.stopping import stopped_by_signal

    told = read(config)

    async def serve() -> None:
        async with stopped_by_signal() as stop, serving(told) as port:
            say(f"Envoy may ask at {told.listen.host}:{port}.")
            await stop.wait()

    asyncio.run(serve())
