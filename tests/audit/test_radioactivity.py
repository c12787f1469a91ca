"""A finding where there is something to find, a refusal wherever a gate is missing, and no false name."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from stillwatch.audit.candidates import candidates
from stillwatch.audit.finding import Finding, Refused
from stillwatch.audit.protocol import LEAST_WRONG_KEYS, Mode, Protocol, digest_of_contexts, digest_of_prompts
from stillwatch.audit.radioactivity import Evidence, judged
from stillwatch.audit.said import Said
from stillwatch.errors import UsageError
from stillwatch.pseudonym import Secret
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.cells import Cells, distinct
from stillwatch.watermark.keys import MasterKeys
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green
from stillwatch.watermark.scheme import Scheme

MASTER = MasterKeys(Secret(b"a secret for tests only, 32 bytes"))
SCHEME = Scheme()
KEYS = [MASTER.key(SCHEME, "tok", epoch=epoch) for epoch in range(3)]
COMMITMENTS = tuple(key.commitment() for key in KEYS)
CANDIDATES = candidates(KEYS, layered=False)
WRONG = [MASTER.key(SCHEME, "tok", tenant="nobody", epoch=epoch) for epoch in range(LEAST_WRONG_KEYS)]
NOTHING = distinct(np.empty(0, np.uint64), np.empty(0, np.uint64))
PLAN = Protocol(
    suspect="a model",
    mode=Mode.CLOSED,
    tokenizer="tok",
    prompts=2,
    prompts_digest=digest_of_prompts(["one", "two"]),
    keys=COMMITMENTS,
    layered=False,
    made_us=1_788_000_000_000_000,
)


def drawn(count: int, seed: int, leaning: float = 0.0, key: int = 1) -> Cells:
    """Cells of which a share more than chance is green under a key."""
    rng = np.random.default_rng(seed)
    cells = distinct(
        rng.integers(0, 5_000, 3 * count).astype(np.uint64), rng.integers(0, 5_000, 3 * count).astype(np.uint64)
    )
    is_green = green(Layers(KEYS[key]), cells.contexts, cells.tokens)
    kept = rng.random(len(cells)) < np.where(is_green, 1.0, 1.0 - leaning)
    return Cells(cells.contexts[kept][:count], cells.tokens[kept][:count])


def once(cells: Cells) -> Said:
    """Each said once."""
    return Said(cells, np.ones(len(cells), np.int64))


EVIDENCE = Evidence(once(drawn(20_000, 1, leaning=0.2)), NOTHING, once(drawn(20_000, 2)))


def test_the_key_that_marked_the_training_text_is_found_and_the_others_are_not() -> None:
    found = judged(PLAN, EVIDENCE, CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    assert found.protocol == PLAN.digest
    assert found.keys[1].adjusted < PLAN.level
    assert min(found.keys[0].adjusted, found.keys[2].adjusted) > 0.01
    assert found.calibration.wrong_keys == LEAST_WRONG_KEYS


def test_a_clean_suspect_is_named_no_more_often_than_it_says() -> None:
    named = 0
    for seed in range(60):
        found = judged(PLAN, replace(EVIDENCE, said=once(drawn(300, 100 + seed))), CANDIDATES, WRONG)
        assert isinstance(found, Finding)
        named += min(key.adjusted for key in found.keys) <= 0.05
    assert chance_of_so_many(named, 60, 0.05) > 1e-3


def test_marks_that_the_prompts_carry_are_taken_out() -> None:
    """A clean model that repeats marked prompts is as green as they are."""
    carried = drawn(5_000, 3, leaning=0.9)
    repeats = replace(EVIDENCE, said=once(carried), carried=carried)
    refused = judged(PLAN, repeats, CANDIDATES, WRONG)
    assert isinstance(refused, Refused)
    assert "has 0 cells that count" in refused.reasons[0]


def test_the_filter_must_be_the_one_that_was_frozen() -> None:
    among = np.arange(100, dtype=np.uint64)
    plan = msgspec.structs.replace(PLAN, filter_digest=digest_of_contexts(among))
    assert isinstance(judged(plan, replace(EVIDENCE, among=among[::-1]), CANDIDATES, WRONG), Finding)
    for other in (None, among[1:]):
        refused = judged(plan, replace(EVIDENCE, among=other), CANDIDATES, WRONG)
        assert isinstance(refused, Refused)
        assert "not the one that was frozen" in refused.reasons[0]


def test_a_suspect_is_set_against_its_reference_where_that_was_planned_and_only_there() -> None:
    """Beside another model's answers a suspect still leans, under the one key."""
    plan = msgspec.structs.replace(PLAN, reference="its base")
    beside = replace(EVIDENCE, reference=once(drawn(20_000, 6)))
    found = judged(plan, beside, CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    assert found.keys[1].adjusted < PLAN.level
    assert min(found.keys[0].adjusted, found.keys[2].adjusted) > 0.01
    for other, evidence in ((plan, EVIDENCE), (PLAN, beside)):
        refused = judged(other, evidence, CANDIDATES, WRONG)
        assert isinstance(refused, Refused)
        assert "reference" in refused.reasons[0]


def test_without_its_panel_no_p_value_is_given() -> None:
    refused = judged(PLAN, EVIDENCE, CANDIDATES, WRONG[1:])
    assert isinstance(refused, Refused)
    assert f"{LEAST_WRONG_KEYS} were planned" in refused.reasons[0]


def test_a_key_that_is_held_back_is_missed() -> None:
    refused = judged(PLAN, EVIDENCE, dict(list(CANDIDATES.items())[:2]), WRONG)
    assert isinstance(refused, Refused)
    assert "1 of the 3 keys" in refused.reasons[0]


def test_a_control_that_is_not_clean_stops_everything() -> None:
    refused = judged(PLAN, replace(EVIDENCE, control=once(drawn(20_000, 4, leaning=0.3))), CANDIDATES, WRONG)
    assert isinstance(refused, Refused)
    assert "saw no mark" in refused.reasons[0]


def test_a_panel_that_finds_too_much_stops_everything() -> None:
    """Wrong keys that are the right one."""
    refused = judged(PLAN, EVIDENCE, CANDIDATES, [KEYS[1]] * LEAST_WRONG_KEYS)
    assert isinstance(refused, Refused)
    assert "out of order" in refused.reasons[0]


def test_too_little_text_cannot_be_judged() -> None:
    refused = judged(PLAN, replace(EVIDENCE, said=once(drawn(10, 5))), CANDIDATES, WRONG)
    assert isinstance(refused, Refused)
    assert refused.reasons[0].startswith("cannot tell")


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"mode": Mode.READING}, "no reference|none is named"), ({"mode": Mode.SUPERVISED}, "no filter is named")],
)
def test_a_plan_that_lacks_something_is_none(changed: dict[str, Mode], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        msgspec.structs.replace(PLAN, **changed)


def test_every_word_of_a_plan_counts() -> None:
    for changed in ({"suspect": "b"}, {"level": 0.01}, {"prompts": 3}, {"keys": COMMITMENTS[1:]}, {"made_us": 1}):
        assert msgspec.structs.replace(PLAN, **changed).digest != PLAN.digest
    assert digest_of_prompts(["ab", "c"]) != digest_of_prompts(["a", "bc"])
