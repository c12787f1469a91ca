"""Everything that can be set about a deployment: one TOML file, checked as a whole before anything starts.

[gateway.listen]             # the data plane: see docs/gateway.md for its tables
port = 8080

[gateway.upstream]
host = "127.0.0.1"
port = 8000

[identity]                   # who asks: see docs/gateway.md
mode = "keys"

[paths]                      # served although no dialect reads them: see docs/gateway.md
pass = ["/v1/files"]

[files]                      # relative to this file; what is left out lies below `home`
home = "/var/lib/stillwatch"
policy = "policy.toml"
keys = "keys.jsonl"
benign = "benign-ledger"     # what honest traffic looks like; without it nobody is acted on by itself

[marks]                      # tells the engine how answers are marked: see docs/watermark.md
strength = 0.0

[markers]                    # conventions that answers to suspects follow: see docs/markers.md
epoch = 0

[store]                      # limits that several workers or machines share
redis = "redis://127.0.0.1:6379/0"

[metrics]
port = 9464
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from stillwatch.errors import UsageError
from stillwatch.gateway.configuration import Configuration, Port, Seconds, Upstream
from stillwatch.gateway.conventions import Markers
from stillwatch.gateway.identity import Identity
from stillwatch.gateway.marking import Marks
from stillwatch.gateway.passing import Paths
from stillwatch.guarding.store import Store
from stillwatch.settings import default_journal
from stillwatch.telemetry.otel import SpanSettings

LONGEST_SOCKET_PATH = 107
"""Bytes; what Linux's sockaddr_un takes, less the NUL."""


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; a key that it does not know is an error."""


class Files(_Table, frozen=True):
    """Where things lie. Without `keys`, whoever's key the upstream accepts is a customer, known by its digest."""

    home: str = ""
    policy: str = ""
    keys: str = ""
    benign: str = ""
    journal: str = ""
    ledger: str = ""
    secret: str = ""
    alliance_secret: str = ""
    tickets: str = ""  # the secret that gateway and engine have in common; with it every request carries a ticket
    markers: str = ""  # the secret of conventions; with it those are served to whom the policy gives any


class Tracing(_Table, frozen=True):
    """The live tracer. `every`: the least pause between two looks, in seconds; `days`: at least 2, or 0 for all."""

    on: bool = True
    every: Seconds = 5.0
    days: Annotated[int, msgspec.Meta(ge=0)] = 0


class Metrics(_Table, frozen=True):
    """Where Prometheus reads. Loopback unless told otherwise."""

    on: bool = True
    host: str = "127.0.0.1"
    port: Port = 9464


class Deployment(_Table, frozen=True):
    """All of it."""

    gateway: Configuration = Configuration()
    identity: Identity = Identity()
    paths: Paths = Paths()
    marks: Marks = Marks()
    markers: Markers = Markers()
    files: Files = Files()
    store: Store = Store()
    tracer: Tracing = Tracing()
    metrics: Metrics = Metrics()
    spans: SpanSettings = SpanSettings()


@dataclass(frozen=True, slots=True)
class Places:
    """The files and directories of a deployment. None where there is none."""

    home: Path
    policy: Path | None
    keys: Path | None
    benign: Path | None
    journal: Path
    ledger: Path
    secret: Path | None
    alliance_secret: Path | None
    tickets: Path | None
    markers: Path | None

    @property
    def run(self) -> Path:
        """What lives only while the deployment runs: sockets, logs, counters."""
        return self.home / "run"

    @property
    def socket(self) -> Path:
        """Where the observer listens."""
        return self.run / "observer.sock"

    @property
    def metrics(self) -> Path:
        """Where processes keep their numbers."""
        return self.run / "metrics"

    @property
    def state(self) -> Path:
        """The tracer's register of campaigns."""
        return self.home / "campaigns"


def read(file: Path) -> Deployment:
    """The deployment that a file describes, in TOML or as `write` wrote it. Raises `UsageError` that names the key."""
    try:
        text = file.read_text(encoding="utf-8")
        values = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
        return checked(msgspec.convert(values, Deployment))
    except OSError as error:
        raise UsageError(f"the configuration {file} cannot be read: {error.strerror}") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"{file}: {error}", "See docs/running.md for the keys") from None


def write(deployment: Deployment, where: Places, file: Path) -> None:
    """Keep a deployment that was put together, for the processes that are started for it: all paths absolute."""
    named = {name: str(path or "") for name in Files.__struct_fields__ for path in (getattr(where, name),)}
    partial = file.with_suffix(".partial")
    partial.write_bytes(msgspec.json.encode(msgspec.structs.replace(deployment, files=Files(**named))))
    partial.replace(file)


def checked(deployment: Deployment) -> Deployment:
    """The deployment, if its parts fit together. Raises `UsageError`."""
    if deployment.gateway.workers > 1 and not deployment.store.redis:
        raise UsageError(
            f"{deployment.gateway.workers} workers would each keep limits of their own, so that a client has them all",
            "Name a Redis that they share in [store], or set workers = 1",
        )
    if deployment.marks != Marks() and not deployment.files.tickets:
        raise UsageError("[marks] says how answers are marked, and no engine would hear it", "Name [files] tickets")
    if deployment.markers != Markers() and not deployment.files.markers:
        raise UsageError("[markers] says whose conventions are drawn, and there is no secret", "Name [files] markers")
    if deployment.tracer.days == 1:
        raise UsageError("a tracer of 1 day could link on no day and test on another", "Set days to 2 or more, or 0")
    if deployment.gateway.workers > deployment.store.nodes:
        raise UsageError(
            f"{deployment.gateway.workers} workers are more than the {deployment.store.nodes} nodes of [store]",
            "Set nodes to the most workers that will run at a time, on all machines",
        )
    return deployment


def places(deployment: Deployment, base: Path) -> Places:
    """Where its files lie; relative ones are below `base`. Raises `UsageError` where a socket could not be made."""
    files = deployment.files
    home = base / files.home if files.home else default_journal().parent
    found = Places(
        home.absolute(),
        _named(files.policy, base),
        _named(files.keys, base),
        _named(files.benign, base),
        _named(files.journal, base) or (home / "journal.jsonl").absolute(),
        _named(files.ledger, base) or (home / "ledger").absolute(),
        _named(files.secret, base),
        _named(files.alliance_secret, base),
        _named(files.tickets, base),
        _named(files.markers, base),
    )
    if len(str(found.socket).encode()) > LONGEST_SOCKET_PATH:
        raise UsageError(f"the path of a socket, {found.socket}, is too long for the system", "Choose a shorter home")
    return found


def upstream_of(url: str) -> Upstream:
    """The model API at `url`: scheme, host and port. Raises `UsageError`."""
    remedy = "Give http://HOST:PORT or https://HOST; paths are the client's own"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"{url!r} is no address of a model API", remedy) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise UsageError(f"{url!r} is no address of a model API", remedy)
    is_tls = parts.scheme == "https"
    return Upstream(host=parts.hostname, port=port or (443 if is_tls else 80), tls=is_tls)


def _named(name: str, base: Path) -> Path | None:
    return (base / name).absolute() if name else None
