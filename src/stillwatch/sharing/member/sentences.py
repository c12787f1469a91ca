"""What a member is told of what partners said: sentences with numbers, for reports and terminals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stillwatch.campaigns.heard import PARTNERS
from stillwatch.evidence import Evidence
from stillwatch.sharing.member.heard import HeardClaim
from stillwatch.sharing.member.tagged import Tagged
from stillwatch.sharing.rings.match import Match

ALONE = "one source alone raises its place in the review and nothing else"
NO_CLAIM_FITS = Evidence(PARTNERS, 0.0, "None of the claims of partners that count fits it")


def of_claim(claim: HeardClaim, found: Match) -> Evidence:
    """A ring carries the template of a claim; log_e is set by who weighs it."""
    carried = (
        f"{_members(len(claim.members))} told of this template, under {claim.about} (score {claim.score} of 100): "
        f"{found.carrying} of its {found.accounts} accounts carry it, and {found.others_carrying} of {found.others} "
        "others"
    )
    detail: dict[str, float | int | str] = {
        "claim": claim.about,
        "indicator": claim.id,
        "score": claim.score,
        "contributors": len(claim.members),
        "record": round(claim.record, 3),
        "largest_e_value": round(claim.bound, 2),
        "carrying": found.carrying,
        "accounts": found.accounts,
        "others_carrying": found.others_carrying,
        "others": found.others,
        "stands": "no" if claim.stopped else "yes",
    }
    return Evidence(PARTNERS, 0.0, f"{carried}; {_weight(claim)}", detail)


def of_tags(reported: Sequence[Tagged], accounts: int) -> Evidence:
    """Accounts of a ring carry identifiers that others reported."""
    several = sum(one.sources > 1 for one in reported)
    kinds = ", ".join(sorted({str(kind) for one in reported for kind in one.kinds}))
    most = max(one.bound for one in reported)
    said = (
        f"{len(reported)} of its {accounts} accounts have identifiers ({kinds}) that partners reported, {several} of "
        f"them by two or more independently: {_bears(most) if several else ALONE}"
    )
    detail: dict[str, float | int | str] = {
        "tagged": len(reported),
        "by_several": several,
        "accounts": accounts,
        "largest_e_value": round(most, 2),
    }
    return Evidence(PARTNERS, 0.0, said, detail)


def of_account(one: Tagged) -> Evidence:
    """One account has an identifier that others reported."""
    kinds = ", ".join(map(str, one.kinds))
    said = f"An identifier of it ({kinds}) was reported by {_members(one.sources).lower()}: to be looked at, no verdict"
    return Evidence(PARTNERS, 0.0, said, {"sources": one.sources, "record": round(one.record, 3)})


def summary(claims: Sequence[HeardClaim]) -> str:
    """What was heard in all, and why what does not move anything does not."""
    stopped = Counter(one.stopped for one in claims if one.stopped)
    standing, counting = len(claims) - sum(stopped.values()), sum(one.counts for one in claims)
    said = f"claims of partners: {len(claims)}; standing: {standing}; that may be evidence: {counting}"
    return "; ".join([said, *(f"{number} not, because {why}" for why, number in sorted(stopped.items()))])


def _weight(claim: HeardClaim) -> str:
    if claim.stopped:
        return f"it moves nothing, because {claim.stopped}"
    if not claim.counts:
        return ALONE
    return f"{_bears(claim.bound)}, as members with a record of {claim.record:.2f} stand behind it"


def _bears(bound: float) -> str:
    return f"as evidence it weighs {bound:.1f}-fold at most"


def _members(number: int) -> str:
    return f"{number} other provider{'s' if number != 1 else ''}"
