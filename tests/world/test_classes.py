"""Every honest class is what its sentence says."""

from __future__ import annotations

import itertools
import statistics

import pytest

from stillwatch.world.honest import CLASSES
from tests.world.worlds import accounts_of, honest, stage

NAMED_HARD_NEGATIVES = {
    "rag",
    "extraction",
    "evaluation",
    "judge",
    "prompt_optimiser",
    "coding_agent",
    "ci_review",
    "translation",
    "tutoring",
    "university",
    "reseller",
    "startup_pool",
    "synthetic_data",
    "popular_tool",
}


def test_the_named_hard_negatives_are_there() -> None:
    """Those of the benchmark's design."""
    assert set(CLASSES) >= NAMED_HARD_NEGATIVES


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_sends_within_the_days_and_harvests_nothing(name: str) -> None:
    """From the first day on and not before the account was opened; and no exchange is marked as harvest."""
    where = stage(days=5, release_day=2)
    sent = [one for stream in honest(name, 8, where) for one in stream]
    assert sent
    assert all(where.first_us <= one.ts_us for one in sent)
    assert all(one.account.account_created_us <= one.ts_us for one in sent if name not in ("startup_pool",))
    assert not any(one.campaign for one in sent)
    assert len({(one.account.account, one.ts_us) for one in sent}) == len(sent), "ids are made from these"


def test_people_talk_in_turns_about_few_subjects() -> None:
    """ShareGPT: a quarter of dialogues have one turn, the median has three; the past is sent along."""
    longest: list[int] = []
    for person in filter(None, honest("people", 150)):
        sizes = [len(one.ask.turns) for one in person]
        longest += [(size + 1) // 2 for size, after in itertools.pairwise([*sizes, 0]) if after <= size]
    assert 0.15 < sum(turns == 1 for turns in longest) / len(longest) < 0.40
    assert 2 <= statistics.median(longest) <= 4


def test_evaluations_ask_one_set_also_on_the_release_day() -> None:
    """Independent organisations, the same questions; most of them run it within a day of the release."""
    where = stage(days=10, release_day=6)
    runs = honest("evaluation", 30, where)
    asked = [{one.ask.turns[-1][1] for one in run} for run in runs if run]
    assert len({one.account.organization for run in runs for one in run}) == len(asked)
    assert sum(bool(asked[0] & other) for other in asked[1:]) > len(asked) / 4
    day_us = 24 * 3_600_000_000
    eager = sum(any(where.release_us <= one.ts_us < where.release_us + day_us for one in run) for run in runs)
    assert eager > 0.4 * len(runs)


def test_a_university_has_one_address_and_the_same_assignments() -> None:
    """Forty students a course; some send the same assignment, each with a lead of his own."""
    students = [run for run in honest("university", 40) if run]
    assert len({one.address for run in students for one in run}) == 1
    assert len({run[0].account.payment for run in students}) == len(students)
    homework = [one.ask.turns[-1][1] for run in students for one in run if "(a) " in one.ask.turns[-1][1]]
    assert len({text[text.index("(a) ") :] for text in homework}) < len(homework)


def test_a_translator_goes_through_a_book_in_order() -> None:
    """Each paragraph is sent again as the context of the next."""
    book = next(run for run in honest("translation", 5) if len(run) > 5)
    texts = [one.ask.turns[0][1] for one in book]
    ends = [text[-100:] for text in texts]
    assert all(end in following for end, following in zip(ends[:-1], texts[1:], strict=True))


def test_users_of_a_popular_tool_share_its_wrapper_and_nothing_else() -> None:
    """One system text, an organisation and documents each."""
    users = [run for run in honest("popular_tool", 20) if run]
    assert len({one.ask.system for run in users for one in run}) == 1
    assert len({run[0].account.organization for run in users}) == len(users)
    texts = [one.ask.turns[0][1] for run in users for one in run]
    assert len(set(texts)) == len(texts)


def test_a_startup_is_one_organisation_that_divides_its_work() -> None:
    """Eight keys, one prompt, no document twice."""
    (pool,) = honest("startup_pool", 8)
    assert len(accounts_of(pool)) == 8
    assert len({one.account.organization for one in pool}) == len({one.ask.system for one in pool}) == 1
    assert len({one.ask.turns for one in pool}) == len(pool)


def test_a_reseller_says_so_and_carries_many_customers() -> None:
    """Declared, and several customers' dialogues an account."""
    accounts = honest("reseller", 3)
    assert {one.account.declared_use for run in accounts for one in run} == {"reseller"}
    named = [{one.ask.parameters.get("user") for one in run} for run in accounts]
    assert max(map(len, named)) > 3 or {None} in named


def test_licensed_makers_of_training_data_said_so() -> None:
    """Nothing else tells them from a campaign."""
    uses = {one.account.declared_use for run in honest("synthetic_data", 6) for one in run}
    assert uses == {"synthetic data under licence"}


def test_an_optimiser_asks_a_small_set_again_and_again() -> None:
    """At most thirty questions in hundreds of requests."""
    runs = honest("prompt_optimiser", 6)
    asked = [{one.ask.turns[-1][1].rpartition("Question: ")[2] for one in run} for run in runs]
    assert all(len(questions) <= 30 for questions in asked)
    assert sum(map(len, runs)) > 3 * sum(map(len, asked))


def test_an_agent_sends_its_growing_past() -> None:
    """The same task first in every request of a session, more turns from step to step."""
    agent = max(honest("coding_agent", 6), key=len)
    grown = sum(
        later.ask.turns[0] == one.ask.turns[0] and len(later.ask.turns) >= len(one.ask.turns)
        for one, later in itertools.pairwise(agent)
    )
    assert grown > 0.7 * (len(agent) - 1)
