"""An alliance's member as a hunt asks it: which rings here were told of by others, and what that may weigh.

A ring **is one that was told of** where `rings.match` says so of all its conversations; then it comes first in a
review. It is **evidence** where such a claim counts (`heard`) and the ring is one that linking days froze: its
accounts' agreement on testing days, or their tags, stand beside those of honest groups (`agreement`, `stake`), and
weigh at most what the claim bears. A ring that no counting claim fits is never paid more than 1.

Without a benign log nothing is weighed: nobody else says what partners' claims hit among honest strangers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.heard import NOTHING_HEARD, Asked, Conversations, Heard
from stillwatch.evidence import Evidence
from stillwatch.sharing.member.agreement import Agreement
from stillwatch.sharing.member.heard import HeardClaim, Hearing
from stillwatch.sharing.member.sentences import NO_CLAIM_FITS, of_account, of_claim, of_tags, summary
from stillwatch.sharing.member.stake import log_e
from stillwatch.sharing.member.tagged import Tagged, tagged
from stillwatch.sharing.rings.match import FEWEST_CARRYING, Match, match
from stillwatch.sharing.rings.signature import Signature
from stillwatch.sharing.rings.traffic import Traffic
from stillwatch.sharing.tags.tag_set import Tag
from stillwatch.stats.evalues import log_average

Floats = NDArray[np.float64]

_LIKELY_SLOTS = 3
"""Of a conversation: fewer never make it agree (`rings.match`)."""


class Partners:
    """What stands in an inbox at one moment, ready to be asked by a hunt (`campaigns.heard.Partners`).

    `own`: tags of our own accounts, by pseudonym: those that were evaluated, honest ones among them.
    """

    def __init__(self, hearing: Hearing, own: Mapping[int, Sequence[Tag]] | None = None) -> None:
        self._claims = [one for one in hearing.claims if one.signature is not None]
        self._own = own or {}
        self._tagged = tagged(hearing, self._own)
        self._all = hearing.claims

    @property
    def accounts(self) -> Mapping[int, Evidence]:
        return {account: of_account(one) for account, one in self._tagged.items()}

    @property
    def summary(self) -> str:
        return summary(self._all)

    @cached_property
    def fingerprint(self) -> str:
        told = repr((self._all, sorted((account, str(tags)) for account, tags in self._own.items())))
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

    def heard(self, asked: Asked) -> list[Heard]:
        """One for each of the rings."""
        others = _traffic(asked.others).thinned()
        agreement = Agreement(self._claims, others)
        honest = [agreement.shares(one) for one in asked.honest]
        found = []
        for ring, place in zip(asked.rings, asked.tried_as, strict=True):
            matches = self._matches(ring, others)
            reported = [self._tagged[account] for account in ring.account.tolist() if account in self._tagged]
            tried = None if place is None else asked.tried[place]
            sides = [] if tried is None else [*self._template(agreement, tried, honest, matches)]
            sides += [] if tried is None else [*self._tags(tried, asked.honest, reported)]
            found.append(self._said(ring, matches, reported, log_average(sides) if sides else 0.0))
        return found

    def _matches(self, ring: Conversations, others: Traffic) -> list[tuple[HeardClaim, Match]]:
        """The claims that the ring is, the weightiest first."""
        inside = _traffic(ring)
        beside = ~np.isin(others.account, ring.account)
        rest = Traffic(others.account[beside], others.slots[beside])
        likely = [one for one in self._claims if one.signature is not None and _is_likely(one.signature, inside)]
        made = [(one, match(one.signature, inside, rest)) for one in likely if one.signature is not None]
        return [(one, compared) for one, compared in made if compared.is_the_ring]

    def _template(
        self,
        agreement: Agreement,
        tried: Conversations,
        honest: Sequence[Floats],
        matches: Sequence[tuple[HeardClaim, Match]],
    ) -> list[float]:
        """The log of the e-value by templates, if any may count."""
        if not honest or not any(one.counts for one in self._claims):
            return []
        bears = max((claim.bound for claim, _ in matches), default=1.0)
        return [min(log_e(*agreement.scores(agreement.shares(tried), honest)), math.log(bears))]

    def _tags(self, tried: Conversations, honest: Sequence[Conversations], reported: Sequence[Tagged]) -> list[float]:
        """The same by tags; nothing where no honest group was evaluated."""
        most = max((one.bound for one in self._tagged.values()), default=1.0)
        beside = [scores for one in honest if len(scores := self._tag_scores(one))]
        scores = self._tag_scores(tried)
        if most <= 1.0 or not beside or not len(scores):
            return []
        bears = max((one.bound for one in reported), default=1.0)
        return [min(log_e(scores, beside, most), math.log(bears))]

    def _tag_scores(self, group: Conversations) -> Floats:
        """(evaluated units,) the most that is borne by the tags of any of a unit's accounts, 0 for none."""
        best: dict[int, float] = {}
        for account, unit in zip(group.account.tolist(), group.unit.tolist(), strict=True):
            if account in self._own:
                bound = self._tagged[account].bound if account in self._tagged else 1.0
                best[unit] = max(best.get(unit, 0.0), math.log(bound))
        return np.array(list(best.values()), np.float64)

    def _said(
        self,
        ring: Conversations,
        matches: Sequence[tuple[HeardClaim, Match]],
        reported: Sequence[Tagged],
        weighs: float,
    ) -> Heard:
        said = [of_claim(claim, compared) for claim, compared in matches]
        said += [of_tags(reported, len(ring.account))] if reported else []
        if not said and not weighs:
            return NOTHING_HEARD
        first, *more = said or [NO_CLAIM_FITS]
        comes_first = len(reported) >= FEWEST_CARRYING or any(not claim.stopped for claim, _ in matches)
        why_not = matches[0][0].stopped if matches and not comes_first else ""
        return Heard(weighs, (replace(first, log_e=weighs), *more), comes_first, why_not)


def _traffic(group: Conversations) -> Traffic:
    return Traffic(group.account[group.owner], group.slots)


def _is_likely(signature: Signature, inside: Traffic) -> bool:
    """Whether it is worth comparing: three accounts have a conversation with three of its slots."""
    return len(np.unique(inside.account[signature.agreeing(inside) >= _LIKELY_SLOTS])) >= FEWEST_CARRYING
