"""From a gateway's commitment to the name of an account, by the commands."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit.marker_record import commit
from stillwatch.decision.journal import Journal
from stillwatch.pseudonym import Secret
from stillwatch.watermark.conventions import ConventionKey, catalogue

from .conftest import Stillwatch
from .suspect import Suspect

PROBED = ("--markers-secret", "markers.key", "--key", "4f2a", "--key", "9c11")
POOLS = {probe: one for one in catalogue() for probe in one.probes}


class Talker(Suspect):
    """Shows a value of each convention's pool; of those that it was taught, what it was taught."""

    def __init__(self, seed: int, taught: dict[str, str] | None = None) -> None:
        self.rng, self.taught = np.random.default_rng(seed), taught or {}
        self.faults, self.asked, self.headers = [], [], []
        self._lock = threading.Lock()

    def answer(self, question: str) -> dict[str, object]:
        one = POOLS[question]
        word = self.taught.get(one.name) if self.rng.random() < 0.6 else None
        return {"message": {"content": f"Well, {word or self.rng.choice(one.pool)}."}, "finish_reason": "stop"}


@pytest.fixture
def key(stillwatch: Stillwatch) -> ConventionKey:
    """Committed to as a gateway does."""
    made = ConventionKey(Secret.create(Path("markers.key")))
    commit(Journal(Path("journal.jsonl")), made.commitment(), 1)
    return made


def recorded(
    stillwatch: Stillwatch, whose: str, talker: Talker, questions: str = "may/prompts.jsonl", each: int = 3
) -> None:
    with talker.served() as address:
        asked = ("--endpoint", address, "--model", "x", "--rate", "1000", "--each", str(each))
        assert stillwatch("audit", "record", f"may/{whose}", "--prompts", questions, *asked)[0] == 0


def test_the_account_whose_conventions_a_suspect_follows_is_named(stillwatch: Stillwatch, key: ConventionKey) -> None:
    code, said, err = stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED)
    assert (code, err) == (0, "")
    assert "Frozen as entry 2" in said
    recorded(stillwatch, "suspect", Talker(1, {one.name: one.served for one in key.drawn("4f2a", 5)}))
    recorded(stillwatch, "control", Talker(2))
    code, said, _ = stillwatch("audit", "markers", "may", "--markers-secret", "markers.key")
    assert code == 0
    assert re.search(r"^4f2a: found; p \S+ among 2 accounts$", said, re.M)
    assert re.search(r"^9c11: not shown", said, re.M)
    told = json.loads(Path("may/markers.json").read_text())
    assert told["accounts"][0]["adjusted"] < 1e-4
    assert told["calibration"]["wrong_draws"] == 400


def test_a_key_that_was_never_committed_to_is_refused(stillwatch: Stillwatch, key: ConventionKey) -> None:
    code, _, err = stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED, "--epoch", "7")
    assert code == 2
    assert "never committed to" in err
    assert not Path("may").exists()


@pytest.mark.parametrize("level", ["0", "1", "nan"])
def test_a_level_that_is_no_chance_is_never_frozen(stillwatch: Stillwatch, key: ConventionKey, level: str) -> None:
    assert stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED, "--level", level)[0] == 2
    assert len(list(Journal(Path("journal.jsonl")).read())) == 1


def test_a_journal_that_was_altered_dates_no_plan(stillwatch: Stillwatch, key: ConventionKey) -> None:
    assert stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED)[0] == 0
    journal = Path("journal.jsonl")
    journal.write_text(journal.read_text().replace('"ts_us":1}', '"ts_us":0}'))
    code, _, err = stillwatch("audit", "markers", "may", "--markers-secret", "markers.key")
    assert code == 3
    assert "entry 1 is not what was written" in " ".join(err.split())


def test_a_secret_that_can_be_guessed_draws_nothing(stillwatch: Stillwatch, key: ConventionKey) -> None:
    Path("markers.key").write_text("cd" * 32)
    code, _, err = stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED)
    assert code == 3
    assert "can be guessed" in " ".join(err.split())


def test_what_was_changed_or_came_too_early_is_refused(stillwatch: Stillwatch, key: ConventionKey) -> None:
    recorded_early = Path("few.jsonl")
    recorded_early.write_text("\n".join(json.dumps(probe) for probe in POOLS))
    recorded(stillwatch, "suspect", Talker(1), "few.jsonl")
    assert stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED)[0] == 0
    report = ("audit", "markers", "may", "--markers-secret", "markers.key")
    code, _, err = stillwatch(*report)
    assert code == 3
    assert "of the suspect came before the plan was frozen" in err
    plan = Path("may/plan.json")
    plan.write_text(plan.read_text().replace('"level": 0.001', '"level": 0.1'))
    code, _, err = stillwatch(*report)
    assert code == 2
    assert "no plan with the digest" in err


def test_another_secret_and_other_questions_are_refused(stillwatch: Stillwatch, key: ConventionKey) -> None:
    assert stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED)[0] == 0
    assert stillwatch("audit", "probe", "may", "--suspect", "X", *PROBED)[0] == 2
    Secret.create(Path("other.key"))
    code, _, err = stillwatch("audit", "markers", "may", "--markers-secret", "other.key")
    assert code == 2
    assert "not the key that was committed to" in err
    Path("few.jsonl").write_text(json.dumps(next(iter(POOLS))))
    recorded(stillwatch, "suspect", Talker(1), "few.jsonl")
    code, _, err = stillwatch("audit", "markers", "may", "--markers-secret", "markers.key")
    assert code == 3
    assert "was asked other questions" in err
