"""Whose key it is: the provider's own API keys, known by their digests only.

The file holds one JSON object a line: `{"sha256": "...", "account": "...", "organization": ..., "payment": ...}`, where
`sha256` is the hexadecimal digest of the key. A key is never stored and never logged; who reads the file cannot call.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from stillwatch.errors import UsageError
from stillwatch.gateway.guard import Request

_MOST_KEY_BYTES = 512
_QUERY_KEY = re.compile(rb"[A-Za-z0-9._~-]+")
_FIELDS = (b"x-api-key", b"x-goog-api-key", b"api-key")
_REMEMBERED = 100_000
"""Chosen: digests of as many keys take 20 MB; more keys than that at once are looked up each time."""


class KeyHolder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """To whom one key belongs."""

    sha256: str
    account: str
    organization: str | None = None
    payment: str | None = None


class Keys:
    """The keys of a deployment."""

    def __init__(self, holders: Iterable[KeyHolder]) -> None:
        self._holders = {bytes.fromhex(holder.sha256): holder for holder in holders}
        self._seen: dict[bytes, KeyHolder | None] = {}

    def holder(self, key: bytes) -> KeyHolder | None:
        """Whose key this is; None for nobody's."""
        found = self._seen.get(key)
        if found is not None:
            return found
        if len(key) > _MOST_KEY_BYTES:
            return None
        found = self._holders.get(hashlib.sha256(key).digest())
        if found is not None and len(self._seen) < _REMEMBERED:
            self._seen[key] = found
        return found

    @classmethod
    def load(cls, file: Path) -> Keys:
        """The keys in `file`. Raises `UsageError` naming the line that is none."""
        try:
            lines = file.read_bytes().splitlines()
        except OSError as error:
            raise UsageError(f"the keys in {file} cannot be read: {error.strerror}") from None
        holders = []
        for number, line in enumerate(lines, 1):
            if line.strip():
                holders.append(_holder(line, file, number))
        return cls(holders)


def key_of(headers: Mapping[bytes, bytes]) -> bytes:
    """The key that a request presents, in any of the ways that providers document; empty for none, or for several.

    Who presents two could have one counted here and use the other at the model's server.
    """
    bearer = headers.get(b"authorization", b"")
    first = bearer[7:].strip() if bearer[:7].lower() == b"bearer " else b""
    for name in _FIELDS:
        key = headers.get(name, first)
        if key != first:
            if first:
                return b""
            first = key
    return first


def take_key_from_query(request: Request) -> None:
    """Put the key of a Gemini request's query into its field: what names a path is logged, a key must not be."""
    path, _, query = request.target.partition(b"?")
    parts = query.split(b"&")
    keys = [part[4:] for part in parts if part.startswith(b"key=")]
    if not all(_QUERY_KEY.fullmatch(key) for key in keys):
        keys = [b"unreadable"]  # nobody's: escapes could smuggle a line into the field
    elif not keys:
        return
    rest = b"&".join([part for part in parts if not part.startswith(b"key=")])
    request.target = path + b"?" + rest if rest else path
    request.headers += [(b"X-Goog-Api-Key", key) for key in keys]


def _holder(line: bytes, file: Path, number: int) -> KeyHolder:
    try:
        holder = msgspec.json.decode(line, type=KeyHolder)
        if len(bytes.fromhex(holder.sha256)) != hashlib.sha256().digest_size:
            raise ValueError  # noqa: TRY301 - told with what msgspec finds wrong
    except ValueError:
        remedy = 'Write {"sha256": DIGEST, "account": NAME} with the SHA-256 of the key in hexadecimal'
        raise UsageError(f"{file}, line {number} names no key", remedy) from None
    return holder
