"""A worker with everything on: policy, keys, verdicts that are followed, limits, observation, metrics."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.marking import Marking
from stillwatch.gateway.worker import Worker
from stillwatch.guarding.rules import Rules, clock
from stillwatch.guarding.store import shared_meters
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.running.beside import beside
from stillwatch.running.deployment import Deployment, Places
from stillwatch.running.markers import conventions_of
from stillwatch.running.telling import telling
from stillwatch.running.unserved import unserved_markers, unserved_marks
from stillwatch.settings import default_secret_file
from stillwatch.telemetry.collecting import Numbers, WireNumbers, of_gate, of_outbox, of_store
from stillwatch.watermark.ticket import Tickets

_log = logging.getLogger(__name__)


class AnyKey(Keys):
    """Who presents a key is a customer, whom its digest names; whether the key is good, the upstream says."""

    def __init__(self) -> None:
        super().__init__([])

    def holder(self, key: bytes) -> KeyHolder | None:
        if not key:
            return None
        digest = hashlib.sha256(key).hexdigest()
        return KeyHolder(digest, f"key-{digest[:16]}")


def marking_of(deployment: Deployment, where: Places) -> Marking | None:
    """What makes the tickets of a deployment; None without a file of them. Raises `SecretError`.

    An account's key is named by its pseudonym in the ledger, so that what an audit finds leads to a campaign.
    """
    if where.tickets is None:
        return None
    tickets = Tickets(Secret.load(where.tickets))
    if not deployment.marks.accounts:
        return Marking(tickets, deployment.marks)
    pseudonym = Pseudonymiser(Secret.load(where.secret or default_secret_file()), "account")
    return Marking(tickets, deployment.marks, lambda account: f"{pseudonym(account):016x}")


@asynccontextmanager
async def working(deployment: Deployment, where: Places) -> AsyncGenerator[Worker]:
    """One worker, as long as its process lives. Raises `StillwatchError` for files that are none."""
    rules = Rules(where.policy, where.keys or AnyKey(), where.journal, records=True)
    async with AsyncExitStack() as stack:
        outbox = Outbox(where.socket, learned=lambda said: gate.learned(said))
        await stack.enter_async_context(beside(outbox.keep_connected()))
        meters = shared_meters(rules.policy, deployment.store)
        if meters is not None:
            await meters.start()
            stack.push_async_callback(meters.close)
        name = f"{os.getpid()}-{time.time_ns():x}"
        asked, marking = (deployment.identity, deployment.paths), marking_of(deployment, where)
        served = conventions_of(deployment, where)
        for amiss in filter(None, (unserved_marks(rules.policy, where), unserved_markers(rules.policy, where))):
            _log.warning("%s. %s", amiss.said, amiss.remedy)
        gate = Gate(rules.core(meters), rules.keys, clock, outbox.offer, name, *asked, marking, served)
        await stack.enter_async_context(beside(rules.followed_by(gate)))
        worker = Worker(deployment.gateway, gate)
        wire = WireNumbers(worker.state, lambda: worker.open_connections)

        def numbers() -> Numbers:
            told = wire() | of_gate(gate.counts) | of_outbox(outbox) | rules.numbers()
            return told if meters is None else told | of_store(meters.fault is None)

        await stack.enter_async_context(telling(where, "worker", numbers))
        yield worker
        await outbox.flush()
