"""A key that a suspect avoids: asked only where the plan froze it, at a level of its own, never beside a reference."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stillwatch.audit.candidates import Candidate
from stillwatch.audit.finding import Finding, Refused, p_of
from stillwatch.audit.protocol import Mode
from stillwatch.audit.radioactivity import judged
from stillwatch.audit.reading import weighed
from stillwatch.audit.said import NOTHING, Said, set_against
from stillwatch.errors import UsageError
from stillwatch.experiments.student import Student
from stillwatch.stats.binomial import chance_of_so_many
from stillwatch.watermark.cells import Cells
from stillwatch.watermark.layers import Layers
from stillwatch.watermark.red_green import green

from .conftest import Stillwatch
from .suspect import Suspect
from .test_commands import ask, planned, reported
from .test_radioactivity import CANDIDATES, EVIDENCE, KEYS, PLAN, WRONG, drawn, once

LOOKING = msgspec.structs.replace(PLAN, avoidance=0.5)


def avoiding(count: int, seed: int) -> Said:
    """Cells of which three in ten greens under the second key are left out."""
    cells = drawn(2 * count, seed)
    is_green = green(Layers(KEYS[1]), cells.contexts, cells.tokens)
    kept = np.random.default_rng(seed).random(len(cells)) < np.where(is_green, 0.7, 1.0)
    return once(Cells(cells.contexts[kept][:count], cells.tokens[kept][:count]))


def test_a_key_that_is_avoided_is_told_and_is_not_found() -> None:
    found = judged(LOOKING, replace(EVIDENCE, said=avoiding(20_000, 11)), CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    assert found.avoided[1].adjusted < LOOKING.level_avoided
    assert min(found.avoided[0].adjusted, found.avoided[2].adjusted) > 0.01
    assert min(one.adjusted for one in found.keys) > 0.01


def test_a_key_that_is_found_is_not_avoided_and_both_share_the_level() -> None:
    found = judged(LOOKING, EVIDENCE, CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    assert found.keys[1].adjusted < LOOKING.level_found
    assert min(one.adjusted for one in found.avoided) > 0.01
    assert LOOKING.level_found + LOOKING.level_avoided == pytest.approx(PLAN.level)


def test_a_plan_that_does_not_look_is_not_told() -> None:
    found = judged(PLAN, replace(EVIDENCE, said=avoiding(20_000, 11)), CANDIDATES, WRONG)
    assert isinstance(found, Finding)
    assert found.avoided == ()
    assert PLAN.level_found == PLAN.level


def test_a_suspect_avoids_keys_that_it_knows_nothing_of_no_more_often_than_is_said() -> None:
    turned = set_against(avoiding(3_000, 13), NOTHING).turned()
    p = np.array([p_of(weighed(turned, Candidate(key))) for key in WRONG])
    for level in (0.5, 0.05, 0.01):
        assert chance_of_so_many(int((p <= level).sum()), len(WRONG), level) > 1e-3


def test_a_control_that_avoids_a_key_stops_everything() -> None:
    refused = judged(LOOKING, replace(EVIDENCE, control=avoiding(20_000, 12)), CANDIDATES, WRONG)
    assert isinstance(refused, Refused)
    assert refused.reasons[0].startswith("looking for keys that are avoided, a model that saw no mark")


@pytest.mark.parametrize("changed", [{"reference": "its base"}, {"mode": Mode.READING, "reference": "its base"}])
def test_beside_a_reference_that_side_is_not_looked_at(changed: dict[str, str]) -> None:
    """One that learned marked text would make a clean suspect look as if it avoided the key."""
    with pytest.raises(UsageError, match="a clean suspect seems to avoid the key"):
        msgspec.structs.replace(LOOKING, **changed)


def test_the_report_says_what_it_shows_and_what_not(stillwatch: Stillwatch, guilty: Student, clean: Student) -> None:
    planned(stillwatch, [f"Say {number}" for number in range(40)], "--avoidance", "0.5")
    assert ask(stillwatch, Suspect(guilty))[0] == 0
    assert ask(stillwatch, Suspect(clean), "--as", "control")[0] == 0
    code, said, err = reported(stillwatch, "--json")
    assert (code, err) == (0, "")
    told = json.loads(said)
    assert told["level"] == told["level_avoided"] == 5e-7
    assert {one["answer"] for one in told["avoided"]} == {"not shown"}
    page = Path("april/audit.html").read_text()
    assert "Keys that it avoids" in page
    assert "does not by itself show training on marked text" in page
