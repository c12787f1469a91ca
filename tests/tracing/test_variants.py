"""Stocks of wordings: found where nobody repeats anything, not found where everybody says a phrase."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.sketch.record import SLOTS_PER_ZONE, ZONE_SLOTS
from stillwatch.tracing import variants
from stillwatch.tracing.candidates import candidates, joined
from stillwatch.tracing.skeleton import Conversations, mine
from stillwatch.tracing.survey import survey
from stillwatch.tracing.template import Candidate, skeletons
from stillwatch.tracing.variants import CONVERSATIONS_EACH, Sample, Sampled, Stock, stocks

from .worlds import NO_KEYS, known, sketch_rows

ACCOUNTS, EACH = 200, 25
RING = range(16)


def drawn(
    phrases: int, users: range = RING, rate: float = 1.0, slots: int = SLOTS_PER_ZONE, zone: int = 0, seed: int = 0
) -> Sampled:
    """Random conversations of 200 accounts; `users` put one of `phrases` wordings into a zone of each."""
    rng = np.random.default_rng(seed)
    account = np.repeat(np.arange(ACCOUNTS), EACH)
    zones = rng.integers(1, 2**32, (len(account), ZONE_SLOTS), np.uint32)
    wording = rng.integers(1, 2**32, (phrases, SLOTS_PER_ZONE), np.uint32)
    rows = np.flatnonzero(np.isin(account, users) & (rng.random(len(account)) < rate))
    chosen = wording[rng.integers(phrases, size=len(rows))]
    kept = rng.random((len(rows), SLOTS_PER_ZONE)).argsort(axis=1) < slots  # the others went to the payload
    at = zones[rows, zone * SLOTS_PER_ZONE : (zone + 1) * SLOTS_PER_ZONE]
    zones[rows, zone * SLOTS_PER_ZONE : (zone + 1) * SLOTS_PER_ZONE] = np.where(kept, chosen, at)
    return Sampled(account, zones, np.arange(1, len(account) + 1))


def found(sample: Sampled, unit_of: NDArray[np.int64] | None = None) -> list[list[int]]:
    """The accounts of each stock."""
    units = np.arange(ACCOUNTS) if unit_of is None else unit_of
    return [stock.accounts.tolist() for stock in stocks(sample, units, NO_KEYS)]


@pytest.mark.parametrize("phrases", [1, 10, 50])
@pytest.mark.parametrize("slots", [8, 5])
def test_a_ring_that_draws_from_a_stock_is_found_whole(phrases: int, slots: int) -> None:
    """Also where nobody sends one wording more than once in a while, and the payload takes three slots of eight."""
    assert found(drawn(phrases, slots=slots)) == [list(RING)]


@pytest.mark.parametrize("rate", [0.5, 0.2])
def test_cover_traffic_hides_no_stock(rate: float) -> None:
    """The stock is rare in the population, however small its share of an account."""
    [ring] = found(drawn(10, rate=rate))
    assert set(ring) <= set(RING)
    assert len(ring) >= 15


def test_what_nobody_shares_is_no_stock() -> None:
    """Random values, and a stock of one unit's own."""
    assert found(drawn(10, users=range(0))) == []
    assert found(drawn(10), unit_of=np.where(np.arange(ACCOUNTS) < 16, 0, np.arange(ACCOUNTS))) == []


def test_a_text_that_many_send_is_no_stock() -> None:
    """Where the wording is the whole turn, it is a question set: other families speak of that."""
    sample = drawn(10)
    whole = np.unique(sample.zones[:, :SLOTS_PER_ZONE], axis=0, return_inverse=True)[1].ravel() + 1
    assert found(Sampled(sample.account, sample.zones, whole)) == []


def test_phrases_of_everybody_join_nobody() -> None:
    """Twenty openings, each said now and then by everybody: no account says them more than others do."""
    assert found(drawn(20, users=range(ACCOUNTS), rate=0.15)) == []


