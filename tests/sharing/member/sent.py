"""Groups that send a template, or none, as a hunt hands them to a member."""

from __future__ import annotations

import numpy as np

from stillwatch.campaigns.heard import Asked, Conversations
from stillwatch.sharing.rings.signature import Signature
from stillwatch.sketch.record import ZONE_SLOTS

EACH = 20


def group(first: int, accounts: int, template: Signature | None = None, share: float = 1.0) -> Conversations:
    """Accounts `first`, `first + 1`, ...: each an organisation with 20 conversations, a share of which carries it."""
    chance = np.random.default_rng(first)
    slots = chance.integers(1, 256, (accounts * EACH, ZONE_SLOTS)).astype(np.uint8)
    if template is not None:
        carrying = np.arange(len(slots)) % EACH < share * EACH
        slots[np.ix_(carrying, template.pairs[:, 0])] = template.pairs[:, 1]
    account = np.arange(first, first + accounts)
    return Conversations(account, np.arange(accounts), np.repeat(np.arange(accounts), EACH), slots)


STRANGERS = group(10_000, 300)


def asked(
    *rings: Conversations, honest: tuple[Conversations, ...] | None = None, others: Conversations = STRANGERS
) -> Asked:
    """A hunt whose linking days show each of these rings, with 41 honest groups beside them."""
    beside = tuple(group(20_000 + 10 * number, 4) for number in range(41)) if honest is None else honest
    return Asked(rings, list(range(len(rings))), rings, beside, others)
