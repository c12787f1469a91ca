"""The review in words and numbers: what each family says about each ring, account and group that was let go."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillwatch.campaigns.attribution import attribute
from stillwatch.campaigns.campaign import (
    AccountFinding,
    AccountVerdict,
    Bin,
    Campaign,
    Cleared,
    Link,
    RuleHit,
)
from stillwatch.campaigns.claims import NO_CLAIM, Claim
from stillwatch.campaigns.families import COMPLEMENTARITY, SUBJECTS, TEMPLATE
from stillwatch.campaigns.gather import Carried
from stillwatch.campaigns.heard import NOTHING_HEARD, Heard, Partners
from stillwatch.campaigns.judgement import COMMON_TOOL, Judgement
from stillwatch.campaigns.links import links
from stillwatch.campaigns.objective import objective
from stillwatch.campaigns.profiles import Match, Profile
from stillwatch.campaigns.ring import Ring
from stillwatch.evidence import Evidence, percent
from stillwatch.tracing.rules import RULES
from stillwatch.tracing.skeleton import Keys, Repeated
from stillwatch.tracing.survey import Accounts
from stillwatch.tracing.template import Candidate

Ints = NDArray[np.int64]
Names = Mapping[int, str]

_US_PER_HOUR = 3_600_000_000
_BINS = 96
COVER = "cover"
CALIBRATE_AFRESH = "Calibrate afresh with --calibrate on recent benign traffic"


@dataclass(frozen=True)
class Found:
    """One candidate with all that was made of it.

    `acts_on`: dense indices of the accounts that its e-value, if it passed the false-discovery rule, is about.
    `drifted`: strata whose drift alarm rings and keeps it from being acted on. `said`: what further families say.
    `frozen_as`: its place among the rings that linking days show; None: they do not. `profile`: what it leaves behind;
    `matches`: known operators beside it; `context`: where its addresses lie. `heard`: what partners said that fits it;
    `leans`: without that it would not be acted on.
    """

    candidate: Candidate
    carried: Carried
    ring: Ring
    judgement: Judgement
    named_after: Keys
    claim: Claim = NO_CLAIM
    acts_on: frozenset[int] = frozenset()
    drifted: frozenset[str] = frozenset()
    said: tuple[Evidence, ...] = ()
    frozen_as: int | None = None
    profile: Profile | None = None
    matches: tuple[Match, ...] = ()
    context: tuple[str, ...] = ()
    heard: Heard = NOTHING_HEARD
    leans: bool = False

    def hearing(self, heard: Heard) -> Found:
        """With what partners said that fits it. A tool that honest customers use is not looked at again for it."""
        is_known = self.judgement.reason == COMMON_TOOL
        return replace(self, heard=replace(heard, comes_first=heard.comes_first and not is_known))

    def placed(self, profile: Profile | None, matches: Sequence[Match], context: Sequence[str]) -> Found:
        """With what is known around it, which no verdict rests on."""
        return replace(self, profile=profile, matches=tuple(matches), context=tuple(context))

    def claiming(self, claim: Claim, frozen_as: int | None) -> Found:
        return replace(self, claim=claim, frozen_as=frozen_as)

    def acted_on(self, accounts: Accounts, *, leans: bool) -> Found:
        """With action on those of its accounts that linking days linked: the claim is about that ring."""
        tested = np.isin(accounts.account[self.candidate.accounts], self.claim.accounts)
        return replace(self, acts_on=frozenset(self.candidate.accounts[tested].tolist()), leans=leans)

    def stopped(self, drifted: frozenset[str]) -> Found:
        """Without any action, because honest accounts of these strata are no longer like the benign log's."""
        return replace(self, drifted=drifted, acts_on=frozenset())

    def saying(self, said: Sequence[Evidence]) -> Found:
        """With what further families say, and what may be claimed of it."""
        claimed = self.claim.log_e
        return replace(self, said=tuple(replace(one, log_e=claimed.get(one.family, 0.0)) for one in said))

    @property
    def is_listed(self) -> bool:
        return self.judgement.verdict != "cleared"

    @property
    def log_e(self) -> float:
        """Of all evidence. What partners say is independent of what the log shows of an honest ring: it multiplies."""
        return self.claim.combined + self.heard.log_e

    @property
    def id(self) -> str:
        """Named after one of `named_after`, the one with the least hash: the same wrapper under new accounts, where a
        value more or less may repeat often enough, nearly always keeps its name."""
        values = self.named_after.astype("<u8")
        skeleton = min(hashlib.blake2b(value.tobytes(), digest_size=4).hexdigest() for value in values)
        return f"C-{skeleton}" if self.candidate.pool <= 1 else f"C-{skeleton}-{self.candidate.pool}"


