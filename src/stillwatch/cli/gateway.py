"""`stillwatch gateway`: the guarded proxy, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stillwatch.cli.terminal import say
from stillwatch.running.deployment import Deployment, read
from stillwatch.running.gateway import gateway as supervisor
from stillwatch.running.stopping import end_with_starter
from stillwatch.telemetry import logs

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="STILLWATCH_CONFIG",
        help="The deployment's configuration (docs/running.md). Without it, defaults: an upstream on port 8000.",
        show_default=False,
    ),
]


def gateway(config: ConfigFile = None) -> None:
    """Guard a model API: SIGTERM drains, SIGHUP reads the configuration again.

    Example: stillwatch gateway --config stillwatch.toml
    """
    end_with_starter()
    logs.begin("gateway")
    base = config.parent if config else Path()
    running = supervisor(lambda: read(config) if config else Deployment(), base)
    host, port = running.address
    say(f"The gateway takes requests at {host}:{port}.")
    running.run()
