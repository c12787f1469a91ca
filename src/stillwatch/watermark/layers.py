"""The hybrid layout: some contexts are the fleet's, the others an account's.

One key for all accounts sees a student that was trained on many of them; a key for each account says which it was. A
student of five accounts' texts carries each account's marks a fifth as strongly, and the fleet's as strongly as ever.
Which layer a context belongs to is drawn under a key of its own, so that nobody can send only contexts of one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.errors import UsageError
from stillwatch.watermark.keys import FLEET, MarkKey, slot_key
from stillwatch.watermark.prf import Bytes, Prf, Words
from stillwatch.watermark.scheme import Scheme

_SLOT = np.uint64((1 << 64) - 1)
"""The block of a context that decides its layer: no token's, and no uniform's of a vocabulary below 2^31."""


class Layers:
    """The bytes of cells under the fleet's key, or under both. One owner, as its generators."""

    def __init__(self, fleet: MarkKey, account: MarkKey | None = None) -> None:
        """Raises `UsageError` for keys that do not belong together."""
        if fleet.account != FLEET:
            raise UsageError(f"{fleet!r} is an account's key in the place of the fleet's")
        if account is not None and (account.account == FLEET or not _fit(fleet, account)):
            raise UsageError(f"{account!r} does not belong to {fleet!r}", "Take both of one tenant, scheme, tokenizer")
        self.scheme: Scheme = fleet.scheme
        self._fleet = Prf(fleet.material)
        self._account = Prf(account.material) if account is not None else None
        self._slots = Prf(slot_key(fleet))

    def is_shared(self, contexts: Words) -> NDArray[np.bool_]:
        """Which of these contexts are the fleet's; all where no account has a key."""
        drawn = self._slots.cells(contexts, np.full(contexts.shape, _SLOT))
        return drawn < self.scheme.shared

    def rows(self, contexts: Words, vocabulary: int) -> Bytes:
        """The bytes of all cells of these contexts, (contexts, vocabulary)."""
        if self._account is None:
            return self._fleet.rows(contexts, vocabulary)
        shared = self.is_shared(contexts)
        found = np.empty((len(contexts), vocabulary), np.uint8)
        found[shared] = self._fleet.rows(contexts[shared], vocabulary)
        found[~shared] = self._account.rows(contexts[~shared], vocabulary)
        return found

    def cells(self, contexts: Words, tokens: Words) -> Bytes:
        """The bytes of these cells, one for each pair."""
        if self._account is None:
            return self._fleet.cells(contexts, tokens)
        own = self._account.cells(contexts, tokens)
        return np.where(self.is_shared(contexts), self._fleet.cells(contexts, tokens), own)


def _fit(fleet: MarkKey, account: MarkKey) -> bool:
    return (fleet.tenant, fleet.scheme, fleet.tokenizer) == (account.tenant, account.scheme, account.tokenizer)
