"""Lines of tags as a member's own file has them, one for each line of its identifiers (`spool` writes them).

{"line": 1, "kind": "email", "epoch": 3, "tag": "..."}            evaluated
{"line": 2, "kind": "ipv4", "epoch": 3, "refused": "..."}         not an identifier of its kind
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from stillwatch.errors import InputError
from stillwatch.sharing.tags.identifier import Kind
from stillwatch.sharing.tags.tag_set import TAG_BYTES, Tag


class TagLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line; `tag` in hexadecimal, or `refused` with the reason."""

    line: int
    kind: Kind
    epoch: int
    tag: str = ""
    refused: str = ""


def tag_lines(path: Path) -> list[TagLine]:
    """Whole lines: a last one that a crash cut off is left out, and its identifier is evaluated again."""
    if not path.exists():
        return []
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    try:
        lines = [msgspec.json.decode(line, type=TagLine) for line in whole.splitlines() if line]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InputError(f"{path} holds something else than tags", "Name another file") from None
    if any(line.tag and len(line.tag) != 2 * TAG_BYTES for line in lines):
        raise InputError(f"{path} holds tags of another width", "Evaluate them again into another file")
    return lines


def own_tags(path: Path, epoch: int) -> tuple[list[int], list[Tag]]:
    """The tags of one epoch and the lines that they are of. Raises `InputError` for a damaged file."""
    found = [line for line in tag_lines(path) if line.epoch == epoch and line.tag]
    return [line.line for line in found], [Tag(line.kind, epoch, bytes.fromhex(line.tag)) for line in found]


def newest_tags(path: Path) -> list[Tag]:
    """The tags of the newest epoch in the file. Raises `InputError` for a file that is damaged or holds none."""
    epoch = max((line.epoch for line in tag_lines(path)), default=0)
    _, found = own_tags(path, epoch)
    if not found:
        raise InputError(f"{path} holds no tags", "Evaluate identifiers first: stillwatch tags ask")
    return found
