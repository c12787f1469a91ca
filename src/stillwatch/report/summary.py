"""The first screen: what was found, how sure that is, and what to do, in sentences that a manager can act on."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.campaigns.campaign import Campaign, Review
from stillwatch.report.order import campaigns_by_weight
from stillwatch.report.wording import (
    capitalize_first,
    clipped,
    count,
    counted,
    dates,
    duration,
    e_value,
    moment,
    one_in,
    one_in_level,
    percent,
    sentence,
    supports_claim,
)

_NAMED = 3  # chosen: campaigns told on the first screen; the table below it has all


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the header with what it counts."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and the campaign that it is about where it is about one: its place by weight."""

    text: str
    subject: str = ""
    place: int = -1


@dataclass(frozen=True, slots=True)
class Summary:
    """The first screen as sentences."""

    headline: str
    figures: tuple[Figure, ...]
    found: tuple[Line, ...]
    sure: tuple[Line, ...]
    to_do: tuple[Line, ...]


def summary(review: Review) -> Summary:
    campaigns = campaigns_by_weight(review)
    return Summary(
        headline=_headline(review, campaigns),
        figures=_figures(review),
        found=_found(review, campaigns),
        sure=_sure(review, campaigns),
        to_do=_to_do(review, campaigns),
    )


def flagged_accounts(review: Review) -> int:
    """Accounts in any campaign or ring to watch, each counted once."""
    return len({account for campaign in review.campaigns for account in campaign.accounts})


def accounts_let_go(review: Review) -> int:
    """Accounts in groups that looked like a campaign and were let go, each counted once."""
    return len({account for group in review.cleared for account in group.accounts})


def flagged_exchanges(review: Review) -> int:
    return sum(campaign.exchanges for campaign in review.campaigns)


def _headline(review: Review, campaigns: list[Campaign]) -> str:
    if review.exchanges == 0:
        return "Nothing to report: the input holds no exchanges"
    clear = f"{counted(_clear(review), 'account')} clear"
    if not campaigns:
        return f"No campaign found; {clear}"
    named = sum(campaign.verdict == "campaign" for campaign in campaigns)
    watched = len(campaigns) - named
    parts = [counted(named, "campaign")] if named else []
    parts += [f"{counted(watched, 'ring')} to watch"] if watched else []
    share = percent(flagged_exchanges(review), review.exchanges)
    accounts = counted(flagged_accounts(review), "account")
    return f"{' and '.join(parts)}: {accounts}, {share} of all exchanges; {clear}"


def _figures(review: Review) -> tuple[Figure, ...]:
    rejected = percent(review.rejected, review.exchanges + review.rejected)
    return (
        Figure(count(review.exchanges), "exchanges read"),
        Figure(count(review.account_count), "accounts"),
        _period(review),
        Figure(count(review.rejected), f"rows rejected ({rejected})"),
    )


def _period(review: Review) -> Figure:
    if not review.exchanges:
        return Figure("none", "period")
    return Figure(
        duration(review.first_us, review.last_us), f"{moment(review.first_us)} to {moment(review.last_us)} UTC"
    )


def _found(review: Review, campaigns: list[Campaign]) -> tuple[Line, ...]:
    if review.exchanges == 0:
        return (Line("The input held no exchange that could be read: there is nothing to say about anybody in it."),)
    if not campaigns:
        return (Line("No set of accounts acted as one in a way that the evidence can carry."), *_let_go(review))
    told = [Line(_one_found(review, c), clipped(c.id), place) for place, c in enumerate(campaigns[:_NAMED])]
    more = len(campaigns) - _NAMED
    rest = [Line(f"{counted(more, 'other follows', 'others follow')} below.")] if more > 0 else []
    return (*told, *rest, *_let_go(review))


def _one_found(review: Review, campaign: Campaign) -> str:
    objective = f" Likely objective: {sentence(campaign.objective)}" if campaign.objective else ""
    return (
        f"{counted(len(campaign.accounts), 'account')} {_acted(review, campaign)}, "
        f"{dates(campaign.first_us, campaign.last_us)}, with {counted(campaign.exchanges, 'exchange')} "
        f"({percent(campaign.exchanges, review.exchanges)} of all).{objective}"
    )


