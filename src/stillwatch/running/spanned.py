"""An observer that also makes spans of what it observes: beside the path, and only where they are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.ledger.writer import LedgerWriter
from stillwatch.observing.frames import Observed
from stillwatch.observing.observer import Observer, Tell
from stillwatch.pseudonym import Pseudonymiser, Secret
from stillwatch.sketching.edge import Edge
from stillwatch.telemetry.otel import Observe, SpanSettings, traced


@asynccontextmanager
async def observer_of(
    settings: SpanSettings, secret: Secret, ledger: Ledger, writer: LedgerWriter, names: NameTable, edge: Edge
) -> AsyncGenerator[Observer]:
    """The observer of this ledger; what waits to be sent is sent at the end. Raises `UsageError` without the extra."""
    if not settings.endpoint:
        yield Observer(ledger, writer, names, edge)
        return
    span, end = traced(lambda observed: None, settings, Pseudonymiser(secret, "account"))
    try:
        yield _Spanned(ledger, writer, names, edge, span)
    finally:
        await asyncio.to_thread(end)


class _Spanned(Observer):
    def __init__(self, ledger: Ledger, writer: LedgerWriter, names: NameTable, edge: Edge, span: Observe) -> None:
        super().__init__(ledger, writer, names, edge)
        self._span = span

    def take(self, observed: Observed, tell: Tell | None = None) -> None:
        self._span(observed)
        super().take(observed, tell)
