"""Events of one stream that differ in nothing but their text: most of them, and counted without being decoded.

An event that was decoded and holds one text and nothing else to count is cut where its text begins and ends. Another
event that begins and ends with the same bytes, and whose bytes between hold neither quote nor backslash nor control
character and are UTF-8, is the same JSON value with another text: its size is that of the bytes between.
"""

from __future__ import annotations

from typing import Final

_QUOTE: Final = b'"'
_NOT_PLAIN: Final = bytes(range(32)) + b'"\\'  # RFC 8259, 7: what cannot stand in a string as it is


class Alike:
    """The bytes before and behind the text of an event."""

    __slots__ = ("_before", "_behind", "_between")

    def __init__(self, before: bytes, behind: bytes) -> None:
        self._before = before
        self._behind = behind
        self._between = behind + before

    @classmethod
    def of(cls, event: bytes, name: bytes, text: str) -> Alike | None:
        """Of an event, with its end, whose one text is the member `name`; None where it cannot be cut exactly.

        Without a backslash in the event no other spelling of the name can be in it.
        """
        if b"\\" in event or b"\r" in event or event.count(b'"%b"' % name) != 1:
            return None
        held = text.encode("utf-8", "surrogatepass")
        at = event.index(b'"%b"' % name) + len(name) + len(b'""')
        begin = event.index(_QUOTE, at) + 1
        if event[at:begin].strip(b' :"') or not event.startswith(held + _QUOTE, begin) or not _is_plain(held):
            return None
        return cls(event[:begin], event[begin + len(held) :])

    def take(self, text: bytes) -> tuple[int, int, int] | None:
        """How many of the bytes of `text` are events alike, how many of them have text, and how much.

        None where its first event is not; whole events only.
        """
        if not text.startswith(self._before) or b"\r" in text:
            return None
        end = text.rfind(self._behind) + len(self._behind)
        if end <= len(self._before):
            return None
        texts = text[len(self._before) : end - len(self._behind)].split(self._between)
        joined = b" ".join(texts)
        if not _is_plain(joined):
            return None
        return end, len(texts) - texts.count(b""), len(joined) - len(texts) + 1


def _is_plain(text: bytes) -> bool:
    """Could it stand in a JSON string as it is, and be of no other size there?"""
    if len(text.translate(None, _NOT_PLAIN)) != len(text):
        return False
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
