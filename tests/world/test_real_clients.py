"""Bodies of real clients in a world: read from the example's logs and from captures, sent as they are but the model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.errors import InputError
from stillwatch.world.real_clients import read_runs
from stillwatch.world.write import write_world
from tests.world.worlds import Made, scenario, silent

EXAMPLE = Path(__file__).parents[2] / "examples" / "logs"
PLAN = """
days = 5
[[crowd]]
name = "evaluators"
run = "asks"
accounts = 4
[[crowd]]
name = "one house"
run = "asks"
accounts = 3
independent = false
[[campaign]]
name = "bodies"
objective = "coding"
level = "E2"
run = "harvests"
accounts = 5
per_day = 6
"""


@pytest.fixture
def captures(tmp_path: Path) -> Path:
    """Two runs of forty requests."""
    folder = tmp_path / "captures"
    folder.mkdir()
    for run in ("asks", "harvests"):
        rows = [
            {
                "run": run,
                "path": "/v1/chat/completions",
                "body": {"model": "other", "seed": n, "messages": [{"role": "user", "content": f"{run} {n}"}]},
            }
            for n in range(40)
        ]
        (folder / f"{run}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_the_example_log_is_read_by_run() -> None:
    """Its truth says which accounts made which run."""
    runs = read_runs(EXAMPLE)
    assert {"worked-answers", "chats", "evaluators"} <= set(runs)
    assert len(runs["worked-answers"]) == 1280


def test_bodies_are_sent_as_they_are_but_for_the_model(captures: Path, tmp_path: Path) -> None:
    """A campaign deals its run out once; independent organisations have samples, one house divides the run."""
    written = write_world(scenario(PLAN), tmp_path / "w", seed=1, scale=1.0, tell=silent, runs=read_runs(captures))
    world = Made(tmp_path / "w", written.truth)
    said = {row["body"]["messages"][0]["content"]: row for row in world.rows()}
    assert all(row["body"]["model"].startswith("sonata") for row in said.values())
    (campaign,) = world.truth["campaigns"]
    harvested = [r["body"]["seed"] for r in world.rows() if r["account"] in set(campaign["accounts"])]
    assert sorted(harvested) == list(range(40))
    house = set(world.truth["classes"]["one house"]["accounts"])
    asked = [row["body"]["seed"] for row in world.rows() if row["account"] in house]
    assert len(set(asked)) == len(asked)
    assert len({row["organization"] for row in world.rows() if row["account"] in house}) == 1


def test_the_calibration_log_takes_the_other_half_of_a_run(captures: Path, tmp_path: Path) -> None:
    """What is calibrated on is not what is hunted."""
    runs = read_runs(captures)
    write_world(scenario(PLAN), tmp_path / "w", seed=1, scale=1.0, tell=silent, runs=runs)
    world = Made(tmp_path / "w", {})
    before = {row["body"]["seed"] for row in world.rows("benign.jsonl.gz")}
    crowd = {r["body"]["seed"] for r in world.rows() if r["body"]["messages"][0]["content"].startswith("asks")}
    assert before
    assert not before & crowd


def test_a_run_that_is_not_there_is_named_with_those_that_are(captures: Path, tmp_path: Path) -> None:
    """Before anything is simulated."""
    plan = scenario(PLAN.replace("harvests", "reaps"))
    with pytest.raises(InputError, match=r"no run reaps\. Known are: asks, harvests"):
        write_world(plan, tmp_path / "w", seed=1, scale=1.0, tell=silent, runs=read_runs(captures))
    with pytest.raises(InputError, match="--clients"):
        write_world(plan, tmp_path / "w", seed=1, scale=1.0, tell=silent)


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    """And a file that is no JSON is named with its line."""
    with pytest.raises(InputError, match="holds no run"):
        read_runs(tmp_path)
    (tmp_path / "broken.jsonl").write_text('{"run": "a"}\n{')
    with pytest.raises(InputError, match="line 2 is no JSON"):
        read_runs(tmp_path)
