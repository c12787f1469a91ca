"""What looks at one ledger that grows remember, so that the next one costs what is new and not what is there.

    accounts, survey        exchanges of new segments are added to what is known          (`tracing.growing`)
    rings that are tried    frozen on days that have ended, and scored on others of these: once for each set of days
    sentences               what families say of such a ring: when it is frozen, and not again until days end

All but the sentences is what a hunt of the whole ledger finds at that moment. Sentences are about the exchanges that
were there when they were said; a ring that ended days do not show has only those that it was judged by. Nothing here
outlives a process: after a restart the first look learns it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol, Self

import ibis
import numpy as np
import pyarrow as pa

from stillwatch.campaigns.tested import Measured
from stillwatch.evidence import Evidence
from stillwatch.ledger.ranges import read_parts
from stillwatch.ledger.rollup import together
from stillwatch.tracing.growing import GROWING_COLUMNS, GrowingSurvey
from stillwatch.tracing.survey import Accounts, Survey, accounts_of, rolled_up


class Growing(Protocol):
    """A ledger that grows, as it stands at one moment. Segments never change, and none comes back under its name."""

    def segment_paths(self) -> list[Path]: ...

    def settled_paths(self) -> frozenset[Path]:
        """Segments that will hardly be merged into others any more."""
        ...

    def ended_paths(self) -> frozenset[Path]:
        """Segments of days that evidence may rest on."""
        ...

    def of_segments(self, paths: Iterable[Path]) -> Self: ...

    def table(self) -> ibis.Table: ...


class Memory:
    """Of one ledger, for as long as exchanges are only added to it; a ledger that lost some needs another one."""

    def __init__(self, ledger: Growing) -> None:
        self.ledger = ledger  # as it stands at the look that is taken
        self._read: frozenset[Path] = frozenset()
        self._survey = GrowingSurvey()
        self._accounts: Accounts
        self._rolled: frozenset[Path] = frozenset()
        self._rollup: list[pa.Table] = []
        self._ended: frozenset[Path] | None = None
        self._measured: Measured | None = None
        self.said: dict[int | None, tuple[Evidence, ...]] = {}  # of a ring that ended days show, by its place there

    def survey(self) -> Survey:
        """The survey of the ledger as it stands, from the segments that are new."""
        listed = frozenset(self.ledger.segment_paths())
        for _, part in read_parts(sorted(listed - self._read), GROWING_COLUMNS, in_order=False):
            self._survey.add(part)
        self._read = listed
        self._accounts = accounts_of(self._rolled_up(listed))
        return self._survey.survey(self._accounts)

    def openings(self) -> Iterator[pa.Table]:
        """What the last survey keeps of conversations' first turns: account, organization, flags and zones.

        In parts of whole accounts; of one with very many conversations those with the least hashes.
        """
        for account, zones in self._survey.openings():
            organization = self._accounts.organization[self._accounts.index(account)]
            packed = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(zones.itemsize * zones.shape[1]), len(zones), [None, pa.py_buffer(zones)]
            )
            yield pa.table(
                {
                    "account": account,
                    "organization": organization,
                    "flags": np.zeros(len(account), np.int32),
                    "zones": packed,
                }
            )

    def measured(self, measure: Callable[[], Measured | None]) -> Measured | None:
        """What ended days say, measured when these have changed."""
        ended = self.ledger.ended_paths()
        if ended != self._ended:
            self._measured, self._ended, self.said = measure(), ended, {}
        return self._measured

    def is_to_be_explained(self, frozen_as: int | None) -> bool:
        """Whether a ring is one that ended days show and nothing has been said of since they did."""
        return frozen_as is not None and frozen_as not in self.said

    def _rolled_up(self, listed: frozenset[Path]) -> pa.Table:
        """Accounts of settled segments are kept; the others are few, and are merged into new ones again and again."""
        settled = self.ledger.settled_paths()
        if not self._rolled <= settled:
            self._rolled, self._rollup = frozenset(), []
        if new := settled - self._rolled:
            self._rollup = [together([*self._rollup, rolled_up(self.ledger.of_segments(new).table())])]
            self._rolled = settled
        return together([*self._rollup, rolled_up(self.ledger.of_segments(listed - settled).table())])