def campaign(found: Found, accounts: Accounts, skeleton: Repeated, names: Names, span: tuple[int, int]) -> Campaign:
    """One listed ring as the report shows it."""
    members = [name_of(account, names) for account in accounts.account[found.candidate.accounts]]
    order = sorted(range(len(members)), key=lambda i: members[i])
    verdict = "campaign" if found.judgement.verdict == "campaign" else "watch"
    return Campaign(
        id=found.id,
        accounts=tuple(members[i] for i in order),
        exchanges=found.ring.exchanges,
        first_us=int(found.carried.when.min()),
        last_us=int(found.carried.when.max()),
        log_e=found.log_e,
        verdict=verdict,  # type: ignore[arg-type]  # one of the two literals by the line above
        stratum=found.ring.stratum,
        objective=objective(found.ring.intents, found.ring.tools),
        evidence=ring_evidence(found),
        attribution=attribute(found.ring, found.matches),
        action=_action(found),
        links=_relabelled(links(found.candidate, skeleton, len(accounts)), order),
        timeline=bins(found.carried.when, found.carried.who, *span),
        context=found.context,
        profile=found.profile,
        comes_first=found.heard.comes_first,
    )


def ring_evidence(found: Found) -> tuple[Evidence, ...]:
    """Each family's sentence, with its numbers; the first says what decided."""
    ring = found.ring
    measured, claimed = ring.complementarity, found.claim.log_e
    said = [
        _linked(ring, claimed.get(TEMPLATE, 0.0)),
        Evidence(
            COMPLEMENTARITY,
            claimed.get(COMPLEMENTARITY, 0.0),
            _sentence(found.judgement.statement) if not ring.shares_infrastructure else _complementarity(ring),
            {
                "excess_variance": round(measured.excess, 5),
                "excess_deviation": round(measured.deviation, 5),
                "shared_turns": round(measured.shared_turns, 4),
                "repeats_within": measured.turns.within,
                "repeats_between": measured.turns.between,
                "exchanges": measured.rows,
                "units": measured.units,
            },
        ),
    ]
    said += found.said + found.heard.said
    if ring.cover_share > 0.1:
        said.append(
            Evidence(
                COVER,
                0.0,
                f"{percent(ring.cover_share)} of these accounts' exchanges do not carry the skeleton: cover, or a "
                "relay's customers",
                {"cover_share": round(ring.cover_share, 4)},
            )
        )
    return tuple(said)


def _linked(ring: Ring, log_e: float) -> Evidence:
    """What links the ring: words, or what its accounts ask about."""
    detail = {"accounts": ring.accounts, "units": ring.units}
    if ring.reference_units:
        detail["common_units"] = ring.common_units
    if not ring.has_wrapper:
        statement = (
            f"{ring.accounts} accounts of {ring.units} organisations cannot be told apart by what they ask about, "
            f"though each has said enough; {_commonness(ring)}"
        )
        return Evidence(SUBJECTS, 0.0, statement, detail)
    statement = (
        f"{ring.accounts} accounts of {ring.units} organisations repeat the same skeleton ({_templates(ring)}, "
        f"typically {ring.typical_agreement:.0f} of its {ring.values} values each); {_commonness(ring)}"
    )
    values = {"values": ring.values, "typical_agreement": ring.typical_agreement, "carried_exchanges": ring.carried}
    return Evidence(TEMPLATE, log_e, statement, {**detail, **values})


