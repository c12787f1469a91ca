"""Deleting what has ended, by every process that serves a hub, now and then; whoever comes first does it for all.

Before an object goes, the record has it: the dates up to which the store is complete are read first, then the record
catches up, and only what was added until those dates is deleted. The record keeps its digest.
"""

from __future__ import annotations

import logging
import threading

from stillwatch.sharing.alliance.record import Record
from stillwatch.sharing.hub.app import now_us
from stillwatch.sharing.hub.store import StoreBusy
from stillwatch.storage.hub.alliance import AllianceTables
from stillwatch.storage.hub.ending import Ended
from stillwatch.storage.hub.store import HubStore

_HALF_US = 500_000
"""Microseconds of half a second."""
_log = logging.getLogger("stillwatch.hub")


def end_at_intervals(
    every_seconds: float, store: HubStore, alliance: AllianceTables | None = None, record: Record | None = None
) -> None:
    """Begin a thread that deletes what has ended, at once and then every so often, until the process ends."""
    waiting = threading.Event()

    def run() -> None:
        while True:
            _try(every_seconds, store, alliance, record)
            waiting.wait(every_seconds)

    threading.Thread(target=run, name="ending", daemon=True).start()


def end_now(store: HubStore, alliance: AllianceTables | None, record: Record | None) -> Ended:
    """Delete what has ended; returns how much that was."""
    added_until_us = {id: alliance.newest_us(id) for id in alliance.governed()} if alliance else {}
    if alliance and record:
        record.catch_up(alliance)
    return store.end(now_us(), added_until_us)


def _try(every_seconds: float, store: HubStore, alliance: AllianceTables | None, record: Record | None) -> None:
    try:
        if now_us() - store.ended().looked_us < every_seconds * _HALF_US:
            return  # another process was faster
        found = end_now(store, alliance, record)
    except StoreBusy as error:
        _log.warning("what has ended could not be deleted, next time: %s", error)
    except Exception:  # of whatever kind: what may not last has to go the next time
        _log.exception("what has ended could not be deleted")
    else:
        if found.objects or found.held:
            counts = {"objects": found.objects, "held": found.held, "statuses": found.statuses}
            _log.info("deleted what has ended", extra=counts)
