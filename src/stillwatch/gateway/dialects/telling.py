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

    __slots__ = ("_groups", "_is_ietf", "_most", "_own", "_quantities", "_reset", "_rungs", "_template", "form")

    def __init__(self, form: Form, buckets: Sequence[Bucket]) -> None:
        own = [bucket for bucket in buckets if is_shown(bucket.limit)]
        self.form = form
        self._own = own
        self._rungs = [(b, b.quantity, b.window, b.tolerance) for b in own if isinstance(b, Bucket)]
        self._quantities = [b.limit.quantity for b in own]
        self._most = [b.limit.most_at_once for b in own]
        self._reset = form.layout.reset
        self._is_ietf = form.ietf and bool(own)
        self._groups: list[list[int]] = []
        self._template = b""
        for measures, lines in form.layout.groups:
            places = [place for place, bucket in enumerate(own) if bucket.limit.measure in measures]
            if places:
                self._groups.append(places)
                self._template += lines
        if self._is_ietf:
            self._template += rate_fields.ietf_lines([bucket.limit for bucket in own])

    def fields(self, now_ns: int, now_us: int) -> bytes:
        """The fields, each with its end of line."""
        states = self._states(now_ns) if len(self._rungs) == len(self._own) else self._states_of_leases(now_ns)
        said: list[object] = []
        most = self._most
        for places in self._groups:
            one = places[0]
            if len(places) > 1:  # `standing_limits.tightest`
                least = states[one][0] / most[one]
                for place in places[1:]:
                    if (share := states[place][0] / most[place]) < least:
                        one, least = place, share
            left, used = states[one]
            said += (self._quantities[one], left, self._reset(used, now_us))
        if self._is_ietf:
            for left, used in states:
                said += (left, -(-used // NANOSECONDS))
        return self._template % tuple(said)

    def _states(self, now_ns: int) -> list[tuple[int, int]]:
        """What is left of each limit, and the time until nothing is used: `Bucket.remaining`, written out."""
        states = []
        for bucket, quantity, window, tolerance in self._rungs:
            used = bucket.tat - now_ns
            used = used if used > 0 else 0
            left = (tolerance - used) * quantity // window
            states.append((left if left > 0 else 0, used))
        return states

    def _states_of_leases(self, now_ns: int) -> list[tuple[int, int]]:
        """The same of limits that several nodes share."""
        return [(held.remaining(now_ns), held.reset(now_ns)) for held in self._own]


def told(ladder: Ladder, form: Form, now_ns: int, now_us: int) -> bytes:
    """The fields of the limits of `ladder`; empty where a client has none of its own."""
    telling = ladder.telling
    if not isinstance(telling, Telling) or telling.form is not form:
        telling = ladder.telling = Telling(form, ladder.buckets)
    return telling.fields(now_ns, now_us)
