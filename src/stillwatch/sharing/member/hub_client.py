"""How a member reaches its hub: TAXII 2.1 for objects, the alliance's endpoints for the rest, over HTTP/1.1.

Objects are kept as the bytes that came, because digests are of bytes. Everything is bounded; what fails says whether to
try again (`HubUnreachable`) or not (`HubRefuses`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from email.utils import parsedate_to_datetime
from http.client import HTTPMessage
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from stillwatch.decision.journal import Entry
from stillwatch.errors import StillwatchError
from stillwatch.sharing.alliance.acknowledgement import Acknowledgement
from stillwatch.sharing.connection import Connection, NoAnswer
from stillwatch.sharing.governance.approval import Approval
from stillwatch.sharing.governance.head import Head
from stillwatch.sharing.taxii.media import TAXII_21

_TIMEOUT_SECONDS = 60.0
"""Longer than the hub's long poll (25 s) by what a slow network takes."""
_LARGEST_ANSWER = 64_000_000
_PAGE = 1_000
Told = TypeVar("Told")


class HubUnreachable(StillwatchError):
    """The hub does not answer, or is busy. Nothing was lost; try again later."""


class HubRefuses(StillwatchError):
    """The hub refuses this request, and says why."""


class Page(msgspec.Struct, frozen=True):
    """A page of objects, as they came. `last`: the date added of the last one; `hub_us`: the hub's clock, 0 unknown."""

    objects: list[msgspec.Raw]
    more: bool
    next: str
    last: str
    hub_us: int


class Outcome(msgspec.Struct, frozen=True):
    """What became of one posted object; `message` says why it is pending or failed."""

    id: str
    version: str = ""
    message: str = ""


class Status(msgspec.Struct, frozen=True):
    """What became of a post."""

    id: str
    status: str
    success_count: int
    failure_count: int
    pending_count: int
    failures: list[Outcome] = []
    pendings: list[Outcome] = []


class StandingTold(msgspec.Struct, frozen=True):
    """A claim's standing as the hub publishes it."""

    score: int
    contributors: int
    disputes: int
    suspended: bool


class _Envelope(msgspec.Struct, frozen=True):
    objects: list[msgspec.Raw] = []
    more: bool = False
    next: str = ""


class _Standings(msgspec.Struct, frozen=True):
    standings: dict[str, StandingTold]


class _Entries(msgspec.Struct, frozen=True):
    entries: list[Entry]


class _Acknowledged(msgspec.Struct, frozen=True):
    acknowledgements: list[Acknowledgement]


class HubClient:
    """One hub, one trust group, one collection. Close it."""

    def __init__(self, url: str, root: str, collection: str, token: str, ca_file: Path | None = None) -> None:
        self._connection = Connection("a hub", url, token, _TIMEOUT_SECONDS, _LARGEST_ANSWER, ca_file)
        self._collection_id = collection
        self._root = f"/{quote(root)}"
        self._collection = f"{self._root}/collections/{quote(collection)}"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def page(self, added_after: str, next: str) -> Page:
        """Every version that was added after a date (empty: from the beginning), a thousand at a time."""
        query = {"limit": str(_PAGE), "match[version]": "all"}
        query |= {"added_after": added_after} if added_after else {}
        query |= {"next": next} if next else {}
        headers, body = self._asked("GET", f"{self._collection}/objects/?{urlencode(query)}", accept=TAXII_21)
        found = _decoded(body, _Envelope)
        last = headers.get("X-TAXII-Date-Added-Last", "")
        return Page(found.objects, found.more, found.next, last, _clock_us(headers))

    def post(self, objects: list[bytes]) -> Status:
        """Add objects; their status."""
        envelope = b'{"objects":[' + b",".join(objects) + b"]}"
        _, body = self._asked("POST", f"{self._collection}/objects/", envelope, TAXII_21, TAXII_21)
        return _decoded(body, Status)

    def approve(self, approval: Approval) -> None:
        """Send a signer's approval."""
        self._asked("POST", f"{self._root}/alliance/approvals/", msgspec.json.encode(asdict(approval)))

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Send our word that we took note of a version."""
        self._asked("POST", f"{self._root}/alliance/acknowledgements/", msgspec.json.encode(asdict(acknowledgement)))

    def acknowledgements(self, digest: str) -> list[Acknowledgement]:
        """Who took note of a version."""
        _, body = self._asked("GET", f"{self._root}/alliance/acknowledgements/{digest}/")
        return _decoded(body, _Acknowledged).acknowledgements

    def standings(self) -> dict[str, StandingTold]:
        """The standing of each claim that we may see."""
        return _decoded(self._asked("GET", f"{self._root}/alliance/standings/")[1], _Standings).standings

    def head(self) -> Head:
        """The newest entry of the record, signed."""
        return _decoded(self._asked("GET", f"{self._root}/alliance/log/head/")[1], Head)

    def log(self) -> Iterator[Entry]:
        """The whole record, oldest first."""
        after = 0
        while found := self._entries(after):
            yield from found
            after = found[-1].number

    def wait(self, after: str) -> bool:
        """Wait until something was added after a date; False if half a minute went by without."""
        query = urlencode({"collection": self._collection_id} | ({"after": after} if after else {}))
        return bool(self._asked("GET", f"{self._root}/alliance/news/?{query}")[1])

    def _entries(self, after: int) -> list[Entry]:
        return _decoded(self._asked("GET", f"{self._root}/alliance/log/?after={after}")[1], _Entries).entries

    def _asked(
        self, method: str, path: str, body: bytes | None = None, media: str = "application/json", accept: str = "*/*"
    ) -> tuple[HTTPMessage, bytes]:
        try:
            status, told, content = self._connection.ask(method, path, body, {"Accept": accept, "Content-Type": media})
        except NoAnswer as error:
            raise HubUnreachable(error.problem, error.remedy) from None
        if status >= 300:
            raise _refusal(status, content)
        return told, content


class _Error(msgspec.Struct, frozen=True):
    description: str = ""


def _clock_us(headers: HTTPMessage) -> int:
    try:
        return int(parsedate_to_datetime(headers["Date"]).timestamp() * 1e6)
    except (TypeError, ValueError):
        return 0


def _decoded(body: bytes, kind: type[Told]) -> Told:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise HubUnreachable("the hub's answer is no answer to what was asked", "Is it a Stillwatch hub?") from None


def _refusal(status: int, content: bytes) -> StillwatchError:
    try:
        said = msgspec.json.decode(content, type=_Error).description or f"status {status}"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        said = f"status {status}"
    if status >= 500 or status == 429:
        return HubUnreachable(f"the hub is not ready: {said}", "Try again later")
    return HubRefuses(f"the hub refuses: {said}")
