"""A key service on a socket, in a process of its own, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

_BACKLOG = 128
_KEPT_ALIVE_SECONDS = 60
"""Idle connections. Chosen: a member that asks at every slot opens a new one each time anyway."""


def serve(
    application: Starlette,
    host: str,
    port: int,
    certificate: Path | None,
    key: Path | None,
    ready: Callable[[int], None],
) -> None:
    """Serve until SIGTERM or Ctrl-C; open requests end first. `ready` is told the port once it is bound."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    configuration = uvicorn.Config(
        application,
        log_config=None,  # how a process logs is said elsewhere, once
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=_KEPT_ALIVE_SECONDS,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    with socket.create_server((host, port), family=family, backlog=_BACKLOG) as listening:
        ready(listening.getsockname()[1])
        uvicorn.Server(configuration).run(sockets=[listening])
