"""findings.json: a review for machines, under the contract `stillwatch.findings/1`.

The contract is `findings.schema.json` beside this file, key for key. What only people need (ring pictures,
timelines, cleared groups, calibration) is in the report and not here. Accounts appear by the name the log gave them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from numbers import Integral, Real
from pathlib import Path

from stillwatch.campaigns.campaign import AccountFinding, Campaign, DriftCheck, Hypothesis, Review, RuleHit
from stillwatch.errors import StillwatchError
from stillwatch.evidence import Evidence
from stillwatch.report.atomic_file import write_atomically
from stillwatch.report.order import (
    accounts_by_weight,
    campaigns_by_weight,
    evidence_by_weight,
    hypotheses_by_weight,
    rules_by_weight,
)

SCHEMA = "stillwatch.findings/1"

JSON = dict[str, object]


class UnwritableFinding(StillwatchError):
    """A number of the review is infinite or not a number: no report may state it as evidence."""


def write_findings(review: Review, path: Path) -> None:
    """Write findings.json at `path`, whole or not at all.

    ASCII with escapes, so that a name with unpaired surrogates survives and reads back as it was.
    Raises `UnwritableFinding` where a number is not finite; what stood at `path` then stays.
    """
    write_atomically(path, _one_record_a_line(findings(review)))


def findings(review: Review) -> JSON:
    """The review as the JSON object of the contract; the same review gives the same object in the same order."""
    return {
        "schema": SCHEMA,
        "input": {
            "exchanges": int(review.exchanges),
            "accounts": int(review.account_count),
            "rejected": int(review.rejected),
        },
        "alpha": _finite(review.alpha, "alpha"),
        "campaigns": [_campaign(campaign) for campaign in campaigns_by_weight(review)],
        "accounts": [_account(account) for account in accounts_by_weight(review)],
        "rules": [_rule(hit) for hit in rules_by_weight(review)],
        "drift": [_drift(check) for check in review.drift],
    }


def _one_record_a_line(document: JSON) -> str:
    """JSON in which every campaign, account and rule has a line of its own: it greps and diffs."""
    members = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(json.dumps(row, allow_nan=False) for row in value)
            members.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            members.append(f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}")
    return "{\n" + ",\n".join(members) + "\n}\n"


def _campaign(campaign: Campaign) -> JSON:
    return {
        "id": campaign.id,
        "accounts": list(campaign.accounts),
        "exchanges": int(campaign.exchanges),
        "first_us": int(campaign.first_us),
        "last_us": int(campaign.last_us),
        "log_e": _finite(campaign.log_e, "log_e of a campaign"),
        "verdict": campaign.verdict,
        "stratum": campaign.stratum,
        "objective": campaign.objective,
        "evidence": [_evidence(evidence) for evidence in evidence_by_weight(campaign.evidence)],
        "attribution": [_hypothesis(hypothesis) for hypothesis in hypotheses_by_weight(campaign.attribution)],
        "action": campaign.action,
    }


def _account(account: AccountFinding) -> JSON:
    return {
        "account": account.account,
        "stratum": account.stratum,
        "log_e": _finite(account.log_e, "log_e of an account"),
        "verdict": account.verdict,
        "campaign": account.campaign,
        "evidence": [_evidence(evidence) for evidence in evidence_by_weight(account.evidence)],
    }


def _evidence(evidence: Evidence) -> JSON:
    return {
        "family": evidence.family,
        "log_e": _finite(evidence.log_e, f"log_e of the {evidence.family} evidence"),
        "statement": evidence.statement,
        "detail": _detail(evidence.family, evidence.detail),
    }


def _hypothesis(hypothesis: Hypothesis) -> JSON:
    return {
        "hypothesis": hypothesis.hypothesis,
        "name": hypothesis.name,
        "probability": _finite(hypothesis.probability, "probability of a hypothesis"),
        "would_refute": hypothesis.would_refute,
    }


def _rule(hit: RuleHit) -> JSON:
    return {
        "rule": hit.rule,
        "account": hit.account,
        "exchanges": int(hit.exchanges),
        "statement": hit.statement,
    }


def _drift(check: DriftCheck) -> JSON:
    benign, now = check.medians or (None, None)
    return {
        "stratum": check.stratum,
        "statistic": check.statistic,
        "alarm": check.alarm,
        "benign_accounts": int(check.benign_accounts),
        "accounts": int(check.accounts),
        "benign_median": None if benign is None else _finite(benign, "a benign median"),
        "median": None if now is None else _finite(now, "a median"),
        "statement": check.statement,
    }


def _detail(family: str, detail: Mapping[str, float | int | str]) -> JSON:
    return {key: _scalar(family, key, detail[key]) for key in sorted(detail)}


def _scalar(family: str, key: str, value: object) -> float | int | str:
    """A detail's value as JSON knows it; detectors may hand up numpy's scalars."""
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _finite(float(value), f"{key} of the {family} evidence")
    return str(value)


def _finite(number: float, what: str) -> float:
    if not math.isfinite(number):
        raise UnwritableFinding(f"{what} is {number}", "This is a fault in a detector; please report it")
    return float(number)
