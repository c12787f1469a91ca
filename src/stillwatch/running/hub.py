"""A hub as processes: uvicorn workers that share a socket and a store.

Workers are told what to serve by one environment variable, since each builds its own application.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from stillwatch.errors import UsageError
from stillwatch.running.alliance import governed_application, opened_record
from stillwatch.running.ending import end_at_intervals
from stillwatch.sharing.hub.app import application
from stillwatch.sharing.hub.certificates import CertificateProtocol
from stillwatch.sharing.hub.options import DEFAULT_PAGE, Options
from stillwatch.storage.hub.opening import open_alliance, open_store, store_place
from stillwatch.telemetry import logs

if TYPE_CHECKING:
    from stillwatch.storage.hub.postgres_url import PostgresUrl

END_EVERY_SECONDS = 300.0
"""How often what has ended is deleted; the agreement says within an hour."""
_VARIABLE = "STILLWATCH_HUB"
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: those that RFC 7540, appendix A, does not list as bad; TLS 1.3 has its own."""
_KEEP_ALIVE_SECONDS = 30
_SILENCE_SECONDS = 60
"""A worker that does not answer its supervisor for so long is replaced; on a busy machine one takes ten to begin."""
_MOST_CONNECTIONS = 1000
"""Of a worker; beyond, 503."""


@dataclass(frozen=True, slots=True)
class HubServer:
    """What to serve and where. Without `certificate` and `key` it is plain HTTP."""

    store: Path | PostgresUrl
    host: str = "127.0.0.1"
    port: int = 8470
    workers: int = 1
    page: int = DEFAULT_PAGE
    public_url: str = ""
    certificate: Path | None = None
    key: Path | None = None
    client_authority: Path | None = None
    is_behind_proxy: bool = False
    alliance: Path | None = None
    """The folder of `running.alliance`; None: TAXII alone."""
    end_every_seconds: float = END_EVERY_SECONDS


class _Told(msgspec.Struct):
    store: str
    page: int
    public_url: str
    alliance: str
    end_every_seconds: float


def listen(server: HubServer) -> socket.socket:
    """The socket that workers share; raises `UsageError` if it cannot be had, or would carry passwords in the clear."""
    if not server.certificate and not server.is_behind_proxy and not _is_loopback(server.host):
        raise UsageError(
            f"{server.host} can be reached from elsewhere, and passwords would travel in the clear",
            "Give --certificate and --key, or --behind-proxy if TLS ends in front of this hub",
        )
    try:
        family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
        return socket.create_server((server.host, server.port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"nobody can listen at {server.host}:{server.port}: {error.strerror}",
            "Choose another port, or stop who has it",
        ) from None


def serve(server: HubServer, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; requests that are being answered are finished."""
    alliance = str(server.alliance.absolute()) if server.alliance else ""
    logs.begin("hub")
    told = _Told(_as_text(server.store), server.page, server.public_url, alliance, server.end_every_seconds)
    os.environ[_VARIABLE] = msgspec.json.encode(told).decode()
    config = uvicorn.Config(
        "stillwatch.running.hub:from_environment",
        factory=True,
        loop="uvloop",
        http=CertificateProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        workers=server.workers,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_worker_healthcheck=_SILENCE_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_KEEP_ALIVE_SECONDS,
        ssl_certfile=server.certificate,
        ssl_keyfile=server.key,
        ssl_ca_certs=server.client_authority and str(server.client_authority),
        ssl_cert_reqs=ssl.CERT_REQUIRED if server.client_authority else ssl.CERT_NONE,
        ssl_ciphers=_CIPHERS,
    )
    if server.workers == 1:
        uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()


def from_environment() -> ASGIApp:
    """A worker's application."""
    logs.begin("hub")
    told = msgspec.json.decode(os.environ[_VARIABLE], type=_Told)
    options = Options(told.page, told.public_url)
    place = store_place(told.store)
    store = open_store(place)
    if not told.alliance:
        end_at_intervals(told.end_every_seconds, store)
        return application(store, options)
    folder = Path(told.alliance)
    alliance, record = open_alliance(place, store), opened_record(folder)
    end_at_intervals(told.end_every_seconds, store, alliance, record)
    return governed_application(store, alliance, record, folder, options, time.monotonic)


def _as_text(place: Path | PostgresUrl) -> str:
    return str(place.absolute()) if isinstance(place, Path) else place.url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
