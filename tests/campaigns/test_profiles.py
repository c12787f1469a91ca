"""Known operators: profiles that say what was left behind, compared under one key, named only beyond chance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from stillwatch.campaigns.attribution import attribute
from stillwatch.campaigns.profile_null import FalseMatches, pairs_of, shipped
from stillwatch.campaigns.profiles import (
    MATCH_AT_MOST,
    BadProfile,
    Profile,
    as_json,
    likeness,
    matches,
    profile_of,
    read_profiles,
    similarity,
)
from stillwatch.errors import SketchMismatch
from stillwatch.sketch.record import ZONE_SLOTS, identity

from .rings import PLAINLY_DIFFERENT, ring

HERE = identity("1111", "aaaa")
HOUR_US = 3_600_000_000
KEYS = np.array([5, 6, 7, 8], np.uint64)
Rows = Mapping[str, np.ndarray[Any, np.dtype[np.generic]]]


def rows(count: int = 48, **changes: object) -> Rows:
    """Exchanges of four accounts, one an hour: one parameter tuple, one client, one network, no new model."""
    columns: dict[str, Any] = {
        "ts_us": np.arange(count, dtype=np.int64) * HOUR_US,
        "account": np.arange(count) % 4,
        "model": np.full(count, 1),
        "parameters": np.full(count, 77),
        "client": np.full(count, 9),
        "asn": np.full(count, 64500),
        "alliance": np.tile(np.arange(1, ZONE_SLOTS + 1, dtype=np.uint8), (count, 1)),
    }
    return columns | changes


def profile(name: str = "known", *, keys: Any = KEYS, of: Rows | None = None, objective: str = "coding") -> Profile:
    return profile_of(name, keys, of or rows(), HERE, objective)


def test_a_profile_holds_what_the_exchanges_show() -> None:
    made = profile()
    assert made.skeleton == ("5", "6", "7", "8")
    assert (made.parameters, made.clients, made.networks) == ({"77": 1.0}, {"9": 1.0}, {"64500": 1.0})
    assert made.hours == (0.041667,) * 24
    assert made.alliance == tuple(range(1, ZONE_SLOTS + 1))
    assert made.release_hours is None


def test_no_country_and_no_account_is_in_a_profile() -> None:
    """What is handed on names neither places nor people."""
    assert not set(Profile.__struct_fields__) & {"country", "countries", "accounts", "organizations", "ip"}


def test_the_reaction_to_a_release_is_the_time_until_half_had_changed() -> None:
    """Four accounts change after hours 20, 21, 22 and 23: half of them an hour and a half after the first."""
    changed = np.where(np.arange(48) >= 20, 2, 1)
    assert profile(of=rows(model=changed)).release_hours == 1.5


def test_two_changes_are_no_reaction() -> None:
    changed = np.where((np.arange(48) >= 20) & (np.arange(48) % 4 < 2), 2, 1)
    assert profile(of=rows(model=changed)).release_hours is None


def test_the_signature_is_silent_where_no_value_prevails() -> None:
    mixed = np.tile(np.arange(1, ZONE_SLOTS + 1, dtype=np.uint8), (48, 1))
    mixed[:, 0] = np.arange(48)
    assert profile(of=rows(alliance=mixed)).alliance[:2] == (0, 2)


def test_without_an_alliance_there_is_no_signature() -> None:
    assert profile_of("x", KEYS, rows(), identity("1111"), "coding").alliance == ()


def test_the_same_operator_is_as_like_as_can_be() -> None:
    alike = likeness(profile("known"), profile("seen"))
    assert set(alike.values()) == {1.0}
    assert similarity(alike) == pytest.approx(1.0)


def test_only_what_both_know_is_compared() -> None:
    """A profile that was imported without clients and networks is not held to be unlike for it."""
    poor = msgspec.structs.replace(profile(), clients={}, networks={}, hours=())
    assert set(likeness(poor, profile())) == {"skeleton", "parameters", "objective"}


def test_each_field_says_how_alike_it_is() -> None:
    other = profile(keys=np.array([7, 8, 9, 10], np.uint64), of=rows(client=np.arange(48) % 2 + 9), objective="grading")
    alike = likeness(profile(), other)
    assert (alike["skeleton"], alike["clients"], alike["objective"]) == (0.5, 0.5, 0.0)


# Keys.


def test_under_another_deployment_key_only_the_signature_and_open_habits_compare() -> None:
    ally = msgspec.structs.replace(profile("ally"), key="2222", skeleton=("1",))
    assert set(likeness(ally, profile())) == {"alliance", "objective", "networks", "hours"}


def test_without_a_common_key_nothing_compares() -> None:
    """Equal numbers under two keys mean nothing; comparing them would be worse than silence."""
    stranger = msgspec.structs.replace(profile("stranger"), key="2222", alliance_key="bbbb")
    with pytest.raises(SketchMismatch, match="neither a deployment key nor an alliance key"):
        likeness(stranger, profile())


def test_an_empty_alliance_key_is_no_common_key() -> None:
    left, right = (profile_of(key, KEYS, rows(), identity(key), "coding") for key in ("1111", "2222"))
    with pytest.raises(SketchMismatch):
        likeness(left, right)


# Names.


def a_null(highest: float, as_high: int = 1, pairs: int = 10_000) -> FalseMatches:
    """Strangers of whom `as_high` are as alike as `highest`, and all others not at all."""
    found = pairs_of([0.0] * (pairs - as_high) + [highest] * as_high)
    return FalseMatches(found, found, {})


def test_a_name_is_given_only_beyond_the_rate_of_false_matches() -> None:
    seen = profile("seen")
    (beyond,) = matches(seen, [profile("known")], a_null(0.5))
    (common,) = matches(seen, [profile("known")], a_null(1.0, as_high=500))
    assert beyond.rate == pytest.approx(1 / 10_001)
    assert beyond.is_beyond_chance
    assert common.rate == pytest.approx(501 / 10_001)
    assert not common.is_beyond_chance


def test_comparing_many_profiles_is_paid_for() -> None:
    """Among two hundred known operators, somebody always looks a little alike."""
    known = [profile(f"known-{number}") for number in range(200)]
    found = matches(profile("seen"), known, a_null(0.5))
    assert {round(match.rate, 6) for match in found} == {round(200 / 10_001, 6)}
    assert not any(match.is_beyond_chance for match in found)


def test_without_the_wrapper_habits_alone_name_nobody() -> None:
    """Whatever else agrees: the null was measured on strangers who share the words."""
    other = profile("seen", keys=np.array([5, 16, 17, 18, 19, 20], np.uint64))
    (match,) = matches(other, [profile("known")], a_null(0.1))
    assert match.alike["skeleton"] < 0.3
    assert (match.rate, match.is_beyond_chance) == (1.0, False)


def test_a_matching_profile_names_the_operator_and_nobody_else() -> None:
    told = attribute(ring(), matches=matches(profile("seen"), [profile("Kestrel")], a_null(0.5)))
    assert {h.hypothesis: h.name for h in told if h.name} == {"operator": "Kestrel"}
    said = "matches the profile Kestrel (similarity 1.00, which 1 in 10,001 strangers with the same wrapper reach)"
    assert said in next(h for h in told if h.name).speaks_for


def test_a_match_within_chance_names_nobody() -> None:
    told = attribute(ring(), matches=matches(profile("seen"), [profile("Kestrel")], a_null(1.0, as_high=500)))
    assert all(h.name == "" for h in told)


def test_a_name_moves_no_probability() -> None:
    """Who shares a harness with an operator is not made one by it."""
    found = matches(profile("seen"), [profile("Kestrel")], a_null(0.5))
    for measured in (ring(), ring(PLAINLY_DIFFERENT)):
        plain = {h.hypothesis: h.probability for h in attribute(measured)}
        assert {h.hypothesis: h.probability for h in attribute(measured, matches=found)} == plain


def test_the_rate_counts_strangers_that_are_as_like_or_liker() -> None:
    null = pairs_of([0.2, 0.9, 0.5])
    assert (null.count, null.rate(0.0), null.rate(0.5), null.rate(0.95)) == (3, 1.0, 3 / 4, 1 / 4)


def test_a_similarity_between_two_hundredths_counts_as_the_lower() -> None:
    """The rate is never finer than what was counted."""
    assert pairs_of([0.505]).rate(0.509) == pairs_of([0.505]).rate(0.50) == 1.0


def test_the_least_similarity_for_a_rate_is_found_or_none_is_enough() -> None:
    null = pairs_of([0.0] * 150 + [0.7] * 2)
    assert (null.least(0.01), null.least(0.02), null.least(0.001)) == (0.71, 0.01, 1.01)


def test_the_null_in_the_package_can_carry_the_rate_at_which_names_are_given() -> None:
    """With fewer pairs of strangers than one in the rate, nobody could ever be named."""
    for pairs in (shipped().keyed, shipped().alliance):
        assert pairs.count > 10 / MATCH_AT_MOST
        assert pairs.least(MATCH_AT_MOST) < 1.0


# Files.


def written(folder: Path, file: str = "profile.json", changes: Mapping[str, object] | None = None) -> Path:
    path = folder / file
    path.write_text(json.dumps(json.loads(as_json(profile())) | dict(changes or {})), encoding="utf-8")
    return path


def test_a_profile_reads_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text(as_json(profile()), encoding="utf-8")
    assert read_profiles([path], HERE) == (profile(),)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema": "stillwatch.profile/9"}, "of the form 'stillwatch.profile/9'"),
        ({"name": ""}, "name is not 1 to 120 letters"),
        ({"name": "x" * 121}, "name is not 1 to 120 letters"),
        ({"key": ""}, "key is not the id of the deployment key"),
        ({"skeleton": ["not hex"]}, "skeleton is not hexadecimal numbers of 37 bits"),
        ({"skeleton": ["ffffffffffff"]}, "skeleton is not hexadecimal numbers of 37 bits"),
        ({"skeleton": ["1"] * 4_097}, "skeleton is not at most 4096 values"),
        ({"skeleton": [], "alliance": []}, "skeleton and alliance is not given"),
        ({"alliance": [1, 2]}, "alliance is not empty or 32 numbers"),
        ({"alliance": [256] * 32}, "alliance is not numbers from 0 to 255"),
        ({"parameters": {"1": 0.9, "2": 0.9}}, "parameters is not shares"),
        ({"clients": {"1": -0.1}}, "clients is not shares"),
        ({"hours": [0.1] * 23}, "hours is not 24 shares"),
        ({"release_hours": -1.0}, "release_hours is not a number of hours"),
        ({"country": "KP"}, "unknown field `country`"),
        ({"skeleton": "5"}, "Expected `array`"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(changes: dict[str, object], problem: str, tmp_path: Path) -> None:
    """File, field and what it should be; a country is not even a field."""
    with pytest.raises(BadProfile, match=r"profile\.json.*" + problem):
        read_profiles([written(tmp_path, changes=changes)], HERE)


def test_a_file_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(BadProfile, match="larger than 1 MiB"):
        read_profiles([path], HERE)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadProfile, match=r"none\.json cannot be read"):
        read_profiles([tmp_path / "none.json"], HERE)


def test_a_profile_under_other_keys_is_refused_when_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(SketchMismatch, match=r"profile\.json: the profile known was made under deployment key 1111"):
        read_profiles([written(tmp_path)], identity("2222", "bbbb"))


def test_two_operators_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadProfile, match="two profiles are named known"):
        read_profiles([written(tmp_path), written(tmp_path, "again.json")], HERE)
