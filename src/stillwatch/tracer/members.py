"""Accounts that newly send the wrapper of a campaign under a verdict, found within seconds.

Every few seconds the segments that are new since the last time are matched against the campaigns' own values. Whoever
sends them and is not treated as a member already is then looked at whole: of all its conversations in the ledger, how
many carry the wrapper? So what decides does not depend on how commits and compactions cut the traffic, and nothing has
to be remembered but the names of the segments that were read.

Who had sent it often enough before the last look ended its reading, and was not put into the campaign by that look, was
let go by it and is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.ranges import read_parts
from stillwatch.tracer.wrapper import Wrapper, is_sent, openings
from stillwatch.tracing.survey import fixed_rows

Ints = NDArray[np.int64]

_FRESH_COLUMNS = ("account", "flags", "zones")
_RECORD_COLUMNS = (*_FRESH_COLUMNS, "ts_us")
FEWEST_JOINERS = 20
"""That may join between two looks, however small the ring: an operator replaces what was banned. Chosen: a campaign's
accounts are tens to thousands."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Joining:
    """An account (pseudonym) that sends a campaign's wrapper in `matching` of its `conversations`."""

    campaign: str
    account: int
    matching: int
    conversations: int

    @property
    def reason(self) -> str:
        """In a sentence."""
        return f"sends the wrapper of campaign {self.campaign} in {self.matching} of {self.conversations} conversations"


class Members:
    """Watches one ledger for accounts that join. Nobody does before the first look has said what is whose own."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._wrappers: tuple[Wrapper, ...] = ()
        self._read: frozenset[str] = frozenset()
        self._read_before = self._read
        self._looked_until_us = 0

    def adopt(self, wrappers: Sequence[Wrapper], segments: frozenset[str], until_us: int) -> None:
        """Go on from a look that read these segments, whose newest exchange is of `until_us`."""
        self._wrappers = tuple(wrapper for wrapper in wrappers if len(wrapper.keys))
        self._read = self._read_before = segments
        self._looked_until_us = until_us

    def rewind(self) -> None:
        """Find again what the last call found: nothing came of it."""
        self._read = self._read_before

    def ring(self, campaign: str) -> int:
        """How many accounts a campaign had at the last look."""
        return next((len(wrapper.ring) for wrapper in self._wrappers if wrapper.campaign == campaign), 0)

    def joining(self, campaigns: Collection[str], known: Mapping[str, Collection[int]]) -> list[Joining]:
        """Accounts that send the wrapper of one of `campaigns` since the last call and are not among its `known`.

        A segment that a compaction takes away meanwhile is met again in the one that replaces it; a damaged one is
        left out. Raises OSError or pyarrow's errors where that does not help.
        """
        watched = [wrapper for wrapper in self._wrappers if wrapper.campaign in campaigns]
        if not watched:
            return []
        try:
            return self._found(watched, known)
        except (OSError, pa.ArrowException):
            self._ledger.verify()  # sets aside what is damaged, for this process at least
            return self._found(watched, known)

    def _found(self, watched: Sequence[Wrapper], known: Mapping[str, Collection[int]]) -> list[Joining]:
        senders = self._senders(watched)
        found: dict[int, Joining] = {}
        for wrapper in watched:
            wanted = np.setdiff1d(senders[wrapper.campaign], np.array([*known.get(wrapper.campaign, ())], np.int64))
            for one in self._checked(wrapper, wanted) if len(wanted) else ():
                found.setdefault(one.account, one)
        return list(found.values())

    def _senders(self, watched: Sequence[Wrapper]) -> dict[str, Ints]:
        """Accounts of new rows that hold enough of each wrapper."""
        found = {wrapper.campaign: [np.empty(0, np.int64)] for wrapper in watched}
        listed = self._ledger.segments()
        read = self._read & {segment.name for segment in listed}
        for segment in listed:
            if segment.name in read:
                continue
            rows = _rows(self._ledger, segment.name)
            if rows is None:
                continue
            read |= {segment.name}
            places = openings(rows)
            zones = fixed_rows(rows, "zones", places).view("<u4")
            account = rows.column("account").to_numpy()[places]
            for wrapper in watched:
                found[wrapper.campaign].append(account[wrapper.in_rows(zones)])
        self._read_before, self._read = self._read, read
        return {id: np.unique(np.concatenate(some)) for id, some in found.items()}

    def _checked(self, wrapper: Wrapper, accounts: Ints) -> Iterator[Joining]:
        """Those of the accounts whose whole record says that they send it, and whom no look has let go."""
        for account, ts_us, sends in records(self._ledger, wrapper, accounts):
            before = ts_us <= self._looked_until_us
            was_let_go = account not in wrapper.ring and is_sent(int(sends[before].sum()), int(before.sum()))
            if is_sent(int(sends.sum()), len(sends)) and not was_let_go:
                yield Joining(wrapper.campaign, account, int(sends.sum()), len(sends))


def records(ledger: Ledger, wrapper: Wrapper, accounts: Ints) -> Iterator[tuple[int, Ints, NDArray[np.bool_]]]:
    """Of each account (sorted), when it opened conversations and which of them carry the wrapper."""
    for _, part in _parts(ledger, accounts):
        places = openings(part)
        account, ts_us = (part.column(name).to_numpy()[places] for name in ("account", "ts_us"))
        sends = wrapper.in_rows(fixed_rows(part, "zones", places).view("<u4"))
        for one in np.unique(account).tolist():
            yield one, ts_us[account == one], sends[account == one]


def _parts(ledger: Ledger, accounts: Ints) -> list[tuple[float, pa.Table]]:
    """All that these accounts sent; nothing where compactions keep taking segments away: their next row asks again."""
    for _ in range(_TRIES):
        try:
            return list(read_parts(ledger.segment_paths(), _RECORD_COLUMNS, accounts, in_order=False))
        except FileNotFoundError:
            continue
    return []


def _rows(ledger: Ledger, segment: str) -> pa.Table | None:
    """A segment's rows; None where a compaction has just removed it."""
    try:
        with pq.ParquetFile(ledger.path / "segments" / segment, page_checksum_verification=True) as file:
            return file.read(columns=list(_FRESH_COLUMNS), use_threads=False)
    except FileNotFoundError:
        return None


def most_joiners(ring: int) -> int:
    """How many accounts may join a campaign of so many between two looks, before its wrapper counts as published."""
    return max(ring, FEWEST_JOINERS)
