"""Addresses that the deployment takes: free, or ours already."""

from __future__ import annotations

import errno
import http
import http.client
import os
import socket
from collections.abc import Collection
from pathlib import Path

from stillwatch.cli.checks.result import Result, fault, guarded, ok
from stillwatch.telemetry import published
from stillwatch.telemetry.exporter import SERVER
from stillwatch.telemetry.gathering import alone

_SECONDS = 1.0


def address(check: str, host: str, port: int, is_running: bool) -> list[Result]:
    """Whether it can be listened at. `is_running`: what is meant to listen there runs already."""
    at = f"{host}:{port}"
    if port == 0:
        return [ok(check, f"{host}, at a port that the system chooses")]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
            tried.listen(1)
        except OSError as error:
            return _taken(check, at, error, is_running)
    return [ok(check, f"{at} is free")]


def _taken(check: str, at: str, error: OSError, is_running: bool) -> list[Result]:
    if error.errno == errno.EADDRINUSE and is_running:
        return [ok(check, f"{at} is ours")]
    remedies = {
        errno.EADDRINUSE: "End who listens there, or name another port",
        errno.EACCES: "Choose a port above 1023, or grant CAP_NET_BIND_SERVICE",
        errno.EADDRNOTAVAIL: "Name an address of this machine",
    }
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return [fault(check, f"{at} cannot be taken: {why}", remedies.get(error.errno or 0, "Name another address"))]


def observer_socket(file: Path) -> list[Result]:
    """Where workers hand on what is observed."""

    def look() -> list[Result]:
        if not file.exists():
            return [ok("observer's socket", f"{file} is free")]
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
            tried.settimeout(_SECONDS)
            try:
                tried.connect(str(file))
            except ConnectionRefusedError:
                return [ok("observer's socket", f"{file} was left behind; the next observer removes it")]
        return [ok("observer's socket", f"{file} is ours: an observer listens")]

    return guarded("observer's socket", look)


def is_exporter(host: str, port: int) -> bool:
    """Whether metrics of ours are served there."""
    asked = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        asked.request("GET", "/healthz")
        answer = asked.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    else:
        return answer.status == http.HTTPStatus.OK and (answer.headers["Server"] or "").startswith(SERVER)
    finally:
        asked.close()


def living_roles(run: Path) -> Collection[str]:
    """Roles of the processes that tell numbers in a directory; reading takes nothing away.

    Raises `DirectoryBusy`, or `OSError`.
    """
    if not run.is_dir():
        return set()
    with alone(run):  # whoever begins to tell numbers meanwhile needs its file's lock
        return {role for file in run.glob(f"*{published.SUFFIX}") if (role := _living_role(file))}


def _living_role(file: Path) -> str:
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        snapshot = published.read(descriptor) if published.is_locked(descriptor) else None
    finally:
        os.close(descriptor)
    return snapshot.role if snapshot else ""