def _acted(review: Review, campaign: Campaign) -> str:
    """No stronger than the verdict, and no stronger than the evidence."""
    if campaign.verdict == "watch":
        return "may belong together"
    return "acted as one" if supports_claim(campaign.log_e, review.alpha) else "look like one operation"


def _let_go(review: Review) -> tuple[Line, ...]:
    if not review.cleared:
        return ()
    accounts = counted(accounts_let_go(review), "account")
    verb = "was" if len(review.cleared) == 1 else "were"
    return (
        Line(
            f"{counted(len(review.cleared), 'group')} ({accounts}) looked like a campaign, "
            f"{verb} examined and {verb} not flagged."
        ),
    )


def _sure(review: Review, campaigns: list[Campaign]) -> tuple[Line, ...]:
    level = one_in_level(review.alpha)
    around = tuple(Line(sentence(check.statement)) for check in review.drift if check.alarm == "rings")
    around += (Line(sentence(f"Other providers: {review.partners}")),) if review.partners else ()
    if not campaigns:
        return (
            *around,
            Line(f"The run was asked for a level of {level}."),
            Line("Finding nothing is no proof that there is nothing: see the blind spots at the end."),
        )
    carried = [c for c in campaigns if supports_claim(c.log_e, review.alpha)]
    leads = [c for c in campaigns if not supports_claim(c.log_e, review.alpha)]
    return (
        *around,
        *_carried(carried, len(campaigns), level),
        *_leads(leads),
        Line("These numbers speak about chance. They are not the probability that a person did something wrong."),
    )


def _carried(carried: list[Campaign], of: int, level: str) -> tuple[Line, ...]:
    if not carried:
        return ()
    weakest = min(carried, key=lambda c: (c.log_e, c.id))
    if of == 1:
        stands = "It stands on evidence above the level of this run"
    elif len(carried) == 1:
        stands = f"1 of the {count(of)} stands on evidence above the level of this run"
    else:
        all_or_some = f"All {count(of)}" if len(carried) == of else f"{count(len(carried))} of the {count(of)}"
        stands = f"{all_or_some} stand on evidence above the level of this run"
    which = f"the weakest of them, {clipped(weakest.id)}" if len(carried) > 1 else clipped(weakest.id)
    return (
        Line(f"{stands} ({level})."),
        Line(
            f"For {which}, ordinary traffic would give an e-value of {e_value(weakest.log_e)} or more with a "
            f"probability of at most {one_in(weakest.log_e)}."
        ),
    )


def _leads(leads: list[Campaign]) -> tuple[Line, ...]:
    if not leads:
        return ()
    names = _names([clipped(c.id) for c in leads])
    lead = "a lead" if len(leads) == 1 else "each is a lead"
    text = f"For {names} the calibration does not support a claim: {lead} for a person to look at."
    return (Line(text),)


def _to_do(review: Review, campaigns: list[Campaign]) -> tuple[Line, ...]:
    if not campaigns:
        hits = len(review.rules)
        rules = (Line(f"Look at the {counted(hits, 'rule hit')} below."),) if hits else ()
        return (Line("No action is proposed."), *rules)
    proposed = [
        Line(capitalize_first(sentence(c.action)) or "No action is proposed.", clipped(c.id), place)
        for place, c in enumerate(campaigns[:_NAMED])
    ]
    more = len(campaigns) - _NAMED
    rest = [Line(f"{counted(more, 'more proposal is', 'more proposals are')} below.")] if more > 0 else []
    caution = (
        "Have a person read the evidence before anything touches a customer: every action is reversible and can be "
        "appealed."
    )
    return (*proposed, *rest, Line(caution))


def _names(names: list[str]) -> str:
    if len(names) <= _NAMED:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{', '.join(names[:_NAMED])} and {counted(len(names) - _NAMED, 'other')}"


def _clear(review: Review) -> int:
    return sum(account.verdict == "clear" for account in review.accounts)
