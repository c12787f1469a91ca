"""The tables about accounts: who was flagged, who met a rule, and who looked like a campaign and was let go."""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.campaigns.campaign import AccountFinding, Cleared, Review, RuleHit
from stillwatch.report.order import accounts_by_weight, cleared_by_weight, evidence_by_weight, rules_by_weight

_FIRST_NAMES = 8


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account with the evidence that weighs most."""

    finding: AccountFinding
    reason: str
    family: str
    anchor: str  # of its campaign's card, or empty


@dataclass(frozen=True, slots=True)
class AccountTable:
    """The accounts that a page has room for, and how many it leaves out."""

    rows: tuple[AccountRow, ...]
    left_out: int
    flagged_left_out: int


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The rule hits that a page has room for, and how many it leaves out."""

    rows: tuple[RuleHit, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class ClearedGroup:
    """A group that was let go, with as many names as there is room for."""

    group: Cleared
    first_names: tuple[str, ...]
    more_names: tuple[str, ...]
    names_left_out: int


@dataclass(frozen=True, slots=True)
class ClearedList:
    """The groups that were let go, the busiest first."""

    groups: tuple[ClearedGroup, ...]
    left_out: int


def account_table(review: Review, anchors: dict[tuple[str, str], str], most: int) -> AccountTable:
    """All accounts that are not clear and then those with the most evidence, up to the page's bound."""
    ordered = accounts_by_weight(review)
    left_out = ordered[most:]
    return AccountTable(
        rows=tuple(_account_row(finding, anchors) for finding in ordered[:most]),
        left_out=len(left_out),
        flagged_left_out=sum(finding.verdict != "clear" for finding in left_out),
    )


def rule_table(review: Review, most: int) -> RuleTable:
    ordered = rules_by_weight(review)
    return RuleTable(tuple(ordered[:most]), max(0, len(ordered) - most))


def cleared_list(review: Review, most: int, most_names: int) -> ClearedList:
    ordered = cleared_by_weight(review)
    groups = tuple(_cleared_group(group, most_names) for group in ordered[:most])
    return ClearedList(groups, max(0, len(ordered) - most))


def _account_row(finding: AccountFinding, anchors: dict[tuple[str, str], str]) -> AccountRow:
    evidence = evidence_by_weight(finding.evidence)
    return AccountRow(
        finding=finding,
        reason=evidence[0].statement if evidence else "",
        family=evidence[0].family if evidence else "",
        anchor=anchors.get((finding.campaign or "", finding.account), ""),
    )


def _cleared_group(group: Cleared, most_names: int) -> ClearedGroup:
    more = group.accounts[_FIRST_NAMES : _FIRST_NAMES + most_names]
    return ClearedGroup(
        group=group,
        first_names=group.accounts[:_FIRST_NAMES],
        more_names=more,
        names_left_out=max(0, len(group.accounts) - _FIRST_NAMES - len(more)),
    )
