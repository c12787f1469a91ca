"""One HTTP/1.1 connection to a partner's server, with a bearer token: kept open, bounded, and over TLS.

A token on a plain connection could be read on the way, so http is taken for this machine only. A connection that the
server closed while it was idle is opened anew, once.
"""

from __future__ import annotations

import http.client
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from stillwatch.errors import StillwatchError, UsageError

_HERE = ("127.0.0.1", "::1", "localhost")


class NoAnswer(StillwatchError):
    """The server does not answer, or breaks off. Says which server and why."""


class Connection:
    """To one server. `what` names it in errors; `largest`: bytes of an answer that are read. Close it.

    Raises `UsageError` for an address that is none, or that would carry the token in the clear to another machine.
    """

    def __init__(
        self, what: str, url: str, token: str, timeout_seconds: float, largest: int, ca_file: Path | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url!r} is no address of {what}", "Give one like https://partner.example")
        if parts.scheme == "http" and parts.hostname not in _HERE:
            raise UsageError(f"{what} on another machine is reached by https only", "Its token could be read")
        self._parts = parts
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._timeout_seconds = timeout_seconds
        self._largest = largest
        self._context = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._open: http.client.HTTPConnection | None = None

    def ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of the answer. Raises `NoAnswer`."""
        try:
            return self._asked(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            problem = getattr(error, "strerror", None) or type(error).__name__
            raise NoAnswer(f"{self._parts.netloc} does not answer: {problem}", "Try again later") from None

    def close(self) -> None:
        """Close it; the next question opens another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        was_idle = self._open is not None
        connection = self._open = self._open or self._made()
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body, headers | self._authorization)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            if not was_idle:
                raise
            self.close()
            return self._asked(method, path, body, headers)
        content = answer.read(self._largest + 1)
        if len(content) > self._largest:
            self.close()
            raise NoAnswer(f"{self._parts.netloc} answers more than {self._largest:,} bytes", "Is it the right server?")
        return answer.status, answer.headers, content

    def _made(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=self._timeout_seconds)
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_seconds, context=self._context)