def test_two_stocks_are_two() -> None:
    """And each keeps its own accounts."""
    one, other = drawn(20), drawn(20, users=range(50, 80), zone=2, seed=1)
    both = Sampled(one.account, np.concatenate([one.zones[:, :16], other.zones[:, 16:]], axis=1), one.payload)
    assert sorted(found(both)) == [list(RING), list(range(50, 80))]


def test_ignored_values_are_no_stock() -> None:
    """Phrases that all software sends are left out before anything is counted."""
    [stock] = stocks(drawn(10), np.arange(ACCOUNTS), NO_KEYS)
    assert stocks(drawn(10), np.arange(ACCOUNTS), stock.keys) == []


def test_the_sample_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some conversations an account, fewer where there are many accounts, one at least."""
    rows = Conversations(np.repeat([0, 1], [100, 3]), np.ones((103, ZONE_SLOTS), np.uint32))
    sample = Sample(2)
    sample.add(rows, np.arange(103))
    assert np.bincount(sample.all().account).tolist() == [CONVERSATIONS_EACH, 3]
    monkeypatch.setattr(variants, "CONVERSATIONS_IN_ALL", 1)
    sample = Sample(2)
    sample.add(rows, np.arange(103))
    assert sample.all().payload.tolist() == [0, 100]
    assert len(Sample(0).all().account) == 0


class TestCandidates:
    """Templates and stocks as one list of disjoint candidates."""

    UNITS = np.arange(100)

    def stock(self, accounts: range, phrases: int = 5) -> Stock:
        return Stock(np.array(accounts), np.array([900 + phrases], np.uint64), phrases)

    def template(self, accounts: range, key: int = 1) -> Candidate:
        return Candidate(np.array(accounts), np.array([key], np.uint64), 1)

    def test_templates_inside_a_stock_are_wordings_of_it(self) -> None:
        """The wordings that some accounts happen to repeat."""
        [one] = joined([self.template(range(4)), self.template(range(4, 9), 2)], [self.stock(range(16))], self.UNITS)
        assert one.accounts.tolist() == list(range(16))
        assert one.keys.tolist() == [1, 2, 905]

    def test_a_popular_phrase_swallows_no_ring(self) -> None:
        """A ring of four among eighty that say "how do i" stays a ring; the others stay with their phrase."""
        ring, rest = joined([self.template(range(4))], [self.stock(range(80))], self.UNITS)
        assert ring.accounts.tolist() == [0, 1, 2, 3]
        assert rest.accounts.tolist() == list(range(4, 80))

    def test_the_stock_with_most_phrases_has_its_accounts_first(self) -> None:
        """One phrase in common is a coincidence beside thirty."""
        few, many = self.stock(range(80), 1), self.stock(range(10), 30)
        sizes = [len(one.accounts) for one in joined([], [few, many], self.UNITS)]
        assert sizes == [10, 70]

    def test_nobody_is_in_two_and_one_unit_is_no_candidate(self) -> None:
        """What is left of a stock must be of several units."""
        [first] = joined([], [self.stock(range(5)), self.stock(range(1, 5), 1)], self.UNITS)
        assert first.accounts.tolist() == [0, 1, 2, 3, 4]
        assert joined([], [self.stock(range(5))], np.zeros(100, np.int64)) == []

    def test_both_searches_agree_on_a_ring_with_one_wrapper(self) -> None:
        """One candidate, not two."""
        sample = drawn(1)
        rows = sketch_rows(sample.account, sample.payload, np.zeros_like(sample.account), sample.zones)
        seen = survey(known(np.arange(ACCOUNTS)), [rows])
        skeleton = skeletons(
            mine(Conversations(sample.account, sample.zones)), seen.conversations, seen.population, NO_KEYS
        )
        assert [one.accounts.tolist() for one in candidates(seen, skeleton, NO_KEYS)] == [list(RING)]
