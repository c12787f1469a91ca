"""How a member reaches a key service: HTTP/1.1 with a bearer token, over TLS unless the service is on this machine."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from stillwatch.errors import StillwatchError, UsageError
from stillwatch.sharing.tags.epochs import EpochClosed

_TIMEOUT_SECONDS = 30.0
"""Chosen: a batch takes a fifth of a second of the service's CPU; half a minute bears a queue of a hundred."""
_LARGEST_ANSWER = 4_000_000
"""Bytes. The largest batch that the protocol knows has 2.1 MB."""
_HERE = ("127.0.0.1", "::1", "localhost")


class ServiceUnreachable(StillwatchError):
    """The key service does not answer, or answers what is no answer. Nothing was learned; ask again later."""


class ServiceRefuses(StillwatchError):
    """The key service refuses this member's request, and says why."""


class QuotaReached(ServiceRefuses):
    """The day's batches are spent; `retry_after_s` seconds from now there are new ones."""

    def __init__(self, told: str, retry_after_s: int) -> None:
        super().__init__(f"the key service refuses: {told}", f"Ask again in {retry_after_s:,} s")
        self.retry_after_s = retry_after_s


class HttpTransport:
    """One service. `ca_file` names who signs its certificate, where the system does not know.

    Raises `UsageError` for an address without TLS on another machine: a token would be readable on the way.
    """

    def __init__(self, url: str, token: str, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url!r} is no address of a key service", "Give one like https://keys.example")
        if parts.scheme == "http" and parts.hostname not in _HERE:
            raise UsageError("a key service on another machine is reached by https only")
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._parts = parts
        self._context = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The answer's body. Raises `ServiceUnreachable`, `ServiceRefuses` or `EpochClosed`."""
        return self._asked("POST", path, body, headers)

    def get(self, path: str) -> bytes:
        """Likewise, without a body."""
        return self._asked("GET", path, None, {})

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        try:
            status, told, content = self._sent(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            problem = getattr(error, "strerror", None) or type(error).__name__
            raise ServiceUnreachable(f"{self._parts.netloc} does not answer: {problem}", "Try again later") from None
        if status != 200:
            raise _refusal(status, told.get("Retry-After", ""), content)
        return content

    def _sent(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body. A connection that the service closed while it was idle is opened anew, once."""
        was_idle = self._connection is not None
        connection = self._connection = self._connection or self._connect()
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body, headers | self._authorization)
            answer = connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            if not was_idle:
                raise
            self.close()
            return self._sent(method, path, body, headers)
        return answer.status, answer.headers, answer.read(_LARGEST_ANSWER)

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._context is None:
            return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=self._context)


def _refusal(status: int, retry_after: str, content: bytes) -> StillwatchError:
    try:
        told = str(json.loads(content)["title"])[:200]
    except (ValueError, KeyError, TypeError):
        told = f"status {status}"
    if status == 410:
        return EpochClosed(f"the key service says: {told}", "Check the clock, and the pinned keys")
    if status == 429:
        return QuotaReached(told, int(retry_after) if retry_after.isdecimal() else 0)
    if status >= 500:
        return ServiceUnreachable(f"the key service fails: {told}", "Try again later")
    return ServiceRefuses(f"the key service refuses: {told}", "Check the token and the pinned rules")
