"""From a hunt's findings to verdicts: only where the hunt itself says that its evidence supports action.

A campaign that is shown for people to review gives no verdict here, however sure it looks: a person who has reviewed it
gives one by name.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from stillwatch.decision.verdict import Step, Verdict
from stillwatch.errors import InputError

SCHEMA = "stillwatch.findings/1"


class _Evidence(msgspec.Struct, frozen=True):
    statement: str


class _Campaign(msgspec.Struct, frozen=True):
    id: str
    evidence: tuple[_Evidence, ...]


class _Account(msgspec.Struct, frozen=True):
    account: str
    verdict: str
    campaign: str | None


class _Findings(msgspec.Struct, frozen=True):
    schema: str
    campaigns: tuple[_Campaign, ...]
    accounts: tuple[_Account, ...]


def adopted(findings: Mapping[str, Any], step: Step, by: str, now_us: int, expires_us: int) -> list[Verdict]:
    """A verdict for each campaign of which accounts are to be acted on, over just these accounts.

    Raises `InputError` where `findings` are not those of a hunt.
    """
    try:
        said = msgspec.convert(findings, _Findings)
    except msgspec.ValidationError as error:
        raise InputError(f"these are no findings of a hunt: {error}", "Name its findings.json") from None
    if said.schema != SCHEMA:
        raise InputError(f"these findings are of {said.schema}, and {SCHEMA} is understood", "Hunt again")
    verdicts = []
    for campaign in said.campaigns:
        accounts = tuple(a.account for a in said.accounts if a.campaign == campaign.id and a.verdict == "act")
        if accounts:
            reasons = tuple(evidence.statement for evidence in campaign.evidence)
            id = f"V-{secrets.token_hex(4)}"
            verdicts.append(Verdict(id, step, accounts, reasons, by, now_us, expires_us, campaign.id))
    return verdicts
