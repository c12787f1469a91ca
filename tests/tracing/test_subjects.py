"""What accounts ask about in a few numbers: the same however the log is cut, fair, and as exact as it has to be."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.tracing import subjects
from stillwatch.tracing.subjects import CONVERSATIONS_AT_LEAST, CONVERSATIONS_AT_MOST, SubjectCount, Subjects

from .askers import Asked, asked, own_subjects

Ints = NDArray[np.int64]


def people(accounts: int = 60, each: int = 30, seed: int = 0) -> Asked:
    rng = np.random.default_rng(seed)
    return asked(own_subjects(accounts, rng), np.full(accounts, each), rng)


def in_parts(one: Asked, parts: list[list[int]]) -> Subjects:
    """Counted from parts that hold these accounts."""
    count = SubjectCount(np.arange(int(one.account.max()) + 1))
    for accounts in parts:
        rows = np.isin(one.account, accounts)
        count.add(one.account[rows], one.projection[rows])
    return count.all()


def kept(pseudonyms: Ints) -> set[int]:
    """The pseudonyms of which anything is kept, all of them saying enough."""
    account = np.repeat(np.arange(len(pseudonyms)), CONVERSATIONS_AT_LEAST)
    count = SubjectCount(pseudonyms)
    count.add(account, np.random.default_rng(1).integers(-9, 9, (len(account), 64)).astype(np.int8))
    return set(pseudonyms[count.all().account].tolist())


@pytest.mark.parametrize(
    "parts",
    [
        [list(range(30)), list(range(30, 60))],
        [list(range(40, 60)), [], list(range(40))],
        [[one] for one in range(59, -1, -1)],
    ],
)
def test_the_parts_and_their_order_change_nothing(parts: list[list[int]]) -> None:
    whole, cut = people().subjects(), in_parts(people(), parts)
    assert cut.account.tolist() == whole.account.tolist() == list(range(60))
    assert cut.conversations.tolist() == whole.conversations.tolist()
    for left, right in ((cut.mean, whole.mean), (cut.scatter, whole.scatter), (cut.within, whole.within)):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-3)


def test_who_said_too_little_is_left_out() -> None:
    """And does not count for the scatter within accounts either."""
    rng = np.random.default_rng(2)
    each = np.array([CONVERSATIONS_AT_LEAST - 1, CONVERSATIONS_AT_LEAST, 1, 40])
    some = asked(own_subjects(4, rng), each, rng)
    enough = np.isin(some.account, [1, 3])
    found = some.subjects()
    assert found.account.tolist() == [1, 3]
    assert found.conversations.tolist() == [CONVERSATIONS_AT_LEAST, 40]
    np.testing.assert_allclose(found.within, Asked(some.account[enough], some.projection[enough]).subjects().within)


def test_nobody_who_said_enough_is_no_subjects() -> None:
    few = people(each=CONVERSATIONS_AT_LEAST - 1).subjects()
    nobody = SubjectCount(np.empty(0, np.int64)).all()
    assert len(few) == len(nobody) == 0
    assert few.mean.shape == nobody.mean.shape == (0, 64)


def test_typical_accounts_scatter_by_one() -> None:
    """Exactly on average; each within five standard deviations of a mean of so many chi-squared laws."""
    each = 30
    scatter = people(each=each).subjects().scatter
    directions_alike = 49  # of 64 whose spread is even in 0.5 .. 1.5: 64 E(s^2)^2 / E(s^4)
    assert scatter.mean() == pytest.approx(1.0, abs=1e-6)
    assert np.abs(scatter - 1.0).max() < 5 * np.sqrt(2 / (each - 1) / directions_alike)


def test_who_asks_about_everything_scatters_more() -> None:
    """Twice as far from his mean is four times the scatter of the others."""
    one = people()
    wide = one.account == 0
    wider = np.where(wide[:, None], one.projection.astype(np.int64) * 2, one.projection).clip(-127, 127)
    scatter = Asked(one.account, wider.astype(np.int8)).subjects().scatter
    assert 3.0 < scatter[0] / scatter[1:].mean() < 4.5


def test_of_very_many_accounts_a_fair_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as wanted but for chance, within five standard deviations of a binomial."""
    monkeypatch.setattr(subjects, "ACCOUNTS_AT_MOST", 200)
    pseudonyms = np.sort(np.random.default_rng(3).integers(1, 2**62, 2000))
    assert abs(len(kept(pseudonyms)) - 200) < 5 * np.sqrt(2000 * 0.1 * 0.9)


def test_who_is_kept_depends_on_the_pseudonym_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not on the place in the log; numbers in a row are as good as any others."""
    monkeypatch.setattr(subjects, "ACCOUNTS_AT_MOST", 200)
    pseudonyms = np.arange(1, 2001)
    assert kept(pseudonyms) == kept(np.random.default_rng(4).permutation(pseudonyms))
    assert abs(len(kept(pseudonyms)) - 200) < 5 * np.sqrt(2000 * 0.1 * 0.9)


def test_as_many_accounts_as_fit_are_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "ACCOUNTS_AT_MOST", 200)
    assert len(kept(np.arange(1, 201))) == 200


@pytest.mark.parametrize("middle", [0, 60])
def test_single_precision_is_enough(middle: int) -> None:
    """Beside sums of whole numbers: means and scatter agree, covariances to one in ten thousand of a variance.

    Of the longest accounts there are, of the largest values there are, and of values far from zero.
    """
    rng = np.random.default_rng(5)
    account = np.repeat(np.arange(150), CONVERSATIONS_AT_MOST)
    rows = np.clip(rng.normal(middle, 60, (len(account), 64)), -127, 127).astype(np.int8)
    found, exact = Asked(account, rows).subjects(), rows.astype(np.int64).reshape(150, CONVERSATIONS_AT_MOST, 64)
    mean = exact.mean(axis=1)
    inside = (exact - mean[:, None]).reshape(-1, 64)
    within = inside.T @ inside / (150 * (CONVERSATIONS_AT_MOST - 1))
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.within, within, atol=1e-4 * np.diag(within).min())
    spread = exact.var(axis=1, ddof=1) / np.diag(within)
    np.testing.assert_allclose(found.scatter, spread.mean(axis=1), rtol=1e-4)
