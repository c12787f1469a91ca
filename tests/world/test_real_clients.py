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


HEADERS = [["Host", "127.0.0.1"], ["X-Tool", "9"], ["Authorization", "Bearer secret"], ["Content-Length", "3"]]


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
                "headers": HEADERS,
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


@pytest.mark.parametrize(("level", "shows_its_tool"), [("E1", True), ("E2", False)])
def test_headers_are_the_clients_own_in_their_order(
    captures: Path, tmp_path: Path, level: str, shows_its_tool: bool
) -> None:
    """Of a crowd always; of a campaign until it shows other programs, at E2."""
    plan = scenario(PLAN.replace("E2", level))
    written = write_world(plan, tmp_path / "w", seed=1, scale=1.0, tell=silent, runs=read_runs(captures))
    world = Made(tmp_path / "w", written.truth)
    own = tuple(name for name, _ in HEADERS)
    assert names_of(world, world.truth["classes"]["evaluators"]["accounts"]) == {own}
    assert (names_of(world, world.truth["campaigns"][0]["accounts"]) == {own}) is shows_its_tool


def names_of(world: Made, accounts: list[str]) -> set[tuple[str, ...]]:
    """The orders of headers that these accounts show."""
    return {tuple(name for name, _ in row["headers"]) for row in world.rows() if row["account"] in accounts}


def test_host_length_and_credentials_are_not_the_captures(captures: Path, tmp_path: Path) -> None:
    """Where it was sent, how long it was, and who could send it."""
    written = write_world(scenario(PLAN), tmp_path / "w", seed=1, scale=1.0, tell=silent, runs=read_runs(captures))
    world = Made(tmp_path / "w", written.truth)
    row = next(r for r in world.rows() if r["account"] in world.truth["classes"]["evaluators"]["accounts"])
    length = len(json.dumps(row["body"], ensure_ascii=False, separators=(",", ":")).encode())
    assert dict(row["headers"]) == {
        "Host": "api.provider.example",
        "X-Tool": "9",
        "Authorization": "REDACTED",
        "Content-Length": str(length),
    }


@pytest.mark.parametrize("headers", [None, "x", [["a"]], [["a", 1]], {"a": "b"}])
def test_without_headers_in_the_capture_the_sender_has_his_own(headers: object, tmp_path: Path) -> None:
    """What is no list of pairs is no headers."""
    row = {"run": "a", "path": "/v1/chat/completions", "headers": headers, "body": {"messages": []}}
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    assert read_runs(tmp_path)["a"][0].headers == ()


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
