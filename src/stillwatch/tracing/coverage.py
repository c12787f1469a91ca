"""Evidence family "coverage": does an account keep finding new topics, as who collects a training set must?

Diversity is what such a set is paid for: every conversation of a unit brings a new cell of topic space (`topic_cells`),
while a person, an app and a tool's user come back to few. Measured is growth and not volume: the expected number of
distinct cells in `DRAWN` conversations picked from all of a unit's, in closed form, so that twenty and five thousand
conversations are comparable.

    E[D_m] = sum over cells j of 1 - C(N - c_j, m) / C(N, m)        N conversations, c_j of them in cell j

What all say, a shared wrapper, is taken out by the mean of the *other* units: a unit with subjects of its own keeps
them as an offset and fills few cells. The score is the mean log ratio, over resolutions, to accounts of the same
stratum from which their *own* mean is taken: at 0 the unit covers its group's space as widely as accounts their own.

Null: a unit of the group covers topics as units of honest groups do (strangers with one tool, a class, an office).
Assumption: the words of a conversation's first payload carry its subject; conversations of a unit are exchangeable.
Weakness: evaluations on release day, resellers with many customers, search apps and licensed makers of training data
cover as widely, honestly; who gives each account a topic of its own, or few conversations, is not seen.
Source: Hurlbert (1971), "The nonconcept of species diversity", Ecology 52(4), equation 14.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import ibis
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from stillwatch.evidence import Evidence
from stillwatch.tracing.bystanders import bystanders, fixed_width
from stillwatch.tracing.family import Group, Kin
from stillwatch.tracing.peers import PEER_COLUMNS, called, strata_of, stratum_of
from stillwatch.tracing.strata import asks
from stillwatch.tracing.survey import Accounts, fixed_rows
from stillwatch.tracing.topic_cells import BITS, TABLES, finest_cells, scaling, within_covariance

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DRAWN = 8
"""Conversations drawn: few, so that accounts of the published two dozen exchanges a day are measured within a day."""
CONVERSATIONS_AT_LEAST = 12
"""Below, what a unit covers is mostly chance."""
CONVERSATIONS_AT_MOST = 256
"""Of a unit, evenly over what is known of it: more do not make the mean visibly surer."""
CONVERSATIONS_OF_A_PEER = 64
"""Of an account of the log, those with the lowest keyed hashes: a stratum's curve is a mean over accounts."""
PEERS_AT_LEAST = 20
"""Accounts of a stratum that make a curve of its own; below, all strata's curve is used."""
_CENTRE_ROWS = 64  # a unit's mean is as good as this many rows make it; more do not give it more say in the centre
_OPENING_ID = 1 << 40  # exchange ids are cut to this to break ties between openings


@dataclass(frozen=True)
class Curves:
    """How many cells accounts of the log fill in `DRAWN` conversations, their own mean taken out.

    `usual`: (64, 64) covariance of payloads around their account's mean. `distinct`: by stratum, (resolutions,).
    """

    usual: Floats
    distinct: dict[str, Floats] = field(default_factory=dict)
    everybody: Floats = field(default_factory=lambda: uniform())
    accounts: int = 0

    def of(self, stratum: str) -> Floats:
        """(resolutions,) What is usual in a stratum."""
        return self.distinct.get(stratum, self.everybody)


