"""Evidence that is added up from look to look, and who may be acted on because of it.

Hypothesis: "the accounts of this campaign are honest, whenever they were tried". One for each campaign, entered with a
part of alpha when evidence was first asked about it (`online_fdr.share_together`). Its k-th trial adds 1 / (k (k + 1))
times its e-value, and only days after the last one that was used for it count. The sum never falls, and its mean is at
most 1 under the null however its trials hang together, so an honest habit that shows at every look is not multiplied.

Promise: of the campaigns that were ever acted on, the share whose accounts were all honest has a mean of at most alpha,
at the worst look, under any dependence between campaigns and looks (`online_fdr.joining`). Condition: each trial's mean
is at most 1 given what earlier looks have shown. It says nothing about single accounts of a campaign: action is limited
to those that were tried, and a guilty campaign may have swept in an innocent account.

Void when somebody chooses the moment of a look by evidence that no look has shown (a hunt without the register in
between), when only the rings that look worst are handed in, or when trials use the days that linked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from stillwatch.standing.register import Hypothesis, Known, Register
from stillwatch.standing.sighting import Sighting, Trial
from stillwatch.stats.online_fdr import joining, share_together, telescope
from stillwatch.stats.resolution import largest_log_e


def entered(register: Register, ids: Sequence[str]) -> Register:
    """With a hypothesis for each of these campaigns that has none; those of one look get equal parts of alpha."""
    new = sorted({one for one in ids if register.campaigns[one].hypothesis is None})
    share = share_together(register.hypotheses, len(new))
    opened = [replace(register.campaigns[one], hypothesis=Hypothesis(share)) for one in new]
    return replace(register.with_campaigns(opened), hypotheses=register.hypotheses + len(new))


def is_fresh(known: Known, trial: Trial) -> bool:
    """Whether these days have not been used for this campaign, or the one that it comes from."""
    return trial.first_day > known.tried_through


def tried(known: Known, trial: Trial | None) -> Known:
    """With the evidence of a trial on days that were not used before; other trials change nothing."""
    held = known.hypothesis
    if trial is None or held is None or not is_fresh(known, trial):
        return known
    number = held.trials + 1
    gain = math.log(telescope(number)) + trial.log_e
    accounts = held.accounts
    if not held.is_discovery or gain >= -math.log(held.level):  # who joined later needs evidence of its own
        accounts = accounts | trial.accounts
    return replace(
        known,
        hypothesis=replace(held, trials=number, log_e=_log_sum(held.log_e, gain), accounts=accounts),
        tried_from=trial.first_day if known.tried_from < 0 else known.tried_from,
        tried_through=trial.last_day,
    )


def discovered(register: Register, seen: Mapping[str, Sighting], withheld: frozenset[str]) -> Register:
    """With the discoveries of this look: judged campaigns, beside no stratum of `withheld`, whose evidence is enough.

    Evidence counts up to what the benign reference carries (`resolution.largest_log_e`), so nothing is rejected at a
    level finer than 1/(units + 1).
    """
    open_ones = {
        one: held
        for one, ring in seen.items()
        if ring.verdict == "campaign"
        and not ring.strata & withheld
        and (held := register.campaigns[one].hypothesis) is not None
        and not held.is_discovery
    }
    names = sorted(open_ones)
    log_e = [min(open_ones[one].log_sum, largest_log_e(seen[one].units)) for one in names]
    shares = [open_ones[one].share for one in names]
    passed = joining(log_e, shares, register.found, register.alpha)
    found = register.found + len(passed)
    changed = []
    for place in passed:
        level = register.alpha * shares[place] * found
        rejected = replace(open_ones[names[place]], level=level)
        changed.append(replace(register.campaigns[names[place]], hypothesis=rejected))
    return register.with_campaigns(changed)


def next_level(register: Register, held: Hypothesis) -> float:
    """The level at which this hypothesis would be rejected if it were the only one to join now."""
    return register.alpha * held.share * (register.found + 1)


def is_due(known: Known, day: int) -> bool:
    """Whether to try a campaign again: as many days have passed since its trials as these have used.

    Each trial is then worth as much as all before it, and a campaign of a month is tried six times and not thirty;
    the weights 1 / (k (k + 1)) stay large. The rule looks at the calendar alone, so it may be used freely.
    """
    used = known.tried_through - known.tried_from + 1
    return known.tried_through < 0 or day - known.tried_through >= used


def _log_sum(so_far: float | None, gain: float) -> float | None:
    if gain == -math.inf:
        return so_far
    return gain if so_far is None else float(np.logaddexp(so_far, gain))
