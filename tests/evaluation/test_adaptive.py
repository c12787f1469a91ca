"""The closed loop on a tiny world: what he pays is counted, what he learns carries over, and nothing is left behind."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from end_to_end.wrappers import SECRETS

from stillwatch.evaluation.adaptive.bench import Bench
from stillwatch.evaluation.adaptive.loop import ROUND_DAYS, Effort, adapt
from stillwatch.evaluation.adaptive.round import Round, in_a_sentence
from stillwatch.evaluation.detector import NotRun
from stillwatch.evaluation.detectors.volume import Volume
from stillwatch.evaluation.results import Results
from stillwatch.evaluation.run import evaluate
from stillwatch.evaluation.world import World
from stillwatch.world.hostile.adaptive import Operator
from stillwatch.world.hostile.means import START
from stillwatch.world.simulate import Part
from stillwatch.world.stage import DAY_US, Stage
from stillwatch.world.write import write_log

pytestmark = pytest.mark.long

LITTLE = Effort(laboratory=0.02, rehearsals=2)


@pytest.fixture(scope="module")
def rounds(world: World, tmp_path_factory: pytest.TempPathFactory) -> list[Round]:
    """The loop with a small laboratory and two rehearsals a round."""
    folder = tmp_path_factory.mktemp("loop")
    told: list[float] = []
    found = adapt(world, SECRETS.deployment, folder, told.append, LITTLE)
    assert list(folder.iterdir()) == []
    assert told == sorted(told)
    assert told[-1] == 1.0
    return found


def test_a_tools_defaults_are_found_out_by_both(rounds: list[Round]) -> None:
    """In the first two days: one card for ten accounts and one wrapper for all. Nothing has been rehearsed."""
    first = rounds[0]
    assert (first.day, first.turned, first.rehearsals, first.accounts) == (ROUND_DAYS, (), 0, START.accounts)
    assert min(first.named, first.closed) >= first.accounts / 2


def test_he_turns_knobs_when_he_is_seen_and_opens_accounts_for_those_that_are_lost(rounds: list[Round]) -> None:
    """What he pays only grows, and he rehearses no more often than he said."""
    second = rounds[1]
    assert second.turned
    assert second.opened >= 2 * START.accounts
    assert all(one.rehearsals <= LITTLE.rehearsals for one in rounds)
    for before, after in pairwise(rounds):
        assert (after.requests, after.kept, after.opened) >= (before.requests, before.kept, before.opened)


def test_multiples_are_of_what_he_would_have_paid_undefended(rounds: list[Round]) -> None:
    """By hand, for the last round: his accounts over what he kept, beside twenty for 240 exchanges a day."""
    last = rounds[-1]
    assert last.requests_times == last.requests / last.kept
    assert last.accounts_times == pytest.approx(last.opened / last.kept / (20 / (240 * last.day)))
    assert in_a_sentence(rounds).startswith(
        f"after {last.day} days he paid {last.requests_times:.1f} times the requests"
    )


def test_without_any_harvest_there_is_no_multiple() -> None:
    """Nothing was got, whatever was paid."""
    nothing = Round(2, (), 0, 20, 0, 4, 20, 0, 0, None, None, 1.0)
    assert in_a_sentence([nothing]) == "after 2 days he had nothing; 4 of 20 accounts were closed in the last two"


def test_a_rehearsal_leaves_the_ledger_as_it_was(world: World, tmp_path: Path) -> None:
    """A ring is named with its log in the ledger, and not without it, before and after."""
    first_us = world.ledger.days()[0] * DAY_US
    stage = Stage("a test", 1, "traffic", first_us, 4, first_us + 10_000 * DAY_US)
    operator = Operator("ring", "coding").prepared(stage, 0, START, ())
    log = tmp_path / "ring.jsonl.gz"
    write_log([Part("ring", True, 1, iter([iter(operator.sent(stage, 0, 4)[0])]))], 1, log)
    bench = Bench.of(world.ledger.path, None, SECRETS.deployment, tmp_path / "bench")
    fleet, end = set(operator.accounts(stage)), world.ledger.days()[3]
    assert not bench.named(end) & fleet
    assert fleet <= bench.named_with(log, end)
    assert not bench.named(end) & fleet
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["bench"]


def test_what_he_learned_is_kept_with_the_results(world: World, tmp_path: Path) -> None:
    """A second run takes it from there; a world that is too short says so."""
    results, calls = Results(tmp_path / "results"), []
    one = Round(2, ("a card each",), 4, 20, 3, 1, 23, 480, 470, 1.02, 1.2, 1.1)

    def adapting(of: World, progress: object) -> list[Round]:
        calls.append(of.name)
        return [one]

    for _ in range(2):
        found = evaluate([world], [Volume()], results, adapting=adapting)
        assert [(learned.world, learned.rounds) for learned in found.adaptive] == [(world.name, (one,))]
    assert calls == [world.name]

    def too_short(of: World, progress: object) -> list[Round]:
        raise NotRun("it needs 4 days and the world has 2")

    brief = evaluate([replace(world, name="brief")], [Volume()], results, adapting=too_short)
    assert (brief.adaptive, brief.adaptive_reasons) == ((), ("brief: it needs 4 days and the world has 2",))