def cleared(found: Found, accounts: Accounts, names: Names) -> Cleared:
    """A candidate that was let go, with the reason."""
    members = sorted(name_of(account, names) for account in accounts.account[found.candidate.accounts])
    said = [found.judgement.statement, *(one.statement for one in found.heard.said if found.heard.comes_first)]
    return Cleared(
        found.judgement.reason,
        tuple(members),
        found.ring.units,
        found.ring.exchanges,
        found.ring.stratum,
        _sentence(". But ".join(said)),
        comes_first=found.heard.comes_first,
    )


def heavy_but_alone(
    accounts: Accounts, in_ring: NDArray[np.bool_], strata: Sequence[str], names: Names
) -> list[Cleared]:
    """The heaviest accounts that share nothing with strangers: volume is never a ground."""
    heavy = [i for i in np.argsort(-accounts.exchanges, kind="stable")[:_HEAVY] if not in_ring[i]]
    total = int(accounts.exchanges.sum())
    typical = float(np.median(accounts.exchanges)) if len(accounts) else 0.0
    found = []
    for i in heavy:
        sent = int(accounts.exchanges[i])
        if sent < _HEAVY_TIMES * typical or sent < _HEAVY_AT_LEAST:
            continue
        found.append(
            Cleared(
                "heavy but alone",
                (name_of(accounts.account[i], names),),
                1,
                sent,
                strata[i],
                f"{sent:,} exchanges, {percent(sent / total, 1)} of this log; shares no skeleton with another "
                "organisation, and volume is never a ground",
            )
        )
    return found


_HEAVY = 20
_HEAVY_TIMES = 5
_HEAVY_AT_LEAST = 50


def one_organisation(
    skeleton: Repeated, accounts: Accounts, in_ring: NDArray[np.bool_], strata: Sequence[str], names: Names
) -> list[Cleared]:
    """Organisations whose several accounts share a skeleton among themselves: one customer, several keys."""
    has = np.zeros(len(accounts), bool)
    has[np.unique(skeleton.account)] = True
    has &= ~in_ring & (accounts.organization != 0)
    found = []
    for unit in np.unique(accounts.unit[has]):
        members = np.flatnonzero((accounts.unit == unit) & has)
        if len(members) < 2:
            continue
        found.append(
            Cleared(
                "one organisation",
                tuple(sorted(name_of(accounts.account[i], names) for i in members)),
                1,
                int(accounts.exchanges[members].sum()),
                strata[members[0]],
                f"{len(members)} accounts of one declared organisation with a skeleton of their own: one customer's "
                "application, spread over its keys",
            )
        )
    return sorted(found, key=lambda c: -c.exchanges)[:_HEAVY]


def account_findings(
    found: Sequence[Found],
    accounts: Accounts,
    rules: Sequence[RuleHit],
    strata: Sequence[str],
    names: Names,
    partners: Partners | None = None,
) -> list[AccountFinding]:
    """One finding per account: where it stands and why, and whether partners reported an identifier of it."""
    ring_of: dict[int, Found] = {int(i): f for f in found for i in f.candidate.accounts}
    broke = {hit.account for hit in rules}
    reported = partners.accounts if partners else {}
    return [
        _reported(
            _account(i, name_of(accounts.account[i], names), strata[i], ring_of.get(i), broke),
            reported.get(int(accounts.account[i])),
        )
        for i in range(len(accounts))
    ]


def _reported(finding: AccountFinding, said: Evidence | None) -> AccountFinding:
    """It is looked at before its equals, and that is all."""
    return finding if said is None else replace(finding, evidence=(*finding.evidence, said))


def _account(index: int, name: str, stratum: str, found: Found | None, broke: set[str]) -> AccountFinding:
    verdict: AccountVerdict = "watch" if name in broke else "clear"
    if found is None:
        return AccountFinding(name, stratum, 0.0, verdict, None, ())
    if not found.is_listed:
        said = Evidence(TEMPLATE, 0.0, f"Shares a skeleton and was let go: {found.judgement.statement}")
        return AccountFinding(name, stratum, 0.0, verdict, None, (said,))
    verdict = "act" if index in found.acts_on else "watch"
    how = "Uses the skeleton of" if found.ring.has_wrapper else "Asks about the same things as"
    said = Evidence(
        TEMPLATE if found.ring.has_wrapper else SUBJECTS, found.claim.log_e.get(TEMPLATE, 0.0), f"{how} {found.id}"
    )
    return AccountFinding(name, stratum, found.log_e, verdict, found.id, (said,))


