"""A campaign's answers are marked, a student is trained on them, and the audit names the campaign's key: whole, small.

The sizes are those of a test: a made-up language of 800 words, 40,000 words of training, 24,000 asked of the suspect.
`make radioactivity` runs the same code at the size that docs/watermark.md shows.
"""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.audit.protocol import FROZEN
from stillwatch.audit.record import COMMITTED
from stillwatch.decision.journal import Journal, verify
from stillwatch.experiments.audited import Bench
from stillwatch.experiments.harvest import Layout, Size, Teaching
from stillwatch.experiments.source import Source
from stillwatch.experiments.student import Student

SMALL = Size(words=800, corpus=40_000, asked=24_000, read=4_000, others=10)
NOMINAL = -2.5
"""Adjusted for all candidates, in powers of ten: a key that marked nothing comes below in 1 of 300 audits."""


@pytest.fixture(scope="module")
def teaching() -> Teaching:
    return Teaching(Source(SMALL.words), SMALL, seed=3)


@pytest.fixture(scope="module")
def bench(teaching: Teaching, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    journal = Journal(tmp_path_factory.mktemp("audit") / "journal.jsonl")
    return Bench(teaching, journal, teaching.student(teaching.unmarked, 0.5))


def test_the_audit_names_the_campaigns_key_and_nobody_elses(teaching: Teaching, bench: Bench) -> None:
    """Half of what the student learned came through the campaign; its answers alone say whose key marked them."""
    suspect = teaching.student(teaching.harvest(Layout.CAMPAIGN), 0.5)
    found = bench.closed(suspect).row
    assert found.campaign < -6
    assert found.fleet < -6
    assert min(found.others, *found.accounts) > NOMINAL
    assert found.log10_e is not None
    assert found.log10_e > 4


def test_a_student_of_unmarked_answers_is_found_under_no_key(teaching: Teaching, bench: Bench) -> None:
    found = bench.closed(teaching.student(np.flip(teaching.unmarked, axis=0), 0.5)).row
    assert min(found.fleet, found.campaign, found.others, *found.accounts) > NOMINAL


def test_open_weights_tell_of_one_word_in_twenty(teaching: Teaching, bench: Bench) -> None:
    suspect = teaching.student(teaching.harvest(Layout.CAMPAIGN), 0.05)
    found = bench.reading(suspect, Student(teaching.base, SMALL.words), "its base").row
    assert found.campaign < -6
    assert min(found.others, *found.accounts) > NOMINAL


def test_one_key_for_all_accounts_tells_of_many_where_each_accounts_own_is_faint(
    teaching: Teaching, bench: Bench
) -> None:
    """Five accounts' keys dilute each other; the fleet's, which they share, does not."""
    found = bench.closed(teaching.student(teaching.harvest(Layout.ACCOUNTS), 0.5)).row
    assert found.fleet < -6
    assert found.fleet < min(found.accounts)
    assert min(found.others, found.campaign) > NOMINAL


def test_keys_and_plans_are_on_record_before_anything_is_asked(bench: Bench, teaching: Teaching) -> None:
    kinds = [entry.kind for entry, _ in bench.journal.read()]
    keys = len(teaching.keys.candidates())
    assert kinds[:keys] == [COMMITTED] * keys
    assert set(kinds[keys:]) == {FROZEN}
    assert verify(bench.journal.file)[0] == len(kinds)
