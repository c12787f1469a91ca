"""Campaigns: the ladder's knobs, the pool of work, bans and what follows, and what each level shows of it."""

from __future__ import annotations

from collections import Counter

import pytest

from stillwatch.world.facts import BANNED_TRIES
from stillwatch.world.hostile.ladder import KNOBS, LEVELS
from stillwatch.world.hostile.objectives import OBJECTIVES
from stillwatch.world.stage import DAY_US, HOUR_US
from stillwatch.world.wire.setup import NEW_MODEL
from tests.world.worlds import accounts_of, hostile, stage

HIDES_LESS_WHEN_LARGER = ("per_address", "per_card")


@pytest.mark.parametrize("knob", KNOBS)
def test_each_level_hides_at_least_as_much_as_the_one_below(knob: str) -> None:
    """Knob by knob, from E0 to E7."""
    values = [getattr(LEVELS[f"E{level}"], knob) for level in range(8)]
    assert values == sorted(values, reverse=knob in HIDES_LESS_WHEN_LARGER)


def test_each_level_turns_a_knob() -> None:
    """E0 and E1 differ in the card; every later level in more."""
    assert len({LEVELS[f"E{level}"] for level in range(8)}) == 8


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("level", ["E2", "E6"])
def test_every_objective_harvests_at_every_level(objective: str, level: str) -> None:
    """And no item is dealt out twice."""
    sent = hostile(f"objective = '{objective}'\nlevel = '{level}'\naccounts = 6\nper_day = 8", days=6)
    harvest = [one for one in sent if one.campaign]
    assert harvest
    asked = [one.ask.turns[-1][1] for one in harvest if len(one.ask.turns) == 1]
    assert len(set(asked)) == len(asked)


def test_accounts_that_are_banned_are_replaced_and_the_work_goes_on() -> None:
    """At day 3 all are banned: an hour later nobody is left, then fresh accounts go on, and nothing is done twice."""
    where = stage()
    row = "objective = 'coding'\nlevel = 'E2'\naccounts = 8\nper_day = 30\nbans = [{ day = 3, share = 1 }]"
    sent = hostile(row)
    ban_us = where.first_us + 3 * DAY_US
    before = [one for one in sent if one.ts_us < ban_us]
    after = [one for one in sent if one.ts_us >= ban_us + HOUR_US and not one.refused]
    assert len(accounts_of(before)) == len(accounts_of(after)) == 8
    assert not accounts_of(before) & accounts_of(after)
    assert min(one.ts_us for one in after) > ban_us + 4 * HOUR_US
    texts = Counter(one.ask.turns[-1][1] for one in sent if not one.refused)
    assert max(texts.values()) == 1


@pytest.mark.parametrize("level", ["E2", "E5"])
def test_a_banned_account_is_refused_until_its_operator_notices(level: str) -> None:
    """A few requests each, after the ban and before the fresh account comes; another account sends the item then."""
    ban_us = stage().first_us + 3 * DAY_US
    row = f"objective = 'coding'\nlevel = '{level}'\naccounts = 8\nper_day = 30\nbans = [{{ day = 3, share = 1 }}]"
    sent = hostile(row)
    refused = [one for one in sent if one.refused]
    tries = Counter(one.account.account for one in refused)
    assert tries
    assert max(tries.values()) <= BANNED_TRIES[1]
    assert not set(tries) & accounts_of([one for one in sent if one.ts_us >= ban_us + HOUR_US and not one.refused])
    assert all(ban_us <= one.ts_us < ban_us + 9 * HOUR_US for one in refused)
    assert {one.refused for one in refused} <= {401, 403}
    assert not any(one.campaign for one in refused)


def test_half_of_the_traffic_moves_to_a_new_model_within_a_day() -> None:
    """As reported of one campaign."""
    where = stage()
    sent = hostile("objective = 'coding'\nlevel = 'E2'\naccounts = 120\nper_day = 3")
    models = [one.setup.model_at(one.ts_us) for one in sent if one.ts_us > where.release_us + DAY_US]
    assert 0.35 < models.count(NEW_MODEL) / len(models) < 0.7
    assert NEW_MODEL not in {one.setup.model_at(one.ts_us) for one in sent if one.ts_us < where.release_us}


def test_infrastructure_by_level() -> None:
    """E1 shares address and card; E2 hides the address, E5 pays and dwells like customers."""
    first, second, fifth = (
        hostile(f"objective = 'coding'\nlevel = '{level}'\naccounts = 16\nper_day = 5") for level in ("E1", "E2", "E5")
    )
    assert len({one.address for one in first}) == 1
    assert len({one.address for one in second}) == len({one.account.account for one in second})
    assert len({one.account.payment for one in second}) == 4
    assert len({one.account.payment for one in fifth}) == len(accounts_of(fifth))
    assert len({one.setup.headers for one in first}) == 1 < len({one.setup.headers for one in second})


def test_wrappers_by_level() -> None:
    """E2 has one wrapper, E3 at most fifty, E4 sends half of its items bare."""
    row = "objective = 'coding'\naccounts = 10\nper_day = 12\nlevel = "
    systems = {level: {one.ask.system for one in hostile(f"{row}'{level}'")} for level in ("E2", "E3", "E4")}
    assert len(systems["E2"]) == 1
    assert 20 < len(systems["E3"]) <= 50
    assert systems["E4"] == {""}


def test_sessions_replace_the_scheduler_at_e5() -> None:
    """Dialogues of several turns, fewer at night than by day."""
    sent = hostile("objective = 'question_sweep'\nlevel = 'E5'\naccounts = 30\nper_day = 10")
    assert any(len(one.ask.turns) > 4 for one in sent)
    local = Counter((one.ts_us // HOUR_US + one.account.zone) % 24 for one in sent)
    assert sum(local[hour] for hour in range(5)) < 0.3 * sum(local[hour] for hour in range(16, 21))


def test_cover_and_a_slow_start_are_no_harvest() -> None:
    """E6: the first days are ordinary, and so are three sessions in five after them."""
    sent = hostile("objective = 'coding'\nlevel = 'E6'\naccounts = 40\nper_day = 10")
    first = {one.account.account: one.ts_us for one in reversed(sent)}
    early = [one for one in sent if one.ts_us < first[one.account.account] + 2 * DAY_US]
    late = [one for one in sent if one.ts_us >= first[one.account.account] + 3 * DAY_US]
    assert not any(one.campaign for one in early if len(one.ask.turns) == 1)
    assert 0.25 < sum(bool(one.campaign) for one in late) / len(late) < 0.55


def test_a_knob_can_be_turned_alone() -> None:
    """E1 with variants is E1 in all but the variants."""
    sent = hostile("objective = 'coding'\nlevel = 'E1'\nvariants = 10\naccounts = 10\nper_day = 20")
    assert len({one.address for one in sent}) == 1
    assert 3 < len({one.ask.system for one in sent}) <= 10
