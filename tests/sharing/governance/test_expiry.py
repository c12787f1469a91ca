"""Everything shared has an end, and not a late one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stillwatch.sharing.governance.expiry import LONGEST_DAYS, objection

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("kind", LONGEST_DAYS)
def test_the_longest_span_is_the_last_that_is_taken(kind: str) -> None:
    until = NOW + timedelta(days=LONGEST_DAYS[kind])
    assert objection(kind, NOW, until) is None
    assert "at most" in (objection(kind, NOW, until + timedelta(seconds=1)) or "")


def test_without_an_end_or_with_one_in_the_past_or_of_another_type_it_is_refused() -> None:
    assert "missing" in (objection("campaign", NOW, None) or "")
    assert "before it begins" in (objection("campaign", NOW, NOW) or "")
    assert "no malware" in (objection("malware", NOW, NOW + timedelta(days=1)) or "")
