"""The observer of a deployment: its ledger made at first use, its socket open until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stillwatch.assembly import Secrets
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.observing.observer import observe
from stillwatch.running.deployment import Places
from stillwatch.running.spanned import observer_of
from stillwatch.running.stopping import stopped_by_signal
from stillwatch.running.telling import telling
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import Edge, EdgeRecipe
from stillwatch.telemetry.collecting import of_observer
from stillwatch.telemetry.otel import SpanSettings


async def observing(where: Places, secrets: Secrets, spans: SpanSettings, ready: Callable[[], None]) -> None:
    """Observe until SIGTERM or SIGINT. Raises `LedgerError` where another process writes into the ledger."""
    made_under = identity(secrets.deployment.id, secrets.alliance.id if secrets.alliance else "")
    known = (where.ledger / "ledger.json").exists()
    ledger = Ledger.open(where.ledger, identity=made_under) if known else Ledger.create(where.ledger, made_under)
    edge = Edge(EdgeRecipe(secrets.deployment, secrets.alliance, 0))
    with ledger.writer() as writer:
        names = NameTable.open(where.ledger, secrets.deployment)
        observers = observer_of(spans, secrets.deployment, ledger, writer, names, edge)
        async with stopped_by_signal() as stop, observers as observer:
            asyncio.get_running_loop().call_soon(ready)
            async with telling(where, "observer", lambda: of_observer(observer.counts)):
                await observe(observer, where.socket, stop)