def rule_hits(accounts: Accounts, names: Names) -> list[RuleHit]:
    """Every account that met a decidable rule often enough."""
    found = []
    for rule in RULES:
        counts = accounts.rules[rule.name]
        for i in np.flatnonzero(counts >= rule.at_least):
            count = int(counts[i])
            found.append(
                RuleHit(rule.name, name_of(accounts.account[i], names), count, rule.sentence.format(f"{count:,}"))
            )
    return sorted(found, key=lambda hit: (hit.rule, -hit.exchanges, hit.account))


def bins(when: Ints, who: Ints, first_us: int, last_us: int) -> tuple[Bin, ...]:
    """Exchanges and accounts in equal bars of whole hours from `first_us` to `last_us`."""
    start, width = bin_edges(first_us, last_us)
    place = (when - start) // width
    exchanges = np.bincount(place)
    pairs = np.unique(np.stack([place, who]), axis=1)
    people = np.bincount(pairs[0], minlength=len(exchanges))
    return tuple(
        Bin(int(start + i * width), int(exchanges[i]), int(people[i])) for i in range(len(exchanges)) if exchanges[i]
    )


def bin_edges(first_us: int, last_us: int) -> tuple[int, int]:
    """Start of the first bar and width of all, in microseconds."""
    hours = max(1, math.ceil((last_us - first_us) / _US_PER_HOUR / _BINS))
    width = hours * _US_PER_HOUR
    return first_us // width * width, width


def name_of(pseudonym: int, names: Names) -> str:
    """The name that the log gave, or the pseudonym where names are sealed."""
    return names.get(int(pseudonym)) or f"{int(pseudonym):016x}"


def _action(found: Found) -> str:
    if found.judgement.verdict == "watch":
        return "Watch. No action is justified yet"
    if found.acts_on:
        passes = "Act by policy, in steps that can be undone: the evidence passes the stated false-discovery rate"
        return f"{passes}. {_leaning(found)}" if found.leans else passes
    if found.drifted:
        which = f"{'stratum' if len(found.drifted) == 1 else 'strata'} {', '.join(sorted(found.drifted))}"
        return f"Have a person review it before any action: the drift alarm rings for {which}. {CALIBRATE_AFRESH}"
    return "Have a person review it before any action: the calibration does not support acting at the stated rate"


def _leaning(found: Found) -> str:
    """On what terms a ring is acted on that would not be without partners."""
    own, times = math.exp(found.claim.combined), math.exp(found.heard.log_e)
    return (
        f"Without what partners told it would not: its own e-value is {own:,.0f}, and their word makes it {times:.1f} "
        "times that. When their claim is suspended, withdrawn or has ended, this ends too; and if what they say were "
        f"wrong wherever it fits, the rate would be up to {times:.1f} times the stated one"
    )


def _templates(ring: Ring) -> str:
    return "one template" if ring.templates == 1 else f"{ring.templates} templates"


def _commonness(ring: Ring) -> str:
    if ring.reference_units == 0:
        return "how common it is elsewhere is not known without a benign log"
    does = "use it" if ring.has_wrapper else "ask so"
    return f"{ring.common_units} of {ring.reference_units} organisations of the benign reference {does}"


def _complementarity(ring: Ring) -> str:
    measured = ring.complementarity
    return (
        f"Between organisations lies {percent(measured.excess, 1)} of the payloads' variance beyond chance (at most "
        f"{percent(measured.upper, 1)}), "
        f"and {percent(measured.shared_turns)} of the exchanges were also sent by another one"
    )


def _relabelled(found: Sequence[Link], order: Sequence[int]) -> tuple[Link, ...]:
    position = {old: new for new, old in enumerate(order)}
    ends = [sorted((position[link.left], position[link.right])) for link in found]
    return tuple(replace(link, left=left, right=right) for link, (left, right) in zip(found, ends, strict=True))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
