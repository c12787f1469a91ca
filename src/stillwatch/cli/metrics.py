"""`stillwatch metrics`: the numbers of a deployment's processes on one endpoint, until it is told to stop."""

from __future__ import annotations

import asyncio

from stillwatch.cli.deployed import deployed
from stillwatch.cli.gateway import ConfigFile
from stillwatch.cli.terminal import say
from stillwatch.running.stopping import end_with_starter, stopped_by_signal
from stillwatch.telemetry import logs
from stillwatch.telemetry.exporter import Exporter


def metrics(config: ConfigFile = None) -> None:
    """Serve /metrics, /healthz and /readyz for Prometheus and load balancers.

    Example: stillwatch metrics --config stillwatch.toml
    """
    end_with_starter()
    logs.begin("metrics")
    deployment, where = deployed(config)
    exporter = Exporter(where.metrics, deployment.metrics.host, deployment.metrics.port)
    host, port = exporter.address
    say(f"Metrics are at http://{host}:{port}/metrics.")
    asyncio.run(_serve(exporter))


async def _serve(exporter: Exporter) -> None:
    async with stopped_by_signal() as stop:
        serving = asyncio.create_task(asyncio.to_thread(exporter.serve))
        await stop.wait()
        exporter.close()
        await serving
