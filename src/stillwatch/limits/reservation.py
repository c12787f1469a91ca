"""What an admitted request may use, from admission until it is settled.

Reserved are the tokens that it may cost: its prompt by estimate, its answer by what it allows itself. While the answer
streams, delivered tokens are counted; at the end (closed, broken off, failed, or never heard of again) what was really
used takes the place of the reservation. To break off is never free: what was delivered was used.
"""

from __future__ import annotations

from itertools import count

from stillwatch.limits.ladder import Costs, Ladder, Refusal


class Reservation:
    """One admitted request's claim on a ladder. `delivered` is output tokens that went to the client so far.

    Whoever sees it go on sets `is_alive`: when its time is up it then gets as much again, and has to be seen anew.
    """

    __slots__ = ("delivered", "expires", "holder", "is_alive", "ladder", "reserved")

    def __init__(self, ladder: Ladder, reserved: Costs, holder: int, expires: int) -> None:
        self.ladder = ladder
        self.reserved = reserved
        self.holder = holder
        self.expires = expires
        self.delivered = 0
        self.is_alive = False


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

    def extend(self, reservation: Reservation, tokens: int, now: int) -> int:
        """Reserve up to so many more output tokens for an answer that overruns; how many, 0 where none are left.

        A reservation that was settled gets none.
        """
        if reservation.holder not in self._open:
            return 0
        granted = reservation.ladder.extend(tokens, now)
        requests, given, output, new = reservation.reserved
        reservation.reserved = (requests, given, output + granted, new)
        return granted

    def expire(self, now: int) -> int:
        """Settle what is overdue and was not seen alive by what it delivered; how many were."""
        overdue = []
        for reservation in self._open.values():
            if reservation.expires > now:
                break
            overdue.append(reservation)
        lost = [reservation for reservation in overdue if not reservation.is_alive]
        for reservation in lost:
            self.settle(reservation, now)
        for reservation in overdue:
            if reservation.is_alive:
                self._keep(reservation, now)
        return len(lost)

    def _keep(self, reservation: Reservation, now: int) -> None:
        reservation.is_alive, reservation.expires = False, now + self._longest
        self._open[reservation.holder] = self._open.pop(reservation.holder)  # behind all that expire sooner
        for slots in reservation.ladder.slots:
            slots.keep(reservation.holder, reservation.expires)

    def __len__(self) -> int:
        return len(self._open)
