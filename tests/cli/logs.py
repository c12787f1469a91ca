"""Small logs, whole and broken. Every prompt holds `PROMPT`, which no message may repeat."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PROMPT = "the-words-of-a-customer"
START_US = 1_772_323_200_000_000  # 2026-03-01 00:00 UTC
MINUTE_US = 60_000_000


def row(number: int, **changes: Any) -> dict[str, Any]:
    """One exchange of one of twenty accounts, about a number of its own."""
    body = {
        "model": "m-1",
        "messages": [{"role": "user", "content": f"{PROMPT} about {number * 7919 % 1000} and more"}],
    }
    exchange = {
        "id": f"x-{number}",
        "ts_us": START_US + number * MINUTE_US,
        "account": f"user-{number % 20}",
        "organization": f"org-{number % 20}",
        "path": "/v1/chat/completions",
        "body": body,
    }
    return {**exchange, **changes}


def sweep(number: int, **changes: Any) -> dict[str, Any]:
    """An exchange that reads a next-token probability off the model: a decidable rule."""
    body = {
        "model": "m-1",
        "max_tokens": 1,
        "logit_bias": {"5": 100},
        "messages": [{"role": "user", "content": PROMPT}],
    }
    return row(number, body=body, **changes)


def lines(rows: Sequence[dict[str, Any] | bytes]) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in rows)


def log(path: Path, rows: Sequence[dict[str, Any] | bytes]) -> Path:
    """Rows as a log, one a line; gzipped if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = lines(rows)
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def good(path: Path, count: int = 300) -> Path:
    """A log with nothing wrong."""
    return log(path, [row(number) for number in range(count)])
