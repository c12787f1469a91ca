"""The order in which findings are told: what weighs most comes first, and ties never depend on chance."""

from __future__ import annotations

from stillwatch.campaigns.campaign import AccountFinding, Campaign, Cleared, Hypothesis, Review, RuleHit
from stillwatch.campaigns.heard import PARTNERS
from stillwatch.evidence import Evidence

_CAMPAIGN_RANK = {"campaign": 0, "watch": 1}
_ACCOUNT_RANK = {"act": 0, "watch": 1, "clear": 2}


def campaigns_by_weight(review: Review) -> list[Campaign]:
    """Campaigns before rings to watch; within each what partners told of, then by evidence, then by exchanges."""
    return sorted(
        review.campaigns, key=lambda c: (_CAMPAIGN_RANK[c.verdict], not c.comes_first, -c.log_e, -c.exchanges, c.id)
    )


def accounts_by_weight(review: Review) -> list[AccountFinding]:
    """Accounts to act on, to watch, then clear ones; within each those that partners reported, then by evidence."""
    return sorted(review.accounts, key=lambda a: (_ACCOUNT_RANK[a.verdict], not _is_reported(a), -a.log_e, a.account))


def rules_by_weight(review: Review) -> list[RuleHit]:
    """Rules by name, the most exchanges first."""
    return sorted(review.rules, key=lambda r: (r.rule, -r.exchanges, r.account, r.statement))


def cleared_by_weight(review: Review) -> list[Cleared]:
    """What partners told of, then the busiest first: it is the one that a wrong flag would have hurt most."""
    return sorted(
        review.cleared,
        key=lambda g: (not g.comes_first, -g.exchanges, -len(g.accounts), g.reason, g.statement, g.accounts),
    )


def _is_reported(finding: AccountFinding) -> bool:
    return any(one.family == PARTNERS for one in finding.evidence)


def evidence_by_weight(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    """The family that speaks loudest first; those that only describe come last."""
    return sorted(evidence, key=lambda e: (-e.log_e, e.family, e.statement))


def hypotheses_by_weight(attribution: tuple[Hypothesis, ...]) -> list[Hypothesis]:
    """The likeliest explanation first."""
    return sorted(attribution, key=lambda h: (-h.probability, h.hypothesis, h.name))
