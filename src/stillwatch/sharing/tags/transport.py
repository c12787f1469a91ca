"""How a member reaches a key service: HTTP/1.1 with a bearer token, over TLS unless the service is on this machine."""

from __future__ import annotations

import json
from pathlib import Path

from stillwatch.errors import StillwatchError
from stillwatch.sharing.connection import Connection, NoAnswer
from stillwatch.sharing.tags.epochs import EpochClosed

_TIMEOUT_SECONDS = 30.0
"""Chosen: a batch takes a fifth of a second of the service's CPU; half a minute bears a queue of a hundred."""
_LARGEST_ANSWER = 4_000_000
"""Bytes. The largest batch that the protocol knows has 2.1 MB."""


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
        self._connection = Connection("a key service", url, token, _TIMEOUT_SECONDS, _LARGEST_ANSWER, ca_file)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        """The answer's body. Raises `ServiceUnreachable`, `ServiceRefuses` or `EpochClosed`."""
        return self._asked("POST", path, body, headers)

    def get(self, path: str) -> bytes:
        """Likewise, without a body."""
        return self._asked("GET", path, None, {})

    def close(self) -> None:
        self._connection.close()

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> bytes:
        try:
            status, told, content = self._connection.ask(method, path, body, headers)
        except NoAnswer as error:
            raise ServiceUnreachable(error.problem, error.remedy) from None
        if status != 200:
            raise _refusal(status, told.get("Retry-After", ""), content)
        return content


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
