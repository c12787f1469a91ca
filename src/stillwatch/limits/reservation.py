"""What an admitted request may use, from admission until it is settled.

Reserved are the tokens that it may cost: its prompt by estimate, its answer by what it allows itself. While the answer
streams, delivered tokens are counted; at the end (closed, broken off, failed, or never heard of again) what was really
used takes the place of the reservation. To break off is never free: what was delivered was used.
"""

from __future__ import annotations

from itertools import count

from stillwatch.limits.ladder import Costs, Ladder, Refusal


class Reservation:
    """One admitted request's claim on a ladder. `delivered` is output tokens that went to the client so far."""

    __slots__ = ("delivered", "expires", "holder", "ladder", "reserved")

    def __init__(self, ladder: Ladder, reserved: Costs, holder: int, expires: int) -> None:
        self.ladder = ladder
        self.reserved = reserved
        self.holder = holder
        self.expires = expires
        self.delivered = 0


class Reservations:
    """The open reservations of one process; those that nobody settles are settled when their time is up."""

    def __init__(self, longest_ns: int) -> None:
        self._longest = longest_ns
        self._number = count(1)
        self._open: dict[int, Reservation] = {}  # in the order of their making, which is that of their expiry

    def reserve(self, ladder: Ladder, costs: Costs, now: int) -> Reservation | Refusal:
        """Take `costs` on every level and hold a slot; or change nothing and say which limit stands in the way."""
        refusal = ladder.admit(costs, now)
        if refusal is not None:
            return refusal
        made = Reservation(ladder, costs, next(self._number), now + self._longest)
        for slots in ladder.slots:
            slots.hold(made.holder, made.expires)
        self._open[made.holder] = made
        return made

    def settle(self, reservation: Reservation, now: int, used: Costs | None = None) -> None:
        """Put what was used in the place of what was reserved; a second time changes nothing.

        `used` is what the provider counted; without it, or where it counts no output although some was delivered, what
        was delivered counts.
        """
        if self._open.pop(reservation.holder, None) is None:
            return
        reserved = reservation.reserved
        if used is None:
            used = (*reserved[:2], reservation.delivered, reserved[3])
        elif used[2] <= 0:
            used = (*used[:2], reservation.delivered, used[3])
        reservation.ladder.settle(reserved, used, now)
        for slots in reservation.ladder.slots:
            slots.release(reservation.holder)

    def expire(self, now: int) -> int:
        """Settle what is overdue by what it delivered; how many were."""
        overdue = []
        for reservation in self._open.values():
            if reservation.expires > now:
                break
            overdue.append(reservation)
        for reservation in overdue:
            self.settle(reservation, now)
        return len(overdue)

    def __len__(self) -> int:
        return len(self._open)
