"""The hub's record: what was published, approved and acknowledged, as digests, in a hash chain that every member reads.

What is published is taken from the store by its dates, which ascend and are unique: after a kill between storing and
recording, the next run records what is missing, once. An entry says that a version exists and when it came; who may see
the object knows which one it is, to others it is a random number.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.decision.journal import GENESIS, Entry, Journal
from stillwatch.sharing.alliance.acknowledgement import Acknowledgement
from stillwatch.sharing.alliance.store import AllianceStore
from stillwatch.sharing.governance.approval import Approval
from stillwatch.sharing.governance.head import Head, signed_head

PUBLISHED, APPROVED, ACKNOWLEDGED = "published", "approved", "acknowledged"
_MOST = 1_000
"""Objects of one entry: 70 kB."""


class Record:
    """The record in one file, for all threads and processes of a hub."""

    def __init__(self, file: Path, key: Ed25519PrivateKey, now_us: Callable[[], int]) -> None:
        self._journal = Journal(file)
        self._key = key
        self._now_us = now_us
        self._reading = threading.RLock()
        self._offset = 0
        self._recorded_us: dict[str, int] = {}
        self._last: Entry | None = None

    def catch_up(self, store: AllianceStore) -> None:
        """Record all that was published since the last entry that says so."""
        with self._reading:
            for collection in store.governed():
                while self._has_recorded(store, collection):
                    pass

    def approved(self, member: str, approval: Approval) -> None:
        """Record that a signer of `member` approved; says of what by digests alone."""
        self._append(APPROVED, {"member": member, **asdict(approval)})

    def acknowledged(self, acknowledgement: Acknowledgement) -> None:
        """Record that a member took note."""
        self._append(ACKNOWLEDGED, asdict(acknowledgement))

    def head(self) -> Head:
        """The newest entry, signed."""
        with self._reading:
            self._read()
        number, digest = (self._last.number, self._last.digest) if self._last else (0, GENESIS)
        return signed_head(number, digest, self._now_us(), self._key)

    def entries(self, after: int, limit: int) -> Iterator[Entry]:
        """Entries behind number `after`."""
        for entry, _ in self._journal.read():
            if after < entry.number <= after + limit:
                yield entry

    def _has_recorded(self, store: AllianceStore, collection: str) -> bool:
        """Record the next that were published; whether there were any."""
        self._read()
        found = store.published(collection, self._recorded_us.get(collection, 0), _MOST)
        if not found:
            return False
        until_us = found[-1].date_added_us
        body = {"collection": collection, "until_us": until_us, "digests": [one.digest for one in found]}
        self._journal.append_unless(lambda: self._is_recorded(collection, until_us), PUBLISHED, body, self._now_us())
        return True

    def _is_recorded(self, collection: str, until_us: int) -> bool:
        """Whether another process was faster; then it is for the next turn to look again."""
        before = self._recorded_us.get(collection, 0)
        self._read()
        return self._recorded_us.get(collection, 0) != before or before >= until_us

    def _append(self, kind: str, body: Mapping[str, Any]) -> None:
        self._journal.append(kind, body, self._now_us())

    def _read(self) -> None:
        for entry, offset in self._journal.read(self._offset):
            self._offset, self._last = offset, entry
            if entry.kind == PUBLISHED:
                self._recorded_us[entry.body["collection"]] = entry.body["until_us"]
