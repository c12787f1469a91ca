"""A ledger of logs that somebody else writes, made at first use and added to until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from stillwatch.assembly import Secrets
from stillwatch.ledger.ledger import Ledger
from stillwatch.ledger.names import NameTable
from stillwatch.observing.following import Counts, Follower, follow
from stillwatch.running.stopping import stopped_by_signal
from stillwatch.sketch.record import identity
from stillwatch.sketching.edge import Edge, EdgeRecipe


async def following(
    logs: Sequence[Path], out: Path, secrets: Secrets, ready: Callable[[], None], tell: Callable[[str], None]
) -> Counts:
    """Follow until SIGTERM or SIGINT. Raises `LedgerError` where another process writes into the ledger."""
    made_under = identity(secrets.deployment.id, secrets.alliance.id if secrets.alliance else "")
    known = (out / "ledger.json").exists()
    ledger = Ledger.open(out, identity=made_under) if known else Ledger.create(out, made_under)
    edge = Edge(EdgeRecipe(secrets.deployment, secrets.alliance, 0))
    with ledger.writer() as writer:
        async with stopped_by_signal() as stop:
            follower = Follower(logs, ledger, writer, NameTable.open(out, secrets.deployment), edge, tell)
            asyncio.get_running_loop().call_soon(ready)
            await follow(follower, stop)
            return follower.counts
