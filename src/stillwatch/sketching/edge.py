"""One block of a log to sketches: what a worker does, wherever it runs."""

from __future__ import annotations

import gc
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch.exchange.record import Exchange
from stillwatch.ledger.exemplar import exemplar_json
from stillwatch.ledger.reservoir import Exemplar
from stillwatch.ledger.sampling import Sampler
from stillwatch.pseudonym import Secret
from stillwatch.readers.block import Block, parse_block
from stillwatch.readers.rejection import Rejection
from stillwatch.sketch.columns import to_numpy
from stillwatch.sketch.sketcher import Sketcher


@dataclass(frozen=True, slots=True)
class Sketched:
    """What a worker made of one block."""

    batch: pa.RecordBatch
    rejections: list[Rejection]
    names: dict[str, dict[int, str]]
    exemplars: list[Exemplar]


@dataclass(frozen=True)
class EdgeRecipe:
    """What a worker needs to know; it travels through a pipe to a process of our own, never to disk."""

    secret: Secret
    alliance: Secret | None
    exemplars_per_account: int


class Edge:
    """Parses and sketches blocks; beyond it there is no text but what the reservoir was asked to keep."""

    def __init__(self, recipe: EdgeRecipe) -> None:
        self._sketcher = Sketcher(recipe.secret, recipe.alliance)
        per_account = recipe.exemplars_per_account
        self._sampler = Sampler(recipe.secret, per_account) if per_account else None

    def __call__(self, block: Block) -> Sketched:
        with _no_cycles_sought():
            parsed = parse_block(block)
            return self.sketched(parsed.exchanges, parsed.rejections)

    def sketched(self, exchanges: Sequence[Exchange], rejections: Sequence[Rejection] = ()) -> Sketched:
        """What is kept of these exchanges."""
        batch = self._sketcher.sketch(exchanges)
        names = {
            "account": _names(batch.column("account"), [e.principal.account for e in exchanges]),
            "organization": _names(batch.column("organization"), [e.principal.organization for e in exchanges]),
        }
        return Sketched(batch, list(rejections), names, self._exemplars(batch, exchanges))

    def _exemplars(self, batch: pa.RecordBatch, exchanges: Sequence[Exchange]) -> list[Exemplar]:
        if self._sampler is None:
            return []
        accounts, ids = batch.column("account").to_pylist(), batch.column("exchange_id").to_pylist()
        kept = self._sampler.winners(zip(accounts, ids, strict=True))
        return [Exemplar(accounts[i], ids[i], exchanges[i].ts_us, exemplar_json(exchanges[i])) for i in kept]


@contextmanager
def _no_cycles_sought() -> Generator[None]:
    """A block makes millions of objects and no cycles: to look for some took a sixth of the time (measured)."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _names(pseudonyms: pa.Array, names: Sequence[str | None]) -> dict[int, str]:
    distinct, first = np.unique(to_numpy(pseudonyms), return_index=True)
    pairs = zip(distinct.tolist(), first.tolist(), strict=True)
    return {pseudonym: name for pseudonym, place in pairs if (name := names[place]) is not None}
