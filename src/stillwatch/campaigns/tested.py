"""Rings linked on some days, frozen, and scored by every family on the others: the same for any log, honest or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.families import COLUMNS, COMPLEMENTARITY, SCORED, TEMPLATE
from stillwatch.campaigns.gather import GATHERED_COLUMNS, gather
from stillwatch.campaigns.grouping import groups
from stillwatch.campaigns.half import Half, HeldOut
from stillwatch.campaigns.heard import Conversations, conversations
from stillwatch.campaigns.judgement import UNITS_AT_LEAST
from stillwatch.campaigns.measure import group_stratum, values_shared
from stillwatch.campaigns.split import split
from stillwatch.tracing.calibration import Scored
from stillwatch.tracing.commonness import Population
from stillwatch.tracing.family import Group
from stillwatch.tracing.interchange import interchangeability, payloads
from stillwatch.tracing.skeleton import Keys, Repeated
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate, skeletons

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frozen:
    """A ring as the linking days show it. `accounts`: pseudonyms, ascending; `keys`: the values that link them."""

    accounts: Ints
    keys: Keys
    units: int


@dataclass(frozen=True)
class Tested:
    """The rings that linking days show, and what families say of each on the testing `days` (since 1970, ascending).

    `sent`: what each is compared by with partners' templates, where that was asked for.
    """

    rings: Sequence[Frozen]
    scored: Sequence[Scored]
    days: Ints
    sent: Sequence[Conversations] = ()

    def of_strangers(self) -> list[Scored]:
        """Those of as many organisations as make a ring."""
        return [one for ring, one in zip(self.rings, self.scored, strict=True) if ring.units >= UNITS_AT_LEAST]

    def sent_by_strangers(self) -> list[Conversations]:
        """What these send."""
        rings = self.rings if self.sent else ()
        return [one for ring, one in zip(rings, self.sent, strict=True) if ring.units >= UNITS_AT_LEAST]


def frozen(linking: Half, candidates: Sequence[Candidate], rng: np.random.Generator) -> list[Frozen]:
    """The candidates of the linking days, split as the review splits them."""
    found = linking.seen.accounts
    wanted = [found.account[one.accounts] for one in candidates]
    read = linking.parts(GATHERED_COLUMNS, np.unique(np.concatenate(wanted))) if wanted else iter(())
    return [
        Frozen(found.account[part.accounts], part.keys, len(np.unique(found.unit[part.accounts])))
        for candidate, carried in zip(candidates, gather(candidates, found, read), strict=True)
        for part, _ in split(candidate, carried, found, rng)
    ]


@dataclass(frozen=True)
class Measured:
    """What families say of frozen rings on the days that test, before it is known how usual their words are.

    That moves with every exchange of any day; the rest only when days end. `here`: the rings' accounts on these days,
    as dense indices into `found`; `repeated` and `conversations`: what these repeat. `said` lacks `TEMPLATE`.
    `sent`: as in `Tested`.
    """

    rings: Sequence[Frozen]
    here: Sequence[Candidate]
    found: Accounts
    repeated: Repeated
    conversations: Ints
    said: Sequence[Scored]
    sent: Sequence[Conversations] = ()

    def scored(self, usual: Population, ignored: Keys) -> list[Scored]:
        """With what family `TEMPLATE` says. `usual`: how common values are, as the survey of all days says."""
        skeleton = skeletons(self.repeated, self.conversations, usual, ignored)
        kept = [_kept(skeleton, ring, self.found) if len(ring.keys) else np.empty(0) for ring in self.here]
        return [Scored(said.stratum, {**said.scores, TEMPLATE: own}) for said, own in zip(self.said, kept, strict=True)]


def measured(
    rings: Sequence[Frozen], testing: HeldOut, rng: np.random.Generator, *, with_sent: bool = False
) -> Measured:
    """What each family says of each ring's accounts on the days that test.

    `with_sent`: what they send is kept, for `campaigns.heard`: 2 KB an account.
    """
    found = testing.accounts
    here = [Candidate(np.sort(testing.index(ring.accounts)), ring.keys, 1) for ring in rings]
    worded = [one.accounts for one in here if len(one.keys)]
    repeated, of_each = testing.repeats(np.concatenate(worded) if worded else np.empty(0, np.int64))
    background = {family.name: family.background(testing.table, found) for family in SCORED}
    scores, sent = [], []
    columns = (*COLUMNS, "alliance") if with_sent else COLUMNS
    for candidate, group in zip(here, groups(here, found, testing.parts, columns, rng), strict=True):
        said = {family.name: family.scores(group, background[family.name], rng) for family in SCORED}
        said[COMPLEMENTARITY] = interchangeability(payloads(group), group.units, rng)
        known = {name: values[~np.isnan(values)] for name, values in said.items()}
        scores.append(Scored(_stratum(group, templated=bool(len(candidate.keys))), known))
        sent += [_sent(group, found)] if with_sent else []
    return Measured(rings, here, found, repeated, of_each, scores, sent)


def _sent(group: Group, found: Accounts) -> Conversations:
    slots = np.asarray(group.columns["alliance"], np.uint8)
    sent = conversations(found.account[group.account], group.unit, group.column("conversation"), slots)
    return sent.of(sent.account)


def _kept(skeleton: Repeated, ring: Candidate, found: Accounts) -> Floats:
    """How many of the ring's values each of its units still repeats: the most of any of its accounts."""
    kept = values_shared(skeleton, ring.keys, len(found))[ring.accounts]
    units, unit = np.unique(found.unit[ring.accounts], return_inverse=True)
    most = np.zeros(len(units), np.float64)
    np.maximum.at(most, unit, kept)
    return most


def _stratum(group: Group, *, templated: bool) -> str:
    columns = (group.column(name)[group.carries] for name in ("flags", "intent", "temperature"))
    return group_stratum(*columns, templated=templated)
