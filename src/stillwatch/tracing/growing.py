"""A survey that grows: exchanges are added as they come, and only accounts that they change are mined again.

Of each account a survey reads the `CONVERSATIONS_AT_MOST` conversations with the least hashes, and nothing else. That
is a bottom-k sample: the sample of the whole is the sample of its parts' samples, whatever the parts and their order,
and an exchange that is met again (compaction moves rows to other segments) changes nothing. So a sample of each account
is kept and new exchanges are merged into it. Who has sent much already is hardly ever changed by more: a new
conversation of n gets in with chance 256 / n.

Memory: 240 bytes a conversation, 60 KB an account at most. Exchanges cannot be taken out again: a ledger that lost
some needs another one of these.
Source of the merging: Cohen & Kaplan (2007), "Summarizing data using bottom-k sketches", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillwatch.sketch.record import PROJECTION_DIMENSIONS, ZONE_SLOTS, Flag
from stillwatch.tracing.commonness import PopulationSample
from stillwatch.tracing.skeleton import (
    Conversations,
    Repeated,
    account_slices,
    distinct_conversations,
    joined,
    mine,
    place_in_account,
)
from stillwatch.tracing.strata import asks
from stillwatch.tracing.subjects import CONVERSATIONS_AT_MOST as SUBJECTS_AT_MOST
from stillwatch.tracing.subjects import SubjectCount
from stillwatch.tracing.survey import SKELETON_COLUMNS, Accounts, Survey, fixed_rows
from stillwatch.tracing.variants import Sample

Ints = NDArray[np.int64]
_Kind = TypeVar("_Kind", bound=np.generic)

GROWING_COLUMNS = (*SKELETON_COLUMNS, "exchange_id")
_GARBAGE = 2
"""Stored rows for each that is in use, at which the others are dropped: each is copied once for each that is added."""


class _Openings(NamedTuple):
    """Exchanges that stand for conversations; columns (n,). `place`: of its zones and projection in the stores."""

    account: Ints
    conversation: Ints
    exchange: Ints
    payload: Ints
    continues: Ints  # 0 or 1
    place: Ints

    def take(self, rows: Ints | NDArray[np.bool_]) -> _Openings:
        return _Openings(*(column[rows] for column in self))

    def and_others(self, others: _Openings) -> _Openings:
        return _Openings(*(np.concatenate(both) for both in zip(self, others, strict=True)))

    def distinct(self) -> _Openings:
        """One for each conversation, ascending by account and conversation; of an exchange met twice the first stands.

        At most `CONVERSATIONS_AT_MOST` of an account.
        """
        order = np.lexsort((self.exchange, self.account))
        account, exchange = self.account[order], self.exchange[order]
        is_first = np.ones(len(order), np.bool_)
        is_first[1:] = (account[1:] != account[:-1]) | (exchange[1:] != exchange[:-1])
        once = self.take(np.sort(order[is_first]))
        chosen = distinct_conversations(once.account, once.conversation, once.continues != 0, once.payload)
        return once.take(chosen)


class GrowingSurvey:
    """The kept conversations of all accounts and what each account repeats, both by pseudonym."""

    def __init__(self) -> None:
        nothing = np.empty(0, np.int64)
        self._openings = _Openings(*[nothing] * 6)
        self._repeated = Repeated(nothing, np.empty(0, np.uint64), nothing)
        self._zones = _Store(np.empty((0, ZONE_SLOTS), np.uint32))
        self._projection = _Store(np.empty((0, PROJECTION_DIMENSIONS), np.int8))

    def add(self, part: pa.Table) -> None:
        """Exchanges, each with `GROWING_COLUMNS`, in any order of parts and rows."""
        asked = np.flatnonzero(asks(part.column("flags").to_numpy()))
        new = _openings(part, asked, len(self._zones))
        is_touched = np.isin(self._openings.account, new.account)
        kept = self._openings.take(is_touched).and_others(new).distinct()
        is_new = kept.place >= len(self._zones)
        rows = asked[kept.place[is_new] - len(self._zones)]
        kept.place[is_new] = len(self._zones) + np.arange(len(rows))
        self._zones.append(fixed_rows(part, "zones", rows).view("<u4"))
        self._projection.append(fixed_rows(part, "projection", rows).view(np.int8))
        self._openings = _by_account(self._openings.take(~is_touched).and_others(kept))
        self._mine(np.unique(kept.account[is_new]))
        if len(self._zones) > _GARBAGE * len(self._openings.place):
            self._drop_garbage()

    def survey(self, found: Accounts) -> Survey:
        """What `survey.survey` finds in all that was added. `found`: the accounts of these exchanges."""
        rows = self._openings
        account = found.index(rows.account)
        nth = place_in_account(account)
        population, sample, subjects = PopulationSample(len(found)), Sample(len(found)), SubjectCount(found.account)
        some = nth < max(population.each, sample.each)
        conversations = Conversations(account[some], self._zones.rows(rows.place[some]))
        population.add(conversations)
        sample.add(conversations, rows.payload[some])
        some = nth < SUBJECTS_AT_MOST
        subjects.add(account[some], self._projection.rows(rows.place[some]))
        repeated = Repeated(found.index(self._repeated.account), self._repeated.key, self._repeated.support)
        counts = np.bincount(account, minlength=len(found))
        return Survey(found, repeated, counts, population.count(), sample.all(), subjects.all())

    def openings(self) -> Iterator[tuple[Ints, NDArray[np.uint32]]]:
        """The kept first turns of conversations, in parts of whole accounts: pseudonyms (n,), zones (n, ZONE_SLOTS)."""
        begun = self._openings.take(self._openings.continues == 0)
        for start, stop in account_slices(begun.account):
            yield begun.account[start:stop], self._zones.rows(begun.place[start:stop])

    def _mine(self, changed: Ints) -> None:
        """What these accounts (sorted) repeat now."""
        rows = self._openings.take(np.isin(self._openings.account, changed))
        dense = np.searchsorted(changed, rows.account)
        mined = mine(Conversations(dense, self._zones.rows(rows.place)))
        others = ~np.isin(self._repeated.account, changed)
        before = Repeated(self._repeated.account[others], self._repeated.key[others], self._repeated.support[others])
        both = joined([before, Repeated(changed[mined.account], mined.key, mined.support)])
        order = np.argsort(both.account, kind="stable")
        self._repeated = Repeated(both.account[order], both.key[order], both.support[order])

    def _drop_garbage(self) -> None:
        place = self._openings.place
        self._zones = _Store(self._zones.rows(place))
        self._projection = _Store(self._projection.rows(place))
        place[:] = np.arange(len(place))


def _openings(part: pa.Table, asked: Ints, first_place: int) -> _Openings:
    """The rows `asked` of a part; they are placed from `first_place` on."""
    names = ("account", "conversation", "exchange_id", "payload", "flags")
    account, conversation, exchange, payload, flags = (part.column(name).to_numpy()[asked] for name in names)
    continues = ((flags & Flag.ASSISTANT_TURNS) != 0).astype(np.int64)
    return _Openings(account, conversation, exchange, payload, continues, first_place + np.arange(len(asked)))


def _by_account(rows: _Openings) -> _Openings:
    return rows.take(np.argsort(rows.account, kind="stable"))


class _Store(Generic[_Kind]):
    """Rows that are added at the end; room doubles when it is used up."""

    def __init__(self, rows: NDArray[_Kind]) -> None:
        self._rows, self._length = rows, len(rows)

    def __len__(self) -> int:
        return self._length

    def append(self, rows: NDArray[_Kind]) -> None:
        needed = self._length + len(rows)
        if needed > len(self._rows):
            larger = np.empty((max(needed, 2 * len(self._rows)), self._rows.shape[1]), self._rows.dtype)
            larger[: self._length] = self._rows[: self._length]
            self._rows = larger
        self._rows[self._length : needed] = rows
        self._length = needed

    def rows(self, places: Ints) -> NDArray[_Kind]:
        return self._rows[: self._length][places]
