"""Where the features are computed: an engine behind an Ibis connection.

Embedded DuckDB runs here. Spark and ClickHouse compile from the same expressions (tests keep that so); running
on them is for a release that has had one to test against.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import ibis

from stillwatch.errors import UsageError

SUPPORTED = ("duckdb",)


def connect(
    url: str = "duckdb://",
    *,
    threads: int | None = None,
    memory_limit: str = "1GB",
    temp_directory: Path | None = None,
) -> ibis.BaseBackend:
    """An engine for `url`: `duckdb://` in memory, `duckdb:///path/to/file` on disk.

    `threads` is all CPUs by default. Past `memory_limit` DuckDB spills to `temp_directory`; without one it
    spills to `.tmp` in the working directory. Raises `UsageError` for any other engine.
    """
    parts = urlsplit(url)
    if parts.scheme not in SUPPORTED or parts.netloc:
        raise UsageError(
            f"the engine {parts.scheme or url!r} cannot run features here",
            f"Supported: {', '.join(f'{name}://' for name in SUPPORTED)}",
        )
    settings: dict[str, object] = {
        "threads": threads or os.cpu_count() or 1,
        "memory_limit": memory_limit,
        "preserve_insertion_order": False,  # lets scans stream instead of keeping their order in memory
    }
    if temp_directory is not None:
        settings["temp_directory"] = str(temp_directory)
    return ibis.duckdb.connect(parts.path or ":memory:", **settings)
