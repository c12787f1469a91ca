"""What a suspect's answers to probes show: which account's conventions it prefers, by an exact test of the draw.

Null: the suspect's training has nothing to do with what was served to the account. Which of the alternatives was served
is then a draw that it knows nothing of, so ranks are uniform and independent over conventions, and p is exact whatever
the suspect says and whatever it likes best. Accounts are tried together (Holm). As in every audit there is no p-value
unless nothing is found where there is nothing to find: draws of nobody's on the same answers, and a control that never
saw marked text under the accounts' own draws.

A convention shows in an answer to one of its probes where its value stands there as a word. Survives a rewording of
answers as far as names and turns of phrase do; a list of names that is exchanged as a whole takes it away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from stillwatch.audit.finding import PANEL_LEVEL, Refused
from stillwatch.audit.marker_record import MarkerPlan
from stillwatch.audit.markers import Marker, all_together, rank, together
from stillwatch.audit.recording import Recording
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.conventions import ALTERNATIVES, ConventionKey, catalogue
from stillwatch.watermark.detect import family

_BROKEN = 1e-4
"""As in `finding`: what comes by chance less often says that something is wrong."""

Shown = Mapping[str, Counter[str]]
"""By convention: in how many answers each value of its pool is shown."""


@dataclass(frozen=True, slots=True)
class OfMarker:
    """One convention of one account. `rank` from 1 to the alternatives; counts are of answers."""

    name: str
    served: str
    rank: int
    shown: int
    of_all: int


@dataclass(frozen=True, slots=True)
class OfAccount:
    """One account. `p` alone, `adjusted` among all accounts, `log_e` the natural logarithm of its e-value.

    `answer`: "found", "not shown", or "cannot tell" where nothing of its conventions is shown at all.
    """

    account: str
    markers: tuple[OfMarker, ...]
    p: float
    adjusted: float
    log_e: float
    answer: str


@dataclass(frozen=True, slots=True)
class Probed:
    """`crossed` of `wrong_draws` came to 1 % or less; `control`: the smallest p of the clean control's."""

    accounts: tuple[OfAccount, ...]
    answers: int
    wrong_draws: int
    crossed: int
    control: float


def questions() -> list[str]:
    """Every probe of the catalogue: whose conventions are looked for does not show in what is asked."""
    return [probe for one in catalogue() for probe in one.probes]


def shown_in(recording: Recording) -> Shown:
    """What the answers show."""
    return {
        one.name: _shown(one.pool, [text for probe in one.probes for text in recording.answers.get(probe, ())])
        for one in catalogue()
    }


def probed(plan: MarkerPlan, key: ConventionKey, suspect: Recording, control: Recording) -> Probed | Refused:
    """The finding, or why there is none."""
    ours, theirs = shown_in(suspect), shown_in(control)
    wrong = [_of(key, f"draw {number} of {plan.digest}", plan, ours) for number in range(plan.wrong_draws)]
    crossed = sum(one.p <= PANEL_LEVEL for one in wrong)
    clean = min(family([_of(key, account, plan, theirs).p for account in plan.accounts]))
    answers, of_control = (sum(map(len, one.answers.values())) for one in (suspect, control))
    reasons = []
    if not answers or not of_control:
        reasons.append(f"the suspect gave {answers} answers and the clean control {of_control}")
    if chance_of_so_many(crossed, plan.wrong_draws, PANEL_LEVEL) < _BROKEN:
        reasons.append(f"the test is out of order: {crossed} of {plan.wrong_draws} draws of nobody's are found at 1 %")
    if clean < _BROKEN:
        reasons.append(f"a model that saw no mark is found with p {clean:.1e} under {len(plan.accounts)} draws")
    if reasons:
        return Refused(tuple(reasons))
    return Probed(_judged(plan, key, ours), answers, plan.wrong_draws, crossed, clean)


def _judged(plan: MarkerPlan, key: ConventionKey, shown: Shown) -> tuple[OfAccount, ...]:
    alone = [_of(key, account, plan, shown) for account in plan.accounts]
    return tuple(
        OfAccount(one.account, one.markers, one.p, adjusted, one.log_e, _answer(one, adjusted, plan.level))
        for one, adjusted in zip(alone, family([one.p for one in alone]), strict=True)
    )


def _of(key: ConventionKey, account: str, plan: MarkerPlan, shown: Shown) -> OfAccount:
    drawn = [Marker(one.name, one.alternatives, one.served) for one in key.drawn(account, plan.count)]
    markers = tuple(
        OfMarker(
            one.name,
            one.served,
            rank(one, shown[one.name]),
            shown[one.name][one.served],
            sum(shown[one.name][value] for value in one.alternatives),
        )
        for one in drawn
    )
    p = together([one.rank for one in markers], ALTERNATIVES)
    return OfAccount(account, markers, p, p, all_together(drawn, [shown[one.name] for one in drawn]), "")


def _answer(one: OfAccount, adjusted: float, level: float) -> str:
    if not any(marker.of_all for marker in one.markers):
        return "cannot tell"
    return "found" if adjusted <= level else "not shown"


def _shown(pool: tuple[str, ...], texts: list[str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for value in pool:
        word = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
        found[value] = sum(word.search(text) is not None for text in texts)
    return found
