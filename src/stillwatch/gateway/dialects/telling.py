"""A client's own limits as header fields, ready for the wire: what `Form.admitted` says, made at one go.

Every admitted answer carries them, so the fields are laid out once for a set of buckets: all text that does not change
is in one template, and an answer fills in numbers. `Form.admitted` says the same for the rare refusal, field by field.
"""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.gateway.dialects import rate_fields
from stillwatch.gateway.dialects.refusals import Form
from stillwatch.gateway.dialects.standing_limits import is_shown
from stillwatch.limits.gcra import Bucket
from stillwatch.limits.ladder import Ladder
from stillwatch.limits.limit import NANOSECONDS


class Telling:
    """How the limits of some buckets are told in one form."""

    __slots__ = ("_groups", "_is_ietf", "_own", "_reset", "_rungs", "_template", "form")

    def __init__(self, form: Form, buckets: Sequence[Bucket]) -> None:
        own = [bucket for bucket in buckets if is_shown(bucket.limit)]
        self.form = form
        self._own = own
        self._rungs = [
            (b, b.quantity, b.window, b.tolerance, (b.tolerance * b.quantity // b.window, 0))
            for b in own
            if isinstance(b, Bucket)
        ]
        self._reset = form.layout.reset
        self._is_ietf = form.ietf and bool(own)
        self._groups: list[list[tuple[int, int, int]]] = []  # place, quantity and most at once of each limit
        self._template = b""
        for measures, lines in form.layout.groups:
            limits = [(place, held.limit) for place, held in enumerate(own)]
            places = [(at, one.quantity, one.most_at_once) for at, one in limits if one.measure in measures]
            if places:
                self._groups.append(places)
                self._template += lines
        if self._is_ietf:
            self._template += rate_fields.ietf_lines([bucket.limit for bucket in own])

    def fields(self, now_ns: int, now_us: int) -> bytes:
        """The fields, each with its end of line."""
        states = self._states(now_ns) if len(self._rungs) == len(self._own) else self._states_of_leases(now_ns)
        said: list[object] = []
        for places in self._groups:
            place, quantity, most = places[0]
            left = states[2 * place]
            for other in places[1:]:  # `standing_limits.tightest`
                if states[2 * other[0]] / other[2] < left / most:
                    place, quantity, most = other
                    left = states[2 * place]
            said += (quantity, left, self._reset(self._own[place].reset(now_ns), now_us))
        return self._template % (*said, *states) if self._is_ietf else self._template % tuple(said)

    def _states(self, now_ns: int) -> list[int]:
        """What is left of each limit, and whole seconds until nothing is used: `Bucket.remaining`, written out."""
        states: list[int] = []
        for bucket, quantity, window, tolerance, unused in self._rungs:
            used = bucket.tat - now_ns
            if used <= 0:
                states += unused
            elif used < tolerance:
                states += ((tolerance - used) * quantity // window, -(-used // NANOSECONDS))
            else:
                states += (0, -(-used // NANOSECONDS))
        return states

    def _states_of_leases(self, now_ns: int) -> list[int]:
        """The same of limits that several nodes share."""
        return [
            number for held in self._own for number in (held.remaining(now_ns), -(-held.reset(now_ns) // NANOSECONDS))
        ]


def told(ladder: Ladder, form: Form, now_ns: int, now_us: int) -> bytes:
    """The fields of the limits of `ladder`; empty where a client has none of its own."""
    telling = ladder.telling
    if not isinstance(telling, Telling) or telling.form is not form:
        telling = ladder.telling = Telling(form, ladder.buckets)
    return telling.fields(now_ns, now_us)
