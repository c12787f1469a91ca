"""Counts an answer while it is delivered, and ends it well where a hard budget is overrun.

A counter holds some kilobytes back from counting and counts them together: what could not yet have reached the
budget need not be read yet. Near the budget it reads every piece as it comes, so a stream is cut after the event that
reached it. At the end of an answer the provider's own usage replaces the estimate, where it was said.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple, Protocol

import msgspec

from stillwatch.gateway.dialects.alike import Alike
from stillwatch.gateway.dialects.estimate import BYTES_PER_TOKEN, tokens_out
from stillwatch.gateway.dialects.events import can_end, data_of, first_end

MOST_HELD_BYTES = 16_384
"""Chosen: most answers are counted at one go. What is held is kept for observation anyway (`settling`), up to 4 MiB."""
MOST_BODY_BYTES = 4 * 1024 * 1024
"""Chosen: larger than any text answer; of a longer body (vectors) only the end is kept, where usage stands."""
_TAIL_BYTES = 64 * 1024
_USAGE = re.compile(rb'"usage(?:Metadata)?"\s*:\s*(?=\{)')


class Used(NamedTuple):
    """Tokens of one answer. `is_said` is true where the provider counted, else these are estimates.

    `input_tokens` is None where nobody said them.
    """

    input_tokens: int | None
    output_tokens: int
    is_said: bool


class Answer(Protocol):
    """What one wire format remembers of an answer while it comes."""

    events: int  # that carried content
    size: int  # bytes of content
    input_tokens: int | None  # as the provider said them
    output_tokens: int | None
    is_over: bool

    @property
    def text(self) -> tuple[bytes, str] | None:
        """Of the event observed last: its text and the name of that member, if nothing else in it counts."""

    def observe(self, data: bytes) -> None:
        """Take in the data of one event; raises `msgspec.DecodeError` where it is not one."""

    def whole(self, body: bytes) -> None:
        """Take in a whole body; raises `msgspec.DecodeError` where it is not one."""

    def ending(self) -> bytes:
        """The events that end this answer here, for want of tokens."""


class Counter:
    """Counts one answer. `budget` is the hard one, in output tokens; None for none."""

    __slots__ = (
        "_alike",
        "_answer",
        "_budget",
        "_enough",
        "_held",
        "_is_long",
        "_is_stream",
        "_kept_of_last",
        "_pieces",
    )

    def __init__(self, answer: Answer, is_stream: bool, budget: int | None = None) -> None:
        self._answer = answer
        self._alike: Alike | None = None
        self._is_stream = is_stream
        self._budget = budget if is_stream else None
        self._pieces: list[bytes] = []
        self._held = 0
        self._kept_of_last = 0
        self._is_long = False  # an event that is being held is longer than what is usually held
        self._enough = self._bytes_to_read() if is_stream else MOST_BODY_BYTES

    def feed(self, piece: bytes) -> bool:
        """Take in the next bytes of the body. True: the budget is reached; send `cut()` in place of this piece.

        For a body that is no stream, always False.
        """
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held < self._enough:
            return False
        if not self._is_stream:
            return self._shorten()
        if self._is_long and not can_end(piece):
            return self._hold_on()
        return self._read(len(piece))

    def go_on(self, budget: int) -> bool:
        """Count on under a larger budget after `feed` said True. True again: the same piece reaches this one, too."""
        piece, done = self._pieces[-1], self._kept_of_last
        self._budget, self._kept_of_last = budget, 0
        self._pieces, self._held = [piece[done:]], len(piece) - done
        if not self._read(self._held):
            return False
        self._pieces, self._kept_of_last = [piece], self._kept_of_last + done
        return True

    def cut(self) -> bytes:
        """What to send in place of the piece fed last, when `feed` said so: its events within budget, and the end."""
        return self._pieces[-1][: self._kept_of_last] + self._answer.ending()

    @property
    def delivered(self) -> int:
        """Output tokens so far, as an estimate; 0 for a body that is no stream."""
        if self._is_stream and self._pieces and not self._is_cut:
            self._read(len(self._pieces[-1]))
        return tokens_out(self._answer.events, self._answer.size)

    @property
    def held_bytes(self) -> int:
        """How much of the answer is kept for counting."""
        return self._held

    def close(self) -> Used:
        """What the answer cost, whole or broken off. The counter is of no use afterwards."""
        if not self._is_stream:
            self._read_body()
        delivered = self.delivered
        answer = self._answer
        if answer.output_tokens is None or (delivered and not answer.output_tokens):  # nobody says a text in no tokens
            return Used(answer.input_tokens, delivered, is_said=False)
        if self._is_stream and not answer.is_over:  # said at the start or on the way: what came later counts too
            return Used(answer.input_tokens, max(answer.output_tokens, delivered), is_said=False)
        return Used(answer.input_tokens, answer.output_tokens, is_said=True)

    @property
    def _is_cut(self) -> bool:
        return self._kept_of_last > 0

    def _bytes_to_read(self) -> int:
        """No fewer bytes than these can reach the budget: a token is not counted for less than `BYTES_PER_TOKEN`."""
        if self._budget is None:
            return MOST_HELD_BYTES
        left = self._budget - tokens_out(self._answer.events, self._answer.size)
        return min(left * BYTES_PER_TOKEN, MOST_HELD_BYTES)

    def _read(self, last: int) -> bool:
        """Count the whole events that are held; True if they reach the budget. `last` is the size of the last piece."""
        pieces = self._pieces
        text = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        answer, budget, at = self._answer, self._budget, self._take_alike(text)
        may_learn = True
        while (end := first_end(text, at)) > 0:
            event, at = text[at:end], end
            _observe(answer, event)
            if budget is not None and not answer.is_over and tokens_out(answer.events, answer.size) >= budget:
                self._kept_of_last = at - (self._held - last)
                return True
            if may_learn and answer.text is not None:
                may_learn = False
                self._alike = Alike.of(event, *answer.text)
                at += self._take_alike(text[at:])
        rest = text[at:] if at else text
        self._pieces = [rest] if rest else []
        self._held = len(rest)
        self._enough = max(self._bytes_to_read(), len(rest) + 1)
        self._is_long = len(rest) > MOST_HELD_BYTES
        return False

    def _take_alike(self, text: bytes) -> int:
        """Count the events at the start of `text` that are alike, all at once; where the others begin."""
        answer = self._answer
        taken = self._alike.take(text) if self._alike is not None else None
        if taken is None:
            return 0
        end, events, size = taken
        if self._budget is not None and tokens_out(answer.events + events, answer.size + size) >= self._budget:
            return 0  # one of them reaches it: which, is found one by one
        answer.events += events
        answer.size += size
        return end

    def _hold_on(self) -> bool:
        """The event goes on. Beyond all bounds it counts by its size, and its rest as an event of its own."""
        if self._held > MOST_BODY_BYTES:
            self._answer.events += 1
            self._answer.size += self._held
            self._pieces, self._held = [b"data:"], len(b"data:")
        return False

    def _shorten(self) -> bool:
        """Keep the end of a body that is too long to keep."""
        tail = b"".join(self._pieces)[-_TAIL_BYTES:]
        self._pieces, self._held = [tail], len(tail)
        return False

    def _read_body(self) -> None:
        body = b"".join(self._pieces)
        try:
            self._answer.whole(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._read_tail(body)

    def _read_tail(self, body: bytes) -> None:
        """The usage at the end of a body whose start is gone or whose rest is missing, or an estimate of its size."""
        found = list(_USAGE.finditer(body, max(len(body) - _TAIL_BYTES, 0)))
        try:
            usage, _ = json.JSONDecoder().raw_decode(body[found[-1].end() :].decode())
            name = b"usageMetadata" if b"usageMetadata" in found[-1].group() else b"usage"
            self._answer.whole(b'{"' + name + b'":' + msgspec.json.encode(usage) + b"}")
        except (IndexError, ValueError, RecursionError):
            self._answer.size += len(body)


def _observe(answer: Answer, event: bytes) -> None:
    data = data_of(event)
    if not data:
        return
    try:
        answer.observe(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        answer.events += 1  # what cannot be read was delivered all the same
        answer.size += len(data)
