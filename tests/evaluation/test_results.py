"""A run goes on where it was: results are kept by world, detector, code and looks, and none is believed blindly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from stillwatch.evaluation.detector import Look, NotRun, Watch
from stillwatch.evaluation.detectors.mmd import Mmd
from stillwatch.evaluation.detectors.volume import Volume
from stillwatch.evaluation.results import Outcome, Results, method
from stillwatch.evaluation.run import evaluate, outcome_of
from stillwatch.evaluation.world import World


class Counting(Volume):
    """The volume baseline, which counts how often it has to learn."""

    times = 0

    def learned(self, world: World) -> Watch:
        type(self).times += 1
        return super().learned(world)


@pytest.fixture
def results(tmp_path: Path) -> Results:
    Counting.times = 0
    return Results(tmp_path / "results")


def silent(step: str, done: float) -> None:
    """No progress."""


def test_what_was_computed_is_not_computed_again(world: World, results: Results) -> None:
    first = outcome_of(world, Counting(), results, silent)
    assert outcome_of(world, Counting(), results, silent) == first
    assert Counting.times == 1


def test_a_damaged_result_is_computed_again(world: World, results: Results) -> None:
    outcome_of(world, Counting(), results, silent)
    (results.folder / "tiny--volume.json").write_text('{"world": "tiny"}')
    assert outcome_of(world, Counting(), results, silent).status == "done"
    assert Counting.times == 2


def test_a_result_of_another_world_of_that_name_is_not_taken(world: World, results: Results, tmp_path: Path) -> None:
    outcome_of(world, Counting(), results, silent)
    other = tmp_path / "tiny"
    other.mkdir()
    (other / "truth.json").write_bytes((world.directory / "truth.json").read_bytes() + b" ")
    assert results.get("tiny", "volume", replace(world, directory=other).fingerprint()) is None


def test_a_result_of_other_code_or_other_looks_is_not_taken() -> None:
    known = method("w", Volume.__module__, [3, 7])
    assert known == method("w", Volume.__module__, [3, 7])
    assert len({known, method("w", Mmd.__module__, [3, 7]), method("w", Volume.__module__, [7])}) == 3


def test_what_could_not_run_is_tried_again(world: World, results: Results) -> None:
    """A baseline may be installed between two runs."""

    class Missing(Counting):
        def learned(self, world: World) -> Watch:
            raise NotRun("it is not installed", "Install it")

    outcome = outcome_of(world, Missing(), results, silent)
    assert (outcome.status, outcome.reason) == ("not run", "it is not installed. Install it")
    assert outcome_of(world, Counting(), results, silent).status == "done"


@pytest.mark.parametrize("at", [0, 2])
def test_an_interruption_leaves_no_half_result(world: World, results: Results, at: int) -> None:
    class Interrupted(Counting):
        def learned(self, world: World) -> Watch:
            return stopping(super().learned(world), world.cuts()[at])

    with pytest.raises(KeyboardInterrupt):
        outcome_of(world, Interrupted(), results, silent)
    assert list(results.folder.iterdir()) == []


def stopping(watch: Watch, at: int) -> Callable[[int], Look]:
    def stopped(day: int) -> Look:
        if day == at:
            raise KeyboardInterrupt
        return watch(day)

    return stopped


def test_progress_is_told_by_step_and_never_past_its_end(world: World, results: Results) -> None:
    told: list[tuple[str, float]] = []
    outcome_of(world, Counting(), results, lambda step, done: told.append((step, done)))
    assert {step for step, _ in told} == {"Volume threshold on tiny"}
    assert (told[0][1], told[-1][1]) == (0.0, 1.0)
    assert [done for _, done in told] == sorted(done for _, done in told)


def test_one_figure_for_several_worlds_is_the_sum_of_their_counts(world: World, results: Results) -> None:
    twin = replace(world, name="twin")
    alone = evaluate([world], [Volume()], results).detectors[0].figures
    both = evaluate([world, twin], [Volume()], results).detectors[0].figures
    assert alone is not None
    assert both is not None
    assert both.campaigns[0].acted.trials == 2 * alone.campaigns[0].acted.trials
    assert both.operating_point.honest.trials == 2 * alone.operating_point.honest.trials
    assert len(both.leaks) == 2 * len(alone.leaks)


def test_an_outcome_survives_writing_and_reading(results: Results) -> None:
    outcome = Outcome("w", "d", "f", "done", looks=(Look(3, {"a": 1.5}, ("a",)),), seconds=0.25)
    results.put(outcome)
    assert results.get("w", "d", "f") == outcome
    assert results.get("w", "d", "g") is None


def test_a_world_without_a_benign_log_is_evaluated_without_calibration(world: World, results: Results) -> None:
    """Scores are ranked, nobody is acted on, what has to learn is not run, and all of that is said."""
    bare = replace(world, benign=None, name="bare")
    found = evaluate([bare], [Volume(), Mmd()], results)
    volume, mmd = found.detectors
    assert not found.worlds[0].is_calibrated
    assert volume.figures is not None
    assert volume.figures.accounts.recall.trials == 20
    assert (volume.figures.operating_point.recall.successes, volume.figures.calibration) == (0, ())
    assert (mmd.figures, mmd.reasons) == (None, ("bare: it needs benign.jsonl.gz as the history to compare with",))
    assert found.windows_reasons == ("bare: it needs benign.jsonl.gz and harvest.parquet",)


def test_without_a_list_of_what_harvests_all_exchanges_of_a_campaign_count(world: World, results: Results) -> None:
    blunt = replace(world, name="blunt", truth=replace(world.truth, harvest=None))
    figures = evaluate([blunt], [Volume()], results).detectors[0].figures
    assert figures is not None
    assert [leak.harvested for leak in figures.leaks] > [250, 250]
