"""A member's two files: progress is what was written, epochs begin anew, and slots pass with or without work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sharing.tags.running import DAILY, NOON_S, POINTS, Clock, Running
from stillwatch.errors import InputError
from stillwatch.sharing.tags.epochs import DAY_SECONDS
from stillwatch.sharing.tags.schedule import Comparison
from stillwatch.sharing.tags.spool import Reached, Spool, run_once, run_paced
from stillwatch.sharing.tags.written import own_tags


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Twenty suspects, of which two are none."""
    lines = [{"kind": "handle", "value": f"forum:user{number}" if number % 10 else "no handle"} for number in range(20)]
    (tmp_path / "suspects").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Spool(tmp_path / "suspects", tmp_path / "tags")


@pytest.fixture
def found(running: Running) -> Reached:
    return Reached(running.asker("member-01"), DAILY, ())


def test_each_line_is_evaluated_once_an_epoch(spool: Spool, found: Reached, running: Running) -> None:
    """A second run has nothing to do; a line that is added is all that the third does."""
    assert run_once(spool, found, NOON_S) == 18
    assert run_once(spool, found, NOON_S) == 0
    with spool.source.open("a") as file:
        file.write('{"kind": "asn", "value": "AS64500"}\n')
    assert run_once(spool, found, NOON_S) == 1
    assert len(own_tags(spool.target, 0)[0]) == 19
    assert len(running.register.log()) == 4


def test_a_run_that_was_cut_off_goes_on(spool: Spool, found: Reached) -> None:
    """A last line without its end is none; its identifier is evaluated again and nothing else is."""
    run_once(spool, found, NOON_S)
    whole = spool.target.read_bytes()
    spool.target.write_bytes(whole[:-10])
    assert run_once(spool, found, NOON_S) == 1


def test_slots_pass_with_and_without_work(spool: Spool, found: Reached, running: Running, clock: Clock) -> None:
    """One full batch at the beginning of each slot: the first three carry the work, the others decoys alone."""
    clock.now_s += 1234

    def sleep(seconds: float) -> None:
        clock.now_s += seconds

    run_paced(spool, found, clock, sleep, slots=DAILY)
    asked = running.register.log()
    slot_s = DAY_SECONDS // DAILY
    assert [one.at_s for one in asked] == [NOON_S + slot_s * (number + 1) for number in range(DAILY)]
    assert {one.points for one in asked} == {POINTS}
    assert len(own_tags(spool.target, 0)[0]) == 18


def test_a_new_epoch_evaluates_what_still_stands(spool: Spool, found: Reached, clock: Clock, running: Running) -> None:
    """Lines taken out of the list get no tag under the next key: nobody stands behind them."""
    run_once(spool, found, NOON_S)
    spool.source.write_text("\n".join(spool.source.read_text().splitlines()[:5]) + "\n")
    clock.now_s = running.keys.calendar.ends_s(0)
    assert run_once(spool, found, clock.now_s) == 4
    assert own_tags(spool.target, 1)[0] == [2, 3, 4, 5]


@pytest.mark.parametrize(("own", "matches", "bit"), [(3_000, 0, True), (2_999, 0, False), (3_000, 1, False)])
def test_a_client_says_that_its_suspects_met_nothing(
    spool: Spool, found: Reached, running: Running, own: int, matches: int, bit: bool
) -> None:
    """One bit with each batch, by the last comparison: with none of 3,000 the rate is below 0.1 % at 95 %."""
    assert spool.comparison() == Comparison()
    spool.keep_comparison(Comparison(own, matches))
    run_once(spool, found, NOON_S)
    assert {asked.fruitless for asked in running.register.log()} == {bit}


@pytest.mark.parametrize("line", ["alice@example.com", '{"kind": "shoe size", "value": "43"}', '{"kind": "email"}'])
def test_a_line_that_is_no_suspect_is_named(spool: Spool, found: Reached, line: str) -> None:
    """By its number, not by what stands in it."""
    spool.source.write_text(line + "\n")
    with pytest.raises(InputError, match="line 1 of") as refused:
        run_once(spool, found, NOON_S)
    assert "alice" not in str(refused.value)
