"""`stillwatch observe`: sketches what the gateway's workers hand on, until it is told to stop."""

from __future__ import annotations

import asyncio

from stillwatch.cli.deployed import deployed
from stillwatch.cli.gateway import ConfigFile
from stillwatch.cli.secret_files import secrets_in
from stillwatch.cli.terminal import say
from stillwatch.running.observing import observing
from stillwatch.running.stopping import end_with_starter
from stillwatch.telemetry import logs


def observe(config: ConfigFile = None) -> None:
    """Sketch settled exchanges into the deployment's ledger, within a second. Text never reaches a disk.

    Example: stillwatch observe --config stillwatch.toml
    """
    end_with_starter()
    logs.begin("observer")
    deployment, where = deployed(config)
    secrets = secrets_in(where.secret, where.alliance_secret)
    asyncio.run(observing(where, secrets, deployment.spans, lambda: say(f"The observer listens at {where.socket}.")))
