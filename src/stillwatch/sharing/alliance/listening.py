"""What a member runs where its hub's notices arrive: takes a POST, checks it, and answers 204 or 403, and no more.

Strangers can reach it, so it reads at most `LONGEST_BYTES`, gives each connection some seconds, has a bounded number of
them, and tells nothing. A notice makes the member pull; it carries nothing that could be believed.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stillwatch.sharing.alliance.notice import LONGEST_BYTES, NoticeRefused, Notices

_CONNECTION_SECONDS = 5.0
_MOST_CONNECTIONS = 32
"""At one time. Chosen: one hub needs one."""


class Listener:
    """Listens at an address until it is closed; `heard` waits for a notice. Raises `OSError` where it cannot listen."""

    def __init__(self, host: str, port: int, notices: Notices, context: ssl.SSLContext | None = None) -> None:
        self._told = threading.Event()
        self._server = _Server((host, port), self._take, context)
        self._notices = notices
        self._reading = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, name="listening", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def heard(self, seconds: float) -> bool:
        """Whether a notice came since the last call, or comes within so many seconds."""
        is_told = self._told.wait(seconds)
        self._told.clear()
        return is_told

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, body: bytes) -> bool:
        try:
            with self._reading:
                self._notices.read(body, time.time_ns() // 1_000)
        except NoticeRefused:
            return False
        self._told.set()
        return True


class _Server(ThreadingHTTPServer):
    """Connections in threads, so many and no more; TLS is spoken in the connection's own thread."""

    daemon_threads = True

    def __init__(self, at: tuple[str, int], take: Callable[[bytes], bool], context: ssl.SSLContext | None) -> None:
        self.take = take
        self._context = context
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self.address_family = socket.AF_INET6 if ":" in at[0] else socket.AF_INET
        super().__init__(at, _Handler)

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        connection.settimeout(_CONNECTION_SECONDS)
        if self._context is not None:
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A stranger's connection that broke is nothing to tell of."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _CONNECTION_SECONDS

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        is_short = length.isascii() and length.isdecimal() and len(length) < 6 and int(length) <= LONGEST_BYTES
        self.close_connection = True
        self.send_response_only(204 if is_short and self.server.take(self.rfile.read(int(length))) else 403)
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: what strangers send is not ours to keep."""
