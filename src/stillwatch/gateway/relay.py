"""One exchange: ask the guard, send the request on, hand the answer back, and say once how it ended.

A request is sent again only if nothing of its answer arrived on a connection that had been idle in the pool, and the
method is one that may be repeated (RFC 9110, 9.2.2). A POST is not: the upstream may have worked on it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from stillwatch.gateway import answer_head
from stillwatch.gateway.answer_head import ANNOUNCED, CHUNKED, CLOSE, EMPTY, KnownAnswer
from stillwatch.gateway.guard import Answer, Cut, End, Header, Knower, Observer, Passage, Request, Waiting
from stillwatch.gateway.pool import Pool
from stillwatch.gateway.refusal import JSON, STATUS_LINES, Refusal, whole_answer
from stillwatch.gateway.request_head import RequestHead
from stillwatch.gateway.upstream import UpstreamConnection
from stillwatch.gateway.worker_state import WorkerState

_log = logging.getLogger(__name__)
_REPEATABLE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})
CLOSING = b"Connection: close\r\n"
_KEEPING = b"Connection: keep-alive\r\n"


class Asking(Protocol):
    """What an exchange needs of its client."""

    @property
    def is_write_paused(self) -> bool:
        """The client does not take what was written."""

    def write(self, data: bytes) -> None:
        """Send."""

    def stays_open(self, request: Request) -> bool:
        """Whether another request may follow."""

    def answered(self, stays_open: bool) -> None:
        """The exchange is over and its answer whole."""

    def broken_off(self, must_reset: bool) -> None:
        """The exchange is over in the middle of its answer; with `must_reset` a plain close would look like its end."""


class Relay:
    """One request and its answer."""

    __slots__ = (
        "_client",
        "_delivered",
        "_framing",
        "_has_begun",
        "_has_ended",
        "_head",
        "_heads",
        "_held_bytes",
        "_is_http_10",
        "_knower",
        "_observer",
        "_pool",
        "_request",
        "_rewrites",
        "_state",
        "_stays_open",
        "_timer",
        "_upstream",
        "_waiting",
        "_was_sent",
        "is_head",
    )

    def __init__(self, state: WorkerState, pool: Pool, heads: RequestHead, client: Asking, request: Request) -> None:
        self._state = state
        self._pool = pool
        self._heads = heads
        self._client = client
        self._request: Request | None = request
        self._held_bytes = request.held_bytes
        self._is_http_10 = request.is_http_10
        self._stays_open = client.stays_open(request)
        self.is_head = request.method == b"HEAD"
        self._observer: Observer | None = None
        self._knower: Knower | None = None
        self._upstream: UpstreamConnection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = b""
        self._delivered = 0
        self._waiting: asyncio.Task[Answer | Passage] | None = None
        self._has_begun = self._has_ended = self._rewrites = self._was_sent = False

    def start(self) -> None:
        """Ask the guard, and do what it says."""
        request = self._request
        assert request is not None  # noqa: S101 - it was just made
        self._state.counters.requests += 1
        try:
            said = self._state.guard.on_request(request)
        except Exception:  # a guard that fails lets nothing through
            _log.exception("The guard failed; the request was refused")
            self._answer(503, (), Refusal(503, "The request could not be checked.").body())
            return
        if isinstance(said, Waiting):
            self._waiting = self._state.loop.create_task(said.coming)
            self._waiting.add_done_callback(self._came)
        else:
            self._follow(said)

    def _came(self, waiting: asyncio.Task[Answer | Passage]) -> None:
        """The guard knows now; the client may have left in the same turn."""
        self._waiting = None
        if waiting.cancelled():
            return
        if (error := waiting.exception()) is not None:
            _log.error("The guard failed; the request was refused", exc_info=error)
            said: Answer | Passage = Answer(503, (), Refusal(503, "The request could not be checked.").body())
        else:
            said = waiting.result()
        if not self._has_ended:
            self._follow(said)
        elif isinstance(said, Passage) and said.observer is not None:
            self._observer = said.observer
            self._end(End.NOT_SENT)

    def _follow(self, said: Answer | Passage) -> None:
        if isinstance(said, Answer):
            self._answer(said.status, said.headers, said.body)
            return
        known = None if self._request is None else self._request.known
        if known is not None and known.key:
            self._state.went_on(known)
        self._knower = said.knower
        if self._knower is None:
            self._observer = said.observer
        if said.delay_seconds > 0:
            self._timer = self._state.loop.call_later(said.delay_seconds, self._go)
        else:
            self._go()

    def _go(self) -> None:
        upstream = self._pool.take()
        if upstream is None:
            self._pool.open(self)
        else:
            self._send(upstream)

    def _send(self, upstream: UpstreamConnection) -> None:
        request = self._request
        assert request is not None  # noqa: S101 - kept until it can no longer be sent
        self._upstream = upstream
        self._was_sent = True
        upstream.carry(self, self._heads.of(request), request.body)
        if not (upstream.was_used and request.method in _REPEATABLE):
            self._release()

    def _release(self) -> None:
        """The request will not be sent again: nothing holds its body but the socket."""
        self._request = None
        self._state.buffered_bytes -= self._held_bytes
        self._held_bytes = 0

    def upstream_opened(self, upstream: UpstreamConnection) -> None:
        if self._has_ended:
            upstream.deadline = self._state.now() + self._state.time_outs.upstream_idle
            self._pool.give(upstream)
        else:
            self._send(upstream)

    def upstream_unreachable(self, status: int, why: str) -> None:
        if not self._has_ended:
            self._fail(status, why)

    def upstream_failed(self, upstream: UpstreamConnection, status: int, why: str) -> None:
        if self._request is not None and upstream.was_used and not upstream.has_answered and status == 502:
            self._state.counters.retried += 1
            self._pool.open(self)
        else:
            self._fail(status, why)

    def answer_begins(self, status: int, headers: list[Header]) -> None:
        """Make the head; it is written together with what follows it."""
        self._watch()
        try:
            kept, framing = answer_head.read(status, headers, self._state.answer_kinds, self.is_head)
        except Refusal as refusal:
            self._drop_upstream()
            self._fail(refusal.status, refusal.why)
            return
        if framing == CLOSE and self._upstream is not None:
            self._upstream.ends_by_closing()
        added = self._added(status, kept)
        if added is None:
            return
        self._begin_anew(status, kept, added, framing)

    def known_answer(self, known: KnownAnswer, body: bytes) -> None:
        """A whole answer whose head was read before. The connection that brought it is another's by now."""
        knower, added = self._knower, None
        try:
            if knower is not None:
                added = knower.on_known_answer(known, body)
            elif self._observer is None:
                added = b""
        except Exception:  # an observer that fails must not let an answer out unobserved
            self._observer_failed()
            return
        if added is None:
            self._watch()
            self._look_at(known, body)
            return
        self._knower = None
        self._stays_open = self._stays_open and not self._state.is_draining
        digits = b"%d" % len(body)
        self._end(End.COMPLETE)
        self._client.write(b"".join((known.before, digits, known.after, added, self._connection(), b"\r\n", body)))
        self._client.answered(self._stays_open)

    def _look_at(self, known: KnownAnswer, body: bytes) -> None:
        """The same, told to the observer as any other answer is."""
        digits = b"%d" % len(body)
        came = known.headers(digits)
        kept = came.copy()
        added = self._added(known.status, kept)
        if added is None:
            return
        if self._rewrites or kept != came:
            self._begin_anew(known.status, kept, added, ANNOUNCED)
        else:
            self._begin(b"%b%b%b%b" % (known.before, digits, known.after, added), ANNOUNCED)
        self.answer_goes_on(body, is_complete=True)

    def _watch(self) -> None:
        """From here on the answer is watched."""
        knower, self._knower = self._knower, None
        if knower is not None:
            self._observer = knower.observer

    def _added(self, status: int, headers: list[Header]) -> bytes | None:
        """What the observer adds to this head; None if it failed."""
        if self._observer is None:
            return b""
        try:
            change = self._observer.on_head(status, headers)
            if change is None:
                return b""
            self._rewrites = change.rewrites
            return answer_head.lines(change.headers) + change.fields if change.headers else change.fields
        except Exception:  # an observer that fails must not let an answer out unobserved
            self._observer_failed()
            return None

    def _begin_anew(self, status: int, kept: list[Header], added: bytes, framing: int) -> None:
        if self._rewrites and framing == ANNOUNCED:
            kept = answer_head.without_length(kept)
            framing = CHUNKED
        if framing >= CHUNKED:
            framing = CLOSE if self._is_http_10 else CHUNKED
        coding = b"Transfer-Encoding: chunked\r\n" if framing == CHUNKED else b""
        self._begin(b"%b%b%b%b" % (STATUS_LINES[status], answer_head.lines(kept), added, coding), framing)

    def _begin(self, head: bytes, framing: int) -> None:
        self._framing = framing
        self._stays_open = self._stays_open and framing != CLOSE and not self._state.is_draining
        self._head = b"%b%b\r\n" % (head, self._connection())
        self._has_begun = True
        if self._client.is_write_paused and self._upstream is not None:
            self._upstream.pause()

    def _connection(self) -> bytes:
        if not self._stays_open:
            return CLOSING
        return _KEEPING if self._is_http_10 else b""

    def answer_goes_on(self, block: bytes, is_complete: bool) -> None:
        if self._has_ended:
            return
        observer = self._observer
        if observer is not None:
            try:
                said = observer.on_body(block) if block else block
                if is_complete and self._rewrites and not isinstance(said, Cut):
                    said += observer.on_last()
            except Exception:  # an observer that fails must not let an answer out unobserved
                self._observer_failed()
                return
            if isinstance(said, Cut):
                self._cut(said.last)
                return
            block = said
        self._write(block, is_complete)
        if is_complete:
            self._end(End.COMPLETE)
            self._client.answered(self._stays_open)

    def _write(self, block: bytes, is_last: bool) -> None:
        head, self._head = self._head, b""
        if block and self._framing != EMPTY:
            self._delivered += len(block)
            if self._framing == CHUNKED:
                block = b"%b%x\r\n%b\r\n" % (head, len(block), block)
            elif head:
                block = head + block
        else:
            block = head
        if is_last and self._framing == CHUNKED:
            block += b"0\r\n\r\n"
        if block:
            self._client.write(block)

    def _cut(self, last: bytes) -> None:
        """End the answer here: well, if its framing allows it."""
        self._drop_upstream()
        self._state.counters.cut += 1
        self._write(last, is_last=True)
        self._end(End.CUT)
        if self._framing == ANNOUNCED:
            self._client.broken_off(must_reset=False)
        else:
            self._client.answered(self._stays_open)

    def client_paused(self) -> None:
        """The client does not take what was written."""
        if self._upstream is not None and self._has_begun:
            self._upstream.pause()

    def client_resumed(self) -> None:
        if self._upstream is not None and self._has_begun:
            self._upstream.resume()

    def client_left(self) -> None:
        """The client is gone: the upstream need not go on."""
        if not self._has_ended:
            self._state.counters.client_left += 1
            self._drop_upstream()
            self._end(End.CLIENT_LEFT if self._was_sent else End.NOT_SENT)

    def _observer_failed(self) -> None:
        _log.exception("The observer of an answer failed; the answer was broken off")
        self._drop_upstream()
        self._fail(502, "The answer could not be checked.")

    def _fail(self, status: int, why: str) -> None:
        """No more will come: say so if nothing was sent yet, else leave the answer visibly incomplete."""
        if self._has_ended:
            return
        self._state.counters.upstream_failed += 1
        has_said = self._has_begun and not self._head
        self._end(End.UPSTREAM_FAILED)
        if has_said:
            self._client.broken_off(must_reset=self._framing == CLOSE)
        else:
            self._client.write(
                whole_answer(status, JSON, Refusal(status, why).body(), self._connection(), is_head=self.is_head)
            )
            self._client.answered(self._stays_open)

    def _answer(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """The guard's own answer."""
        self._end(End.COMPLETE)
        self._client.write(whole_answer(status, headers, body, self._connection(), is_head=self.is_head))
        self._client.answered(self._stays_open)

    def _drop_upstream(self) -> None:
        if self._upstream is not None:
            self._upstream.close()

    def _end(self, cause: End) -> None:
        self._has_ended = True
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting is not None:
            self._waiting.cancel()
        if self._request is not None:
            self._release()
        self._upstream = None
        self._watch()
        observer, self._observer = self._observer, None
        if observer is not None:
            try:
                observer.on_end(cause, self._delivered)
            except Exception:  # the answer is out; what is left to save is the connection
                _log.exception("The observer of an answer failed at its end")
