"""What other providers said that is seen here, as a hunt hands it on: sentences, and what they may weigh.

Who recognises it, and by which rules a claim counts, is a member's business (`sharing.member`); a hunt only brings the
conversations and takes the answer. A hunt without an alliance hears nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stillwatch.evidence import Evidence
from stillwatch.sketch.record import ZONE_SLOTS

Ints = NDArray[np.int64]

PARTNERS = "partners"
"""The family, and its own kin: what others say depends on nothing that this log shows."""
MOST_OF_AN_ACCOUNT = 64
"""Conversations of an account that are compared: at one in ten, a template still shows six times."""


@dataclass(frozen=True)
class Conversations:
    """Of some accounts, what is compared with published templates: slots of conversations under the alliance's key.

    `account`: (a,) pseudonyms, ascending; `unit`: (a,) 0 .. units - 1, the organisation of each; `owner`: (n,) place in
    `account` of each conversation; `slots`: (n, 32) uint8. An account may have no conversation here.
    """

    account: Ints
    unit: Ints
    owner: Ints
    slots: NDArray[np.uint8]

    def of(self, accounts: Ints) -> Conversations:
        """The part of these accounts (pseudonyms)."""
        kept = np.isin(self.account, accounts)
        sent, place = kept[self.owner], np.cumsum(kept) - 1
        _, unit = np.unique(self.unit[kept], return_inverse=True)
        return Conversations(self.account[kept], unit.astype(np.int64), place[self.owner[sent]], self.slots[sent])

    @property
    def units(self) -> int:
        return int(self.unit.max()) + 1 if len(self.unit) else 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What partners' claims come to for one ring.

    `log_e`: of an e-value, at most what the record of their sources bears; 0 where they may not count. `said`: what
    matches, the weightiest first. `comes_first`: somebody's standing claim matches, so it is reviewed first.
    `why_not`: why none of those that match moves anything any more; empty where one does, or none matches.
    """

    log_e: float = 0.0
    said: tuple[Evidence, ...] = ()
    comes_first: bool = False
    why_not: str = ""


NOTHING_HEARD = Heard()


@dataclass(frozen=True)
class Asked:
    """What a hunt brings: its rings with the conversations of all days, and the same of those that linking days froze.

    `tried_as`: for each ring its place in `tried`, None where linking days do not show it. `tried`, `honest`: frozen
    rings of this log, and groups of honest strangers in the benign one, on testing days. `others`: some accounts of
    this log.
    """

    rings: Sequence[Conversations]
    tried_as: Sequence[int | None]
    tried: Sequence[Conversations]
    honest: Sequence[Conversations]
    others: Conversations


class Partners(Protocol):
    """What a hunt needs of an alliance's member."""

    def heard(self, asked: Asked) -> list[Heard]:
        """One for each of the rings."""
        ...

    @property
    def accounts(self) -> Mapping[int, Evidence]:
        """By pseudonym, accounts with an identifier that somebody reported, and what is said of them; log_e is 0."""
        ...

    @property
    def summary(self) -> str:
        """A sentence on what was heard and may count."""
        ...

    @property
    def fingerprint(self) -> str:
        """Equal for equal claims, standings and own tags."""
        ...


_NOBODY = np.empty(0, np.int64)
NO_CONVERSATIONS = Conversations(_NOBODY, _NOBODY, _NOBODY, np.empty((0, ZONE_SLOTS), np.uint8))


def conversations(account: Ints, unit: Ints, conversation: Ints, slots: NDArray[np.uint8]) -> Conversations:
    """Of rows (n,) of some accounts, in any order: at most 64 conversations of each account, by its first row.

    `unit` may be any numbers of organisations; `Conversations.of` closes them up.
    """
    kept = thinned(account, conversation, slots)
    accounts, first, owner = np.unique(account[kept], return_index=True, return_inverse=True)
    return Conversations(accounts, unit[kept][first], owner.astype(np.int64), slots[kept])


def joined(parts: Sequence[Conversations]) -> Conversations:
    """Parts of different accounts, in the order of their accounts; one at least."""
    first = np.cumsum([0, *(len(one.account) for one in parts[:-1])])
    return Conversations(
        np.concatenate([one.account for one in parts]),
        np.concatenate([one.unit for one in parts]),
        np.concatenate([one.owner + start for one, start in zip(parts, first, strict=True)]),
        np.concatenate([one.slots for one in parts]),
    )


def thinned(account: Ints, conversation: Ints, slots: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Places of the first row of each conversation, at most 64 conversations of each account."""
    order = np.lexsort((conversation, account))
    account, conversation = account[order], conversation[order]
    opens = np.append(True, (account[1:] != account[:-1]) | (conversation[1:] != conversation[:-1]))[: len(order)]
    opens &= slots[order].any(axis=1)
    order, account = order[opens], account[opens]
    starts = np.flatnonzero(np.append(True, account[1:] != account[:-1])[: len(account)])
    place = np.arange(len(account)) - np.repeat(starts, np.diff(np.append(starts, len(account))))
    return np.asarray(np.sort(order[place < MOST_OF_AN_ACCOUNT]), np.int64)
