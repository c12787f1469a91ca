"""Numbered frames, as an upstream says them and a client checks them."""

from __future__ import annotations

import re

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"
_FRAME = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"%b"},%b}]}\n\n'
_OPEN = b'"finish_reason":null'
_NUMBER = re.compile(rb'"content":"word (\d+) "')


def frame(number: int) -> bytes:
    """The frame of this number."""
    return _FRAME % (b"word %d " % number, _OPEN)


def chunk(content: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(content), content)


class Check:
    """What one client got of one stream. `next` is the number that has to come; `is_whole`: the end came."""

    __slots__ = ("_rest", "is_whole", "next", "wrong")

    def __init__(self) -> None:
        self._rest = b""
        self.next = self.wrong = 0
        self.is_whole = False

    def feed(self, data: bytes) -> None:
        """Take in what came; a number out of its turn is wrong, as is all after an end."""
        text = self._rest + data
        end = 0
        for found in _NUMBER.finditer(text):
            self.wrong += self.is_whole or int(found[1]) != self.next
            self.next = int(found[1]) + 1
            end = found.end()
        self._rest = text[max(end, len(text) - len(_FRAME)) :]
        self.is_whole = self.is_whole or self._rest.endswith(b"\r\n0\r\n\r\n")