class Coverage:
    """The family. Its background is `Curves`."""

    name = "coverage"
    kin = Kin.CONTENT
    columns = ("projection", "conversation", "messages", "exchange_id", *PEER_COLUMNS)
    null = "a unit's conversations reach new topics no faster than those of units in honest groups"
    assumption = "the words of the first payload carry a conversation's subject; honest groups of a log are alike"
    weakness = (
        "evaluations, resellers, search apps and licensed makers of training data cover as widely, honestly; blind "
        "where each account has a topic of its own"
    )

    def background(self, table: ibis.Table, found: Accounts) -> Curves:
        """The curves of a bounded sample of accounts, see `bystanders`."""
        openings = fixed_width(_openings(bystanders(table, found, "conversation")).to_pyarrow())
        openings = openings.sort_by([("account", "ascending"), ("conversation", "ascending")])
        index = found.index(openings.column("account").to_numpy())
        place = np.arange(len(index)) - np.searchsorted(index, index)
        some = np.flatnonzero(place < CONVERSATIONS_OF_A_PEER)
        rows = fixed_rows(openings, "projection", some).view(np.int8).astype(np.float64)
        said = rows.any(axis=1)
        return curves(index[some][said], rows[said], np.array(strata_of(found, np.arange(len(found)))))

    def scores(self, group: Group, background: Curves, rng: np.random.Generator) -> Floats:
        """(units,) Mean log ratio of cells filled to what is usual; NaN below `CONVERSATIONS_AT_LEAST`."""
        unit, rows = openings_of(group, rng)
        distinct = covered(unit, rows, group.units, background.usual)
        usual = background.of(stratum_of(group))
        return np.asarray(np.log(distinct / usual).mean(axis=1), np.float64)

    def statement(self, group: Group, background: Curves) -> Evidence | None:
        """How many topics a typical unit's conversations reach, beside accounts of its stratum."""
        unit, rows = openings_of(group, np.random.default_rng(0))
        distinct = covered(unit, rows, group.units, background.usual)
        measured = int(np.isfinite(distinct[:, 0]).sum())
        if measured < 2:
            return None
        stratum, place = stratum_of(group), BITS.index(5)
        typical, usual = float(np.nanmedian(distinct[:, place])), float(background.of(stratum)[place])
        text = (
            f"{DRAWN} conversations of a typical account reach {typical:.1f} of {2 ** BITS[place]} topic cells, with "
            f"what all of the group say taken out; an ordinary account of the {called(stratum)} reaches {usual:.1f} "
            f"around its own mean ({measured} units of {CONVERSATIONS_AT_LEAST} conversations or more)"
        )
        detail = {"units": measured, "cells": round(typical, 3), "usual_cells": round(usual, 3)}
        return Evidence(self.name, 0.0, text, detail | {"compared_with": called(stratum)})


def _openings(rows: ibis.Table) -> ibis.Table:
    """One row a conversation: the payload of its shortest dialogue, ties broken by the exchange's id."""
    first = rows.messages.cast("int64") * _OPENING_ID + rows.exchange_id % _OPENING_ID
    return rows.group_by("account", "conversation").aggregate(projection=rows["projection"].argmin(first))


