"""One HTTP endpoint for a whole deployment: /metrics for Prometheus, /healthz and /readyz for who starts and routes.

Loopback unless told otherwise, and without a password: whoever reaches it reads how much traffic there is. Nobody is
named. It runs in a process or a thread of its own; many readers cost one look at the directory a quarter of a second.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics import exposition as openmetrics

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.telemetry.families import combined, families
from stillwatch.telemetry.gathering import Gathered, alone, gather
from stillwatch.telemetry.publish import WORKER
from stillwatch.telemetry.published import Snapshot

_log = logging.getLogger(__name__)
STALE_SECONDS = 5.0
"""Chosen: a worker tells its numbers every second; one that did not for five is stuck."""
LOOK_SECONDS = 0.25
READER_SECONDS = 5.0
"""How long a reader may take to ask, or to take the answer."""
MOST_READERS = 32
SERVER = "stillwatch"
"""Of the header field Server."""
_PLACE_SECONDS = 1.0
_BACKLOG = 128


class Stop(Protocol):
    """A `threading.Event`, or one of `multiprocessing`."""

    def wait(self) -> Any:
        """Return once it is set."""


class Exporter:
    """The endpoint. Takes its address when made: raises `UsageError` if another listens there. Port 0 takes a free one.

    `address` is the one taken. `serve` blocks; `close` ends it from another thread.
    """

    def __init__(self, directory: Path, host: str = "127.0.0.1", port: int = 9464) -> None:
        self._look = _Look(directory)
        handler = type("_Handler", (_Handler,), {"look": self._look})
        try:
            self._server = _server(host)((host, port), handler)
        except OSError as error:
            raise UsageError(
                f"metrics cannot be served at {host}:{port}: {error.strerror}",
                "Name another address for them, or end who listens there",
            ) from None
        self.address: tuple[str, int] = (str(self._server.server_address[0]), int(self._server.server_address[1]))
        self._is_serving = False

    def serve(self) -> None:
        """Answer until `close`."""
        self._is_serving = True
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Let `serve` return, and give the address back."""
        if self._is_serving:
            self._server.shutdown()
        self._server.server_close()


def serve(
    directory: Path, host: str, port: int, stop: Stop, ready: Callable[[int], object] = lambda port: None
) -> None:
    """Serve the numbers in `directory` until `stop` is set; `ready` is told the port.

    Raises `UsageError` where the address is taken.
    """
    exporter = Exporter(directory, host, port)
    thread = threading.Thread(target=exporter.serve, name="metrics", daemon=True)
    thread.start()
    ready(exporter.address[1])
    try:
        stop.wait()
    finally:
        exporter.close()
        thread.join()


class _Look:
    """The directory as it was a moment ago, for all readers."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._known: dict[str, Snapshot] = {}
        self._lock = threading.Lock()
        self._seen: Gathered | None = None
        self._at = 0.0

    def __call__(self) -> Gathered:
        """Raises `StillwatchError` or `OSError` where the directory cannot be read."""
        with self._lock:
            if self._seen is None or time.monotonic() > self._at + LOOK_SECONDS:
                with alone(self._directory):
                    self._seen = gather(self._directory, self._known)
                self._at = time.monotonic()
            return self._seen

    def collect(self) -> Iterable[Family]:
        """What a registry of `prometheus_client` asks of a collector."""
        return families(self())


def readiness(gathered: Gathered, now: float) -> tuple[bool, dict[str, Any]]:
    """Whether requests may be sent here, and why not: workers that talk, and an upstream that can be reached."""
    workers = [snapshot for snapshot in gathered.living if snapshot.role == WORKER]
    stuck = sum(now - worker.told > STALE_SECONDS for worker in workers)
    is_up = combined(gathered, now).get(("stillwatch_upstream_up",), 1) != 0
    is_ready = len(workers) > stuck and is_up
    return is_ready, {
        "ready": is_ready,
        "workers": len(workers),
        "stuck": stuck,
        "upstream": "reachable, as far as was tried" if is_up else "unreachable",
    }


class _Handler(BaseHTTPRequestHandler):
    """One reader. Only GET and HEAD; nothing of a request is logged."""

    look: _Look
    timeout = READER_SECONDS
    server_version, sys_version = SERVER, ""

    def do_GET(self) -> None:
        try:
            status, kind, body = self._said(self.path.partition("?")[0])
        except (StillwatchError, OSError) as error:
            _log.error("Metrics cannot be gathered: %s", error)
            status, kind, body = HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", b"The numbers cannot be read.\n"
        self._answer(status, kind, body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def refuse(self) -> None:
        """Whatever else is a method of HTTP."""
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"GET and HEAD only.\n", allow="GET, HEAD")

    def _said(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        if path == "/metrics":
            registry = CollectorRegistry(auto_describe=False)
            registry.register(self.look)
            encode, kind = _encoder(self.headers.get("Accept", ""))
            return HTTPStatus.OK, kind, encode(registry)
        if path == "/healthz":
            return HTTPStatus.OK, "text/plain", b"ok\n"
        if path == "/readyz":
            is_ready, said = readiness(self.look(), time.monotonic())
            status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
            return status, "application/json", json.dumps(said).encode() + b"\n"
        return HTTPStatus.NOT_FOUND, "text/plain", b"There are /metrics, /healthz and /readyz.\n"

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, allow: str = "") -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        if allow:
            self.send_header("Allow", allow)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what a reader asks for is his."""


for _method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.refuse)


def _encoder(accepted: str) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """The library's own choice fails on a version that is no number, and repeats whatever it is told in the answer."""
    kinds = {kind.partition(";")[0].strip().lower() for kind in accepted.split(",")}
    if "application/openmetrics-text" in kinds:
        return openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    return generate_latest, CONTENT_TYPE_PLAIN_0_0_4


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = _BACKLOG
    allow_reuse_address = True

    def __init__(self, *given: Any) -> None:
        self._places = threading.BoundedSemaphore(MOST_READERS)
        super().__init__(*given)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each of so many; who finds all of them busy for a while is sent away."""
        if self._places.acquire(timeout=_PLACE_SECONDS):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that went away, or did not take its answer, is nothing to report."""


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server(host: str) -> type[_Server]:
    return _Server6 if ":" in host else _Server
