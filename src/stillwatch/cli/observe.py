"""`stillwatch observe`: sketches what the gateway's workers hand on, until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from stillwatch.assembly import load_secrets
from stillwatch.cli.gateway import ConfigFile
from stillwatch.cli.terminal import say, say_new_secret
from stillwatch.running.deployment import Deployment, places, read
from stillwatch.running.observing import observing
from stillwatch.running.stopping import end_with_starter
from stillwatch.telemetry import logs


def observe(config: ConfigFile = None) -> None:
    """Sketch settled exchanges into the deployment's ledger, within a second. Text never reaches a disk.

    Example: stillwatch observe --config stillwatch.toml
    """
    end_with_starter()
    logs.begin("observer")
    deployment = read(config) if config else Deployment()
    where = places(deployment, config.parent if config else Path())
    secrets = load_secrets(where.secret, where.alliance_secret)
    if secrets.is_new:
        say_new_secret(secrets.file)
    asyncio.run(observing(where, secrets, deployment.spans, lambda: say(f"The observer listens at {where.socket}.")))
