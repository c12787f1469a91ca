"""Everything that can be set about the data plane, with its unit, default and reason; one TOML table each.

[listen]
host = "127.0.0.1"
port = 8080

[upstream]
host = "127.0.0.1"
port = 8000
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from stillwatch.errors import UsageError

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is an error."""


class Listen(_Table, frozen=True):
    """Where clients come in. Loopback unless told otherwise; port 0 takes a free one. TLS with both files named."""

    host: str = "127.0.0.1"
    port: Port = 8080
    certificate: str = ""
    key: str = ""
    backlog: Count = 1024
    most_connections: Count = 20_000  # a worker's; above, a connection is closed at once


class Upstream(_Table, frozen=True):
    """The model API. With `tls` its certificate is verified, against `authority` (a PEM file) or the system's."""

    host: str = "127.0.0.1"
    port: Port = 8000
    tls: bool = False
    authority: str = ""
    most_connections: Count = 20_000  # a worker's; above, 503
    most_idle: Count = 256  # a worker's; above, a connection is closed after its answer


class TimeOuts(_Table, frozen=True):
    """Seconds after which each phase counts as failed."""

    head: Seconds = 10.0  # first byte of a request to the end of its head; slow-loris ends here
    body: Seconds = 120.0  # end of the head to the end of the body: 32 MiB at 0.3 MB/s
    idle: Seconds = 75.0  # between requests of a client; as nginx
    client_write: Seconds = 60.0  # a client that takes nothing of its answer
    linger: Seconds = 2.0  # after a refusal, for the client to read it before the connection is closed
    connect: Seconds = 5.0  # to the upstream, TLS too
    send: Seconds = 60.0  # until the upstream took the request
    first_byte: Seconds = 600.0  # request sent to first byte of the answer; as the SDKs of model providers
    between: Seconds = 120.0  # between two blocks of an answer
    upstream_idle: Seconds = 4.0  # pooled: below the 5 s of uvicorn and Node, so that they rarely close first
    drain: Seconds = 30.0  # from SIGTERM until open exchanges are cut off


class Bounds(_Table, frozen=True):
    """How much of what a client sends is held, and of what the upstream says beside its content."""

    head_bytes: Count = 32_768
    header_fields: Count = 100
    body_bytes: Count = 32 * 1024 * 1024  # above: 413
    buffered_bytes: Count = 512 * 1024 * 1024  # bodies of all clients of a worker together; above: 503
    pipelined: Count = 32  # complete requests of one connection that wait for their turn; above: 400
    answer_head_bytes: Count = 32_768  # of the upstream's, interim heads and trailers among them; above: 502
    answer_header_fields: Count = 100  # above: 502
    client_buffer_bytes: Count = 65_536  # of an answer that a client does not take, before the upstream is paused


class Forwarded(StrEnum):
    """What becomes of X-Forwarded-For, -Proto, -Host and Forwarded."""

    REPLACE = "replace"  # the client's are dropped, ours are sent
    APPEND = "append"  # the peer is appended to X-Forwarded-For: only behind a proxy that is trusted
    DROP = "drop"  # none are sent


class Headers(_Table, frozen=True):
    """Which header fields go on. `host`: `upstream`, `client`, or the name itself."""

    host: str = "upstream"
    forwarded: Forwarded = Forwarded.REPLACE
    internal: tuple[str, ...] = ()  # fields that only trusted parts may set: taken from every client


class Configuration(_Table, frozen=True):
    """All of it. `workers`: processes that share the port."""

    listen: Listen = Listen()
    upstream: Upstream = Upstream()
    time_outs: TimeOuts = TimeOuts()
    bounds: Bounds = Bounds()
    headers: Headers = Headers()
    workers: Count = 1


def read(file: Path) -> Configuration:
    """The configuration in a TOML file. Raises `UsageError` that names the key."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Configuration)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: {error}", "See docs/gateway.md for the keys") from error
