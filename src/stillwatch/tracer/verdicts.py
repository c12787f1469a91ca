"""Which verdicts should be in force, and what has to change: functions of a look, the journal and the policy.

What has to change is the difference to what is in force, so that a look that changes nothing writes nothing, and a
tracer that was killed between two changes makes the second one when it is back.

    campaign, at this look            its verdict
    evidence supports action          over just the accounts of the action; given again before it ends
    some accounts are let go          replaced, without these
    judged otherwise, or at rest      lifted
    merged into another               lifted, after the other's has been given
    not seen                          stays until it ends, and is not given again

An account that joined stays while the look that could have seen it has it in the campaign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stillwatch.decision.policy import Automatic
from stillwatch.decision.verdict import Step, Verdict
from stillwatch.tracer.given import BY, Given, Kind, Series
from stillwatch.tracer.seen import Seen, SeenCampaign

US_PER_DAY = 86_400_000_000
RENEWED_AT = 0.25
"""Share of its time that is left when a verdict is given again. Chosen: of seven days, two for a look to come."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A verdict as it should be."""

    accounts: frozenset[str]
    step: Step
    reasons: tuple[str, ...]
    days: float


@dataclass(frozen=True, slots=True)
class Lift:
    """A verdict of the tracer's that is to be undone, and why."""

    id: str
    reason: str


Change = Verdict | Lift


def after_look(seen: Seen, given: Given, automatic: Automatic, now_us: int) -> list[Change]:
    """What to give and to lift after a look, in this order."""
    wanted: dict[Series, Wanted] = {}
    unwanted: dict[Series, str] = {}
    listed = {campaign.id: campaign for campaign in seen.campaigns}
    for campaign in seen.campaigns:
        wanted |= _of_campaign(campaign, given, automatic, seen.register.alpha)
    for series in given.in_force(now_us):
        if series not in wanted and series.kind is not Kind.JOINED:
            reason = _why_not(series, listed.get(series.campaign), seen)
            unwanted |= {series: reason} if reason else {}
    for id in {series.campaign for series in given.in_force(now_us)}:
        kept, dropped = _of_joined(id, listed.get(id), seen, given, automatic, now_us)
        wanted |= kept
        unwanted |= dropped
    return [*changes(wanted, given, now_us), *lifted(unwanted, given, now_us)]


def changes(wanted: Mapping[Series, Wanted], given: Given, now_us: int) -> Iterator[Verdict]:
    """The verdicts to give: those that are new, have changed, or end soon. Those that name more accounts come first."""
    in_force = given.in_force(now_us)
    found = []
    for series, want in wanted.items():
        held = in_force.get(series)
        if held is None or not _is_kept(held, want, now_us):
            shrinks = held is not None and want.accounts < frozenset(held.accounts)
            found.append((shrinks, series, want))
    for _, series, want in sorted(found, key=lambda one: one[:2]):
        ends = now_us + int(want.days * US_PER_DAY)
        accounts, campaign = tuple(sorted(want.accounts)), series.campaign
        yield Verdict(given.id_for(series), want.step, accounts, want.reasons, BY, now_us, ends, campaign)


def lifted(unwanted: Mapping[Series, str], given: Given, now_us: int) -> Iterable[Lift]:
    """The verdicts to lift, with the reason for each."""
    in_force = given.in_force(now_us)
    return [Lift(in_force[series].id, reason) for series, reason in sorted(unwanted.items()) if series in in_force]


def _is_kept(held: Verdict, want: Wanted, now_us: int) -> bool:
    """Whether what is in force says all that is wanted, and will for a while. Sentences alone change nothing."""
    left = held.expires_us - now_us
    is_fresh = left > RENEWED_AT * (held.expires_us - held.made_us)
    return held.step == want.step and frozenset(held.accounts) == want.accounts and is_fresh


def _of_campaign(campaign: SeenCampaign, given: Given, automatic: Automatic, alpha: float) -> dict[Series, Wanted]:
    """Over those who may be acted on, and over those who are only shown."""
    held = given.held(campaign.id)
    acted = campaign.acted - held if automatic.act is not None else frozenset[str]()
    wanted = {}
    if acted and automatic.act is not None:
        reasons = (*campaign.evidence, campaign.action, _rate(alpha))
        wanted[Series(campaign.id, Kind.ACTED)] = Wanted(acted, automatic.act, reasons, automatic.days)
    shown = campaign.accounts - acted - held
    if automatic.shown is not None and shown and campaign.is_campaign and not campaign.rests:
        reasons = (*campaign.evidence, campaign.action)
        wanted[Series(campaign.id, Kind.SHOWN)] = Wanted(shown, automatic.shown, reasons, automatic.days)
    return wanted


def _of_joined(
    id: str, campaign: SeenCampaign | None, seen: Seen, given: Given, automatic: Automatic, now_us: int
) -> tuple[dict[Series, Wanted], dict[Series, str]]:
    """Accounts that joined: those that the look has in the campaign stay, those that it could not know do too."""
    wanted: dict[Series, Wanted] = {}
    unwanted: dict[Series, str] = {}
    for series, verdict, since_us in given.joined(id, now_us):
        if campaign is not None and series.account in campaign.acted:
            unwanted[series] = f"it is acted on as one of {id}"
        elif automatic.joined is None:
            unwanted[series] = "the policy leaves accounts that join to people"
        elif campaign is not None and series.account in campaign.accounts:
            step, days = automatic.joined, automatic.joined_days
            wanted[series] = Wanted(frozenset(verdict.accounts), step, verdict.reasons, days)
        elif since_us < seen.asked_us:
            unwanted[series] = f"the look after it joined does not have it in {id}"
    return wanted, unwanted


def _why_not(series: Series, campaign: SeenCampaign | None, seen: Seen) -> str:
    """Why a verdict that is in force is not supported; empty where the look says nothing about its campaign."""
    if campaign is not None:
        return f"the look does not support it: {campaign.action}"
    known = seen.register.campaigns.get(series.campaign)
    if known is None or known.status == "dormant":
        return ""
    if known.status == "merged":
        return f"its accounts are in {known.merged_into} now"
    return "the look lets these accounts go"


def _rate(alpha: float) -> str:
    share = f"{100 * alpha:g} %"
    return f"Of the campaigns ever acted on by this rule, at most {share} in the mean are of honest accounts alone"
