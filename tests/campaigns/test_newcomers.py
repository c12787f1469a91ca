"""Who is heard by the drift alarm, and beside whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stillwatch.campaigns.newcomers import (
    ANSWER_LENGTH,
    NO_ACCOUNTS,
    STATISTICS,
    STRATA,
    TOO_FEW,
    AccountReference,
    Unsuspected,
    account_reference,
    unsuspected,
)
from stillwatch.tracing.strata import TRAITS, stratum
from stillwatch.tracing.survey import Accounts

from .logs import accounts

KEY = b"an example, not a secret"
DAY_US = 86_400_000_000


def log(count: int, **given: Any) -> Accounts:
    """Accounts that were there for ten days, with ten exchanges of a hundred tokens each unless told otherwise."""
    plain = replace(
        accounts(count),
        exchanges=np.full(count, 10),
        last_us=np.full(count, 10 * DAY_US),
        output_tokens=np.full(count, 1000),
    )
    return replace(plain, **given)


def benign(found: Accounts, stratum: str = "chat") -> AccountReference:
    return account_reference(found, np.zeros(len(found)), [stratum] * len(found), KEY)


def heard(found: Accounts, beside: AccountReference, suspects: list[int] | None = None) -> Unsuspected:
    suspected = np.isin(np.arange(len(found)), suspects or [])
    return unsuspected(found, np.zeros(len(found)), ["chat"] * len(found), suspected, beside, KEY)


REFERENCE = benign(log(50))


def test_one_account_of_each_organisation_is_heard() -> None:
    """Twelve accounts of four organisations and eight that name none are twelve."""
    organization = np.concatenate([np.repeat([7, 8, 9, 10], 3), np.zeros(8, np.int64)])
    unit = np.concatenate([np.repeat(np.arange(4), 3), 4 + np.arange(8)])
    found = heard(log(20, organization=organization, unit=unit), REFERENCE).by_stratum["chat"]
    assert len(found.units) == len(set(found.units)) == 12
    assert sum(unit.startswith("o") for unit in found.units) == 4


def test_nobody_of_a_suspect_s_organisation_is_heard() -> None:
    unit = np.repeat(np.arange(10), 2)
    assert len(heard(log(20, unit=unit), REFERENCE, [0, 4, 5]).by_stratum["chat"].units) == 8


def test_who_came_late_is_not_heard_yet() -> None:
    """Seen first six days before the end: heard. Four days before: not, and the same holds for benign accounts."""
    first_us = np.concatenate([np.zeros(10), np.full(10, 4 * DAY_US), np.full(10, 6 * DAY_US)]).astype(np.int64)
    late = log(30, first_us=first_us)
    assert len(benign(late).people) == 20
    assert sum(map(len, (one.units for one in heard(late, benign(late)).by_stratum.values()))) == 20


def test_accounts_are_compared_with_those_as_active() -> None:
    """Heavy newcomers have long answers; so do the heavy ones of the benign log, and that alone counts."""
    heavy = np.arange(100) < 30
    exchanges = np.where(heavy, 1000, 10)
    tokens = exchanges * np.where(heavy, 900 + np.arange(100), 100 + np.arange(100))
    beside = benign(log(100, exchanges=exchanges, output_tokens=tokens))
    only_heavy = log(30, exchanges=exchanges[:30], output_tokens=tokens[:30])
    found = heard(only_heavy, beside).by_stratum["chat"]
    assert 0.4 < found.p[ANSWER_LENGTH].mean() < 0.6
    assert found.medians[ANSWER_LENGTH] == pytest.approx((914.5, 914.5), abs=1)


@pytest.mark.parametrize("beside", [benign(log(TOO_FEW - 1)), benign(log(50, exchanges=np.full(50, 10_000)))])
def test_a_stratum_with_nobody_to_compare_with_is_told_and_not_heard(beside: AccountReference) -> None:
    """Too few benign accounts; or none as active as these."""
    found = heard(log(40), beside)
    assert not found.by_stratum
    assert list(found.not_compared) == ["chat"]


def test_another_benign_log_of_as_many_accounts_is_another_reference() -> None:
    """And the same one is the same, in any order of days and runs."""
    assert benign(log(50)).fingerprint == REFERENCE.fingerprint
    assert benign(log(50, output_tokens=np.full(50, 1001))).fingerprint != REFERENCE.fingerprint


def test_a_hunt_gives_the_same_p_values_again_and_another_key_gives_others() -> None:
    found = log(40)
    assert heard(found, REFERENCE).fingerprint == heard(found, REFERENCE).fingerprint
    nobody = np.zeros(40, np.bool_)
    other = unsuspected(found, np.zeros(40), ["chat"] * 40, nobody, REFERENCE, b"another")
    assert other.fingerprint != heard(found, REFERENCE).fingerprint


def test_without_a_benign_log_nobody_is_heard() -> None:
    assert heard(log(40), NO_ACCOUNTS).reference == ""


def test_a_log_of_nobody_has_no_newcomers() -> None:
    assert not heard(log(0), REFERENCE).by_stratum
    assert len(benign(log(0)).people) == 0


def test_every_stratum_has_its_alarms() -> None:
    """The level is shared among all that the rule of strata can name."""
    nothing = dict.fromkeys((*TRAITS, "skeleton"), 0.0)
    shares = [nothing, *({**nothing, name: 0.9} for name in (*TRAITS, "skeleton"))]
    assert {stratum(one) for one in shares} == set(STRATA)
    assert len(STATISTICS) == 2
