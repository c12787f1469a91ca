"""A worker with everything on: policy, keys, verdicts that are followed, limits, observation, metrics.

Policy and keys are read again when their files change, and verdicts within half a second of their entry in the journal.
What cannot be read changes nothing: the worker goes on with what it had, and says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from stillwatch.decision.core import Core, Now
from stillwatch.decision.docket import Docket
from stillwatch.decision.journal import Journal
from stillwatch.decision.policy import Policy
from stillwatch.decision.policy_record import PolicyRecord
from stillwatch.gateway.gate import Gate
from stillwatch.gateway.keys import KeyHolder, Keys
from stillwatch.gateway.marking import Marking
from stillwatch.gateway.worker import Worker
from stillwatch.observing.outbox import Outbox
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.running.adopting import Adopting, adopted
from stillwatch.running.deployment import Deployment, Places, Store, sharing
from stillwatch.running.telling import telling
from stillwatch.settings import default_secret_file
from stillwatch.telemetry.collecting import Numbers, WireNumbers, of_gate, of_outbox, of_store
from stillwatch.watermark.ticket import Tickets

if TYPE_CHECKING:
    from stillwatch.storage.shared import SharedMeters


class AnyKey(Keys):
    """Who presents a key is a customer, whom its digest names; whether the key is good, the upstream says."""

    def __init__(self) -> None:
        super().__init__([])

    def holder(self, key: bytes) -> KeyHolder | None:
        if not key:
            return None
        digest = hashlib.sha256(key).hexdigest()
        return KeyHolder(digest, f"key-{digest[:16]}")


def clock() -> Now:
    """This moment."""
    return Now(time.monotonic_ns(), time.time_ns() // 1_000)


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
    journal = Journal(where.journal)
    docket, record = Docket(journal), PolicyRecord(journal)
    docket.follow()
    policy = adopted(record, where.policy, clock().us) if where.policy else Policy()
    keys = Keys.load(where.keys) if where.keys else AnyKey()
    async with AsyncExitStack() as stack:
        outbox = Outbox(where.socket, learned=lambda said: gate.learned(said))
        await stack.enter_async_context(_beside(outbox.keep_connected()))
        meters = await stack.enter_async_context(_meters(policy, deployment.store))
        core = Core(policy, docket.table(clock().us), meters)
        name = f"{os.getpid()}-{time.time_ns():x}"
        marking = marking_of(deployment, where)
        gate = Gate(core, keys, clock, outbox.offer, name, deployment.identity, deployment.paths, marking)
        adopting = Adopting(docket, record, gate, where, clock)
        await stack.enter_async_context(_beside(adopting.verdicts()))
        await stack.enter_async_context(_beside(adopting.files()))
        worker = Worker(deployment.gateway, gate)
        wire = WireNumbers(worker.state, lambda: worker.open_connections)

        def numbers() -> Numbers:
            told = wire() | of_gate(gate.counts) | of_outbox(outbox) | adopting.numbers()
            return told if meters is None else told | of_store(meters.fault is None)

        await stack.enter_async_context(telling(where, "worker", numbers))
        yield worker
        await outbox.flush()


@asynccontextmanager
async def _meters(policy: Policy, store: Store) -> AsyncGenerator[SharedMeters | None]:
    """Meters that nodes share; None where there is no store, so that each keeps its own. Raises `StoreError`."""
    if not store.redis:
        yield None
        return
    from stillwatch.storage.keys import Keys as StoreKeys
    from stillwatch.storage.link import Link
    from stillwatch.storage.shared import SharedMeters

    shared = sharing(store)
    meters = SharedMeters(policy.limits, shared, Link(store.redis, shared.timeout_seconds), StoreKeys(store.namespace))
    await meters.start()
    try:
        yield meters
    finally:
        await meters.close()


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """Work that goes on beside the path until this is left."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
