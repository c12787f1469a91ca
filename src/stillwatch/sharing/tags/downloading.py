"""How a member gets the set of an epoch from its hub: whole, and only if it is another one than it has.

The file is compared by its digest, which is its `ETag`, so nothing is kept beside it. The hub learns that a member
asked for the set, and nothing of what it looks for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import msgspec

from stillwatch.errors import InputError, StillwatchError
from stillwatch.ledger.durable import write_file
from stillwatch.sharing.connection import Connection
from stillwatch.sharing.tags.tag_set import LARGEST, TAG_BYTES, TagSet

LARGEST_SET_BYTES = LARGEST * (TAG_BYTES + 6) + 1_000
TIMEOUT_SECONDS = 60.0
"""Chosen: a million tags are some seconds of the hub's work the first time that anybody asks."""


class SetRefused(StillwatchError):
    """The hub gives no set, and says why."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What is in the file now. `is_new`: it is another set than before."""

    epoch: int
    tags: int
    size: int
    is_new: bool


def download(hub: Connection, root: str, epoch: int, file: Path) -> Downloaded:
    """Bring `file` in step with the hub's set of `epoch`; a failure leaves it as it was.

    Raises `NoAnswer`, `SetRefused`, and `InputError` for an answer that is no set of this epoch.
    """
    held = file.read_bytes() if file.exists() else b""
    known = {"If-None-Match": f'"{hashlib.sha256(held).hexdigest()}"'} if held else {}
    status, _, answer = hub.ask("GET", f"/{quote(root)}/alliance/tags/{epoch}/", None, known)
    if status not in (200, 304):
        raise SetRefused(f"the hub gives no set of tags: {_said(status, answer)}", "Ask its operator")
    encoded = held if status == 304 else answer
    found = TagSet.decode(encoded)
    if found.epoch != epoch:
        raise InputError(f"the hub's set is of epoch {found.epoch} and not {epoch}", "Tell its operator")
    if status == 200:
        write_file(file, encoded, mode=0o600)
    return Downloaded(epoch, len(found), len(encoded), is_new=status == 200)


class _Fault(msgspec.Struct, frozen=True):
    description: str = ""


def _said(status: int, answer: bytes) -> str:
    try:
        return msgspec.json.decode(answer, type=_Fault).description or f"status {status}"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return f"status {status}"
