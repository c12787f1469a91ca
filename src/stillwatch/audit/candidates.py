"""Candidates: the keys that may have marked what a suspect learned from, and the cells that are each one's own.

Where accounts have keys of their own, half the contexts are the fleet's and half an account's. A key is looked for in
its own contexts only. An account's key that was scored on the fleet's contexts too would be found with every other
account's wherever the fleet's is: a false name, with a p-value of any size.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.draws import surprise
from stillwatch.watermark.keys import FLEET, MarkKey
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.scheme import Kind


@dataclass(frozen=True, slots=True)
class Candidate:
    """One key. `fleet`: the key that deals contexts to layers; None where every context is this key's."""

    key: MarkKey
    fleet: MarkKey | None = None

    def is_own(self, cells: Cells) -> NDArray[np.bool_]:
        """Which of these cells this key would have marked."""
        if self.fleet is None:
            return np.ones(len(cells), np.bool_)
        contexts, places = np.unique(cells.contexts, return_inverse=True)
        shared = Layers(self.fleet).is_shared(contexts)[places]
        found: NDArray[np.bool_] = shared if self.key.account == FLEET else ~shared
        return found

    def greens(self, cells: Cells) -> NDArray[np.bool_]:
        """Which of these cells are green under this key."""
        found: NDArray[np.bool_] = Prf(self.key.material).cells(cells.contexts, cells.tokens) < self.key.scheme.green
        return found

    @property
    def draws(self) -> bool:
        """Does this key draw, instead of colouring cells?"""
        return self.key.scheme.kind is Kind.GUMBEL

    def surprises(self, cells: Cells) -> NDArray[np.float64]:
        """How surprising each of these cells is under this key and its second; of mean 1 without a mark."""
        return surprise(cells, self.key)


class Owned:
    """Which of these cells are each key's own: found once for a fleet and a layer, however many keys are tried."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self._known: dict[tuple[MarkKey, bool], tuple[NDArray[np.bool_], Cells]] = {}

    def by(self, candidate: Candidate) -> NDArray[np.bool_]:
        """Those of one key."""
        return candidate.is_own(self.cells) if candidate.fleet is None else self._found(candidate, candidate.fleet)[0]

    def of(self, candidate: Candidate) -> Cells:
        """The cells themselves."""
        return self.cells if candidate.fleet is None else self._found(candidate, candidate.fleet)[1]

    def _found(self, candidate: Candidate, fleet: MarkKey) -> tuple[NDArray[np.bool_], Cells]:
        layer = fleet, candidate.key.account == FLEET
        if layer not in self._known:
            own = candidate.is_own(self.cells)
            self._known[layer] = own, Cells(self.cells.contexts[own], self.cells.tokens[own])
        return self._known[layer]


def candidates(keys: Iterable[MarkKey], *, layered: bool) -> dict[str, Candidate]:
    """Candidates by the digest of their commitments. `layered`: accounts had keys of their own beside the fleet's.

    Raises `UsageError` where an account's key comes without the fleet's key of its tenant and epoch, which alone says
    which contexts are the account's.
    """
    given = list(keys)
    fleets = {(key.tenant, key.epoch, key.scheme, key.tokenizer): key for key in given if key.account == FLEET}
    found = {}
    for key in given:
        fleet = fleets.get((key.tenant, key.epoch, key.scheme, key.tokenizer))
        if fleet is None:
            raise UsageError(f"{key!r} comes without its fleet's key", "Give both, of one tenant, epoch and tokenizer")
        if key.account != FLEET and not layered:
            raise UsageError(f"{key!r} is an account's, and the plan says that accounts had none")
        found[key.commitment().digest] = Candidate(key, fleet if layered else None)
    return found
