"""What the machine allows: open files, waiting connections; and which versions of the native parts run."""

from __future__ import annotations

import resource
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stillwatch.cli.checks.result import Result, fault, not_checked, ok, warning

_BESIDE = 200
"""Files that a worker opens beside connections: libraries, the journal, the observer, Redis. Chosen, generously."""
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def open_files(most_clients: int, most_upstream: int, hard: int | None = None) -> list[Result]:
    """Whether all connections that are configured can be open. A worker raises its soft limit to the hard one."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] if hard is None else hard
    needed = most_clients + most_upstream + _BESIDE
    if most != resource.RLIM_INFINITY and most < needed:
        remedy = f"Raise it to {needed:,} (LimitNOFILE= of its unit, ulimit -Hn), or lower most_connections"
        return [warning("open files", f"{most:,} may be open, and {needed:,} could be needed a worker", remedy)]
    return [ok("open files", f"{'any number' if most == resource.RLIM_INFINITY else f'{most:,}'} may be open")]


def waiting_connections(backlog: int, file: Path = SOMAXCONN) -> list[Result]:
    """Whether the kernel lets as many connections wait as are configured."""
    try:
        most = int(file.read_text())
    except (OSError, ValueError):
        return [not_checked("waiting connections", "this system does not say how many may wait")]
    if most < backlog:
        remedy = f"Run: sysctl net.core.somaxconn={backlog}"
        return [warning("waiting connections", f"{most:,} may wait, and listen.backlog is {backlog:,}", remedy)]
    return [ok("waiting connections", f"{backlog:,} may wait")]


def versions(*packages: str) -> list[Result]:
    """Which versions of these run."""
    try:
        return [ok("versions", ", ".join(f"{package} {version(package)}" for package in packages))]
    except PackageNotFoundError as error:
        return [fault("versions", f"{error.name} is not installed", "Install Stillwatch with its dependencies")]
