"""An admitted exchange until it is settled: its answer counted while it streams, its end never forgotten.

However the answer ends (whole, cut, the client gone, the upstream dead), what was delivered is settled once and the
exchange is handed to observation once. What never went on was no exchange: it is given back, and nobody hears of it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from stillwatch.decision.core import Core, Decision, Now
from stillwatch.decision.policy import Reasoning
from stillwatch.decision.verdict import Step
from stillwatch.gateway.arrival import Arrival
from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.counting import Counter, Used
from stillwatch.gateway.dialects.hiding import Hider
from stillwatch.gateway.dialects.telling import told
from stillwatch.gateway.guard import Cut, End, HeadChange, Header
from stillwatch.gateway.hygiene import combined
from stillwatch.gateway.refusal import Refusal
from stillwatch.limits.ladder import NOTHING, OUTPUT
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.observing.frames import Observed
from stillwatch.telemetry.counts import GateCounts

MOST_KEPT_BYTES = 4 * 1024 * 1024
"""Of an answer, for observation. Chosen: longer than any text; what is longer is observed without its answer."""
EXTENSION_TOKENS = 256
"""Taken at a time for an answer that overruns its reservation. Chosen: some seconds of one stream."""
FIRST_ERROR = 400
_LIMITS = b"ratelimit"  # is in the names of all families
_CONTENT_TYPE = b"content-type"
_EVENTS = b"text/event-stream"
PLAIN = False, False

Observe = Callable[[Observed], object]
Clock = Callable[[], Now]


class Desk:
    """What all exchanges of one worker are settled with. `observe` must not wait; `worker` makes ids its own."""

    __slots__ = ("_numbers", "_worker", "clock", "core", "counts", "observe")

    def __init__(self, core: Core, clock: Clock, observe: Observe, worker: str, counts: GateCounts) -> None:
        self.core, self.clock, self.observe, self.counts = core, clock, observe, counts
        self._worker = worker
        self._numbers = count(1)

    def end(
        self, arrival: Arrival, sent: bytes, status: int, response: bytes, tokens: tuple[int, int], now: Now,
        arrived_ns: int, cause: End,
    ) -> None:  # fmt: skip
        """Hand an exchange that is settled to observation, and count it. `tokens`: in and out."""
        caller, ns, counts = arrival.caller, now.ns - arrived_ns, self.counts
        given, made = tokens
        self.observe(
            Observed(
                now.us,
                f"{self._worker}-{next(self._numbers)}",
                caller.account,
                arrival.observed_path,
                arrival.observed_method,
                status,
                sent,
                response,
                arrival.observed_fields,
                caller.organization,
                caller.key,
                caller.address,
                caller.payment,
                given,
                made,
                now.us - ns // 1_000,
                cause,
                caller.network,
            )
        )
        counts.ended[cause] += 1
        counts.input_tokens += given
        counts.output_tokens += made
        counts.answer_seconds.observe(ns / NANOSECONDS)


class Settling:
    """The data plane's observer of one answer."""

    __slots__ = (
        "_arrival",
        "_arrived_ns",
        "_asked",
        "_budget",
        "_cap",
        "_counter",
        "_decision",
        "_desk",
        "_dialect",
        "_hider",
        "_is_hiding",
        "_kept",
        "_kept_bytes",
        "_reservation",
        "_sent",
        "_status",
        "_whole",
    )

    def __init__(
        self, desk: Desk, decision: Decision, arrival: Arrival, asked: Asked, sent: bytes, arrived_ns: int
    ) -> None:
        self._desk, self._decision, self._dialect, self._asked = desk, decision, arrival.dialect, asked
        self._arrival, self._sent, self._arrived_ns = arrival, sent, arrived_ns
        self._reservation = decision.reservation
        self._budget, self._cap = (
            0,
            None if (most := decision.treatment.most_output_tokens) is None else most * asked.choices,
        )
        self._is_hiding = decision.treatment.reasoning is Reasoning.HIDE
        self._counter: Counter | None = None
        self._hider: Hider | None = None
        self._whole: list[bytes] = []
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._status = 0

    def on_head(self, status: int, headers: list[Header]) -> HeadChange | None:
        is_stream, has_limits = looked_at(headers)
        fields = self._begun(status, is_stream)
        if fields and has_limits:  # the upstream's own would stand beside ours
            headers[:] = [field for field in headers if _LIMITS not in field[0].lower()]
        if self._is_hiding:
            _require_readable(headers)
        return HeadChange(rewrites=self._is_hiding, fields=fields) if fields or self._is_hiding else None

    def _begun(self, status: int, is_stream: bool) -> bytes:
        """Count from here on; the lines that tell the limits."""
        self._status = status
        if is_stream:
            self._budget = self._within(self._reservation.reserved[OUTPUT] if self._reservation else 0)
            self._counter = self._dialect.counter(self._asked, is_stream, self._budget)
            if self._is_hiding:
                self._hider = self._dialect.hider()
        now = self._desk.clock()
        self._desk.counts.first_byte_seconds.observe((now.ns - self._arrived_ns) / NANOSECONDS)
        made = self._reservation
        return told(made.ladder, self._dialect.form, now.ns, now.us) if made is not None else b""

    def on_body(self, block: bytes) -> bytes | Cut:
        if self._kept_bytes <= MOST_KEPT_BYTES:
            self._kept.append(block)
            self._kept_bytes += len(block)
            if self._kept_bytes > MOST_KEPT_BYTES:
                self._keep_no_more()
        if self._reservation is not None:
            self._reservation.is_alive = True
        counter = self._counter
        if counter is not None and counter.feed(block) and self._overruns(counter):
            last = counter.cut()
            return Cut(self._hider.feed(last) + self._hider.close() if self._hider else last)
        if not self._is_hiding:
            return block
        if self._hider is not None:
            return self._hider.feed(block)
        self._whole.append(block)  # an answer that is no stream is looked at whole
        return b""

    def _keep_no_more(self) -> None:
        """Too long to be observed; its end is counted all the same."""
        kept, self._kept = self._kept, []
        if self._counter is None:
            self._counter = self._dialect.counter(self._asked, is_stream=False)
            for block in kept[:-1]:  # the last is fed next
                self._counter.feed(block)

    def _within(self, tokens: int) -> int:
        """So many tokens, or what the treatment leaves of an answer if that is less."""
        return tokens if self._cap is None else min(tokens, self._cap)

    def _overruns(self, counter: Counter) -> bool:
        """Take more of the limits while the piece that came needs it; True where the answer has to end."""
        while self._cap is None or self._budget < self._cap:
            granted = self._desk.core.extend(self._decision, EXTENSION_TOKENS, self._desk.clock())
            if granted == 0:
                return True
            self._budget = self._within(self._budget + granted)
            if not counter.go_on(self._budget):
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
            self._desk.core.settle(self._decision, self._desk.clock(), self._reservation.reserved)
        self.on_end(End.COMPLETE, 0)

    def on_end(self, cause: End, delivered_bytes: int) -> None:
        desk, now = self._desk, self._desk.clock()
        if cause is End.NOT_SENT:
            desk.core.settle(self._decision, now, NOTHING)
            desk.counts.ended[End.CLIENT_LEFT] += 1
            return
        response = b"".join(self._kept)
        given, made = self._used(cause, delivered_bytes, response)
        desk.core.settle(self._decision, now, (1, given, made, 0))
        desk.end(self._arrival, self._sent, self._status, response, (given, made), now, self._arrived_ns, cause)

    def _used(self, cause: End, delivered_bytes: int, response: bytes) -> tuple[int, int]:
        """Tokens in and out. An error is no answer: nothing was made for it, however long its page is."""
        if self._status >= FIRST_ERROR or (cause is End.UPSTREAM_FAILED and not delivered_bytes):
            return 0, 0
        used, reservation = self._counted(response), self._reservation
        given = reservation.reserved[1] if used.input_tokens is None and reservation else used.input_tokens or 0
        return given, used.output_tokens

    def _counted(self, response: bytes) -> Used:
        """What the answer cost; one that is no stream and was kept is read here, at once."""
        counter = self._counter
        if counter is None:
            used = self._dialect.said(response)
            if used is not None:
                return used
            counter = self._dialect.counter(self._asked, is_stream=False)
            counter.feed(response)
        return counter.close()


def _require_readable(headers: list[Header]) -> None:
    """Raise `Refusal` for an answer that is compressed although none was asked for: reasoning cannot be taken out."""
    coding = combined(headers).get(b"content-encoding", b"identity")
    if coding.strip().lower() != b"identity":
        raise Refusal(502, "The upstream's answer is compressed, and cannot be read.")


def looked_at(headers: list[Header]) -> tuple[bool, bool]:
    """Are these the fields of a stream of events, and does one of them tell limits? `PLAIN` where neither is so."""
    lowered = [name.lower() for name, _ in headers]
    kind = headers[lowered.index(_CONTENT_TYPE)][1] if _CONTENT_TYPE in lowered else b""
    found = kind[: len(_EVENTS)].lower() == _EVENTS, any(_LIMITS in name for name in lowered)
    return found if any(found) else PLAIN
