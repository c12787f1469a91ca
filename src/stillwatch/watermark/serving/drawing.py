"""Keyed draws of one answer: the Gumbel scheme in the hybrid layout.

A context of the fleet's layer is drawn under the fleet's keys, one of the account's layer under the account's. Each has
two, as the scheme asks: the second is derived from the first, so that whoever may detect has both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stillwatch.watermark.contexts import last_contexts
from stillwatch.watermark.gumbel import Drawer
from stillwatch.watermark.keys import MarkKey, second_key
from stillwatch.watermark.prf import Prf
from stillwatch.watermark.serving.mark import Mark


class Draws:
    """Draws for one answer, and remembers its contexts. `coins`: for what is drawn without a key."""

    def __init__(self, mark: Mark, coins: np.random.Generator) -> None:
        self._mark = mark
        self._fleet = drawer(mark.fleet, coins)
        self._account = self._fleet if mark.account is None else drawer(mark.account, coins)

    def draw(self, chances: NDArray[np.float64], tail: NDArray[np.int64]) -> int | None:
        """The next token; None for a text that is too short to have a context. `tail`: its last two tokens."""
        window = self._mark.window
        if (tail[-window:] < 0).any():
            return None
        context = last_contexts(tail[None, -window:], window)
        chosen = self._fleet if self._mark.layers.is_shared(context)[0] else self._account
        return chosen.draw(chances, int(context[0]))


def drawer(key: MarkKey, coins: np.random.Generator) -> Drawer:
    """Draws under a key and its second."""
    return Drawer(Prf(key.material), Prf(second_key(key)), coins)
