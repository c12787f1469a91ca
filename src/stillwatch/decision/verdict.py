"""What was decided about a principal: how it is treated, why, until when, and what lifted it.

A verdict is about an account, or about a campaign and the accounts in it. It always ends, it always says why, and it
can be lifted at any time. Nothing here computes one: they come from a hunt, from the tracer or from a person, through
the journal, and a request only looks them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from stillwatch.errors import UsageError

LONGEST_VERDICT_US = 90 * 86_400 * 1_000_000
"""90 days. Chosen: a sanction that is still right then can be given again, by somebody who looked again."""


class Step(IntEnum):
    """How an account is treated, from the mildest to the hardest; the policy says what each step does."""

    ALLOW = 0
    DELAY = 1
    DEGRADE = 2
    VERIFY = 3
    DENY = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """`step` for `accounts` until `expires_us`, because of `reasons`. Times are UTC microseconds since 1970.

    `by` is who decided: a name of a person, or of a part of Stillwatch. `campaign` makes its accounts draw on one
    budget. Raises `UsageError` for a verdict without a reason, without accounts, or without an end in sight.
    """

    id: str
    step: Step
    accounts: tuple[str, ...]
    reasons: tuple[str, ...]
    by: str
    made_us: int
    expires_us: int
    campaign: str | None = None

    def __post_init__(self) -> None:
        if not self.accounts:
            raise UsageError(f"the verdict {self.id} names no account", "Name at least one")
        if not any(reason.strip() for reason in self.reasons):
            raise UsageError(
                f"the verdict {self.id} gives no reason", "Say why: the account may ask, and so may others"
            )
        if not self.made_us < self.expires_us <= self.made_us + LONGEST_VERDICT_US:
            raise UsageError(
                f"the verdict {self.id} lasts {(self.expires_us - self.made_us) / 86_400e6:.1f} days",
                f"Let it end within {LONGEST_VERDICT_US // 86_400_000_000} days; it can be given again",
            )


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account is treated now, and by which verdicts; the hardest step counts."""

    step: Step
    campaign: str | None
    verdicts: tuple[Verdict, ...]
    until_us: int


@dataclass(frozen=True)
class Verdicts:
    """All verdicts in force, to look up by account. A new table is made for each change; requests read one."""

    _by_account: Mapping[str, Standing] = field(default_factory=dict)

    @classmethod
    def of(cls, verdicts: Iterable[Verdict], now_us: int) -> Verdicts:
        """The table of those of `verdicts` that have not ended."""
        held: dict[str, list[Verdict]] = {}
        for verdict in verdicts:
            if verdict.expires_us > now_us:
                for account in verdict.accounts:
                    held.setdefault(account, []).append(verdict)
        return cls({account: _standing(found) for account, found in held.items()})

    def standing(self, account: str, now_us: int) -> Standing | None:
        """How `account` is treated at `now_us`; None as everybody else."""
        found = self._by_account.get(account)
        if found is None or found.until_us > now_us:
            return found
        left = [verdict for verdict in found.verdicts if verdict.expires_us > now_us]
        return _standing(left) if left else None

    def __len__(self) -> int:
        return len(self._by_account)


def _standing(verdicts: list[Verdict]) -> Standing:
    """`until_us` is when the first of them ends, and the standing has to be thought over."""
    hardest = max(verdicts, key=lambda verdict: (verdict.step, verdict.made_us))
    campaign = hardest.campaign or next((v.campaign for v in verdicts if v.campaign), None)
    return Standing(hardest.step, campaign, tuple(verdicts), min(v.expires_us for v in verdicts))
