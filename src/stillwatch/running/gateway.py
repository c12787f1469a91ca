"""The gateway of a deployment: workers that share a port, each with the whole guard."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Configuration
from stillwatch.gateway.supervisor import Supervisor
from stillwatch.gateway.worker import Worker
from stillwatch.running.deployment import Deployment, places
from stillwatch.running.working import working

Load = Callable[[], Deployment]


def gateway(load: Load, base: Path) -> Supervisor:
    """The supervisor, its address taken; `load` gives the deployment, again on SIGHUP. Raises `StillwatchError`."""
    current = [load()]

    def configuration() -> Configuration:
        current[0] = load()
        return current[0].gateway

    def worker(_: Configuration) -> AbstractAsyncContextManager[Worker]:
        return working(current[0], places(current[0], base))

    try:
        return Supervisor(configuration, worker)
    except OSError as error:
        listen = current[0].gateway.listen
        raise UsageError(
            f"nobody can listen at {listen.host}:{listen.port}: {error.strerror}",
            "Choose another port, or stop who has this one",
        ) from None
