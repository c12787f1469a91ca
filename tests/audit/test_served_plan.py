"""A plan from what an account was served: its questions, and the contexts that its answers reached."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stillwatch.audit.candidates import Candidate, candidates
from stillwatch.audit.finding import Finding
from stillwatch.audit.protocol import Mode, digest_of_contexts
from stillwatch.audit.radioactivity import Evidence, judged
from stillwatch.audit.said import said_in
from stillwatch.audit.sequential import Wealth
from stillwatch.cli.served_questions import last_question, questions_of
from stillwatch.errors import InputError, UsageError
from stillwatch.experiments.source import SUBJECTS, Source
from stillwatch.experiments.student import Student
from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.cells import cells_of
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.scheme import Scheme
from stillwatch.watermark.serving.served import ServedStore

from .conftest import KEYS as PLANNED
from .conftest import WORDS, Stillwatch
from .test_radioactivity import KEYS, NOTHING, PLAN, WRONG

DAY_US = 86_400_000_000


def now_us() -> int:

    return time.time_ns() // 1_000


@pytest.fixture
def served(stillwatch: Stillwatch) -> ServedStore:
    """Contexts 1 to 300 of `acct-2`, and two prompts."""
    store = ServedStore.open(Path("served.sqlite"), Secret.create(Path("served.key")), days=30)
    store.add("acct-2", np.arange(1, 301, dtype=np.uint64), [np.array([5, 6]), np.array([7])], now_us())
    assert stillwatch("watermark", "commit", *PLANNED)[0] == 0
    return store


FROM = ("--served", "served.sqlite", "--served-secret", "served.key", "--account", "acct-2")


def planned(stillwatch: Stillwatch, *more: str) -> tuple[int, str, str]:
    Path("prompts.jsonl").write_text(json.dumps({"prompt": "Say 1", "tokens": [1]}))
    return stillwatch("audit", "plan", "april", "--suspect", "X", *PLANNED, *more)


def test_the_filter_is_what_the_account_was_served(stillwatch: Stillwatch, served: ServedStore) -> None:
    assert planned(stillwatch, *FROM, "--prompts", "prompts.jsonl")[0] == 0
    plan = json.loads(Path("april/plan.json").read_text())
    assert plan["mode"] == "served"
    assert plan["filter_digest"] == digest_of_contexts(np.arange(1, 301, dtype=np.uint64))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (FROM, "prompts are kept as tokens"),
        ((*FROM[:-1], "nobody", "--prompts", "prompts.jsonl"), "nothing that was served to 'nobody' is kept"),
        ((*FROM[:2], "--prompts", "prompts.jsonl"), "Give --served-secret and --account"),
        ((*FROM[2:], "--prompts", "prompts.jsonl"), "say what to read of --served"),
        ((*FROM, "--read", "--prompts", "prompts.jsonl"), "three kinds of audits"),
        ((), "nothing is asked"),
    ],
)
def test_what_cannot_be_planned_is_said(
    stillwatch: Stillwatch, served: ServedStore, more: tuple[str, ...], says: str
) -> None:
    code, _, err = planned(stillwatch, *more)
    assert code in (2, 3)
    assert says in " ".join(err.split())
    assert not Path("april").exists()


def test_what_is_past_its_retention_plans_nothing(stillwatch: Stillwatch) -> None:
    store = ServedStore.open(Path("served.sqlite"), Secret.create(Path("served.key")), days=30)
    store.add("acct-2", np.array([1], np.uint64), [], now_us() - 31 * DAY_US)
    assert stillwatch("watermark", "commit", *PLANNED)[0] == 0
    code, _, err = planned(stillwatch, *FROM, "--prompts", "prompts.jsonl")
    assert code == 3
    assert "what is older than 30 days is gone" in " ".join(err.split())


@pytest.mark.parametrize(
    ("pieces", "question"),
    [
        (["system\nBe brief.", "\n", "user\nWho grinds the rye?", "\n", "assistant\n"], "Who grinds the rye?"),
        (["user", "\n\nFirst?", "assistant", "\n\nYes.", "user", "\n\nWho grinds?", "assistant"], "Who grinds?"),
        (["[INST] Who grinds the rye? [/INST]", "x"], "[INST] Who grinds the rye? [/INST]"),
        ([], ""),
    ],
)  # fmt: skip
def test_the_last_words_of_the_user_are_the_question(pieces: list[str], question: str) -> None:
    assert last_question(pieces) == question


def test_prompts_without_a_word_leave_no_question() -> None:
    with pytest.raises(InputError, match="no question is left"):
        questions_of([np.array([1])], lambda _: ["\n"])
    assert [one.prompt for one in questions_of([np.array([1])] * 3, lambda _: ["Who?"])] == ["Who?"]


def test_a_plan_of_what_was_served_needs_its_filter() -> None:
    with pytest.raises(UsageError, match="no filter is named"):
        msgspec.structs.replace(PLAN, mode=Mode.SERVED)


def test_p_is_the_bound_that_bets_give() -> None:
    """Under the filter of what was served, a guilty suspect's p is 1 / e, and it is still found."""
    rng, source = np.random.default_rng(3), Source(WORDS)
    marked = source.answers(source.prompts(range(SUBJECTS), 300, rng), 40, rng, Layers(KEYS[1]), 3.0)
    clean = source.answers(source.prompts(range(SUBJECTS), 300, rng), 40, rng)
    among = np.unique(marked[:, :-1].astype(np.uint64))
    plan = msgspec.structs.replace(PLAN, mode=Mode.SERVED, filter_digest=digest_of_contexts(among))
    said, control = (
        said_in(Student(texts, WORDS).answers(rng.integers(0, WORDS, 100), 60, rng), 1) for texts in (marked, clean)
    )
    found = judged(plan, Evidence(said, NOTHING, control, among), candidates(KEYS, layered=False), WRONG)
    assert isinstance(found, Finding)
    guilty = found.keys[1]
    assert guilty.log_e is not None
    assert guilty.score.p == pytest.approx(np.exp(-guilty.log_e))
    assert guilty.adjusted < 1e-6


@pytest.mark.long
def test_a_filter_of_what_was_served_favours_no_key() -> None:
    """300 keys, each with a filter of its own marked text, on a clean student: counts at 5 % and bets at 20 to 1."""
    rng, source, made = (
        np.random.default_rng(1),
        Source(WORDS),
        MasterKeys(Secret(b"a secret for tests only, 32 bytes")),
    )
    clean = Student(source.answers(source.prompts(range(SUBJECTS), 400, rng), 40, rng), WORDS)
    cells, crossed, won = cells_of(clean.answers(rng.integers(0, WORDS, 300), 200, rng), 1), 0, 0
    for number in range(300):
        candidate = Candidate(made.key(Scheme(), "t", tenant=str(number)))
        served = source.answers(source.prompts((number % SUBJECTS,), 30, rng), 40, rng, Layers(candidate.key), 2.0)
        left = cells.among(np.unique(served[:, :-1].astype(np.uint64)))
        greens = candidate.greens(left)
        z = (greens.sum() - len(left) / 4) / np.sqrt(len(left) * 3 / 16)
        crossed += z > 1.645
        won += Wealth(0.25).bet(greens) >= np.log(20)
    assert chance_of_so_many(int(crossed), 300, 0.05) > 1e-4
    assert chance_of_so_many(int(won), 300, 0.05) > 1e-4
