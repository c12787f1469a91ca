"""An audit of keyed draws by the commands, from a plan to a report, and what its gates refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stillwatch.audit.candidates import candidates
from stillwatch.audit.finding import Finding, Refused
from stillwatch.audit.protocol import Mode, digest_of_contexts
from stillwatch.audit.radioactivity import Evidence, judged
from stillwatch.audit.said import said_in
from stillwatch.errors import UsageError
from stillwatch.experiments.drawn import DRAWN, DrawnSource
from stillwatch.experiments.source import SUBJECTS
from stillwatch.experiments.student import Student
from stillwatch.pseudonym import Secret
from stillwatch.watermark.keys import MarkKey, MasterKeys

from .conftest import HEX, KEYS, TOKENIZER, WORDS, Stillwatch
from .suspect import Suspect
from .test_commands import ask, reported, tokens_of
from .test_radioactivity import NOTHING, PLAN

DRAWS = (*KEYS, "--scheme", "draws.toml")
MASTER = MasterKeys(Secret(bytes.fromhex(HEX)))


def key(account: str = "", tenant: str = "") -> MarkKey:
    return MASTER.key(DRAWN, TOKENIZER, tenant=tenant, account=account)


CANDIDATES = candidates([key(), key("acct-1"), key("acct-2")], layered=True)
DRAWN_PLAN = msgspec.structs.replace(PLAN, keys=tuple(one.key.commitment() for one in CANDIDATES.values()))
WRONG = [key(tenant=f"nobody-{number}") for number in range(400)]


@pytest.fixture(scope="module")
def harvest() -> np.ndarray:
    """Eight hundred answers of forty words, drawn for `acct-2`."""
    source, rng = DrawnSource(WORDS), np.random.default_rng(1)
    return source.drawn(source.prompts(range(SUBJECTS), 800, rng), 40, rng, key(), key("acct-2"))


@pytest.fixture(scope="module")
def guilty(harvest: np.ndarray) -> Student:
    return Student(harvest, WORDS)


@pytest.fixture(scope="module")
def evidence(guilty: Student, clean: Student) -> Evidence:
    rng = np.random.default_rng(2)
    said, control = (said_in(one.answers(rng.integers(0, WORDS, 80), 60, rng), 1) for one in (guilty, clean))
    return Evidence(said, NOTHING, control)


def test_a_student_of_drawn_text_is_planned_asked_and_reported(
    stillwatch: Stillwatch, guilty: Student, clean: Student
) -> None:
    Path("draws.toml").write_text('[scheme]\nkind = "gumbel"\n')
    lines = [json.dumps({"prompt": f"Say {number}", "tokens": [number]}) for number in range(60)]
    Path("prompts.jsonl").write_text("\n".join(lines))
    assert stillwatch("watermark", "commit", *DRAWS)[0] == 0
    planned = ("--prompts", "prompts.jsonl", "--suspect", "X", "--reference", "its base", *DRAWS)
    assert stillwatch("audit", "plan", "april", *planned)[0] == 0
    for role, student in (("suspect", guilty), ("control", clean), ("reference", clean)):
        assert ask(stillwatch, Suspect(student), "--as", role)[0] == 0
    code, said, err = reported(stillwatch, "--reference-tokens", tokens_of("reference"), "--json")
    assert (code, err) == (0, "")
    told = json.loads(said)
    assert told["scheme"].startswith("gumbel/")
    answers = {one["account"]: one["answer"] for one in told["keys"]}
    assert answers == {"": "found", "acct-2": "found", "acct-1": "not shown"}
    assert {one["share_green"] for one in told["keys"]} == {None}
    page = Path("april/audit.html").read_text()
    assert "standard deviations" in page
    assert "so strong a leaning" in page
    assert "set against what its base says" in page


def test_alone_it_is_named_and_nobody_else(evidence: Evidence) -> None:
    found = judged(DRAWN_PLAN, evidence, CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    adjusted = {one.commitment.account: one.adjusted for one in found.keys}
    assert max(adjusted[""], adjusted["acct-2"]) < 1e-6
    assert adjusted["acct-1"] > 0.01
    assert all(one.log_e is not None for one in found.keys)


def test_in_contexts_that_were_served_p_is_the_bound_that_bets_give(evidence: Evidence, harvest: np.ndarray) -> None:
    among = np.unique(harvest[:, :-1].astype(np.uint64))
    plan = msgspec.structs.replace(DRAWN_PLAN, mode=Mode.SERVED, filter_digest=digest_of_contexts(among))
    found = judged(plan, replace(evidence, among=among), CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    for one in found.keys:
        assert one.log_e is not None
        assert one.score.p == pytest.approx(min(1.0, np.exp(-one.log_e)))
    assert found.keys[2].adjusted < 1e-6


def test_what_prompts_carry_is_taken_out(evidence: Evidence) -> None:
    refused = judged(DRAWN_PLAN, replace(evidence, carried=evidence.said.cells), CANDIDATES, WRONG)
    assert isinstance(refused, Refused)
    assert "has 0 cells that count" in refused.reasons[0]


def test_a_control_that_saw_draws_stops_everything(evidence: Evidence) -> None:
    refused = judged(DRAWN_PLAN, replace(evidence, control=evidence.said), CANDIDATES, WRONG)
    assert isinstance(refused, Refused)
    assert "saw no mark" in refused.reasons[0]


def test_wrong_keys_that_are_the_right_one_stop_everything(evidence: Evidence) -> None:
    refused = judged(DRAWN_PLAN, evidence, CANDIDATES, [key("acct-2")] * 400)
    assert isinstance(refused, Refused)
    assert "out of order" in refused.reasons[0]


def test_a_key_with_too_few_cells_of_its_own_cannot_be_told(evidence: Evidence) -> None:
    """All but ten contexts are the fleet's: its key is judged, and accounts' are not."""
    own = CANDIDATES[key("acct-2").commitment().digest].is_own(evidence.said.cells)
    among = np.unique(evidence.said.cells.contexts[~own])
    plan = msgspec.structs.replace(DRAWN_PLAN, filter_digest=digest_of_contexts(among))
    found = judged(plan, replace(evidence, among=among), CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    assert {one.commitment.account: one.score.p is None for one in found.keys} == {
        "": False,
        "acct-1": True,
        "acct-2": True,
    }


def test_keys_of_two_schemes_are_two_plans() -> None:
    with pytest.raises(UsageError, match="several schemes"):
        msgspec.structs.replace(DRAWN_PLAN, keys=(*DRAWN_PLAN.keys, *PLAN.keys))