def openings_of(group: Group, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Unit and projection of each conversation's opening, at most `CONVERSATIONS_AT_MOST` of a unit.

    Of a group that shares a wrapper, conversations that carry it: what else an account does is not the work.
    """
    chosen = group.carries if group.carries.any() else np.ones(len(group.unit), bool)
    rows = group.columns["projection"]
    asked = asks(group.column("flags"))
    kept = np.flatnonzero(chosen & asked & rows.any(axis=1))
    first = group.column("messages") * _OPENING_ID + group.column("exchange_id") % _OPENING_ID
    conversation = group.column("conversation")
    order = kept[np.lexsort((first[kept], conversation[kept], group.unit[kept]))]
    pair = np.stack([group.unit[order], conversation[order]])
    is_opening = np.ones(len(order), bool)
    is_opening[1:] = (pair[:, 1:] != pair[:, :-1]).any(axis=0)
    some = _at_most(group.unit[order[is_opening]], rng)
    taken = order[is_opening][some]
    return group.unit[taken], rows[taken].astype(np.float64)


def _at_most(unit: Ints, rng: np.random.Generator) -> Ints:
    """Places of at most `CONVERSATIONS_AT_MOST` rows of each unit, by chance; `unit` ascends."""
    order = np.lexsort((rng.random(len(unit)), unit))
    place = np.arange(len(unit)) - np.searchsorted(unit, unit)
    return np.sort(order[place < CONVERSATIONS_AT_MOST])


def covered(unit: Ints, rows: Floats, units: int, usual: Floats) -> Floats:
    """(units, resolutions) Expected distinct cells in `DRAWN` conversations, the other units' mean taken out.

    NaN for units with too few conversations, and for all where there is nobody else.
    """
    sizes = np.bincount(unit, minlength=units)
    if np.count_nonzero(sizes) < 2:
        return np.full((units, len(BITS)), np.nan)
    means = _sums(unit, rows, units) / np.maximum(sizes, 1)[:, None]
    weights = np.minimum(sizes, _CENTRE_ROWS)[:, None].astype(np.float64)
    others = ((weights * means).sum(axis=0) - weights * means) / np.maximum(weights.sum() - weights, 1)
    turned = (rows - others[unit]) @ scaling(rows - means[unit], usual)
    return distinct_cells(unit, turned, units)


def curves(account: Ints, rows: Floats, strata: NDArray[np.str_]) -> Curves:
    """What is usual. `account`: (n,) dense; `rows`: (n, 64); `strata`: of every account."""
    sizes = np.bincount(account, minlength=len(strata))
    centred = rows - (_sums(account, rows, len(strata)) / np.maximum(sizes, 1)[:, None])[account]
    usual = within_covariance(centred)
    distinct = distinct_cells(account, centred @ scaling(centred, usual), len(strata))
    known = np.isfinite(distinct[:, 0])
    found = {
        str(name): distinct[known & (strata == name)].mean(axis=0)
        for name in np.unique(strata[known])
        if (known & (strata == name)).sum() >= PEERS_AT_LEAST
    }
    enough = int(known.sum()) >= PEERS_AT_LEAST
    return Curves(usual, found, distinct[known].mean(axis=0) if enough else uniform(), int(known.sum()))


def distinct_cells(unit: Ints, rows: Floats, units: int) -> Floats:
    """(units, resolutions) Expected distinct cells in `DRAWN` of each unit's rows; NaN where there are too few."""
    cell = finest_cells(rows)
    return np.stack([_rarefied(unit, cell & (2**bits - 1), 2**bits, units) for bits in BITS], axis=1)


def _rarefied(unit: Ints, cell: Ints, count: int, units: int) -> Floats:
    """(units,) Hurlbert's expectation, the mean over sets of directions. `cell`: (n, TABLES)."""
    sizes = np.bincount(unit, minlength=units)
    keys = ((unit[:, None] * TABLES + np.arange(TABLES)) * count + cell).ravel()
    found, held = np.unique(keys, return_counts=True)
    owner = found // (count * TABLES)
    chance = 1.0 - missed(sizes[owner], held, DRAWN)
    distinct = np.bincount(owner, weights=chance, minlength=units) / TABLES
    return np.where(sizes >= CONVERSATIONS_AT_LEAST, distinct, np.nan)


def missed(of: Ints, held: Ints, drawn: int) -> Floats:
    """The chance that none of `held` among `of` is drawn: C(of - held, drawn) / C(of, drawn)."""
    left = of - held
    possible = left >= drawn
    n, k = np.maximum(of, drawn).astype(np.float64), np.maximum(left, drawn).astype(np.float64)
    log = gammaln(k + 1) - gammaln(k - drawn + 1) - gammaln(n + 1) + gammaln(n - drawn + 1)
    return np.asarray(np.where(possible, np.exp(log), 0.0), np.float64)


def uniform() -> Floats:
    """(resolutions,) Distinct cells in `DRAWN` conversations if all cells were equally likely."""
    count = 2.0 ** np.array(BITS)
    return np.asarray(count * (1.0 - (1.0 - 1.0 / count) ** DRAWN), np.float64)


def _sums(unit: Ints, rows: Floats, units: int) -> Floats:
    total = np.zeros((units, rows.shape[1]))
    np.add.at(total, unit, rows)
    return total
