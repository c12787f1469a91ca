"""An admitted exchange until it is settled: its answer counted while it streams, its end never forgotten.

However the answer ends (whole, cut, the client gone, the upstream dead), what was delivered is settled once and the
exchange is handed to observation once. What never went on was no exchange: it is given back, and nobody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable

from stillwatch.decision.core import Core, Decision, Now
from stillwatch.decision.policy import Reasoning
from stillwatch.decision.verdict import Step
from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.dialect import Dialect
from stillwatch.gateway.dialects.hiding import Hider
from stillwatch.gateway.dialects.standing_limits import shown
from stillwatch.gateway.guard import Cut, End, HeadChange, Header, Request
from stillwatch.gateway.identity import Caller
from stillwatch.limits.ladder import NOTHING, OUTPUT
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.observing.frames import Observed
from stillwatch.telemetry.counts import GateCounts

MOST_KEPT_BYTES = 4 * 1024 * 1024
"""Of an answer, for observation. Chosen: longer than any text; what is longer is observed without its answer."""
EXTENSION_TOKENS = 256
"""Taken at a time for an answer that overruns its reservation. Chosen: some seconds of one stream."""
_CREDENTIALS = frozenset(
    {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie", b"proxy-authorization"}
)

Observe = Callable[[Observed], object]
Clock = Callable[[], Now]


class Settling:
    """The data plane's observer of one answer."""

    __slots__ = (
        "_arrived_ns",
        "_asked",
        "_budget",
        "_caller",
        "_cap",
        "_clock",
        "_core",
        "_counter",
        "_counts",
        "_decision",
        "_dialect",
        "_hider",
        "_id",
        "_is_hiding",
        "_kept",
        "_kept_bytes",
        "_observe",
        "_request",
        "_reservation",
        "_status",
        "_whole",
    )

    def __init__(
        self,
        core: Core,
        decision: Decision,
        dialect: Dialect,
        asked: Asked,
        clock: Clock,
        observe: Observe,
        id: str,
        caller: Caller,
        request: Request,
        sent: bytes,
        counts: GateCounts,
        arrived_ns: int,
    ) -> None:
        self._counts, self._arrived_ns = counts, arrived_ns
        self._core, self._decision, self._dialect, self._asked = core, decision, dialect, asked
        self._clock, self._observe, self._id, self._caller = clock, observe, id, caller
        fields = tuple([field for field in request.headers if field[0].lower() not in _CREDENTIALS])
        self._request = (request.target, request.method, fields, sent)
        self._reservation = decision.reservation
        self._budget, self._cap = (
            0,
            None if (most := decision.treatment.most_output_tokens) is None else most * asked.choices,
        )
        self._is_hiding = decision.treatment.reasoning is Reasoning.HIDE
        self._counter = dialect.counter(asked, is_stream=False)
        self._hider: Hider | None = None
        self._whole: list[bytes] = []
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._status = 0

    def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
        self._status = status
        kind = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        is_stream = kind.lower().startswith(b"text/event-stream")
        self._budget = self._within(self._reservation.reserved[OUTPUT] if self._reservation else 0)
        self._counter = self._dialect.counter(self._asked, is_stream, self._budget)
        if self._is_hiding and is_stream:
            self._hider = self._dialect.hider()
        now = self._clock()
        self._counts.first_byte_seconds.observe((now.ns - self._arrived_ns) / NANOSECONDS)
        ladder = self._reservation.ladder if self._reservation else None
        limits = self._dialect.form.admitted(shown(ladder.buckets, now.ns), now.us) if ladder else []
        return HeadChange(limits, rewrites=self._is_hiding) if limits or self._is_hiding else None

    def on_body(self, block: bytes) -> bytes | Cut:
        if self._kept_bytes <= MOST_KEPT_BYTES:
            self._kept.append(block)
            self._kept_bytes += len(block)
        if self._reservation is not None:
            self._reservation.is_alive = True
        if self._counter.feed(block) and self._overruns():
            last = self._counter.cut()
            return Cut(self._hider.feed(last) + self._hider.close() if self._hider else last)
        if not self._is_hiding:
            return block
        if self._hider is not None:
            return self._hider.feed(block)
        self._whole.append(block)  # an answer that is no stream is looked at whole
        return b""

    def _within(self, tokens: int) -> int:
        """So many tokens, or what the treatment leaves of an answer if that is less."""
        return tokens if self._cap is None else min(tokens, self._cap)

    def _overruns(self) -> bool:
        """Take more of the limits while the piece that came needs it; True where the answer has to end."""
        while self._cap is None or self._budget < self._cap:
            granted = self._core.extend(self._decision, EXTENSION_TOKENS, self._clock())
            if granted == 0:
                return True
            self._budget = self._within(self._budget + granted)
            if not self._counter.go_on(self._budget):
                return False
        return True

    def on_last(self) -> bytes:
        if self._hider is not None:
            return self._hider.close()
        return self._dialect.hidden(b"".join(self._whole)) if self._is_hiding else b""

    @property
    def step(self) -> Step:
        """How its account is treated."""
        return self._decision.step

    def leave(self) -> None:
        """End what goes where nobody here sees the answer: it counts as having used all that was reserved for it."""
        if self._reservation is not None:
            self._core.settle(self._decision, self._clock(), self._reservation.reserved)
        self.on_end(End.COMPLETE, 0)

    def on_end(self, cause: End, delivered_bytes: int) -> None:
        now = self._clock()
        if cause is End.NOT_SENT:
            self._core.settle(self._decision, now, NOTHING)
            self._counts.ended[End.CLIENT_LEFT] += 1
            return
        used = self._counter.close()
        reservation, caller = self._reservation, self._caller
        given = reservation.reserved[1] if used.input_tokens is None and reservation else used.input_tokens or 0
        failed = cause is End.UPSTREAM_FAILED and not delivered_bytes
        self._core.settle(self._decision, now, (1, 0 if failed else given, used.output_tokens, 0))
        self._count(cause, 0 if failed else given, used.output_tokens, now.ns - self._arrived_ns)
        target, method, fields, sent = self._request
        whole = self._kept_bytes <= MOST_KEPT_BYTES
        self._observe(
            Observed(
                now.us,
                self._id,
                caller.account,
                target.decode("ascii", "replace"),
                method.decode("ascii", "replace"),
                self._status,
                sent,
                b"".join(self._kept) if whole else b"",
                tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]),
                caller.organization,
                caller.key,
                caller.address,
                caller.payment,
                given,
                used.output_tokens,
                now.us - (now.ns - self._arrived_ns) // 1_000,
                cause,
                caller.network,
            )
        )

    def _count(self, cause: End, input_tokens: int, output_tokens: int, ns: int) -> None:
        self._counts.ended[cause] += 1
        self._counts.input_tokens += input_tokens
        self._counts.output_tokens += output_tokens
        self._counts.answer_seconds.observe(ns / NANOSECONDS)
