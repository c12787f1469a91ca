"""A request that went on as it came, until its answer is here: all that most exchanges need, in one small object.

An answer that is whole, has a head that was looked at before and tells its usage is settled, told, observed and counted
in one step. Any other is watched by a `Settling`, made when it is needed; `tests/gateway/test_two_ways.py` compares.
"""

from __future__ import annotations

from stillwatch.decision.core import Decision
from stillwatch.decision.verdict import Step
from stillwatch.gateway.arrival import Arrival
from stillwatch.gateway.dialects.asked import Asked
from stillwatch.gateway.dialects.telling import told
from stillwatch.gateway.guard import End, KnownHead, Passage
from stillwatch.gateway.settling import FIRST_ERROR, MOST_KEPT_BYTES, PLAIN, Desk, Settling, looked_at
from stillwatch.limits.limit import NANOSECONDS
from stillwatch.limits.reservation import Reservation


class Admitted(Passage):
    """A passage without a delay, and who takes its answer."""

    __slots__ = ("_arrival", "_arrived_ns", "_asked", "_desk", "_made", "_sent", "_settling")

    def __init__(
        self, desk: Desk, arrival: Arrival, asked: Asked, made: Reservation, sent: bytes, arrived_ns: int
    ) -> None:
        self._desk, self._arrival, self._asked, self._made = desk, arrival, asked, made
        self._sent, self._arrived_ns = sent, arrived_ns
        self._settling: Settling | None = None
        self.delay_seconds = 0.0

    @property
    def knower(self) -> Admitted:
        return self

    @property
    def observer(self) -> Settling:
        """Who watches an answer that has to be looked at; the same one each time."""
        if self._settling is None:
            decision = Decision(Step.ALLOW, reservation=self._made)
            self._settling = Settling(self._desk, decision, self._arrival, self._asked, self._sent, self._arrived_ns)
        return self._settling

    def on_known_answer(self, known: KnownHead, body: bytes) -> bytes | None:
        """The lines that tell the limits, of an answer that is settled with that."""
        if known.noted is None:
            known.noted = looked_at(known.headers(b""))
        if known.noted is not PLAIN or self._settling is not None or len(body) > MOST_KEPT_BYTES:
            return None
        desk, arrival, made, status = self._desk, self._arrival, self._made, known.status
        tokens = (0, 0) if status >= FIRST_ERROR else self._said(body)
        if tokens is None:
            return None
        now = desk.clock()
        lines = told(made.ladder, arrival.dialect.form, now.ns, now.us)
        desk.core.reservations.settle(made, now.ns, (1, *tokens, 0))
        desk.counts.first_byte_seconds.observe((now.ns - self._arrived_ns) / NANOSECONDS)
        desk.end(arrival, self._sent, status, body, tokens, now, self._arrived_ns, End.COMPLETE)
        return lines

    def _said(self, body: bytes) -> tuple[int, int] | None:
        """Tokens in and out as the answer says them; None where its text has to be counted."""
        used = self._arrival.dialect.said(body)
        if used is None:
            return None
        return self._made.reserved[1] if used.input_tokens is None else used.input_tokens, used.output_tokens
